"""Content: what bytes are where text, a list or a table is expected."""

from __future__ import annotations

import gzip
import io
import struct
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sekoia_cti.indicators.file_content import Wanted, check
from sekoia_cti.indicators.input_errors import UnreadableFile
from sekoia_cti.indicators.packed import open_packed

LIST = b"a.example\nb.example\n"
WANTED: tuple[Wanted, ...] = ("text", "list", "table")
"""Where the same is refused; what people wrote may be a page or an email."""


def archive(*names: str, content: bytes = LIST) -> bytes:
    """A ZIP archive of files that each hold the same."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as packed:
        for name in names:
            packed.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return target.getvalue()


def unpacked(content: bytes, most: int = 1_000_000) -> bytes:
    """The content of a file, unpacked if it is packed."""
    packed = open_packed(io.BytesIO(content))
    return b"".join(packed.pieces(most)) if packed else content


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (LIST, None),
        (gzip.compress(LIST, mtime=0), None),
        (archive("list.txt"), "list.txt"),
        (archive("a/list.txt", "__MACOSX/._list.txt"), "list.txt"),
    ],
)
def test_what_is_packed_is_unpacked(content: bytes, name: str | None) -> None:
    """A list is found as it is, or as the only file in something packed."""
    assert unpacked(content) == LIST
    packed = open_packed(io.BytesIO(content))
    assert (packed.name if packed else None) == name


@pytest.mark.parametrize("content", [archive("[Content_Types].xml", "xl/workbook.xml"), archive("mimetype")])
def test_a_document_is_not_unpacked(content: bytes) -> None:
    """A workbook is an archive too, and is left as it is."""
    assert unpacked(content) == content


def with_password() -> bytes:
    """An archive whose directory says that its file has one."""
    return archive("list.txt").replace(b"PK\x01\x02\x14\x03\x14\0\0\0", b"PK\x01\x02\x14\x03\x14\0\1\0")


def directory(start: int = 0, name: int = 1) -> bytes:
    """An archive with nothing but a directory, whose one file begins before the archive, or has no name."""
    entry = struct.pack("<4s6x32xI", b"PK\x01\x02", start) + b"x" * name
    entry = entry[:28] + struct.pack("<H", name) + entry[30:]
    return b"PK\x03\x04" + entry + struct.pack("<4s4xHHIIH", b"PK\x05\x06", 1, 1, len(entry), start, 0)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (archive("a.txt", "b.txt"), "it is an archive of 2 files: unpack it"),
        (with_password(), "it is an archive with a password: unpack it first"),
        (gzip.compress(LIST, mtime=0)[:-9], "it is damaged"),
        (b"\x1f\x8bnothing", "it is damaged"),
        (archive("list.txt")[:40], "it is damaged"),
        (b"PK\x03\x04 and no archive", "it is damaged"),
        (directory(start=1), "it is damaged"),
        (directory(name=0), "it is damaged"),
        (gzip.compress(b"", mtime=0), "it is empty when unpacked"),
        (archive("list.txt", content=b""), "it is empty when unpacked"),
        (gzip.compress(bytes(3_000_000), mtime=0), "it contains more than 0 MB when unpacked"),
        (archive("list.txt", content=bytes(3_000_000)), "it contains more than 0 MB when unpacked"),
    ],
)
def test_what_cannot_be_unpacked(content: bytes, sentence: str) -> None:
    """One sentence, and no more is unpacked than is allowed."""
    with pytest.raises(UnreadableFile, match=sentence):
        unpacked(content)


@pytest.mark.parametrize("wanted", WANTED)
@pytest.mark.parametrize(
    ("content", "what"),
    [
        (
            b"<!DOCTYPE html><html><head><title>403 Forbidden</title></head></html>",
            "HTML page with the title “403 Forb",
        ),
        (b"\xef\xbb\xbf\r\n<HTML lang='en'>", "HTML page, such as a login page"),
        (b"<!-- a login page --><html>", "HTML page"),
        ("<html><body>…".encode("utf-16"), "HTML page"),
        (b"<?xml version='1.0'?><html xmlns='x'>", "HTML page"),
        (b"<table><tr><td>a.example</td></tr></table>", "HTML page"),
        (b"<h1>Sign in</h1>", "HTML page with the title “Sign in”"),
        (b"<?xml version='1.0'?><rss/>", "XML"),
        (b"%PDF-1.7\n", "PDF document"),
        (b"\x89PNG\r\n\x1a\n\0\0", "image"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF", "image"),
        (b"GIF89a", "image"),
        (archive("word/document.xml"), "document"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0", "document"),
        (b"{\\rtf1\\ansi a.example}", "document in RTF"),
        (b"7z\xbc\xaf\x27\x1c", "archive that is not opened here"),
        (archive("list.txt"), "archive that is not opened here"),
        (gzip.compress(LIST, mtime=0), "archive that is not opened here"),  # packed twice
        (b"a.txt" + bytes(252) + b"ustar", "archive that is not opened here"),
        (bytes(range(256)), "binary data, not text"),
        (b"Received: from a.example\r\n\tby b.example\r\nFrom: a@b.example\r\nSubject: x\r\n\r\nhi", "email"),
        (b"From a@b.example Thu\nFrom: a@b.example\nTo: c@d.example\nSubject: x\n\nhi", "email"),
    ],
)
def test_what_is_no_list_is_told(content: bytes, what: str, wanted: Wanted) -> None:
    """The error says what the file is."""
    with pytest.raises(UnreadableFile, match=what):
        check(content, wanted)


@pytest.mark.parametrize(
    ("content", "refused_for"),
    [
        (LIST, ()),
        (b"a.example,\0x\n", ()),
        (b"\0" * 40 + b"a.example" + b"\0" * 40, ()),
        (b"a.example\x01" + LIST * 9, ()),
        ("bücher.example\n".encode("utf-16"), ()),
        ("a.example\n".encode("utf-16-le"), ()),
        (b"[ipv4-addr:value = '192.0.2.1']\n", ()),
        (b"From: a@b.example\nSubject: two values with labels\n", ()),
        (b"<a.example>\n<p>b.example</p>\n", ()),
        (b'["a.example", "b.example"]', ("table",)),
        (b'{"type": "bundle"}', ("text", "table")),
        (b'\n[ {"value": "a.example"} ]', ("text", "table")),
        (b'{"value": "a.example"}\n{"value": "b.example"}\n', ("text", "table")),
    ],
)
def test_what_is_a_list_somewhere(content: bytes, refused_for: tuple[Wanted, ...]) -> None:
    """JSON is a list in one place only, and what is text is never refused."""
    for wanted in WANTED:
        if wanted in refused_for:
            with pytest.raises(UnreadableFile, match=r"it is JSON: use (indicators_path|it as indicators_path)"):
                check(content, wanted)
        else:
            check(content, wanted)


@given(st.binary(max_size=400), st.sampled_from(WANTED))
def test_any_bytes_are_judged(content: bytes, wanted: Wanted) -> None:
    """Any bytes pass, or are one sentence."""
    try:
        check(unpacked(content), wanted)
    except UnreadableFile as error:
        assert str(error).startswith("it ")
