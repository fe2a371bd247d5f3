"""A JSON object on its way into a request, sent in pieces that fit a slow line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from sekoia_cti.client.waiting import Deadline

__all__ = ["JSONBody"]

PIECE = 64 * 1024
"""Bytes that are sent at once. urllib3 leaves the timeout for connecting on the socket while it sends, and each piece has to
be sent within it: in one piece, 8 MiB would never get through a line of 500 kB/s."""


class JSONBody:
    """A JSON object as a request's body, sent in pieces.

    Args:
        value: What JSON can hold, without lone surrogates, which UTF-8 has no bytes for.
        deadline: Checked with each piece: on a slow line, each of many can be in time, and all of them late.
        doing: What the call is for, as errors say it.

    Raises:
        DeadlinePassed: While it is sent.
    """

    content_type = "application/json"

    def __init__(self, value: dict[str, Any], deadline: Deadline, doing: str) -> None:
        self._content = json.dumps(value, ensure_ascii=False).encode()
        self._deadline = deadline
        self._doing = doing

    def __len__(self) -> int:
        return len(self._content)

    def __iter__(self) -> Iterator[memoryview]:
        content = memoryview(self._content)
        for start in range(0, len(content), PIECE):
            self._deadline.check(self._doing)
            yield content[start : start + PIECE]
