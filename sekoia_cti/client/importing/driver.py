"""Drives the watch of an import: does what it decides, and reports to it what LiveAPI told and what was asked and seen."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from sekoia_cti.client.importing.confirmation import Confirmation
from sekoia_cti.client.importing.watch import Ask, Done, GiveUp, ImportWatch, Listen, Look, Progress
from sekoia_cti.client.live.signals import Connected, Disconnected, Heard, Signal
from sekoia_cti.client.waiting import Deadline
from sekoia_cti.client.wire import TaskEvent

if TYPE_CHECKING:
    from sekoia_cti.client.live.stream import LiveAPI

__all__ = ["Driver"]

REFUSAL = 1.0
"""Seconds that a refusal by message may take before the first submission, where LiveAPI does not answer a ping earlier."""

CATCH_UP = 1.0
"""Seconds after the deadline for reading what has arrived before it."""


class Driver:
    """The loop around the watch of one import.

    Args:
        watch: Decides.
        confirmation: Looks into the collection, and asks for the state of tasks.
        live: The connection to LiveAPI, or None for an import that is not waited for.
        deadline: Ends it all.
        on_progress: Told of each change.
        on_warning: Told what people should know at once.
    """

    def __init__(
        self,
        watch: ImportWatch,
        confirmation: Confirmation,
        live: LiveAPI | None,
        deadline: Deadline,
        *,
        on_progress: Callable[[Progress], object],
        on_warning: Callable[[str], object],
    ) -> None:
        self._watch = watch
        self._confirmation = confirmation
        self._live = live
        self._deadline = deadline
        self._on_progress = on_progress
        self._on_warning = on_warning

    # Before the end is waited for

    def connect(self) -> None:
        """Connect LiveAPI, before anything is submitted; if it cannot be reached, that is a warning.

        Raises:
            LiveAPIRefused: The key was refused.
            CertificateRejected: The certificate is not trusted.
        """
        if self._live is None:
            return
        self._deadline.when_interrupted(self._live.wake)
        error = self._live.ready(self._deadline)
        if error is None:
            self._watch.listening(self._deadline.now())
        else:
            self._on_warning(f"{error} The import continues, and will be confirmed over the REST API.")

    def refuse_a_refused_key(self) -> None:
        """Take what was heard. A refusal by message can come at any time; before the first submission it is an error.

        Raises:
            LiveAPIRefused: The key was refused, and nothing was submitted yet.
        """
        if self._live is None:
            return
        if not self._watch.submissions:
            self._live.catch_up(REFUSAL, wait_for_idle=False)
        while (signal := self._live.next(0)) is not None:
            if isinstance(signal, Disconnected) and signal.final and not self._watch.submissions:
                raise signal.error
            self._take(signal)

    def expect(self, task_id: str) -> None:
        """Hear what LiveAPI tells of a task, what it told already included."""
        if self._live is not None:
            self._live.awaits(task_id)

    def catch_up(self) -> None:
        """Take what was heard meanwhile."""
        while self._live is not None and (signal := self._live.next(0)) is not None:
            self._take(signal)

    # The loop

    def run(self, *, after_look: Callable[[], object], last: bool) -> bool:
        """Do what the watch decides until it is done or gives up.

        Args:
            after_look: Called after each look.
            last: Whether no submission follows.

        Returns:
            Whether it is done.

        Raises:
            SekoiaError: The platform stops the process.
        """
        watch, deadline = self._watch, self._deadline
        if self._live is not None and last:
            self._live.all_submitted()
        self._on_progress(watch.progress())
        caught_up = False
        while True:
            self.catch_up()  # a look takes time, in which the end may have been told
            deadline.heed()
            watch.can_ask = self._confirmation.can_ask()
            match watch.step(deadline.now()):
                case Done():
                    return True
                case GiveUp():
                    if caught_up or self._live is None:
                        return False
                    # A process that was stopped for a while finds the end in the socket.
                    self._live.catch_up(CATCH_UP)
                    caught_up = True
                case Ask(task_id):
                    self._ask(task_id)
                case Look():
                    found = self._confirmation.look()
                    watch.looked(found, deadline.now(), denial=self._confirmation.denial)
                    after_look()
                case Listen(until):
                    self._listen(until)

    # Inside

    def _listen(self, until: float) -> None:
        left = max(0.0, until - self._deadline.now())
        if self._live is None:
            self._deadline.pause(left)
        elif (signal := self._live.next(left)) is not None:
            self._take(signal)

    def _ask(self, task_id: str) -> None:
        task = self._confirmation.ask(task_id)
        now = self._deadline.now()
        if task is None:
            self._watch.untold(task_id, now)
        else:
            self._watch.heard(TaskEvent(task_id=task_id, status=task.status, message=task.message), now, by="api")

    def _take(self, signal: Signal) -> None:
        now = self._deadline.now()
        match signal:
            case Connected():
                self._watch.listening(now)
            case Disconnected(error, final):
                self._watch.deaf(now)
                if final:
                    self._on_warning(f"{error} The import continues, and will be confirmed over the REST API.")
            case Heard(event):
                self._watch.heard(event, now)
                self._on_progress(self._watch.progress())
