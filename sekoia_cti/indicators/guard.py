"""Prevents an import from doing harm: checks for values that users exclude, and for values known to be good."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, NamedTuple

from sekoia_cti.indicators.exclude import Exclusions
from sekoia_cti.indicators.hosts import host_of
from sekoia_cti.indicators.long_list import LongList
from sekoia_cti.indicators.reading import Judge

if TYPE_CHECKING:
    from sekoia_cti.indicators.known_good import KnownTo

__all__ = ["Guard", "KnownGood", "Policy"]

Policy = Literal["warn", "leave_out", "import"]
"""What happens to values known to be good: a warning; they are not sent; or nothing, without reading any list."""


class KnownGood(NamedTuple):
    """A value that is rarely meant to be blocked, where it was read, and who says so."""

    line: int
    value: str
    lists: tuple[str, ...]


@dataclass(slots=True)
class Guard:
    """Judges each value before it is sent, and records what it found; :meth:`judge` begins a new record.

    Args:
        exclusions: What is never imported.
        policy: What happens to values known to be good.
    """

    exclusions: Exclusions = field(default_factory=Exclusions)
    policy: Policy = "warn"

    excluded: LongList[str] = field(default_factory=LongList, init=False)
    """Values that were excluded."""

    known_good: LongList[KnownGood] = field(default_factory=LongList, init=False)
    """Values that are known to be good; those that were excluded are not among them."""

    @property
    def excluded_count(self) -> int:
        """How many values were excluded."""
        return self.excluded.total

    @property
    def known_good_count(self) -> int:
        """How many values are known to be good."""
        return self.known_good.total

    @property
    def left_out_count(self) -> int:
        """How many values are not sent because they are known to be good."""
        return self.known_good_count if self.policy == "leave_out" else 0

    def judge(self) -> Judge | None:
        """A function that judges values one by one; None if there is nothing to check, in which case nothing is
        loaded.

        The record starts over, since a file that cannot be sent unchanged is read a second time.
        """
        self.excluded, self.known_good = LongList(), LongList()
        covers = self.exclusions.covers if self.exclusions else None
        looks, admitted = self.policy != "import", self.policy == "warn"
        lists_of_kind: dict[str, KnownTo] = {}
        if not (covers or looks):
            return None

        # A closure: half a million calls take half the time of those of a method that asks for all this anew.
        def admits(line: int, kind: str, value: str, key: str) -> bool:
            subject = host_of(key) if kind == "url" else value if kind == "ipv6" else key
            if covers and covers(kind, key, subject):
                self.excluded.note(value)
                return False
            if not looks:
                return True
            names_of = lists_of_kind.get(kind) or lists_of_kind.setdefault(kind, _load_lists(kind))
            if not (names := names_of(subject)):
                return True
            self.known_good.note(KnownGood(line, value, names))
            return admitted

        return admits


def _load_lists(kind: str) -> KnownTo:
    # Here, so that nothing of it is loaded unless a value is looked up.
    from sekoia_cti.indicators.known_good import known_to

    return known_to(kind)
