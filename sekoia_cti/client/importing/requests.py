"""A long list of indicators in parts that Sekoia takes one at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

__all__ = ["LINES", "batches"]

LINES = 100_000
"""Lines of a part. Half a million indicators, the most that Sekoia holds, make five: few enough to submit within seconds
below five requests a second, and small enough that a part that has to be sent again costs little."""

SIZE = 8 * 1024 * 1024
"""Bytes of a part, line ends included: what servers and firewalls commonly take in one request is 10 MB."""


def batches(values: Sequence[str], *, lines: int = LINES, size: int = SIZE) -> Iterator[Sequence[str]]:
    """Cut a list into parts, in their order.

    Args:
        values: Lines.
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
