"""An index of the keys of many values by their digests. It takes about twenty bytes per value, so half a million cost little."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from itertools import islice

from sekoia_cti.indicators.matching import are_keys, identity

__all__ = ["Digests", "KeyIndex"]

FEW = 64
"""How many values are checked together: if each of them is its own only key, none needs a closer look."""

_ALL = 0xFFFF_FFFF_FFFF_FFFF


class Digests:
    """Digests of the keys of values, in the order of the values.

    Attributes:
        first: For each value, the digest of one of its keys.
        more: The other digests of values with several keys, such as files with several hashes, by the number of the value.
    """

    def __init__(self) -> None:
        self.first = array("Q")
        self.more = dict[int, tuple[int, ...]]()

    def count(self) -> int:
        """How many values there are."""
        return len(self.first)

    def of(self, number: int) -> tuple[int, ...]:
        """All digests of a value."""
        return (self.first[number], *self.more.get(number, ()))

    def all(self, start: int = 0) -> Iterator[int]:
        """All digests of all values, or of the values from a number on."""
        yield from self.first[start:] if start else self.first
        for number, others in self.more.items():
            if number >= start:
                yield from others

    def add(self, values: Iterable[str]) -> None:
        """Add values."""
        rest = iter(values)
        while lines := tuple(islice(rest, FEW)):
            if are_keys(lines):
                self.first.extend(map(_digest, lines))
                continue
            for line in lines:
                digest, *others = map(_digest, identity(line))
                if others:
                    self.more[len(self.first)] = tuple(others)
                self.first.append(digest)


class KeyIndex:
    """Finds the place of a key among the keys of all values.

    Args:
        digests: The digests of the values.

    Attributes:
        keys: The sorted digests. The place of a key is its place in here.
    """

    def __init__(self, digests: Digests) -> None:
        self.keys = _sorted(digests.all())
        bits = max(0, len(self.keys).bit_length() - 3)  # about eight keys per bucket
        self._shift = 64 - bits
        self._starts = array("I", (bisect_left(self.keys, at << self._shift) for at in range(1 << bits)))
        self._starts.append(len(self.keys))
        self._places = array("I", map(self._place_of, digests.first))
        self._more = {number: tuple(map(self._place_of, others)) for number, others in digests.more.items()}

    def count(self) -> int:
        """How many values there are."""
        return len(self._places)

    def place(self, key: str) -> int | None:
        """The place of a key; None if no value has it."""
        digest, keys = hash(key) & _ALL, self.keys
        bucket = digest >> self._shift
        place = bisect_left(keys, digest, self._starts[bucket], self._starts[bucket + 1])
        return place if place < len(keys) and keys[place] == digest else None

    def places_of(self, number: int) -> tuple[int, ...]:
        """Where the keys of a value are, by its number."""
        return (self._places[number], *self._more.get(number, ()))

    def marks_of(self, start: int, end: int, marks: bytearray) -> bytearray:
        """The marks of some values. A file has the marks that all of its hashes have.

        Args:
            start, end: The numbers of the first value, and of the one after the last.
            marks: The marks of all keys by their places.
        """
        found = bytearray(map(marks.__getitem__, self._places[start:end]))
        if self._more:
            for number in range(start, end):
                for place in self._more.get(number, ()):
                    found[number - start] &= marks[place]
        return found

    def _place_of(self, digest: int) -> int:
        """The place of a digest, which is looked up among the few with the same first bits."""
        bucket = digest >> self._shift
        return bisect_left(self.keys, digest, self._starts[bucket], self._starts[bucket + 1])


def _sorted(digests: Iterable[int]) -> array[int]:
    """Sort digests in parts: one list of all digests would take forty bytes per digest."""
    parts = [array("Q") for _ in range(64)]
    for digest in digests:
        parts[digest >> 58].append(digest)
    ordered = array("Q")
    for part in parts:
        ordered.extend(sorted(part))
    return ordered


def _digest(key: str) -> int:
    """A hash of 64 bits. Python's hash of a text depends on a secret of the process, so nobody can provoke a collision."""
    return hash(key) & _ALL
