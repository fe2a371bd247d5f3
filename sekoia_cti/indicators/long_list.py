"""Lists of what may be very many: the first hundred at hand for people, and all of them for a file, in little memory."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from typing import TypeVar

__all__ = ["LISTED", "LongList"]

LISTED = 100
"""Entries at hand."""

_BLOCK = 1_000
"""Entries that are packed at once."""

Entry = TypeVar("Entry")


class LongList(list[Entry]):
    """The first :data:`LISTED` entries as a list; the others packed, which takes less room than the source has them in.

    Entries are added by :meth:`note` alone, and all of one kind: texts, named tuples, or what JSON can hold.

    Attributes:
        total: How many there are.
    """

    def __init__(self) -> None:
        super().__init__()
        self.total = 0
        self._packed: list[bytes] = []
        self._waiting: list[Entry] = []

    def note(self, entry: Entry) -> None:
        """Add an entry."""
        self.total += 1
        if self.total <= LISTED:
            self.append(entry)
            return
        self._waiting.append(entry)
        if len(self._waiting) == _BLOCK:
            self._packed.append(zlib.compress(json.dumps(self._waiting).encode(), 1))
            self._waiting.clear()

    def whole(self) -> Iterator[Entry]:
        """All entries, in their order; a tuple within one may come back as a list."""
        yield from self
        again = getattr(type(self[0]), "_make", None) if self else None
        for block in self._packed:
            for entry in json.loads(zlib.decompress(block)):
                yield again(entry) if again else entry
        yield from self._waiting
