"""What the bytes of a file are, where a list of indicators is expected: unpacked, or refused by what they are."""

from __future__ import annotations

import gzip
import io
import re
import zipfile
import zlib
from typing import IO, cast

from sekoia_cti.indicators.errors import UnreadableFile

__all__ = ["unpacked"]

_MOST_UNPACKED = 256 * 1024**2
_LOOKED_AT = 1024
_KINDS = (
    (
        re.compile(rb"\s*(?:<!--.*?-->\s*)?<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE | re.DOTALL),
        "an HTML page, such as a login page or an error, and not a list of indicators: check where it came from",
    ),
    (re.compile(rb"%PDF-"), "a PDF document: copy its indicators into a text file"),
    (
        re.compile(rb"\x89PNG\r\n|\xff\xd8\xff|GIF8[79]a|BM.{4}\0{4}|RIFF.{4}WEBP", re.DOTALL),
        "an image: type its indicators into a text file",
    ),
    (
        re.compile(rb"PK\x03\x04|\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),
        "a workbook, a document or an archive of several files: save a list as text, or use Import indicators from file",
    ),
)


def unpacked(content: bytes, *, pages: bool = False) -> bytes:
    """The content of a text file: as it is, or out of gzip or a ZIP archive of one file.

    Args:
        content: The file's.
        pages: Whether it may be an HTML page.

    Raises:
        UnreadableFile: It is no text, or it cannot be unpacked.
    """
    if content.startswith(b"\x1f\x8b"):
        with gzip.open(io.BytesIO(content)) as packed:
            content = _read(cast(IO[bytes], packed))
    elif content.startswith(b"PK\x03\x04"):
        content = _only_member(content)
    start = content[:_LOOKED_AT].removeprefix(b"\xef\xbb\xbf")
    for pattern, kind in _KINDS[1:] if pages else _KINDS:
        if pattern.match(start):
            raise UnreadableFile(f"it is {kind}")
    return content


def _only_member(content: bytes) -> bytes:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = [one for one in archive.infolist() if not one.is_dir() and "__MACOSX/" not in one.filename]
            if len(members) != 1:
                return content
            if members[0].flag_bits & 1:
                raise UnreadableFile("it is an archive with a password: unpack it first")
            with archive.open(members[0]) as member:
                return _read(member)
    except (zipfile.BadZipFile, NotImplementedError):
        raise UnreadableFile("it is a damaged archive: repair it") from None


def _read(source: IO[bytes]) -> bytes:
    try:
        content = source.read(_MOST_UNPACKED + 1)
    except (EOFError, zlib.error, OSError):
        raise UnreadableFile("it is damaged and cannot be unpacked: repair it") from None
    if len(content) > _MOST_UNPACKED:
        raise UnreadableFile("it holds more than 256 megabytes when unpacked, which is too much")
    return content
