"""Table rows that were given as text: the column of indicators is found as in a file, and the rest is left out.

Only what cannot be a list of values is a table: below a heading that we know, or rows of which most are not values by themselves.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice, takewhile

from sekoia_cti.indicators.cells import is_cut_url
from sekoia_cti.indicators.columns import Column, cells_of, choose, profile
from sekoia_cti.indicators.headers import Role, role_of
from sekoia_cti.indicators.input_errors import InputError
from sekoia_cti.indicators.reading import findings
from sekoia_cti.indicators.type_cells import FLAGS, is_flag, not_taken, withheld

__all__ = ["TextTable", "table_in"]

_DELIMITERS = "\t;,|"
_LOOKED_AT = 200
_FEWEST_ROWS = 2
_SAME_WIDTH = 0.8
_COMMENTS = ("#", "//")


@dataclass(slots=True)
class TextTable:
    """The column of indicators.

    Attributes:
        lines: For each line of the text, the cell to be read; empty if there is none.
        columns: What the columns that are read are called, and where they are.
        width: How many columns the table has.
        rows: How many rows contain a cell to be read.
        leaves_out: Whether rows have other cells than these.
        skipped: Rows that say that their indicator is not for detection: the cell, and why.
    """

    lines: list[str]
    columns: str
    width: int
    leaves_out: bool = True
    rows: int = 0
    skipped: list[tuple[str, str]] = field(default_factory=list)


def table_in(lines: Sequence[str]) -> TextTable | None:
    """The table that a text is; None if it is not a table, or it is not clear which column is meant.

    Args:
        lines: Of a text.
    """
    sample = list(islice(filter(_is_row, lines), _LOOKED_AT))
    if len(sample) < _FEWEST_ROWS:
        return None
    # As in files of abuse.ch, the last comment above the rows can be the heading.
    above = takewhile(lambda line: not _is_row(line), lines)
    comment = next((line for line in reversed([*above]) if line.lstrip(" #")), "").lstrip(" #")
    for delimiter in _DELIMITERS:
        if sum(delimiter in line for line in sample) > _SAME_WIDTH * len(sample) and (
            columns := _columns(sample, delimiter, _cells(comment, delimiter))
        ):
            return _read(lines, delimiter, *columns)
    return None


def _is_row(line: str) -> bool:
    return bool(line) and not line.isspace() and not line.lstrip().startswith(_COMMENTS)


def _cells(line: str, delimiter: str) -> list[str]:
    try:
        return [cell.strip() for cell in next(csv.reader([line], delimiter=delimiter, skipinitialspace=True), [])]
    except csv.Error:  # a cell that is too long for one
        return [line]


def _columns(
    lines: Sequence[str], delimiter: str, comment: list[str]
) -> tuple[list[Column], tuple[int, ...], bool, int | None] | None:
    """All columns, those that are to be read, whether the first row is a heading, and how many cells the heading has.

    A comment above the first row can be the heading too.
    """
    rows = [_cells(line, delimiter) for line in lines]
    is_first = _is_heading(rows[0])
    heading = rows[0] if is_first else comment if _is_heading(comment) and len(comment) == len(rows[0]) else None
    below = rows[1:] if is_first else rows
    width = len(heading) if heading else len(rows[0])
    # What is wider than its heading may have a delimiter in a URL.
    fitting = sum(len(row) >= width if heading else len(row) == width for row in below)
    if width < 2 or not below or fitting < _SAME_WIDTH * len(below):
        return None
    if heading is None and not _are_no_values(lines):
        return None
    columns = profile(heading, below, _kinds)
    try:
        choice = choose(columns)
    except InputError:  # several columns hold indicators: each line may as well be a list of them
        return None
    if choice is None or not choice.column.found:
        return None
    return columns, choice.joined or (choice.column.index,), is_first, len(heading) if heading else None


def _is_heading(cells: Sequence[str]) -> bool:
    roles = [role_of(cell) for cell in cells]
    return len(cells) > 1 and any(role in ("observable", "kind") for role in roles) and not any(map(_kinds, cells))


def _are_no_values(lines: Sequence[str]) -> bool:
    """Whether most lines are nothing by themselves; without a heading, a line that is a value or several is not a row."""
    return len(lines) > _FEWEST_ROWS and sum(not _kinds(line) for line in lines) >= _SAME_WIDTH * len(lines)


def _kinds(cell: str) -> list[tuple[str, str]]:
    return [(kind, key) for kind, _, key, _ in findings(cell) if kind]


def _read(
    lines: Sequence[str],
    delimiter: str,
    columns: Sequence[Column],
    joined: tuple[int, ...],
    has_heading: bool,
    width: int | None,
) -> TextTable:
    named = columns[joined[0]]
    taken = f"column{'s' * (len(joined) > 1)} {', '.join(str(columns[at]) for at in joined)}"
    table = TextTable([], taken, len(columns), len(joined) < len(columns))
    kind_column = next((column.index for column in columns if column.role == "type"), None)
    flags = [
        (column.index, column.role) for column in columns if column.role in FLAGS and is_flag(column.role, named.role)
    ]
    for line in lines:
        cell = ""
        if has_heading and _is_row(line):
            has_heading = False
        elif _is_row(line):
            row = _whole(_cells(line, delimiter), joined[0], line, delimiter, width)
            cell = "; ".join(cells_of(row, [columns[at] for at in joined]))
            if cell and (why := _why_not(row, kind_column, flags)):
                table.skipped.append((cell, why))
                cell = ""
            table.rows += bool(cell)
        table.lines.append(cell)
    return table


def _whole(row: list[str], at: int, line: str, delimiter: str, width: int | None) -> list[str]:
    """A row in which a URL is one cell again that held the delimiter."""
    if width and len(row) > width and is_cut_url(row, at, width):
        url = delimiter.join(row[at : at + 1 + len(row) - width])
        if url in line:  # and not apart by blanks, which are no longer there
            return [*row[:at], url, *row[at + 1 + len(row) - width :]]
    return row


def _why_not(row: Sequence[str], kind_column: int | None, flags: Sequence[tuple[int, Role]]) -> str:
    """Why the indicator of a row does not count; an empty text where it does."""
    if flag := withheld(flags, row):
        return f"its row says that it is {flag[1].removesuffix(', as this cell says')}"
    if kind_column is not None and kind_column < len(row) and not_taken(row[kind_column]) == "reference":
        return "its row says that it is a reference"
    return ""
