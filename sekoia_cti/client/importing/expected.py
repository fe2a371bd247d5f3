"""What an import is expected to have put into a collection, and how much of it was seen there: no I/O.

Values are held as digests of their canonical form in arrays, some twenty bytes each, so that half a million of them cost
little; which ones are missing is told by going through the values again.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from itertools import chain
from typing import Any

from sekoia_cti.client.importing.requests import Missing
from sekoia_cti.client.wire import Context, aware, value_of
from sekoia_cti.indicators.matching import identity

__all__ = ["Again", "Expected", "Tally", "same_time", "time_of"]

THERE, ACTIVE, AS_ASKED, CHANGED = 1, 2, 4, 8


@dataclass(frozen=True, slots=True)
class Tally:
    """How many of the values were seen, and how.

    Attributes:
        expected: Values there should be.
        there: Seen at all.
        active: Seen, neither revoked nor expired.
        as_asked: Active, and carrying the context that was sent.
        changed: Active, and modified since the submission.
    """

    expected: int
    there: int
    active: int
    as_asked: int
    changed: int

    def all_in(self) -> bool:
        """Whether every value is in."""
        return self.active == self.expected

    def all_as_asked(self) -> bool:
        """Whether every value is in, with the context that was sent."""
        return self.as_asked == self.expected


@dataclass(frozen=True, slots=True)
class Again:
    """Values that are read anew whenever they are gone through, so that they need not be held.

    Args:
        read: Begins to read them.
    """

    read: Callable[[], Iterator[str]]

    def __iter__(self) -> Iterator[str]:
        return self.read()


@dataclass(slots=True)
class _Batch:
    values: Iterable[str]  # can be gone through again and again
    context: Context


@dataclass(slots=True)
class Expected:
    """The values of an import.

    Args:
        since: Sekoia's clock at the first submission; None where it was not told.
    """

    since: datetime | None = None
    _batches: list[_Batch] = field(default_factory=list)
    _keys: array[int] = field(default_factory=lambda: array("Q"))
    _places: array[int] = field(default_factory=lambda: array("L"))
    _more: dict[int, tuple[int, ...]] = field(default_factory=dict)
    _contexts: array[int] | None = None
    _marks: bytearray = field(default_factory=bytearray)
    _ready: bool = False

    def __bool__(self) -> bool:
        return bool(self._batches)

    def add(self, values: Iterable[str], context: Context) -> None:
        """Expect these values too.

        Args:
            values: Lines as they were sent; gone through again at every count.
            context: What was sent along with them.
        """
        self._batches.append(_Batch(values, context))
        self._ready = False

    def has_context(self) -> bool:
        """Whether anything was said about the values, so that being there is not all that was asked for."""
        return any(batch.context.payload() for batch in self._batches)

    def forget(self) -> None:
        """Begin a new look: nothing was seen yet."""
        self._prepare()
        self._marks = bytearray(len(self._keys))

    def see(self, indicator: Mapping[str, Any], now: datetime) -> None:
        """Note an indicator of the collection, as Sekoia's JSON has it."""
        for key in identity(value_of(indicator["pattern"])):
            place = self._place(key)
            if place is not None:
                self._marks[place] |= self._judge(indicator, place, now)

    def count(self) -> int:
        """How many values there are."""
        self._prepare()
        return len(self._places)

    def tally(self) -> Tally:
        """How many of the values were seen."""
        there = active = as_asked = changed = 0
        for number in range(self.count()):
            marks = self._seen(number)
            there += bool(marks & THERE)
            if marks & ACTIVE:
                active += 1
                as_asked += bool(marks & AS_ASKED)
                changed += bool(marks & CHANGED)
        return Tally(self.count(), there, active, as_asked, changed)

    def missing(self) -> Iterator[Missing]:
        """The values that were not seen in, in their order, and what is known about each."""
        for number, (value, _) in enumerate(self._values()):
            marks = self._seen(number)
            if not marks & ACTIVE:
                yield Missing(
                    value,
                    (
                        "it is in the collection, but revoked or expired"
                        if marks & THERE
                        else "it is not in the collection"
                    ),
                )

    def sample(self, size: int) -> Expected:
        """The same for so many of the values, spread from the first to the last."""
        last = self.count() - 1
        places = {round(step * last / max(1, size - 1)) for step in range(size)}
        picked: dict[int, list[str]] = {}
        for number, (value, batch) in enumerate(self._values()):
            if number in places:
                picked.setdefault(batch, []).append(value)
        some = Expected(self.since)
        for batch, values in picked.items():
            some.add(values, self._batches[batch].context)
        return some

    # Inside

    def _values(self) -> Iterator[tuple[str, int]]:
        """Each value with the number of its batch."""
        return ((value, number) for number, batch in enumerate(self._batches) for value in batch.values)

    def _seen(self, number: int) -> int:
        """What was seen of a value: of a file, of all of its hashes."""
        marks = self._marks[self._places[number]]
        for place in self._more.get(number, ()):
            marks &= self._marks[place]
        return marks

    def _prepare(self) -> None:
        if self._ready:
            return
        first, more, contexts = array("Q"), dict[int, list[int]](), dict[int, int]()
        several = len(self._batches) > 1
        for number, (value, batch) in enumerate(self._values()):
            digests = [_digest(key) for key in identity(value)]
            first.append(digests[0])
            if len(digests) > 1:
                more[number] = digests[1:]
            if several:  # of a value that was sent twice, the last context holds
                contexts |= dict.fromkeys(digests, batch)
        self._keys = _sorted(chain(first, *more.values()))
        self._places = array("L", (bisect_left(self._keys, digest) for digest in first))
        self._more = {
            number: tuple(bisect_left(self._keys, digest) for digest in digests) for number, digests in more.items()
        }
        self._contexts = array("L", (contexts[digest] for digest in self._keys)) if several else None
        self._marks = bytearray(len(self._keys))
        self._ready = True

    def _place(self, key: str) -> int | None:
        digest = _digest(key)
        place = bisect_left(self._keys, digest)
        return place if place < len(self._keys) and self._keys[place] == digest else None

    def _judge(self, indicator: Mapping[str, Any], place: int, now: datetime) -> int:
        context = self._batches[self._contexts[place] if self._contexts else 0].context
        until = time_of(indicator.get("valid_until"))
        # Who asks for a validity that has passed gets what was asked for.
        asks_for_the_past = context.valid_until is not None and aware(context.valid_until) <= now
        if indicator.get("revoked") or (until is not None and until <= now and not asks_for_the_past):
            return THERE
        modified = time_of(indicator.get("modified"))
        changed = self.since is not None and modified is not None and modified >= self.since
        return THERE | ACTIVE | (AS_ASKED if _carries(indicator, context, until) else 0) | (CHANGED if changed else 0)


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
    return hash(key) & 0xFFFF_FFFF_FFFF_FFFF


def _carries(indicator: Mapping[str, Any], context: Context, until: datetime | None) -> bool:
    """Whether an indicator has every field of a context: times to the second, and at least these phases and threats."""
    if context.description is not None and (indicator.get("description") or "").strip() != context.description.strip():
        return False
    if context.valid_until is not None and not same_time(context.valid_until, until):
        return False
    if context.valid_from is not None and not same_time(context.valid_from, time_of(indicator.get("valid_from"))):
        return False
    if context.kill_chain_phases:
        phases = [
            (phase.get("kill_chain_name"), phase.get("phase_name"))
            for phase in indicator.get("kill_chain_phases") or []
            if isinstance(phase, Mapping)
        ]
        if any((phase.kill_chain_name, phase.phase_name) not in phases for phase in context.kill_chain_phases):
            return False
    there = indicator.get("x_ic_related_threat_refs") or []
    return all(ref in there for ref in context.x_ic_related_threat_refs or [])


def same_time(asked: datetime, there: datetime | None) -> bool:
    """Whether a time that was sent is the one that is there: to the second, since Sekoia may cut what is below."""
    return there is not None and aware(asked).replace(microsecond=0) == there.replace(microsecond=0)


@lru_cache(maxsize=4096)  # the values of one import mostly share their times
def _parsed(text: str) -> datetime | None:
    try:
        return aware(datetime.fromisoformat(text)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def time_of(value: object) -> datetime | None:
    """A time of an indicator; None for what cannot be read as one."""
    return _parsed(value) if isinstance(value, str) else None
