"""Compares a collection with the feed that it follows: what has to be sent, and what is no longer in the feed. No I/O.

A feed is a list of lines, each as an import sends it, with the context of each. The indicators of the collection are added in any
order.
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
"""When to send an indicator again that stays in the feed."""

FEW_REMOVALS = 10
"""How many removals are allowed whatever their share: in a small collection, a few indicators are a large share."""

ADDRESSES = ("ipv4", "ipv6")

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Said:
    """The context of an indicator in a feed, without anything that depends on the time of the run.

    Attributes:
        description: None if there is none.
        valid_from, valid_until: None if the feed does not say.
        phases: Kill chains and phases. A chain is None if only the phase is given, as in a file.
        threats: STIX ids.
    """

    description: str | None = None
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    phases: tuple[tuple[str | None, str], ...] = ()
    threats: tuple[str, ...] = ()

    def is_carried_by(self, indicator: Mapping[str, Any], until: datetime | None) -> bool:
        """Whether an indicator has this context: the same times to the second, and at least these phases and threats.

        Args:
            indicator: The indicator in Sekoia's JSON form.
            until: The end of its validity.
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
        """Whether this context is empty, so that every indicator has it."""
        return self == _NOTHING

    def is_surely_carried_by(self, indicator: Mapping[str, Any]) -> bool:
        """Like :meth:`is_carried_by`, but always false if there is an end of validity, which needs a closer look."""
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
        value: A line that stands for it in an import.
        by_text: Whether that line certainly stands for this indicator, and not for one of another type.
    """

    id: str
    value: str
    by_text: bool


class _State(IntEnum):
    """The state of a line in the collection. If there are several indicators, the highest state counts."""

    NEW = 0
    EXPIRED = 1
    REVOKED = 2
    DUE = 3
    CURRENT = 4


class _Index:
    """Finds lines by the keys of their indicators."""

    def __init__(self, values: Sequence[str]) -> None:
        # One place per key, and a list only if several lines share a key, as the lines of two files can.
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
        """The lines of an indicator: those whose keys are all among its keys."""
        for key in held:
            if (first := self._places.get(key)) is None:
                continue
            for place in (first, *self._more.get(key, ())):
                if place not in self._several or self._several[place] <= held:
                    yield place


class Comparison:
    """Compares a collection with its feed.

    Args:
        values: The lines of the feed, without duplicates.
        said_of: Returns the context of the line at a place.
        lasts: Returns how long from now an indicator of a kind should be valid; None if the user does not say.
        refresh: When to send indicators again that stay in the feed.
        now: The time that decides whether an indicator has expired.
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
        self._later: dict[int, datetime | None] = {}  # ends that are later than those that we would set
        self._due_below: dict[IndicatorType | None, timedelta] = {}
        # The hashes of a file, and email addresses, can be written in several ways.
        self._exact = {value: place for place, value in enumerate(values) if not ("," in value or "@" in value)}
        self._surely = {is_address: self._surely_valid(is_address) for is_address in (True, False)}
        self.active = 0
        """How many active indicators the collection holds."""
        self.leaving: list[Leaving] = []
        """The active indicators that are not in the feed."""

    def see(self, indicators: Iterable[Mapping[str, Any]]) -> None:
        """Add indicators of the collection, in Sekoia's JSON form.

        In nearly all collections, nearly all indicators are written as in the feed, and far from their end. These are recognized
        without a closer look, in which parsing the time alone takes longer than all of this.
        """
        exact, states, surely, said_of = self._exact, self._states, self._surely, self._said_of
        takes_all, never = self._refresh == "always", self._refresh == "never"
        said, says_nothing, current, seen = None, False, int(_State.CURRENT), 0
        for indicator in indicators:
            pattern = indicator["pattern"]
            value = value_of(pattern)
            place, until = exact.get(value), indicator.get("valid_until")
            if place is not None and (now_said := said_of(place)) is not said:  # nearly all lines have the same
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
        """The places of the lines to add: new ones, and those whose indicator has expired."""
        return self._in(_State.NEW, _State.EXPIRED)

    def due(self) -> list[int]:
        """The places of the lines whose indicator stays and has to be sent again."""
        return self._in(_State.DUE)

    def revoked(self) -> list[int]:
        """The places of the lines whose indicator was revoked. They are not sent, since somebody decided to revoke them."""
        return self._in(_State.REVOKED)

    def unchanged(self) -> list[int]:
        """The places of the lines whose indicator is as it should be."""
        return self._in(_State.CURRENT)

    def end_of(self, place: int) -> datetime | None:
        """The end of validity to send for a line; None if the feed has one, or if Sekoia should set its default.

        An indicator that the collection already has is sent with an end: it is unknown whether an import without one renews the
        validity, keeps it, or shortens it to the default (contract). The end that we choose is never before the present one.
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
        """The end of validity in the feed, if the indicator is valid for longer in the collection; else None."""
        until = time_of(indicator.get("valid_until"))
        if indicator.get("revoked"):
            return None
        for place in self._index.places_of(known(value_of(indicator["pattern"]))[1]):
            end = self._said_of(place).valid_until
            if end is not None and (until is None or until > end) and not same_time(end, until):
                return end
        return None

    def agrees(self, indicator: Mapping[str, Any], until: datetime) -> bool:
        """Whether an indicator would be as in the feed if its validity ended then."""
        places = self._index.places_of(known(value_of(indicator["pattern"]))[1])
        return all(self._said_of(place).is_carried_by(indicator, until) for place in places)

    # Inside

    def _in(self, *states: _State) -> list[int]:
        return list(compress(count(), self._states.translate(bytes(state in states for state in range(256)))))

    def _surely_valid(self, is_address: bool) -> str:
        """A time as Sekoia writes it, to the second: an indicator that is valid for longer is not due."""
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
            # If the validity has passed in the feed as well, there is nothing to do.
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
            # To the end of its day, so that one import can hold many.
            self._later[place] = until and until.replace(hour=0, minute=0, second=0, microsecond=0) + _DAY
        return _State.DUE

    def _is_half_over(self, indicator: Mapping[str, Any], kind: IndicatorType | None, until: datetime | None) -> bool:
        """Whether half of the validity is over: of the present one, or of the one that it would get, if that is shorter.

        The start of a validity does not change when it is renewed, so the present validity alone would grow longer and longer.
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
        active: How many active indicators the collection holds.
        most_removed: The percentage of these that it may remove.
        is_empty: Whether the feed is empty. Then even a few removals are too many, unless all may be removed.
    """
    if is_empty and removals:
        return most_removed < 100
    return removals >= FEW_REMOVALS and removals * 100 > most_removed * active


def default_validity(kind: IndicatorType | None) -> timedelta:
    """How long an indicator is valid by default: IP addresses 30 days, domains and URLs 6 months (contract).

    The default for other kinds is unknown; they are treated like domains.
    """
    return timedelta(days=30 if kind in ADDRESSES else 180)
