"""Synchronize an IOC collection with a feed, against the sandbox."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any, ClassVar

import pytest

from sandbox import RestFault, Sandbox
from sekoia_cti.actions.import_text import ImportIndicatorsFromText
from sekoia_cti.actions.revoke_indicators import RevokeIndicators
from sekoia_cti.actions.synchronize_collection import (
    SynchronizeCollection,
    SynchronizeCollectionArguments,
    SynchronizeCollectionResults,
)
from sekoia_cti.client.errors import Interrupted
from sekoia_cti.client.importing.importer import Importer
from sekoia_cti.client.synchronizing.removal import Removal
from sekoia_cti.client.synchronizing.synchronizer import Synchronizer
from sekoia_cti.client.waiting import Deadline
from tests.clocks import slow_requests
from tests.conftest import Command, Platform, Run

MD5, SHA1 = "0123456789abcdef0123456789abcdef", "0123456789abcdef0123456789abcdef01234567"


def lines(*numbers: int) -> list[str]:
    """Domains of these numbers."""
    return [f"d{number}.example" for number in numbers]


def synchronize(platform: Platform, collection_id: str, feed: Iterable[str], **arguments: Any) -> Run:
    """A run on a feed of lines, without the check for known good values, since test names are among them."""
    given = {"collection_id": collection_id, "known_good": "import", "timeout": 20, "most_removed": 100}
    return platform.run(SynchronizeCollection, **{**given, "text": "\n".join(feed) or "# empty", **arguments})


def counts(run: Run) -> dict[str, int]:
    """The counts that are not 0."""
    assert run.results is not None, run.error
    names = ("added", "refreshed", "unchanged", "removed", "remaining", "revoked", "would_add", "would_refresh")
    told = {name: run.results[f"{name}_count"] for name in (*names, "would_remove")}
    return {name: count for name, count in told.items() if count}


def fill(sandbox: Sandbox, platform: Platform, collection_id: str, values: Iterable[str], **context: Any) -> None:
    """Import values, and forget the requests."""
    run = platform.run(
        ImportIndicatorsFromText, collection_id=collection_id, text="\n".join(values), known_good="import", **context
    )
    assert run.error is None


def active(sandbox: Sandbox, collection_id: str) -> set[str]:
    """The values that are neither revoked nor expired."""
    now = datetime.now(UTC)
    return {
        indicator["name"]
        for indicator in sandbox.indicators(collection_id)
        if not indicator["revoked"]
        and (indicator["valid_until"] is None or datetime.fromisoformat(indicator["valid_until"]) > now)
    }


def sent(sandbox: Sandbox, since: int) -> list[str]:
    """The requests after a given number of them that change anything, by method and end of the path."""
    calls = [call for call in sandbox.requests[since:] if call.method != "GET"]
    return [
        f"{call.method} {'indicator' if '/indicator--' in call.path else call.path.rpartition('/')[2]}"
        for call in calls
    ]


@pytest.mark.parametrize("shrinks", [True, False])
@pytest.mark.parametrize("reader", ["served", "absent"])
def test_a_collection_follows_its_feed(
    sandbox: Sandbox, platform: Platform, collection_id: str, shrinks: bool, reader: Any
) -> None:
    """New indicators are added, those that left expire, whether or not an import can shorten validity, and a second
    run sends nothing."""
    sandbox.faults.validity_shrinks, sandbox.faults.bulk_reader = shrinks, reader
    fill(sandbox, platform, collection_id, lines(*range(10)))
    before = len(sandbox.requests)
    run = synchronize(platform, collection_id, lines(*range(3, 15)))
    assert (run.error, run.results and run.results["status"]) == (None, "completed")
    assert counts(run) == {"added": 5, "unchanged": 7, "removed": 3}
    assert sent(sandbox, before) == ["POST text", "POST text", *([] if shrinks else ["PUT indicator"] * 3)]
    assert active(sandbox, collection_id) == set(lines(*range(3, 15)))
    before = len(sandbox.requests)
    assert counts(synchronize(platform, collection_id, lines(*range(3, 15)))) == {"unchanged": 12}
    assert sent(sandbox, before) == []


@pytest.mark.parametrize("revive", [True, False])
def test_what_was_revoked_is_reported_and_not_sent(
    sandbox: Sandbox, platform: Platform, collection_id: str, revive: bool
) -> None:
    """A revocation is somebody's decision, and is respected even if it could be undone."""
    sandbox.faults.revoked_revive = revive
    fill(sandbox, platform, collection_id, lines(1, 2))
    platform.run(RevokeIndicators, collection_id=collection_id, text="d1.example")
    before = len(sandbox.requests)
    run = synchronize(platform, collection_id, lines(1, 2))
    assert counts(run) == {"unchanged": 1, "revoked": 1}
    assert run.results and (run.results["revoked"], run.results["status"]) == (["d1.example"], "completed")
    assert "1 indicator of the feed is revoked in the collection, so it is not sent: d1.example" in run.logs
    assert (sent(sandbox, before), active(sandbox, collection_id)) == ([], {"d2.example"})


@pytest.mark.parametrize("faults", [{}, {"expired_renew": False}, {"validity_shrinks": False}], ids=str)
def test_what_expired_comes_back(
    sandbox: Sandbox, platform: Platform, collection_id: str, faults: dict[str, Any]
) -> None:
    """An indicator that left and returns becomes valid again, whatever an import without an end would do."""
    for name, value in faults.items():
        setattr(sandbox.faults, name, value)
    feed = [*lines(1, 2), MD5, "192.0.2.1"]
    assert counts(synchronize(platform, collection_id, feed)) == {"added": 4}
    assert counts(synchronize(platform, collection_id, lines(9))) == {"added": 1, "removed": 4}
    assert active(sandbox, collection_id) == set(lines(9))
    assert counts(synchronize(platform, collection_id, feed)) == {"added": 4, "removed": 1}
    assert active(sandbox, collection_id) == set(feed)
    assert counts(synchronize(platform, collection_id, feed)) == {"unchanged": 4}


def test_revoking(sandbox: Sandbox, platform: Platform, collection_id: str) -> None:
    """With revoke, indicators that left are revoked one by one."""
    fill(sandbox, platform, collection_id, lines(1, 2, 3))
    before = len(sandbox.requests)
    assert counts(synchronize(platform, collection_id, lines(3), removed="revoke")) == {"unchanged": 1, "removed": 2}
    assert sent(sandbox, before) == ["DELETE indicator"] * 2
    assert [each["revoked"] for each in sandbox.indicators(collection_id)] == [True, True, False]


def test_keeping(sandbox: Sandbox, platform: Platform, collection_id: str) -> None:
    """With keep, indicators that left stay."""
    fill(sandbox, platform, collection_id, lines(1, 2))
    run = synchronize(platform, collection_id, lines(2, 3), removed="keep")
    assert counts(run) == {"added": 1, "unchanged": 1}
    assert run.results and run.results["status"] == "completed"
    assert active(sandbox, collection_id) == set(lines(1, 2, 3))


@pytest.mark.parametrize(
    ("feed", "most", "removed"),
    [
        (lines(*range(9, 60)), 0, 9),
        (lines(*range(10, 60)), 20, 10),
        (lines(*range(11, 60)), "20 %", None),
        ([], 20, None),
        ([], 99, None),
        ([], 100, 50),
        (lines(1), 99, 49),
    ],
)
def test_no_more_is_removed_than_may_be(
    sandbox: Sandbox, platform: Platform, collection_id: str, feed: list[str], most: Any, removed: int | None
) -> None:
    """Above the limit, additions are made and removals are not, and the error gives the figures; an empty feed removes
    nothing."""
    fill(sandbox, platform, collection_id, lines(*range(50)))
    run = synchronize(platform, collection_id, feed, most_removed=most)
    assert run.results is not None, run.error
    assert run.results["limit_hit"] is (removed is None)
    assert run.results["removed_count"] == (removed or 0)
    if removed is not None:
        assert (run.error, run.results["status"]) == (None, "completed")
        assert active(sandbox, collection_id) == set(feed)
        return
    assert (run.results["status"], run.results["remaining_count"]) == ("partial", 11 if feed else 50)
    assert active(sandbox, collection_id) == {*feed, *lines(*range(50))}
    assert run.error is not None
    assert run.error.startswith(
        "Nothing was removed: 11 of the collection's 50 active indicators (22%) are not in the feed, but most_removed "
        "allows only 20%."
        if feed
        else "Nothing was removed: 50 of the collection's 50 active indicators (100%) would be removed, since the feed contains"
    )


@pytest.mark.parametrize("most", [100, 0])
def test_a_dry_run_tells_what_would_be_done(
    sandbox: Sandbox, platform: Platform, collection_id: str, most: int
) -> None:
    """It sends nothing, and a warning says what the limit would keep."""
    fill(sandbox, platform, collection_id, lines(*range(20)))
    before = len(sandbox.requests)
    run = synchronize(
        platform, collection_id, lines(*range(15, 23)), dry_run="true", description="ours", most_removed=most
    )
    assert run.results is not None, run.error
    assert (run.error, run.results["status"]) == (None, "dry_run")
    would = {"would_add": 3, "would_refresh": 5}
    assert counts(run) == would | ({"would_remove": 15} if most else {"remaining": 15})
    assert run.results["would_add"] == lines(20, 21, 22)
    assert sent(sandbox, before) == []
    assert run.results["limit_hit"] is (most == 0)
    assert ("warning: Nothing was removed: 15 of the collection's 20 active indicators" in run.logs) is (most == 0)


@pytest.mark.parametrize(
    ("arguments", "again", "expected"),
    [
        ({}, {}, {"unchanged": 2}),
        ({}, {"description": "ours"}, {"refreshed": 2}),
        ({"description": "ours"}, {}, {"unchanged": 2}),
        ({"description": "ours"}, {"description": "ours"}, {"unchanged": 2}),
        ({}, {"kill_chain_phases": "mitre-attack:impact"}, {"refreshed": 2}),
        ({"valid_for": 10}, {"valid_for": 12}, {"unchanged": 2}),
        ({"valid_for": 10}, {"valid_for": 30}, {"unchanged": 2}),
        ({}, {"validity_by_type": "domain: 400"}, {"unchanged": 2}),
        ({"validity_by_type": "domain: 40"}, {"validity_by_type": "domain: 40, ipv4: 3"}, {"unchanged": 2}),
        ({"valid_until": "2099-01-01"}, {"valid_until": "2099-01-01"}, {"unchanged": 2}),
        ({"valid_until": "2099-01-01"}, {"valid_until": "2100-01-01"}, {"refreshed": 2}),
        ({}, {"refresh": "always"}, {"refreshed": 2}),
        ({}, {"refresh": "never", "description": "ours"}, {"unchanged": 2}),
    ],
    ids=str,
)
def test_what_stays_is_refreshed_when_it_is_due(
    platform: Platform, collection_id: str, arguments: dict[str, Any], again: dict[str, Any], expected: dict[str, int]
) -> None:
    """A changed context makes an indicator due; afterward, it is no longer due."""
    assert counts(synchronize(platform, collection_id, lines(1, 2), **arguments)) == {"added": 2}
    assert counts(synchronize(platform, collection_id, lines(1, 2), **again)) == expected
    if again.get("refresh") != "always":
        assert counts(synchronize(platform, collection_id, lines(1, 2), **again)) == {"unchanged": 2}


@pytest.mark.parametrize("shrinks", [True, False])
def test_an_end_that_comes_nearer(sandbox: Sandbox, platform: Platform, collection_id: str, shrinks: bool) -> None:
    """If an import cannot end validities earlier, they are ended one by one, and the next run sends nothing."""
    assert counts(synchronize(platform, collection_id, lines(1, 2), valid_until="2099-01-01")) == {"added": 2}
    sandbox.faults.validity_shrinks = shrinks
    before = len(sandbox.requests)
    run = synchronize(platform, collection_id, lines(1, 2, 3), valid_until="2098-01-01", description="ours")
    assert (counts(run), run.error) == ({"added": 1, "refreshed": 2}, None)
    assert sent(sandbox, before) == ["POST text", *([] if shrinks else ["PUT indicator"] * 2)]
    said = {(each["valid_until"][:10], each["description"]) for each in sandbox.indicators(collection_id)}
    assert said == {("2098-01-01", "ours")}
    again = synchronize(platform, collection_id, lines(1, 2, 3), valid_until="2098-01-01", description="ours")
    assert counts(again) == {"unchanged": 3}


def test_an_end_that_cannot_come_nearer(sandbox: Sandbox, platform: Platform, collection_id: str) -> None:
    """It is reported, and the run continues."""
    synchronize(platform, collection_id, lines(1, 2), valid_until="2099-01-01")
    sandbox.faults.validity_shrinks = False
    sandbox.faults.rest = [RestFault(method="PUT", status=403, times=1)]
    run = synchronize(platform, collection_id, lines(2), valid_until="2098-01-01")
    assert (counts(run), run.error) == ({"refreshed": 1, "removed": 1}, None)
    assert "1 of 1 validities could not be shortened to what the feed says (Sekoia denied permission" in run.logs


@pytest.mark.parametrize("valid_for", [None, 20])
def test_half_of_the_validity_is_over(
    sandbox: Sandbox, platform: Platform, collection_id: str, valid_for: int | None
) -> None:
    """Due indicators get their full validity again; those with a longer validity keep it."""
    now = datetime.now(UTC)
    times = {
        "valid_from": (now - timedelta(days=20)).isoformat(),
        "valid_until": (now + timedelta(days=9)).isoformat(),
    }
    fill(sandbox, platform, collection_id, ["d1.example", "192.0.2.1"], **times)
    fill(sandbox, platform, collection_id, ["d2.example"], valid_until=(now + timedelta(days=300)).isoformat())
    feed = ["d1.example", "192.0.2.1", "d2.example"]
    assert counts(synchronize(platform, collection_id, feed, valid_for=valid_for)) == {"refreshed": 2, "unchanged": 1}
    ends = {
        each["name"]: datetime.fromisoformat(each["valid_until"]) - now for each in sandbox.indicators(collection_id)
    }
    days = {name: round(left / timedelta(days=1)) for name, left in ends.items()}
    assert days == {"d1.example": valid_for or 180, "192.0.2.1": valid_for or 30, "d2.example": 300}
    assert counts(synchronize(platform, collection_id, feed, valid_for=valid_for)) == {"unchanged": 3}


def test_kinds_have_a_validity_of_their_own(sandbox: Sandbox, platform: Platform, collection_id: str) -> None:
    """Each is sent with the end for its kind, and the others with the general one."""
    feed = ["d1.example", "192.0.2.1", MD5]
    run = synchronize(platform, collection_id, feed, valid_for=60, validity_by_type="ipv4: 7, md5: 365")
    assert counts(run) == {"added": 3}
    now = datetime.now(UTC)
    ends = {
        each["name"]: datetime.fromisoformat(each["valid_until"]) - now for each in sandbox.indicators(collection_id)
    }
    assert {name: round(left / timedelta(days=1)) for name, left in ends.items()} == {
        "d1.example": 60,
        "192.0.2.1": 7,
        MD5: 365,
    }


def test_more_than_a_hundred_are_in_files(sandbox: Sandbox, platform: Platform, collection_id: str) -> None:
    """Lists contain the first hundred, and a file in the storage contains all of them."""
    fill(sandbox, platform, collection_id, lines(*range(120)))
    run = synchronize(platform, collection_id, lines(*range(200, 350)))
    assert run.results is not None, run.error
    assert run.results["added"] == lines(*range(200, 300))
    for name, values in (("added", range(200, 350)), ("removed", range(120))):
        listed = json.loads((platform.storage / run.results[f"{name}_path"]).read_text())
        assert sorted(listed) == sorted(lines(*values))
    assert run.results["refreshed_path"] is None


def test_what_is_excluded_counts_as_not_in_the_feed(sandbox: Sandbox, platform: Platform, collection_id: str) -> None:
    """Excluded, left out and unrecognized values are not added, and are removed if they were there."""
    fill(sandbox, platform, collection_id, ["a.corp.example", "8.8.8.8", "d1.example"])
    feed = ["a.corp.example", "8.8.8.8", "192.0.2.77", "no indicator", "d1.evil.test"]
    run = synchronize(platform, collection_id, feed, exclude=".corp.example", known_good="leave_out")
    assert run.results is not None, run.error
    assert (run.results["excluded"], run.results["unrecognized_count"]) == (["a.corp.example"], 1)
    assert "8.8.8.8" in run.results["left_out"]
    assert active(sandbox, collection_id) == {"d1.evil.test"}


def test_as_a_command(command: Command, sandbox: Sandbox, platform: Platform, collection_id: str) -> None:
    """The platform runs it as a command of `main.py`."""
    fill(sandbox, platform, collection_id, lines(1, 2))
    told = command("SynchronizeCollection", collection_id=collection_id, text="d2.example\nd3.example")
    assert (told.get("error"), told["results"]["added"], told["results"]["removed"]) == (None, lines(3), lines(1))


@pytest.mark.parametrize(
    "faults",
    [
        {},
        {"bulk_reader": "denied"},
        {"bulk_lag_values": 30},
        {"bulk_lag_seconds": 600},
        {"bulk_patterns": False},
        {"validity_shrinks": False, "bulk_lag_seconds": 600},
    ],
    ids=str,
)
def test_a_large_collection(sandbox: Sandbox, platform: Platform, collection_id: str, faults: dict[str, Any]) -> None:
    """The collection is read in bulk if that helps, and lagging indicators are neither sent again nor left in."""
    fill(sandbox, platform, collection_id, lines(*range(450)))
    for name, value in faults.items():
        setattr(sandbox.faults, name, value)
    feed = lines(*range(8, 455))
    assert counts(synchronize(platform, collection_id, feed)) == {"added": 5, "unchanged": 442, "removed": 8}
    assert active(sandbox, collection_id) == set(feed)
    before = len(sandbox.requests)
    assert counts(synchronize(platform, collection_id, feed)) == {"unchanged": 447}
    assert sent(sandbox, before) == []


@pytest.mark.parametrize(
    ("fault", "status", "told"),
    [
        ({"path": "/indicators$", "status": 401}, None, "refused the API key"),
        ({"path": "/text$", "status": 400}, "rejected", "none of the indicators are in the collection"),
        ({"path": "/text$", "status": 400, "contains": "d1.example"}, "completed", None),
        ({"method": "PUT", "status": 403}, "partial", "denied permission"),
    ],
    ids=["unreadable", "refused", "no end by text", "no permission"],
)
def test_what_sekoia_refuses(
    sandbox: Sandbox,
    platform: Platform,
    collection_id: str,
    fault: dict[str, Any],
    status: str | None,
    told: str | None,
) -> None:
    """What cannot be read or added is an error; what cannot be expired with text is expired one by one, or remains."""
    sandbox.faults.validity_shrinks = False
    fill(sandbox, platform, collection_id, lines(1, 2, 3))
    sandbox.faults.rest = [RestFault(times=None, **fault)]
    before = len(sandbox.requests)
    run = synchronize(platform, collection_id, lines(3, 4))
    if told is None:
        assert run.error is None
        # A text of ends that is refused is not cut in halves: each two refusals cost a pause.
        assert sent(sandbox, before) == ["POST text", "POST text", "PUT indicator", "PUT indicator"]
    else:
        assert run.error is not None and told in run.error
    assert (run.results or {}).get("status") == status
    sandbox.faults.rest = []
    assert synchronize(platform, collection_id, lines(3, 4)).error is None
    assert active(sandbox, collection_id) == set(lines(3, 4))


def test_an_import_and_a_removal_that_fail_are_both_told(
    sandbox: Sandbox, platform: Platform, collection_id: str
) -> None:
    """The node has one error, which names both problems."""
    fill(sandbox, platform, collection_id, lines(*range(20)))
    sandbox.faults.refused_values = lines(30)
    run = synchronize(platform, collection_id, lines(30), most_removed=20)
    assert run.error is not None
    assert run.error.startswith("The import ended, but none of the indicators are in the collection: “d30.example”")
    assert "Nothing was removed: 20 of the collection's 20 active indicators (100%) are not in the feed" in run.error


class Hurried(SynchronizeCollection):
    """A run that has a hundred seconds, by a clock of the test."""

    clock: ClassVar[Callable[[], float]] = staticmethod(time.monotonic)

    @cached_property
    def deadline(self) -> Deadline:
        """By the clock."""
        return Deadline(100.0, clock=type(self).clock)


def test_an_import_that_never_shows_its_end_leaves_time(
    sandbox: Sandbox, platform: Platform, collection_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If nobody reports the end of expiring, and it did not work, half of the time is left for doing it one by one."""
    fill(sandbox, platform, collection_id, lines(1, 2, 3))
    sandbox.faults.lose_events, sandbox.faults.tasks = "all", "unknown"
    sandbox.faults.validity_shrinks = False
    monkeypatch.setattr(Hurried, "clock", slow_requests(sandbox, 12.0, method="GET", path="/indicators$"))
    given = {"collection_id": collection_id, "text": "d3.example", "known_good": "import", "most_removed": 100}
    run = platform.run(Hurried, **given)
    assert (run.error, counts(run)) == (None, {"unchanged": 1, "removed": 2})


def test_a_part_of_the_time_is_interrupted_with_the_whole() -> None:
    """A nested deadline is never later than the outer one, and a request to stop applies to both."""
    whole = Deadline(10)
    part = whole.within(60)
    assert part.remaining() <= whole.seconds
    assert whole.within(1).remaining() <= 1
    whole.interrupt()
    with pytest.raises(Interrupted):
        part.heed()


def test_a_value_that_sekoia_refuses(sandbox: Sandbox, platform: Platform, collection_id: str) -> None:
    """It is named, the others are added, and those that left are removed anyway."""
    fill(sandbox, platform, collection_id, lines(1))
    sandbox.faults.refused_values = lines(3)
    run = synchronize(platform, collection_id, lines(2, 3, 4))
    assert counts(run) == {"added": 2, "removed": 1}
    assert run.results is not None
    assert (run.results["status"], run.results["missing_count"]) == ("partial", 1)
    assert run.results["missing"] == [{"value": "d3.example", "reason": "it is not in the collection"}]
    assert "d3.example" in run.logs


FOREIGN = {
    "id": "indicator--1",
    "pattern": "[domain-name:value = 'other.example']",
    "x_ic_collection_ref": "ioc-collection--1",
}


def test_a_bulk_reader_of_another_collection(sandbox: Sandbox, platform: Platform, collection_id: str) -> None:
    """Its list is not trusted, and the collection is read page by page."""
    fill(sandbox, platform, collection_id, lines(*range(450)))
    page: dict[str, object] = {
        "items": [FOREIGN | {"id": f"indicator--{number}"} for number in range(450)],
        "next_cursor": None,
    }
    sandbox.faults.rest = [RestFault(path="/objects$", status=200, body=page, times=None)]
    before = len(sandbox.requests)
    assert counts(synchronize(platform, collection_id, lines(*range(450)))) == {"unchanged": 450}
    assert sent(sandbox, before) == []


PROSE = """We are down for maintenance.
Try again on Wednesday.
Yours, the operators.
https://status.example/"""


def test_prose_in_place_of_the_feed(sandbox: Sandbox, platform: Platform, collection_id: str) -> None:
    """It removes nothing, although it contains a URL and few would be removed, unless all may be removed."""
    fill(sandbox, platform, collection_id, lines(1, 2, 3))
    run = synchronize(platform, collection_id, PROSE.splitlines(), most_removed=20)
    assert run.error is not None
    assert (
        "Nothing was removed: 3 of the collection's 3 active indicators (100%) would be removed, since the feed "
        "contains none" in run.error
    )
    assert run.results is not None
    assert (run.results["status"], run.results["limit_hit"], run.results["remaining_count"]) == ("partial", True, 3)
    assert active(sandbox, collection_id) == {*lines(1, 2, 3), "https://status.example/"}
    # A feed that is mostly prose is one anyway, as long as it holds something of what it held.
    run = synchronize(platform, collection_id, [*PROSE.splitlines(), *lines(1)], most_removed=20)
    assert (run.error, counts(run)) == (None, {"unchanged": 2, "removed": 2})
    assert run.results and run.results["status"] == "partial"
    assert counts(synchronize(platform, collection_id, PROSE.splitlines(), most_removed=100)) == {
        "unchanged": 1,
        "removed": 1,
    }


@pytest.mark.parametrize("way", ["text", "text_path", "file_path"])
def test_a_page_in_place_of_the_feed(sandbox: Sandbox, platform: Platform, collection_id: str, way: str) -> None:
    """It is refused with its title, however it arrives: what it links to must not be imported either."""
    fill(sandbox, platform, collection_id, lines(1, 2, 3))
    page = f"<!DOCTYPE html>\n<title>Scheduled maintenance</title>\n<p>\n{PROSE}\n</html>"
    (platform.storage / "feed.csv").write_text(page)
    given = page if way == "text" else "feed.csv"
    run = platform.run(SynchronizeCollection, collection_id=collection_id, most_removed=100, **{way: given})
    assert run.error and "it is an HTML page with the title “Scheduled maintenance”, such as a login page" in run.error
    assert active(sandbox, collection_id) == {*lines(1, 2, 3)}


def test_a_feed_of_which_all_is_kept_out(sandbox: Sandbox, platform: Platform, collection_id: str) -> None:
    """It removes nothing, and is not called empty."""
    fill(sandbox, platform, collection_id, lines(1, 2, 3))
    run = synchronize(platform, collection_id, ["a.corp.example"], exclude=".corp.example", most_removed=20)
    assert run.error and "would go, since all indicators of the feed are excluded or left out" in run.error
    assert active(sandbox, collection_id) == {*lines(1, 2, 3)}


class PartByPart(SynchronizeCollection):
    """A run whose requests carry one value each."""

    lines_per_task = 1


def test_nothing_is_removed_before_the_import_has_ended(
    sandbox: Sandbox, platform: Platform, collection_id: str
) -> None:
    """If not everything could be added, nothing is removed."""
    fill(sandbox, platform, collection_id, lines(1))
    sandbox.faults.rest = [RestFault(path="/text$", status=401, contains="d3.example", times=None)]
    given = {"collection_id": collection_id, "text": "\n".join(lines(2, 3)), "known_good": "import"}
    run = platform.run(PartByPart, **given, removed="revoke")
    assert counts(run) == {"added": 1, "remaining": 1}
    assert run.error and run.results and run.results["status"] == "incomplete"
    assert active(sandbox, collection_id) == set(lines(1, 2))


def test_a_removal_that_is_answered_and_not_done(sandbox: Sandbox, platform: Platform, collection_id: str) -> None:
    """Indicators that the answer shows as unchanged remain."""
    fill(sandbox, platform, collection_id, lines(1, 2))
    sandbox.faults.validity_shrinks, sandbox.faults.changes = False, "ignored"
    run = synchronize(platform, collection_id, lines(3))
    assert counts(run) == {"added": 1, "remaining": 2}
    assert run.results and run.results["failed"][0]["reason"] == "Sekoia did not change its validity"


def test_removals_whose_answers_are_lost(sandbox: Sandbox, platform: Platform, collection_id: str) -> None:
    """Ten of them in a row end the removal, and the collection shows that they were done."""
    fill(sandbox, platform, collection_id, lines(*range(12)))
    sandbox.faults.validity_shrinks = False
    sandbox.faults.rest = [RestFault(method="PUT", cut="after", times=None)]
    run = synchronize(platform, collection_id, lines(50))
    assert counts(run) == {"added": 1, "removed": 10, "remaining": 2}
    assert run.error is not None and run.error.startswith(
        "2 indicators that the feed no longer contains are still active, as far as is known"
    )
    assert active(sandbox, collection_id) == {*lines(10, 11), *lines(50)}


def test_a_refusal_that_passed_is_not_told_as_the_reason(
    sandbox: Sandbox, platform: Platform, collection_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If time ran out, that is the reason why something remains."""
    fill(sandbox, platform, collection_id, lines(1, 2, 3))
    sandbox.faults.validity_shrinks = False
    sandbox.faults.rest = [RestFault(method="PUT", status=400)]
    monkeypatch.setattr(Hurried, "clock", slow_requests(sandbox, 100.0, method="PUT", status=503))
    given = {"collection_id": collection_id, "text": "d4.example", "known_good": "import", "most_removed": 100}
    run = platform.run(Hurried, **given)
    assert (
        "3 indicators that the feed no longer contains are still active (time ran out): the next run continues"
        in run.logs
    )


@pytest.mark.parametrize(
    ("reads", "arguments", "expected", "said"),
    [
        (1, {"refresh": "always"}, {}, "It is not known which indicators are in the collection: Sekoia denied"),
        (
            2,
            {"valid_until": "2098-01-01"},
            {"refreshed": 2},
            "Validities that should end earlier were not checked, but will be in the next run: ",
        ),
    ],
)
def test_a_collection_that_cannot_be_read_any_more(
    sandbox: Sandbox,
    platform: Platform,
    collection_id: str,
    reads: int,
    arguments: dict[str, Any],
    expected: dict[str, int],
    said: str,
) -> None:
    """What is known is reported anyway; counts of updated indicators do not prove that they are in."""
    fill(sandbox, platform, collection_id, lines(1, 2), valid_until="2099-01-01")
    sandbox.faults.validity_shrinks = False
    sandbox.faults.rest = [
        RestFault(method="GET", path="/indicators$", times=reads),
        RestFault(method="GET", path="/(indicators|objects)$", status=403, times=None),
    ]
    run = synchronize(platform, collection_id, lines(1, 2), **arguments)
    assert (run.error, counts(run)) == (None, expected)
    assert said in run.logs


INCOMPLETE = ({"remaining": 1}, "incomplete", None)


@pytest.mark.parametrize(
    ("hangs", "expected"),
    [
        ((Synchronizer, "_importer"), INCOMPLETE),
        ((Importer, "submit_texts"), INCOMPLETE),
        ((Synchronizer, "_not_in"), INCOMPLETE),
        ((Synchronizer, "remove"), ({"added": 101, "remaining": 1}, "partial", 0)),
        ((Removal, "expire"), ({"added": 101, "remaining": 1}, "partial", 0)),
        (None, ({"added": 101, "removed": 1}, "completed", 0)),
    ],
)
def test_work_that_is_left_behind_is_told(
    sandbox: Sandbox,
    platform: Platform,
    collection_id: str,
    hangs: tuple[type, str] | None,
    expected: tuple[dict[str, int], str, int | None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Wherever it hangs, the results say what is known, and never claim success."""

    class Left(SynchronizeCollection):
        """Hangs somewhere."""

        def run(self, arguments: SynchronizeCollectionArguments) -> SynchronizeCollectionResults:
            with suppress(Hangs):
                super().run(arguments)
            left = self.leave(Interrupted())
            assert isinstance(left, SynchronizeCollectionResults)
            return left

    class Hangs(Exception):
        """Stands in for something that never returns."""

    def hang(*_: object, **__: object) -> None:
        raise Hangs

    fill(sandbox, platform, collection_id, lines(1))
    if hangs:
        monkeypatch.setattr(*hangs, hang)
    given = {
        "collection_id": collection_id,
        "text": "\n".join(lines(*range(2, 103))),
        "known_good": "import",
        "most_removed": 100,
    }
    run = platform.run(Left, **given)
    assert run.error and run.error.count("The run was stopped before it was finished: run it again.") == 1
    assert run.results is not None
    assert (counts(run), run.results["status"], run.results["missing_count"]) == expected
    assert run.results["added_path"] is None  # the storage may be what hangs
    assert "time ran out" not in run.logs
