"""Search indicators, against the sandbox."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from sandbox import RestFault, Sandbox
from sekoia_cti.actions.import_text import ImportIndicatorsFromText
from sekoia_cti.actions.revoke_indicators import RevokeIndicators
from sekoia_cti.actions.search_indicators import SearchIndicators
from tests.conftest import Command, Platform

MD5, SHA256 = "0" * 32, "2" * 64
THREAT = "intrusion-set--22222222-2222-4222-8222-222222222222"


def fill(platform: Platform, collection_id: str, text: str, **context: object) -> None:
    """Import indicators."""
    assert platform.run(ImportIndicatorsFromText, collection_id=collection_id, text=text, **context).error is None


def test_indicators_are_told_as_plain_fields(sandbox: Sandbox, platform: Platform, collection_id: str) -> None:
    """The names are those of the import arguments, and the value is a line that an import accepts."""
    fill(
        platform,
        collection_id,
        f"{MD5},{SHA256}",
        description="ours",
        valid_from="2026-01-01",
        valid_until="2099-01-31T12:00:00+09:00",
        kill_chain_phases="mitre-attack:impact",
        related_threat_refs=THREAT,
    )
    run = platform.run(SearchIndicators, collection_id=collection_id)
    (there,) = sandbox.indicators(collection_id)
    assert run.error is None
    assert run.results == {
        "collection_id": collection_id,
        "count": 1,
        "indicators": [
            {
                "id": there["id"],
                "value": f"{SHA256},{MD5}",
                "type": "file",
                "pattern": f"[file:hashes.'SHA-256' = '{SHA256}' OR file:hashes.MD5 = '{MD5}']",
                "description": "ours",
                "valid_from": "2026-01-01T00:00:00Z",
                "valid_until": "2099-01-31T03:00:00Z",
                "kill_chain_phases": ["mitre-attack:impact"],
                "related_threat_refs": [THREAT],
                "revoked": False,
                "active": True,
            }
        ],
        "indicators_path": None,
        "complete": True,
    }


def test_a_term_narrows_the_search(platform: Platform, collection_id: str) -> None:
    """Indicators that contain the term are found, and the term may be defanged."""
    fill(platform, collection_id, "evil.example\nnotevil.example\nhttps://evil.example/a\ngood.example")
    run = platform.run(SearchIndicators, collection_id=collection_id, term=" evil[.]example ")
    assert run.results
    assert [found["value"] for found in run.results["indicators"]] == [
        "evil.example",
        "notevil.example",
        "https://evil.example/a",
    ]
    assert [found["type"] for found in run.results["indicators"]] == ["domain-name", "domain-name", "url"]


def test_only_active_ones(platform: Platform, collection_id: str) -> None:
    """Revoked and expired indicators are marked as such, and left out if only active ones are requested."""
    fill(platform, collection_id, "a.example\nb.example")
    fill(platform, collection_id, "expired.example", valid_from="2020-01-01", valid_until="2020-01-02")
    fill(platform, collection_id, "later.example", valid_from=(datetime.now(UTC) + timedelta(days=9)).isoformat())
    platform.run(RevokeIndicators, collection_id=collection_id, text="b.example")
    everything = platform.run(SearchIndicators, collection_id=collection_id).results
    active = platform.run(SearchIndicators, collection_id=collection_id, only_active="true").results
    assert everything and active
    assert {found["value"]: (found["revoked"], found["active"]) for found in everything["indicators"]} == {
        "a.example": (False, True),
        "b.example": (True, False),
        "expired.example": (False, False),
        "later.example": (False, True),
    }
    assert [found["value"] for found in active["indicators"]] == ["a.example", "later.example"]


def test_nothing_is_found(platform: Platform, collection_id: str) -> None:
    """Finding nothing is not an error."""
    run = platform.run(SearchIndicators, collection_id=collection_id, term="evil.example")
    assert run.error is None
    assert run.results
    assert (run.results["count"], run.results["indicators"], run.results["complete"]) == (0, [], True)


def test_many_indicators_go_into_a_file(
    platform: Platform, collection_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the results are too long, they are in a file that other actions read, and each run creates its own file."""
    monkeypatch.setattr(SearchIndicators, "most_inline", 200)
    fill(platform, collection_id, "\n".join(f"d{number}.example" for number in range(210)))
    runs = [platform.run(SearchIndicators, collection_id=collection_id).results for _ in range(2)]
    assert runs[0] and runs[1]
    assert (runs[0]["count"], runs[0]["indicators"]) == (210, None)
    assert runs[0]["indicators_path"] != runs[1]["indicators_path"]
    listed = json.loads((platform.storage / runs[0]["indicators_path"]).read_text())
    assert [found["value"] for found in listed] == [f"d{number}.example" for number in range(210)]
    run = platform.run(RevokeIndicators, collection_id=collection_id, indicators_path=runs[0]["indicators_path"])
    assert run.results and len(run.results["revoked"]) == 210


@pytest.mark.parametrize("count", [200, 0])
def test_as_many_as_fit_go_into_the_results(
    platform: Platform, collection_id: str, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    """No file is created if none is needed."""
    monkeypatch.setattr(SearchIndicators, "most_inline", 200)
    fill(platform, collection_id, "\n".join(["x.test", *(f"d{number}.example" for number in range(count))]))
    run = platform.run(SearchIndicators, collection_id=collection_id, term=".example")
    assert run.results and len(run.results["indicators"]) == count
    assert list(platform.storage.iterdir()) == []


def test_what_was_found_before_an_error_is_not_lost(
    sandbox: Sandbox, platform: Platform, collection_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The results say that they are not complete, the error says why, and the file is well-formed."""
    monkeypatch.setattr(SearchIndicators, "most_inline", 100)
    fill(platform, collection_id, "\n".join(f"d{number}.example" for number in range(250)))
    sandbox.faults.rest = [
        RestFault(path="/indicators$", delay=0.0, times=2),
        RestFault(path="/indicators$", status=403),
    ]
    run = platform.run(SearchIndicators, collection_id=collection_id)
    assert run.error is not None
    assert run.error.startswith("The search ended early, after finding 200 indicators. Sekoia denied permission")
    assert run.results
    assert (run.results["count"], run.results["complete"]) == (200, False)
    assert len(json.loads((platform.storage / run.results["indicators_path"]).read_text())) == 200


def test_an_unknown_collection(platform: Platform) -> None:
    """An id that no collection has is an error without results."""
    unknown = "ioc-collection--99999999-9999-4999-8999-999999999999"
    run = platform.run(SearchIndicators, collection_id=unknown)
    assert run.error is not None
    assert run.error.startswith(f"Sekoia has no IOC collection {unknown} (HTTP 404) while reading the indicators")
    assert run.results is None


def test_as_a_command(command: Command, platform: Platform, collection_id: str) -> None:
    """The platform runs it as a command of `main.py`."""
    fill(platform, collection_id, "evil.example")
    told = command("SearchIndicators", collection_id=collection_id)
    assert told["results"]["indicators"][0]["value"] == "evil.example"


def test_a_listing_that_breaks_off_is_not_complete(sandbox: Sandbox, platform: Platform, collection_id: str) -> None:
    """A page that stays empty before the end ends the search early."""
    fill(platform, collection_id, "\n".join(f"d{number}.example" for number in range(150)))
    hole = RestFault(status=200, body={"items": [], "total": 150, "has_more": False}, times=None)
    sandbox.faults.rest = [RestFault(path="/indicators$", delay=0.0), hole]
    run = platform.run(SearchIndicators, collection_id=collection_id)
    assert run.results and (run.results["count"], run.results["complete"]) == (100, False)
    assert run.error and "Sekoia listed only 100 of 150 while" in run.error


DATES = ["0001-01-01T00:00:00+05:00", "9999-12-31T23:59:59-05:00", "10000-01-01T00:00:00Z", "soon", [], {}, True]


@pytest.mark.fault(
    "An indicator has an unreadable date (year 1 or 9999 with an offset, an unknown format)",
    "That field is null; searches, revocations and imports continue",
)
def test_a_date_that_cannot_be_read(sandbox: Sandbox, platform: Platform, collection_id: str) -> None:
    """One bad field of one indicator does not affect the others."""
    good = {"id": "indicator--0", "pattern": "[domain-name:value = 'good.example']", "revoked": True}
    bad = [
        {
            "id": f"indicator--{number}",
            "pattern": f"[domain-name:value = 'd{number}.example']",
            **dict.fromkeys(("created", "modified", "valid_from", "valid_until"), date),
            "kill_chain_phases": "delivery",
        }
        for number, date in enumerate(DATES, 1)
    ]
    page = {"items": [*bad, good], "total": len(bad) + 1, "has_more": False}
    sandbox.faults.rest = [RestFault(method="GET", path="/indicators$", status=200, body=page, times=None)]
    run = platform.run(SearchIndicators, collection_id=collection_id)
    assert run.results and run.results["complete"]
    found = run.results["indicators"]
    assert [indicator["value"] for indicator in found] == [*(f"d{n}.example" for n in range(1, 8)), "good.example"]
    assert {(indicator["valid_from"], indicator["valid_until"]) for indicator in found} == {(None, None)}
    revoked = platform.run(RevokeIndicators, collection_id=collection_id, text="good.example")
    assert revoked.results and revoked.results["already_revoked"] == ["good.example"]
    sandbox.faults.live_status = 503
    imported = platform.run(ImportIndicatorsFromText, collection_id=collection_id, text="d1.example\nd7.example")
    assert imported.results and (imported.results["status"], imported.results["missing_count"]) == ("completed", 0)
