"""A Sekoia that costs next to nothing: canned answers, bodies read and forgotten, and events that were made in advance.

A process of its own, ``python -m benchmarks.server SECONDS RATE SIZE GREETS``: it prints its port and serves until its standard
input is closed. ``SECONDS`` after a task was submitted and a client listens, its final event is sent; meanwhile there
are ``RATE`` unrelated events a second. The collection holds ``SIZE`` indicators, whatever is imported.
Who connects to LiveAPI is greeted if ``GREETS`` is 1.
"""

from __future__ import annotations

import json
import logging
import socketserver
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email.utils import formatdate
from io import BufferedReader
from socket import IPPROTO_TCP, MSG_TRUNC, TCP_NODELAY, socket
from typing import cast
from urllib.parse import parse_qs

from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.server import ServerProtocol

from benchmarks.collection import bulk_page, first_page

__all__ = ["API_KEY", "COLLECTION_ID", "Server", "main"]

API_KEY = "benchmark-key"
COLLECTION_ID = "ioc-collection--00000000-0000-4000-8000-000000000000"

PATIENCE = 60.0
"""Seconds that a task waits for a client to listen."""

MANY = 10_000_000
"""The count in the final event: no fewer than any client sends, since a lower one would raise doubts."""

TICK = 0.001
"""Seconds between two bursts of unrelated events."""

NOISE_BYTES = 1_000

POLL = 0.05
"""Seconds within which the server ends."""

# Linux takes bodies off the connection without copying them, so that the server's work does not count as the client's.
DISCARD = MSG_TRUNC if sys.platform == "linux" else 0

_COLLECTION = {"id": COLLECTION_ID, "name": "Benchmark"}


def _frame(message: object) -> bytes:
    return Frame(Opcode.TEXT, json.dumps(message).encode()).serialize(mask=False)


def _noise() -> bytes:
    """A frame with an unrelated event, of the shape that alerts have."""
    alert: dict[str, object] = {
        "uuid": str(uuid.uuid4()),
        "short_id": "ALEXAMPLE",
        "title": "Connection to a known command and control server",
        "status": {"name": "Ongoing", "uuid": str(uuid.uuid4())},
        "urgency": {"value": 70, "severity": 60, "criticality": 0},
        "rule": {"uuid": str(uuid.uuid4()), "name": "Network indicator matched"},
        "assets": [str(uuid.uuid4()) for _ in range(4)],
        "source": "192.0.2.10",
        "target": "198.51.100.20",
        "similar": 12,
        "details": "",
    }
    event = {
        "metadata": {"version": 2, "uuid": str(uuid.uuid4()), "created_at": "2030-01-31T12:00:00Z"},
        "type": "alert",
        "action": "updated",
        "attributes": alert,
    }
    alert["details"] = "." * (NOISE_BYTES - len(json.dumps(event)))
    return _frame(event)


class Listener:
    """A client that listens to LiveAPI."""

    def __init__(self, connection: socket, head: bytes, *, greets: bool) -> None:
        self._connection = connection
        self._protocol = ServerProtocol(logger=logging.Logger(__name__, logging.WARNING))
        self._protocol.receive_data(head)
        for request in self._protocol.events_received():
            if isinstance(request, Request):
                self._protocol.send_response(self._protocol.accept(request))
        self._mutex = threading.Lock()
        greeting = _frame({"authenticated": True}) if greets else b""
        self.send(b"".join(self._protocol.data_to_send()) + greeting)

    def send(self, content: bytes) -> None:
        """Send what is in frames already."""
        with self._mutex:
            self._connection.sendall(content)

    def attend(self) -> None:
        """Answer pings and the close of the client, until it has gone."""
        while data := self._connection.recv(65536):
            self._protocol.receive_data(data)
            if answer := b"".join(self._protocol.data_to_send()):
                self.send(answer)
            if self._protocol.close_expected():
                return


class Server(socketserver.ThreadingTCPServer):
    """The server.

    Args:
        seconds: From when a task is submitted and somebody listens to its final event.
        rate: Unrelated events a second meanwhile.
        size: Indicators of the collection.
        greets: Whether LiveAPI says that the connection is authenticated.
    """

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, seconds: float, rate: int, size: int, *, greets: bool) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.sent_at = 0
        self.calls = 0
        self.size = size
        self.greets = greets
        self._seconds = seconds
        self._rate = rate
        self._noise = _noise()
        self._listener: Listener | None = None
        self._changed = threading.Condition()

    @contextmanager
    def serving(self) -> Iterator[int]:
        """Serve meanwhile, in a thread of its own, on this port."""
        threading.Thread(target=self.serve_forever, args=[POLL], daemon=True).start()
        try:
            yield self.server_address[1]
        finally:
            self.shutdown()

    def listen(self, listener: Listener | None) -> None:
        """From now on this one hears what happens."""
        with self._changed:
            self._listener = listener
            self._changed.notify_all()

    def submit(self) -> str:
        """A task was submitted."""
        task_id = str(uuid.uuid4())
        threading.Thread(target=self._import, args=[task_id], daemon=True).start()
        return task_id

    def _import(self, task_id: str) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._listener is not None, PATIENCE)
            listener = self._listener
        if listener is None:
            return
        counts = {"imported": MANY, "total": MANY, "created": MANY, "updated": 0, "ignored": 0}
        final = _frame({"type": "ioc-collection", "attributes": {"task_id": task_id, **counts}})
        with suppress(OSError):  # the client went
            start, sent, total = time.monotonic(), 0, int(self._rate * self._seconds)
            while (elapsed := time.monotonic() - start) < self._seconds or sent < total:
                due = min(total, int(self._rate * elapsed)) - sent
                listener.send(self._noise * due)
                sent += due
                # Without noise there is nothing to do before the end, and a server that is awake would disturb.
                time.sleep(TICK if total else self._seconds - elapsed)
            self.sent_at = time.monotonic_ns()
            listener.send(final)


class _Handler(socketserver.StreamRequestHandler):
    server: Server
    rbufsize = 65536

    def handle(self) -> None:
        with suppress(ConnectionError):  # the client went
            self._serve(self.request, cast(BufferedReader, self.rfile))

    def _serve(self, connection: socket, reader: BufferedReader) -> None:
        connection.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)
        sink = memoryview(bytearray(1024 * 1024))
        while line := reader.readline():
            head, length = [line], 0
            while (line := reader.readline()) not in (b"\r\n", b""):
                head.append(line)
                if line.lower().startswith(b"content-length:"):
                    length = int(line[15:])
            method, path, _ = head[0].decode("ascii").split(" ", 2)
            if path == "/live/":
                self._live(connection, b"".join([*head, b"\r\n"]))
                return
            if length:
                length -= len(reader.read(min(length, len(reader.peek()))))  # what came with the head
            while length and (taken := connection.recv_into(sink, min(length, len(sink)), DISCARD)):
                length -= taken
            self.server.calls += 1
            target, _, query = path.partition("?")
            status, answer = self._answer(method, target.rpartition("/")[2], query)
            content = json.dumps(answer).encode()
            connection.sendall(
                f"HTTP/1.1 {status}\r\nDate: {formatdate(usegmt=True)}\r\nContent-Type: application/json\r\n"
                f"Content-Length: {len(content)}\r\n\r\n".encode() + content
            )

    def _live(self, connection: socket, head: bytes) -> None:
        listener = Listener(connection, head, greets=self.server.greets)
        self.server.listen(listener)
        try:
            listener.attend()
        finally:
            self.server.listen(None)

    def _answer(self, method: str, name: str, query: str) -> tuple[str, object]:
        match method, name:
            case "POST", "text" | "process":
                return "202 Accepted", {"task_id": self.server.submit()}
            case "POST", "preview":
                return "200 OK", {"file_handle": "handle", "mapping": ["observable"], "ignore_first_line": True}
            case "POST", "ioc-collections":
                return "201 Created", _COLLECTION
            case "GET", "indicators":
                return "200 OK", first_page(self.server.size)
            case "GET", "objects":
                return "200 OK", bulk_page(self.server.size, int(parse_qs(query).get("cursor", ["0"])[0]))
            case "GET", "count-total-iocs":
                return "200 OK", {"count": 0, "max": 10_000_000}
            case "GET", "sent":
                return "200 OK", {"at": self.server.sent_at, "calls": self.server.calls}
            case "PATCH", _:
                return "200 OK", {"module_configuration": {"value": {"api_key": API_KEY}}}
            case _:
                return "200 OK", _COLLECTION


def main() -> None:
    """Serve until standard input is closed."""
    with (
        Server(float(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), greets=sys.argv[4] == "1") as server,
        server.serving() as port,
    ):
        print(port, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
