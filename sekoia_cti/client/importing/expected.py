"""What an import is expected to have put into a collection, and how much of it a look saw there: no I/O.

Values are held as digests of their canonical form in arrays, some twenty bytes each, so that half a million of them cost
little; which ones are missing is told by going through the values again.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import chain, islice, repeat
from typing import Any, NamedTuple

from sekoia_cti.client.importing.requests import Missing
from sekoia_cti.client.wire import Context, aware, value_of
from sekoia_cti.indicators.matching import are_keys, identity

__all__ = ["Again", "Expected", "Part", "Sight", "Tally", "same_time", "time_of"]

THERE, ACTIVE, AS_ASKED, CHANGED, SURELY = 1, 2, 4, 8, 16

CLOCK_LAG = timedelta(seconds=2)
"""How far what is known of Sekoia's clock can be behind it: it is told to the second, and servers renew that once a second."""

UNSAID = -(2**63)
"""In place of the end of a validity, where a row says none."""


FEW = 64
"""Values that are looked at together: if all of them are keys as they stand, none takes a closer look."""

_ALL = 0xFFFF_FFFF_FFFF_FFFF


class Part(NamedTuple):
    """How many values of one batch are active, modified since the submission, and so beyond doubt of the clocks."""

    active: int
    changed: int
    surely: int


@dataclass(frozen=True, slots=True)
class Tally:
    """How many of the values were seen, and how.

    Attributes:
        expected: Values there should be.
        there: Seen at all.
        active: Seen, neither revoked nor expired.
        as_asked: Active, and carrying the context that was sent.
        changed: Active, and modified since the submission.
        parts: The same for each batch of values.
    """

    expected: int
    there: int
    active: int
    as_asked: int
    changed: int
    parts: tuple[Part, ...] = field(default=(), compare=False)

    def all_in(self) -> bool:
        """Whether every value is in."""
        return self.active == self.expected

    def all_as_asked(self) -> bool:
        """Whether every value is in, with the context that was sent."""
        return self.as_asked == self.expected


@dataclass(frozen=True, slots=True)
class Again:
    """What is read anew whenever it is gone through, so that it need not be held.

    Args:
        read: Begins to read.
    """

    read: Callable[[], Iterator[Any]]

    def __iter__(self) -> Iterator[Any]:
        return self.read()


@dataclass(slots=True)
class _Wanted:
    """A context in the form in which indicators are compared with it."""

    description: str | None
    valid_from: str | None
    valid_until: str | None
    phases: frozenset[tuple[str, str]]
    threats: frozenset[str]
    is_empty: bool

    @classmethod
    def of(cls, context: Context) -> _Wanted:
        return cls(
            description=context.description.strip() if context.description is not None else None,
            valid_from=_stamp(context.valid_from),
            valid_until=_stamp(context.valid_until),
            phases=frozenset((each.kill_chain_name, each.phase_name) for each in context.kill_chain_phases or ()),
            threats=frozenset(context.x_ic_related_threat_refs or ()),
            is_empty=not context.payload(),
        )

    def is_carried(self, indicator: Mapping[str, Any], valid_until: str | None) -> bool:
        """Whether an indicator has all of it: times to the second, texts without outer blanks, at least these phases and threats.

        Args:
            indicator: As Sekoia's JSON has it.
            valid_until: When it was to end, in its own words or in those of its row; None where that was not said.
        """
        if self.description is not None and _text(indicator.get("description")).strip() != self.description:
            return False
        if valid_until is not None and _stamp(indicator.get("valid_until")) != valid_until:
            return False
        if self.valid_from is not None and _stamp(indicator.get("valid_from")) != self.valid_from:
            return False
        if self.phases:
            there = _list(indicator.get("kill_chain_phases"))
            held = {(str(p.get("kill_chain_name")), str(p.get("phase_name"))) for p in there if isinstance(p, Mapping)}
            if not self.phases <= held:
                return False
        return not self.threats or self.threats <= set(map(str, _list(indicator.get("x_ic_related_threat_refs"))))


@dataclass(slots=True)
class _Batch:
    values: Iterable[str]  # can be gone through again and again
    context: Context
    asked: _Wanted
    ends: Iterable[datetime | None] | None


@dataclass(slots=True)
class Expected:
    """The values of an import.

    Args:
        since: Sekoia's clock at the first submission; None where it was not told.
    """

    since: datetime | None = None
    _batches: list[_Batch] = field(default_factory=list)
    _keys: array[int] = field(default_factory=lambda: array("Q"))
    _starts: array[int] = field(default_factory=lambda: array("I"))
    _shift: int = 64
    _places: array[int] = field(default_factory=lambda: array("I"))
    _more: dict[int, tuple[int, ...]] = field(default_factory=dict)
    _ends_of_batches: list[int] = field(default_factory=list)
    _contexts: array[int] | None = None
    _valid_until: array[int] | None = None
    _since: tuple[str | None, str] = (None, "")
    _ready: bool = False

    def __bool__(self) -> bool:
        return bool(self._batches)

    def add(self, values: Iterable[str], context: Context, *, ends: Iterable[datetime | None] | None = None) -> int:
        """Expect these values too.

        Args:
            values: Lines as they were sent; gone through again at every count.
            context: What was sent along with them.
            ends: For each value, the end of its validity in its own row; None where there are no such rows.

        Returns:
            The number of this batch, from 0, as :attr:`Tally.parts` counts.
        """
        self._batches.append(_Batch(values, context, _Wanted.of(context), ends))
        self._ready = False
        return len(self._batches) - 1

    def has_context(self) -> bool:
        """Whether anything was said about the values, so that being there is not all that was asked for."""
        return any(batch.context.payload() or batch.ends is not None for batch in self._batches)

    def count(self) -> int:
        """How many values there are."""
        self._prepare()
        return len(self._places)

    def look(self) -> Sight:
        """Begin a new look: nothing was seen yet."""
        self._prepare()
        if self.since is not None:
            self._since = _stamp(self.since), _stamp(self.since + CLOCK_LAG) or ""
        return Sight(self)

    def sample(self, size: int) -> Expected:
        """The same for so many of the values, spread from the first to the last."""
        last = self.count() - 1
        places = {round(step * last / max(1, size - 1)) for step in range(size)}
        picked: dict[int, list[tuple[str, datetime | None]]] = {}
        for number, (value, end, of) in enumerate(self._values()):
            if number in places:
                picked.setdefault(of, []).append((value, end))
        some = Expected(self.since)
        for at, batch in enumerate(self._batches):  # one for each, so that they keep their numbers
            pairs = picked.get(at, [])
            ends = [end for _, end in pairs] if batch.ends is not None else None
            some.add([value for value, _ in pairs], batch.context, ends=ends)
        return some

    # What a look asks

    def place(self, key: str) -> int | None:
        """Where a key is, if it is expected."""
        digest, keys = hash(key) & _ALL, self._keys
        bucket = digest >> self._shift
        place = bisect_left(keys, digest, self._starts[bucket], self._starts[bucket + 1])
        return place if place < len(keys) and keys[place] == digest else None

    def judge(self, indicator: Mapping[str, Any], place: int, now: str) -> int:
        """What an indicator says of the value at a place; all times are texts in UTC, to the second."""
        asked = self._batches[self._contexts[place] if self._contexts else 0].asked
        wanted = asked.valid_until
        if self._valid_until is not None and (own := self._valid_until[place]) != UNSAID:
            wanted = _stamp(datetime.fromtimestamp(own, UTC))
        until = _stamp(indicator.get("valid_until"))
        # Who asks for a validity that has passed gets what was asked for.
        if indicator.get("revoked") or (until is not None and until <= now and not (wanted and wanted <= now)):
            return THERE
        marks = THERE | ACTIVE
        since, surely = self._since
        if since is not None and (modified := _stamp(indicator.get("modified"))) is not None and modified >= since:
            marks |= CHANGED | (SURELY if modified >= surely else 0)
        is_as_asked = (asked.is_empty and wanted is None) or asked.is_carried(indicator, wanted)
        return marks | AS_ASKED if is_as_asked else marks

    def values(self) -> Iterator[str]:
        """Each value, in its order."""
        return (value for batch in self._batches for value in batch.values)

    def size(self) -> int:
        """How many keys there are to be seen: as many as values, or more where files have several hashes."""
        return len(self._keys)

    def marks_of(self, start: int, end: int, marks: bytearray) -> bytearray:
        """What was seen of some values: of a file, of all of its hashes."""
        found = bytearray(map(marks.__getitem__, self._places[start:end]))
        if self._more:
            for number in range(start, end):
                for place in self._more.get(number, ()):
                    found[number - start] &= marks[place]
        return found

    def batches(self) -> Sequence[int]:
        """Behind which value each batch ends."""
        return self._ends_of_batches

    # Inside

    def _values(self) -> Iterator[tuple[str, datetime | None, int]]:
        """Each value with the end of validity in its row, and the number of its batch."""
        for number, batch in enumerate(self._batches):
            for value, end in zip(batch.values, repeat(None) if batch.ends is None else batch.ends, strict=False):
                yield value, end, number

    def _place_of(self, digest: int) -> int:
        """Where a digest is: looked for among the few that share its first bits."""
        bucket = digest >> self._shift
        return bisect_left(self._keys, digest, self._starts[bucket], self._starts[bucket + 1])

    def _prepare(self) -> None:
        if self._ready:
            return
        first, more = array("Q"), dict[int, tuple[int, ...]]()
        contexts, ends = dict[int, int](), dict[int, int]()
        self._ends_of_batches = []
        for at, batch in enumerate(self._batches):
            begun, several = len(first), _take_down(batch.values, first)
            more |= several
            self._ends_of_batches.append(len(first))
            if len(self._batches) > 1:  # of a value that was sent twice, the last context holds
                contexts |= dict.fromkeys(chain(first[begun:], *several.values()), at)
            for number, end in enumerate(batch.ends or (), begun):
                if end is not None:
                    ends |= dict.fromkeys((first[number], *several.get(number, ())), int(aware(end).timestamp()))
        self._keys = _sorted(chain(first, *more.values()))
        bits = max(0, len(self._keys).bit_length() - 3)  # some eight keys a bucket
        self._shift = 64 - bits
        self._starts = array("I", (bisect_left(self._keys, at << self._shift) for at in range(1 << bits)))
        self._starts.append(len(self._keys))
        self._places = array("I", map(self._place_of, first))
        self._more = {number: tuple(map(self._place_of, digests)) for number, digests in more.items()}
        self._contexts = array("I", (contexts[digest] for digest in self._keys)) if contexts else None
        self._valid_until = array("q", (ends.get(digest, UNSAID) for digest in self._keys)) if ends else None
        self._ready = True


class Sight:
    """What one look saw of the values that are expected.

    Args:
        expected: These values; none are added meanwhile.
    """

    def __init__(self, expected: Expected) -> None:
        self.expected = expected
        self._marks = bytearray(expected.size())
        self._tally: Tally | None = None

    def see(self, indicators: Iterable[Mapping[str, Any]], now: datetime) -> None:
        """Note indicators of the collection, as Sekoia's JSON has them."""
        place_of, judge, marks = self.expected.place, self.expected.judge, self._marks
        self._tally, moment = None, _stamp(now) or ""
        for indicator in indicators:
            value = value_of(indicator["pattern"])
            # Nearly all are stored in their canonical form, which is its own only key.
            if (place := place_of(value)) is not None:
                marks[place] |= judge(indicator, place, moment)
                continue
            for key in identity(value):
                if key != value and (place := place_of(key)) is not None:
                    marks[place] |= judge(indicator, place, moment)

    def tally(self) -> Tally:
        """How many of the values were seen."""
        if self._tally is None:
            self._tally = self._counted()
        return self._tally

    def _counted(self) -> Tally:
        there = as_asked = start = 0
        parts = list[Part]()
        for end in self.expected.batches():
            counts = Counter(self.expected.marks_of(start, end, self._marks))

            def seen(mark: int, counts: Counter[int] = counts) -> int:
                return sum(count for marks, count in counts.items() if marks & mark)

            there, as_asked = there + seen(THERE), as_asked + seen(AS_ASKED)
            parts.append(Part(seen(ACTIVE), seen(CHANGED), seen(SURELY)))
            start = end
        return Tally(
            expected=start,
            there=there,
            active=sum(part.active for part in parts),
            as_asked=as_asked,
            changed=sum(part.changed for part in parts),
            parts=tuple(parts),
        )

    def differing(self) -> Iterator[str]:
        """The values that were seen in, but without the context that was sent."""
        marks = self.expected.marks_of(0, self.expected.count(), self._marks)
        for value, found in zip(self.expected.values(), marks, strict=True):
            if found & ACTIVE and not found & AS_ASKED:
                yield value

    def missing(self) -> Iterator[Missing]:
        """The values that were not seen in, in their order, and what is known about each."""
        marks = self.expected.marks_of(0, self.expected.count(), self._marks)
        for value, found in zip(self.expected.values(), marks, strict=True):
            if not found & ACTIVE:
                yield Missing(
                    value,
                    (
                        "it is in the collection, but revoked or expired"
                        if found & THERE
                        else "it is not in the collection"
                    ),
                )


def _take_down(values: Iterable[str], first: array[int]) -> dict[int, tuple[int, ...]]:
    """Append the digest of a key of each value; of those that have several keys, the other digests by the value's number."""
    rest, more = iter(values), dict[int, tuple[int, ...]]()
    while lines := tuple(islice(rest, FEW)):
        if are_keys(lines):
            first.extend(map(_digest, lines))
            continue
        for line in lines:
            digest, *others = map(_digest, identity(line))
            if others:
                more[len(first)] = tuple(others)
            first.append(digest)
    return more


def _sorted(digests: Iterable[int]) -> array[int]:
    """Digests in order, sorted part by part: a list of all of them would take forty bytes each."""
    parts = [array("Q") for _ in range(64)]
    for digest in digests:
        parts[digest >> 58].append(digest)
    ordered = array("Q")
    for part in parts:
        ordered.extend(sorted(part))
    return ordered


def _digest(key: str) -> int:
    """64 bits of a key. Python's hash of a text depends on a secret of the process, so nobody can aim at a collision."""
    return hash(key) & _ALL


def same_time(asked: datetime, there: datetime | None) -> bool:
    """Whether a time that was sent is the one that is there: to the second, since Sekoia may cut what is below."""
    return there is not None and _second(asked) == _second(there)


def _second(time: datetime | None) -> datetime | None:
    """A time in UTC, to the second; None for one at the end of the calendar that UTC has no name for."""
    try:
        return aware(time).astimezone(UTC).replace(microsecond=0) if time is not None else None
    except OverflowError:
        return None


@lru_cache(maxsize=4096)  # the values of one import mostly share their times
def _parsed(text: str) -> datetime | None:
    try:
        return _second(datetime.fromisoformat(text))
    except ValueError:
        return None


def _stamp(time: object) -> str | None:
    """A time as a text in UTC, to the second: such texts sort as their times do, and are nearly what Sekoia's JSON has.

    Parsing a million times would take longer than parsing the JSON around them.
    """
    if isinstance(time, str):
        if len(time) >= 20 and time[10] == "T" and time[-1] == "Z" and time[19] in ".Z":
            return time[:19]
        time = _parsed(time)
    elif isinstance(time, datetime):
        time = _second(time)
    return time.isoformat()[:19] if isinstance(time, datetime) else None


def time_of(value: object) -> datetime | None:
    """A time of an indicator, to the second; None for what cannot be read as one."""
    return _parsed(value) if isinstance(value, str) else None


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _list(value: object) -> Sequence[Any]:
    return value if isinstance(value, list) else ()
