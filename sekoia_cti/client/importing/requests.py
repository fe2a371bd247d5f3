"""What goes into which request of an import, and what to do when one is refused: decisions without I/O."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from sekoia_cti.client.wire import Context, NewIndicator
from sekoia_cti.indicators.account_of_values import Account

__all__ = [
    "ITEMS",
    "LINES",
    "Entry",
    "Halving",
    "Missing",
    "Request",
    "damaged_of",
    "parts",
    "requests_for",
    "unsendable",
]

LINES = 100_000
"""Lines of a part. Half a million indicators, the most that Sekoia holds, make five: few enough to submit within seconds
below five requests a second, and small enough that a part that has to be sent again costs little."""

SIZE = 8 * 1024 * 1024
"""Bytes of a part, line ends included: what servers and firewalls commonly take in one request is 10 MB."""

ITEMS = 100
"""Indicators of a request in JSON, the most there can be (contract, ``POST /ioc-collections/{id}/indicators``)."""

IN_A_ROW = 10
"""Values refused one by one after which the rest of a request is given up: each costs a request, and every two a pause."""

BOTH_HALVES = 3
"""Requests refused, with nothing taken in between, when one and both of its halves were."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An indicator with what is said about it alone, for a request in JSON.

    Attributes:
        item: As it is sent.
        context: What holds for it, but for what the item says itself.
    """

    item: NewIndicator
    context: Context


@dataclass(frozen=True, slots=True)
class Missing:
    """A value that is not in the collection, and why."""

    value: str
    reason: str


@dataclass(frozen=True, slots=True)
class Request:
    """Values that are submitted together, and the context that all of them have.

    Attributes:
        context: Sent for all of them.
        values: One or more lines.
        items: The same as items of a request in JSON; empty for a text.
    """

    context: Context
    values: Sequence[str]
    items: Sequence[NewIndicator] = ()

    def halves(self) -> tuple[Request, Request]:
        """The same in two requests."""
        middle = len(self.values) // 2
        return (
            replace(self, values=self.values[:middle], items=self.items[:middle]),
            replace(self, values=self.values[middle:], items=self.items[middle:]),
        )


def parts(values: Sequence[str], *, lines: int = LINES, size: int = SIZE) -> Iterator[Sequence[str]]:
    """Cut a list into parts, in their order.

    Args:
        values: Lines that UTF-8 can hold (see :func:`unsendable`).
        lines: How many a part holds at the most.
        size: How many bytes a part holds at the most, unless a single line is longer.
    """
    start = held = 0
    for place, value in enumerate(values):
        length = (len(value) if value.isascii() else len(value.encode())) + 1
        if place > start and (place - start == lines or held + length > size):
            yield values[start:place]
            start, held = place, 0
        held += length
    if start < len(values):
        yield values[start:]


def requests_for(entries: Iterable[Entry]) -> list[Request]:
    """Sort entries into requests of at most :data:`ITEMS` that one context is enough for, in the order in which contexts come.

    An item of a request can say its type and the start of its validity; of the rest the contract knows only what holds for a
    whole request (``default_fields``), so what differs in it goes in requests of its own.
    """
    groups: dict[str, tuple[Context, list[Entry]]] = {}
    for entry in entries:
        groups.setdefault(entry.context.model_dump_json(), (entry.context, []))[1].append(entry)
    return [
        Request(context, [entry.item.value for entry in some], [entry.item for entry in some])
        for context, group in groups.values()
        for start in range(0, len(group), ITEMS)
        if (some := group[start : start + ITEMS])
    ]


def damaged_of(account: Account) -> list[Missing]:
    """The values of a source that lost a character on the way, as missing."""
    return [Missing(damaged.value, damaged.reason) for damaged in account.damaged]


def unsendable(value: str) -> bool:
    """Whether a value holds half a character (a lone surrogate), which no request can carry."""
    if value.isascii():
        return False
    try:
        value.encode()
    except UnicodeEncodeError:
        return True
    return False


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
    """Values that were not submitted, and why."""
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
            surely: Whether what is in it is why; otherwise it may be taken when it is sent again.

        Returns:
            True when too many values were refused in a row, and the rest of the request was given up.
        """
        if self.attempts > 1:
            self.attempts, self._works = 1, False
        self._in_vain += 1
        alone = len(request.values) == 1
        if not alone or not (surely or self._is_to_blame(request)):
            if request is self._whole:
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
                self._parts.popleft()[0], "Sekoia refused a request with it, and others of that request one by one"
            )
        return True

    def stop(self, request: Request | None, reason: str) -> None:
        """Nothing more can be submitted: this request and all that would follow are missing."""
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
        self.missing += (Missing(value, reason) for value in request.values)
