"""Whether a call that failed is made again, and when. What may pass is ``Unavailable``; every other error ends the attempts."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypedDict, TypeVar

from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt

from sekoia_cti.client.errors import DeadlinePassed, NotFound, SekoiaError, Unavailable
from sekoia_cti.client.waiting import Deadline, Patience

__all__ = ["Repetition", "Tries"]

Result = TypeVar("Result")


class Tries(TypedDict, total=False):
    """How often a call is made at most. Without any of these keys, only the deadline limits the attempts.

    Keys:
        attempts: The limit, whatever the failure is.
        attempts_at_500: The limit while the answer is 500.
        attempts_in_doubt: The limit while Sekoia may have accepted the request (:meth:`Unavailable.may_be_done`), for callers
            that can find out in another way. Such attempts also end after a quarter of the time that was left, and the error
            raised is one of these failures, whatever became of other attempts.
    """

    attempts: int | None
    attempts_at_500: int | None
    attempts_in_doubt: int | None


class Repetition:
    """Makes one call until it succeeds, as long as its failure may pass and there is time for another attempt.

    Args:
        deadline: No attempt begins after it, and no pause is longer than the time left.
        patience: Pauses between attempts, and the limit for an address where nobody is reached.
        tries: Limits on the attempts.
    """

    def __init__(self, deadline: Deadline, patience: Patience, tries: Tries) -> None:
        self._deadline = deadline
        self._patience = patience
        self._attempts = tries.get("attempts")
        self._attempts_at_500 = tries.get("attempts_at_500")
        self._attempts_in_doubt = tries.get("attempts_in_doubt")
        self._doubting = deadline.remaining() / 4
        self._failure: Unavailable | None = None
        self._doubt: Unavailable | None = None

    def run(self, once: Callable[[], Result]) -> Result:
        """Make the call.

        Args:
            once: Makes one attempt.

        Returns:
            What the attempt that succeeded returned.

        Raises:
            SekoiaError: No attempt succeeded. Of all their errors, it is the one that says most.
        """
        retrying = Retrying(
            retry=retry_if_exception_type(Unavailable),
            wait=self._pause,
            stop=self._is_in_vain,
            sleep=self._deadline.pause,
            reraise=True,
        )
        try:
            return retrying(lambda: self._attempt(once))
        except (DeadlinePassed, NotFound, Unavailable) as error:
            raise self._telling(error) from None

    def _attempt(self, once: Callable[[], Result]) -> Result:
        try:
            return once()
        except Unavailable as error:
            self._failure = error
            if self._attempts_in_doubt and error.may_be_done():
                self._doubt = error
            raise

    def _pause(self, state: RetryCallState) -> float:
        asked = self._failure.retry_after if self._failure else None
        return max(asked or 0.0, self._patience.backoff(state.attempt_number))

    def _is_in_vain(self, state: RetryCallState) -> bool:
        limit = self._most(self._failure) if self._failure else None
        too_often = limit is not None and stop_after_attempt(limit)(state)
        in_doubt = bool(self._attempts_in_doubt and self._failure and self._failure.may_be_done())
        too_long = in_doubt and (state.seconds_since_start or 0.0) >= self._doubting
        return too_long or too_often or state.upcoming_sleep >= self._deadline.remaining()

    def _most(self, failure: Unavailable) -> int | None:
        if self._attempts:
            return self._attempts
        if failure.is_elsewhere():  # an address where nobody was reached is more often wrong than out of order
            return self._patience.attempts
        if failure.status == 500 and self._attempts_at_500:
            return self._attempts_at_500
        return self._attempts_in_doubt if failure.may_be_done() else None

    def _telling(self, error: DeadlinePassed | NotFound | Unavailable) -> SekoiaError:
        """The error that says most about what became of the call, given the one that ended the attempts."""
        if self._doubt is not None and not (isinstance(error, Unavailable) and error.status == 500):
            return self._doubt  # a later 404 may mean that an uploaded file is gone because its import has begun
        if self._failure is not None and isinstance(error, DeadlinePassed):
            return self._failure  # why the attempts failed says more than that the time is up
        return error
