"""How to decode a text: any byte becomes a character."""

from __future__ import annotations

import codecs
import io
import re
from typing import BinaryIO, NamedTuple, TextIO

from sekoia_cti.indicators.input_errors import UnreadableFile

__all__ = ["WIDE", "Encoding", "decode", "encoding_of", "open_text"]

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)

WIDE = frozenset(("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"))
"""Encodings in which each character takes more than a byte."""

_SAMPLE = 64 * 1024
_PIECE = 1024 * 1024
_WINDOWS = "windows-1252-or-latin-1"
_HALVES = re.compile(rb"(?:\xed[\xa0-\xbf][\x80-\xbf])+|\xed[\xa0-\xbf]\Z")
_LOST = "\N{REPLACEMENT CHARACTER}"


def _windows(error: UnicodeError) -> tuple[str, int]:
    """A bad byte as Windows writes it in the West; the five that have no meaning there as Latin-1 does.

    Half of a character, as programs cut it that count in UTF-16, is a character that was lost.
    """
    if not isinstance(error, UnicodeDecodeError):
        raise error
    if halves := _HALVES.match(error.object, error.start) if error.encoding == "utf-8" else None:
        return _rejoined(halves), halves.end()
    if error.end - error.start > 1 and error.encoding != "utf-8":
        return _LOST, error.end
    bad = error.object[error.start : error.end]
    return "".join(bytes((byte,)).decode("cp1252", "ignore") or chr(byte) for byte in bad), error.end


def _rejoined(halves: re.Match[bytes]) -> str:
    """The characters of halves that stand side by side, each written in UTF-8 as if it were one."""
    if len(halves[0]) % 3:  # where the file was cut
        return _LOST
    return (
        halves[0].decode("utf-8", "surrogatepass").encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    )


codecs.register_error(_WINDOWS, _windows)


class Encoding(NamedTuple):
    """How the bytes of a text are to be read.

    Attributes:
        name: As Python knows it.
        has_nul: Whether there are characters of no meaning among them, which some programs leave.
    """

    name: str
    has_nul: bool = False

    @property
    def is_guess(self) -> bool:
        """Whether nothing says what its letters are, as neither its bytes nor a mark do outside of Unicode."""
        return self.name not in WIDE and not self.name.startswith("utf-8")

    @property
    def label(self) -> str:
        """What people call it."""
        return self.name.replace("cp125", "Windows-125")


def encoding_of(file: BinaryIO, *, in_lines: bool = True) -> Encoding:
    """The encoding of a text: by its byte order mark, by its NULs, by being UTF-8, or by what it looks like.

    Args:
        file: Opened for reading bytes, at its start; all of it is read in pieces, and it is left anywhere.
        in_lines: Whether it has to be made of lines, as tables are.

    Raises:
        UnreadableFile: A line is so long that this is not text in lines.
    """
    start = file.read(_SAMPLE)
    for mark, name in _MARKS:
        if start.startswith(mark) and name != "utf-8-sig":
            return Encoding(name)
    if wide := _wide(start):
        return Encoding(wide)
    name = "utf-8-sig" if start.startswith(codecs.BOM_UTF8) else "utf-8"
    decoder = codecs.getincrementaldecoder("utf-8")()
    piece, has_nul, is_utf8 = start, False, True
    while piece:
        has_nul = has_nul or b"\0" in piece
        if in_lines and len(piece) == _PIECE and b"\n" not in piece and b"\r" not in piece:
            raise UnreadableFile("it has a line longer than a megabyte, so it is not a table or a list of indicators")
        if is_utf8:
            try:
                decoder.decode(piece)
            except UnicodeDecodeError as error:
                at = max(0, error.start - _SAMPLE // 2)
                name, is_utf8 = _narrow(piece[at : at + _SAMPLE]), False
        piece = file.read(_PIECE)
    return Encoding(name, has_nul)


def open_text(file: BinaryIO, encoding: str) -> TextIO:
    """A text file over one of bytes, which keeps line ends as they are and accepts any byte."""
    return io.TextIOWrapper(file, encoding=encoding, errors=_WINDOWS, newline="")


def decode(content: bytes) -> str:
    """Text from bytes: whatever they are, each becomes a character.

    NULs, and the mark that ends a file under DOS, which some programs leave, are left out.
    """
    encoding = encoding_of(io.BytesIO(content), in_lines=False).name
    return content.decode(encoding, _WINDOWS).replace("\0", "").removesuffix("\x1a")


def _wide(start: bytes) -> str | None:
    """UTF-16 or UTF-32 without a mark, which Western text has NULs in at regular places."""
    pairs = len(start) // 2
    if pairs < 2:
        return None
    quads = [start[at : 2 * pairs : 4].count(0) * 4 / (2 * pairs) for at in range(4)]
    if min(quads[1:]) > 0.7 and quads[0] < 0.1:
        return "utf-32-le"
    if min(quads[:3]) > 0.7 and quads[3] < 0.1:
        return "utf-32-be"
    even, odd = start[0 : 2 * pairs : 2].count(0), start[1 : 2 * pairs : 2].count(0)
    if odd > 0.7 * pairs and even < 0.1 * pairs:
        return "utf-16-le"
    return "utf-16-be" if even > 0.7 * pairs and odd < 0.1 * pairs else None


def _narrow(sample: bytes) -> str:
    """What text is that is not UTF-8 throughout."""
    sample = _HALVES.sub(lambda halves: _rejoined(halves).encode(), sample)
    letters = [letter for letter in sample.decode("utf-8", "surrogateescape") if not letter.isascii()]
    strays = sum("\udc80" <= letter <= "\udcff" for letter in letters)
    if len(letters) >= 2 * strays:
        return "utf-8"  # with some stray bytes of another program
    from charset_normalizer import from_bytes  # it takes its time, and most files are UTF-8

    # Short texts can be read in many ways, and Western European is what most of these files are.
    if from_bytes(sample, cp_isolation=["cp1252"]):
        return "cp1252"
    best = from_bytes(sample).best()
    return best.encoding if best else "cp1252"
