"""LiveAPI: pushes every event of the community to who is connected, and replays nothing."""

import asyncio
import itertools
import json
import time
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from fastapi.responses import JSONResponse
from starlette.websockets import WebSocket, WebSocketDisconnect

from sandbox.sekoia.auth import Keys
from sandbox.sekoia.connections import reset_connection, transport_of
from sandbox.sekoia.controls import Controls
from sandbox.sekoia.store import DEFAULT_COMMUNITY
from sandbox.sekoia.times import timestamp

__all__ = ["LiveAPI", "event"]

# Seconds between two looks at how many unrelated events are due.
NOISE_TICK = 0.02


def event(kind: str, attributes: dict[str, object], version: int = 2) -> dict[str, object]:
    """An event in the form that all share."""
    metadata = {"version": version, "community_uuid": DEFAULT_COMMUNITY, "created_at": timestamp()}
    return {"metadata": metadata, "type": kind, "action": "updated", "attributes": attributes}


@dataclass(frozen=True, slots=True)
class _Message:
    content: str | bytes
    is_import: bool = False


@dataclass(frozen=True, slots=True)
class _Close:
    code: int | None


@dataclass(eq=False, slots=True)
class _Listener:
    socket: WebSocket
    queue: asyncio.Queue[_Message | _Close] = field(default_factory=asyncio.Queue)
    upgraded: bool = False


class LiveAPI:
    """The connections, and what is sent to them. It is used in the server's thread only."""

    def __init__(self, controls: Controls, keys: Keys, hear: Callable[[str | bytes], None] = lambda _: None) -> None:
        self._controls = controls
        self._keys = keys
        self._hear = hear  # who is in this process, and need not connect
        self._listening: set[_Listener] = set()
        self._open: set[_Listener] = set()
        self.handshakes = 0
        """Handshakes that wait to be answered."""

    @property
    def connections(self) -> int:
        """How many are connected and authenticated."""
        return len(self._listening)

    def push(self, content: str | bytes, *, is_import: bool = False) -> None:
        """Sends a message to everyone: text as a text frame, bytes as a binary one."""
        self._hear(content)
        for connection in self._listening:
            connection.queue.put_nowait(_Message(content, is_import))

    def drop(self, code: int | None) -> None:
        """Closes every connection, after what was pushed before; code None resets them at once."""
        for connection in self._listening:
            if code is None:
                reset_connection(transport_of(connection.socket.scope))
            else:
                connection.queue.put_nowait(_Close(code))
        self._listening.clear()

    def reset(self) -> None:
        """Closes every connection for good, and at once those of clients that stopped reading."""
        for connection in self._open:
            transport = transport_of(connection.socket.scope)
            if transport.get_write_buffer_size():
                reset_connection(transport)
            else:
                connection.queue.put_nowait(_Close(1012))
        self._listening.clear()

    async def serve(self, socket: WebSocket) -> None:
        """Serves one connection from its handshake to its end."""
        faults = self._controls.faults
        known = self._keys.know(socket.cookies.get("access_token_cookie"))
        status = faults.live_status or (None if known else 401)
        self.handshakes += 1
        in_time = await self._controls.pause(faults.live_delay)
        self.handshakes -= 1
        if not in_time:
            reset_connection(transport_of(socket.scope))
            while (await socket.receive())["type"] != "websocket.disconnect":
                pass  # uvicorn must know first that nothing is left to answer
        elif status is not None:
            message = "Authentication failed" if status == 401 else "The service is not available"
            await socket.send_denial_response(JSONResponse({"message": message}, status))
        else:
            connection = _Listener(socket)
            try:
                async with self._serving(connection, authenticated=not faults.live_refuse_by_message):
                    await self._receive(connection)
            except WebSocketDisconnect:
                pass  # the client went, in whatever way

    @asynccontextmanager
    async def _serving(self, connection: _Listener, *, authenticated: bool) -> AsyncIterator[None]:
        if self._controls.faults.live_greeting or not authenticated:
            connection.queue.put_nowait(_Message(json.dumps({"authenticated": authenticated})))
        self._open.add(connection)
        if authenticated:
            # Before the client knows that it is connected, so that no event is lost from then on.
            self._listening.add(connection)
        tasks: list[asyncio.Task[None]] = []
        try:
            await connection.socket.accept()
            tasks.append(asyncio.create_task(self._send(connection)))
            if authenticated:
                tasks.append(asyncio.create_task(self._make_noise(connection)))
            yield
        finally:
            self._open.discard(connection)
            self._listening.discard(connection)
            for task in tasks:
                task.cancel()
            for outcome in await asyncio.gather(*tasks, return_exceptions=True):
                if isinstance(outcome, Exception) and not isinstance(outcome, WebSocketDisconnect):
                    raise outcome

    async def _receive(self, connection: _Listener) -> None:
        """Takes what a client says: only that it wants events of version 2 too means anything."""
        while (message := await connection.socket.receive())["type"] != "websocket.disconnect":
            try:
                said = json.loads(message.get("text") or message.get("bytes") or "")
            except (ValueError, RecursionError):  # no JSON, or JSON that nobody means
                continue
            if isinstance(said, dict) and said.get("action") == "upgrade":
                connection.upgraded = True

    async def _send(self, connection: _Listener) -> None:
        imports = 0
        while True:
            match await connection.queue.get():
                case _Close(code):
                    if code is None:
                        reset_connection(transport_of(connection.socket.scope))
                    else:
                        await connection.socket.close(code)
                    return
                case _Message(content, is_import):
                    await _send(connection.socket, content)
                    imports += is_import
            faults = self._controls.faults
            if is_import and imports == faults.live_close_after and connection in self._listening:
                self._controls.live_closed()
                self._listening.discard(connection)
                connection.queue = asyncio.Queue()
                connection.queue.put_nowait(_Close(faults.live_close_code))

    async def _make_noise(self, connection: _Listener) -> None:
        """Unrelated events, as many a second as the faults say; fewer when the client is too slow for them."""
        due, kinds = 0.0, itertools.cycle(("alert", "case", "asset", "rule"))
        then = time.monotonic()
        while True:
            await asyncio.sleep(NOISE_TICK)
            if connection not in self._listening:
                return
            faults, now = self._controls.faults, time.monotonic()
            due = min(due + (now - then) * faults.noise_per_second, max(1, faults.noise_per_second))
            then = now
            if due >= 1:
                text = _noise(next(kinds), 2 if connection.upgraded else 1, faults.noise_bytes)
                while due >= 1:
                    await _send(connection.socket, text)
                    due -= 1


async def _send(socket: WebSocket, content: str | bytes) -> None:
    if isinstance(content, str):
        await socket.send_text(content)
    else:
        await socket.send_bytes(content)


def _noise(kind: str, version: int, size: int) -> str:
    attributes: dict[str, object] = {"uuid": str(uuid.uuid4()), "short_id": "EX1", "details": ""}
    text = json.dumps(event(kind, attributes, version))
    return text.replace('"details": ""', f'"details": "{"." * max(0, size - len(text))}"')
