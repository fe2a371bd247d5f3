"""Green means in: the content of the collection decides, whatever was reported about the task."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from typing import Any

import pytest

from sandbox import RestFault, Sandbox
from sekoia_cti.actions.common.endings import incompletion
from sekoia_cti.actions.import_file import ImportIndicatorsFromFile
from sekoia_cti.actions.import_indicators import ImportIndicators
from sekoia_cti.actions.import_text import ImportIndicatorsFromText
from sekoia_cti.client.importing import confirmation
from sekoia_cti.client.importing.confirmation import Confirmation
from sekoia_cti.client.importing.expected import Expected
from sekoia_cti.client.importing.watch import Progress
from sekoia_cti.client.rest.endpoints import RestClient
from sekoia_cti.client.waiting import Deadline, Patience
from sekoia_cti.client.wire import Context
from sekoia_cti.platform import watchdog
from tests.clocks import slow_requests
from tests.conftest import ROOT, Platform
from tests.hostile import Hostile, answer, trickle
from tests.test_reliability import finishing, importing

VALUES = [f"d{number}.example" for number in range(100)]
OURS = Context(description="ours")


def import_now(sandbox: Sandbox, collection_id: str, values: list[str], context: Context = OURS) -> None:
    """An import that ends."""
    with importing(sandbox, collection_id, context=context) as running:
        running.submit(values)
        assert running.importer.finish().status == "completed"


def looks(sandbox: Sandbox) -> int:
    """How often the collection was read."""
    return sum(request.method == "GET" and request.path.endswith("/indicators") for request in sandbox.requests)


# What a task tells of itself


@pytest.mark.fault(
    "`0/1000`, then `0/0` and silence",
    "Not taken as the end: the collection is read three times within a minute before the import is `rejected`",
)
def test_zero_of_zero_after_progress(sandbox: Sandbox, collection_id: str) -> None:
    """Nothing is in, and nothing comes."""
    sandbox.faults.tasks = "unknown"
    sandbox.faults.zero_first = sandbox.faults.zero_total_first = True
    sandbox.hold_imports()
    with importing(sandbox, collection_id, settle=0.05, look_quiet=0.5) as running:
        running.submit(VALUES)
        outcome = running.importer.finish()
    sandbox.release_imports()
    assert (outcome.status, outcome.missing_count, outcome.confirmed_by) == ("rejected", 100, "api")
    assert looks(sandbox) >= 3
    assert (
        sum("/tasks/" in request.path for request in sandbox.requests) == 1
    )  # unknown once, it is not asked for again


@pytest.mark.parametrize("tasks", ["known", "unknown"])
@pytest.mark.fault(
    "`0/0` seems to be the end, and the real end follows",
    "The client waits, or reads the collection in the meantime; completed",
)
def test_the_end_after_an_end(sandbox: Sandbox, collection_id: str, tasks: Any) -> None:
    """The task's state, or a look that finds nothing, keeps the import waiting."""
    sandbox.faults.tasks = tasks
    sandbox.faults.zero_first = True
    sandbox.hold_imports()

    def meanwhile() -> None:
        def seemed_to_end() -> bool:
            paths = [request.path for request in sandbox.requests]
            asked = any("/tasks/" in path for path in paths)
            return asked and (tasks == "known" or paths[-1].endswith("/indicators"))

        sandbox.wait_for(seemed_to_end)
        sandbox.release_imports()

    with importing(sandbox, collection_id, settle=1.0, look_quiet=100) as running:
        running.submit(VALUES)
        outcome = finishing(running, meanwhile)
    assert (outcome.status, outcome.progress) == ("completed", Progress(100, 100))


@pytest.mark.fault(
    "A task fails halfway", "`partial`: one look at the collection decides, and the task's own message is reported"
)
def test_a_task_that_fails_half_way(sandbox: Sandbox, collection_id: str) -> None:
    """What came before is in."""
    sandbox.faults.fail_after = 0.5
    with importing(sandbox, collection_id, settle=100, look_quiet=0.2) as running:
        running.submit(VALUES)
        outcome = running.importer.finish()
    assert (outcome.status, outcome.missing_count) == ("partial", 50)
    assert any("failed: The import could not be completed" in warning for warning in outcome.warnings)


@pytest.mark.fault("A task fails before anything is in", "`rejected`; the error contains the task's own message")
def test_a_task_that_fails_at_once(sandbox: Sandbox, platform: Platform, collection_id: str) -> None:
    """Nothing is in."""
    sandbox.faults.fail_after = 0
    run = platform.run(ImportIndicatorsFromText, collection_id=collection_id, text="evil.example")
    assert run.results and run.results["status"] == "rejected"
    assert run.error and "failed: The import could not be completed." in run.error


# What is there, and what is not


@pytest.mark.parametrize("live", [None, 502])
@pytest.mark.fault(
    "A list that is already in the collection with the same description, plus 20 new values; the task never runs, "
    "whether LiveAPI is up or down",
    "The client waits; `incomplete` at the deadline, and the 20 are named",
)
def test_a_list_that_was_there_and_twenty_more(sandbox: Sandbox, collection_id: str, live: int | None) -> None:
    """Existing values prove nothing about new ones."""
    import_now(sandbox, collection_id, VALUES[:80])
    sandbox.faults.live_status, sandbox.faults.tasks = live, "unknown"
    sandbox.hold_imports()
    with importing(sandbox, collection_id, seconds=2.0, context=OURS, look_quiet=0.2) as running:
        running.submit(VALUES)
        outcome = running.importer.finish()
    sandbox.release_imports()
    assert (outcome.status, outcome.missing_count) == ("incomplete", 20)
    assert [missing.value for missing in outcome.missing] == VALUES[80:]
    assert "not in the collection: 20 of the indicators, such as “d80.example” (" in incompletion(outcome, 2)


@pytest.mark.parametrize(("tasks", "status"), [("known", "incomplete"), ("unknown", "partial")])
@pytest.mark.fault(
    "A task stops after some of the values",
    "`incomplete` if the task is known to be running, otherwise `partial`; the other values are named",
)
def test_a_task_that_stops(sandbox: Sandbox, collection_id: str, tasks: Any, status: str) -> None:
    """The outcome says which values are in and which are not."""
    sandbox.faults.tasks, sandbox.faults.stall_after = tasks, 0.54
    with importing(sandbox, collection_id, seconds=3.0, context=OURS, look_quiet=0.3) as running:
        running.submit(VALUES)
        outcome = running.importer.finish()
    assert (outcome.status, outcome.missing_count) == (status, 46)
    assert [missing.value for missing in outcome.missing] == VALUES[54:]


@pytest.mark.fault(
    "The task never runs, while another import brings the same values with a different context",
    "`incomplete`: every value is in, but none of them as requested",
)
def test_another_import_of_the_same_values(sandbox: Sandbox, collection_id: str) -> None:
    """What another import added does not prove ours."""
    sandbox.faults.tasks, sandbox.faults.live_status = "unknown", 502
    sandbox.faults.stall_after = 0
    with (
        importing(sandbox, collection_id, seconds=3.0, context=OURS, look_quiet=0.3) as running,
        importing(sandbox, collection_id, context=Context(description="theirs")) as theirs,
    ):
        running.submit(VALUES)
        assert not sandbox.indicators(collection_id)
        sandbox.faults.stall_after = None
        theirs.submit(VALUES)
        assert theirs.importer.finish().status == "completed"
        outcome = running.importer.finish()
    assert (outcome.status, outcome.missing_count, outcome.context_differs_count) == ("incomplete", 0, 100)


@pytest.mark.fault(
    "Some values are never accepted, and no event arrives",
    "`partial` once nothing changes any more; the values are named",
)
def test_some_are_never_taken(sandbox: Sandbox, collection_id: str) -> None:
    """The values that came show that the task has begun."""
    sandbox.faults.tasks, sandbox.faults.lose_events = "unknown", "all"
    sandbox.faults.refused_values = VALUES[70:]
    with importing(sandbox, collection_id, context=OURS, look_quiet=0.3) as running:
        running.submit(VALUES)
        outcome = running.importer.finish()
    assert (outcome.status, outcome.confirmed_by) == ("partial", "api")
    assert [missing.value for missing in outcome.missing] == VALUES[70:]


@pytest.mark.fault(
    "A JSON import is answered with 200 and no indicators", "`rejected`: the collection contains none of them"
)
def test_an_answer_without_indicators(sandbox: Sandbox, platform: Platform, collection_id: str) -> None:
    """That Sekoia accepted the request proves nothing."""
    sandbox.faults.rest = [RestFault(method="POST", path="/indicators$", status=200, body={"items": [], "total": 0})]
    run = platform.run(ImportIndicators, collection_id=collection_id, indicators=VALUES[:3])
    assert run.results
    assert (run.results["status"], run.results["missing_count"]) == ("rejected", 3)
    assert run.error and run.error.startswith("The import ended, but none of the indicators are in the collection")


@pytest.mark.parametrize("kind", ["task_id", "numeric_id", "no_id", "counts"])
@pytest.mark.parametrize("action", [ImportIndicators, ImportIndicatorsFromText])
def test_however_an_import_is_answered(
    sandbox: Sandbox, platform: Platform, collection_id: str, action: Any, kind: Any
) -> None:
    """An id of any kind, none, or counts at once: it was submitted, and what is in is completed."""
    sandbox.faults.import_answer, sandbox.faults.indicators_as_task = kind, True
    run = platform.run(action, collection_id=collection_id, indicators=VALUES[:3], description="ours")
    assert run.error is None
    assert run.results
    assert (run.results["status"], run.results["submitted"], run.results["missing_count"]) == ("completed", 3, 0)
    assert run.results["created"] == (None if kind == "no_id" else 3)


@pytest.mark.parametrize("body", ["", "{}", '{"task_id": null}', '{"task_id": []}', '{"task_id": ""}'])
@pytest.mark.fault(
    "A submission is answered with 202 and no usable task id", "The collection shows how the import ended"
)
def test_a_submission_without_an_id(sandbox: Sandbox, collection_id: str, body: str) -> None:
    """It counts as taken: the values, which are there, complete it."""
    import_now(sandbox, collection_id, VALUES)
    sandbox.faults.rest = [RestFault(method="POST", path="/text$", status=202, body=body)]
    with importing(sandbox, collection_id, context=OURS) as running:
        running.importer.submit_text(VALUES)
        outcome = running.importer.finish()
    assert (outcome.status, outcome.confirmed_by, outcome.submitted) == ("completed", "api", 100)


# Looks that come to nothing


SHAPES: dict[str, dict[str, Any]] = {
    "302": {"status": 302, "headers": {"Location": "http://login.example/"}},
    "403": {"status": 403},
    "404": {"status": 404},
    "html": {"status": 200, "body": "<!doctype html><p>Please sign in."},
    "500": {"status": 500},
    "empty": {"status": 200, "body": ""},
    "cut": {"cut": "before"},
    "stall": {"delay": 60},
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.fault(
    "The end leaves a doubt, and reading the collection yields 302, 403, 404, 500, HTML or nothing, or is cut off, or "
    "stalls",
    "The collection is read again until that works; completed",
)
def test_looks_that_come_to_nothing(sandbox: Sandbox, collection_id: str, shape: str) -> None:
    """The submission does not depend on them, and the end waits for one that is answered."""
    sandbox.faults.created_as = "null"
    sandbox.faults.bulk_reader = "absent"

    def meanwhile() -> None:
        sandbox.wait_for(lambda: looks(sandbox) >= (1 if shape == "stall" else 4), timeout=10)
        sandbox.faults.rest = []

    with importing(sandbox, collection_id, read=0.3, look_longest=0.1) as running:
        sandbox.faults.rest = [RestFault(method="GET", path="/indicators$|count-total", times=None, **SHAPES[shape])]
        running.submit(VALUES)
        outcome = finishing(running, meanwhile)
    assert (outcome.status, outcome.missing_count) == ("completed", 0)


@pytest.mark.fault(
    "A call that the import does not depend on stalls, such as the count of a community's indicators",
    "It costs some of the time; completed",
)
def test_a_call_that_stalls(sandbox: Sandbox, collection_id: str) -> None:
    """The values are submitted long before the deadline."""
    sandbox.faults.rest = [RestFault(path="count-total", delay=60)]
    with importing(sandbox, collection_id, seconds=4.0) as running:
        running.submit(VALUES)
        assert running.importer.finish().status == "completed"


@pytest.mark.fault(
    "The end leaves a doubt, and the collection cannot be read before the deadline",
    "`partial` with a warning, and `missing_count` is null: it is not known what is in",
)
def test_a_collection_that_cannot_be_read(sandbox: Sandbox, collection_id: str) -> None:
    """The import ended, which is not an error; that the values are in is not said."""
    sandbox.faults.created_as = "null"
    with importing(sandbox, collection_id, seconds=1.5) as running:
        sandbox.faults.rest = [RestFault(method="GET", status=503, times=None)]
        running.submit(VALUES)
        outcome = running.importer.finish()
    assert (outcome.status, outcome.missing_count) == ("partial", None)
    assert "the collection could not be read" in outcome.warnings[0]


@pytest.mark.fault(
    "The end leaves a doubt, and the API key may not read the collection",
    "`partial` after a minute, and `missing_count` null: a warning names the permission, and says who reported the end",
)
def test_a_key_that_may_not_read(sandbox: Sandbox, collection_id: str) -> None:
    """That is no passing fault, so it is not waited for until the deadline; that the values are in is not said."""
    sandbox.faults.created_as = "null"
    with importing(sandbox, collection_id, seconds=20.0, look_quiet=0.3) as running:
        sandbox.faults.rest = [RestFault(method="GET", path="/indicators$|/objects$", status=403, times=None)]
        running.submit(VALUES)
        outcome = running.importer.finish()
        assert running.importer.deadline.remaining()
    assert (outcome.status, outcome.missing_count, outcome.missing) == ("partial", None, ())
    assert outcome.warnings[0].startswith("LiveAPI reported that the import ended, but it is not known which values")
    assert "“View IOC collections”" in outcome.warnings[0]


EMPTY: dict[str, Any] = {"path": "/indicators$", "method": "GET", "status": 200, "body": {"items": [], "total": 0}}
"""What a listing shows that is behind."""


@pytest.mark.parametrize("told", ["number", "null"])
@pytest.mark.fault(
    "The collection's listing lags: it is empty for a while after the end",
    "The bulk reader is read as well. Where Sekoia counted more as created than is there, or holds more than before, the wait is "
    "longer",
)
def test_a_listing_that_lags(sandbox: Sandbox, collection_id: str, told: Any) -> None:
    """Several looks that find nothing are believed only if nothing contradicts them."""
    sandbox.faults.created_as, sandbox.faults.refused_values = told, VALUES[:1]
    sandbox.faults.bulk_reader = "absent"
    with importing(sandbox, collection_id, settle=0.05, look_quiet=5, look_longest=0.1) as running:
        sandbox.faults.rest = [RestFault(**EMPTY, times=4)]
        running.submit(VALUES)
        outcome = running.importer.finish()
    assert (outcome.status, [missing.value for missing in outcome.all_missing]) == ("partial", VALUES[:1])


def test_a_listing_that_stays_empty(sandbox: Sandbox, collection_id: str) -> None:
    """The bulk reader shows what is in."""
    sandbox.faults.created_as = "null"
    with importing(sandbox, collection_id, settle=0.05, look_quiet=0.05) as running:
        sandbox.faults.rest = [RestFault(**EMPTY, times=None)]
        running.submit(VALUES)
        assert running.importer.finish().status == "completed"


@pytest.mark.parametrize(
    ("said", "status"), [({"times": 1}, "partial"), ({"status": 503, "times": None}, "incomplete")], ids=str
)
@pytest.mark.fault(
    "A task fails halfway, and the collection lags, or cannot be read",
    "It is read again until it shows what the task had reported; else `incomplete`, an error with the task's own words",
)
def test_a_failure_and_a_collection_that_is_behind(
    sandbox: Sandbox, collection_id: str, said: dict[str, Any], status: str
) -> None:
    """What a task added before it failed is not called missing just because it is not visible immediately."""
    sandbox.faults.fail_after, sandbox.faults.task_events, sandbox.faults.bulk_reader = 0.5, True, "absent"
    with importing(sandbox, collection_id, seconds=30.0 if status == "partial" else 1.0) as running:
        sandbox.faults.rest = [RestFault(**EMPTY | said)]
        running.submit(VALUES)
        outcome = running.importer.finish()
    assert (outcome.status, outcome.missing_count) == (status, 50 if status == "partial" else None)
    error = incompletion(outcome, 1)
    assert error.startswith("The import or a part of it failed in Sekoia") is (status == "incomplete")
    assert (". Sekoia reported that the import task" in error) is (status == "incomplete")


@pytest.mark.fault(
    "Sekoia answers 500 whenever one value is submitted, and the collection cannot be read",
    "`partial`: a warning names the value, of which it is not known whether it is in",
)
def test_a_value_that_breaks_sekoia_and_cannot_be_looked_for(sandbox: Sandbox, collection_id: str) -> None:
    """It is reported neither as missing nor as in."""
    with importing(sandbox, collection_id, seconds=1.5) as running:
        sandbox.faults.rest = [
            RestFault(path="/text$", status=500, times=None, contains=VALUES[2]),
            RestFault(method="GET", status=503, times=None),
        ]
        running.importer.submit_text(VALUES[:4])
        outcome = running.importer.finish()
    assert (outcome.status, outcome.submitted, outcome.missing_count, outcome.missing) == ("partial", 3, None, ())
    assert any("not known whether “d2.example” ended up in" in warning for warning in outcome.warnings)


@pytest.mark.parametrize(("lags", "told"), [(0, ("completed", 0)), (5, ("partial", None))])
def test_the_bulk_reader_stands_in_for_the_listing(
    sandbox: Sandbox, collection_id: str, lags: int, told: tuple[str, int | None]
) -> None:
    """Where the listing is refused, the other way to read is tried; that it lacks values says nothing alone, since it may lag."""
    sandbox.faults.created_as, sandbox.faults.bulk_lag_values = "null", lags
    with importing(sandbox, collection_id, seconds=3.0) as running:
        sandbox.faults.rest = [RestFault(method="GET", path="/indicators$", status=403, times=None)]
        running.submit(VALUES)
        outcome = running.importer.finish()
    assert (outcome.status, outcome.missing_count, outcome.missing) == (*told, ())


@pytest.mark.fault(
    "The bulk reader lags: it lacks values that are in, or shows their previous state",
    "Values that it lacks or shows differently are searched for, and if that finds more, the collection is read in "
    "another way; completed",
)
@pytest.mark.parametrize("others", [0, 200], ids=["few", "many"])
@pytest.mark.parametrize("stale", ["lacks", "differs"])
def test_a_bulk_reader_that_lags(sandbox: Sandbox, collection_id: str, stale: str, others: int) -> None:
    """Whether it is few values that it knows nothing of yet, or many, and also where some are refused indeed."""
    import_now(sandbox, collection_id, [f"other{number}.example" for number in range(700 - others)])
    mine = [f"mine{number}.example" for number in range(9 + others)]
    if stale == "differs":
        import_now(sandbox, collection_id, mine, Context(description="before"))
    before = sandbox.indicators(collection_id)
    sandbox.faults.created_as = "null"
    sandbox.faults.refused_values = mine[:5] if stale == "lacks" else []
    with importing(sandbox, collection_id, context=OURS, look_quiet=100, settle=0.1) as running:
        sandbox.faults.rest = [RestFault(path="/objects$", status=200, body={"items": before}, times=None)]
        running.submit(mine)
        outcome = running.importer.finish()
    assert any(request.path.endswith("/objects") for request in sandbox.requests)
    assert [missing.value for missing in outcome.all_missing] == sandbox.faults.refused_values
    assert (outcome.missing_count, outcome.context_differs_count) == (len(sandbox.faults.refused_values), 0)


@pytest.mark.fault(
    "Searches in the collection are refused",
    "The collection is read by pages or with the bulk reader instead; completed",
)
def test_searches_that_are_refused(sandbox: Sandbox, collection_id: str) -> None:
    """One value in a collection of several pages would take the fewest requests by a search."""
    import_now(sandbox, collection_id, [f"other{number}.example" for number in range(350)])
    sandbox.faults.created_as = "null"
    with importing(sandbox, collection_id, context=OURS, look_quiet=100, settle=0.1) as running:
        running.submit(["mine.example"])
        sandbox.faults.rest = [RestFault(path="/indicators$", status=403, query="term=", times=None)]
        outcome = running.importer.finish()
    assert (outcome.status, outcome.missing_count) == ("completed", 0)


def test_calls_that_may_be_refused_keep_apart(sandbox: Sandbox, collection_id: str) -> None:
    """Two refusals within ten seconds would start a pause: right after that of the task, the bulk reader is not tried."""
    import_now(sandbox, collection_id, [f"other{number}.example" for number in range(250)])
    sandbox.faults.tasks, sandbox.faults.bulk_reader, sandbox.faults.lose_events = "unknown", "absent", "all"
    with importing(sandbox, collection_id, context=OURS, look_quiet=0.2, pause_after_errors=100) as running:
        running.submit([f"mine{number}.example" for number in range(250)])
        outcome = running.importer.finish()
    assert (outcome.status, outcome.missing_count) == ("completed", 0)
    asked = [request.path for request in sandbox.requests]
    assert [path.endswith("/objects") for path in asked if "/tasks/" in path or path.endswith("/objects")] == [False]


def test_a_page_that_fails_once_costs_no_reading(sandbox: Sandbox, collection_id: str) -> None:
    """A 503 among the pages of the listing is repeated, and the reading goes on where it was."""
    import_now(sandbox, collection_id, [f"other{number}.example" for number in range(250)])
    sandbox.faults.bulk_reader, sandbox.faults.created_as = "absent", "null"
    with importing(sandbox, collection_id, context=OURS, look_quiet=100) as running:
        running.submit([f"mine{number}.example" for number in range(250)])
        sandbox.wait_for(lambda: len(sandbox.indicators(collection_id)) == 500)
        begun = looks(sandbox)
        sandbox.faults.rest = [
            RestFault(method="GET", path="/indicators$"),
            RestFault(method="GET", path="/indicators$", status=503),
        ]
        outcome = running.importer.finish()
    assert (outcome.status, outcome.missing_count) == ("completed", 0)
    assert looks(sandbox) - begun == 6


@pytest.mark.parametrize(
    ("refused", "size", "status"),
    [(0, 3, "completed"), (0, 200, "partial"), (1, 3, "partial"), (1_100, 3, "rejected")],
)
@pytest.mark.fault(
    "The end leaves a doubt, and looking for all values would take more than half of the remaining time",
    "A sample is looked for, with a warning, and `missing_count` is null; the sample decides between `completed`, "
    "`partial` and `rejected`. There has to be time for 200 values before they can say `completed`",
)
def test_a_sample(
    sandbox: Sandbox, collection_id: str, refused: int, size: int, status: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twenty-two pages that take a quarter of a minute each are not read within half of five minutes."""
    monkeypatch.setattr(confirmation, "SAMPLE", size)
    values = [f"d{number}.example" for number in range(1_100)]
    import_now(sandbox, collection_id, [f"other{number}.example" for number in range(1_100)])
    sandbox.faults.bulk_reader, sandbox.faults.created_as = "absent", "null"
    sandbox.faults.refused_values = values[:refused]
    sandbox.faults.rest = [RestFault(path="/indicators$", query="term=", times=None)]  # searches take no time
    clock = slow_requests(sandbox, 15.0, method="GET", path="/indicators$")
    with importing(sandbox, collection_id, seconds=300.0, clock=clock, context=OURS, look_quiet=100) as running:
        running.submit(values)
        outcome = running.importer.finish()
    assert (outcome.status, outcome.missing_count) == (status, None)
    assert [missing.value for missing in outcome.missing[:1]] == values[:refused][:1]
    assert any("Only a sample" in warning for warning in outcome.warnings)


def test_a_sample_is_never_empty(sandbox: Sandbox, collection_id: str) -> None:
    """Where there is next to no time left, one value is looked for: nothing at all would be in without being there."""
    import_now(sandbox, collection_id, [f"other{number}.example" for number in range(201)])
    sandbox.faults.bulk_reader = "absent"
    sandbox.faults.rest = [RestFault(path="/indicators$", query="term=", times=None)]  # searches take no time
    clock = slow_requests(sandbox, 24.0, method="GET", path="/indicators$")
    expected = Expected()
    expected.add(["a.example", "b.example"], OURS)
    deadline, patience = Deadline(100.0, clock=clock), Patience.none()
    with RestClient(f"{sandbox.url}/api/v2/inthreat", sandbox.api_key, deadline=deadline, patience=patience) as rest:
        collection = rest.collection(collection_id)
        found = Confirmation(rest, collection, expected, deadline=deadline, patience=patience).look()
    assert found
    assert (found.complete, found.tally.expected, found.tally.all_in()) == (False, 1, False)


SPELLINGS = [
    "EVIL.example",
    "Bücher.example",
    "2001:DB8:0:0:0:0:0:1",
    "http://BÜCHER.example/Ä%2fb",
    "http://example.com/it's|x",
    "User@Example.com",
    "AA-BB-CC-00-11-22",
    "A" * 64,
    f"{'B' * 32},{'C' * 40}",
]


@pytest.mark.parametrize("form", ["given", "lower", "canonical"])
@pytest.mark.fault(
    "Sekoia stores values in another form: lower case, A-labels, standard forms of IPv6 and escapes, hashes in "
    "another order",
    "The values are found; completed",
)
def test_values_that_are_stored_in_another_form(sandbox: Sandbox, collection_id: str, form: Any) -> None:
    """The same indicator is told by one canonical form on both sides, by the listing and by a search."""
    sandbox.faults.created_as, sandbox.faults.stored_form = "null", form
    with importing(sandbox, collection_id, look_quiet=100) as running:
        running.submit(SPELLINGS)
        outcome = running.importer.finish()
    assert (outcome.status, outcome.missing_count) == ("completed", 0)


def test_a_value_that_is_part_of_many(sandbox: Sandbox, collection_id: str) -> None:
    """More than a hundred hits of a search: those of later pages count as well."""
    import_now(sandbox, collection_id, [f"n{number}.a.example" for number in range(230)])
    sandbox.faults.bulk_reader, sandbox.faults.created_as = "absent", "null"
    sandbox.faults.quotes_searched = False
    with importing(sandbox, collection_id, look_quiet=100) as running:
        running.submit(["a.example"])
        outcome = running.importer.finish()
    assert (outcome.status, outcome.missing_count) == ("completed", 0)
    assert any(request.query.get("term") and request.query.get("offset") == "200" for request in sandbox.requests)


def test_what_was_not_waited_for_and_not_sent(sandbox: Sandbox, platform: Platform, collection_id: str) -> None:
    """That some could not be submitted is an error, although nobody waits for the others."""
    sandbox.faults.indicators_as_task = True
    sandbox.faults.rest = [RestFault(path="/indicators$", method="POST"), RestFault(method="POST", status=403)]
    values = [f"d{number}.example" for number in range(150)]
    run = platform.run(ImportIndicators, collection_id=collection_id, indicators=values, wait=False)
    assert run.results and run.error
    assert (run.results["status"], run.results["submitted"], len(run.results["missing"])) == ("incomplete", 100, 50)


def test_an_answer_with_what_has_expired(sandbox: Sandbox, platform: Platform, collection_id: str) -> None:
    """Sekoia's answer shows the indicator, and that it is no longer valid: it is not in."""
    values = {"collection_id": collection_id, "indicators": ["a.example", "b.example"]}
    platform.run(ImportIndicators, **{**values, "indicators": ["a.example"]}, valid_until="2020-01-01")
    sandbox.faults.expired_renew = False
    run = platform.run(ImportIndicators, **values)
    assert run.results and run.results["status"] == "partial"
    assert run.results["missing"] == [
        {"value": "a.example", "reason": "it is in the collection, but revoked or expired"}
    ]


def test_rows_with_contexts_of_their_own(sandbox: Sandbox, platform: Platform, collection_id: str) -> None:
    """A row's validity in the past is what was asked for, and a column's descriptions are no difference."""
    sandbox.faults.created_as = "null"
    (platform.storage / "iocs.csv").write_text(
        "indicator,valid_until,description\na.example,2020-01-01T00:00:00Z,one\nb.example,2040-01-01T00:00:00Z,two\n"
    )
    run = platform.run(
        ImportIndicatorsFromFile, collection_id=collection_id, file_path="iocs.csv", description="theirs", valid_for=5
    )
    assert run.error is None
    assert run.results
    assert (run.results["status"], run.results["missing_count"]) == ("completed", 0)
    assert run.results["context_differs_count"] == 0


# What hangs


@pytest.mark.fault(
    "A look at the collection hangs: its headers trickle in forever",
    "The node reports within 5 s after the deadline, with what was submitted",
)
def test_a_look_that_hangs(
    sandbox: Sandbox, platform: Platform, monkeypatch: pytest.MonkeyPatch, collection_id: str
) -> None:
    """The work is abandoned, and the results of its import are reported."""
    monkeypatch.setattr(watchdog, "AFTER_DEADLINE", 0.1)
    monkeypatch.setattr(ImportIndicatorsFromText, "deadline", Deadline(1.5))
    collection = {"id": collection_id, "name": "Blocklist"}
    with Hostile(
        answer(200, collection),
        answer(200, {"count": 0, "max": 5}),
        answer(202, {"task_id": "t"}),
        trickle(b"HTTP/1.1 200 OK\r\nX: ", b"a"),
    ) as server:
        platform.module_configuration |= {"base_url": server.url, "liveapi_url": sandbox.live_url}
        run = platform.run(
            ImportIndicatorsFromText, collection_id=collection_id, text="a.example\nno indicator\na.example"
        )
    assert run.results
    told = run.results
    assert (told["status"], told["task_ids"], told["submitted"], told["missing_count"]) == (
        "incomplete",
        ["t"],
        1,
        None,
    )
    assert (told["duplicates"], told["unrecognized_count"], told["missing_path"]) == (1, 1, None)
    assert run.error and run.error.startswith("The import could not be followed to its end")
    assert "because something hangs" in run.error


SCRIPT = """
import sys
from sekoia_cti.client import Sekoia
url, key, collection, seconds = sys.argv[1:]
with Sekoia(key, base_url=url, timeout=float(seconds)) as sekoia:
    outcome = sekoia.import_text(collection, ["a.example"], on_progress=lambda _: print("waits", flush=True))
print(outcome.status)
"""


@pytest.mark.fault(
    "The process is paused past its deadline, and the end is reported meanwhile",
    "What is in the socket is read before the status is decided; completed",
)
def test_a_process_that_is_stopped_for_a_while(sandbox: Sandbox, collection_id: str) -> None:
    """The event arrived in time, though nobody was awake to read it."""
    sandbox.hold_imports()
    seconds = 2.0
    with subprocess.Popen(
        [sys.executable, "-c", SCRIPT, sandbox.url, sandbox.api_key, collection_id, str(seconds)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout and process.stdout.readline() == "waits\n"
        process.send_signal(signal.SIGSTOP)
        passed = time.monotonic() + seconds
        for number in range(4_000):  # foreign events, which are read before ours
            sandbox.push(
                {"type": "ioc-collection", "attributes": {"task_id": f"t{number}", "imported": 1, "total": 2}}
            )
        sandbox.release_imports()
        sandbox.wait_for(
            lambda: time.monotonic() > passed
        )  # its deadline, for which a stopped process has nothing but the clock
        process.send_signal(signal.SIGCONT)
        assert process.stdout.read().splitlines()[-1] == "completed"
