"""What happened to the values of a source, for results, warnings and errors."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from sekoia_cti.indicators.display import shown
from sekoia_cti.indicators.long_list import LongList

__all__ = ["Account", "Adapted", "Unrecognized"]


class Unrecognized(NamedTuple):
    """A value that is not an indicator that Sekoia accepts, and why."""

    line: int
    value: str
    reason: str


class Adapted(NamedTuple):
    """A value that is sent only in part or in a different form, and why."""

    line: int
    written: str
    sent: str
    why: str


@dataclass(slots=True)
class Account:
    """What happened to the values of a source. Listed values are safe to show: truncated and escaped (see
    ``display.shown``)."""

    unrecognized: LongList[Unrecognized] = field(default_factory=LongList)
    """Values that are not indicators."""

    adapted: LongList[Adapted] = field(default_factory=LongList)
    """Values that are sent only in part or in a different form."""

    damaged: list[Unrecognized] = field(default_factory=list)
    """Values that were indicators before a part of them was lost along the way; they cannot be sent."""

    by_type: dict[str, int] = field(default_factory=dict)
    """How many values there are of each type that occurs."""

    kept_out: int = 0
    """How many indicators were not admitted (see :class:`~sekoia_cti.indicators.guard.Guard`, which names them)."""

    notices: list[str] = field(default_factory=list)
    """What else users should know, as sentences without their periods."""

    @property
    def unrecognized_count(self) -> int:
        """How many values are not indicators."""
        return self.unrecognized.total

    @property
    def adapted_count(self) -> int:
        """How many values are sent only in part or in a different form."""
        return self.adapted.total

    @property
    def mostly_unrecognized(self) -> bool:
        """Whether more values were not recognized than were."""
        return self.unrecognized_count > sum(self.by_type.values()) + self.kept_out

    def note(self, line: int, value: str, reason: str) -> None:
        """Record a value that is not an indicator."""
        self.unrecognized.note(Unrecognized(line, shown(value), reason))

    def note_damaged(self, line: int, value: str, reason: str) -> None:
        """Record a value of which a part was lost."""
        self.damaged.append(Unrecognized(line, shown(value), reason))

    def note_adapted(self, line: int, written: str, sent: str, why: str) -> None:
        """Record a value that is sent only in part or in a different form."""
        self.adapted.note(Adapted(line, shown(written), shown(sent), why))
