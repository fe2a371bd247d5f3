"""A JSON object as the body of a request, sent in pieces that get through a slow connection in time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from sekoia_cti.client.waiting import Deadline

__all__ = ["JSONBody"]

PIECE = 64 * 1024
"""Bytes per piece. urllib3 leaves the timeout for connecting on the socket while it sends, so each piece has to be sent within
it: as one piece, 8 MiB would never get through a connection of 500 kB/s."""


class JSONBody:
    """A JSON object as the body of a request, for the argument ``data`` of requests.

    Args:
        value: What JSON can hold, without lone surrogates, for which UTF-8 has no bytes.
        deadline: Checked before each piece: on a slow connection, every piece can be in time while all of them are late.
        doing: What the call is for, as errors say it.

    Raises (while it is sent):
        DeadlinePassed: There is no time left.
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
