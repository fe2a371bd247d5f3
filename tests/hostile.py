"""A small hostile server: it does to each connection what no honest server would do."""

from __future__ import annotations

import json
import re
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

from websockets.utils import accept_key

__all__ = [
    "Hostile",
    "HostileWebSocket",
    "PingFlood",
    "Script",
    "answer",
    "drip",
    "frame",
    "frames",
    "reset",
    "silence",
    "trickle",
    "truncated",
]

Script = Callable[[socket.socket], None]


class Hostile:
    """A server on a free port of the loopback that treats its connections by scripts, one after the other.

    Args:
        scripts: What to do with the first connection, the second, …; the last one serves all that follow. Each is
            called with the socket once a request was read, and the connection is closed when it returns.
        pace: Seconds for each 16 KiB of a request, as a slow line takes them.
    """

    def __init__(self, *scripts: Script, pace: float = 0.0) -> None:
        self._scripts = list(scripts)
        self._pace = pace
        self._listener = socket.create_server(("127.0.0.1", 0))
        if pace:  # what the system takes in advance would arrive at once
            self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16_384)
        self._open: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._mutex = threading.Lock()
        self.closing = threading.Event()
        self.requests: list[bytes] = []

    @property
    def host(self) -> str:
        """``127.0.0.1:<port>``."""
        return f"127.0.0.1:{self._listener.getsockname()[1]}"

    @property
    def url(self) -> str:
        """``http://127.0.0.1:<port>``."""
        return f"http://{self.host}"

    def __enter__(self) -> Self:
        self._spawn(self._accept)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.closing.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._mutex:
            for connection in self._open:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)  # wakes the thread that reads from it
        for thread in self._threads:
            thread.join(timeout=5)

    def _spawn(self, target: Callable[..., None], *args: Any) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with self._mutex:
                self._open.append(connection)
            self._spawn(self._serve, connection)

    def _greet(self, connection: socket.socket, request: bytes) -> None:
        """What happens before the script."""

    def _serve(self, connection: socket.socket) -> None:
        try:
            request = _read_request(connection, self._pace)
            if not request:
                return
            with self._mutex:
                self.requests.append(request)
                script = self._scripts.pop(0) if len(self._scripts) > 1 else self._scripts[0]
            self._greet(connection, request)
            script(connection)
        except OSError:
            pass  # the other side has gone, which is its right
        finally:
            connection.close()


class HostileWebSocket(Hostile):
    """The same, once the handshake of a WebSocket is done: scripts send and get frames."""

    @property
    def live_url(self) -> str:
        """``ws://127.0.0.1:<port>/live/``."""
        return f"ws://{self.host}/live/"

    def _greet(self, connection: socket.socket, request: bytes) -> None:
        key = re.search(rb"(?i)\r\nsec-websocket-key: *(\S+)", request)
        assert key
        accepted = accept_key(key[1].decode())
        connection.sendall(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Accept: {accepted}\r\n\r\n".encode()
        )


class PingFlood(HostileWebSocket):
    """Sends pings forever, and reads none of the pongs.

    Attributes:
        stuck: The other side reads no more, since it cannot send its pongs.
    """

    def __init__(self) -> None:
        super().__init__(self._flood, pace=0.01)
        self.stuck = threading.Event()

    def _flood(self, connection: socket.socket) -> None:
        pings = frame(9, b"x" * 125) * 100
        connection.settimeout(0.5)
        with suppress(TimeoutError):
            while True:
                connection.sendall(pings)
        self.stuck.set()
        self.closing.wait(60)


def _read_request(connection: socket.socket, pace: float) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(65_536)
        if not piece:
            return data
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    length = next(
        (int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0
    )
    pause = threading.Event()
    while len(body) < length and (piece := connection.recv(16_384 if pace else 65_536)):
        body += piece
        if pace:
            pause.wait(pace)
    return head + b"\r\n\r\n" + body


def frame(opcode: int, content: bytes) -> bytes:
    """A frame as a WebSocket's server sends it: 1 is text, 9 a ping, 10 a pong."""
    size = bytes([len(content)]) if len(content) < 126 else b"\x7e" + len(content).to_bytes(2)
    return bytes([0x80 | opcode]) + size + content


def frames(connection: socket.socket) -> Iterator[tuple[int, bytes]]:
    """Opcodes and contents of the short frames that a client sends, until it goes."""
    with connection.makefile("rb") as stream:
        while head := stream.read(2):
            mask, content = stream.read(4), stream.read(head[1] & 0x7F)
            yield head[0] & 0x0F, bytes(byte ^ mask[place % 4] for place, byte in enumerate(content))


def answer(status: int = 200, body: object = None, **headers: str) -> Script:
    """Answer in JSON, or with a text unchanged."""
    content = body if isinstance(body, str) else json.dumps(body if body is not None else {})
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    head = "\r\n".join(
        [f"HTTP/1.1 {status} Said", f"Content-Length: {len(content.encode())}", "Connection: close", *lines]
    )
    return lambda connection: connection.sendall(f"{head}\r\n\r\n{content}".encode())


def reset(connection: socket.socket) -> None:
    """Cut the connection with a reset."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def truncated(connection: socket.socket) -> None:
    """Announce more than is sent."""
    connection.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{"id"')


def silence(connection: socket.socket) -> None:
    """Say nothing until the other side gives up."""
    connection.recv(1)


def drip(connection: socket.socket) -> None:
    """Send the body byte by byte, forever, each one in time for a read timeout."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
    pause = threading.Event()
    while True:
        connection.sendall(b" ")
        pause.wait(0.02)


def trickle(beginning: bytes, more: bytes) -> Script:
    """Begin with this, and never end."""

    def script(connection: socket.socket) -> None:
        connection.sendall(beginning)
        pause = threading.Event()
        while True:
            connection.sendall(more)
            pause.wait(0.02)

    return script
