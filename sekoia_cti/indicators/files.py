"""Files of indicators: which kind they are, and the values of their observable column."""

from __future__ import annotations

import csv
import zipfile
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import BinaryIO, Literal

from python_calamine import CalamineError, CalamineWorkbook

from sekoia_cti.indicators.errors import InputError
from sekoia_cti.indicators.text import decode

__all__ = ["MIME_TYPES", "FileKind", "column", "heading", "kind_of"]

FileKind = Literal["csv", "xls", "xlsx"]

MIME_TYPES: dict[FileKind, tuple[str, ...]] = {
    "csv": ("text/csv", "application/csv", "text/plain"),
    "xls": ("application/vnd.ms-excel", "application/octet-stream"),
    "xlsx": ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "application/zip"),
}
"""MIME types that Sekoia takes for each kind, ours first (contract, "MIME types")."""

_EXTENSIONS: dict[str, FileKind] = {"csv": "csv", "txt": "csv", "tsv": "csv", "xls": "xls", "xlsx": "xlsx"}
_COMPOUND = bytes.fromhex("d0cf11e0a1b11ae1")
_TEXT_CONTROLS = frozenset(b"\t\n\v\f\r\x1a\x1b")
_BINARY = bytes(set(range(32)) - _TEXT_CONTROLS)


def kind_of(file: BinaryIO, name: str) -> FileKind:
    """Find out the kind of a file from its content first and its name second.

    Args:
        file: Opened for reading bytes, at its start, and able to seek; it is left anywhere.
        name: Its name.

    Raises:
        InputError: It is none of the kinds that Sekoia takes.
    """
    start = file.read(8192)
    extension = name.rpartition(".")[2].lower()
    if start.startswith(_COMPOUND) and _EXTENSIONS.get(extension) in (None, "xls"):
        return "xls"
    if start.startswith(b"PK\x03\x04") and _is_workbook(file):
        return "xlsx"
    if _is_text(start) and _EXTENSIONS.get(extension) in (None, "csv"):
        return "csv"
    raise InputError(f"The file {name} is neither CSV, XLS nor XLSX: save it in one of these formats")


def column(file: BinaryIO, kind: FileKind, index: int, *, skip_first: bool) -> Iterator[str]:
    """The values of one column, from top to bottom, without blanks around them and without empty ones.

    Args:
        file: Opened for reading bytes, at its start.
        kind: What :func:`kind_of` found.
        index: The column, from 0.
        skip_first: Whether the first line is a heading.

    Raises:
        InputError: The file cannot be read as that kind.
    """
    for row in _rows(file, kind):
        if skip_first:
            skip_first = False
        elif index < len(row) and (value := str(row[index]).strip()):
            yield value


def heading(file: BinaryIO, kind: FileKind) -> list[str]:
    """The cells of the first row, which may be a heading.

    Args:
        file: Opened for reading bytes, at its start.
        kind: What :func:`kind_of` found.

    Raises:
        InputError: The file cannot be read as that kind.
    """
    return [str(cell) for cell in next(_rows(file, kind), [])]


def _rows(file: BinaryIO, kind: FileKind) -> Iterator[Sequence[object]]:
    try:
        if kind == "csv":
            yield from _csv_rows(file)
        else:
            with CalamineWorkbook.from_filelike(file) as workbook:
                yield from workbook.get_sheet_by_index(0).iter_rows()
    except (csv.Error, CalamineError) as error:
        raise InputError(f"The file cannot be read as {kind.upper()} ({error}): repair it or save it anew") from None


def _csv_rows(file: BinaryIO) -> Iterator[Sequence[object]]:
    start = file.readline()
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = iter(decode(start + file.read()).splitlines(keepends=True))
        first = next(text, "")
    else:
        first = decode(start)
        text = (decode(line) for line in file)
    delimiter = max(",;\t|", key=first.count)
    yield from csv.reader(chain([first], text), delimiter=delimiter)


def _is_workbook(file: BinaryIO) -> bool:
    file.seek(0)
    try:
        with zipfile.ZipFile(file) as archive:
            return "xl/workbook.xml" in archive.namelist()
    except (zipfile.BadZipFile, OSError):
        return False


def _is_text(start: bytes) -> bool:
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        return True
    return not start.startswith(b"%PDF") and not start.translate(None, bytes(set(range(256)) - set(_BINARY)))
