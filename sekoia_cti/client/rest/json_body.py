"""A JSON object on its way into a request, sent in pieces that fit a slow line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

__all__ = ["JSONBody"]

PIECE = 64 * 1024
"""Bytes that are sent at once. urllib3 leaves the timeout for connecting on the socket while it sends, and each piece has to
be sent within it: in one piece, 8 MiB would never get through a line of 500 kB/s."""


class JSONBody:
    """A JSON object as a request's body, sent in pieces.

    Args:
        value: What JSON can hold, without lone surrogates, which UTF-8 has no bytes for.
    """

    content_type = "application/json"

    def __init__(self, value: dict[str, Any]) -> None:
        self._content = json.dumps(value, ensure_ascii=False).encode()

    def __len__(self) -> int:
        return len(self._content)

    def __iter__(self) -> Iterator[memoryview]:
        content = memoryview(self._content)
        yield from (content[start : start + PIECE] for start in range(0, len(content), PIECE))
