"""Decides, as a state machine without I/O, when an import is finished.

There are two witnesses. *LiveAPI*, or the state of a task, says that Sekoia has processed the import. *The collection* says
which values are in. If the first leaves no doubt, it is enough; if it does (see :meth:`ImportWatch.doubts`), the collection is
read. If no end is reported, the proof is that the collection is in the requested state.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from sekoia_cti.client.errors import SekoiaError
from sekoia_cti.client.importing.look_history import Found, LookHistory
from sekoia_cti.client.importing.submission import Submission, Witness
from sekoia_cti.client.waiting import Patience
from sekoia_cti.client.wire import Accepted, Counts, ImportEvent, TaskEvent
from sekoia_cti.indicators.display import counted

__all__ = ["Ask", "Done", "GiveUp", "ImportWatch", "Listen", "Look", "Progress", "Step", "Submission"]

LOOKS_AFTER_THE_END, LOOKS_WITHOUT_AN_END = 2, 3
"""How many looks must find the same before missing values are given up."""


@dataclass(frozen=True)
class Progress:
    """How far an import has come, over all of its tasks.

    Attributes:
        imported, total: How many indicators have been processed, and how many there are; None before Sekoia has reported any.
    """

    imported: int | None = None
    total: int | None = None

    def __str__(self) -> str:
        if self.imported is None or self.total is None:
            return "Sekoia has not reported any progress yet"
        return f"{self.imported:,} of {counted(self.total)}"


@dataclass(frozen=True)
class Listen:
    """Wait for the next signal, until this moment at most."""

    until: float


@dataclass(frozen=True)
class Ask:
    """Ask for the state of a task, and report it with :meth:`ImportWatch.heard` or :meth:`ImportWatch.untold`."""

    task_id: str


@dataclass(frozen=True)
class Look:
    """Look into the collection, and report it with :meth:`ImportWatch.looked`."""


@dataclass(frozen=True)
class Done:
    """Waiting is over: every submission has ended, or the collection is in the requested state, or will not reach it."""


@dataclass(frozen=True)
class GiveUp:
    """The deadline passed first."""


Step = Listen | Ask | Look | Done | GiveUp


@dataclass
class ImportWatch:
    """Decides what to do next in an import, based on what was reported and what was found in the collection so far.

    It does no I/O and has no clock: every method takes the time in seconds, which only grows.

    Args:
        patience: How long to wait, and for what.
        start: When the time for the import began.
        deadline: When it ends.
        has_context: Whether the values were sent with a context, so that finding them in the collection is not enough.

    Attributes:
        submissions: The parts of the import in the order of their submission.
        connected: Whether LiveAPI is connected.
        can_look, can_ask: Whether there is any use in looking into the collection, and in asking for the state of a task.
        history: What the looks found. Once the end is reported, only looks after it count.
    """

    patience: Patience
    start: float
    deadline: float
    has_context: bool = False
    submissions: list[Submission] = field(default_factory=list)
    connected: bool = False
    can_look: bool = True
    can_ask: bool = True
    _end_noted: bool = False

    def __post_init__(self) -> None:
        self.history = LookHistory(self.patience, self.deadline)

    @property
    def found(self) -> Found | None:
        """What the last successful look found; None if there was none."""
        return self.history.found

    # What happened

    def submitted(
        self, task_id: str | None, now: float, *, expected: int | None = None, part: int | None = None
    ) -> Submission:
        """Sekoia accepted a part of the import, or may have accepted it.

        Args:
            task_id: Its task; None if that is not known, so that only the collection can show the end.
            now: The time.
            expected: How many indicators are in it, if that is known.
            part: Its place in ``Tally.parts``, if looks count it.

        Returns:
            The submission, for :meth:`answered`.
        """
        missed = task_id is None or not self.connected
        submission = Submission(task_id, expected, part, heard_at=now, missed=missed)
        self.submissions.append(submission)
        return submission

    def answered(self, submission: Submission, accepted: Accepted, now: float, *, ended: bool) -> None:
        """Sekoia has certainly accepted a part of the import, after that was submitted again.

        Args:
            submission: What :meth:`submitted` returned for it.
            accepted: The answer.
            now: The time.
            ended: Whether Sekoia has processed it already.
        """
        submission.task_id, submission.heard_at = accepted.task_id, now
        submission.missed = accepted.task_id is None or not self.connected
        if ended:
            submission.counts, submission.ended_by, submission.begun = accepted, "api", True
        self._note_end(now)

    def done(self, counts: Counts, now: float, *, expected: int | None = None) -> None:
        """Sekoia accepted a part of the import, and has processed it already."""
        self.submissions.append(
            Submission(None, expected, None, heard_at=now, counts=counts, ended_by="api", begun=True)
        )
        self._note_end(now)

    def suspected(self, now: float) -> None:
        """Sekoia may have stored values that it answered with HTTP 500 each time: only the collection can show it."""
        self.submissions.append(Submission(None, None, None, heard_at=now, ended_by="api", begun=True, suspected=True))
        self._note_end(now)

    def heard(self, event: ImportEvent | TaskEvent, now: float, *, by: Witness = "liveapi") -> None:
        """LiveAPI sent an event of a task, or the REST API returned the state of one."""
        for submission in self.submissions:
            if submission.task_id == event.task_id and (submission.is_open() or submission.settled):
                if submission.settled:
                    self._end_noted = False  # the silence did not mean the end
                if isinstance(event, ImportEvent):
                    submission.progressed(event, now, connected=self.connected)
                elif submission.state_told(event, now, by):
                    self.history.pass_over(now)
        self._note_end(now)

    def untold(self, task_id: str, now: float) -> None:
        """Sekoia did not report the state of a task."""
        for submission in self.submissions:
            if submission.task_id == task_id:
                submission.asked_at, submission.working = now, False

    def listening(self, now: float) -> None:
        """LiveAPI is connected. Earlier events are lost, so open tasks are checked soon."""
        self.connected = True
        for submission in self._open():
            submission.heard_at = now
        self.history.look_soon()

    def deaf(self, now: float) -> None:
        """LiveAPI is not connected, so events are missed from now on."""
        self.connected = False
        for submission in self._open():
            if not submission.missed:
                submission.missed, submission.heard_at = True, now
                self.history.look_soon()
            submission.almost_at = None  # without a connection, silence means nothing

    def looked(self, found: Found | None, now: float, *, denial: SekoiaError | None = None) -> None:
        """There was a look into the collection.

        Args:
            found: What it found; None if the collection could not be read.
            now: The time.
            denial: Sekoia's answer if the key may not read the collection.
        """
        if found is not None:
            for submission in self._open():
                submission.begun = submission.begun or self._came(submission, found)
        self.history.add(found, now, denial)

    # What to do

    def step(self, now: float) -> Step:
        """What to do next."""
        for submission in self._open():
            if submission.almost_at is None or now < (silent := submission.almost_at + self.patience.settle):
                continue
            if (
                self.can_ask
                and submission.task_id is not None
                and submission.asked_at < silent
                and now < self.deadline
            ):
                return Ask(submission.task_id)  # an answer is more reliable than silence
            submission.ended_by, submission.settled = "liveapi", True
        self._note_end(now)
        if self._is_settled(now):
            return Done()
        if now >= self.deadline:
            # After the end, what is not known by now is reported as unknown.
            return Done() if self.ended() else GiveUp()
        due = self._next_look()
        if due > now:
            almost = [s.almost_at + self.patience.settle for s in self._open() if s.almost_at is not None]
            moments = [due, self.deadline, *almost, self.history.unchanged_at(self._quiet_time())]
            return Listen(until=min(moment for moment in moments if moment > now))
        if self.can_look and now >= self._last_chance() and self.history.is_older_than(self._last_chance()):
            return Look()  # at the deadline it must be known what is in, whatever the state of the task
        if self.can_ask and not self._is_nearly_told() and (task_id := self._unasked(due)) is not None:
            return Ask(task_id)
        if not self.can_look or self._works(now):
            self.history.pass_over(now)
            return Listen(until=min(self._next_look(), self.deadline))
        return Look()

    def ended(self) -> bool:
        """Whether the end of every submission has been reported."""
        return bool(self.submissions) and not self._open()

    def doubts(self) -> bool:
        """Whether the reports leave open if every value is in."""
        return any(submission.is_open() or submission.leaves_doubts() for submission in self.submissions)

    def proved(self) -> bool:
        """Whether the collection is in the requested state."""
        found = self.found
        return found is not None and found.complete and found.tally.all_as_asked()

    def refreshed(self) -> bool:
        """Whether more is known than that values which were sent without a context are in the collection."""
        return self.has_context or not self._open() or bool(self.found and self.found.tally.changed)

    def progress(self) -> Progress:
        """The progress over all tasks; for tasks that Sekoia has not reported on, the total is what was submitted."""
        if not any(submission.event or submission.counts for submission in self.submissions):
            return Progress()
        done = total = 0
        for submission in self.submissions:
            event, expected = submission.event, submission.expected or 0
            over = self.proved() or not submission.is_open()
            told = event is not None and over and (event.total or submission.settled)
            whole = event.total if event and told else max(event.total if event else 0, expected)
            total += whole
            done += whole if over else event.imported if event else 0
        return Progress(done, total)

    # Inside

    def _open(self) -> list[Submission]:
        return [submission for submission in self.submissions if submission.is_open()]

    def _note_end(self, now: float) -> None:
        if self.ended() and not self._end_noted:
            self._end_noted = True
            self.history.forget(now)  # a value must not be given up because of earlier looks

    def _works(self, now: float) -> bool:
        """Whether a task is known to be running: it said so, and can be asked again or said so not long ago."""
        return any(
            submission.working and (self.can_ask or now < submission.heard_at + self.patience.look_quiet)
            for submission in self._open()
        )

    def _came(self, submission: Submission, found: Found) -> bool:
        """Whether values of a submission arrived or changed since it was made."""
        if submission.part is None or submission.part >= len(found.tally.parts):
            return False
        now = found.tally.parts[submission.part]
        before = self.found.tally.parts[submission.part].active if self.found else now.active
        return now.surely > 0 or now.active > before or (now.changed > 0 and found.grew)

    def _is_settled(self, now: float) -> bool:
        """Whether there is nothing more to wait for."""
        if not self.submissions:
            return True
        works = self._works(now)
        # Without a context, only the task shows whether values that were there before have been refreshed.
        if self.proved() and self.refreshed() and (self.has_context or not works):
            return True
        return self._is_decided(now) if self.ended() else not works and self._is_given_up(now)

    def _is_decided(self, now: float) -> bool:
        """After the end of every submission: whether it is known which values are in, or cannot be found out."""
        if not self.doubts() or not self.can_look or self.history.is_denied(self.patience.look_quiet, now):
            return True
        found = self.found
        if found is None:
            return False
        if found.tally.all_in() or self._is_over_after_failures(found):
            return True
        return self.history.is_unchanged(LOOKS_AFTER_THE_END, self._quiet_time(), now)

    def _is_given_up(self, now: float) -> bool:
        """Without a reported end: whether the collection has not changed for so long that missing values are given up."""
        found = self.found
        if found is None or not found.complete:
            return False
        if not self.history.is_unchanged(LOOKS_WITHOUT_AN_END, self._quiet_time(), now):
            return False
        if found.tally.all_in():
            return not self.has_context  # they were in before, and nothing more can be found out
        return all(submission.begun for submission in self._open())

    def _quiet_time(self) -> float:
        """For how many seconds the collection must not change before missing values are given up."""
        told = self.ended() and not any(submission.suspected for submission in self.submissions)
        return self.patience.settle if told and not self._is_contradicted() else self.patience.look_quiet

    def _is_over_after_failures(self, found: Found) -> bool:
        """Whether all tasks in doubt have failed, and the collection shows at least what they reported before."""
        doubtful = [submission for submission in self.submissions if submission.leaves_doubts()]
        reported = [event.imported for submission in doubtful if (event := submission.event) and event.imported]
        return (
            all(submission.failed for submission in doubtful)
            and len(reported) == len(doubtful)
            and found.tally.active >= sum(reported)
        )

    def _is_contradicted(self) -> bool:
        """Whether the collection shows less than Sekoia reported, so that the listing may lag."""
        found = self.found
        if found is None or not found.complete:
            return False
        told = (submission.counts or submission.event for submission in self.submissions)
        created = sum(counts.created or 0 for counts in told if counts)
        return found.tally.active < created or (found.grew and not found.tally.active)

    def _next_look(self) -> float:
        """When the next look is due: soon after events may have been missed, later if there is only silence.

        Before the deadline, there is a last look early enough for the looks that must follow it.
        """
        if not self.can_look and not self.can_ask:
            return math.inf
        again = self.history.next_at()
        if self.ended() or self._is_nearly_told():
            return again
        # As long as other tasks report anything, a silent task may just be waiting for its turn.
        heard = max(submission.heard_at for submission in self.submissions)
        due = min(
            submission.heard_at + self.patience.look_first if submission.missed else heard + self.patience.look_quiet
            for submission in self._open()
        )
        heard_at = min(submission.heard_at for submission in self._open())
        return max(min(due, max(self._last_chance(), heard_at + self.patience.look_first)), again)

    def _last_chance(self) -> float:
        """The latest moment for a look that leaves time for the looks that must follow."""
        return self.deadline - min(20.0, (self.deadline - self.start) / 4)

    def _is_nearly_told(self) -> bool:
        """Whether every open task has reported something that will count as its end if nothing follows."""
        return all(submission.almost_at is not None for submission in self._open())

    def _unasked(self, due: float) -> str | None:
        """A task whose state has not been asked for since this look was due; None if there is none."""
        for submission in self._open():
            if submission.task_id is not None and submission.asked_at < due:
                return submission.task_id
        return None
