"""The state machine of an import, with a list of events and a clock of its own."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sekoia_cti.client.errors import PermissionDenied
from sekoia_cti.client.importing.expected import Part, Tally
from sekoia_cti.client.importing.ledger import Ledger
from sekoia_cti.client.importing.look_history import Found
from sekoia_cti.client.importing.outcome import Conclusion
from sekoia_cti.client.importing.watch import Ask, Done, GiveUp, ImportWatch, Listen, Look, Progress
from sekoia_cti.client.waiting import Patience
from sekoia_cti.client.wire import Counts, ImportEvent, TaskEvent

PATIENCE = Patience()


def watch(expected: int | None = 1_000, *, has_context: bool = False) -> ImportWatch:
    """A watch that listens, with one task submitted at 0 and a deadline at 900."""
    watching = ImportWatch(PATIENCE, 0.0, 900.0, has_context=has_context)
    watching.listening(0.0)
    watching.submitted("t", 0.0, expected=expected, part=0)
    return watching


def event(imported: int, total: int, **counts: int) -> ImportEvent:
    """Progress of the task."""
    return ImportEvent(task_id="t", imported=imported, total=total, **counts)


def found(active: int, expected: int = 1_000, *, as_asked: int | None = None, changed: int = 0) -> Found:
    """A complete look."""
    carrying = active if as_asked is None else as_asked
    return Found(Tally(expected, active, active, carrying, changed, (Part(active, changed, changed),)), complete=True)


def test_an_end_without_a_doubt_needs_no_look() -> None:
    """All created: LiveAPI alone is enough."""
    watching = watch()
    watching.heard(event(1_000, 1_000, created=1_000, updated=0, ignored=0), 1.0)
    assert watching.step(1.0) == Done()
    assert not watching.doubts()
    assert watching.progress() == Progress(1_000, 1_000)


@pytest.mark.parametrize(
    "counts",
    [
        {},
        {"created": 1_000, "updated": 0, "ignored": 1},
        {"created": 1_000, "updated": 1, "ignored": 0},
        {"created": 0, "updated": 1_000, "ignored": 0},
        {"created": 999, "updated": 0, "ignored": 0},
    ],
)
def test_an_end_with_a_doubt_is_looked_into(counts: dict[str, int]) -> None:
    """No counts, something ignored or updated, or fewer than were sent: the collection is asked at once."""
    watching = watch()
    watching.heard(event(1_000, 1_000, **counts), 1.0)
    assert watching.step(1.0) == Look()
    watching.looked(found(1_000), 1.5)
    assert watching.step(1.5) == Done()


@pytest.mark.parametrize("early", [event(0, 0), event(900, 900)])
def test_silence_without_a_connection_ends_nothing(early: ImportEvent) -> None:
    """An event that may be an end, read after LiveAPI went, does not become one by silence: nobody would hear the next."""
    watching = watch()
    watching.deaf(1.0)
    watching.heard(early, 1.0)
    watching.can_ask = False
    watching.step(1.0 + PATIENCE.settle)
    assert not watching.ended()


def test_a_total_that_grew_is_looked_into() -> None:
    """A task whose total grew may grow once more."""
    watching = watch()
    watching.heard(event(500, 900), 1.0)
    watching.heard(event(1_000, 1_000, created=1_000, updated=0, ignored=0), 2.0)
    assert watching.step(2.0) == Look()


def test_without_an_id_nobody_will_tell() -> None:
    """What Sekoia took without naming a task is looked for at once, although LiveAPI is connected."""
    watching = ImportWatch(PATIENCE, 0.0, 900.0)
    watching.listening(0.0)
    watching.submitted(None, 0.0, expected=1_000, part=0)
    assert watching.step(0.0) == Listen(PATIENCE.look_first)
    assert watching.step(PATIENCE.look_first) == Look()


def test_what_is_missing_after_the_end_is_waited_for() -> None:
    """Two looks over ten seconds must see the same before a value is given up."""
    watching = watch()
    watching.heard(event(1_000, 1_000), 1.0)
    watching.looked(found(990), 1.0)
    assert isinstance(watching.step(1.0), Listen)
    assert watching.step(3.0) == Look()
    watching.looked(found(995), 3.0)
    assert watching.step(13.0) == Look()
    watching.looked(found(995), 8.0)
    assert watching.step(12.9) != Done()
    assert watching.step(13.0) == Done()


@pytest.mark.parametrize("events", [[(0, 0)], [(1, 1)], [(1, 1), (25, 25)]])
def test_an_end_that_may_be_none(events: list[tuple[int, int]]) -> None:
    """0/0, or a total below what was sent, is an end only if silence follows; another event takes it back."""
    watching = watch()
    for imported, total in events:
        watching.heard(event(imported, total), 1.0)
    assert not watching.ended()
    watching.looked(found(0), 1.0)
    assert watching.step(11.0) == Ask("t")
    watching.untold("t", 11.0)
    assert watching.step(11.0) == Look()
    assert watching.ended()
    watching.heard(event(500, 1_000), 12.0)
    assert not watching.ended()
    watching.heard(event(1_000, 1_000, created=1_000), 13.0)
    assert watching.ended()


def test_nothing_of_zero_after_progress_says_nothing() -> None:
    """0/1000, then 0/0 and silence: no end."""
    watching = watch()
    watching.heard(event(0, 1_000), 1.0)
    watching.heard(event(0, 0), 2.0)
    watching.can_ask = False  # nothing but silence could make an end of it
    watching.step(60.0)
    assert not watching.ended()
    assert watching.progress() == Progress(0, 1_000)


def test_a_state_that_was_asked_for_is_the_proof() -> None:
    """Without an end, all values with their context complete the import; without the context they do not."""
    watching = watch(has_context=True)
    watching.deaf(1.0)
    watching.looked(found(1_000, as_asked=999), 5.0)
    assert not watching.proved()
    watching.looked(found(1_000), 9.0)
    assert watching.step(9.0) == Done()


def test_values_that_were_there_before_need_a_minute() -> None:
    """Sent without a context, and none of them changed: that is all that can be known, after a while."""
    watching = watch()
    for at in (10.0, 30.0, 60.0):
        watching.looked(found(1_000), at)
        assert watching.step(at) != Done()
    assert watching.step(70.0) == Done()
    assert not watching.refreshed()
    confirmation: Any = SimpleNamespace(missing=lambda: iter(()))
    outcome = Conclusion(watching, confirmation, Ledger(taken=1_000)).outcome("completed")
    assert (outcome.status, outcome.missing_count) == ("completed", 0)
    assert ["they were there before" in warning for warning in outcome.warnings] == [True]


def test_what_never_arrives_is_given_up_once_the_task_has_begun() -> None:
    """A minute without a change over three looks; a task that is not known to have begun, or is known to run, is waited for."""
    for begun, runs in ((True, False), (True, True), (False, False)):
        watching = watch()
        if begun:
            watching.heard(event(10, 1_000), 1.0)
        for at in (100.0, 130.0, 160.0):
            assert watching.step(at + 1) != Done()
            watching.looked(found(990), at)
        assert watching.step(159.9) != Done()
        if runs:
            watching.heard(TaskEvent(task_id="t", status="RUNNING"), 160.5)
        assert (watching.step(161.0) == Done()) is (begun and not runs)
    assert watching.step(900.0) == GiveUp()


def test_nothing_is_waited_for_longer_than_a_third_of_the_time() -> None:
    """With less than three minutes left, what has not changed for a third of them is given up."""
    watching = ImportWatch(PATIENCE, 0.0, 90.0)
    watching.listening(0.0)
    watching.submitted("t", 0.0, expected=1_000, part=0)
    watching.heard(event(10, 1_000), 1.0)
    for at in (30.0, 40.0, 49.0):
        watching.looked(found(990), at)
    assert watching.step(49.9) != Done()
    assert watching.step(50.0) == Done()


def test_the_state_of_a_task_is_asked_first() -> None:
    """After a silence the task is asked; working keeps waiting, finished ends, failed ends with its words."""
    watching = watch()
    assert watching.step(59.0) == Listen(60.0)
    assert watching.step(60.0) == Ask("t")
    watching.heard(TaskEvent(task_id="t", status="RUNNING"), 60.0, by="api")
    assert isinstance(watching.step(60.0), Listen)
    watching.heard(TaskEvent(task_id="t", status="FAILED", message="no disk"), 90.0, by="api")
    assert (watching.ended(), watching.submissions[0].failed) == (True, "no disk")
    assert watching.doubts()
    watching = watch()
    watching.heard(TaskEvent(task_id="t", status="FINISHED"), 60.0, by="api")
    assert (watching.ended(), watching.submissions[0].ended_by) == (True, "api")
    watching = watch()
    watching.untold("t", 60.0)
    watching.can_ask = False
    assert watching.step(60.0) == Look()


def test_what_was_done_at_once_is_ended() -> None:
    """Counts in the answer are the end."""
    watching = ImportWatch(PATIENCE, 0.0, 900.0)
    watching.done(Counts(created=5, updated=0, ignored=0), 1.0, expected=5)
    assert watching.step(1.0) == Done()
    assert watching.progress() == Progress(5, 5)


def test_a_task_that_is_working_knows_better_than_silence() -> None:
    """After 0/0 and silence its state is asked, and a task that waits in a queue is waited for."""
    watching = watch()
    watching.heard(event(0, 0), 1.0)
    assert watching.step(11.0) == Ask("t")
    watching.heard(TaskEvent(task_id="t", status="PENDING"), 11.0, by="api")
    assert isinstance(watching.step(40.0), Listen)
    assert not watching.ended()


def test_one_look_decides_after_a_failure() -> None:
    """A task that failed brings nothing more, so what is missing is missing."""
    watching = watch()
    watching.heard(event(500, 1_000, created=1_000, updated=0, ignored=0), 4.0)
    watching.heard(TaskEvent(task_id="t", status="FAILED"), 5.0)
    assert watching.step(5.0) == Look()
    watching.looked(found(1_000), 6.0)
    assert watching.step(6.0) == Done()


def test_a_look_that_is_behind_decides_nothing_after_a_failure() -> None:
    """The collection shows less than the task had reported before it failed: it may lag, so what is missing is waited for."""
    watching = watch()
    watching.heard(event(500, 1_000), 4.0)
    watching.heard(TaskEvent(task_id="t", status="FAILED"), 5.0)
    for active, over in ((499, False), (500, True)):
        watching.looked(found(active), 6.0)
        assert (watching.step(6.0) == Done()) is over
    for early in (None, event(0, 0), event(0, 1_000)):  # it had reported nothing that could be compared
        watching = watch()
        if early:
            watching.heard(early, 4.0)
        watching.heard(TaskEvent(task_id="t", status="FAILED"), 5.0)
        watching.looked(found(500), 6.0)
        assert watching.step(6.0) != Done()


@pytest.mark.parametrize(
    ("counts", "seen", "grew", "quiet"),
    [
        ({"created": 900, "updated": 0, "ignored": 100}, 900, False, PATIENCE.settle),
        ({"created": 900, "updated": 0, "ignored": 100}, 899, False, PATIENCE.look_quiet),
        ({}, 0, False, PATIENCE.settle),
        ({}, 0, True, PATIENCE.look_quiet),
    ],
)
def test_a_collection_that_seems_to_be_behind_is_waited_for(
    counts: dict[str, int], seen: int, grew: bool, quiet: float
) -> None:
    """Fewer are there than were created, or none although the community holds more than before: the listing may lag."""
    watching = watch()
    watching.heard(event(1_000, 1_000, **counts), 0.0)
    for at in (0.0, 5.0):
        watching.looked(Found(found(seen).tally, complete=True, grew=grew), at)
    assert watching.step(quiet - 0.1) != Done()
    assert watching.step(quiet) == Done()


def test_a_key_that_may_not_read_the_collection() -> None:
    """Three denials over a minute, after the end, are the key's; an answer in between begins anew."""
    watching, denial = watch(), PermissionDenied("reading", status=403)
    for at in (0.0, 10.0, 20.0, 100.0):
        watching.looked(None, at, denial=denial)
    watching.heard(event(1_000, 1_000), 100.0)
    for at, answer in ((100.0, denial), (110.0, None), (120.0, denial), (130.0, denial), (140.0, denial)):
        watching.looked(None, at, denial=answer)
        assert watching.step(at + 1) != Done()
    assert watching.step(179.9) != Done()
    assert watching.step(180.0) == Done()


def test_what_was_answered_500_is_waited_for() -> None:
    """No end will be told of it: after a minute without a change it is not there."""
    watching = ImportWatch(PATIENCE, 0.0, 900.0)
    watching.suspected(0.0)
    assert (watching.ended(), watching.doubts(), watching.step(0.0)) == (True, True, Look())
    for at in (0.0, 20.0):
        watching.looked(found(0, 1), at)
    assert watching.step(59.9) != Done()
    assert watching.step(60.0) == Done()
    assert watching.progress() == Progress()


def test_what_was_seen_before_the_true_end_is_no_verdict() -> None:
    """A silence counted as the end, then the task says that it works: looks count from its true end on."""
    watching = watch()
    watching.can_ask = False
    watching.heard(event(0, 0), 1.0)
    assert watching.step(11.0) == Look()
    watching.looked(found(500), 11.0)
    watching.looked(found(500), 20.0)
    watching.heard(TaskEvent(task_id="t", status="RUNNING"), 20.5)
    assert not watching.ended()
    watching.heard(TaskEvent(task_id="t", status="FINISHED"), 60.0)
    assert (watching.found, watching.step(60.0)) == (None, Look())


def test_the_others_go_on_after_a_failure() -> None:
    """One task of two failed: the other is waited for, and the look comes when that has ended as well."""
    watching = watch(500)
    watching.submitted("u", 0.0, expected=500, part=1)
    watching.heard(TaskEvent(task_id="t", status="FAILED"), 5.0)
    assert not watching.ended()
    assert isinstance(watching.step(5.0), Listen)
    watching.heard(ImportEvent(task_id="u", imported=500, total=500, created=500, updated=0, ignored=0), 20.0)
    assert (watching.ended(), watching.step(20.0)) == (True, Look())


def test_what_a_task_said_of_itself_grows_old() -> None:
    """It runs, it said, and nobody can be asked whether it still does: a minute later the collection is looked at."""
    watching = watch(has_context=False)
    watching.heard(TaskEvent(task_id="t", status="RUNNING"), 1.0)
    watching.can_ask = False
    assert isinstance(watching.step(60.9), Listen)
    assert watching.step(61.0) == Look()
    for at in (61.0, 90.0, 121.0):
        watching.looked(found(1_000), at)
    assert watching.step(121.0) == Done()


def test_what_was_seen_long_ago_is_looked_at_again_before_the_deadline() -> None:
    """What is said to be missing at the deadline is what is missing then, also of a task that runs."""
    watching = watch()
    watching.looked(found(0), 100.0)
    watching.heard(TaskEvent(task_id="t", status="RUNNING"), 850.0, by="api")
    assert isinstance(watching.step(879.9), Listen)
    assert watching.step(880.0) == Look()
    watching.looked(found(1), 880.0)
    assert watching.step(881.0) != Look()


def test_a_look_that_fails_ends_nothing() -> None:
    """Before the end and after it, the collection is asked again until the deadline."""
    watching = watch()
    for at in (61.0, 70.0, 80.0, 100.0):
        watching.looked(None, at)
    assert not isinstance(watching.step(101.0), Done)
    watching.heard(event(1_000, 1_000), 102.0)
    for at in (103.0, 105.0, 110.0, 500.0, 899.0):
        assert not isinstance(watching.step(at), Done)
        watching.looked(None, at)
    assert watching.history.unreadable
    assert watching.step(900.0) == Done()
    assert watching.found is None


def test_what_was_seen_before_the_end_is_looked_at_again() -> None:
    """At the deadline, a look from before the end says nothing of what came since."""
    watching = watch()
    watching.looked(found(500, changed=500), 70.0)
    watching.heard(event(1_000, 1_000), 899.0)
    assert watching.step(900.0) == Done()
    assert watching.found is None


def test_a_part_begins_by_its_own_values() -> None:
    """What came of one part says nothing of another, which may still wait in a queue."""
    watching = watch(500)
    watching.submitted("u", 0.0, expected=500, part=1)
    watching.heard(event(500, 500, created=500), 1.0)
    parts = Found(Tally(1_000, 500, 500, 500, 500, (Part(500, 500, 500), Part(0, 0, 0))), complete=True)
    for at in (100.0, 200.0, 300.0):
        watching.looked(parts, at)
    assert not isinstance(watching.step(301.0), Done)
    watching.looked(
        Found(Tally(1_000, 501, 501, 501, 501, (Part(500, 500, 500), Part(1, 1, 1))), complete=True), 302.0
    )
    for at in (330.0, 370.0):
        watching.looked(watching.found, at)
    assert watching.step(371.0) == Done()


@pytest.mark.parametrize("grew", [True, False])
def test_clocks_leave_a_doubt(grew: bool) -> None:
    """Values that changed within the second of the submission may be older: that the task has begun takes more than that."""
    watching = watch()
    seen = Found(Tally(1_000, 900, 900, 900, 900, (Part(900, 900, 0),)), complete=True, grew=grew)
    for at in (100.0, 130.0, 160.0):
        watching.looked(seen, at)
    assert (watching.step(161.0) == Done()) is grew


def test_while_anything_is_heard_nobody_looks() -> None:
    """A part that waits for its turn is not looked after as long as another one goes on."""
    watching = watch(500)
    watching.submitted("u", 0.0, expected=500, part=1)
    for at in (40.0, 80.0, 120.0):
        watching.heard(event(int(at), 500), at)
    assert watching.step(121.0) == Listen(180.0)


def test_after_a_reconnection_looks_begin_anew() -> None:
    """What was sent meanwhile is lost, so the next look comes soon, however rare looks have become."""
    watching = watch()
    watching.can_ask = False
    watching.deaf(1.0)
    for at in (3.0, 5.0, 9.0, 17.0, 33.0, 63.0):
        watching.looked(found(0), at)
    assert watching.step(66.0) == Listen(93.0)
    watching.listening(67.0)
    assert watching.step(68.0) == Listen(69.0)
    assert watching.step(69.0) == Look()


def test_figures_of_two_parts_add_up() -> None:
    """One part ended by an event, the other by the state of the collection: nothing is imported beyond the total, or missing."""
    watching = watch(600, has_context=True)
    watching.submitted("u", 0.0, expected=400, part=1)
    watching.heard(event(600, 600, created=600), 1.0)
    watching.heard(event(10, 400).model_copy(update={"task_id": "u"}), 2.0)
    assert watching.progress() == Progress(610, 1_000)
    watching.deaf(3.0)
    watching.looked(found(1_000), 9.0)
    assert watching.step(9.0) == Done()
    assert watching.progress() == Progress(1_000, 1_000)


def test_counts_of_some_parts_are_no_sum() -> None:
    """What was created is told where Sekoia told it of every part: sums over some would not add up to what was imported."""
    watching = watch(600)
    watching.submitted("u", 0.0, expected=400, part=1)
    watching.heard(event(600, 600, created=600, updated=0, ignored=0), 1.0)
    watching.heard(TaskEvent(task_id="u", status="FINISHED"), 2.0, by="api")
    watching.looked(found(1_000), 3.0)
    confirmation: Any = SimpleNamespace(missing=lambda: iter(()))
    outcome = Conclusion(watching, confirmation, Ledger(taken=1_000)).outcome("completed")
    assert (outcome.status, outcome.confirmed_by, outcome.progress) == ("completed", "api", Progress(1_000, 1_000))
    assert (outcome.created, outcome.updated, outcome.ignored) == (None, None, None)


EVENTS = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), max_size=8)


@settings(deadline=None)  # a busy machine takes its time
@given(EVENTS, st.booleans())
@example([(0, 1_000), (0, 0)], False)
def test_no_order_of_events_completes_what_is_not_in(events: list[tuple[int, int]], deaf: bool) -> None:
    """Whatever is told, with nothing in the collection an import is not over before the collection was looked into."""
    watching = watch(40)
    now = 0.0
    for imported, total in events:
        now += 1.0
        if deaf:
            watching.deaf(now)
        watching.heard(event(imported, total), now)
    steps = 0
    while not isinstance(step := watching.step(now), Done | GiveUp):
        steps += 1
        assert steps < 1_000
        match step:
            case Look():
                watching.looked(found(0, 40), now)
            case Ask(task_id):
                watching.untold(task_id, now)
            case Listen(until):
                assert until > now
                now = until
    assert math.isfinite(now)
    assert watching.found is not None
    assert not watching.proved()


@pytest.mark.parametrize(
    ("progress", "line"),
    [
        (Progress(), "Sekoia has not reported any progress yet"),
        (Progress(0, 1), "0 of 1 indicator"),
        (Progress(250, 2_000), "250 of 2,000 indicators"),
    ],
)
def test_progress_is_a_line_for_people(progress: Progress, line: str) -> None:
    """Scripts give `print` to be told of it."""
    assert str(progress) == line
