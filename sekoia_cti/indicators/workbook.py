"""Converts XLS and XLSX to CSV, in a separate process: ``python -m sekoia_cti.indicators.workbook PATH SECONDS BYTES
[SHEET]``.

A damaged or hostile workbook can take a parser's process down, or the memory of the machine. So the process that has to report
to the platform never reads one: it starts this one (see :mod:`sekoia_cti.local_files.isolated`), which limits itself and imports
little, and so starts fast. Without a sheet it prints the sheets as JSON, with one it prints that sheet as CSV.
"""

from __future__ import annotations

import csv
import io
import json
import re
import sys
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import count

from python_calamine import CalamineSheet, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

__all__ = ["UNREADABLE", "main", "text_of"]

UNREADABLE = 3
"""The exit status for a workbook that cannot be read; the reason is on standard error."""

MOST_COLUMNS = 1_000
MOST_MERGED = 100_000
"""A row beyond which cells are not looked for that stand for several rows."""

MOST_OF_TOP = 100
"""Characters of a cell of a first row, which tell whether it is a heading."""

_DURATION = re.compile(rb'formatCode="[^"]*\[[hms]+\][^"]*"|numFmtId="46"', re.IGNORECASE)
"""The formats of durations in the styles of an XLSX, with the one that has a number (ECMA-376, part 1, section 18.8.30)."""

_PIECE = 1024 * 1024
_EXACT = 2**53
"""From here on a float, which a number in a workbook is, has lost digits."""


def main(path: str, seconds: str, memory: str, sheet: str | None = None) -> None:
    """Print the sheets, or the rows of one, within so many seconds of the processor and bytes of memory."""
    _limit(int(seconds), int(memory))
    try:
        with CalamineWorkbook.from_path(path) as workbook:
            if sheet is None:
                print(json.dumps(list(_sheets(workbook, path))))
            else:
                csv.writer(sys.stdout).writerows(_rows(workbook.get_sheet_by_name(sheet), path))
                sys.stdout.flush()
    except BaseException as error:  # noqa: BLE001  # a panic of the parser is no Exception
        print(" ".join(str(error).split()) or type(error).__name__, file=sys.stderr)
        sys.exit(UNREADABLE)


def text_of(cell: object) -> str:
    """A cell as text: what a person who sees it would type, with dates in ISO 8601.

    A number that is too large to be exact keeps its exponent or its decimal point, so that nobody takes it for a hash.
    """
    match cell:
        case bool():
            return str(cell).upper()
        case float() if cell.is_integer() and abs(cell) < _EXACT:
            return str(int(cell))
        case datetime():
            return (cell if cell.tzinfo else cell.replace(tzinfo=UTC)).isoformat().replace("+00:00", "Z")
        case date() | time():
            return cell.isoformat()
        case _:
            return str(cell)


def _sheets(workbook: CalamineWorkbook, path: str) -> Iterator[dict[str, object]]:
    alone = len(workbook.sheets_metadata) == 1
    may_be_merged = _may_be_merged(path)
    for found in workbook.sheets_metadata:
        if found.typ != SheetTypeEnum.WorkSheet:
            continue
        rows, top = 1, list[str]()
        if not alone:  # counting reads the sheet, and of a single one nobody asks
            sheet = workbook.get_sheet_by_name(found.name)
            filled = (row for row in _cells(sheet, path) if any(cell != "" for cell in row))
            if first := next(filled, None):
                top = [text_of(cell)[:MOST_OF_TOP] for cell in first[:MOST_COLUMNS]]
            rows = bool(top) + sum(1 for _ in filled)
        yield {
            "name": found.name,
            "visible": found.visible == SheetVisibleEnum.Visible,
            "alone": alone,
            "merged": may_be_merged and bool(_merged(workbook.get_sheet_by_name(found.name))),
            "rows": rows,
            "top": top,
        }


def _rows(sheet: CalamineSheet, path: str) -> Iterator[list[str]]:
    """All rows from the first one of the sheet on, and all columns from A on, be they empty or not."""
    if sheet.start is None or sheet.end is None:
        return
    top, left = sheet.start
    if sheet.end[1] >= MOST_COLUMNS:
        raise ValueError(f"it has {sheet.end[1] + 1:,} columns, but at most {MOST_COLUMNS:,} are read")
    yield from ([] for _ in range(top))
    before = [""] * left
    merged = _merged(sheet)
    for number, cells in enumerate(_cells(sheet, path), top):
        row = before + [text_of(cell) for cell in cells]
        for cell in merged.get(number, ()):
            cell.fill(number, row)
        yield row


def _may_be_merged(path: str) -> bool:
    """Whether a workbook may have merged cells; unpacking an XLSX takes a fraction of the time that reading its sheets does."""
    if not zipfile.is_zipfile(path):
        return True
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            if not name.startswith("xl/worksheets/"):
                continue
            with archive.open(name) as sheet:
                before = b""
                while piece := sheet.read(_PIECE):
                    if b"<mergeCell" in before + piece:
                        return True
                    before = piece[-16:]
    return False


@dataclass
class _Merged:
    """A cell that stands for several rows.

    Attributes:
        top: The first of them.
        column: Where it is.
        text: What it holds, once its first row was read.
    """

    top: int
    column: int
    text: str = ""

    def fill(self, number: int, row: list[str]) -> None:
        """Read the cell from its first row, or write it into another one."""
        if self.column >= len(row):
            return
        if number == self.top:
            self.text = row[self.column]
        else:
            row[self.column] = row[self.column] or self.text


def _merged(sheet: CalamineSheet) -> dict[int, list[_Merged]]:
    """By row, the cells of one column that stand for several rows below a first one."""
    found: dict[int, list[_Merged]] = {}
    for (top, left), (bottom, right) in sheet.merged_cell_ranges or ():
        if left == right and top < bottom <= MOST_MERGED:
            cell = _Merged(top, left)
            for number in range(top, bottom + 1):
                found.setdefault(number, []).append(cell)
    return found


def _cells(sheet: CalamineSheet, path: str) -> Iterator[Sequence[object]]:
    """The rows of a sheet; a duration that Python has no room for becomes a text, and does not cost its row."""
    rows = iter(sheet.iter_rows())
    for number in count():
        try:
            yield next(rows)
        except StopIteration:
            return
        except OverflowError:
            if not zipfile.is_zipfile(path):  # an XLS, whose formats nobody can take off
                raise
            yield [
                f"{cell:.0f} days" if isinstance(cell, float) and cell > timedelta.max.days else cell
                for cell in _without_durations(path, sheet.name)[number]
            ]


@cache
def _without_durations(path: str, sheet: str) -> list[list[object]]:
    """The rows of a sheet of an XLSX in which durations are numbers."""
    made = io.BytesIO()
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(made, "w") as target:
        for member in source.infolist():
            content = source.read(member)
            target.writestr(member, _DURATION.sub(_general, content) if "styles" in member.filename else content)
    made.seek(0)
    with CalamineWorkbook.from_filelike(made) as workbook:
        return [[*row] for row in workbook.get_sheet_by_name(sheet).iter_rows()]


def _general(duration: re.Match[bytes]) -> bytes:
    return b'formatCode="0"' if duration[0].startswith(b"f") else b'numFmtId="0"'


def _limit(seconds: int, memory: int) -> None:
    try:
        import resource
    except ImportError:  # not on Windows, where people try playbooks and the platform does not run
        return
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(
        resource.RLIMIT_CPU, (seconds, seconds + 1)
    )  # at the second limit SIGKILL tells nothing of time
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]  # as it is a text file here
    main(*sys.argv[1:])
