"""Multipart bodies: whole, of the length they told, and in pieces that fit the network."""

from __future__ import annotations

import io

import pytest

from sekoia_cti.client.errors import DeadlinePassed
from sekoia_cti.client.rest.multipart import LARGEST, QUICK, SMALLEST, Multipart
from sekoia_cti.client.waiting import Deadline


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
