"""Finds the tables in a file on the local disk: unpacks it, and extracts them from its workbook."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import BinaryIO

from sekoia_cti.indicators.files import FileKind, is_named_so, is_taken, kind_of
from sekoia_cti.indicators.input_errors import InputError, UnreadableFile
from sekoia_cti.indicators.packed import open_packed
from sekoia_cti.indicators.tables import Table, look
from sekoia_cti.local_files.isolated import Sheet, sheets, write_sheet

__all__ = ["LocalFile", "LocalTable", "open_local", "tables"]

MOST_UNPACKED = 1024**3
"""Bytes that a packed file may contain."""


@dataclass(frozen=True)
class LocalFile:
    """A file on the local disk that nothing else changes.

    Attributes:
        path: Where it is.
        name: What it is called.
        kind: What it is.
        is_original: Whether it is byte for byte the file in the storage, under a name that fits its content.
    """

    path: Path
    name: str
    kind: FileKind
    is_original: bool = True

    @property
    def size(self) -> int:
        """The size in bytes."""
        return self.path.stat().st_size


@dataclass(frozen=True)
class LocalTable:
    """A table in a file.

    Attributes:
        file: The file.
        table: The table.
        sheet: Its sheet, in a workbook.
        others: The other sheets of the workbook that are not empty.
    """

    file: LocalFile
    table: Table
    sheet: Sheet | None = None
    others: tuple[Sheet, ...] = ()

    @property
    def is_whole(self) -> bool:
        """Whether a reader of the stored file finds this table and nothing else."""
        is_all = self.sheet is None or (self.sheet.alone and self.sheet.visible and not self.sheet.merged)
        return self.file.is_original and is_all


def open_local(path: Path, name: str, folder: Path) -> LocalFile:
    """Open a file on the local disk, and unpack it if it is packed.

    Args:
        path: Where it is.
        name: What it is called.
        folder: Where the unpacked file goes.

    Raises:
        UnreadableFile: It cannot be unpacked, or is of a kind that cannot contain a table.
        OSError: It cannot be read, or the unpacked file cannot be written.
    """
    with path.open("rb") as content:
        packed = open_packed(content)
        if packed is None:
            kind = _kind(path)
            return LocalFile(path, name, kind, is_original=is_named_so(name, kind) and is_taken(content))
        target = folder / "unpacked"
        with target.open("wb") as file:
            file.writelines(packed.pieces(MOST_UNPACKED))
    return LocalFile(target, packed.name or Path(name).stem, _kind(target), is_original=False)


def tables(file: LocalFile, folder: Path, *, sheet: str | None, seconds: float) -> Iterator[LocalTable]:
    """The tables of a file, in the order in which they are examined: in a workbook, the visible sheets, or the
    requested one.

    Args:
        file: The file on the local disk.
        folder: The folder for extracted sheets.
        sheet: The name of a sheet, or its number, counting from 1.
        seconds: The time that reading a workbook may take.

    Raises:
        UnreadableFile: It cannot be read.
        InputError: It has no such sheet.
    """
    if file.kind == "csv":
        if sheet is not None:
            raise InputError(
                f"{file.name} is not a workbook, so it has no sheet “{sheet}”: leave the argument sheet empty"
            )
        yield LocalTable(file, look(partial(_open, file.path)))
        return
    found = sheets(file.path, seconds=seconds)
    filled = [one for one in found if one.rows]
    for number, one in enumerate(_asked_for(found, sheet, file.name), 1):
        path = folder / f"sheet-{number}.csv"
        write_sheet(file.path, one.name, path, seconds=seconds)
        # A cell of the sheet that contains semicolons is still one cell.
        table = look(partial(_open, path), delimiter=",")
        others = tuple(other for other in filled if other is not one)
        yield LocalTable(file, table, replace(one), others)


def _asked_for(found: list[Sheet], sheet: str | None, name: str) -> list[Sheet]:
    if sheet is None:
        visible = [one for one in found if one.visible and one.rows]
        if visible:
            return visible
        raise UnreadableFile("it has no visible sheet with any content: set the argument sheet")
    named = [one for one in found if one.name.casefold() == sheet.strip().casefold()]
    if not named and sheet.strip().isdigit() and 0 < int(sheet) <= len(found):
        named = [found[int(sheet) - 1]]
    if named:
        return named
    names = ", ".join(f"“{one.name}”" for one in found)
    raise InputError(f"{name} has no sheet “{sheet}”: its sheets are {names}")


def _open(path: Path) -> BinaryIO:
    return path.open("rb")


def _kind(path: Path) -> FileKind:
    with path.open("rb") as file:
        return kind_of(file)
