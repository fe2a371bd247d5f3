"""What makes an import finished: a state machine without I/O, and the importer that feeds it.

Two witnesses can end a task. LiveAPI does with an event whose ``imported`` has reached its ``total``, or with ``0/0``
that nothing follows. REST does when events may have been missed: see :mod:`sekoia_cti.client.importing.confirmation`. A task that
neither confirms is never called completed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from sekoia_cti.client.errors import DeadlinePassed, RequestError, SekoiaError
from sekoia_cti.client.importing.confirmation import Confirmation, Verdict
from sekoia_cti.client.live.signals import Connected, Disconnected, Message, Signal
from sekoia_cti.client.rest.endpoints import RestClient
from sekoia_cti.client.waiting import Deadline, Patience
from sekoia_cti.client.wire import Accepted, Collection, Context, ImportEvent

if TYPE_CHECKING:
    from sekoia_cti.client.live.stream import LiveAPI

__all__ = ["Done", "GiveUp", "ImportWatch", "Importer", "Listen", "Look", "Outcome", "Progress", "Witness"]

Witness = Literal["liveapi", "api"]

EARLY_TASKS = 10_000
"""Tasks of others whose progress is remembered while a submission is unanswered; more come from no real community."""


@dataclass(frozen=True)
class Progress:
    """How far an import has come, over all of its tasks.

    Attributes:
        imported, total: Indicators done, and to do; None before Sekoia told.
    """

    imported: int | None = None
    total: int | None = None


@dataclass(frozen=True)
class Outcome:
    """How an import ended, over all of its tasks.

    Attributes:
        completed: True when every task was confirmed.
        task_ids: The tasks, in the order of submission.
        progress: How far it came.
        created, updated, ignored: Told by Sekoia at the end; None where it did not.
        confirmed_by: The witness; ``api`` when any of the tasks needed it, None when not completed.
    """

    completed: bool
    task_ids: tuple[str, ...]
    progress: Progress
    created: int | None
    updated: int | None
    ignored: int | None
    confirmed_by: Witness | None


@dataclass(frozen=True)
class Listen:
    """Wait for the next signal, at the longest until this moment."""

    until: float


@dataclass(frozen=True)
class Look:
    """Look over REST whether the task has ended, and report it with :meth:`ImportWatch.looked`."""

    task_id: str


@dataclass(frozen=True)
class Done:
    """Every task was confirmed."""


@dataclass(frozen=True)
class GiveUp:
    """The deadline passed first."""


Step = Listen | Look | Done | GiveUp


@dataclass
class _Task:
    id: str
    expected: int | None
    heard_at: float
    event: ImportEvent | None = None
    zero_at: float | None = None
    missed: bool = False
    looks: int = 0
    look_at: float = 0.0
    confirmed_by: Witness | None = None


@dataclass
class ImportWatch:
    """Decides, from what was heard and seen so far, whether the tasks of an import have ended and what to do next.

    It does no I/O and has no clock: every method takes the time, in seconds that only grow.

    Args:
        patience: Its settling and looking times.
        start: When the time of the import began.
        deadline: When it is up.
    """

    patience: Patience
    start: float
    deadline: float
    tasks: dict[str, _Task] = field(default_factory=dict)
    connected: bool = False
    _early: dict[str, ImportEvent] | None = field(default_factory=dict)

    # What happened

    def submitted(self, task_id: str, now: float, *, expected: int | None = None) -> None:
        """Sekoia answered a submission with this task; events that came before the answer count.

        Args:
            task_id: As Sekoia gave it.
            now: The time.
            expected: Indicators submitted, where that is known.
        """
        task = self.tasks.setdefault(task_id, _Task(task_id, expected, heard_at=now, missed=not self.connected))
        if self._early and (event := self._early.pop(task_id, None)):
            self._apply(task, event, now)

    def all_submitted(self) -> None:
        """No submission will follow: events of unknown tasks are nobody's from now on."""
        self._early = None

    def heard(self, event: ImportEvent, now: float) -> None:
        """LiveAPI told the progress of some task."""
        if task := self.tasks.get(event.task_id):
            self._apply(task, event, now)
        elif self._early is not None and len(self._early) < EARLY_TASKS:
            before = self._early.get(event.task_id)
            if before is None or event.imported >= before.imported:
                self._early[event.task_id] = event

    def listening(self, now: float) -> None:
        """LiveAPI is connected. What was sent while it was not is lost, so open tasks are looked at soon."""
        self.connected = True
        for task in self._open():
            task.heard_at = now
            task.looks, task.look_at = 0, 0.0

    def deaf(self, now: float) -> None:
        """LiveAPI is not connected: from now on events are missed."""
        self.connected = False
        for task in self._open():
            if not task.missed:
                task.missed, task.heard_at, task.looks, task.look_at = True, now, 0, 0.0
            task.zero_at = None  # silence means nothing to who cannot hear

    def looked(self, task_id: str, verdict: Verdict, now: float) -> None:
        """A look over REST at a task gave this verdict."""
        task = self.tasks[task_id]
        task.looks += 1
        if verdict is Verdict.CONFIRMED:
            task.confirmed_by = "api"
        elif verdict is Verdict.SEEN:
            task.look_at = now + self.patience.still
        else:
            task.look_at = now + min(self.patience.look_longest, self.patience.look_first * 2 ** min(task.looks, 16))

    # What to do

    def step(self, now: float) -> Step:
        """What to do next."""
        for task in self._open():
            if task.zero_at is not None and now >= task.zero_at + self.patience.settle:
                task.confirmed_by = "liveapi"
        open_tasks = self._open()
        if not open_tasks:
            return Done()
        if now >= self.deadline:
            return GiveUp()
        due = min(open_tasks, key=self._look_due)
        if self._look_due(due) <= now:
            return Look(due.id)
        settled = [task.zero_at + self.patience.settle for task in open_tasks if task.zero_at is not None]
        return Listen(until=min([self._look_due(due), self.deadline, *settled]))

    def progress(self) -> Progress:
        """How far it has come; tasks that Sekoia has not told of count with what was submitted."""
        tasks = self.tasks.values()
        if not any(task.event for task in tasks):
            return Progress()
        done = [
            task.event.total if task.confirmed_by == "api" and task.event else task.event.imported if task.event else 0
            for task in tasks
        ]
        return Progress(sum(done), sum(task.event.total if task.event else task.expected or 0 for task in tasks))

    def outcome(self) -> Outcome:
        """How it ended, or where it stands."""
        tasks = self.tasks.values()
        completed = bool(self.tasks) and not self._open()
        events = [task.event for task in tasks if task.event]

        def told(counts: list[int | None]) -> int | None:
            known = [count for count in counts if count is not None]
            return sum(known) if known else None

        witness: Witness = "api" if any(task.confirmed_by == "api" for task in tasks) else "liveapi"
        return Outcome(
            completed=completed,
            task_ids=tuple(self.tasks),
            progress=self.progress(),
            created=told([event.created for event in events]),
            updated=told([event.updated for event in events]),
            ignored=told([event.ignored for event in events]),
            confirmed_by=witness if completed else None,
        )

    # Inside

    def _open(self) -> list[_Task]:
        return [task for task in self.tasks.values() if task.confirmed_by is None]

    def _apply(self, task: _Task, event: ImportEvent, now: float) -> None:
        if task.confirmed_by:
            return
        task.heard_at = now
        task.missed = not self.connected
        ended = event.total > 0 and event.imported >= event.total
        if ended or task.event is None or event.imported >= task.event.imported:
            task.event = event
        if ended:
            task.confirmed_by = "liveapi"
        elif event.total or event.imported or (task.event and task.event.total):
            task.zero_at = None
        elif self.connected:
            task.zero_at = now

    def _look_due(self, task: _Task) -> float:
        """When to look at a task: soon after events may have been missed, late when there is only silence.

        Near the deadline a silent task gets a last look, with the time for the looks that must follow it.
        """
        silence = self.patience.look_first if task.missed else self.patience.look_quiet
        last_chance = self.deadline - min(20.0, (self.deadline - self.start) / 4)
        due = min(task.heard_at + silence, max(last_chance, task.heard_at + self.patience.look_first))
        return max(due, task.look_at)


@dataclass
class Importer:
    """Runs one import into one collection: submits, watches, confirms.

    Args:
        collections: The REST client.
        live: The connection to LiveAPI, or None for an import that is not waited for.
        collection: Where the indicators go.
        context: What is sent along with them.
        deadline: Ends it all.
        patience: Its settling and looking times.
        on_progress: Told of each change.
    """

    collections: RestClient
    live: LiveAPI | None
    collection: Collection
    context: Context
    deadline: Deadline
    patience: Patience
    on_progress: Callable[[Progress], None]

    def __post_init__(self) -> None:
        self.watch = ImportWatch(self.patience, self.deadline.start, self.deadline.at)
        self._confirmations: dict[str, Confirmation] = {}

    @property
    def collection_id(self) -> str:
        """The id of the collection."""
        return self.collection.id

    def connect(self) -> SekoiaError | None:
        """Connect LiveAPI, before anything is submitted.

        Returns:
            None when it listens; otherwise why it does not: the import will have to be confirmed over REST.

        Raises:
            SekoiaError: The key was refused, the certificate is not trusted, or the time is up.
        """
        if self.live is None:
            return None
        error = self.live.ready(self.deadline)
        if error is None:
            self.watch.listening(self.deadline.now())
        return error

    def submit(
        self,
        send: Callable[[], Accepted | None],
        *,
        sample: Callable[[], Sequence[str]],
        last: str | None,
        expected: int | None = None,
    ) -> str | None:
        """Submit a part of the import and watch the task that comes of it.

        Args:
            send: Makes the submission; None when Sekoia has done it already, so that there is nothing to watch.
            sample: Gives values of it, the last one first, should a look over REST be needed.
            last: The last value of it, where that is known: see :class:`~sekoia_cti.client.importing.confirmation.Confirmation`.
            expected: Indicators in it, where that is known.

        Returns:
            The id of the task, if there is one.

        Raises:
            SekoiaError: Sekoia did not take it.
        """
        confirmation = None
        if self.live is not None:
            confirmation = Confirmation(
                self.collections, self.collection_id, context=self.context, sample=sample, last=last
            )
        accepted = send()
        self._drain()
        if accepted is None:
            return None
        if confirmation:
            self._confirmations[accepted.task_id] = confirmation
        self.watch.submitted(accepted.task_id, self.deadline.now(), expected=expected)
        return accepted.task_id

    def finish(self) -> Outcome:
        """Wait until every task is confirmed, or the deadline passes; :attr:`Outcome.completed` tells which."""
        live, watch, deadline = self.live, self.watch, self.deadline
        watch.all_submitted()
        if live is None:
            return watch.outcome()
        live.only(watch.tasks)
        self.on_progress(watch.progress())
        while True:
            self._drain()  # a look takes time, in which the end may have been told
            match watch.step(deadline.now()):
                case Done() | GiveUp():
                    return watch.outcome()
                case Look(task_id):
                    watch.looked(task_id, self._look(task_id), deadline.now())
                case Listen(until):
                    if (signal := live.next(until - deadline.now())) is not None:
                        self._note(signal)

    def _look(self, task_id: str) -> Verdict:
        try:
            return self._confirmations[task_id].look()
        except DeadlinePassed:
            return Verdict.UNSEEN
        except RequestError:
            # As long as LiveAPI can tell the end, a look that is refused costs nothing.
            if self.watch.connected:
                return Verdict.UNSEEN
            raise

    def _drain(self) -> None:
        """Take what was heard during a submission, so that nothing piles up and no early event is late."""
        while self.live and (signal := self.live.next(0)) is not None:
            self._note(signal)

    def _note(self, signal: Signal) -> None:
        now = self.deadline.now()
        match signal:
            case Connected():
                self.watch.listening(now)
            case Disconnected():
                self.watch.deaf(now)
            case Message(raw):
                if event := ImportEvent.parse(raw):
                    self.watch.heard(event, now)
                    self.on_progress(self.watch.progress())
