"""LiveAPI's stream without the messages that concern nobody, cut out before they cost the time of being parsed."""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["Sieve"]

HEAD_LIMIT = 64 * 1024
"""Bytes of the answer to the handshake that are looked at; behind a longer one nothing is cut out."""

# First bytes of frames that break no rule: final flag, no reserved bit, opcode (RFC 6455, section 5.2).
_MESSAGES = (0x81, 0x82)
_FIRST_FRAGMENTS = (0x01, 0x02)
_FRAGMENT, _LAST_FRAGMENT = 0x00, 0x80
_CONTROLS = (0x88, 0x89, 0x8A)
_LEGAL = frozenset((*_MESSAGES, *_FIRST_FRAGMENTS, _FRAGMENT, _LAST_FRAGMENT, *_CONTROLS))

# Second bytes: the length, or how many bytes more hold it; from 128 on the payload is masked, as no server's is.
_EXTENSIONS = {126: 2, 127: 8}
_MASKED = 128


class Sieve:
    """Cuts messages out of the bytes that a WebSocket server sends, so that the parser never sees them.

    It judges text and binary messages that come whole in one frame. All else passes as it is: the answer to the
    handshake, control frames, fragments, and what is longer than allowed; and everything behind an answer that is not
    101, or behind a frame that is compressed, masked or illegal, since what follows from that is for the parser to say.

    Args:
        concerns: Told the payload of a message; false cuts it out.
        longest: Bytes of the longest message that is judged, and so the most that is held until it is whole.
    """

    def __init__(self, concerns: Callable[[bytearray], bool], *, longest: int) -> None:
        self._concerns = concerns
        self._longest = longest
        self._passes_all = False
        self._head: bytearray | None = bytearray()  # the answer to the handshake, until it is whole
        self._held = bytearray()  # what cannot be judged yet
        self._due = 0  # bytes still to come of a frame that passes
        self._in_fragments = False

    def feed(self, data: bytes | bytearray) -> bytes | bytearray:
        """Take the next bytes of the stream, cut anywhere, and give those that are ready for the parser."""
        start = 0 if self._head is None or self._passes_all else self._end_of_head(self._head, data)
        if self._passes_all or start == len(data):
            return data
        self._held += memoryview(data)[start:]
        return data[:start] + self._sifted()

    def _end_of_head(self, head: bytearray, data: bytes | bytearray) -> int:
        """How many of these bytes belong to the answer to the handshake."""
        before = len(head)
        head += data
        end = head.find(b"\r\n\r\n", max(0, before - 3)) + 4
        if end < 4:
            self._passes_all = len(head) > HEAD_LIMIT
            return len(data)
        self._passes_all = not head.startswith(b"HTTP/1.1 101")
        self._head = None
        return end - before

    def _sifted(self) -> bytes:
        """What of the bytes at hand passes; what cannot be judged yet stays."""
        held, size = self._held, len(self._held)
        passing: list[bytearray] = []
        begin, at = 0, self._due  # of what passes, and of the next frame
        while at + 2 <= size:
            first, length = held[at], held[at + 1]
            if first not in _LEGAL or length >= _MASKED:
                self._passes_all, at = True, size
                break
            payload = at + 2 + _EXTENSIONS.get(length, 0)
            if payload > size:
                break
            if length in _EXTENSIONS:
                length = int.from_bytes(held[at + 2 : payload], "big")
            end = payload + length
            if first in _MESSAGES and not self._in_fragments and length <= self._longest:
                if end > size:
                    break
                if not self._concerns(held[payload:end]):
                    passing.append(held[begin:at])
                    begin = end
            elif first in _FIRST_FRAGMENTS:
                self._in_fragments = True
            elif first == _LAST_FRAGMENT:
                self._in_fragments = False
            at = end
        passing.append(held[begin:at])
        self._due = max(0, at - size)
        del held[:at]
        return b"".join(passing)
