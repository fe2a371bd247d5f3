"""Encodings: whatever the bytes of a text are, each becomes a character."""

from __future__ import annotations

import codecs
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sekoia_cti.indicators.encodings import decode, open_text

TEXT = "bücher.example\nevil.example\n"


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (TEXT.encode(), TEXT),
        (codecs.BOM_UTF8 + TEXT.encode(), TEXT),
        (TEXT.encode("utf-16"), TEXT),
        (codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"), TEXT),
        (TEXT.encode("utf-32"), TEXT),
        (TEXT.encode("utf-16-le"), TEXT),
        (TEXT.encode("utf-16-be"), TEXT),
        (TEXT.encode("utf-32-le"), TEXT),
        (TEXT.encode("utf-32-be"), TEXT),
        (TEXT.encode("latin-1"), TEXT),
        ("“evil.example”\r\n".encode("cp1252"), "“evil.example”\r\n"),
        (TEXT.encode() + "é.example\n".encode("cp1252"), TEXT + "é.example\n"),
        ("ё управляющий сервер; список\n".encode("cp1251") * 9, "ё управляющий сервер; список\n" * 9),
        (b"evil.example\0\0\n", "evil.example\n"),
        (b"evil.example\r\n\x1a", "evil.example\r\n"),
        (b"", ""),
        ("\ud83d\ude00 b\ud83d.example ü\n".encode("utf-8", "surrogatepass"), "\U0001f600 b\ufffd.example ü\n"),
        (b"a.example\nb\xed\xa0", "a.example\nb\ufffd"),
        ("b\ud83d.example \ude00\n".encode("utf-16", "surrogatepass"), "b\ufffd.example \ufffd\n"),
        (codecs.BOM_UTF32_LE + "b\ud83d.example\n".encode("utf-32-le", "surrogatepass"), "b\ufffd.example\n"),
    ],
)
def test_text_is_decoded_whatever_its_encoding(content: bytes, text: str) -> None:
    """Byte order marks are obeyed and removed, what is no UTF-8 is Windows-1252, and half a character is one that was lost."""
    assert decode(content) == text


@pytest.mark.parametrize("before", [8_190, 8_191, 8_192])
def test_half_a_character_where_a_piece_ends(before: int) -> None:
    """However a file is cut into the pieces that it is read in, a value with half a character cannot pass for a whole one."""
    content = b"x" * before + "\ud83d".encode("utf-8", "surrogatepass")
    assert "\ufffd" in "".join(open_text(io.BytesIO(content), "utf-8"))


@given(st.binary(max_size=200))
def test_any_bytes_are_text(content: bytes) -> None:
    """No bytes make decoding fail."""
    assert isinstance(decode(content), str)
