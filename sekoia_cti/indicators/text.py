"""Indicators as text: decoding."""

from __future__ import annotations

import codecs
import io

from sekoia_cti.indicators.encodings import open_text

__all__ = ["decode"]

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def decode(content: bytes) -> str:
    """Text from bytes: by its byte order mark, else UTF-8, else Windows-1252, which any bytes are."""
    encoding = next((encoding for mark, encoding in _BOMS if content.startswith(mark)), "utf-8")
    try:
        return content.decode(encoding)
    except UnicodeDecodeError:
        return open_text(io.BytesIO(content), "cp1252").read()
