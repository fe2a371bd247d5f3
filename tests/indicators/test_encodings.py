"""Encodings: whatever the bytes of a text are, each becomes a character."""

from __future__ import annotations

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sekoia_cti.indicators.encodings import decode

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
    ],
)
def test_text_is_decoded_whatever_its_encoding(content: bytes, text: str) -> None:
    """Byte order marks are obeyed and removed, and what is no UTF-8 is Windows-1252."""
    assert decode(content) == text


@given(st.binary(max_size=200))
def test_any_bytes_are_text(content: bytes) -> None:
    """No bytes make decoding fail."""
    assert isinstance(decode(content), str)
