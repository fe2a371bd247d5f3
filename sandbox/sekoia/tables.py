"""Files of indicators: CSV, XLS and XLSX, what their columns seem to hold, and what their rows say."""

import codecs
import csv
import io
import json
import re
import uuid
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import get_args

from charset_normalizer import from_bytes
from python_calamine import CalamineError, CalamineWorkbook

from sandbox.sekoia.context import Context
from sandbox.sekoia.detect import Form, detect
from sandbox.sekoia.job import Entry
from sandbox.sekoia.kill_chains import find_phase
from sandbox.sekoia.models.fields import STIX_ID
from sandbox.sekoia.models.import_models import Column
from sandbox.sekoia.times import timestamp

__all__ = ["MIME_TYPES", "Table", "UnreadableFileError", "entry", "kind_of", "read"]

Row = list[str]

MIME_TYPES = {
    "text/csv": "CSV",
    "application/csv": "CSV",
    "text/plain": "CSV",
    "application/vnd.ms-excel": "XLS",
    "application/octet-stream": "XLS",
    "application/zip": "XLSX",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "XLSX",
}
"""The kind of file that each MIME type stands for (contract, "MIME types")."""

LONGEST_DESCRIPTION = 500
# What is looked at to find out how a file is written, and what its columns hold.
SAMPLE_BYTES = 64 * 1024
SAMPLE_ROWS = 100
# The part of a column's cells that must be of a kind for the column to be so.
MAJORITY = 0.5

_BOMS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
_HEADINGS: dict[str, Column] = {
    **{name: name for name in get_args(Column)},
    **dict.fromkeys(("ioc", "iocs", "indicator", "indicators", "value"), "observable"),
    **dict.fromkeys(("start_of_validity", "valid_since"), "valid_from"),
    **dict.fromkeys(("end_of_validity", "valid_to", "expiration_date"), "valid_until"),
    **dict.fromkeys(("kill_chain", "kill_chain_phase"), "kill_chain_phases"),
    **dict.fromkeys(("threat", "threats", "related_threats"), "x_ic_related_threat_refs"),
    **dict.fromkeys(("comment", "context"), "description"),
}


class UnreadableFileError(ValueError):
    """What a file is that cannot be read, as a sentence."""


@dataclass(frozen=True, slots=True)
class Table:
    """The rows of a file that are not blank."""

    rows: Sequence[Row]

    def detect(self) -> tuple[list[Column | None], bool]:
        """What each column seems to hold, and whether the first line is a heading."""
        heading: list[Column | None] = [_HEADINGS.get(_slug(cell)) for cell in self.rows[0]]
        has_heading = any(heading) or not any(detect(cell) for cell in self.rows[0])
        sample = self.rows[1 : SAMPLE_ROWS + 1] if has_heading else self.rows[:SAMPLE_ROWS]
        width = max(map(len, self.rows[: SAMPLE_ROWS + 1]))
        mapping: list[Column | None] = [None] * width
        for index, named in enumerate(heading if has_heading else []):
            if named not in mapping:
                mapping[index] = named
        for index in range(width):
            cells = [row[index] for row in sample if index < len(row) and row[index]]
            if mapping[index] is None:
                mapping[index] = next((column for column in _kinds(cells) if column not in mapping), None)
        return mapping, has_heading and len(self.rows) > 1


def kind_of(content: bytes) -> str:
    """CSV, XLS or XLSX, by the content alone."""
    if content.startswith(b"PK\x03\x04"):
        return "XLSX"
    return "XLS" if content.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1") else "CSV"


def read(content: bytes) -> Table:
    """The table in a file; in a workbook, in its first sheet.

    Raises UnreadableFileError for what is not a table, and for one without rows.
    """
    rows = _read_csv(content) if kind_of(content) == "CSV" else _read_workbook(content)
    table = Table([row for row in ([cell.strip() for cell in row] for row in rows) if any(row)])
    if not table.rows:
        raise UnreadableFileError("the file holds no rows")
    return table


def entry(row: Row, mapping: Sequence[Column | None], default: Context, form: Form = "lower") -> Entry:
    """What a row says, and where it says nothing, a default; None when a cell cannot be understood."""
    cells = {column: cell for column, cell in zip(mapping, row, strict=False) if column and cell}
    observable = detect(cells.pop("observable", ""), form=form)
    try:
        values = {column: _READERS[column](cell) for column, cell in cells.items()}
    except ValueError:
        return None
    context = default._replace(**{column: value for column, value in values.items() if value})
    return (observable, context) if observable and context.is_consistent else None


# Reading


def _read_csv(content: bytes) -> Iterable[Row]:
    encoding = _encoding(content)
    sample = content[:SAMPLE_BYTES].decode(encoding, errors="replace")
    text = io.TextIOWrapper(io.BytesIO(content), encoding, errors="replace", newline="")
    try:
        yield from csv.reader(text, delimiter=_delimiter(sample))
    except csv.Error as error:
        raise UnreadableFileError(f"the file is no CSV: {error}") from error


def _encoding(content: bytes) -> str:
    for bom, encoding in _BOMS.items():
        if content.startswith(bom):
            return encoding
    if b"\0" in content[:SAMPLE_BYTES]:
        raise UnreadableFileError("the file is neither CSV, XLS nor XLSX")
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        likely = [match.encoding for match in from_bytes(content[:SAMPLE_BYTES])]
        # Short texts can be read in many ways; Western European is what most of these files are.
        return "cp1252" if "cp1252" in likely or not likely else likely[0]
    return "utf-8"


def _delimiter(sample: str) -> str:
    """The character that cuts the most lines into cells, if possible into the same number of them."""
    lines = [line for line in sample.splitlines() if line.strip()][:SAMPLE_ROWS]

    def lines_cut(delimiter: str) -> tuple[int, int]:
        widths = Counter(len(row) for row in csv.reader(lines, delimiter=delimiter) if len(row) > 1)
        return widths.total(), max(widths.values(), default=0)

    best = max(",;\t|", key=lines_cut)
    # Commas in some of the URLs of a column do not make it a table of two columns.
    return best if lines_cut(best)[0] > len(lines) * MAJORITY else "\x1f"


def _read_workbook(content: bytes) -> Iterable[Row]:
    try:
        with CalamineWorkbook.from_filelike(io.BytesIO(content)) as workbook:
            sheet = workbook.get_sheet_by_index(0)
            # Rows begin in the first column that holds anything, and here in column A.
            before = [""] * (sheet.start[1] if sheet.start else 0)
            for row in sheet.iter_rows():
                yield [*before, *(_cell(value) for value in row)]
    except (CalamineError, IndexError) as error:
        raise UnreadableFileError(f"the workbook cannot be read: {error}") from error


def _cell(value: object) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return value.isoformat() if isinstance(value, date) else str(value)


# Understanding


def _slug(heading: str) -> str:
    return re.sub(r"[\s_-]+", "_", heading.strip().lower())


def _kinds(cells: Row) -> list[Column]:
    """What a column of these cells can be, the likeliest first."""

    def mostly(column: Column) -> bool:
        return sum(_is(column, cell) for cell in cells) > len(cells) * MAJORITY

    columns: tuple[Column, ...] = ("observable", "valid_from", "kill_chain_phases")
    found = [column for column in columns if mostly(column)]
    return [*found, "valid_until"] if "valid_from" in found else found


def _is(column: Column, cell: str) -> bool:
    if column == "observable":
        return detect(cell) is not None
    try:
        return _READERS[column](cell) is not None
    except ValueError:
        return False


def _time(cell: str) -> str:
    time = datetime.fromisoformat(cell)
    try:
        return timestamp(time if time.tzinfo else time.replace(tzinfo=UTC))
    except OverflowError as error:
        raise ValueError(str(error)) from error


def _description(cell: str) -> str:
    if len(cell) > LONGEST_DESCRIPTION:
        raise ValueError("the description is too long")
    return cell


def _phases(cell: str) -> str | None:
    """The phases with these names; unknown names are left out."""
    found = [phase for name in cell.split(",") if (phase := find_phase(name)) is not None]
    return json.dumps(found) if found else None


def _threats(cell: str) -> str | None:
    """Every name is known here, as an intrusion set with an id of its own."""
    names = [name.strip() for name in cell.split(",") if name.strip()]
    refs = [
        name if STIX_ID.fullmatch(name) else f"intrusion-set--{uuid.uuid5(uuid.NAMESPACE_URL, name.lower())}"
        for name in names
    ]
    return json.dumps(refs) if refs else None


_READERS = {
    "valid_from": _time,
    "valid_until": _time,
    "description": _description,
    "kill_chain_phases": _phases,
    "x_ic_related_threat_refs": _threats,
}
