"""Files of indicators: which kind they are."""

from __future__ import annotations

import zipfile
from typing import BinaryIO, Literal

from sekoia_cti.indicators.errors import InputError

__all__ = ["MIME_TYPES", "FileKind", "kind_of"]

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
