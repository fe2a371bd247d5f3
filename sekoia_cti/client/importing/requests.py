"""What goes into which request of an import: decisions without I/O."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from sekoia_cti.client.wire import Context, NewIndicator

__all__ = ["ITEMS", "LINES", "Entry", "Request", "parts", "requests_for", "unsendable"]

LINES = 100_000
"""Lines of a part. Half a million indicators, the most that Sekoia holds, make five: few enough to submit within seconds
below five requests a second, and small enough that a part that has to be sent again costs little."""

SIZE = 8 * 1024 * 1024
"""Bytes of a part, line ends included: what servers and firewalls commonly take in one request is 10 MB."""

ITEMS = 100
"""Indicators of a request in JSON, the most there can be (contract, ``POST /ioc-collections/{id}/indicators``)."""


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
class Request:
    """Values that are submitted together, and the context that all of them have.

    Attributes:
        context: Sent for all of them.
        values: One or more lines.
        items: The same as items of a request in JSON; empty for a text.
        in_doubt: Whether Sekoia answered it, or a request with the same values, in a way that leaves open if it took them.
    """

    context: Context
    values: Sequence[str]
    items: Sequence[NewIndicator] = ()
    in_doubt: bool = False

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


def unsendable(value: str) -> bool:
    """Whether a value holds half a character (a lone surrogate), which no request can carry."""
    if value.isascii():
        return False
    try:
        value.encode()
    except UnicodeEncodeError:
        return True
    return False
