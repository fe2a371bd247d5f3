"""The sieve: whatever the frames and wherever they are cut, the parser gets the stream without the foreign messages."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode
from websockets.protocol import Protocol, Side

from sekoia_cti.client.live.frames import HEAD_LIMIT, Sieve

HEAD = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"
LONGEST = 70_000
OURS = b"ours"


def framed(opcode: Opcode, payload: bytes, *, fin: bool = True) -> bytes:
    """A frame as a server sends it."""
    return Frame(opcode, payload, fin).serialize(mask=False)


def sieve() -> Sieve:
    """A sieve that keeps what holds ``ours``."""
    return Sieve(lambda payload: OURS in payload, longest=LONGEST)


def sifted(stream: bytes, cuts: list[int]) -> bytes:
    """What comes out when the stream comes in pieces."""
    places = [0, *sorted(place % (len(stream) + 1) for place in cuts), len(stream)]
    taken = sieve()
    return b"".join(taken.feed(stream[start:end]) for start, end in pairwise(places))


def parsed(stream: bytes) -> tuple[list[tuple[Opcode, bytes, bool]], str]:
    """The frames that websockets reads in a stream behind the handshake, and how it closes."""
    protocol = Protocol(Side.CLIENT, max_size=LONGEST)
    protocol.receive_data(stream)
    events = [
        (event.opcode, bytes(event.data), event.fin)
        for event in protocol.events_received()
        if isinstance(event, Frame)
    ]
    return events, repr(protocol.parser_exc)


# Frames, each with what is to be left of it. Payloads are of all lengths that are written differently.

_FILLING = st.sampled_from([0, 1, 121, 122, 125, 126, 600, 65_531, 65_536]).map(lambda size: b"." * size)
_PAYLOADS = st.tuples(_FILLING, st.sampled_from([b"", OURS])).map(b"".join)
_DATA = st.sampled_from([Opcode.TEXT, Opcode.BINARY])
_CONTROLS = st.tuples(st.sampled_from([Opcode.PING, Opcode.PONG]), st.binary(max_size=125)).map(
    lambda control: framed(*control)
)


def _whole(opcode: Opcode, payload: bytes) -> tuple[bytes, bytes]:
    frame = framed(opcode, payload)
    return frame, frame if OURS in payload else b""


@st.composite
def _fragmented(draw: st.DrawFn) -> tuple[bytes, bytes]:
    pieces = draw(st.lists(st.binary(max_size=300), min_size=2, max_size=4))
    stream = framed(draw(_DATA), pieces[0], fin=False)
    for piece in pieces[1:-1]:
        stream += framed(Opcode.CONT, piece, fin=False) + draw(st.just(b"") | _CONTROLS)
    stream += framed(Opcode.CONT, pieces[-1])
    return stream, stream


_STREAMS = st.lists(
    st.builds(_whole, _DATA, _PAYLOADS) | _CONTROLS.map(lambda frame: (frame, frame)) | _fragmented(), max_size=8
)
_CUTS = st.lists(st.integers(0, 2**20), max_size=12)


@given(_STREAMS, _CUTS)
def test_the_stream_goes_on_without_the_foreign_messages(frames: list[tuple[bytes, bytes]], cuts: list[int]) -> None:
    """All is there but the messages that concern nobody, wherever the stream is cut."""
    stream, left = (b"".join(parts) for parts in (zip(*frames, strict=True) if frames else ([], [])))
    assert sifted(HEAD + stream, cuts) == HEAD + left
    assert parsed(left)[1] == "None"


@given(_STREAMS, st.binary(min_size=1, max_size=40), _CUTS)
@example([], b"\xc1\x04ours", [])
@example([(b"\x01\x00", b"\x01\x00")], b"\x81\x04none", [])
def test_what_breaks_the_protocol_is_for_the_parser_to_say(
    frames: list[tuple[bytes, bytes]], garbage: bytes, cuts: list[int]
) -> None:
    """Whatever follows, the parser ends in the way it would have, behind the same frames."""
    stream = b"".join(frame for frame, _ in frames) + garbage
    left = sifted(HEAD + stream, cuts).removeprefix(HEAD)
    (all_events, ended), (events, ended_too) = parsed(stream), parsed(left)
    assert ended_too == ended
    dropped = [event for event in all_events if event not in events]
    assert [event for event in all_events if event in events] == events
    assert not any(OURS in event[1] for event in dropped)


@pytest.mark.parametrize(
    "frame",
    [
        b"\xc1\x7e\x03\xe8" + b"." * 1000,
        b"\x81\xfe\x03\xe8mask" + b"." * 1000,
        b"\x83\x7e\x03\xe8" + b"." * 1000,
    ],
    ids=["compressed", "masked", "of an unknown kind"],
)
def test_nothing_is_cut_out_behind_an_illegal_frame(frame: bytes) -> None:
    """What the parser refuses comes through with all that follows, at once."""
    stream = HEAD + frame + framed(Opcode.TEXT, b"foreign")
    taken = sieve()
    assert b"".join(taken.feed(bytes([byte])) for byte in stream) == stream


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 20\r\n\r\n",
        b"SSH-2.0-x\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nX: " + b"x" * HEAD_LIMIT + b"\r\n\r\n",
    ],
    ids=["refused", "not HTTP", "too long"],
)
def test_nothing_is_cut_out_behind_another_answer(head: bytes) -> None:
    """Only behind a handshake that was agreed to there are frames."""
    stream = head + framed(Opcode.TEXT, b"foreign")
    assert sifted(stream, [5, len(head) - 2, len(head)]) == stream


def test_a_message_above_the_limit_is_not_held() -> None:
    """A message that is too long comes through as it comes in, and the next one is judged again."""
    taken = sieve()
    taken.feed(HEAD)
    stream = framed(Opcode.BINARY, b"." * (LONGEST + 1))
    pieces = [stream[start : start + 10_000] for start in range(0, len(stream), 10_000)]
    assert [taken.feed(piece) for piece in pieces] == pieces
    assert taken.feed(framed(Opcode.TEXT, b"foreign")) == b""


def test_no_more_than_a_message_is_held() -> None:
    """What has come in and neither gone out nor been dropped is one message at the most."""
    taken = sieve()
    taken.feed(HEAD)
    message = framed(Opcode.BINARY, b"." * LONGEST)
    pieces = [message[start : start + 10_000] for start in range(0, len(message), 10_000)]
    assert not any(taken.feed(piece) for piece in pieces * 50)
    assert taken.feed(framed(Opcode.PING, b"")) == framed(Opcode.PING, b"")
