"""The multipart request that uploads a file. The file is read as it is sent, so only a piece of it is in memory."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import BinaryIO

from sekoia_cti.client.waiting import Deadline
from sekoia_cti.indicators.input_errors import InputError

__all__ = ["Multipart"]

SMALLEST, LARGEST = 128 * 1024, 512 * 1024
"""Bytes per piece. Large pieces take fewer steps on a fast network. On a slow network a piece has to be small, since all of it
must be sent within the timeout for connecting, which urllib3 leaves on the socket."""

QUICK = 0.1
"""Seconds: after a piece that was sent in less, the next piece can be twice as large."""


class Multipart:
    """The body of a ``multipart/form-data`` request with one part, ``file``, for the argument ``data`` of requests.

    requests sends ``len()`` as ``Content-Length``, and then what the iterator gives. That is exactly as many bytes: more could be
    taken for another request, and for fewer the server would wait.

    Args:
        file: Opened for reading bytes, at its start.
        size: The size of the file in bytes.
        name: File name to send; quotation marks, backslashes and unprintable characters in it are replaced by underscores.
        mime_type: MIME type of the part (contract, "MIME types").
        deadline: Checked before each piece.

    Raises (while it is sent):
        InputError: The file cannot be read, or is not of this size. The network is not the cause, so the call is not repeated.
        DeadlinePassed: There is no time left.
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
