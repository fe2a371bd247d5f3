"""The state machine of an import against a Sekoia that tells anything: events in any order, lost, late, or untrue."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from sekoia_cti.client.importing.expected import Part, Tally
from sekoia_cti.client.importing.ledger import Ledger
from sekoia_cti.client.importing.look_history import Found
from sekoia_cti.client.importing.outcome import Conclusion
from sekoia_cti.client.importing.watch import Ask, Done, GiveUp, ImportWatch, Listen, Look
from sekoia_cti.client.waiting import Patience
from sekoia_cti.client.wire import ImportEvent, TaskEvent

TASKS = ("t", "u")
EACH = 20
DEADLINE = 900.0
WHICH = st.integers(0, 1)


class Imports(RuleBasedStateMachine):
    """Two tasks of twenty values each, some of which Sekoia refuses. What is told about them need not be so, but for `created`.

    Values that are in stay in. Looks tell the truth, or nothing.
    """

    @initialize(
        refused=st.tuples(st.integers(0, EACH), st.integers(0, EACH)), context=st.booleans(), told=st.booleans()
    )
    def begin(self, refused: tuple[int, int], context: bool, told: bool) -> None:
        """Submit both."""
        self.now = 0.0
        self.refused, self.tasks_are_told = refused, told
        self.there, self.over = [0, 0], [False, False]
        self.readable = True
        self.last: Done | GiveUp | None = None
        self.watch = ImportWatch(Patience(), 0.0, DEADLINE, has_context=context)
        self.watch.listening(0.0)
        for part, task in enumerate(TASKS):
            self.watch.submitted(task, 0.0, expected=EACH, part=part)

    @rule(which=WHICH, more=st.integers(1, EACH))
    def values_come(self, which: int, more: int) -> None:
        """A task goes on."""
        self.there[which] = min(self.there[which] + more, EACH - self.refused[which])

    @rule(which=WHICH)
    def a_task_ends(self, which: int) -> None:
        """All that it takes is in."""
        self.there[which], self.over[which] = EACH - self.refused[which], True

    @rule(which=WHICH, imported=st.integers(0, 40), total=st.integers(0, 40))
    def anything_is_told(self, which: int, imported: int, total: int) -> None:
        """0/0, totals that grow or shrink, progress that goes back: in time, late, or never."""
        self.hear(ImportEvent(task_id=TASKS[which], imported=imported, total=total))

    @rule(which=WHICH)
    @precondition(lambda self: any(self.over))
    def the_end_is_told(self, which: int) -> None:
        """As it is, counts included."""
        if self.over[which]:
            there = self.there[which]
            self.hear(
                ImportEvent(
                    task_id=TASKS[which], imported=EACH, total=EACH, created=there, updated=0, ignored=EACH - there
                )
            )

    @rule(readable=st.booleans())
    def looks_may_fail(self, readable: bool) -> None:
        """The collection can be read from now on, or not."""
        self.readable = readable

    @rule(connected=st.booleans())
    def the_connection_changes(self, connected: bool) -> None:
        """What is told while nobody listens is lost."""
        if connected:
            self.watch.listening(self.now)
        else:
            self.watch.deaf(self.now)

    @rule(seconds=st.sampled_from([0.5, 5.0, 30.0, 120.0]))
    def time_passes(self, seconds: float) -> None:
        """Whoever watches does what there is to do meanwhile."""
        until = self.now + seconds
        while self.now < until and self.last is None:
            self.act(until)

    @invariant()
    def nothing_is_completed_that_is_not_in(self) -> None:
        """Nor is anything called missing that the last look found."""
        if getattr(self, "last", None) is None:
            return
        confirmation: Any = SimpleNamespace(missing=lambda: iter(()))
        conclusion = Conclusion(self.watch, confirmation, Ledger(taken=2 * EACH))
        outcome = conclusion.outcome("completed" if isinstance(self.last, Done) else "incomplete")
        if outcome.status == "completed":
            assert self.there == [EACH, EACH]
        if outcome.status == "rejected":
            assert outcome.missing_count == 2 * EACH
        if outcome.missing_count is not None:
            assert outcome.missing_count >= 2 * EACH - sum(self.there)
        imported, total = outcome.progress.imported, outcome.progress.total
        assert (imported is None and total is None) or (imported is not None and total is not None)

    def teardown(self) -> None:
        """Whatever happened, it comes to an end by the deadline."""
        if hasattr(self, "watch"):
            while self.last is None:
                self.act(DEADLINE)
            assert self.now <= DEADLINE
            self.nothing_is_completed_that_is_not_in()

    def hear(self, event: ImportEvent) -> None:
        """An event is sent, and heard by who listens."""
        if self.watch.connected and self.last is None:
            self.watch.heard(event, self.now)

    def act(self, until: float) -> None:
        """One step of whoever drives the watch."""
        match self.watch.step(self.now):
            case Done() | GiveUp() as last:
                self.last = last
            case Listen(moment):
                assert moment > self.now
                self.now = min(moment, max(until, self.now))
            case Look():
                self.now = min(self.now + 0.1, DEADLINE)
                parts = tuple(Part(there, there, there) for there in self.there)
                there = sum(self.there)
                tally = Tally(2 * EACH, there=there, active=there, as_asked=there, changed=there, parts=parts)
                self.watch.looked(Found(tally, complete=True) if self.readable else None, self.now)
            case Ask(task_id) if self.tasks_are_told:
                status = "FINISHED" if self.over[TASKS.index(task_id)] else "RUNNING"
                self.watch.heard(TaskEvent(task_id=task_id, status=status), self.now, by="api")
            case Ask(task_id):
                self.watch.untold(task_id, self.now)
                self.watch.can_ask = False


TestImports = Imports.TestCase
TestImports.settings = settings(max_examples=30, stateful_step_count=25, deadline=None, derandomize=True)
