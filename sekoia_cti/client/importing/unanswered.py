"""Submissions that Sekoia did not answer, but may have accepted: they are repeated between looks into the collection."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sekoia_cti.client.errors import DeadlinePassed, RequestError, Unavailable
from sekoia_cti.client.importing.submission import Submission
from sekoia_cti.client.importing.watch import ImportWatch
from sekoia_cti.client.rest.repetition import Tries
from sekoia_cti.client.waiting import Deadline
from sekoia_cti.client.wire import Accepted, Added

__all__ = ["Send", "Unanswered"]

Send = Callable[[Tries], Accepted | Added]
"""Makes a submission. Repeating it is harmless."""


@dataclass
class _Doubt:
    """A submission that was not answered.

    Attributes:
        submission: What the watch knows about it.
        send: Repeats it.
        failure: Why the last attempt failed; None once Sekoia has certainly accepted it.
        repeated: Whether repeating it may still help.
    """

    submission: Submission
    send: Send
    failure: RequestError | None
    repeated: bool = True

    def is_open(self) -> bool:
        """Whether nothing shows yet that Sekoia accepted it."""
        return self.failure is not None and not self.submission.begun


class Unanswered:
    """The submissions of one import that were not answered.

    Args:
        watch: Watches them like submissions whose tasks are unknown.
        deadline: The deadline of the import.
        on_task: Called with the id of a task that is known at last.
    """

    def __init__(self, watch: ImportWatch, deadline: Deadline, *, on_task: Callable[[str], object]) -> None:
        self._watch = watch
        self._deadline = deadline
        self._on_task = on_task
        self._all: list[_Doubt] = []

    def __bool__(self) -> bool:
        return bool(self._all)

    def add(self, failure: Unavailable, send: Send, *, count: int | None, part: int | None) -> None:
        """Watch a submission that Sekoia may have accepted.

        Args:
            failure: Why there was no answer.
            send: Repeats it.
            count: How many indicators are in it, if that is known.
            part: Its number among the parts that looks count, if they count it.
        """
        submission = self._watch.submitted(None, self._deadline.now(), expected=count, part=part)
        self._all.append(_Doubt(submission, send, failure))

    def repeat(self) -> None:
        """Repeat each submission of which nothing shows yet that Sekoia accepted it."""
        if self._watch.proved() and self._watch.refreshed():
            return
        for doubt in [doubt for doubt in self._all if doubt.repeated and doubt.is_open()]:
            try:
                accepted = doubt.send({"attempts": 1})
            except DeadlinePassed:
                return
            except RequestError as error:
                # An uploaded file may be gone once its import has begun.
                doubt.failure, doubt.repeated = error, isinstance(error, Unavailable)
            else:
                doubt.failure, doubt.repeated = None, False
                self._resolve(doubt.submission, accepted)

    def failure(self) -> RequestError | None:
        """Why the first submission failed of which nothing shows that Sekoia accepted it; None if there is none."""
        return next((doubt.failure for doubt in self._all if doubt.is_open()), None)

    def _resolve(self, submission: Submission, accepted: Accepted) -> None:
        shown = isinstance(accepted, Added) and accepted.items is not None
        if accepted.task_id is not None or accepted.done_at_once() or shown:
            self._watch.answered(submission, accepted, self._deadline.now(), ended=accepted.task_id is None)
        if accepted.task_id is not None:
            self._on_task(accepted.task_id)
