"""Tables of indicators: what the observable column of a file holds, and the same table with that column cleaned."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from itertools import chain, islice
from typing import BinaryIO, TextIO

from sekoia_cti.indicators.account import Account
from sekoia_cti.indicators.errors import InputError
from sekoia_cti.indicators.files import FileKind
from sekoia_cti.indicators.reading import judge
from sekoia_cti.indicators.text import decode, thin
from sekoia_cti.indicators.types import Found, plain

__all__ = ["Column", "Survey", "first_rows", "survey", "write_cleaned"]

_DELIMITERS = ",;\t|"
_NO_DELIMITER = "\x1f"
"""What separates the columns of a file that has one: a mark that no indicator holds."""

_LINES_LOOKED_AT = 1_000


@dataclass(frozen=True, slots=True)
class Column:
    """Where the observables are, and how to read them.

    Attributes:
        index: The column, from 0.
        skip_first: Whether the first row is a heading.
        of: How many columns there are, as far as that is known.
        refanging: Whether defanged observables are to be sent as they were before.
    """

    index: int
    skip_first: bool
    of: int = 1
    refanging: bool = True


@dataclass(slots=True)
class Survey(Account):
    """What the observable column of a table holds. Lines are rows, from 1, the heading included."""

    values: int = 0
    """Cells that are not blank."""

    changes: int = 0
    """Those of them that cleaning would change."""

    sample: list[str] = field(default_factory=list)
    """Some of the values as they are sent, evenly spread, the last one among them."""


def first_rows(file: BinaryIO, kind: FileKind, count: int) -> list[list[str]]:
    """The cells of the first rows, as text.

    Args:
        file: Opened for reading bytes, at its start.
        kind: What :func:`~sekoia_cti.indicators.files.kind_of` found.
        count: How many rows at the most.

    Raises:
        InputError: The file cannot be read as that kind.
    """
    return list(islice(_table(file, kind)[1], count))


def survey(file: BinaryIO, kind: FileKind, column: Column) -> Survey:
    """Look at each observable of a table, which is read as it goes and not held.

    A comment where an observable belongs is reported as unrecognised and stays: its row is not ours to remove.

    Args:
        file: Opened for reading bytes, at its start.
        kind: What :func:`~sekoia_cti.indicators.files.kind_of` found.
        column: Where the observables are.

    Raises:
        InputError: The file cannot be read as that kind, or its columns cannot be told apart.
    """
    found = Survey()
    by_type = found.by_type

    def observables(rows: Iterable[list[str]]) -> Iterator[str]:
        for number, row in enumerate(rows, 1):
            cell = _cell(row, number, column)
            if not cell or cell.isspace():
                continue
            kind_found, value, reason = _judge(cell, column)
            found.values += 1
            found.changes += value != cell
            if kind_found is None:
                found.note(number, value, reason)
            else:
                by_type[kind_found] = by_type.get(kind_found, 0) + 1
            yield value

    found.sample = thin(observables(_table(file, kind, column.of)[1]))
    return found


def write_cleaned(file: BinaryIO, kind: FileKind, column: Column, to: TextIO) -> None:
    """Write a table as CSV in which each observable is as it would be sent from text; all other cells stay.

    Of a workbook it is the first sheet: a time becomes ISO 8601 in UTC, a whole number loses its decimal point.

    Args:
        file: Opened for reading bytes, at its start.
        kind: What :func:`~sekoia_cti.indicators.files.kind_of` found.
        column: Where the observables are.
        to: Opened for writing text with ``newline=""``; the delimiter is that of the file.

    Raises:
        InputError: The file cannot be read as that kind, or its columns cannot be told apart.
    """
    delimiter, rows = _table(file, kind, column.of)
    writer = csv.writer(to, delimiter=delimiter, lineterminator="\n")
    for number, row in enumerate(rows, 1):
        cell = _cell(row, number, column)
        if cell and not cell.isspace():
            row[column.index] = _judge(cell, column)[1]
        writer.writerow(row)


def _cell(row: Sequence[str], number: int, column: Column) -> str | None:
    if number == 1 and column.skip_first:
        return None
    return row[column.index] if column.index < len(row) else None


def _judge(cell: str, column: Column) -> Found:
    return plain(cell) or judge(cell, refanging=column.refanging) or (None, cell, "a comment")


# Rows


def _table(file: BinaryIO, kind: FileKind, columns: int = 1) -> tuple[str, Iterator[list[str]]]:
    """The delimiter to write a table with, and its rows, which raise :exc:`InputError` where the file is no table."""
    if kind != "csv":
        return ",", _sheet_rows(file, kind)
    lines = _lines(file)
    first = list(islice(lines, _LINES_LOOKED_AT))
    delimiter = _delimiter(first)
    if delimiter == _NO_DELIMITER and columns > 1:
        raise InputError(
            f"The file has {columns} columns, and it is not clear what separates them: save it with commas"
        )
    return delimiter if delimiter in _DELIMITERS else ",", _csv_rows(chain(first, lines), delimiter)


def _csv_rows(lines: Iterable[str], delimiter: str) -> Iterator[list[str]]:
    try:
        yield from csv.reader(lines, delimiter=delimiter)
    except csv.Error as error:
        raise _unreadable("csv", error) from None


def _sheet_rows(file: BinaryIO, kind: FileKind) -> Iterator[list[str]]:
    from python_calamine import CalamineError, CalamineWorkbook  # it takes its time, and most files are CSV

    try:
        with CalamineWorkbook.from_filelike(file) as workbook:
            for row in workbook.get_sheet_by_index(0).iter_rows():
                yield [_text(cell) for cell in row]
    except (CalamineError, IndexError) as error:
        raise _unreadable(kind, error) from None


def _unreadable(kind: FileKind, error: Exception) -> InputError:
    return InputError(f"The file cannot be read as {kind.upper()} ({error}): repair it or save it anew")


def _lines(file: BinaryIO) -> Iterator[str]:
    start = file.readline()
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        # Not str.splitlines, which also ends a line at marks that belong into cells.
        yield from io.StringIO(decode(start + file.read()), newline="")
        return
    for line in chain([start] if start else [], file):
        if line.find(b"\r", 0, -2) < 0:
            yield decode(line)
        else:
            yield from map(decode, line.splitlines(keepends=True))


def _delimiter(lines: Sequence[str]) -> str:
    """The mark that cuts the most rows, if it cuts most of them: commas in some URLs of a list make no columns.

    Rows and not lines are counted, since a cell can span many lines.
    """

    def cut(mark: str) -> tuple[float, int]:
        try:
            widths = [len(row) for row in csv.reader(lines, delimiter=mark) if row]
        except csv.Error:  # a line may be too long a cell without the right mark
            return 0, 0
        return (sum(width > 1 for width in widths) / len(widths), widths[0]) if widths else (0, 0)

    best = max(_DELIMITERS, key=cut)
    return best if cut(best)[0] > 0.5 else _NO_DELIMITER


def _text(cell: object) -> str:
    match cell:
        case float() if cell.is_integer():
            return str(int(cell))
        case datetime():
            return (cell if cell.tzinfo else cell.replace(tzinfo=UTC)).isoformat().replace("+00:00", "Z")
        case date():
            return cell.isoformat()
        case _:
            return str(cell)
