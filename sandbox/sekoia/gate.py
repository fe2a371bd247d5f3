"""The outermost layer: records requests, and lets the faults happen that no web framework offers."""

import asyncio
import json
import socket
import struct
import time
from asyncio import Transport
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import formatdate
from http import HTTPStatus
from typing import Any, cast
from urllib.parse import parse_qsl

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sandbox.sekoia.auth import is_api
from sandbox.sekoia.controls import Controls
from sandbox.sekoia.faults import RestFault

__all__ = ["Gate", "Recorded", "reset_connection", "transport_of"]

RECORDED_BYTES = 1024 * 1024
ANSWERED_BYTES = 16 * 1024
# With the limit above, what a test run can fill; the oldest go first.
RECORDED_REQUESTS = 10_000
# Turns of the event loop in which it has begun whatever came before: to accept a connection, read from it, and serve
# what it asks takes about half of them.
TURNS = 10
_TRANSPORT = "sandbox.transport"
_CALLBACK = "/callback/"
_PHRASES = {status.value: status.phrase for status in HTTPStatus}


@dataclass(slots=True)
class Recorded:
    """A REST call, or a node's to the playbook callback.

    Header names are in lower case, of the body it is the first MiB, and the status is None for one it never got.
    `seconds` is what it took, None as long as it takes; `answer` is the beginning of what was answered, and `number`
    counts the calls from 1.
    """

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes = field(default=b"", repr=False)
    status: int | None = None
    number: int = 0
    at: datetime = field(default_factory=lambda: datetime.now(UTC))
    seconds: float | None = None
    sent: int = 0
    answer: bytes = field(default=b"", repr=False)

    @property
    def is_callback(self) -> bool:
        """Whether the platform, and not the API, is what was called."""
        return self.path.startswith(_CALLBACK)


def transport_of(scope: Scope) -> Transport:
    """The TCP connection of a request that came through the gate."""
    return cast(Transport, scope[_TRANSPORT])


def reset_connection(transport: Transport) -> None:
    """Ends a connection with RST: without an answer, a closing frame, or what was not sent yet."""
    connection = transport.get_extra_info("socket")
    if connection is not None and not transport.is_closing():
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


class Gate:
    """Wraps the whole application.

    ASGI has no way to leave a request without an answer. uvicorn's `send` is a method of the object that holds the
    connection, which gives us the transport; this is the one place that relies on it.
    """

    def __init__(self, app: ASGIApp, controls: Controls, told: Callable[[Recorded], None] = lambda _: None) -> None:
        self._app = app
        self._controls = controls
        self._told = told  # of each call, when it comes and when it is done with
        self._count = 0
        self._recorded: deque[Recorded] = deque(maxlen=RECORDED_REQUESTS)
        self._serving: dict[asyncio.Task[Any], Transport] = {}

    @property
    def recorded(self) -> list[Recorded]:
        """Copies of the REST calls so far, in the order in which they came; safe to take in any thread."""
        return [replace(call) for call in self._recorded.copy() if not call.is_callback]

    def latest(self) -> Iterator[Recorded]:
        """The calls so far, those to the callback too, the newest first; in the server's thread only."""
        return reversed(self._recorded)

    def forget(self) -> None:
        """Forgets the calls so far."""
        self._recorded.clear()

    def abandon(self) -> None:
        """Resets the connections of requests that are not done with: their clients may never send the rest."""
        for transport in self._serving.values():
            reset_connection(transport)

    async def settle(self) -> None:
        """Ends all that was asked for by now, as of clients that are gone: what they have sent whole is handled first."""
        for _ in range(TURNS):
            await asyncio.sleep(0)
        self.abandon()
        if self._serving:
            await asyncio.wait(self._serving)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves a request, with the fault that hits it."""
        transport = scope[_TRANSPORT] = cast(Any, send).__self__.transport
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        task = cast(asyncio.Task[Any], asyncio.current_task())  # uvicorn makes one for each request
        self._serving[task] = transport
        try:
            await self._serve(scope, receive, send)
        finally:
            del self._serving[task]

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not is_api(scope["path"]) and not scope["path"].startswith(_CALLBACK):
            await self._app(scope, receive, send)
            return
        call, began = self._record(scope), time.monotonic()
        self._told(call)
        faults = self._controls.faults
        try:
            hitting = faults.callback if call.is_callback else faults.rest
            await self._handle(hitting, scope, *_recording(call, receive, send))
        finally:
            call.seconds = time.monotonic() - began
            self._told(call)

    async def _handle(self, hitting: list[RestFault], scope: Scope, receive: Receive, send: Send) -> None:
        query = scope["query_string"].decode("latin-1")
        matching = [fault for fault in hitting if fault.matches(scope["method"], scope["path"], query)]
        content: bytes | None = None
        if any(fault.contains is not None for fault in matching):
            if (body := await _whole_body(receive)) is None:
                return
            content, receive = body[0]["body"], _again(body, receive)
        fault = next((fault for fault in matching if fault.take(content)), None)
        if fault is None:
            await self._app(scope, receive, send)
        else:
            await self._hit(fault, scope, receive, send)

    def _record(self, scope: Scope) -> Recorded:
        self._count += 1
        call = Recorded(
            scope["method"],
            scope["path"],
            dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)),
            {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]},
            number=self._count,
        )
        self._recorded.append(call)
        return call

    async def _hit(self, fault: RestFault, scope: Scope, receive: Receive, send: Send) -> None:
        body, answer = await _whole_body(receive), list[Message]()
        if body is None:
            return
        if not await self._controls.pause(fault.delay) or fault.cut == "before":
            await _cut(scope, receive)
            return

        replay = _again(body, receive)

        async def keep(message: Message) -> None:
            answer.append(message)

        if fault.handled:
            await self._app(scope, _again(body, receive), _nowhere)
        app = self._app if fault.status is None else _answer(fault, fault.status)
        await app(scope, replay, keep if fault.cut or fault.truncate else send)
        if fault.cut:
            await _cut(scope, receive)
        elif fault.truncate:
            content = b"".join(message.get("body", b"") for message in answer)
            await send(answer[0])
            await send({"type": "http.response.body", "body": content[: len(content) // 2], "more_body": True})
            transport_of(scope).close()  # which sends what is written before it ends
            await _gone(receive)


def _recording(call: Recorded, receive: Receive, send: Send) -> tuple[Receive, Send]:
    """The same, noting what comes and goes."""

    async def recording_receive() -> Message:
        message = await receive()
        if len(call.body) < RECORDED_BYTES:
            call.body += message.get("body", b"")[: RECORDED_BYTES - len(call.body)]
        return message

    async def recording_send(message: Message) -> None:
        if message["type"] == "http.response.start":
            call.status = message["status"]
            # uvicorn's own is up to a second late, and clients tell by it what was modified since.
            date = formatdate(usegmt=True).encode()
            message = {**message, "headers": [*message["headers"], (b"date", date)]}
        else:
            body: bytes = message.get("body", b"")
            call.sent += len(body)
            call.answer += body[: ANSWERED_BYTES - len(call.answer)]
        await send(message)

    return recording_receive, recording_send


async def _nowhere(_message: Message) -> None:
    """What is not answered."""


def _answer(fault: RestFault, status: int) -> Response:
    if status in (204, 304):
        return Response(None, status, fault.headers)  # which have no body
    if isinstance(fault.body, str):
        media = "text/html" if fault.body.lstrip().startswith("<") else "text/plain"
        return Response(fault.body, status, fault.headers, media)
    body = fault.body if fault.body is not None else {"message": _PHRASES.get(status, "Unknown")}
    return Response(json.dumps(body), status, fault.headers, "application/json")


async def _whole_body(receive: Receive) -> list[Message] | None:
    """All of a request's body in one message, since it is lost once the client is gone; None if it is gone already."""
    chunks = []
    while (message := await receive())["type"] != "http.disconnect":
        chunks.append(message.get("body", b""))
        if not message.get("more_body"):
            return [{"type": "http.request", "body": b"".join(chunks), "more_body": False}]
    return None


def _again(messages: list[Message], receive: Receive) -> Receive:
    """What gives these messages first, then what else comes."""

    async def replay() -> Message:
        return messages.pop(0) if messages else await receive()

    return replay


async def _cut(scope: Scope, receive: Receive) -> None:
    reset_connection(transport_of(scope))
    await _gone(receive)


async def _gone(receive: Receive) -> None:
    """Waits until uvicorn knows that the connection is over, since it complains about requests without an answer."""
    while (await receive())["type"] != "http.disconnect":
        pass
