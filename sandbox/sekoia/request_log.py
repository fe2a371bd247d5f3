"""What came in over REST and the playbook callback, and what was answered."""

import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import formatdate
from urllib.parse import parse_qsl

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sandbox.sekoia.auth import is_api

__all__ = ["Recorded", "RequestLog", "call_of"]

RECORDED_BYTES = 1024 * 1024
ANSWERED_BYTES = 16 * 1024
# With the limit above, what a test run can fill; the oldest go first.
RECORDED_REQUESTS = 10_000
_CALLBACK = "/callback/"
_CALL = "sandbox.call"


@dataclass(slots=True)
class Recorded:
    """A REST call, or a node's to the playbook callback.

    Header names are in lowercase, of the body it is the first MiB, and the status is None for one it never got.
    `seconds` is what it took, None as long as it takes; `answer` is the beginning of what was answered, `number` counts
    the calls from 1, and `is_hit` is whether a fault decided what became of it.
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
    is_hit: bool = False

    @property
    def is_callback(self) -> bool:
        """Whether the platform, and not the API, is what was called."""
        return self.path.startswith(_CALLBACK)


class RequestLog:
    """Keeps what passes through it, and tells of each call when it comes and when it is done with."""

    def __init__(self, app: ASGIApp, told: Callable[[Recorded], None] = lambda _: None) -> None:
        self._app = app
        self._told = told
        self._count = 0
        self._recorded: deque[Recorded] = deque(maxlen=RECORDED_REQUESTS)

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

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on; pages of the sandbox itself are not kept."""
        if scope["type"] != "http" or not (is_api(scope["path"]) or scope["path"].startswith(_CALLBACK)):
            await self._app(scope, receive, send)
            return
        call, began = self._record(scope), time.monotonic()
        self._told(call)
        try:
            await self._app(scope, *_recording(call, receive, send))
        finally:
            call.seconds = time.monotonic() - began
            self._told(call)

    def _record(self, scope: Scope) -> Recorded:
        self._count += 1
        call = scope[_CALL] = Recorded(
            scope["method"],
            scope["path"],
            dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)),
            {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]},
            number=self._count,
        )
        self._recorded.append(call)
        return call


def call_of(scope: Scope) -> Recorded | None:
    """What is kept of a request; None for one that is not kept."""
    call: Recorded | None = scope.get(_CALL)
    return call


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
