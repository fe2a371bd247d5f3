"""What happened to a table: what is sent, and why every other value, row and cell is not."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from sekoia_cti.indicators.account_of_values import Account
from sekoia_cti.indicators.display import shown
from sekoia_cti.indicators.long_list import LongList

__all__ = ["Cell", "Survey"]


class Cell(NamedTuple):
    """A cell that was not used unchanged, and why."""

    line: int
    column: str
    value: str
    reason: str


@dataclass(slots=True)
class Survey(Account):
    """What the rows of a table hold. Lines are rows, from 1, the heading and what is above it included.

    Every value given is one of ``values``, ``duplicates``, ``kept_out``, ``damaged``, ``unrecognized_count`` (unless these
    are sent too) and ``skipped_rows_count``.
    """

    values: int = 0
    """Values that are sent."""

    cleaned: int = 0
    """Those of them that are not sent as they are written: refanged, or one of several in a cell."""

    duplicates: int = 0
    """Values that an earlier row has."""

    skipped_rows: LongList[Cell] = field(default_factory=LongList)
    """Rows that are not sent although their indicator was recognized, by the cell that is the reason."""

    skipped_rows_count: int = 0
    """Values in all of them."""

    unused_cells: LongList[Cell] = field(default_factory=LongList)
    """Cells that were left out or truncated although their row is sent."""

    converted: dict[str, int] = field(default_factory=dict)
    """How many dates were converted to ISO 8601, by column."""

    expired: int = 0
    """Rows whose validity has passed."""

    first_expired: int | None = None
    """The first of them."""

    second_heading: int | None = None
    """The first row below the heading that looks like the heading of another table."""

    surplus: int = 0
    """Rows that have more cells than the heading, where it is not clear which of them belong together."""

    first_surplus: int | None = None
    """The first of them."""

    changed: bool = False
    """Whether any row is sent in a different form or not at all, so that the file cannot be sent unchanged."""

    compared: bool = True
    """Whether all values were compared with each other: what is beyond any collection's size is not."""

    @property
    def unused_cells_count(self) -> int:
        """How many cells were left out or truncated."""
        return self.unused_cells.total

    def skip_row(self, line: int, column: str, value: str, reason: str, values: int = 1) -> None:
        """Record a row that is not sent."""
        self.changed = True
        self.skipped_rows.note(Cell(line, shown(column), shown(value), reason))
        self.skipped_rows_count += values

    def keep_out(self) -> None:
        """Count an indicator that is not admitted."""
        self.changed = True
        self.kept_out += 1

    def drop_cell(self, line: int, column: str, value: str, reason: str) -> None:
        """Record a cell that is left out or truncated."""
        self.unused_cells.note(Cell(line, shown(column), shown(value), reason))

    def note_converted(self, column: str) -> None:
        """Count a date that was converted."""
        self.converted[column] = self.converted.get(column, 0) + 1

    def note_surplus(self, line: int) -> None:
        """Record a row that has more cells than the heading."""
        self.surplus += 1
        if self.first_surplus is None:
            self.first_surplus = line

    def note_expired(self, line: int) -> None:
        """Record a row whose validity has ended."""
        self.expired += 1
        if self.first_expired is None:
            self.first_expired = line
