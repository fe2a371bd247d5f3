"""Decides, without I/O, which request of an import is sent next, and what to try when Sekoia refuses one."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from sekoia_cti.client.importing.missing import Missing
from sekoia_cti.client.importing.requests import Request

__all__ = ["IN_A_ROW", "Halving"]

IN_A_ROW = 10
"""How many values Sekoia refuses one by one before the rest of a request is given up: every two cost a pause."""

BOTH_HALVES = 3
"""How many requests in a row have been refused when a request and both of its halves have been."""


@dataclass
class Halving:
    """Decides which request is sent next. A refused request is halved until the values that Sekoia refuses stand alone.

    Requests that Sekoia is likely to accept are sent first: a refused request waits until all others have been sent, and of two
    halves the second is tried before the first is halved again, unless both are refused.

    HTTP 500 can have any reason. So a request is sent twice before it is halved, and a single value is sent again later before it
    is blamed. Every two errors cost a pause (:class:`~sekoia_cti.client.waiting.Patience`); the rest costs next to nothing.
    One value among *n* that is always answered with HTTP 500 causes 3 + log2(*n*) errors. That is 30 s of pauses for 10 values,
    60 s for 1,000, and 100 s for 100,000.

    Args:
        requests: The requests in the order in which to send them.
        in_a_row: How many values Sekoia refuses one by one, without accepting any in between, before the rest of a request is
            given up; 10 when None.
    """

    requests: Iterable[Request]
    in_a_row: int | None = None
    missing: list[Missing] = field(default_factory=list)
    """Values that Sekoia refused or that were not submitted, and why."""
    in_doubt: list[tuple[Request, str]] = field(default_factory=list)
    """Requests that were given up after HTTP 500, and why. Sekoia may have accepted them anyway."""
    stopped: bool = False
    """Whether the submission was stopped before its end."""
    attempts: int = 2
    """How often to send the next request if the answer is HTTP 500."""
    _whole: Request | None = None  # the last request, if it was not halved before
    _aside: deque[Request] = field(default_factory=deque)  # refused, to be halved when all others have been sent
    _parts: deque[tuple[Request, bool]] = field(default_factory=deque)  # and whether the other half follows
    _half: bool = False  # whether the other half of the last request follows
    _refused: int = 0  # single values, with nothing accepted in between
    _in_vain: int = 0  # the same for requests of any size
    _suspected: dict[str, int] = field(default_factory=dict)  # how often a single value was answered with HTTP 500
    _works: bool = False  # whether Sekoia has accepted anything since the first refusal

    def __post_init__(self) -> None:
        self._waiting = iter(self.requests)

    def next(self) -> Request | None:
        """The request to send now; None when nothing is left."""
        self._whole, self._half = None, False
        if not self._parts:
            self._refused = 0
            if (request := next(self._waiting, None)) is not None:
                self._whole = request
                return request
            if not self._aside:
                return None
            self._in_vain = 1
            self._again(self._aside.popleft())
        request, self._half = self._parts.popleft()
        return request

    def taken(self) -> None:
        """Sekoia accepted the last request."""
        self._refused = self._in_vain = 0
        self._works = True

    def refused(self, request: Request, reason: str, *, surely: bool = True) -> bool:
        """Sekoia did not accept the last request, presumably because of its content.

        Args:
            request: The last request.
            reason: The reason to report for those of its values that turn out to be the cause.
            surely: Whether its content is certainly the cause; otherwise Sekoia may accept it next time, or may have stored it.

        Returns:
            True if too many values in a row were refused, so that the rest of the request was given up.
        """
        if self.attempts > 1:
            self.attempts, self._works = 1, False
        self._in_vain += 1
        is_whole, alone = request is self._whole, len(request.values) == 1
        request = request if surely else replace(request, in_doubt=True)
        if not alone or not (surely or self._is_to_blame(request)):
            if is_whole:
                self._aside.append(request)
            else:
                self._again(request)
            return False
        self._refused += 1
        self._give_up(request, reason)
        if self._refused < (self.in_a_row or IN_A_ROW):
            return False
        while self._parts:
            self._give_up(
                self._parts.popleft()[0],
                "Sekoia refused the request that contained it, and refused other values of that request one by one",
            )
        return True

    def stop(self, request: Request | None, reason: str, *, rest: str) -> None:
        """Nothing more can be submitted: give up this request, and all that would follow, each with a reason."""
        self.stopped = True
        while request is not None:
            self._give_up(request, reason)
            request, reason = self.next(), rest

    def _is_to_blame(self, request: Request) -> bool:
        """Whether a single value was answered with HTTP 500 often enough: twice, or three times if nothing else is accepted."""
        (value,) = request.values
        self._suspected[value] = times = self._suspected.get(value, 0) + 1
        return times > (1 if self._works else 2)

    def _again(self, request: Request) -> None:
        """Try the content of a request again, after the other half, unless that is likely to be refused too."""
        other = [self._parts.popleft()] if self._half and self._in_vain < BOTH_HALVES else []
        if len(request.values) == 1:
            again = [(request, False)]
        else:
            first, second = request.halves()
            again = [(first, True), (second, False)]
        self._parts.extendleft(reversed([*other, *again]))

    def _give_up(self, request: Request, reason: str) -> None:
        if request.in_doubt:
            self.in_doubt.append((request, reason))
        else:
            self.missing += (Missing(value, reason) for value in request.values)
