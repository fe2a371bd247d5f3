"""Decides, without I/O, what goes into which request of an import."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from sekoia_cti.client.wire import Context, NewIndicator

__all__ = ["ITEMS", "LINES", "Entry", "Request", "parts", "requests_for", "unsendable"]

LINES = 100_000
"""Lines of a part. Half a million indicators, the most that Sekoia holds, are five parts: few enough to submit within seconds at
fewer than five requests a second, and each small enough that repeating it costs little."""

SIZE = 8 * 1024 * 1024
"""Bytes of a part, including line ends. Servers and firewalls commonly accept 10 MB in one request."""

ITEMS = 100
"""The most indicators in a JSON request (contract, ``POST /ioc-collections/{id}/indicators``)."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An indicator with its own context, for a JSON request.

    Attributes:
        item: The indicator as it is sent.
        context: Its context, except for the fields of the item.
    """

    item: NewIndicator
    context: Context


@dataclass(frozen=True, slots=True)
class Request:
    """Values that are submitted together with one context.

    Attributes:
        context: The context of all of them.
        values: One or more lines.
        items: The same values as items of a JSON request; empty for a text.
        in_doubt: Whether Sekoia's answer, to this request or to one with the same values, leaves open if it accepted them.
    """

    context: Context
    values: Sequence[str]
    items: Sequence[NewIndicator] = ()
    in_doubt: bool = False

    def halves(self) -> tuple[Request, Request]:
        """Split it into two requests."""
        middle = len(self.values) // 2
        return (
            replace(self, values=self.values[:middle], items=self.items[:middle]),
            replace(self, values=self.values[middle:], items=self.items[middle:]),
        )


def parts(values: Sequence[str], *, lines: int = LINES, size: int = SIZE) -> Iterator[Sequence[str]]:
    """Split a list into parts, keeping its order.

    Args:
        values: Lines that UTF-8 can encode (see :func:`unsendable`).
        lines: How many lines a part has at most.
        size: How many bytes a part has at most, unless a single line is longer.
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
    """Group entries with the same context into requests of at most :data:`ITEMS`, in the order in which the contexts first occur.

    An item of a request can have its own type and start of validity. In the contract, all other fields apply to a whole request
    (``default_fields``), so entries that differ in them need separate requests.
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
    """Whether a value contains half a character (a lone surrogate), which cannot be encoded in a request."""
    if value.isascii():
        return False
    try:
        value.encode()
    except UnicodeEncodeError:
        return True
    return False
