"""Files that are packed: the one file in gzip or in a ZIP archive, read in pieces and within limits."""

from __future__ import annotations

import gzip
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import PurePath
from typing import IO, BinaryIO, NamedTuple, cast

from sekoia_cti.indicators.content import ZIP
from sekoia_cti.indicators.display import shown
from sekoia_cti.indicators.errors import UnreadableFile

__all__ = ["Packed", "open_packed"]

_GZIP = b"\x1f\x8b"
_PIECE = 1024 * 1024
_PARTS_OF_DOCUMENTS = frozenset(("[Content_Types].xml", "mimetype", "xl/workbook.xml"))
"""A workbook, or another document, is a ZIP archive too."""

_DAMAGED = "it is damaged and cannot be unpacked: get it anew"


class Packed(NamedTuple):
    """The one file in a packed one.

    Attributes:
        name: What it is called; None where that is not told.
        content: To be read once, and closed.
    """

    name: str | None
    content: IO[bytes]

    def pieces(self, most: int) -> Iterator[bytes]:
        """What it holds.

        Args:
            most: Bytes that it may hold.

        Raises:
            UnreadableFile: It is damaged, empty, or holds more.
        """
        done = 0
        with self.content as content:
            while piece := self._read(content):
                done += len(piece)
                if done > most:
                    raise UnreadableFile(
                        f"it holds more than {most // 1024**2:,} MB when unpacked, which is too much: import it in parts"
                    )
                yield piece
        if not done:
            raise UnreadableFile("it holds nothing when unpacked: there is nothing to import")

    @staticmethod
    def _read(content: IO[bytes]) -> bytes:
        try:
            return content.read(_PIECE)
        except (EOFError, zlib.error, zipfile.BadZipFile, gzip.BadGzipFile, NotImplementedError):
            raise UnreadableFile(_DAMAGED) from None


def open_packed(file: BinaryIO) -> Packed | None:
    """The one file in a packed one; None where nothing is packed, or a document is.

    Args:
        file: Opened for reading bytes, able to seek, and left open until the content was read.

    Raises:
        UnreadableFile: It is damaged, has a password, or holds several files or none.
    """
    file.seek(0)
    start = file.read(len(ZIP))
    file.seek(0)
    if start.startswith(_GZIP):
        return Packed(None, cast(IO[bytes], gzip.GzipFile(fileobj=file)))
    return _only_member(file) if start == ZIP else None


def _only_member(file: BinaryIO) -> Packed | None:
    try:
        archive = zipfile.ZipFile(file)
        members = [one for one in archive.infolist() if not one.is_dir() and "__MACOSX/" not in one.filename]
        if any(one.filename in _PARTS_OF_DOCUMENTS for one in members):
            return None
        if len(members) != 1:
            raise UnreadableFile(
                f"it is an archive of {len(members):,} files: unpack it, and give the one that holds the indicators"
            )
        if members[0].flag_bits & 1:
            raise UnreadableFile("it is an archive with a password: unpack it first")
        return Packed(shown(PurePath(members[0].filename).name), archive.open(members[0]))
    except (zipfile.BadZipFile, NotImplementedError, ValueError, EOFError) as error:
        if isinstance(error, UnreadableFile):
            raise
        raise UnreadableFile(_DAMAGED) from None
