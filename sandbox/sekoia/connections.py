"""The TCP connections behind the requests, of which web frameworks know nothing."""

import asyncio
import socket
import struct
from asyncio import Transport
from typing import Any, cast

from starlette.types import ASGIApp, Receive, Scope, Send

__all__ = ["Connections", "reset_connection", "transport_of"]

# Turns of the event loop in which it has begun whatever came before: to accept a connection, read from it, and serve
# what it asks takes about half of them.
TURNS = 10
_TRANSPORT = "sandbox.transport"


class Connections:
    """The outermost layer: knows the connection of each request, and can end all that is asked for.

    uvicorn's `send` is a method of the object that holds the connection, which gives us the transport; this is the one
    place that relies on it.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._serving: dict[asyncio.Task[Any], Transport] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves a request."""
        transport = scope[_TRANSPORT] = cast(Any, send).__self__.transport
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        task = cast(asyncio.Task[Any], asyncio.current_task())  # uvicorn makes one for each request
        self._serving[task] = transport
        try:
            await self._app(scope, receive, send)
        finally:
            del self._serving[task]

    def abandon(self) -> None:
        """Resets the connections of requests that are not done with: their clients may never send the rest."""
        for transport in self._serving.values():
            reset_connection(transport)

    async def settle(self) -> None:
        """Ends all that was asked for by now, also by clients that are gone: what they sent whole is handled first."""
        for _ in range(TURNS):
            await asyncio.sleep(0)
        self.abandon()
        if self._serving:
            await asyncio.wait(self._serving)


def transport_of(scope: Scope) -> Transport:
    """The TCP connection of a request."""
    return cast(Transport, scope[_TRANSPORT])


def reset_connection(transport: Transport) -> None:
    """Ends a connection with RST: without an answer, a closing frame, or what was not sent yet."""
    connection = transport.get_extra_info("socket")
    if connection is not None and not transport.is_closing():
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
