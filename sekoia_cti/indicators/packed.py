"""Files that are packed: the one file in gzip or in a ZIP archive, read in pieces and within limits."""

from __future__ import annotations

import errno
import gzip
import lzma
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import PurePath
from typing import IO, BinaryIO, NamedTuple, cast

from sekoia_cti.indicators.display import shown
from sekoia_cti.indicators.file_content import ZIP
from sekoia_cti.indicators.input_errors import UnreadableFile

__all__ = ["Packed", "members", "open_packed"]

_GZIP = b"\x1f\x8b"
_PIECE = 1024 * 1024
_PARTS_OF_DOCUMENTS = frozenset(("[Content_Types].xml", "mimetype", "xl/workbook.xml"))
"""A workbook, or another document, is a ZIP archive too."""

_DAMAGE = (
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, OSError),
    *(ValueError, IndexError, KeyError, OverflowError, NotImplementedError, RuntimeError),
)
_DAMAGED = "it is damaged and cannot be unpacked: download it again"


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
            while True:
                with _told():
                    piece = content.read(_PIECE)
                if not piece:
                    break
                done += len(piece)
                if done > most:
                    raise UnreadableFile(
                        f"it contains more than {most // 1024**2:,} MB when unpacked, which is too much: import it in "
                        "parts"
                    )
                yield piece
        if not done:
            raise UnreadableFile("it is empty when unpacked: there is nothing to import")


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


def members(file: BinaryIO) -> list[str]:
    """The names of all that a ZIP archive holds.

    Args:
        file: Opened for reading bytes, and able to seek.

    Raises:
        UnreadableFile: It is damaged.
    """
    with _told(), zipfile.ZipFile(file) as archive:
        return archive.namelist()


def _only_member(file: BinaryIO) -> Packed | None:
    with _told():
        archive = zipfile.ZipFile(file)
        files = [
            one for one in archive.infolist() if not one.filename.endswith("/") and "__MACOSX/" not in one.filename
        ]
        if any(one.filename in _PARTS_OF_DOCUMENTS for one in files):
            return None
        if len(files) != 1:
            raise UnreadableFile(
                f"it is an archive of {len(files):,} files: unpack it, and use the one that contains the indicators"
            )
        if files[0].flag_bits & 1:
            raise UnreadableFile("it is an archive with a password: unpack it first")
        return Packed(shown(PurePath(files[0].filename).name), archive.open(files[0]))


@contextmanager
def _told() -> Iterator[None]:
    """The many errors that damage makes, as one."""
    try:
        yield
    except UnreadableFile:
        raise
    except _DAMAGE as error:
        # Of the system only “invalid argument”, for places before the start of a file, is the archive's fault.
        if isinstance(error, OSError) and error.errno not in (None, errno.EINVAL):
            raise
        raise UnreadableFile(_DAMAGED) from None
