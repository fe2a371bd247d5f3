"""A TCP pipe in front of a server, which can stop carrying anything without telling either side."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

__all__ = ["Pipe"]


class Pipe:
    """Carries connections on a free port of the loopback to a server.

    Args:
        target: URL of the server.
    """

    def __init__(self, target: str) -> None:
        parts = urlsplit(target)
        self._scheme, self._path = parts.scheme, parts.path
        self._target = (parts.hostname, parts.port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._pairs: list[tuple[socket.socket, socket.socket, threading.Event]] = []
        self._threads: list[threading.Thread] = []
        self._mutex = threading.Lock()

    @property
    def url(self) -> str:
        """The server's URL through the pipe."""
        host, port = self._listener.getsockname()[:2]
        return f"{self._scheme}://{host}:{port}{self._path}"

    @property
    def connections(self) -> int:
        """How many connections have been made so far."""
        return len(self._pairs)

    def freeze(self) -> None:
        """Current connections hear nothing more, not even an end; new connections work."""
        with self._mutex:
            for _, _, frozen in self._pairs:
                frozen.set()

    def __enter__(self) -> Self:
        self._spawn(self._accept)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._mutex:
            for near, far, _ in self._pairs:
                for side in (near, far):
                    _end(side)
                    side.close()
        for thread in self._threads:
            thread.join(timeout=5)

    def take(self) -> socket.socket:
        """The next connection."""
        return self._listener.accept()[0]

    def _spawn(self, target: object, *args: object) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)  # type: ignore[arg-type]  # any function
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                near = self.take()
            except OSError:
                return
            far = socket.create_connection(self._target)
            frozen = threading.Event()
            with self._mutex:
                self._pairs.append((near, far, frozen))
            self._spawn(self._carry, near, far, frozen)
            self._spawn(self._carry, far, near, frozen)

    def _carry(self, source: socket.socket, sink: socket.socket, frozen: threading.Event) -> None:
        try:
            while data := source.recv(65_536):
                if not frozen.is_set():
                    sink.sendall(data)
        except OSError:
            pass  # one side has gone
        if not frozen.is_set():
            _end(sink)


def _end(side: socket.socket) -> None:
    with suppress(OSError):  # it may have ended already
        side.shutdown(socket.SHUT_RDWR)
