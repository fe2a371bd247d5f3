"""A file on its way into a multipart request, read as it is sent: whatever its size, a piece of it is in memory."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import BinaryIO

from sekoia_cti.client.waiting import Deadline

__all__ = ["Multipart"]

PIECE = 512 * 1024
"""Bytes read and sent at a time: more would be little faster, and has to be sent within the socket's timeout of 10 s."""


class Multipart:
    """The body of a ``multipart/form-data`` request with one part, ``file``, for requests' ``data=``.

    requests takes the length for the ``Content-Length`` and the iterator for what to send.

    Args:
        file: Opened for reading bytes, at its start.
        size: Bytes in it.
        name: File name to tell.
        mime_type: MIME type of the part.
        deadline: Checked with each piece.
    """

    def __init__(self, file: BinaryIO, *, size: int, name: str, mime_type: str, deadline: Deadline) -> None:
        boundary = secrets.token_hex(16)
        quoted = "".join("_" if letter in '"\\\r\n' or not letter.isprintable() else letter for letter in name)
        self.content_type = f"multipart/form-data; boundary={boundary}"
        self._head = (
            f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{quoted}"\r\n'
            f"Content-Type: {mime_type}\r\n\r\n"
        ).encode()
        self._tail = f"\r\n--{boundary}--\r\n".encode()
        self._file = file
        self._size = size
        self._deadline = deadline

    def __len__(self) -> int:
        return len(self._head) + self._size + len(self._tail)

    def __iter__(self) -> Iterator[bytes]:
        yield self._head
        while piece := self._file.read(PIECE):
            self._deadline.check("uploading the file")
            yield piece
        yield self._tail
