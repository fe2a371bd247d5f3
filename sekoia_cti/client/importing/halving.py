"""Which request of an import goes next, and what is tried when one is refused: decisions without I/O."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from sekoia_cti.client.importing.missing import Missing
from sekoia_cti.client.importing.requests import Request

__all__ = ["IN_A_ROW", "Halving"]

IN_A_ROW = 10
"""Values refused one by one after which the rest of a request is given up: each costs a request, and every two a pause."""

BOTH_HALVES = 3
"""Requests refused, with nothing taken in between, when one and both of its halves were."""


@dataclass
class Halving:
    """Which request goes next. One that is refused is cut in halves until the values that Sekoia does not take stand alone.

    What may be taken goes first: a request that is refused waits until all the others have gone, and of two halves the second
    is tried before the first is cut again, unless both are refused.

    An answer of 500 can come from anything, so a request is sent twice before it is cut, and a value alone is sent again, after
    what waits next, before it is blamed. Every two errors cost a pause (:class:`~sekoia_cti.client.waiting.Patience`), and all
    the rest next to nothing: one value among *n* that is always answered 500 makes 3 + log2(*n*) errors, which is 30 s of pauses
    for 10 values, 60 s for 1,000, and 100 s for 100,000.

    Args:
        requests: In the order in which they are to go.
        in_a_row: Values refused one by one, with none taken in between, after which the rest of a request is given up; None: 10.
    """

    requests: Iterable[Request]
    in_a_row: int | None = None
    missing: list[Missing] = field(default_factory=list)
    """Values that Sekoia refused, or that were not submitted, and why."""
    in_doubt: list[tuple[Request, str]] = field(default_factory=list)
    """Requests given up that Sekoia may have taken, although it answered 500, and why."""
    stopped: bool = False
    """Whether the end was reached by stopping."""
    attempts: int = 2
    """How often the next request is to be sent while the answer is 500."""
    _whole: Request | None = None  # the last request that was not cut
    _aside: deque[Request] = field(default_factory=deque)  # refused, to be cut when all the others have gone
    _parts: deque[tuple[Request, bool]] = field(default_factory=deque)  # and whether the other half follows
    _half: bool = False  # whether the other half of the last request follows
    _refused: int = 0  # values alone, with nothing taken in between
    _in_vain: int = 0  # requests of any size, the same
    _suspected: dict[str, int] = field(default_factory=dict)  # how often a value alone was answered 500
    _works: bool = False  # whether something was taken since the first refusal

    def __post_init__(self) -> None:
        self._waiting = iter(self.requests)

    def next(self) -> Request | None:
        """The request to make now; None when nothing is left."""
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
        """Sekoia took the last request."""
        self._refused = self._in_vain = 0
        self._works = True

    def refused(self, request: Request, reason: str, *, surely: bool = True) -> bool:
        """Sekoia did not take a request, presumably because of what is in it.

        Args:
            request: The last one.
            reason: For those of its values that turn out to be why.
            surely: Whether what is in it is why; otherwise it may be taken when it is sent again, or may have been taken already.

        Returns:
            True when too many values were refused in a row, and the rest of the request was given up.
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
                "Sekoia refused the request that contained it, and refused other values of " "that request one by one",
            )
        return True

    def stop(self, request: Request | None, reason: str) -> None:
        """Nothing more can be submitted: this request and all that would follow are given up."""
        self.stopped = True
        while request is not None:
            self._give_up(request, reason)
            request = self.next()

    def _is_to_blame(self, request: Request) -> bool:
        """Whether a value alone was answered 500 often enough: twice where Sekoia takes others, else it may be out of order."""
        (value,) = request.values
        self._suspected[value] = times = self._suspected.get(value, 0) + 1
        return times > (1 if self._works else 2)

    def _again(self, request: Request) -> None:
        """Have what is in a request tried again; behind the other half, unless that is likely to be refused too."""
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
