"""The account of a table: what is sent of it, and what became of every other value, row and cell."""

from __future__ import annotations

from dataclasses import dataclass, field

from sekoia_cti.indicators.account import LISTED, Account
from sekoia_cti.indicators.display import shown

__all__ = ["Cell", "Survey"]


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell that was not used as it is, and why."""

    line: int
    column: str
    value: str
    reason: str


@dataclass(slots=True)
class Survey(Account):
    """What the rows of a table hold. Lines are rows, from 1, the heading and what is above it included.

    Every value given is one of ``values``, ``duplicates``, ``kept_out``, ``unrecognized_count`` (unless these are sent too) and
    ``skipped_rows_count``.
    """

    values: int = 0
    """Values that are sent."""

    cleaned: int = 0
    """Those of them that are not sent as they are written: refanged, or one of several in a cell."""

    duplicates: int = 0
    """Values that an earlier row has."""

    skipped_rows: list[Cell] = field(default_factory=list)
    """The first rows that are not sent although their indicator was recognized, by the cell that is the reason."""

    skipped_rows_count: int = 0
    """Values in all of them."""

    unused_cells: list[Cell] = field(default_factory=list)
    """The first cells that were left out, or cut, while their row is sent."""

    unused_cells_count: int = 0
    """All of them."""

    converted: dict[str, int] = field(default_factory=dict)
    """How many dates were converted to ISO 8601, by column."""

    expired: int = 0
    """Rows whose validity has passed."""

    first_expired: int | None = None
    """The first of them."""

    changed: bool = False
    """Whether any row is sent in another form, or not at all, so that the file cannot be sent as it is."""

    compared: bool = True
    """Whether all values were compared with each other: what is beyond any collection's size is not."""

    def skip_row(self, line: int, column: str, value: str, reason: str, values: int = 1) -> None:
        """Take down a row that is not sent."""
        self.changed = True
        if len(self.skipped_rows) < LISTED:
            self.skipped_rows.append(Cell(line, shown(column), shown(value), reason))
        self.skipped_rows_count += values

    def keep_out(self) -> None:
        """Count an indicator that is not admitted."""
        self.changed = True
        self.kept_out += 1

    def drop_cell(self, line: int, column: str, value: str, reason: str) -> None:
        """Take down a cell that is left out, or cut."""
        if len(self.unused_cells) < LISTED:
            self.unused_cells.append(Cell(line, shown(column), shown(value), reason))
        self.unused_cells_count += 1

    def note_expired(self, line: int) -> None:
        """Take down a row whose validity has passed."""
        self.expired += 1
        if self.first_expired is None:
            self.first_expired = line
