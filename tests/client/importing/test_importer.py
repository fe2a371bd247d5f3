"""The state machine that decides when an import is finished: lists of events, a fake clock, no I/O."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from sekoia_cti.client.importing.confirmation import Verdict
from sekoia_cti.client.importing.importer import Done, GiveUp, ImportWatch, Listen, Look, Progress
from sekoia_cti.client.waiting import Patience
from sekoia_cti.client.wire import ImportEvent

PATIENCE = Patience()
TASK = "11111111-1111-4111-8111-111111111111"
OTHER = "22222222-2222-4222-8222-222222222222"


def watching(*, connected: bool = True, deadline: float = 900.0) -> ImportWatch:
    """A watch over one task that was submitted at 0."""
    watch = ImportWatch(PATIENCE, 0.0, deadline)
    if connected:
        watch.listening(0.0)
    watch.submitted(TASK, 0.0, expected=1_000)
    watch.all_submitted()
    return watch


def event(imported: int, total: int, task: str = TASK, **counts: int) -> ImportEvent:
    """An event of LiveAPI."""
    return ImportEvent(task_id=task, imported=imported, total=total, **counts)


def test_the_last_event_ends_it() -> None:
    """Progress is told as it comes, and `imported == total` completes the task with its counts."""
    watch = watching()
    assert watch.progress() == Progress()
    watch.heard(event(250, 1_000), 1.0)
    assert isinstance(watch.step(1.0), Listen)
    assert watch.progress() == Progress(250, 1_000)
    watch.heard(event(1_000, 1_000, created=900, updated=90, ignored=10), 2.0)
    assert watch.step(2.0) == Done()
    outcome = watch.outcome()
    assert outcome.completed
    assert (outcome.created, outcome.updated, outcome.ignored) == (900, 90, 10)
    assert outcome.confirmed_by == "liveapi"


def test_more_than_everything_ends_it_too() -> None:
    """An `imported` beyond `total` counts as the end."""
    watch = watching()
    watch.heard(event(1_001, 1_000), 1.0)
    assert watch.step(1.0) == Done()


def test_an_event_before_the_answer_counts() -> None:
    """A task that ends before its submission is answered is recognised at once."""
    watch = ImportWatch(PATIENCE, 0.0, 900.0)
    watch.listening(0.0)
    watch.heard(event(10, 10), 0.5)
    watch.heard(event(5, 10), 0.6)
    watch.heard(event(1, 10, OTHER), 0.6)
    watch.submitted(TASK, 1.0, expected=10)
    watch.all_submitted()
    assert watch.step(1.0) == Done()


def test_events_of_others_are_not_ours() -> None:
    """Another task's end changes nothing."""
    watch = watching()
    watch.heard(event(10, 10, OTHER), 1.0)
    assert isinstance(watch.step(1.0), Listen)
    assert watch.progress() == Progress()


def test_an_early_zero_of_zero_is_no_end() -> None:
    """`0/0` that progress follows is forgotten."""
    watch = watching()
    watch.heard(event(0, 0), 1.0)
    watch.heard(event(10, 1_000), 1.0 + PATIENCE.settle / 2)
    assert isinstance(watch.step(2.0 + PATIENCE.settle), Listen)
    assert not watch.outcome().completed


def test_a_late_zero_of_zero_is_no_end_either() -> None:
    """`0/0` after progress was told means nothing."""
    watch = watching()
    watch.heard(event(10, 1_000), 1.0)
    watch.heard(event(0, 0), 2.0)
    assert isinstance(watch.step(3.0 + PATIENCE.settle), Listen)


def test_zero_of_zero_in_silence_is_the_end() -> None:
    """`0/0` that nothing follows for the settling time completes the task with nothing."""
    watch = watching()
    watch.heard(event(0, 0, ignored=5), 1.0)
    assert watch.step(1.0) == Listen(until=1.0 + PATIENCE.settle)
    assert watch.step(1.0 + PATIENCE.settle) == Done()
    assert watch.outcome().progress == Progress(0, 0)
    assert watch.outcome().ignored == 5


def test_silence_that_cannot_be_heard_settles_nothing() -> None:
    """A connection that breaks while `0/0` settles leaves the matter open."""
    watch = watching()
    watch.heard(event(0, 0), 1.0)
    watch.deaf(2.0)
    watch.listening(3.0)
    assert watch.step(1.0 + 2 * PATIENCE.settle) == Look(TASK)


def test_what_may_be_missed_is_looked_at() -> None:
    """After a reconnection a silent task is looked at soon, and then again until it is confirmed."""
    watch = watching()
    watch.heard(event(100, 1_000), 1.0)
    watch.deaf(2.0)
    watch.listening(3.0)
    assert watch.step(3.0) == Listen(until=3.0 + PATIENCE.look_first)
    assert watch.step(5.0) == Look(TASK)
    watch.looked(TASK, Verdict.UNSEEN, 5.0)
    assert watch.step(5.0) == Listen(until=5.0 + 2 * PATIENCE.look_first)
    watch.looked(TASK, Verdict.SEEN, 9.0)
    assert watch.step(9.0) == Listen(until=9.0 + PATIENCE.still)
    watch.looked(TASK, Verdict.CONFIRMED, 11.0)
    assert watch.step(11.0) == Done()
    outcome = watch.outcome()
    assert (outcome.confirmed_by, outcome.progress) == ("api", Progress(1_000, 1_000))


def test_progress_after_a_reconnection_is_trusted_again() -> None:
    """An event of the task shows that its end was not missed, so it is not looked at early."""
    watch = watching()
    watch.deaf(1.0)
    watch.listening(2.0)
    watch.heard(event(100, 1_000), 3.0)
    assert watch.step(3.0) == Listen(until=3.0 + PATIENCE.look_quiet)


def test_without_liveapi_everything_is_looked_at() -> None:
    """A task that was submitted unheard is looked at from the beginning."""
    watch = watching(connected=False)
    assert watch.step(0.0) == Listen(until=PATIENCE.look_first)
    assert watch.step(PATIENCE.look_first) == Look(TASK)


def test_the_last_look_comes_before_the_deadline() -> None:
    """A short timeout leaves time to confirm a silent task."""
    watch = watching(deadline=20.0)
    assert watch.step(0.0) == Listen(until=15.0)
    assert watch.step(15.0) == Look(TASK)


def test_the_deadline_ends_it() -> None:
    """What is not confirmed by the deadline is incomplete, with its progress."""
    watch = watching()
    watch.heard(event(500, 1_000), 1.0)
    assert watch.step(900.0) == GiveUp()
    outcome = watch.outcome()
    assert (outcome.completed, outcome.confirmed_by, outcome.progress) == (False, None, Progress(500, 1_000))


def test_several_tasks_add_up() -> None:
    """All tasks have to end; what is not told of yet counts with what was submitted."""
    watch = ImportWatch(PATIENCE, 0.0, 900.0)
    watch.listening(0.0)
    watch.submitted(TASK, 0.0, expected=10)
    watch.submitted(OTHER, 0.0, expected=5)
    watch.all_submitted()
    watch.heard(event(10, 10, created=10), 1.0)
    assert isinstance(watch.step(1.0), Listen)
    assert watch.progress() == Progress(10, 15)
    watch.heard(event(5, 5, OTHER, created=4, ignored=1), 2.0)
    assert watch.step(2.0) == Done()
    outcome = watch.outcome()
    assert (outcome.task_ids, outcome.created, outcome.ignored, outcome.updated) == ((TASK, OTHER), 14, 1, None)


@dataclass(frozen=True)
class Happening:
    """Something that reaches the watch at some time."""

    at: float
    what: str
    imported: int


HAPPENINGS = st.lists(
    st.builds(
        Happening,
        at=st.floats(0, 120),
        what=st.sampled_from(["event", "event", "zero", "other", "deaf", "listening"]),
        imported=st.integers(0, 100),
    ),
    max_size=30,
)


@settings(max_examples=300, deadline=None)
@given(HAPPENINGS, st.floats(0, 100), st.floats(10, 150), st.booleans())
def test_an_import_is_never_called_completed_before_it_ended(
    happenings: list[Happening], ends_at: float, deadline: float, connected: bool
) -> None:
    """For any order, duplication, loss and delay of events, completed means ended, and the deadline ends all.

    The task ends at some time; only then can an event that tells the end, or a look that confirms, exist. A lone 0/0
    is left out of the claim: when nothing follows it, no client could tell.
    """
    watch = ImportWatch(PATIENCE, 0.0, deadline)
    if connected:
        watch.listening(0.0)
    watch.submitted(TASK, 0.0, expected=100)
    watch.all_submitted()
    coming = sorted(happenings, key=lambda happening: happening.at)
    now, told = 0.0, False
    for _ in range(1_000):
        step = watch.step(now)
        if isinstance(step, Done):
            assert now >= ends_at or (watch.outcome().progress == Progress(0, 0) and not told)
            return
        if isinstance(step, GiveUp):
            assert now >= deadline
            return
        if isinstance(step, Look):
            watch.looked(TASK, Verdict.CONFIRMED if now >= ends_at else Verdict.UNSEEN, now)
            continue
        if not coming or coming[0].at > step.until:
            now = max(now, step.until)
            continue
        happening = coming.pop(0)
        now = max(now, happening.at)
        assert now <= deadline
        match happening.what:
            case "event":
                # Before the end an event can tell anything but the end.
                imported = happening.imported if now >= ends_at else min(happening.imported, 99)
                told = True
                watch.heard(event(imported, 100), now)
            case "zero":
                watch.heard(event(0, 0), now)
            case "other":
                watch.heard(event(100, 100, OTHER), now)
            case "deaf":
                watch.deaf(now)
            case "listening":
                watch.listening(now)
    raise AssertionError("the watch neither ended nor moved on")
