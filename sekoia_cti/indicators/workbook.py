"""XLS and XLSX as CSV, in a process of its own: ``python -m sekoia_cti.indicators.workbook PATH SECONDS BYTES [SHEET]``.

A damaged or hostile workbook can take a parser's process down, or the memory of the machine. So the process that has to report
to the platform never reads one: it starts this one (see :mod:`sekoia_cti.local_files.isolated`), which limits itself and imports
little, and so starts fast. Without a sheet it prints the sheets as JSON, with one it prints that sheet as CSV.
"""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime, time

from python_calamine import CalamineSheet, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

__all__ = ["UNREADABLE", "main", "text_of"]

UNREADABLE = 3
"""The exit status for a workbook that cannot be read; the reason is on standard error."""

MOST_COLUMNS = 1_000
MOST_OF_TOP = 100
"""Characters of a cell of a first row, which tell whether it is a heading."""

_EXACT = 2**53
"""From here on a float, which a number in a workbook is, has lost digits."""


def main(path: str, seconds: str, memory: str, sheet: str | None = None) -> None:
    """Print the sheets, or the rows of one, within so many seconds of the processor and bytes of memory."""
    _limit(int(seconds), int(memory))
    try:
        with CalamineWorkbook.from_path(path) as workbook:
            if sheet is None:
                print(json.dumps(list(_sheets(workbook))))
            else:
                csv.writer(sys.stdout, lineterminator="\n").writerows(_rows(workbook.get_sheet_by_name(sheet)))
                sys.stdout.flush()
    except BaseException as error:  # noqa: BLE001  # a panic of the parser is no Exception
        print(" ".join(str(error).split()) or type(error).__name__, file=sys.stderr)
        sys.exit(UNREADABLE)


def text_of(cell: object) -> str:
    """A cell as text: what a person who looks at it would type, with dates in ISO 8601.

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


def _sheets(workbook: CalamineWorkbook) -> Iterator[dict[str, object]]:
    alone = len(workbook.sheets_metadata) == 1
    for found in workbook.sheets_metadata:
        if found.typ != SheetTypeEnum.WorkSheet:
            continue
        rows, top = 1, list[str]()
        if not alone:  # counting reads the sheet, and of a single one nobody asks
            filled = (
                row for row in workbook.get_sheet_by_name(found.name).iter_rows() if any(cell != "" for cell in row)
            )
            if first := next(filled, None):
                top = [text_of(cell)[:MOST_OF_TOP] for cell in first[:MOST_COLUMNS]]
            rows = bool(top) + sum(1 for _ in filled)
        yield {
            "name": found.name,
            "visible": found.visible == SheetVisibleEnum.Visible,
            "alone": alone,
            "rows": rows,
            "top": top,
        }


def _rows(sheet: CalamineSheet) -> Iterator[list[str]]:
    """All rows from the first one of the sheet on, and all columns from A on, be they empty or not."""
    if sheet.start is None or sheet.end is None:
        return
    top, left = sheet.start
    if sheet.end[1] >= MOST_COLUMNS:
        raise ValueError(f"it has {sheet.end[1] + 1:,} columns, and {MOST_COLUMNS:,} is the most that is read")
    yield from ([] for _ in range(top))
    before = [""] * left
    for row in sheet.iter_rows():
        yield before + [text_of(cell) for cell in row]


def _limit(seconds: int, memory: int) -> None:
    try:
        import resource
    except ImportError:  # not on Windows, where people try playbooks and the platform does not run
        return
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]  # as it is a text file here
    main(*sys.argv[1:])
