"""Finds out the kind of a file of indicators."""

from __future__ import annotations

from typing import BinaryIO, Literal

from sekoia_cti.indicators.file_content import COMPOUND, LOOKED_AT, ZIP, check
from sekoia_cti.indicators.packed import members

__all__ = ["MIME_TYPES", "FileKind", "is_named_so", "is_named_table", "is_taken", "kind_of"]

_XLSX, _XLSB = "xl/workbook.xml", "xl/workbook.bin"
_ODS = b"mimetypeapplication/vnd.oasis.opendocument.spreadsheet"
"""What tells workbooks from other archives."""

FileKind = Literal["csv", "xls", "xlsx"]

MIME_TYPES: dict[FileKind, tuple[str, ...]] = {
    "csv": ("text/csv", "application/csv", "text/plain"),
    "xls": ("application/vnd.ms-excel", "application/octet-stream"),
    "xlsx": ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "application/zip"),
}
"""The MIME types that Sekoia accepts for each kind, with the one that we use first (contract, "MIME types")."""

_EXTENSIONS: dict[str, FileKind] = {"csv": "csv", "txt": "csv", "tsv": "csv", "xls": "xls", "xlsx": "xlsx"}


def kind_of(file: BinaryIO) -> FileKind:
    """Find out the kind of a file that holds a table, from its content.

    Args:
        file: Opened for reading bytes, at its start, and able to seek; it is left anywhere.

    Raises:
        UnreadableFile: It is none of the kinds that Sekoia accepts; the error says what it is.
    """
    start = file.read(LOOKED_AT)
    if start.startswith(COMPOUND):
        return "xls"
    if start.startswith(ZIP) and _is_workbook(file, start):
        return "xlsx"
    check(start, "table")
    return "csv"


def is_named_so(name: str, kind: FileKind) -> bool:
    """Whether a file's name does not say that it is of another kind; some programs call text or HTML ``.xls``."""
    return _EXTENSIONS.get(name.rpartition(".")[2].lower(), kind) == kind


def is_named_table(name: str) -> bool:
    """Whether a file's name says that it is a table, packed or not."""
    packed = name.lower().removesuffix(".gz").removesuffix(".zip")
    return packed.endswith((".csv", ".tsv", ".xls", ".xlsx", ".xlsb", ".ods"))


def is_taken(file: BinaryIO) -> bool:
    """Whether Sekoia accepts a workbook; others are read here, and sent to Sekoia as CSV.

    Args:
        file: As for :func:`kind_of`.
    """
    file.seek(0)
    return file.read(len(ZIP)) != ZIP or _XLSX in members(file)


def _is_workbook(file: BinaryIO, start: bytes) -> bool:
    if _ODS in start:
        return True
    file.seek(0)
    return not {_XLSX, _XLSB}.isdisjoint(members(file))
