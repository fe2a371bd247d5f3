"""Multipart bodies: complete, of the announced length, and in pieces that fit the network."""

from __future__ import annotations

import io

import pytest

from sandbox import Sandbox
from sekoia_cti.client.errors import DeadlinePassed
from sekoia_cti.client.rest.endpoints import RestClient
from sekoia_cti.client.rest.multipart import LARGEST, QUICK, SMALLEST, Multipart
from sekoia_cti.client.waiting import Deadline, Patience
from sekoia_cti.indicators.input_errors import InputError


class Clock:
    """A time that passes when it is told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def sent(size: int, seconds: list[float], deadline: float = 1000.0) -> list[int]:
    """The sizes of the pieces of a file, each of which takes so long to send; the last figure holds for all further."""
    clock = Clock()
    content = bytes(size)
    body = Multipart(
        io.BytesIO(content), size=size, name="a.csv", mime_type="text/csv", deadline=Deadline(deadline, clock=clock)
    )
    pieces = []
    for number, piece in enumerate(body):
        pieces.append(piece)
        clock.now += seconds[min(number, len(seconds) - 1)]
    assert sum(map(len, pieces)) == len(body)
    assert content in b"".join(pieces)
    return [len(piece) for piece in pieces[1:-1]]


def test_pieces_grow_in_a_fast_network() -> None:
    """They double up to the largest."""
    sizes = sent(8 * LARGEST, [0.0])
    assert sizes[:5] == [SMALLEST, 2 * SMALLEST, 4 * SMALLEST, LARGEST, LARGEST]


def test_pieces_are_small_in_a_slow_network() -> None:
    """A piece that took its time is followed by a small one, however large they had become."""
    assert set(sent(4 * LARGEST, [2 * QUICK])) == {SMALLEST}
    assert sent(4 * LARGEST, [0.0, 0.0, 0.0, 0.0, 5.0, 0.0])[3:6] == [LARGEST, SMALLEST, 2 * SMALLEST]


def test_no_piece_is_sent_after_the_deadline() -> None:
    """A file that takes too long is given up between two pieces."""
    with pytest.raises(DeadlinePassed, match="while uploading the file"):
        sent(8 * LARGEST, [3.0], deadline=10.0)


class Failing(io.BytesIO):
    """A file whose disk fails after its first piece."""

    def read(self, size: int | None = -1) -> bytes:
        """The first piece, or an error."""
        if self.tell():
            raise OSError(5, "Input/output error")
        return super().read(size)


@pytest.mark.parametrize(
    ("file", "size", "sentence"),
    [
        (io.BytesIO(b"x" * 10), 9, "changed while it was being uploaded"),
        (io.BytesIO(b"x" * 10), 11, "changed while it was being uploaded"),
        (Failing(bytes(2 * SMALLEST)), 2 * SMALLEST, r"could not be read completely \(input/output error\)"),
    ],
)
def test_never_more_nor_less_than_announced(file: io.BytesIO, size: int, sentence: str) -> None:
    """A file that grew, shrank or cannot be read ends the request, which stays incomplete, with an error about the file."""
    body = Multipart(file, size=size, name="a.csv", mime_type="text/csv", deadline=Deadline(10))
    pieces: list[bytes] = []
    with pytest.raises(InputError, match=sentence):
        pieces.extend(iter(body))
    _head, *content = pieces
    assert sum(map(len, content)) <= size


@pytest.mark.fault("The disk fails during an upload", "An error about the file; nothing more is sent to Sekoia")
def test_a_disk_that_fails_in_mid_upload(sandbox: Sandbox, collection_id: str) -> None:
    """That is an error about the file, and Sekoia, whose fault it is not, is not asked again."""
    opened = []

    def open_file() -> io.BytesIO:
        opened.append(Failing(bytes(2 * SMALLEST)))
        return opened[-1]

    root = f"{sandbox.url}/api/v2/inthreat"
    with RestClient(root, sandbox.api_key, deadline=Deadline(10), patience=Patience.none()) as rest:
        with pytest.raises(InputError, match=r"The file a\.csv could not be read completely \(input/output error\)"):
            rest.preview_file(collection_id, open_file, size=2 * SMALLEST, name="a.csv", mime_type="text/csv")
    assert len(opened) == 1


@pytest.mark.parametrize("letter", ['"', "\\", "\r", "\n", "\x00", "\x1b", "\u2028", "\u202e", "\x85"])
def test_a_name_cannot_end_the_header_that_it_stands_in(letter: str) -> None:
    """What has a meaning in a header, or changes how a line is shown, is replaced; other letters stay."""
    body = Multipart(io.BytesIO(b"x"), size=1, name=f"Käufe{letter}.csv", mime_type="text/csv", deadline=Deadline(10))
    head = next(iter(body)).decode()
    assert 'name="file"; filename="Käufe_.csv"\r\nContent-Type: text/csv\r\n\r\n' in head
