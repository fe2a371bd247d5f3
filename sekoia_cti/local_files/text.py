"""Reads the text of a file: unpacked, and refused if it is not text."""

from __future__ import annotations

import io

from sekoia_cti.indicators.file_content import LOOKED_AT, Wanted, check
from sekoia_cti.indicators.packed import open_packed

__all__ = ["unpacked"]

MOST_UNPACKED = 256 * 1024**2
"""Bytes that a packed file may contain."""


def unpacked(content: bytes, wanted: Wanted) -> bytes:
    """The content of a file, unpacked if it is packed.

    Args:
        content: The file.
        wanted: What it should contain.

    Raises:
        UnreadableFile: It holds something else; the error says what.
    """
    if packed := open_packed(io.BytesIO(content)):
        content = b"".join(packed.pieces(MOST_UNPACKED))
    check(content[:LOOKED_AT], wanted)
    return content
