"""Revoke indicators, against the sandbox."""

from __future__ import annotations

import json
import signal
from typing import Any

import pytest

from sandbox import RestFault, Sandbox
from sekoia_cti.actions.import_text import ImportIndicatorsFromText
from sekoia_cti.actions.revoke_indicators import RevokeIndicators
from sekoia_cti.client.revoking import NOT_SEEN
from tests.conftest import Platform, Run
from tests.hostile import Hostile, answer
from tests.platform.test_watchdog import process

MD5, SHA1, SHA256 = "a" * 32, "b" * 40, "c" * 64
UNKNOWN_ID = "indicator--99999999-9999-4999-8999-999999999999"
MANY = [f"d{number}.example" for number in range(250)]


@pytest.fixture(params=["read", "searched"])
def filler(request: pytest.FixtureRequest) -> str:
    """Other indicators: so few that the collection is read as a whole, or so many that each value is searched for."""
    return "" if request.param == "read" else "\n".join(f"filler{number}.test" for number in range(1_000))


def fill(platform: Platform, collection_id: str, *values: str) -> None:
    """Import indicators."""
    assert (
        platform.run(
            ImportIndicatorsFromText,
            collection_id=collection_id,
            text="\n".join(values),
            refang=False,
            send_unrecognized=True,
        ).error
        is None
    )


def revoked(sandbox: Sandbox, collection_id: str) -> set[str]:
    """The names of the indicators that are revoked."""
    return {indicator["name"] for indicator in sandbox.indicators(collection_id) if indicator["revoked"]}


def told(run: Run) -> dict[str, Any]:
    """The lists that are not empty; each has a count."""
    assert run.results is not None
    lists = {name: value for name, value in run.results.items() if isinstance(value, list)}
    assert all(run.results[f"{name}_count"] == len(value) for name, value in lists.items())
    return {name: value for name, value in lists.items() if value}


def test_exactly_these_are_revoked(sandbox: Sandbox, platform: Platform, collection_id: str, filler: str) -> None:
    """Indicators that merely contain a value, or differ in case where case matters, stay."""
    fill(
        platform,
        collection_id,
        filler,
        "evil.example",
        "notevil.example",
        "evil.example.com",
        "https://evil.example/a",
        "https://evil.example/A",
        "https://evil.example/ab",
        "192.0.2.1",
        "192.0.2.11",
    )
    run = platform.run(
        RevokeIndicators,
        collection_id=collection_id,
        text="EVIL[.]example\nhxxps://Evil.example/a\n192.0.2.1\nabsent.example",
    )
    assert run.error is None
    assert told(run) == {
        "revoked": ["evil.example", "https://evil.example/a", "192.0.2.1"],
        "not_found": ["absent.example"],
    }
    assert revoked(sandbox, collection_id) == {"evil.example", "https://evil.example/a", "192.0.2.1"}
    assert f"warning: Indicators in {collection_id}: 3 revoked, 1 not found" in run.logs


def test_a_file_is_known_by_all_its_hashes(
    sandbox: Sandbox, platform: Platform, collection_id: str, filler: str
) -> None:
    """An indicator with only one of the given hashes belongs to another file, or says less."""
    fill(platform, collection_id, filler, MD5, f"{SHA1},{SHA256}")
    run = platform.run(RevokeIndicators, collection_id=collection_id, text=f"{MD5},{SHA1}")
    assert run.error is None
    assert told(run) == {"not_found": [f"{MD5},{SHA1}"]}
    assert revoked(sandbox, collection_id) == set()


@pytest.mark.parametrize(
    ("there", "asked"),
    [
        (f"{MD5},{SHA1},{SHA256}", f"{SHA1} {MD5}"),
        (f"{MD5},{SHA1},{SHA256}", SHA256.upper()),
        ("2001:db8::1", "2001:0DB8:0:0::1"),
        ("aa:bb:cc:dd:ee:ff", "AA-BB-CC-DD-EE-FF"),
        ("mallory@evil.example", "Mallory@EVIL.example"),
        ("http://evil.example/it's\\a", "http://evil.example/it's\\a"),
        ("evil.example", "[domain-name:value = 'evil.example']"),
        ("invoice.zip", "invoice.zip"),
    ],
)
def test_an_indicator_is_found_however_it_is_written(
    sandbox: Sandbox, platform: Platform, collection_id: str, filler: str, there: str, asked: str
) -> None:
    """Case, separators and the order of hashes do not matter; a file is known by any of its hashes."""
    fill(platform, collection_id, filler, there)
    run = platform.run(RevokeIndicators, collection_id=collection_id, indicators=[asked])
    assert run.results and len(run.results["revoked"]) == 1
    assert len(revoked(sandbox, collection_id)) == 1


def test_what_is_listed_as_a_false_positive_is_revoked(
    sandbox: Sandbox, platform: Platform, collection_id: str
) -> None:
    """A heading that keeps indicators out of an import says here which to revoke."""
    fill(platform, collection_id, "a.example.com", "b.example.com")
    run = platform.run(RevokeIndicators, collection_id=collection_id, text="False positives:\na.example.com\n")
    assert run.error is None
    assert revoked(sandbox, collection_id) == {"a.example.com"}


def test_again_finds_it_done(platform: Platform, collection_id: str, filler: str) -> None:
    """A second run changes nothing and is not an error."""
    fill(platform, collection_id, filler, "evil.example")
    platform.run(RevokeIndicators, collection_id=collection_id, text="evil.example")
    run = platform.run(RevokeIndicators, collection_id=collection_id, text="evil.example")
    assert run.error is None
    assert told(run) == {"already_revoked": ["evil.example"]}


def test_an_active_one_beside_a_revoked_one_is_revoked(
    sandbox: Sandbox, platform: Platform, collection_id: str
) -> None:
    """If two indicators have the same value, the one that is still active counts."""
    page = {
        "items": [
            {"id": "indicator--1", "pattern": "[domain-name:value = 'evil.example']", "revoked": True},
            {"id": "indicator--2", "pattern": "[domain-name:value = 'evil.example']", "revoked": False},
            {"id": "indicator--3", "pattern": "[domain-name:value = 'evil.example' AND url:value = 'x']"},
            {"id": "indicator--4", "pattern": "[domain-name:value != 'evil.example']"},
        ],
        "total": 4,
        "has_more": False,
    }
    sandbox.faults.rest = [
        RestFault(method="GET", status=200, body=page),
        RestFault(method="DELETE", status=200, body={"id": "indicator--2", "pattern": "[]", "revoked": True}),
    ]
    run = platform.run(RevokeIndicators, collection_id=collection_id, text="evil.example")
    assert told(run) == {"revoked": ["evil.example"]}
    assert [request.path.rpartition("/")[2] for request in sandbox.requests] == ["indicators", "indicator--2"]


def test_ids_are_revoked(sandbox: Sandbox, platform: Platform, collection_id: str, filler: str) -> None:
    """Ids of the collection are revoked, each once, and an unknown one is not found."""
    fill(platform, collection_id, filler, "evil.example", "good.example")
    ids = {indicator["name"]: indicator["id"] for indicator in sandbox.indicators(collection_id)}
    asked = [ids["evil.example"], UNKNOWN_ID, ids["evil.example"]]
    run = platform.run(RevokeIndicators, collection_id=collection_id, indicator_ids=json.dumps(asked))
    assert told(run) == {"revoked": [ids["evil.example"]], "not_found": [UNKNOWN_ID]}
    assert revoked(sandbox, collection_id) == {"evil.example"}


def test_an_id_that_was_revoked_before(sandbox: Sandbox, platform: Platform, collection_id: str, filler: str) -> None:
    """In a small collection, its state is visible; in a large one, its last change shows it."""
    fill(platform, collection_id, "evil.example", filler)
    indicator, *_ = sandbox.indicators(collection_id)
    platform.run(RevokeIndicators, collection_id=collection_id, indicator_ids=indicator["id"])
    body = {**indicator, "revoked": True, "modified": "2026-01-01T00:00:00Z"}
    sandbox.faults.rest = [RestFault(method="DELETE", status=200, body=body)]
    run = platform.run(RevokeIndicators, collection_id=collection_id, indicator_ids=indicator["id"])
    assert run.error is None
    assert told(run) == {"already_revoked": [indicator["id"]]}


@pytest.mark.parametrize(("lag", "outcome"), [(1, "revoked"), (3, "already_revoked")])
def test_clocks_of_sekoia_can_differ(platform: Platform, collection_id: str, lag: int, outcome: str) -> None:
    """A change a moment earlier, by the clock of the answers, counts as a change now."""
    modified = f"2026-01-01T12:00:{10 - lag:02}Z"
    indicator = {"id": UNKNOWN_ID, "pattern": "", "revoked": True, "modified": modified}
    large = answer(
        200,
        {"items": [indicator] * 100, "total": 1_000},
        Date="Thu, 01 Jan 2026 12:00:10 GMT",
    )
    with Hostile(large, answer(200, indicator)) as sekoia:
        platform.module_configuration["base_url"] = sekoia.url
        run = platform.run(RevokeIndicators, collection_id=collection_id, indicator_ids=UNKNOWN_ID)
    assert told(run) == {outcome: [UNKNOWN_ID]}


def test_a_value_and_its_id_are_revoked_once(sandbox: Sandbox, platform: Platform, collection_id: str) -> None:
    """Both are reported as revoked, with one request to Sekoia."""
    fill(platform, collection_id, "evil.example")
    (indicator,) = sandbox.indicators(collection_id)
    run = platform.run(
        RevokeIndicators, collection_id=collection_id, text="evil.example", indicator_ids=indicator["id"]
    )
    assert told(run) == {"revoked": ["evil.example", indicator["id"]]}
    assert sum(request.method == "DELETE" for request in sandbox.requests) == 1


def test_an_id_of_another_collection_is_not_found(sandbox: Sandbox, platform: Platform, collection_id: str) -> None:
    """An id counts only in the given collection."""
    other = str(sandbox.create_collection(name="Other")["id"])
    fill(platform, other, "evil.example")
    (indicator,) = sandbox.indicators(other)
    run = platform.run(RevokeIndicators, collection_id=collection_id, indicator_ids=[indicator["id"]])
    assert told(run) == {"not_found": [indicator["id"]]}
    assert revoked(sandbox, other) == set()


def test_a_dry_run_revokes_nothing(sandbox: Sandbox, platform: Platform, collection_id: str, filler: str) -> None:
    """It reports which values and ids would be revoked, and requests no change."""
    fill(platform, collection_id, filler, "evil.example", "good.example")
    platform.run(RevokeIndicators, collection_id=collection_id, text="good.example")
    ids = {indicator["name"]: indicator["id"] for indicator in sandbox.indicators(collection_id)}
    before = sum(request.method == "DELETE" for request in sandbox.requests)
    run = platform.run(
        RevokeIndicators,
        collection_id=collection_id,
        text="evil.example\ngood.example\nabsent.example",
        indicator_ids=[ids["evil.example"], UNKNOWN_ID],
        dry_run="true",
    )
    assert run.error is None
    assert told(run) == {
        "would_revoke": ["evil.example", ids["evil.example"]],
        "already_revoked": ["good.example"],
        "not_found": ["absent.example", UNKNOWN_ID],
    }
    assert revoked(sandbox, collection_id) == {"good.example"}
    assert sum(request.method == "DELETE" for request in sandbox.requests) == before


def test_one_failure_does_not_lose_the_others(sandbox: Sandbox, platform: Platform, collection_id: str) -> None:
    """Values that are refused, or keep failing, are reported with the reason, and the rest is revoked."""
    fill(platform, collection_id, "a.example", "b.example", "c.example")
    ids = {indicator["name"]: indicator["id"] for indicator in sandbox.indicators(collection_id)}
    sandbox.faults.rest = [
        RestFault(method="DELETE", path=ids["a.example"], status=400, body={"message": "locked"}),
        RestFault(method="DELETE", path=ids["b.example"], status=500, times=None),
    ]
    run = platform.run(RevokeIndicators, collection_id=collection_id, text="a.example\nb.example\nc.example")
    assert run.results
    assert run.results["revoked"] == ["c.example"]
    assert [failed["value"] for failed in run.results["failed"]] == ["a.example", "b.example"]
    assert "(HTTP 400) while revoking the indicator, saying “locked”" in run.results["failed"][0]["reason"]
    assert "(HTTP 500) while revoking the indicator" in run.results["failed"][1]["reason"]
    assert run.error is not None
    assert run.error.startswith("Not everything could be revoked: 1 revoked, 2 failed. Sekoia refused the request")
    assert revoked(sandbox, collection_id) == {"c.example"}


@pytest.mark.parametrize("cut", ["before", "after"])
def test_a_lost_answer(sandbox: Sandbox, platform: Platform, collection_id: str, cut: str) -> None:
    """A revocation whose answer was lost is repeated."""
    fill(platform, collection_id, "evil.example")
    sandbox.faults.rest = [RestFault.model_validate({"method": "DELETE", "cut": cut})]
    run = platform.run(RevokeIndicators, collection_id=collection_id, text="evil.example")
    assert told(run) == {"revoked": ["evil.example"]}


SHOWN: list[tuple[list[dict[str, Any]], bool]] = [
    ([{"status": 503}, {"status": 404}], False),
    ([{"cut": "after"}, {"status": 404}], True),
    ([{"status": 200, "body": "<html>Welcome</html>"}], False),
    ([{"status": 204, "body": ""}], False),
    ([{"status": 200, "body": {"id": "indicator--1", "pattern": "[]", "revoked": False}}], False),
    ([{"status": 200, "body": {"id": UNKNOWN_ID, "pattern": "[]", "revoked": True}}], False),
]
"""Answers to a revocation that do not show it, and whether it happened."""


@pytest.mark.parametrize("by", ["value", "id"])
@pytest.mark.parametrize(("faults", "happened"), SHOWN)
@pytest.mark.fault(
    "Sekoia's answer does not confirm that an indicator is revoked (503 and then 404, HTML, `revoked` is false)",
    "The collection is checked: a revocation counts only if the indicator is seen as revoked",
)
def test_only_what_is_seen_revoked_counts(
    sandbox: Sandbox, platform: Platform, collection_id: str, by: str, faults: list[dict[str, Any]], happened: bool
) -> None:
    """A revoked indicator is still in the collection, so its state there is the proof."""
    fill(platform, collection_id, "evil.example", "good.example")
    asked = "evil.example" if by == "value" else sandbox.indicators(collection_id)[0]["id"]
    sandbox.faults.rest = [RestFault.model_validate({"method": "DELETE", **fault}) for fault in faults]
    run = platform.run(
        RevokeIndicators, collection_id=collection_id, **{"text" if by == "value" else "indicator_ids": asked}
    )
    if happened:
        assert (run.error, told(run)) == (None, {"revoked": [asked]})
    else:
        assert told(run) == {"failed": [{"value": asked, "reason": NOT_SEEN}]}
        assert run.error == f"Not everything could be revoked: 1 failed. {NOT_SEEN}"


def test_what_is_gone_is_not_found(sandbox: Sandbox, platform: Platform, collection_id: str) -> None:
    """An indicator that is no longer in the collection was not revoked."""
    page = {"items": [{"id": UNKNOWN_ID, "pattern": "[domain-name:value = 'evil.example']"}], "total": 1}
    sandbox.faults.rest = [
        RestFault(method="GET", status=200, body=page),
        RestFault(method="DELETE", status=503),
    ]
    run = platform.run(RevokeIndicators, collection_id=collection_id, text="evil.example")
    assert told(run) == {"not_found": ["evil.example"]}


def test_what_lags_is_looked_at_again(sandbox: Sandbox, platform: Platform, collection_id: str) -> None:
    """A listing that shows the old state for a moment is not a failure."""
    fill(platform, collection_id, "evil.example")
    stale = {"items": sandbox.indicators(collection_id), "total": 1}
    sandbox.faults.rest = [
        RestFault(method="DELETE", cut="after"),
        RestFault(method="DELETE", status=404),
        RestFault(method="GET", delay=0.0),
        RestFault(method="GET", status=200, body=stale),
    ]
    run = platform.run(RevokeIndicators, collection_id=collection_id, text="evil.example")
    assert (run.error, told(run)) == (None, {"revoked": ["evil.example"]})


@pytest.mark.parametrize("happened", [True, False])
@pytest.mark.fault(
    "The answer to a revocation was lost, and the bulk reader still shows the indicator as active",
    "The indicator is searched for before it is reported; revoked",
)
def test_a_bulk_reader_that_lags(sandbox: Sandbox, platform: Platform, collection_id: str, happened: bool) -> None:
    """The whole collection is read for an id, and its state there may be outdated."""
    fill(platform, collection_id, *(f"d{number}.example" for number in range(401)))
    before = sandbox.indicators(collection_id)
    asked = before[200]["id"]
    sandbox.faults.rest = [
        RestFault(method="DELETE", cut="after") if happened else RestFault(method="DELETE", status=503),
        RestFault(method="DELETE", status=404),
        RestFault(path="/objects$", status=200, body={"items": before}, times=None),
    ]
    run = platform.run(RevokeIndicators, collection_id=collection_id, indicator_ids=asked)
    assert any(request.path.endswith("/objects") for request in sandbox.requests)
    assert told(run) == ({"revoked": [asked]} if happened else {"failed": [{"value": asked, "reason": NOT_SEEN}]})


@pytest.mark.parametrize("known", ["first", "in the middle"])
@pytest.mark.fault(
    "A listing has an empty page at the beginning or in the middle, with more to come",
    "The page is read again; if that does not help, an error with what was found, but never *not found*",
)
def test_a_listing_with_a_hole_finds_nothing_missing(
    sandbox: Sandbox, platform: Platform, collection_id: str, known: str
) -> None:
    """Indicators that are not listed may exist."""
    fill(platform, collection_id, *MANY)
    hole = {"items": [], "total": 250, "has_more": True}
    sandbox.faults.rest = [
        *([RestFault(method="GET", delay=0.0)] if known == "in the middle" else []),
        RestFault(method="GET", status=200, body=hole, times=None),
    ]
    listed = 100 if known == "in the middle" else 0
    run = platform.run(RevokeIndicators, collection_id=collection_id, indicators=[*MANY[:10], "absent.example"])
    assert run.results is None
    assert run.error and f"Sekoia listed only {listed} of 250 while" in run.error
    sandbox.faults.rest[-1].times = 2
    run = platform.run(RevokeIndicators, collection_id=collection_id, indicators=[*MANY[:10], "absent.example"])
    assert (run.error, told(run)) == (None, {"revoked": MANY[:10], "not_found": ["absent.example"]})


def test_what_ends_it_early_tells_how_far_it_got(sandbox: Sandbox, platform: Platform, collection_id: str) -> None:
    """A permission that is lost would make every other value fail too, so these remain."""
    fill(platform, collection_id, "a.example", "b.example", "c.example")
    sandbox.faults.rest = [
        RestFault(method="DELETE", delay=0.0),
        RestFault(method="DELETE", status=403, times=None),
    ]
    run = platform.run(RevokeIndicators, collection_id=collection_id, text="a.example\nb.example\nc.example")
    assert told(run) == {"revoked": ["a.example"], "remaining": ["b.example", "c.example"]}
    assert run.error is not None
    assert run.error.startswith(
        "The action ended early, and running it again is harmless: 1 revoked, 2 not processed. Sekoia denied permission"
    )


def test_a_missing_permission(sandbox: Sandbox, platform: Platform, collection_id: str) -> None:
    """A key with read-only permissions is an error without results."""
    fill(platform, collection_id, "evil.example")
    platform.secrets = {"api_key": sandbox.read_only_key}
    run = platform.run(RevokeIndicators, collection_id=collection_id, text="evil.example")
    assert run.error is not None
    assert run.error.startswith("Sekoia denied permission (HTTP 403) while revoking the indicator")
    assert run.results is None


def test_many_values_take_few_requests(sandbox: Sandbox, platform: Platform, collection_id: str) -> None:
    """A collection with fewer pages than there are values is read once."""
    fill(platform, collection_id, *MANY)
    before = len(sandbox.requests)
    run = platform.run(RevokeIndicators, collection_id=collection_id, indicators=MANY[:20])
    assert told(run) == {"revoked": MANY[:20]}
    assert sum(request.method == "GET" for request in sandbox.requests[before:]) == 3


def test_few_values_take_few_requests(sandbox: Sandbox, platform: Platform, collection_id: str) -> None:
    """A few values of a large collection are searched for, with one request each, after two that decide how."""
    fill(platform, collection_id, *MANY, *(f"filler{number}.test" for number in range(1_000)))
    before = len(sandbox.requests)
    platform.run(RevokeIndicators, collection_id=collection_id, indicators=["d1.example", "absent.example"])
    assert sum(request.method == "GET" for request in sandbox.requests[before:]) == 4


def test_quotes_need_not_be_searched(sandbox: Sandbox, platform: Platform, collection_id: str) -> None:
    """If a quoted term finds nothing, the value is looked for without quotes."""
    fill(
        platform, collection_id, "evil.example", "notevil.example", *(f"filler{number}.test" for number in range(200))
    )
    nothing = {"items": [], "total": 0, "has_more": False}
    sandbox.faults.rest = [
        RestFault(method="GET", delay=0.0),
        RestFault(method="GET", status=200, body=nothing),
    ]
    run = platform.run(RevokeIndicators, collection_id=collection_id, indicators=["evil.example"])
    assert told(run) == {"revoked": ["evil.example"]}
    assert revoked(sandbox, collection_id) == {"evil.example"}


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            {},
            "The action's arguments are not valid: at least one of text, text_path, indicators, indicators_path, "
            "indicator_ids is required, but all of them are empty: check the step that fills them.",
        ),
        (
            {"text": "# nothing", "indicators": "[]"},
            "There is nothing to revoke: text, indicators contains no indicator.",
        ),
        (
            {"indicator_ids": "../x"},
            "The action's arguments are not valid: indicator_ids: “../x” is not an indicator id: it must be "
            "indicator--<uuid>.",
        ),
        (
            {"indicators": [{"name": "evil.example"}]},
            "There is nothing to revoke: indicators contains no indicator; 1 entry contains no indicator, such as entry 1, "
            "“{name}”: an object that contains no indicator, with the keys name.",
        ),
        (
            {"indicators": "[{'value': 'a.exam"},
            "The action's arguments are not valid: indicators: it begins like a list but does not end like one.",
        ),
    ],
)
def test_what_means_nothing_is_refused(
    sandbox: Sandbox, platform: Platform, collection_id: str, arguments: dict[str, Any], sentence: str
) -> None:
    """The error names the argument, and nothing is requested."""
    assert platform.run(RevokeIndicators, collection_id=collection_id, **arguments).error == sentence
    assert sandbox.requests == []


def test_objects_with_a_value_are_taken(platform: Platform, collection_id: str) -> None:
    """What Search indicators finds can be passed on unchanged, even as text rendered by Jinja."""
    fill(platform, collection_id, "a.example", "b.example")
    found = [{"value": "a.example", "revoked": False, "description": None}, "b.example"]
    run = platform.run(RevokeIndicators, collection_id=collection_id, indicators=str(found))
    assert told(run) == {"revoked": ["a.example", "b.example"]}


def test_sigterm(sandbox: Sandbox, platform: Platform, collection_id: str) -> None:
    """In a separate process, the action reports what it revoked before the platform stopped it."""
    fill(platform, collection_id, *MANY[:100])
    sandbox.faults.rest = [
        RestFault(method="DELETE", delay=0.0, times=1),
        RestFault(method="DELETE", delay=30.0, times=None),
    ]
    soon = "from sekoia_cti.platform import watchdog; watchdog.AFTER_STOP = 0.2\n"
    arguments = {"collection_id": collection_id, "indicators": MANY[:3]}
    with process(sandbox, "RevokeIndicators", arguments, before=soon) as (running, node_run):
        # Who asks for the second has the answer to the first.
        sandbox.wait_for(lambda: sum(request.method == "DELETE" for request in sandbox.requests) == 2, timeout=20)
        running.send_signal(signal.SIGTERM)
        assert node_run.finished.wait(10)
        assert running.wait(10) == 0
    end = node_run.received[-1]
    assert (end["results"]["revoked"], end["results"]["remaining"]) == (MANY[:1], MANY[1:3])
    assert end["error"] == (
        "The action ended early, and running it again is harmless: 1 revoked, 2 not processed. The run was stopped before it "
        "was finished: run it again."
    )
