"""Import indicators from text, against the sandbox."""

from __future__ import annotations

import gzip
import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from sandbox import RestFault, Sandbox
from sekoia_cti.actions.common.import_action import ImportAction
from sekoia_cti.actions.import_file import ImportIndicatorsFromFile
from sekoia_cti.actions.import_indicators import ImportIndicators
from sekoia_cti.actions.import_text import ImportIndicatorsFromText
from sekoia_cti.actions.synchronize_collection import SynchronizeCollection
from sekoia_cti.platform.action import SekoiaAction
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
        "submitted": 5,
        "imported": 5,
        "total": 5,
        "confirmed_by": "liveapi",
        "created": 5,
        "updated": 0,
        "ignored": 0,
        "missing": [],
        "missing_count": 0,
        "missing_path": None,
        "task_ids_count": 1,
        "context_differs_count": None,
        "would_import": None,
        "already_in": None,
        "already_inactive": None,
        "duplicates": 0,
        "unrecognized": [{"line": 7, "value": "no indicator", "reason": "not a known kind of indicator"}],
        "unrecognized_count": 1,
        "adapted": [],
        "adapted_count": 0,
        "skipped": [],
        "skipped_count": 0,
        "by_type": {"domain": 1, "ipv4": 1, "ipv6": 1, "url": 1, "hashes": 1},
        "excluded": [],
        "excluded_count": 0,
        "known_good": [
            {"line": line, "value": value, "lists": ["not a global address: documentation"]}
            for line, value in ((3, "192.0.2.1"), (4, "2001:db8::1"))
        ],
        "known_good_count": 2,
        "left_out": [],
        "left_out_count": 0,
        **dict.fromkeys(
            ("unrecognized_path", "adapted_path", "skipped_path", "excluded_path", "known_good_path"),
        ),
    }
    assert len(sandbox.indicators(collection_id)) == 5
    assert "Importing 5 indicators into" in run.logs
    assert "Imported 5 of 5 indicators; the import is complete (5 created, 0 updated, 0 ignored)" in run.logs


def test_all_sources_are_joined(sandbox: Sandbox, platform: Platform, collection_id: str) -> None:
    """Text, files and lists become one import, in order."""
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
        "indicators": "a.example\nb.example\nxn--bcher-kva.example\nc.example\nd.example\ne.example"
    }


@pytest.mark.parametrize(
    ("content", "values"),
    [
        (gzip.compress(b"a.example\nb.example\n", mtime=0), ["a.example", "b.example"]),
        (b"\x93evil.example\x94\nbar\x92.example\n", ["evil.example"]),
    ],
)
def test_a_file_is_opened_and_decoded(
    sandbox: Sandbox, platform: Platform, collection_id: str, content: bytes, values: list[str]
) -> None:
    """A packed list, and one with the quotes of Windows-1252, are read."""
    (platform.storage / "list").write_bytes(content)
    run = platform.run(ImportIndicatorsFromText, collection_id=collection_id, text_path="list")
    assert run.error is None
    (submission,) = [request for request in sandbox.requests if request.path.endswith("/text")]
    assert json.loads(submission.body)["indicators"].splitlines() == values


@pytest.mark.parametrize(
    ("content", "warned"),
    [
        ("# été\na.example.com\nbücher.example.com  été\n".encode("cp1252"), True),
        ("# été\na.example.com  été\n".encode("cp1252"), False),
        ("bücher.example.com\n".encode(), False),
    ],
)
def test_an_encoding_that_was_guessed(platform: Platform, collection_id: str, content: bytes, warned: bool) -> None:
    """A warning names the first value that would be another one in another encoding; notes and comments give none."""
    (platform.storage / "list.txt").write_bytes(content)
    run = platform.run(ImportIndicatorsFromText, collection_id=collection_id, text_path="list.txt")
    assert run.results and run.results["status"] == "completed"
    sentence = (
        "warning: list.txt is not in UTF-8, and its encoding looks like Windows-1252: check values with letters outside of "
        "ASCII, such as “xn--bcher-kva.example.com” in line 3, or save the file as UTF-8"
    )
    assert (sentence in run.logs) is warned
    assert ("is not in UTF-8" in run.logs) is warned


def test_columns_of_different_kinds_in_text(platform: Platform, collection_id: str) -> None:
    """All values of such a text are in, and nothing is said to be left out of it."""
    text = "domain,ip\na.example.com,192.0.2.1\nb.example.com,192.0.2.2"
    run = platform.run(ImportIndicatorsFromText, collection_id=collection_id, text=text, strict=True)
    assert run.results
    assert run.results["by_type"] == {"domain": 2, "ipv4": 2}
    assert "is a table" not in run.logs


def test_what_a_heading_says_not_to_block(sandbox: Sandbox, platform: Platform, collection_id: str) -> None:
    """It is not sent, not even with `send_unrecognized`, and listed in `skipped`, with a warning."""
    text = "C2:\na.example.com\nWhitelist:\nb.example.com"
    run = platform.run(ImportIndicatorsFromText, collection_id=collection_id, text=text, send_unrecognized=True)
    assert run.results
    assert run.results["skipped"] == [{"value": "b.example.com", "reason": "it is listed under “Whitelist”"}]
    (submission,) = [request for request in sandbox.requests if request.path.endswith("/text")]
    assert json.loads(submission.body)["indicators"].splitlines() == ["C2:", "a.example.com", "Whitelist:"]
    assert "not for detection, such as “b.example.com”: it is listed under “Whitelist”" in run.logs


def test_a_page_is_no_list(sandbox: Sandbox, platform: Platform, collection_id: str) -> None:
    """A login page in place of a feed is refused as such, before anything is requested."""
    (platform.storage / "feed.txt").write_bytes(b"<!DOCTYPE html><html><title>Log in</title></html>")
    run = platform.run(ImportIndicatorsFromText, collection_id=collection_id, text_path="feed.txt")
    assert run.error is not None
    assert run.error.startswith("The file feed.txt of text_path cannot be used: it is an HTML page")
    assert sandbox.requests == []


def test_the_context_reaches_every_indicator(sandbox: Sandbox, platform: Platform, collection_id: str) -> None:
    """Each indicator has the description, validity, phases and threats, and a warning mentions a phase that limits
    matching."""
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


KILL_CHAINS = {
    "items": [
        {
            "id": "kill-chain--1",
            "name": "our-model",
            "display_name": "Our Model",
            "description": None,
            "phases": [{"name": "p-1", "display_name": "First Step"}],
        }
    ],
    "total": 1,
}


def test_a_phase_that_only_sekoia_knows(sandbox: Sandbox, platform: Platform, collection_id: str) -> None:
    """Sekoia's kill chains are requested once, and only if a phase is not known here."""
    sandbox.faults.rest = [RestFault(path="/kill-chains$", status=200, body=KILL_CHAINS)]
    run = platform.run(
        ImportIndicatorsFromText,
        collection_id=collection_id,
        text="a.example",
        kill_chain_phases="first step, mitre-attack:Initial Access",
    )
    assert run.error is None
    (indicator,) = sandbox.indicators(collection_id)
    assert indicator["kill_chain_phases"] == [
        {"kill_chain_name": "our-model", "phase_name": "p-1"},
        {"kill_chain_name": "mitre-attack", "phase_name": "initial-access"},
    ]
    platform.run(ImportIndicatorsFromText, collection_id=collection_id, text="a.example", kill_chain_phases="DELIVERY")
    assert sum(request.path.endswith("/kill-chains") for request in sandbox.requests) == 1


@pytest.mark.parametrize(
    ("fault", "near", "why"),
    [
        (RestFault(path="/kill-chains$", status=200, body=KILL_CHAINS), "“p-1”", "?"),
        (RestFault(path="/kill-chains$", status=200, body={"items": []}), "“impact”", "?"),
        (
            RestFault(path="/kill-chains$", status=403),
            "“impact”",
            "? It may be one of Sekoia's own, but Sekoia refused to list its kill chains (HTTP 403): give the API key the "
            "permission “View intelligence” to have it looked up.",
        ),
        (
            RestFault(path="/kill-chains$", status=500),
            "“impact”",
            "(HTTP 500) while reading the kill chains, saying “Internal Server Error”: try again later.",
        ),
    ],
)
def test_a_phase_that_nobody_knows(
    sandbox: Sandbox, platform: Platform, collection_id: str, fault: RestFault, near: str, why: str
) -> None:
    """The error names the nearest phases, and why Sekoia's own could not be read; nothing is submitted."""
    sandbox.faults.rest = [fault]
    run = platform.run(
        ImportIndicatorsFromText, collection_id=collection_id, text="a.example", kill_chain_phases="p-act1"
    )
    assert run.error is not None
    assert run.error.startswith("“p-act1” is not a kill chain phase; did you mean “")
    assert near in run.error
    assert run.error.endswith(why)
    assert not any(request.path.endswith("/text") for request in sandbox.requests)


def test_a_kill_chain_is_taken_as_written_where_sekoia_does_not_tell(
    sandbox: Sandbox, platform: Platform, collection_id: str
) -> None:
    """Without the permission to read kill chains, an unknown kill chain is sent anyway."""
    sandbox.faults.rest = [RestFault(path="/kill-chains$", status=403)]
    platform.run(
        ImportIndicatorsFromText, collection_id=collection_id, text="a.example", kill_chain_phases="Our Model:p-1"
    )
    (indicator,) = sandbox.indicators(collection_id)
    assert indicator["kill_chain_phases"] == [{"kill_chain_name": "our-model", "phase_name": "p-1"}]


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
    assert "Sekoia accepted the import, which continues by itself" in run.logs
    sandbox.release_imports()


def test_lines_are_read_as_people_write_them(sandbox: Sandbox, platform: Platform, collection_id: str) -> None:
    """Headings, defanged values and duplicates are understood; what is not an indicator is reported and not sent."""
    text = (
        f"# C2 servers\n- hxxp://evil[.]example/a[.]b\nEVIL.example,\nevil[.]example\n192.0.2.0/24\n{MD5} | {SHA1}\n"
    )
    run = platform.run(ImportIndicatorsFromText, collection_id=collection_id, text=text)
    assert run.error is None
    assert run.results
    assert (run.results["submitted"], run.results["duplicates"], run.results["unrecognized_count"]) == (3, 1, 1)
    assert run.results["unrecognized"][0]["line"] == 5
    assert run.results["unrecognized"][0]["value"] == "192.0.2.0/24"
    assert run.results["by_type"] == {"url": 1, "domain": 1, "hashes": 1}
    (submission,) = [request for request in sandbox.requests if request.path.endswith("/text")]
    assert json.loads(submission.body)["indicators"].splitlines() == [
        "http://evil.example/a.b",
        "evil.example",
        f"{MD5},{SHA1}",
    ]
    assert (
        "warning: 1 value is not a recognized indicator, and is not sent: line 5 “192.0.2.0/24” (a network, "
        "not an address)"
    ) in run.logs


def test_what_is_no_indicator_is_sent_when_asked_for(sandbox: Sandbox, platform: Platform, collection_id: str) -> None:
    """With `send_unrecognized`, it is sent to Sekoia too, and is reported anyway."""
    run = platform.run(
        ImportIndicatorsFromText, collection_id=collection_id, text="a.example\nreport.pdf", send_unrecognized="true"
    )
    assert run.results
    assert (run.results["submitted"], run.results["unrecognized_count"]) == (2, 1)
    (submission,) = [request for request in sandbox.requests if request.path.endswith("/text")]
    assert json.loads(submission.body)["indicators"] == "a.example\nreport.pdf"
    assert "and is still sent to Sekoia, since send_unrecognized is set" in run.logs


def test_nothing_recognized_is_an_error(sandbox: Sandbox, platform: Platform, collection_id: str) -> None:
    """A text without indicators is refused before anything is requested, with three of its lines and the reasons."""
    text = "Dear colleagues,\nreport.pdf\n192.0.2.0/24\nRegards"
    run = platform.run(ImportIndicatorsFromText, collection_id=collection_id, text=text)
    assert run.error == (
        "There is nothing to import: text contains no recognized indicator: none of 4 values is one: line 1 "
        "“Dear colleagues” (not a known kind of indicator), line 2 “report.pdf” (a file name), line 3 “192.0.2.0/24” (a network, "
        "not an address), and 1 more."
    )
    assert sandbox.requests == []


def test_defanged_values_can_be_left_alone(sandbox: Sandbox, platform: Platform, collection_id: str) -> None:
    """Without `refang`, they are sent unchanged."""
    platform.run(
        ImportIndicatorsFromText,
        collection_id=collection_id,
        text="evil[.]example",
        refang="false",
        send_unrecognized="true",
    )
    (submission,) = [request for request in sandbox.requests if request.path.endswith("/text")]
    assert json.loads(submission.body)["indicators"] == "evil[.]example"


def test_a_strict_import_sends_nothing_doubtful(sandbox: Sandbox, platform: Platform, collection_id: str) -> None:
    """With `strict`, the error names the lines, and nothing is requested."""
    text = "evil.example\nreport.pdf\n" + "\n".join(f"192.0.2.{number}/31" for number in range(12))
    run = platform.run(ImportIndicatorsFromText, collection_id=collection_id, text=text, strict="true")
    assert run.error is not None
    assert run.error.startswith(
        "Nothing was imported, since strict is set. 13 values are not recognized indicators: line 2 “report.pdf”"
    )
    assert run.error.endswith(", and 3 more. Correct them, or run the action without strict.")
    assert sandbox.requests == []


MANY = [f"d{number}.example" for number in range(250)]


def test_a_long_list_goes_in_parts(platform: Platform, collection_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Progress and results add up over the tasks."""
    monkeypatch.setattr(ImportIndicatorsFromText, "lines_per_task", 100)
    run = platform.run(ImportIndicatorsFromText, collection_id=collection_id, text="\n".join(MANY))
    assert run.error is None
    assert run.results
    assert len(run.results["task_ids"]) == 3
    assert (run.results["status"], run.results["submitted"]) == ("completed", 250)
    assert (run.results["imported"], run.results["total"], run.results["created"]) == (250,) * 3


def test_a_part_that_is_refused_does_not_lose_the_others(
    sandbox: Sandbox, platform: Platform, collection_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A part that Sekoia refuses is halved, and all of it is imported if no value was the reason."""
    monkeypatch.setattr(ImportIndicatorsFromText, "lines_per_task", 100)
    sandbox.faults.rest = [
        RestFault(path="/text$", delay=0.0),
        RestFault(path="/text$", status=400, body={"message": "no"}),
    ]
    run = platform.run(ImportIndicatorsFromText, collection_id=collection_id, text="\n".join(MANY))
    assert run.error is None
    assert run.results
    assert (run.results["status"], run.results["submitted"]) == ("completed", 250)
    assert (run.results["imported"], len(run.results["task_ids"])) == (250, 4)


def test_the_limit_of_the_community_is_told(sandbox: Sandbox, platform: Platform, collection_id: str) -> None:
    """A warning tells the figures before anything is sent, and so does the error when Sekoia refuses."""
    sandbox.faults.collection_limit = 3
    platform.run(ImportIndicatorsFromText, collection_id=collection_id, text="a.example\nb.example")
    run = platform.run(ImportIndicatorsFromText, collection_id=collection_id, text="c.example\nd.example")
    figures = "the community holds 2 of at most 3 indicators"
    assert f"warning: The import may exceed the limit: {figures}, and up to 2 are to be added" in run.logs
    assert run.error is not None
    assert "Sekoia refused the indicators (HTTP 400) while submitting the indicators, saying “" in run.error
    assert f"{figures}, and 2 were to be added" in run.error


def test_the_limit_need_not_be_known(sandbox: Sandbox, platform: Platform, collection_id: str) -> None:
    """If Sekoia does not provide the count, the import continues."""
    sandbox.faults.rest = [RestFault(path="/count-total-iocs$", status=403)]
    assert platform.run(ImportIndicatorsFromText, collection_id=collection_id, text="a.example").error is None


def test_progress_is_told(platform: Platform, collection_id: str, capsys: object) -> None:
    """While it runs, lines report the progress, at most one per 10 %."""
    text = "\n".join(f"d{number}.example" for number in range(10_000))
    run = platform.run(ImportIndicatorsFromText, collection_id=collection_id, text=text)
    assert run.results and run.results["imported"] == 10_000
    told = [line for line in run.logs.splitlines() if " of 10,000 indicators" in line]
    assert 2 <= len(told) <= 11


def test_sekoia_counts_less_than_was_sent(sandbox: Sandbox, platform: Platform, collection_id: str) -> None:
    """An end that counts less than was sent leaves a doubt, and the collection decides."""
    sandbox.faults.rest = [RestFault(path="/text$", status=202, body={"task_id": "t"})]
    event = {"type": "ioc-collection", "attributes": {"task_id": "t", "imported": 2, "total": 2}}

    def tell() -> None:
        sandbox.wait_for(lambda: any(request.path.endswith("/text") for request in sandbox.requests))
        sandbox.push(event)

    with ThreadPoolExecutor(1) as pool:
        told = pool.submit(tell)
        run = platform.run(
            ImportIndicatorsFromText, collection_id=collection_id, text="a.example\nb.example\nc.example"
        )
        told.result()
    assert run.error == (
        "The import ended, but none of the indicators are in the collection: “a.example” (it is not in the "
        "collection), "
        "“b.example” (it is not in the collection), “c.example” (it is not in the collection)."
    )
    assert run.results
    assert [run.results[name] for name in ("status", "submitted", "total", "missing_count")] == ["rejected", 3, 2, 3]


def test_rows_of_a_table_are_read_as_in_a_file(sandbox: Sandbox, platform: Platform, collection_id: str) -> None:
    """The column of indicators is used, with a warning, and each row is accounted for."""
    text = "id,url,date\n1,http://a.example/x,2026-11-01\n2,hxxp://b[.]example/y,2026-11-02\n"
    run = platform.run(ImportIndicatorsFromText, collection_id=collection_id, text=text)
    assert run.results
    assert values(sandbox, collection_id) == {"http://a.example/x", "http://b.example/y"}
    assert [(one["line"], one["sent"]) for one in run.results["adapted"]] == [
        (2, "http://a.example/x"),
        (3, "http://b.example/y"),
    ]
    assert (
        "warning: The text is a table with 3 columns, of which only the indicators in column 2 (“url”) are imported, "
        "from 2" in run.logs
    )


@pytest.mark.parametrize("action", [ImportIndicatorsFromText, ImportIndicators])
@pytest.mark.fault(
    "A value contains half a character (a lone surrogate)", "It is reported as missing; the others are in"
)
def test_what_lost_half_a_character_is_missing(
    sandbox: Sandbox, platform: Platform, collection_id: str, action: type[ImportAction]
) -> None:
    """The others are imported, and the import is partial, since an indicator is not in the collection."""
    run = platform.run(action, collection_id=collection_id, indicators=["a.example", "evil\ud83d.example"])
    assert run.results
    assert values(sandbox, collection_id) == {"a.example"}
    assert (run.results["status"], run.results["missing_count"], run.results["unrecognized_count"]) == (
        "partial",
        1,
        0,
    )
    assert run.results["missing"][0]["value"] == "evil\\ud83d.example"


CUT = "a.example\nevil\ud83d.example\nhttp://b.example/\udc00x\nhttp://b.example/y\n"
FILES = {
    "UTF-8": CUT.encode("utf-8", "surrogatepass"),
    "UTF-16": CUT.encode("utf-16", "surrogatepass"),
    "JSON": json.dumps(CUT.split()).encode(),
    "replaced": CUT.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode(),
}


@pytest.mark.fault(
    "A file contains half a character, in UTF-8, UTF-16 or JSON, or the replacement that a program put in its place",
    "That value is reported as missing; the others are in, and none is sent with a wrong character in it",
)
@pytest.mark.parametrize(
    ("action", "argument", "form"),
    [
        *((ImportIndicatorsFromText, "text_path", form) for form in ("UTF-8", "UTF-16", "replaced")),
        *((ImportIndicatorsFromFile, "file_path", form) for form in ("UTF-8", "UTF-16", "replaced")),
        (ImportIndicatorsFromText, "indicators_path", "JSON"),
        (ImportIndicators, "indicators_path", "JSON"),
        *((SynchronizeCollection, f"{what}_path", "UTF-8") for what in ("text", "file")),
        (SynchronizeCollection, "indicators_path", "JSON"),
    ],
)
@pytest.mark.parametrize("send_unrecognized", [False, True])
def test_what_lost_half_a_character_in_a_file(
    sandbox: Sandbox,
    platform: Platform,
    collection_id: str,
    action: type[SekoiaAction],
    argument: str,
    form: str,
    send_unrecognized: bool,
) -> None:
    """It is counted as missing in any kind of file; a dry run reports the same."""
    (platform.storage / "feed").write_bytes(FILES[form])
    given = {"collection_id": collection_id, argument: "feed", "send_unrecognized": send_unrecognized}
    for dry_run in (True, False):
        run = platform.run(action, **given, dry_run=dry_run)
        assert run.results, run.error
        assert (run.results["missing_count"], run.results["unrecognized_count"]) == (2, 0)
        assert [each["value"][:4] for each in run.results["missing"]] == ["evil", "http"]
    assert run.results and run.results["status"] == "partial"
    assert values(sandbox, collection_id) == {"a.example", "http://b.example/y"}


def test_what_no_request_can_carry_is_missing(sandbox: Sandbox, platform: Platform, collection_id: str) -> None:
    """What was no indicator either, and is to be sent all the same."""
    run = platform.run(
        ImportIndicatorsFromText,
        collection_id=collection_id,
        indicators=["a.example", "no \ud83d indicator"],
        send_unrecognized=True,
    )
    assert run.results and run.error is None
    assert values(sandbox, collection_id) == {"a.example"}
    assert run.results["status"] == "partial"
    assert run.results["missing"] == [
        {"value": "no \\ud83d indicator", "reason": "it contains an incomplete character"}
    ]


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (
            {"strict": True, "text": "a.example\nevil\ud83d.example"},
            "1 value is damaged: line 2 “evil\\ud83d.example”",
        ),
        ({"text": "evil\ud83d.example"}, "There is nothing to import: every value in text is damaged: line 1"),
    ],
)
def test_what_is_damaged_is_refused(
    platform: Platform, collection_id: str, arguments: dict[str, object], error: str
) -> None:
    """If everything must be valid, or nothing else is given, a damaged value is an error."""
    run = platform.run(ImportIndicatorsFromText, collection_id=collection_id, **arguments)
    assert run.error is not None
    assert error in run.error
