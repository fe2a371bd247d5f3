"""How a collection differs from the feed that it follows: what is to be sent, and what is no longer in the feed.

Decisions without I/O. A feed is a list of lines, each as an import sends it, and what it says of each; the collection's
indicators are shown one after the other, in any order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from functools import cached_property
from itertools import compress, count
from typing import Any, Literal, NamedTuple, get_args

from sekoia_cti.client.times import same_time, time_of
from sekoia_cti.indicators.matching import known
from sekoia_cti.indicators.stored_patterns import value_of
from sekoia_cti.indicators.types import STIX_TYPES, IndicatorType

__all__ = ["FEW_REMOVALS", "Comparison", "Leaving", "Refresh", "Said", "default_validity", "exceeds"]

Refresh = Literal["when_due", "always", "never"]
"""When an indicator that stays is sent again."""

FEW_REMOVALS = 10
"""Removals from which on their share of the collection counts: of a few indicators, a few are a large share."""

ADDRESSES = ("ipv4", "ipv6")

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Said:
    """What a feed says about an indicator, without what is computed from the time of the run.

    Attributes:
        description: None for none.
        valid_from, valid_until: None where the feed leaves them open.
        phases: Kill chains and phases; a chain is None where only the phase is named, as in a file.
        threats: STIX ids.
    """

    description: str | None = None
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    phases: tuple[tuple[str | None, str], ...] = ()
    threats: tuple[str, ...] = ()

    def is_carried_by(self, indicator: Mapping[str, Any], until: datetime | None) -> bool:
        """Whether an indicator says the same: times to the second, and at least these phases and threats.

        Args:
            indicator: As Sekoia's JSON has it.
            until: When its validity ends.
        """
        if (
            self.description is not None
            and self.description.strip() != str(indicator.get("description") or "").strip()
        ):
            return False
        if self.valid_until is not None and not same_time(self.valid_until, until):
            return False
        if self.valid_from is not None and not same_time(self.valid_from, time_of(indicator.get("valid_from"))):
            return False
        if self.phases and not self._has_phases(_list(indicator.get("kill_chain_phases"))):
            return False
        if not self.threats:
            return True
        there = _list(indicator.get("x_ic_related_threat_refs"))
        return all(threat in there for threat in self.threats)

    def says_nothing(self) -> bool:
        """Whether all is left open, so that every indicator says the same."""
        return self == _NOTHING

    def is_surely_carried_by(self, indicator: Mapping[str, Any]) -> bool:
        """The same as :meth:`is_carried_by`, but for an end of validity, which takes a closer look."""
        return self.valid_until is None and self.is_carried_by(indicator, None)

    def _has_phases(self, phases: Sequence[Any]) -> bool:
        there = [
            (phase.get("kill_chain_name"), phase.get("phase_name")) for phase in phases if isinstance(phase, Mapping)
        ]
        names = [name for _, name in there]
        return all(name in names if chain is None else (chain, name) in there for chain, name in self.phases)


_NOTHING = Said()


def _list(value: object) -> Sequence[Any]:
    return value if isinstance(value, list) else ()


class Leaving(NamedTuple):
    """An active indicator that is not in the feed.

    Attributes:
        id: Its id.
        value: A line that an import takes for it.
        by_text: Whether that line surely means this indicator, and not one of another type.
    """

    id: str
    value: str
    by_text: bool


class _State(IntEnum):
    """What the collection holds of a line; of several indicators the highest state counts."""

    NEW = 0
    EXPIRED = 1
    REVOKED = 2
    DUE = 3
    CURRENT = 4


class _Index:
    """Finds lines by what their indicators are known by."""

    def __init__(self, values: Sequence[str]) -> None:
        # One place a key, and a list only where several lines share one, as those of two files can.
        self._places: dict[str, int] = {}
        self._more: dict[str, list[int]] = {}
        self._several: dict[int, frozenset[str]] = {}
        for place, value in enumerate(values):
            _, keys = known(value)
            if len(keys) > 1:
                self._several[place] = keys
            key = min(keys)
            if self._places.setdefault(key, place) != place:
                self._more.setdefault(key, []).append(place)

    def places_of(self, held: frozenset[str]) -> Iterator[int]:
        """The lines that an indicator is the one of: all their keys are among its own."""
        for key in held:
            if (first := self._places.get(key)) is None:
                continue
            for place in (first, *self._more.get(key, ())):
                if place not in self._several or self._several[place] <= held:
                    yield place


class Comparison:
    """Compares a collection with its feed.

    Args:
        values: The feed's lines, each indicator once.
        said_of: What the feed says of the line at a place.
        lasts: How long from now an indicator of a kind is to be valid, where the user says so.
        refresh: When what stays is sent again.
        now: The time by which an indicator is expired or not.
    """

    def __init__(
        self,
        values: Sequence[str],
        said_of: Callable[[int], Said],
        *,
        lasts: Callable[[IndicatorType | None], timedelta | None],
        refresh: Refresh,
        now: datetime,
    ) -> None:
        self._values = values
        self._said_of = said_of
        self._lasts = lasts
        self._refresh = refresh
        self.now = now
        self._states = bytearray(len(values))
        self._later: dict[int, datetime | None] = {}  # ends that lie beyond those that we would set
        self._due_below: dict[IndicatorType | None, timedelta] = {}
        # Hashes of one file and email addresses can be written in ways that no single text stands for.
        self._exact = {value: place for place, value in enumerate(values) if not ("," in value or "@" in value)}
        self._surely = {is_address: self._surely_valid(is_address) for is_address in (True, False)}
        self.active = 0
        """Active indicators of the collection."""
        self.leaving: list[Leaving] = []
        """Those of them that are not in the feed."""

    def see(self, indicators: Iterable[Mapping[str, Any]]) -> None:
        """Take indicators of the collection into account, as Sekoia's JSON has them.

        Nearly all indicators of nearly all collections are written as the feed has them, and far from their end: of half a
        million of them none is worth a closer look, in which a time alone takes longer than all of this.
        """
        exact, states, surely, said_of = self._exact, self._states, self._surely, self._said_of
        takes_all, never = self._refresh == "always", self._refresh == "never"
        said, says_nothing, current, seen = None, False, int(_State.CURRENT), 0
        for indicator in indicators:
            pattern = indicator["pattern"]
            value = value_of(pattern)
            place, until = exact.get(value), indicator.get("valid_until")
            if place is not None and (now_said := said_of(place)) is not said:  # the same of nearly all lines
                said, says_nothing = now_said, now_said.says_nothing()
            if (
                place is None
                or takes_all
                or not isinstance(until, str)
                or until[:19] <= surely[pattern.startswith("[ipv")]
                or until[10:11] != "T"
                or until[-1:] != "Z"
                or indicator.get("revoked")
                or not (never or says_nothing or (said and said.is_surely_carried_by(indicator)))
            ):
                self._look_closer(indicator, value)
            else:
                seen += 1
                states[place] = current
        self.active += seen

    # What is to be done

    def new(self) -> list[int]:
        """Places of lines that are to be added: new ones, and those whose indicator has expired."""
        return self._in(_State.NEW, _State.EXPIRED)

    def due(self) -> list[int]:
        """Places of lines whose indicator stays and is to be sent again."""
        return self._in(_State.DUE)

    def revoked(self) -> list[int]:
        """Places of lines whose indicator was revoked, which are not sent: revocation is somebody's judgment."""
        return self._in(_State.REVOKED)

    def unchanged(self) -> list[int]:
        """Places of lines whose indicator is as it should be."""
        return self._in(_State.CURRENT)

    def end_of(self, place: int) -> datetime | None:
        """The end of validity to send for a line; None where the feed tells one, or Sekoia is to set its own.

        What the collection has already is sent with an end, since whether an import without one renews the validity, leaves
        it, or cuts it to the default is unknown (contract). The end that we choose never lies before the present one.
        """
        if self._said_of(place).valid_until is not None:
            return None
        kind, _ = known(self._values[place])
        if (asked := self._lasts(kind)) is not None:
            return self.now + asked
        if self._states[place] == _State.NEW:
            return None
        return self._later[place] if place in self._later else self.now + default_validity(kind)

    def cut_to(self, indicator: Mapping[str, Any]) -> datetime | None:
        """When the feed says that an indicator's validity ends, where the collection has it valid for longer."""
        until = time_of(indicator.get("valid_until"))
        if indicator.get("revoked"):
            return None
        for place in self._index.places_of(known(value_of(indicator["pattern"]))[1]):
            end = self._said_of(place).valid_until
            if end is not None and (until is None or until > end) and not same_time(end, until):
                return end
        return None

    def agrees(self, indicator: Mapping[str, Any], until: datetime) -> bool:
        """Whether an indicator is as the feed says, if its validity ends then."""
        places = self._index.places_of(known(value_of(indicator["pattern"]))[1])
        return all(self._said_of(place).is_carried_by(indicator, until) for place in places)

    # Inside

    def _in(self, *states: _State) -> list[int]:
        return list(compress(count(), self._states.translate(bytes(state in states for state in range(256)))))

    def _surely_valid(self, is_address: bool) -> str:
        """A time as Sekoia writes it, to the second; what is valid until a later one is not due."""
        if self._refresh == "never":
            return f"{self.now:%Y-%m-%dT%H:%M:%S}"
        kinds = [kind for kind in get_args(IndicatorType) if (kind in ADDRESSES) is is_address]
        return f"{self.now + max(map(self._half_of_validity, kinds)):%Y-%m-%dT%H:%M:%S}"

    def _look_closer(self, indicator: Mapping[str, Any], value: str) -> None:
        until = time_of(indicator.get("valid_until"))
        revoked = bool(indicator.get("revoked"))
        active = not revoked and (until is None or until > self.now)
        self.active += active
        kind, keys = known(value)
        found = False
        for place in self._index.places_of(keys):
            found = True
            if self._states[place] < _State.CURRENT:
                state = _State.REVOKED if revoked else self._state(indicator, kind, until, place, active=active)
                self._states[place] = max(self._states[place], state)
        if active and not found:
            by_text = kind is not None and indicator["pattern"].lstrip("[ ").startswith(f"{STIX_TYPES[kind]}:")
            self.leaving.append(Leaving(indicator["id"], value, by_text))

    @cached_property
    def _index(self) -> _Index:
        return _Index(self._values)

    def _half_of_validity(self, kind: IndicatorType | None) -> timedelta:
        if (half := self._due_below.get(kind)) is None:
            half = self._due_below[kind] = (self._lasts(kind) or default_validity(kind)) / 2
        return half

    def _state(
        self,
        indicator: Mapping[str, Any],
        kind: IndicatorType | None,
        until: datetime | None,
        place: int,
        *,
        active: bool,
    ) -> _State:
        said = self._said_of(place)
        if not active:
            # The feed may say itself that the validity has passed: then nothing is to be done.
            has_passed = said.valid_until is not None and said.valid_until <= self.now
            return _State.CURRENT if has_passed else _State.EXPIRED
        if self._refresh == "never":
            return _State.CURRENT
        if (
            self._refresh == "when_due"
            and said.is_carried_by(indicator, until)
            and not (said.valid_until is None and self._is_half_over(indicator, kind, until))
        ):
            return _State.CURRENT
        if until is None or until > self.now + default_validity(kind):
            # To the end of its day, so that what is sent together need not be cut into many imports.
            self._later[place] = until and until.replace(hour=0, minute=0, second=0, microsecond=0) + _DAY
        return _State.DUE

    def _is_half_over(self, indicator: Mapping[str, Any], kind: IndicatorType | None, until: datetime | None) -> bool:
        """Whether half of the validity is over: of the one that it has, or of the one that it would get, if that is shorter.

        Where a validity began stays when it is renewed, so that its own length alone would make old ones ever longer.
        """
        if until is None:
            return False
        left = until - self.now
        if left >= self._half_of_validity(kind):
            return False
        begun = time_of(indicator.get("valid_from"))
        return begun is None or left * 2 < until - begun


def exceeds(removals: int, active: int, most_removed: int, *, is_empty: bool) -> bool:
    """Whether one run would remove more than it may.

    Args:
        removals: How many indicators it would remove.
        active: How many active ones the collection holds.
        most_removed: The percentage of them that may go.
        is_empty: Whether the feed holds nothing: then few are too many as well, unless all may go.
    """
    if is_empty and removals:
        return most_removed < 100
    return removals >= FEW_REMOVALS and removals * 100 > most_removed * active


def default_validity(kind: IndicatorType | None) -> timedelta:
    """How long Sekoia makes an indicator valid that comes without an end: addresses 30 days, domains and URLs 6 months.

    What others get is not known: they are treated as domains are.
    """
    return timedelta(days=30 if kind in ADDRESSES else 180)
