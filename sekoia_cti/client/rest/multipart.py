"""A file on its way into a multipart request, read as it is sent: whatever its size, only a piece of it is in memory."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import BinaryIO

from sekoia_cti.client.waiting import Deadline
from sekoia_cti.indicators.input_errors import InputError

__all__ = ["Multipart"]

SMALLEST, LARGEST = 128 * 1024, 512 * 1024
"""Bytes of a piece. Large ones go through a fast network in fewer steps. In a slow one a piece has to be small, since it
must be sent as a whole within the timeout for connecting, which urllib3 leaves on the socket."""

QUICK = 0.1
"""Seconds within which a piece was sent if the next one can be twice as large."""


class Multipart:
    """The body of a ``multipart/form-data`` request with one part, ``file``, for requests' ``data=``.

    requests takes the length for the ``Content-Length`` and the iterator for what to send: exactly as many bytes, since
    one more could pass for a request of its own, and for one less the server would wait.

    Args:
        file: Opened for reading bytes, at its start.
        size: The size of the file in bytes.
        name: File name to tell.
        mime_type: MIME type of the part.
        deadline: Checked with each piece.

    Raises:
        InputError: While it is sent: the file cannot be read, or does not hold as many bytes as announced. Not being
            an error of the network, it is neither reported as one nor repeated.
    """

    def __init__(self, file: BinaryIO, *, size: int, name: str, mime_type: str, deadline: Deadline) -> None:
        boundary = secrets.token_hex(16)
        quoted = "".join("_" if letter in '"\\' or not letter.isprintable() else letter for letter in name)
        self.content_type = f"multipart/form-data; boundary={boundary}"
        self._head = (
            f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{quoted}"\r\n'
            f"Content-Type: {mime_type}\r\n\r\n"
        ).encode()
        self._tail = f"\r\n--{boundary}--\r\n".encode()
        self._file = file
        self._size = size
        self._name = name
        self._deadline = deadline

    def __len__(self) -> int:
        return len(self._head) + self._size + len(self._tail)

    def __iter__(self) -> Iterator[bytes]:
        yield self._head
        size, left = SMALLEST, self._size
        while left:
            self._deadline.check("uploading the file")
            piece = self._read(min(size, left))
            left -= len(piece)
            begun = self._deadline.now()
            yield piece
            quick = self._deadline.now() - begun < QUICK
            size = min(2 * size, LARGEST) if quick else SMALLEST
        if self._file.read(1):
            raise self._changed()
        yield self._tail

    def _read(self, size: int) -> bytes:
        try:
            piece = self._file.read(size)
        except OSError as error:
            raise InputError(
                f"The file {self._name} could not be read completely ({(error.strerror or str(error)).lower()}), and nothing "
                "was imported: try again"
            ) from None
        if not piece:
            raise self._changed()
        return piece

    def _changed(self) -> InputError:
        return InputError(
            f"The file {self._name} changed while it was being uploaded, and nothing was imported: try again once "
            "the file is complete"
        )
