"""A file of indicators on its way to Sekoia: what it contains, and what is sent."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice
from pathlib import Path

from sekoia_cti.indicators.cells import read_cell
from sekoia_cti.indicators.context_cells import Validity
from sekoia_cti.indicators.files import MIME_TYPES
from sekoia_cti.indicators.guard import Guard
from sekoia_cti.indicators.input_errors import InputError
from sekoia_cti.indicators.layout import Layout, lay_out
from sekoia_cti.indicators.row_context import RowContext, row_context
from sekoia_cti.indicators.rows import TableRows
from sekoia_cti.indicators.survey import Survey
from sekoia_cti.indicators.tables import Row
from sekoia_cti.local_files.opened import LocalFile, LocalTable, tables

__all__ = ["Outgoing", "Wishes", "prepare"]

_COMPARED = {"description", "valid_from", "kill_chain_phases"}


@dataclass(frozen=True)
class Wishes:
    """How the user wants a file to be read.

    Attributes:
        mapping: What each column contains, if given.
        ignore_first_line: Whether the first line is a heading, if given.
        sheet: The sheet of a workbook, if given.
        refang: Whether defanged observables are restored.
        send_unrecognized: Whether values that are not recognized are sent too.
        validity: The validity of rows that do not give one.
        is_phase: Says whether Sekoia knows a kill chain phase that is not known here.
        guard: Judges each indicator; None accepts all.
        ends: Gives the end of a value's validity, as the cell of a column; None if it does not depend on the value.
    """

    mapping: list[str | None] | None = None
    ignore_first_line: bool | None = None
    sheet: str | None = None
    refang: bool = True
    send_unrecognized: bool = False
    validity: Validity = (None, None)
    is_phase: Callable[[str], bool] = lambda _: False
    guard: Guard | None = None
    ends: Callable[[str], str] | None = None


@dataclass(frozen=True)
class Outgoing:
    """What is sent to Sekoia for a file in the storage: the file itself, or a CSV of the rows to be sent.

    Attributes:
        path: Where it is on the local disk, as long as the scratch folder exists.
        name: What it is called.
        mime_type: Its MIME type.
        is_original: Whether it is byte for byte the file in the storage.
        source: The table that it comes from.
        layout: The layout of that table.
        survey: What happened to its values.
    """

    path: Path
    name: str
    mime_type: str
    is_original: bool
    source: LocalTable
    layout: Layout
    survey: Survey = field(default_factory=Survey)

    @property
    def size(self) -> int:
        """Bytes in it."""
        return self.path.stat().st_size

    def rows(self) -> Iterator[Row]:
        """All rows with a value, as they are sent, read again from the disk."""
        index = self.layout.observable
        if self.is_original:
            for number, row in self.layout.table.rows():
                if number >= self.layout.first and index < len(row) and row[index].strip():
                    yield row
            return
        with self.path.open(encoding="utf-8", newline="") as file:
            rows = csv.reader(file, delimiter=self.layout.table.written_delimiter)
            yield from islice(rows, 0 if self.layout.heading is None else 1, None)

    def values(self) -> Iterator[str]:
        """All values as they are sent, read again from the disk."""
        index = self.layout.observable
        return (row[index].strip() for row in self.rows())

    def ends(self) -> Iterator[datetime | None]:
        """For each value, when its row says that its validity ends; only for a table with a column for that."""
        at = self.layout.mapping.index("valid_until")
        return (_time(row[at]) if at < len(row) else None for row in self.rows())

    def says_more(self) -> bool:
        """Whether the rows say more than a value and the end of its validity that can be compared with a collection."""
        return not _COMPARED.isdisjoint(self.layout.mapping)

    def contexts(self) -> Iterator[RowContext]:
        """For each value, what its row says besides the end of its validity."""
        columns = {name: at for at, name in enumerate(self.layout.mapping) if name}
        return (row_context(row, columns) for row in self.rows())

    def first_rows(self, count: int) -> list[list[str]]:
        """The first rows of the table, as they are in the storage."""
        return [row for _, row in islice(self.layout.table.rows(), count)]


def prepare(file: LocalFile, folder: Path, wishes: Wishes, *, seconds: float) -> Outgoing | None:
    """Read a file, and, if it cannot be sent unchanged, write a CSV of what is to be sent.

    Args:
        file: The file on the local disk.
        folder: Where the CSV goes.
        wishes: How to read it.
        seconds: The time that reading a workbook may take.

    Returns:
        What is to be sent; None if it is not clear which column holds the indicators.

    Raises:
        UnreadableFile: Its format cannot be read.
        InputError: It can be read in several ways, or not in the way that the user wants.
    """
    if (found := _laid_out(file, folder, wishes, seconds)) is None:
        return None
    source, layout = found
    if wishes.ends and (mapped := _heading_of(layout, "valid_until")):
        raise InputError(
            f"Column {mapped} of {file.name} contains the end of validity, so validity_by_type cannot be used: run "
            "the action without it, or set a mapping that ignores the column"
        )
    rows = TableRows(
        layout,
        refanging=wishes.refang,
        send_unrecognized=wishes.send_unrecognized,
        validity=wishes.validity,
        is_phase=wishes.is_phase,
        guard=wishes.guard,
        ends=wishes.ends,
    )
    # Programs differ in whether an empty column A counts.
    begins_in_a = source.sheet is None or not layout.columns[0].is_empty
    is_original = source.is_whole and begins_in_a and not wishes.ends
    if is_original and (survey := rows.look()) is not None:
        return Outgoing(file.path, file.name, MIME_TYPES[file.kind][0], True, source, layout, survey)
    path = folder / "sent.csv"
    with path.open("w", encoding="utf-8", newline="") as target:
        survey = rows.write(target)
    if wishes.ends:
        layout = replace(layout, mapping=[*layout.mapping, "valid_until"])
    return Outgoing(path, f"{Path(file.name).stem}.csv", MIME_TYPES["csv"][0], False, source, layout, survey)


def _time(cell: str) -> datetime | None:
    try:
        return datetime.fromisoformat(cell.strip())
    except ValueError:
        return None


def _heading_of(layout: Layout, field: str) -> str:
    """The name of the column that is mapped to a field; empty if there is none."""
    if field not in layout.mapping:
        return ""
    at = layout.mapping.index(field)
    return str(layout.columns[at]) if at < len(layout.columns) else str(at + 1)


def _laid_out(file: LocalFile, folder: Path, wishes: Wishes, seconds: float) -> tuple[LocalTable, Layout] | None:
    """The first table that contains indicators, judging by its heading or their number; otherwise, the first that can
    be read.

    Raises:
        InputError: None does, but there are hidden sheets, which are read only on request.
    """

    def recognize(cell: str) -> list[tuple[str, str]]:
        return [(kind, key) for kind, _, key, _ in read_cell(cell, refanging=wishes.refang) if kind is not None]

    doubtful, fallback, hidden = None, None, list[str]()
    for source in tables(file, folder, sheet=wishes.sheet, seconds=seconds):
        layout = lay_out(source.table, recognize, mapping=wishes.mapping, has_heading=wishes.ignore_first_line)
        if layout is not None and any(column.found for column in layout.columns):
            if layout.is_certain:
                return source, layout
            # A sheet of contacts and links contains indicators as well, so a sheet whose heading announces indicators
            # comes first.
            doubtful = doubtful or (source, layout)
        elif layout is not None:
            fallback = fallback or (source, layout)
        hidden = [f"“{sheet.name}”" for sheet in source.others if not sheet.visible]
    if doubtful:
        return doubtful
    if hidden and not wishes.send_unrecognized:
        raise InputError(
            f"No visible sheet of {file.name} contains a recognized indicator, and hidden ones are not read: to read "
            f"one, set the argument sheet to {' or '.join(hidden)}"
        )
    return fallback
