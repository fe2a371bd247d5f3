"""What became of the values of a source: an account that results, warnings and errors are made of."""

from __future__ import annotations

from dataclasses import dataclass, field

from sekoia_cti.indicators.display import shown

__all__ = ["LISTED", "Account", "Adapted", "Unrecognized"]

LISTED = 100
"""Values that are listed; all are counted."""


@dataclass(frozen=True, slots=True)
class Unrecognized:
    """A value that is no indicator Sekoia takes, and why."""

    line: int
    value: str
    reason: str


@dataclass(frozen=True, slots=True)
class Adapted:
    """A value of which only a part is sent, or another form, and why."""

    line: int
    written: str
    sent: str
    why: str


@dataclass(slots=True)
class Account:
    """What became of the values of a source. What is listed is safe to show: cut and escaped (see ``display.shown``)."""

    unrecognized: list[Unrecognized] = field(default_factory=list)
    """The first hundred values that are no indicator."""

    unrecognized_count: int = 0
    """All of them."""

    adapted: list[Adapted] = field(default_factory=list)
    """The first hundred values of which only a part is sent, or another form."""

    adapted_count: int = 0
    """All of them."""

    damaged: list[Unrecognized] = field(default_factory=list)
    """Values that were indicators before a part of them was lost on the way; they cannot be sent."""

    by_type: dict[str, int] = field(default_factory=dict)
    """How many values there are of each type that occurs."""

    kept_out: int = 0
    """How many indicators were not admitted (see :class:`~sekoia_cti.indicators.guard.Guard`, which names them)."""

    notices: list[str] = field(default_factory=list)
    """What else a user should know, a sentence each without its full stop."""

    @property
    def mostly_unrecognized(self) -> bool:
        """Whether more values were not recognized than were."""
        return self.unrecognized_count > sum(self.by_type.values()) + self.kept_out

    def note(self, line: int, value: str, reason: str) -> None:
        """Take down a value that is no indicator."""
        self.unrecognized_count += 1
        if self.unrecognized_count <= LISTED:
            self.unrecognized.append(Unrecognized(line, shown(value), reason))

    def note_damaged(self, line: int, value: str, reason: str) -> None:
        """Take down a value of which a part was lost."""
        self.damaged.append(Unrecognized(line, shown(value), reason))

    def note_adapted(self, line: int, written: str, sent: str, why: str) -> None:
        """Take down a value of which only a part is sent, or another form."""
        self.adapted_count += 1
        if self.adapted_count <= LISTED:
            self.adapted.append(Adapted(line, shown(written), shown(sent), why))
