"""Submissions that were not answered, and may have been taken: they are made again between looks into the collection."""

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
"""Makes a submission, once more if need be, which is harmless."""


@dataclass
class _Doubt:
    """A submission that was not answered.

    Attributes:
        submission: How it is watched.
        send: Makes it once more.
        failure: What came of it last; None once it was taken for sure.
        repeated: Whether an answer can still come of it.
    """

    submission: Submission
    send: Send
    failure: RequestError | None
    repeated: bool = True

    def is_open(self) -> bool:
        """Whether nothing shows that it was taken."""
        return self.failure is not None and not self.submission.begun


class Unanswered:
    """The submissions of one import that were not answered.

    Args:
        watch: Watches them, like submissions whose tasks are not named.
        deadline: Of the import.
        on_task: Told of the tasks that answers name at last.
    """

    def __init__(self, watch: ImportWatch, deadline: Deadline, *, on_task: Callable[[str], object]) -> None:
        self._watch = watch
        self._deadline = deadline
        self._on_task = on_task
        self._all: list[_Doubt] = []

    def __bool__(self) -> bool:
        return bool(self._all)

    def add(self, failure: Unavailable, send: Send, *, count: int | None, part: int | None) -> None:
        """Watch a submission that may have been taken.

        Args:
            failure: What came of it.
            send: Makes it once more.
            count: How many indicators are in it, if that is known.
            part: Its number among the parts that looks count, if they do.
        """
        submission = self._watch.submitted(None, self._deadline.now(), expected=count, part=part)
        self._all.append(_Doubt(submission, send, failure))

    def repeat(self) -> None:
        """Make each of them once more, unless what they brought was seen to come."""
        if self._watch.proved() and self._watch.refreshed():
            return
        for doubt in [doubt for doubt in self._all if doubt.repeated and doubt.is_open()]:
            try:
                accepted = doubt.send({"attempts": 1})
            except DeadlinePassed:
                return
            except RequestError as error:
                # An uploaded file may not be there any more once its import began.
                doubt.failure, doubt.repeated = error, isinstance(error, Unavailable)
            else:
                doubt.failure, doubt.repeated = None, False
                self._resolve(doubt.submission, accepted)

    def failure(self) -> RequestError | None:
        """What came of the first of which nothing shows that it was taken."""
        return next((doubt.failure for doubt in self._all if doubt.is_open()), None)

    def _resolve(self, submission: Submission, accepted: Accepted) -> None:
        shown = isinstance(accepted, Added) and accepted.items is not None
        if accepted.task_id is not None or accepted.done_at_once() or shown:
            self._watch.answered(submission, accepted, self._deadline.now(), ended=accepted.task_id is None)
        if accepted.task_id is not None:
            self._on_task(accepted.task_id)
