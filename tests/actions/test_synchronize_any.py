"""Whatever a collection contains and wherever a run ends, the collection ends up matching its feed."""

from __future__ import annotations

import csv
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any, Literal

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from sandbox import RestFault, Sandbox
from sandbox.sekoia.faults import Faults
from sekoia_cti.actions.synchronize_collection import SynchronizeCollection
from sekoia_cti.client.rest.endpoints import RestClient
from sekoia_cti.client.waiting import Deadline, Patience
from sekoia_cti.client.wire import Context
from sekoia_cti.indicators.matching import canonical
from sekoia_cti.indicators.stored_patterns import value_of
from tests.conftest import Platform

MD5, SHA1 = "0123456789abcdef0123456789abcdef", "0123456789abcdef0123456789abcdef01234567"
OTHER_MD5 = "fedcba9876543210fedcba9876543210"
POOL = [
    ("a.example", "A.EXAMPLE", "a[.]example"),
    ("192.0.2.1",),
    ("2001:db8::1", "2001:0DB8:0::1"),
    ("http://b.example/Path", "hxxp://b[.]example/Path"),
    (MD5, MD5.upper()),
    (f"{SHA1},{OTHER_MD5}", f"{OTHER_MD5},{SHA1}"),
    ("someone@c.example",),
    ("xn--bcher-kva.example", "bücher.example"),
    *((f"d{number}.example",) for number in range(12)),
]
"""Indicators, each in several spellings."""

NO_SHRINKING = (Phase.explicit, Phase.generate)
"""Each example takes requests, and is small."""

State = Literal["active", "expired", "revoked"]
PLACES = st.sampled_from(range(len(POOL)))
CONTENT = st.dictionaries(PLACES, st.sampled_from(["active", "active", "expired", "revoked"]))
UNKNOWNS = st.fixed_dictionaries(
    {},
    optional={
        "validity_shrinks": st.just(False),
        "expired_renew": st.just(False),
        "revoked_revive": st.just(False),
        "stored_form": st.sampled_from(["given", "canonical"]),
        "bulk_reader": st.just("absent"),
        "reimport_modifies": st.just(False),
        "days_of_others": st.just(30),
    },
)


def fill(sandbox: Sandbox, collection_id: str, content: dict[int, State]) -> None:
    """Give a collection its indicators."""
    sandbox.faults.finish_before_answer = True
    root, now = f"{sandbox.url}/api/v2/inthreat", datetime.now(UTC)
    passed = Context(valid_from=now - timedelta(days=9), valid_until=now - timedelta(days=1))
    with RestClient(root, sandbox.api_key, deadline=Deadline(20), patience=Patience.none()) as rest:
        for state, context in (("active", Context()), ("expired", passed), ("revoked", Context())):
            if values := [POOL[place][0] for place, held in content.items() if held == state]:
                rest.import_text(collection_id, "\n".join(values), context=context)
        revoked = {POOL[place][0] for place, held in content.items() if held == "revoked"}
        for each in sandbox.indicators(collection_id):
            if value_of(each["pattern"]) in revoked:
                rest.revoke(collection_id, each["id"])


def active(sandbox: Sandbox, collection_id: str) -> list[str]:
    """The active indicators, in canonical form."""
    now = datetime.now(UTC)
    return sorted(
        canonical(value_of(each["pattern"]))
        for each in sandbox.indicators(collection_id)
        if not each["revoked"] and (not each["valid_until"] or datetime.fromisoformat(each["valid_until"]) > now)
    )


def as_text(lines: list[str]) -> dict[str, Any]:
    """A feed of lines, one of which is not an indicator."""
    return {"text": "\n".join([*lines, "no indicator"])}


def as_table(platform: Platform, lines: list[str], cells: list[tuple[str, str]]) -> dict[str, Any]:
    """The same as a table, whose rows have a context in turn."""
    with (platform.storage / "feed.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["IOC", "Description", "Valid until"])
        rows.writerows([line, *cells[at % len(cells)]] for at, line in enumerate([*lines, "no indicator"]))
    return {"file_path": "feed.csv"}


CELLS = st.tuples(st.sampled_from(["", "ours", 'a "b", c']), st.sampled_from(["", "2099-01-01"]))
"""What the row of a table says of its indicator: description, and end of validity."""


@settings(
    max_examples=16, deadline=None, phases=NO_SHRINKING, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    content=CONTENT,
    feed=st.lists(PLACES.flatmap(lambda place: st.tuples(st.just(place), st.sampled_from(POOL[place]))), min_size=1),
    excluded=st.sets(PLACES, max_size=2),
    removed=st.sampled_from(["expire", "revoke"]),
    unknowns=UNKNOWNS,
    most=st.sampled_from([20, 100]),
    rows=st.none() | st.lists(CELLS, min_size=1, max_size=4),
)
def test_a_collection_comes_to_hold_what_its_feed_does(
    sandbox: Sandbox,
    platform: Platform,
    content: dict[int, State],
    feed: list[tuple[int, str]],
    excluded: set[int],
    removed: str,
    unknowns: dict[str, Any],
    most: int,
    rows: list[tuple[str, str]] | None,
) -> None:
    """But for what was revoked, is excluded or no indicator; unless the limit stops it, and then the results say so."""
    sandbox.faults = Faults(**unknowns)
    collection_id = str(sandbox.create_collection()["id"])
    fill(sandbox, collection_id, content)
    lines = [line for place, line in feed if content.get(place) != "revoked"]
    arguments: dict[str, Any] = {
        "collection_id": collection_id,
        **(as_text(lines) if rows is None else as_table(platform, lines, rows)),
        "exclude": [POOL[place][0] for place in excluded] or None,
        "known_good": "import",
        "removed": removed,
        "most_removed": most,
        "timeout": 20,
    }
    before_it = active(sandbox, collection_id)
    run = platform.run_with(SynchronizeCollection, arguments)
    if run.results is None:  # a table without an indicator
        assert not lines and rows and run.error, run.error
        assert active(sandbox, collection_id) == before_it
        return
    wanted = {place for place, _ in feed if content.get(place) != "revoked"} - excluded
    held = active(sandbox, collection_id)
    if run.results["limit_hit"]:
        assert run.error is not None and "Nothing was removed" in run.error
        assert {canonical(POOL[place][0]) for place in wanted} <= set(held)
    else:
        assert held == sorted({canonical(POOL[place][0]) for place in wanted})
        before = len(sandbox.requests)
        again = platform.run_with(SynchronizeCollection, arguments)
        assert again.results and again.results["unchanged_count"] >= len(wanted)
        assert all(call.method == "GET" for call in sandbox.requests[before:])


class Hurried(SynchronizeCollection):
    """A run that gives up quickly on what does not come."""

    @cached_property
    def deadline(self) -> Deadline:
        """A quarter of a second."""
        return Deadline(0.25)


@pytest.mark.parametrize(("removed", "shrinks"), [("expire", False), ("revoke", True)])
def test_a_run_that_was_killed_is_put_right_by_the_next(
    sandbox: Sandbox, platform: Platform, removed: str, shrinks: bool
) -> None:
    """Wherever it ended: after each of its requests in turn nothing is answered any more, and then Sekoia is back."""
    feed = [*(f"d{number}.example" for number in range(2, 5)), "192.0.2.1"]
    source = {"text": "\n".join(feed)} if shrinks else as_table(platform, feed, [("seen", ""), ("", "2099-01-01")])
    arguments = source | {"description": "ours", "known_good": "import", "removed": removed}

    def requests(action: type[SynchronizeCollection], answered: int | None) -> int:
        """How many requests a run on a new collection made; if only some of them were answered, another run
        followed."""
        sandbox.faults = Faults(validity_shrinks=shrinks)
        collection_id = str(sandbox.create_collection()["id"])
        fill(sandbox, collection_id, {1: "expired", 8: "active", 9: "active", 10: "active"})
        given = arguments | {"collection_id": collection_id, "most_removed": 100, "timeout": 20}
        if answered is not None:
            sandbox.faults.rest = [RestFault(delay=0, times=answered), RestFault(cut="before", times=None)]
        before = len(sandbox.requests)
        told = platform.run_with(action, given)
        made = len(sandbox.requests) - before
        if answered is not None:
            sandbox.faults.rest = []
            told = platform.run_with(SynchronizeCollection, given)
        assert (told.error, active(sandbox, collection_id)) == (None, sorted(feed)), answered
        return made

    for answered in range(requests(SynchronizeCollection, None)):
        requests(Hurried, answered)
