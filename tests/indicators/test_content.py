"""Content: what bytes are where a list is expected."""

from __future__ import annotations

import gzip
import io
import zipfile

import pytest

from sekoia_cti.indicators.content import unpacked
from sekoia_cti.indicators.errors import UnreadableFile

LIST = b"a.example\nb.example\n"


def archive(*names: str) -> bytes:
    """A ZIP archive of files that each hold the list."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as packed:
        for name in names:
            packed.writestr(zipfile.ZipInfo(name), LIST)
    return target.getvalue()


@pytest.mark.parametrize(
    "content", [LIST, gzip.compress(LIST, mtime=0), archive("list.txt"), archive("list.txt", "__MACOSX/._list.txt")]
)
def test_a_list_is_found(content: bytes) -> None:
    """As it is, or as the only file in something packed."""
    assert unpacked(content) == LIST


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"<!DOCTYPE html><html><head><title>403 Forbidden</title></head></html>", "HTML"),
        (b"\xef\xbb\xbf\r\n<HTML lang='en'>", "HTML"),
        (b"<!-- a login page --><html>", "HTML"),
        (gzip.compress(b"<html><body>", mtime=0), "HTML"),
        (b"%PDF-1.7\n", "PDF"),
        (b"\x89PNG\r\n\x1a\n\0\0", "image"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF", "image"),
        (archive("a.txt", "b.txt"), "archive"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0", "workbook"),
        (gzip.compress(LIST, mtime=0)[:-9], "damaged"),
        (b"\x1f\x8bnothing", "damaged"),
        (archive("list.txt")[:40], "damaged"),
    ],
)
def test_what_is_no_list_is_told(content: bytes, kind: str) -> None:
    """The error says what the file is."""
    with pytest.raises(UnreadableFile, match=kind):
        unpacked(content)
