"""Checks whether a file is a list or a table of indicators, and otherwise says what it is.

A login page in place of a feed would yield no indicators, or wrong ones; so would a report, a picture or an archive.
"""

from __future__ import annotations

import io
import re
from typing import Literal

from sekoia_cti.indicators.display import shown
from sekoia_cti.indicators.encodings import WIDE, encoding_of, open_text
from sekoia_cti.indicators.input_errors import UnreadableFile

__all__ = ["COMPOUND", "LOOKED_AT", "ZIP", "Wanted", "check", "page_in"]

Wanted = Literal["text", "list", "table", "document"]
"""What a file should hold: lines of text, JSON of values or objects, rows, or what people wrote to be read."""

LOOKED_AT = 8192
"""Bytes from the start of a file that tell what it is."""

ZIP = b"PK\x03\x04"
COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""How a workbook of before 2007 begins, and other documents of that time."""

_IMAGE = re.compile(rb"\x89PNG\r\n|\xff\xd8\xff|GIF8[79]a|BM.{4}\0{4}|RIFF.{4}WEBP|II\*\0|MM\0\*", re.DOTALL)
_ARCHIVE = re.compile(
    rb"\x1f\x8b|7z\xbc\xaf\x27\x1c|Rar!\x1a\x07|\xfd7zXZ\0|BZh[1-9]1AY|\x28\xb5\x2f\xfd|PK\x05\x06|.{257}ustar",
    re.DOTALL,
)
_PART_OF_DOCUMENT = re.compile(rb"\[Content_Types\]\.xml|mimetype|_rels/|docProps/|(?:xl|word|ppt)/|META-INF/")
"""A document is a ZIP archive of such parts; any other ZIP archive within an archive is not opened."""

_MOST_CONTROLS = 50
"""One control character in so many bytes is the slip of a program; with more of them it is not text."""
# NUL is not among them: programs pad cells with it. Nor are those that end lines and pages, and ESC, which terminals send.
_CONTROLS = bytes(set(range(1, 32)) - set(b"\t\n\v\f\r\x1a\x1b"))

_HTML = re.compile(
    r"(?:\s|<!--.*?-->|<\?xml[^>]*>)*<(?:!doctype\s+html|(?:html|head|body|script|style|meta|title|center|noscript|table|h1)\b)",
    re.IGNORECASE | re.DOTALL,
)
_TITLE = re.compile(r"<(title|h1)[^>]*>([^<]{1,200})</\1", re.IGNORECASE)
_XML = re.compile(r"\s*<\?xml\b")
_JSON_OBJECTS = re.compile(r"\s*(?:\[\s*)*\{\s*(?:\"(?:[^\"\\\n]|\\.)*\"\s*:|\})")
_JSON_LIST = re.compile(r"\s*\[\s*(?:\"(?:[^\"\\\n]|\\.)*\"\s*[,\]]|\])")
_HEADERS = frozenset("""
    received return-path delivered-to message-id mime-version from to cc subject date content-type dkim-signature reply-to
    """.split())
_HEADER = re.compile(r"([A-Za-z][A-Za-z-]+):\s")
_RTF = "{\\rtf"

_USE_FILE_ACTION = "use “Import indicators from file”, or save a list as text"
_UNPACK = "unpack it, and use the one file that contains the indicators"


def check(start: bytes, wanted: Wanted) -> None:
    """Refuse a file that is not text, a list or a table; the error says what it is.

    Args:
        start: The first :data:`LOOKED_AT` bytes of a file that is not packed and, if a table is expected, not a
            workbook.
        wanted: What it should contain.

    Raises:
        UnreadableFile: It is something else.
    """
    what = _known_bytes(start, wanted) or _known_text(_text_of(start), wanted)
    if what:
        raise UnreadableFile(f"it is {what}")


def page_in(text: str) -> str | None:
    """What a text is that begins as an HTML page does, with its title; None if it is not one."""
    text = text[:LOOKED_AT]
    if not _HTML.match(text):
        return None
    title = _TITLE.search(text)
    named = f" with the title “{shown(' '.join(title[2].split()), 80)}”" if title else ""
    return f"an HTML page{named}, such as a login page or an error, not a list of indicators: check where it came from"


def _known_bytes(start: bytes, wanted: Wanted) -> str | None:
    if start.startswith(b"%PDF-"):
        return "a PDF document: copy its indicators into a text file"
    if _IMAGE.match(start):
        return "an image: type its indicators into a text file"
    if start.startswith(COMPOUND) or (start.startswith(ZIP) and _PART_OF_DOCUMENT.search(start)):
        if wanted == "table":
            return "a document, not a workbook: save its indicators as XLSX or CSV"
        return f"a workbook or another document: {_USE_FILE_ACTION}"
    if start.startswith(ZIP) or _ARCHIVE.match(start):
        return f"an archive that is not opened here: {_UNPACK}"
    return "binary data, not text: check where it came from" if _is_binary(start) else None


def _is_binary(start: bytes) -> bool:
    if encoding_of(io.BytesIO(start), in_lines=False).name in WIDE:
        return False
    controls = len(start) - len(start.translate(None, _CONTROLS))
    return controls * _MOST_CONTROLS > len(start)


def _text_of(start: bytes) -> str:
    with open_text(io.BytesIO(start), encoding_of(io.BytesIO(start), in_lines=False).name) as text:
        return text.read().lstrip("\ufeff").replace("\0", "")


def _known_text(text: str, wanted: Wanted) -> str | None:
    if text.startswith(_RTF):
        return "a document in RTF: copy its indicators into a text file"
    if wanted == "document":
        return None
    if page := page_in(text):
        return page
    if _XML.match(text):
        return "XML: save its indicators as text, CSV or JSON"
    if wanted != "list" and (_JSON_OBJECTS.match(text) or (wanted == "table" and _JSON_LIST.match(text))):
        give = "use indicators_path for it" if wanted == "text" else "use it as indicators_path of “Import indicators”"
        return f"JSON: {give}"
    return "an email: use “Extract indicators” to find the indicators in it" if _is_email(text) else None


def _is_email(text: str) -> bool:
    """Whether a text begins with the header of a message: at least three fields that all messages have."""
    names = set()
    for line in text.splitlines()[:60]:
        if not line:
            break
        if match := _HEADER.match(line):
            names.add(match[1].lower())
        elif not line.startswith((" ", "\t", "From ")):
            return False
    return len(names & _HEADERS) >= 3
