"""What keeps an import from harming: the values that users exclude, and those that are known to be good."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from sekoia_cti.indicators.exclude import Exclusions
from sekoia_cti.indicators.hosts import host_of
from sekoia_cti.indicators.reading import Judge

if TYPE_CHECKING:
    from sekoia_cti.indicators.known_good import Namer

__all__ = ["Guard", "KnownGood", "Policy"]

Policy = Literal["warn", "leave_out", "import"]
"""What happens to values that are known to be good: a warning; they are not sent; nothing, and no list is read."""

_MOST_REPORTED = 100


@dataclass(frozen=True, slots=True)
class KnownGood:
    """A value that is hardly meant to be blocked, where it was read, and who says so."""

    line: int
    value: str
    lists: tuple[str, ...]


@dataclass(slots=True)
class Guard:
    """Judges each value before it is sent, and keeps account of what it found; :meth:`judge` begins the account.

    Args:
        exclusions: What is never imported.
        policy: What happens to what is known to be good.
    """

    exclusions: Exclusions = field(default_factory=Exclusions)
    policy: Policy = "warn"

    excluded: list[str] = field(default_factory=list, init=False)
    """The first hundred values that were excluded."""

    excluded_count: int = field(default=0, init=False)
    """All of them."""

    known_good: list[KnownGood] = field(default_factory=list, init=False)
    """The first hundred values that are known to be good; those that were excluded are not among them."""

    known_good_count: int = field(default=0, init=False)
    """All of them."""

    @property
    def left_out_count(self) -> int:
        """How many values are not sent since they are known to be good."""
        return self.known_good_count if self.policy == "leave_out" else 0

    def judge(self) -> Judge | None:
        """What judges values one by one; None when there is nothing to judge by, and then nothing is loaded.

        The account begins anew, since a file is read a second time where it cannot be sent as it is.
        """
        self.excluded, self.excluded_count = [], 0
        self.known_good, self.known_good_count = [], 0
        covers = self.exclusions.covers if self.exclusions else None
        looks, admitted = self.policy != "import", self.policy == "warn"
        namers: dict[str, Namer] = {}
        if not (covers or looks):
            return None

        # A closure: half a million calls take half the time of those of a method that asks for all this anew.
        def admits(line: int, kind: str, value: str, key: str) -> bool:
            subject = host_of(key) if kind == "url" else value if kind == "ipv6" else key
            if covers and covers(kind, key, subject):
                self._exclude(value)
                return False
            if not looks:
                return True
            names_of = namers.get(kind) or namers.setdefault(kind, _namer(kind))
            if not (names := names_of(subject)):
                return True
            self._note(KnownGood(line, value, names))
            return admitted

        return admits

    def _exclude(self, value: str) -> None:
        self.excluded_count += 1
        if self.excluded_count <= _MOST_REPORTED:
            self.excluded.append(value)

    def _note(self, known: KnownGood) -> None:
        self.known_good_count += 1
        if self.known_good_count <= _MOST_REPORTED:
            self.known_good.append(known)


def _namer(kind: str) -> Namer:
    # Here, so that nothing of it is loaded unless a value is looked up.
    from sekoia_cti.indicators.known_good import namer

    return namer(kind)
