"""Import indicators from text, against the sandbox."""

from __future__ import annotations

import json

from sandbox import Sandbox
from sekoia_cti.actions.import_text import ImportIndicatorsFromText
from tests.conftest import Platform

MD5, SHA1, SHA256 = "0" * 32, "1" * 40, "2" * 64


def values(sandbox: Sandbox, collection_id: str) -> set[str]:
    """The names of the indicators of a collection."""
    return {indicator["name"] for indicator in sandbox.indicators(collection_id)}


def test_text_is_imported(sandbox: Sandbox, platform: Platform, collection_id: str) -> None:
    """Every line becomes an indicator, and the results say how the import ended."""
    text = f"\n evil.example \r\n192.0.2.1\n2001:db8::1\nhttps://evil.example/a?b=c\n{MD5}, {SHA1},{SHA256}\nno indicator\n"
    run = platform.run(ImportIndicatorsFromText, collection_id=collection_id, text=text)
    assert run.error is None
    assert run.results is not None
    task_ids = run.results.pop("task_ids")
    assert len(task_ids) == 1
    assert run.results == {
        "status": "completed",
        "collection_id": collection_id,
        "submitted": 6,
        "imported": 6,
        "total": 6,
        "confirmed_by": "liveapi",
        "created": 5,
        "updated": 0,
        "ignored": 1,
    }
    assert len(sandbox.indicators(collection_id)) == 5
    assert "Importing 6 indicators into" in run.logs
    assert "Imported 6 of 6 indicators, the import is complete (5 created, 0 updated, 1 ignored)" in run.logs


def test_all_sources_are_joined(sandbox: Sandbox, platform: Platform, collection_id: str) -> None:
    """Text, files and lists go into one import, in their order."""
    (platform.storage / "more").mkdir()
    (platform.storage / "more" / "text.txt").write_bytes("b.example\r\n\r\nbücher.example".encode("utf-16"))
    (platform.storage / "list.json").write_text(json.dumps(["d.example", ["e.example", None]]))
    run = platform.run(
        ImportIndicatorsFromText,
        collection_id=collection_id,
        text="a.example",
        text_path="more/text.txt",
        indicators="['c.example']",
        indicators_path="list.json",
    )
    assert run.results and run.results["submitted"] == 6
    (submission,) = [request for request in sandbox.requests if request.path.endswith("/text")]
    assert json.loads(submission.body) == {
        "indicators": "a.example\nb.example\nbücher.example\nc.example\nd.example\ne.example"
    }


def test_the_context_reaches_every_indicator(sandbox: Sandbox, platform: Platform, collection_id: str) -> None:
    """Description, validity, phases and threats are on each indicator, and a phase that narrows matching is warned of."""
    threat = "intrusion-set--22222222-2222-4222-8222-222222222222"
    run = platform.run(
        ImportIndicatorsFromText,
        collection_id=collection_id,
        text="evil.example\n192.0.2.1",
        format="one_per_line",
        description="seen in a campaign",
        valid_from="2026-01-01",
        valid_until="2030-01-31T12:00:00+09:00",
        kill_chain_phases="command-and-control",
        related_threat_refs=[threat],
    )
    assert run.error is None
    indicators = sandbox.indicators(collection_id)
    assert len(indicators) == 2
    for indicator in indicators:
        assert indicator["description"] == "seen in a campaign"
        assert indicator["valid_from"].startswith("2026-01-01T00:00:00")
        assert indicator["valid_until"].startswith("2030-01-31T03:00:00")
        assert indicator["x_ic_related_threat_refs"] == [threat]
        assert indicator["kill_chain_phases"] == [
            {"kill_chain_name": "lockheed-martin-cyber-kill-chain", "phase_name": "command-and-control"}
        ]
    assert (
        "warning: The kill chain phase command-and-control limits the matching of IP addresses to destination.ip"
        in run.logs
    )


def test_an_import_again_updates(platform: Platform, collection_id: str) -> None:
    """The same list a second time is harmless: it updates."""
    platform.run(ImportIndicatorsFromText, collection_id=collection_id, text="a.example\nb.example")
    run = platform.run(ImportIndicatorsFromText, collection_id=collection_id, text="a.example\nb.example\nc.example")
    assert run.results
    assert (run.results["created"], run.results["updated"]) == (1, 2)


def test_an_import_need_not_be_waited_for(sandbox: Sandbox, platform: Platform, collection_id: str) -> None:
    """Without `wait` the action ends once Sekoia accepted the import, and LiveAPI is not even connected."""
    sandbox.hold_imports()
    sandbox.faults.live_status = 502
    run = platform.run(ImportIndicatorsFromText, collection_id=collection_id, text="a.example", wait="false")
    assert run.error is None
    assert run.results
    assert (run.results["status"], run.results["submitted"], run.results["imported"]) == ("submitted", 1, None)
    assert run.results["confirmed_by"] is None
    assert "Sekoia accepted the import, which goes on by itself" in run.logs
    sandbox.release_imports()


def test_progress_is_told(platform: Platform, collection_id: str, capsys: object) -> None:
    """While it runs, lines tell the progress, at most one each 10 %."""
    text = "\n".join(f"d{number}.example" for number in range(10_000))
    run = platform.run(ImportIndicatorsFromText, collection_id=collection_id, text=text)
    assert run.results and run.results["imported"] == 10_000
    told = [line for line in run.logs.splitlines() if " of 10,000 indicators" in line]
    assert 2 <= len(told) <= 11
