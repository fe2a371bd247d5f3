"""The loop around the watch of an import: does what the watch decides, and reports the results and LiveAPI's events to it."""

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
"""Seconds to wait before the first submission for a refusal by message, unless LiveAPI answers a ping earlier."""

CATCH_UP = 1.0
"""Seconds after the deadline for reading what arrived before it."""


class Driver:
    """The loop around the watch of one import.

    Args:
        watch: Decides what to do next.
        confirmation: Looks into the collection, and asks for the state of tasks.
        live: The connection to LiveAPI, or None for an import that is not waited for.
        deadline: When everything has to have ended.
        on_progress: Called whenever the progress changes.
        on_warning: Called with what people should know at once.
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
        """Connect LiveAPI before anything is submitted. If it cannot be reached, there is a warning, and the import goes on.

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
        """Process what LiveAPI has sent. If it refused the key by message before the first submission, that is an error.

        Raises:
            LiveAPIRefused: The key was refused, and nothing was submitted yet.
        """
        if self._live is None:
            return
        if not self._watch.submissions:
            self._live.catch_up(REFUSAL)
        while (signal := self._live.next(0)) is not None:
            if isinstance(signal, Disconnected) and signal.final and not self._watch.submissions:
                raise signal.error
            self._take(signal)

    def expect(self, task_id: str) -> None:
        """Listen for the events of a task, including those that have come already."""
        if self._live is not None:
            self._live.awaits(task_id)

    def catch_up(self) -> None:
        """Process what LiveAPI has sent meanwhile."""
        while self._live is not None and (signal := self._live.next(0)) is not None:
            self._take(signal)

    # The loop

    def run(self, *, after_look: Callable[[], object], last: bool) -> bool:
        """Do what the watch decides until it is done or gives up.

        Args:
            after_look: Called after each look.
            last: Whether no submission follows.

        Returns:
            True when it is done, False when it gave up.

        Raises:
            Interrupted: The platform is stopping the process.
        """
        watch, deadline = self._watch, self._deadline
        if self._live is not None and last:
            self._live.all_submitted()
        self._on_progress(watch.progress())
        caught_up = False
        while True:
            self.catch_up()  # the end may have been reported during a look
            deadline.heed()
            watch.can_ask = self._confirmation.can_ask()
            match watch.step(deadline.now()):
                case Done():
                    return True
                case GiveUp():
                    if caught_up or self._live is None:
                        return False
                    # If the process was stopped for a while, the end may be waiting in the socket.
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
