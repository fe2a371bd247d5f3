"""A thread that serves an application: everything that it serves is at home there."""

import asyncio
import socket
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import uvicorn
from starlette.types import ASGIApp

__all__ = ["ServerThread"]

T = TypeVar("T")

GRACE = 1
"""Seconds for answers at the end; only one that is too large for a client that does not read it takes them."""
# What anything that the server is asked to do, or to start, takes at the longest.
PATIENCE = 30.0


class ServerThread:
    """Serves an application on a socket that listens, until `stop`. Raises RuntimeError when it does not start."""

    def __init__(self, app: ASGIApp, listener: socket.socket) -> None:
        self._server = uvicorn.Server(
            uvicorn.Config(
                app,
                # Connections reach into these implementations.
                http="h11",
                ws="websockets-sansio",
                # The log of requests adds one that is exact.
                date_header=False,
                # Costs more time on the loopback than it saves.
                ws_per_message_deflate=False,
                lifespan="off",
                log_config=None,
                access_log=False,
                timeout_graceful_shutdown=GRACE,
            )
        )
        started = threading.Event()
        self._thread = threading.Thread(target=self._serve, args=[listener, started], name="sandbox")
        self._thread.start()
        if not started.wait(PATIENCE):
            raise RuntimeError("the sandbox did not start")

    def call(self, action: Callable[[], T]) -> T:
        """Does something in the thread, and returns what it gives."""

        async def act() -> T:
            return action()

        return self.wait_for(act())

    def wait_for(self, action: Coroutine[Any, Any, T]) -> T:
        """The same for what takes a while there."""
        return asyncio.run_coroutine_threadsafe(action, self._loop).result(PATIENCE)

    def call_soon(self, action: Callable[[], object]) -> None:
        """Has something done in the thread, and does not wait for it."""
        self._loop.call_soon_threadsafe(action)

    def stop(self) -> None:
        """Ends when what is being answered is answered, or the time for that is over."""
        self._server.should_exit = True
        self._thread.join()

    def _serve(self, listener: socket.socket, started: threading.Event) -> None:
        async def serve() -> None:
            self._loop = asyncio.get_running_loop()
            self._loop.call_soon(started.set)
            await self._server.serve([listener])

        asyncio.run(serve())
