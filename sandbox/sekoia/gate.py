"""Lets the faults happen that hit requests, those among them that no web framework offers."""

import json
from http import HTTPStatus

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sandbox.sekoia.connections import reset_connection, transport_of
from sandbox.sekoia.controls import Controls
from sandbox.sekoia.faults import RestFault
from sandbox.sekoia.request_log import Recorded, call_of

__all__ = ["Gate"]

_PHRASES = {status.value: status.phrase for status in HTTPStatus}


class Gate:
    """Handles a request, or does to it what the fault says that hits it."""

    def __init__(self, app: ASGIApp, controls: Controls) -> None:
        self._app = app
        self._controls = controls

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves a request, with the fault that hits it; pages of the sandbox itself are never hit."""
        if (call := call_of(scope)) is None:
            await self._app(scope, receive, send)
        else:
            await self._serve(call, scope, receive, send)

    async def _serve(self, call: Recorded, scope: Scope, receive: Receive, send: Send) -> None:
        hitting = self._controls.faults.callback if call.is_callback else self._controls.faults.rest
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
            return
        call.is_hit = True
        self._controls.hit(fault, hitting)
        await self._hit(fault, scope, receive, send)

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
