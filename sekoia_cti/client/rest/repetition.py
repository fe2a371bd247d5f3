"""Whether a call that failed is made again, and when."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypedDict, TypeVar

from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt

from sekoia_cti.client.errors import DeadlinePassed, NotFound, SekoiaError, Unavailable
from sekoia_cti.client.waiting import Deadline, Patience

__all__ = ["Repetition", "Tries"]

Result = TypeVar("Result")


class Tries(TypedDict, total=False):
    """How often a call is made, if not until the deadline.

    Keys:
        attempts: The most there can be.
        attempts_at_500: The same, while the answer is 500.
        attempts_in_doubt: The same, while each may have been taken (:meth:`Unavailable.may_be_done`), for who can find out
            otherwise; not more of them either than a quarter of the time that is left takes. What is raised then is such a
            failure, whatever came of the other attempts.
    """

    attempts: int | None
    attempts_at_500: int | None
    attempts_in_doubt: int | None


class Repetition:
    """Makes one call until it works, while what prevents it may pass and the deadline lets another attempt in.

    Args:
        deadline: Ends it.
        patience: Backoff, and how often an address is tried where nobody was reached.
        tries: How often it is made, if not until the deadline.
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
            once: Makes it once.

        Raises:
            SekoiaError: It did not work; what says most about it.
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
        """Of all failures the one that says most about what became of the call."""
        if self._doubt is not None and not (isinstance(error, Unavailable) and error.status == 500):
            return self._doubt  # such as an uploaded file that is not there any more once its import began
        if self._failure is not None and isinstance(error, DeadlinePassed):
            return self._failure  # what kept it from being done says more than that the time is up
        return error
