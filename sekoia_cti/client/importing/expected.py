"""The values that an import should have put into a collection, and which of them a look found there. No I/O.

Only an index of the values' keys is held in memory (:mod:`~sekoia_cti.client.importing.key_index`); to find out which values are
missing, they are iterated again.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import repeat
from typing import Any, NamedTuple

from sekoia_cti.client.importing.key_index import Digests, KeyIndex
from sekoia_cti.client.importing.missing import INACTIVE, NOT_THERE, Missing
from sekoia_cti.client.importing.row_digests import RowDigests
from sekoia_cti.client.importing.wanted import Wanted
from sekoia_cti.client.times import aware, stamp
from sekoia_cti.client.wire import Context
from sekoia_cti.indicators.matching import identity
from sekoia_cti.indicators.row_context import RowContext
from sekoia_cti.indicators.stored_patterns import value_of

__all__ = ["Expected", "Part", "Sight", "Tally"]

THERE, ACTIVE, AS_ASKED, CHANGED, SURELY, AS_IN_ROW = 1, 2, 4, 8, 16, 32

CARRIED = AS_ASKED | AS_IN_ROW

CLOCK_LAG = timedelta(seconds=2)
"""How far our idea of Sekoia's clock can lag: answers state the time in whole seconds, and servers update it once a second."""

UNSAID = -(2**63)
"""Stands for the end of validity of a row that has none."""


class Part(NamedTuple):
    """How many values of one batch are active, were modified since the submission, and certainly were, whatever the clocks."""

    active: int
    changed: int
    surely: int


@dataclass(frozen=True, slots=True)
class Tally:
    """How many of the values were found, and in which state.

    Attributes:
        expected: How many values there should be.
        there: How many were found in any state.
        active: How many of these are neither revoked nor expired.
        as_asked: How many active values have the context that was sent.
        changed: How many active values were modified since the submission.
        parts: The counts for each batch of values.
        differing: How many active values lack the context that was sent, or the other fields of their rows.
    """

    expected: int
    there: int
    active: int
    as_asked: int
    changed: int
    parts: tuple[Part, ...] = field(default=(), compare=False)
    differing: int = field(default=0, compare=False)

    def all_in(self) -> bool:
        """Whether every value is in."""
        return self.active == self.expected

    def all_as_asked(self) -> bool:
        """Whether every value is in, with the context that was sent."""
        return self.as_asked == self.expected


@dataclass(slots=True)
class _Batch:
    values: Iterable[str]  # iterated several times
    context: Context
    asked: Wanted
    ends: Iterable[datetime | None] | None
    rows: Iterable[RowContext] | None


@dataclass(slots=True)
class Expected:
    """The values of an import.

    Args:
        since: Sekoia's time at the first submission; None if it is not known.
    """

    since: datetime | None = None
    _batches: list[_Batch] = field(default_factory=list)
    _index: KeyIndex = field(default_factory=lambda: KeyIndex(Digests()))
    _ends_of_batches: list[int] = field(default_factory=list)
    _contexts: array[int] | None = None
    _valid_until: array[int] | None = None
    _row_digests: RowDigests | None = None
    _since: tuple[str | None, str] = (None, "")
    _ready: bool = False

    def __bool__(self) -> bool:
        return bool(self._batches)

    def add(
        self,
        values: Iterable[str],
        context: Context,
        *,
        ends: Iterable[datetime | None] | None = None,
        rows: Iterable[RowContext] | None = None,
    ) -> int:
        """Expect these values as well.

        Args:
            values: Lines as they were sent; they are iterated several times.
            context: The context that was sent with them.
            ends: For each value, the end of validity in its row; None if no column holds one.
            rows: For each value, the other fields of its row; iterated when a look begins. They are compared, but they do not
                prove an import: it is unknown whether Sekoia takes all of these columns (contract, "File columns").

        Returns:
            The number of this batch, from 0, as :attr:`Tally.parts` counts.
        """
        self._batches.append(_Batch(values, context, Wanted.of(context), ends, rows))
        self._ready = False
        return len(self._batches) - 1

    def has_context(self) -> bool:
        """Whether the values were sent with any context."""
        return any(batch.context.payload() or batch.ends is not None for batch in self._batches)

    def has_rows(self) -> bool:
        """Whether rows have other fields than the end of validity."""
        return any(batch.rows is not None for batch in self._batches)

    def count(self) -> int:
        """How many values there are."""
        self._prepare()
        return self._index.count()

    def look(self) -> Sight:
        """Begin a new look."""
        self._prepare()
        if self.since is not None:
            self._since = stamp(self.since), stamp(self.since + CLOCK_LAG) or ""
        return Sight(self)

    def sample(self, size: int) -> Expected:
        """Expect only so many of the values, spread from the first to the last."""
        last = self.count() - 1
        places = {round(step * last / max(1, size - 1)) for step in range(size)}
        picked: dict[int, list[tuple[str, datetime | None, RowContext | None]]] = {}
        for number, (value, end, row, of) in enumerate(self._values()):
            if number in places:
                picked.setdefault(of, []).append((value, end, row))
        some = Expected(self.since)
        for at, batch in enumerate(self._batches):  # one for each batch, so that batches keep their numbers
            here = picked.get(at, [])
            ends = [end for _, end, _ in here] if batch.ends is not None else None
            rows = [row for _, _, row in here if row is not None] if batch.rows is not None else None
            some.add([value for value, _, _ in here], batch.context, ends=ends, rows=rows)
        return some

    # For looks

    @property
    def index(self) -> KeyIndex:
        """The index of the values' keys."""
        self._prepare()
        return self._index

    def judge(self, indicator: Mapping[str, Any], place: int, now: str) -> int:
        """The marks of an indicator for the value at a place. Times are texts in UTC, to the second."""
        asked = self._batches[self._contexts[place] if self._contexts else 0].asked
        wanted = asked.valid_until
        if self._valid_until is not None and (own := self._valid_until[place]) != UNSAID:
            wanted = stamp(datetime.fromtimestamp(own, UTC))
        until = stamp(indicator.get("valid_until"))
        # If the requested validity has passed, an expired indicator is as requested.
        if indicator.get("revoked") or (until is not None and until <= now and not (wanted and wanted <= now)):
            return THERE
        marks = THERE | ACTIVE
        since, surely = self._since
        if since is not None and (modified := stamp(indicator.get("modified"))) is not None and modified >= since:
            marks |= CHANGED | (SURELY if modified >= surely else 0)
        if (asked.is_empty and wanted is None) or asked.is_carried(indicator, wanted):
            marks |= AS_ASKED
        if self._row_digests is None or self._row_digests.are_carried(place, indicator):
            marks |= AS_IN_ROW
        return marks

    def values(self) -> Iterator[str]:
        """The values in their order."""
        return (value for batch in self._batches for value in batch.values)

    def batches(self) -> Sequence[int]:
        """For each batch, the number of the value after its last one."""
        return self._ends_of_batches

    # Inside

    def _values(self) -> Iterator[tuple[str, datetime | None, RowContext | None, int]]:
        """Each value with the end of validity in its row, what that says besides, and the number of its batch."""
        for number, batch in enumerate(self._batches):
            ends = repeat(None) if batch.ends is None else batch.ends
            rows = repeat(None) if batch.rows is None else batch.rows
            for value, end, row in zip(batch.values, ends, rows, strict=False):
                yield value, end, row, number

    def _prepare(self) -> None:
        if self._ready:
            return
        digests = Digests()
        contexts, ends = dict[int, int](), dict[int, int]()
        self._ends_of_batches = []
        for at, batch in enumerate(self._batches):
            begun = digests.count()
            digests.add(batch.values)
            self._ends_of_batches.append(digests.count())
            if len(self._batches) > 1:  # for a value that was sent twice, the last context applies
                contexts |= dict.fromkeys(digests.all(begun), at)
            for number, end in enumerate(batch.ends or (), begun):
                if end is not None:
                    ends |= dict.fromkeys(digests.of(number), int(aware(end).timestamp()))
        self._index = KeyIndex(digests)
        keys = self._index.keys
        self._contexts = array("I", (contexts[digest] for digest in keys)) if contexts else None
        self._valid_until = array("q", (ends.get(digest, UNSAID) for digest in keys)) if ends else None
        self._row_digests = self._read_rows() if self.has_rows() else None
        self._ready = True

    def _read_rows(self) -> RowDigests:
        contexts = RowDigests(len(self._index.keys))
        begins = [0, *self._ends_of_batches]
        for batch, begin in zip(self._batches, begins, strict=False):
            for number, said in enumerate(batch.rows or (), begin):
                for place in self._index.places_of(number):
                    contexts.note(place, said)
        return contexts


class Sight:
    """What one look found of the expected values.

    Args:
        expected: The values. None may be added during the look.
    """

    def __init__(self, expected: Expected) -> None:
        self.expected = expected
        self._marks = bytearray(len(expected.index.keys))
        self._tally: Tally | None = None

    def see(self, indicators: Iterable[Mapping[str, Any]], now: datetime) -> None:
        """Add indicators of the collection, in Sekoia's JSON form."""
        place_of, judge, marks = self.expected.index.place, self.expected.judge, self._marks
        self._tally, moment = None, stamp(now) or ""
        for indicator in indicators:
            value = value_of(indicator["pattern"])
            # Nearly all values are stored in canonical form, which is then their only key.
            if (place := place_of(value)) is not None:
                marks[place] |= judge(indicator, place, moment)
                continue
            for key in identity(value):
                if key != value and (place := place_of(key)) is not None:
                    marks[place] |= judge(indicator, place, moment)

    def tally(self) -> Tally:
        """Count the values that were found."""
        if self._tally is None:
            self._tally = self._counted()
        return self._tally

    def _counted(self) -> Tally:
        there = as_asked = told = start = 0
        parts = list[Part]()
        for end in self.expected.batches():
            counts = Counter(self.expected.index.marks_of(start, end, self._marks))

            def seen(mark: int, counts: Counter[int] = counts) -> int:
                return sum(count for marks, count in counts.items() if marks & mark)

            there, as_asked = there + seen(THERE), as_asked + seen(AS_ASKED)
            told += sum(count for marks, count in counts.items() if marks & CARRIED == CARRIED)
            parts.append(Part(seen(ACTIVE), seen(CHANGED), seen(SURELY)))
            start = end
        active = sum(part.active for part in parts)
        return Tally(
            expected=start,
            there=there,
            active=active,
            as_asked=as_asked,
            changed=sum(part.changed for part in parts),
            parts=tuple(parts),
            differing=active - told,
        )

    def differing(self) -> Iterator[str]:
        """The values that were seen in, but without the context that was sent, or what their rows say besides."""
        marks = self.expected.index.marks_of(0, self.expected.count(), self._marks)
        for value, found in zip(self.expected.values(), marks, strict=True):
            if found & ACTIVE and found & CARRIED != CARRIED:
                yield value

    def missing(self) -> Iterator[Missing]:
        """The values that are not in, in their order, each with the reason."""
        marks = self.expected.index.marks_of(0, self.expected.count(), self._marks)
        for value, found in zip(self.expected.values(), marks, strict=True):
            if not found & ACTIVE:
                yield Missing(value, INACTIVE if found & THERE else NOT_THERE)
