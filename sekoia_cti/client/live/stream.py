"""LiveAPI as a stream that reconnects by itself and never makes the importer wait for its socket."""

from __future__ import annotations

import logging
import os
import queue
import socket
import ssl
import threading
import time
from collections.abc import Iterable
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any, Self, cast

import certifi
from pydantic import BaseModel, ValidationError
from websockets.client import ClientProtocol
from websockets.exceptions import ConnectionClosed, InvalidStatus, ProxyError, WebSocketException
from websockets.sync.client import ClientConnection, connect

from sekoia_cti.client.errors import CertificateRejected, LiveAPIRefused, LiveAPIUnreachable, SekoiaError
from sekoia_cti.client.live.frames import Sieve
from sekoia_cti.client.live.signals import Connected, Disconnected, Message, Signal
from sekoia_cti.client.waiting import Deadline, Patience

__all__ = ["LiveAPI"]

MESSAGE_LIMIT = 64 * 1024 * 1024
"""Bytes of the largest message that is read (contract, LiveAPI: over 1 MiB happens); a larger one ends the connection."""

GREETING_LIMIT = 512
"""Bytes up to which a message is looked at for ``authenticated``: the greeting is a few words long."""

UPGRADE = '{"action": "upgrade"}'
"""Asks for events of both versions (contract, LiveAPI)."""


class LiveAPI:
    """A connection to LiveAPI, kept up by a thread of its own until it is closed.

    The thread connects, authenticates, drops what cannot concern an awaited task, and reconnects with backoff; so
    nothing piles up in the socket while the importer uploads, and an event that is sent before a submission is even
    answered is there afterwards. Proxies and ``REQUESTS_CA_BUNDLE`` are taken from the environment, as REST does.

    Args:
        url: ``ws://`` or ``wss://`` (contract, "Where it lives").
        api_key: Sent as the cookie ``access_token_cookie`` (contract, "Where it lives").
        patience: Timeouts, pings and backoff.
    """

    def __init__(self, url: str, api_key: str, *, patience: Patience) -> None:
        self._url = url
        self._key = api_key
        self._patience = patience
        self._signals: queue.SimpleQueue[Signal] = queue.SimpleQueue()
        self._awaited: tuple[bytes, ...] = (b"task_id",)
        self._closing = threading.Event()
        self._connection: ClientConnection | None = None
        self._greeted = False
        self._listening = False
        self._mutex = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="liveapi", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection and end the thread; one that is just connecting ends by itself after its timeout."""
        self._closing.set()
        with self._mutex:
            connection, greeted = self._connection, self._greeted
        if connection is not None:
            if greeted:
                connection.close()
            else:
                connection.close_socket()
        self._thread.join(timeout=2.0)

    def ready(self, deadline: Deadline) -> SekoiaError | None:
        """Wait for the first connection, or for the first attempts to fail.

        Returns:
            None when connected; otherwise why not, with the thread still trying.

        Raises:
            LiveAPIRefused: The key was refused.
            CertificateRejected: The certificate is not trusted.
            DeadlinePassed: The time was up first.
        """
        failures = 0
        while True:
            match self.next(deadline.remaining()):
                case None:
                    deadline.check("connecting to LiveAPI")
                case Connected():
                    return None
                case Disconnected(error, final):
                    failures += 1
                    if final or isinstance(error, CertificateRejected):
                        raise error
                    if failures >= self._patience.first_attempts:
                        return error
                case Message():
                    pass  # nothing was submitted yet, so it is somebody else's

    def only(self, task_ids: Iterable[str]) -> None:
        """All is submitted: from now on hear of these tasks only, instead of every import of the community."""
        self._awaited = tuple(task_id.encode() for task_id in task_ids)

    def next(self, timeout: float) -> Signal | None:
        """The next signal, or None when none came within so many seconds."""
        try:
            return self._signals.get(timeout=max(0.0, timeout)) if timeout > 0 else self._signals.get_nowait()
        except queue.Empty:
            return None

    # The thread

    def _run(self) -> None:
        failures = 0
        while not self._closing.is_set():
            began = time.monotonic()
            try:
                with self._connect() as connection:
                    self._greet(connection)
                    self._listen(connection)
            except (SekoiaError, OSError, WebSocketException, ValueError) as error:
                explained = self._explain(error)
                final = isinstance(explained, LiveAPIRefused)
                self._signals.put(Disconnected(explained, final))
                if final:
                    return
            finally:
                with self._mutex:
                    self._connection, self._greeted = None, False
            # A server that accepts and closes at once has not recovered.
            lasted = time.monotonic() - began > self._patience.longest_backoff
            failures = 1 if lasted else failures + 1
            self._closing.wait(self._patience.backoff(failures))

    def _connect(self) -> AbstractContextManager[ClientConnection]:
        patience = self._patience
        return connect(
            self._url,
            ssl=_trust() if self._url.startswith("wss:") else None,
            # HTTP
            additional_headers={"Cookie": f"access_token_cookie={self._key}"},
            # Timeouts
            open_timeout=patience.handshake,
            ping_interval=patience.ping_interval,
            ping_timeout=patience.ping_timeout,
            close_timeout=1,
            # Limits
            compression=None,  # inflating a whole community's events would cost more than it saves
            max_size=MESSAGE_LIMIT,
            # Logging: the library logs what we report anyway, and the SDK would copy it into the playbook's logs
            logger=_silent(),
            create_connection=cast("type[ClientConnection]", self._hold),  # called like the class
            legacy=False,
        )

    def _hold(self, sock: socket.socket, protocol: ClientProtocol, **options: Any) -> ClientConnection:
        """Make the connection, and keep it so that :meth:`close` can also end its handshake."""
        self._listening = False
        _sift(protocol, Sieve(self._may_concern, longest=MESSAGE_LIMIT))
        connection = ClientConnection(sock, protocol, **options)
        with self._mutex:
            self._connection = connection
        return connection

    def _greet(self, connection: ClientConnection) -> None:
        """Become a listener: a refusal by message comes first or within moments, a greeting need not come at all."""
        with self._mutex:
            self._greeted = True
        if self._closing.is_set():
            connection.close()
        connection.send(UPGRADE)
        try:
            first = connection.recv(timeout=self._patience.greeting, decode=False)
        except TimeoutError:
            first = b""
        self._take(first)
        self._signals.put(Connected())
        if first:
            self._offer(first)

    def _listen(self, connection: ClientConnection) -> None:
        self._listening = True
        while True:
            raw = connection.recv(decode=False)
            self._take(raw)
            self._offer(raw)

    def _take(self, raw: bytes) -> None:
        if _may_greet(raw) and _Greeting.refuses(raw):
            raise LiveAPIRefused(self._url, "the key was not authenticated")

    def _offer(self, raw: bytes) -> None:
        if self._is_awaited(raw):
            self._signals.put(Message(raw))

    def _is_awaited(self, raw: bytes | bytearray) -> bool:
        for awaited in self._awaited:  # noqa: SIM110  # a generator would double the cost of a foreign message
            if awaited in raw:
                return True
        return False

    def _may_concern(self, raw: bytearray) -> bool:
        """Whether a message has to be parsed; the first one always, since its coming shows that the server talks."""
        return self._is_awaited(raw) or _may_greet(raw) or not self._listening

    def _explain(self, error: Exception) -> SekoiaError:
        if isinstance(error, SekoiaError):
            return error
        if isinstance(error, InvalidStatus):
            status = error.response.status_code
            # 401 alone is the key's: a 403 comes as well from a firewall that lets no WebSocket through.
            kind = LiveAPIRefused if status == 401 else LiveAPIUnreachable
            return kind(self._url, f"HTTP {status}", status)
        if isinstance(error, ssl.SSLCertVerificationError):
            return CertificateRejected(self._url, error.verify_message)
        return LiveAPIUnreachable(self._url, _reason(error))


class _Greeting(BaseModel):
    authenticated: bool

    @classmethod
    def refuses(cls, raw: bytes) -> bool:
        try:
            return not cls.model_validate_json(raw).authenticated
        except ValidationError:
            return False


def _may_greet(raw: bytes | bytearray) -> bool:
    return len(raw) <= GREETING_LIMIT and b"authenticated" in raw


def _sift(protocol: ClientProtocol, sieve: Sieve) -> None:
    """Have the protocol parse what the sieve leaves; without the method that takes the data it parses everything."""
    if receive := getattr(protocol, "receive_data", None):
        protocol.receive_data = lambda data: receive(sieve.feed(data))  # type: ignore[method-assign]  # on purpose


def _trust() -> ssl.SSLContext:
    """The authorities that requests trusts, so that both connections agree (``Session.merge_environment_settings``)."""
    bundle = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or certifi.where()
    if os.path.isdir(bundle):  # noqa: PTH112  # the variable holds a file or a folder, as for requests
        return ssl.create_default_context(capath=bundle)
    return ssl.create_default_context(cafile=bundle)


def _silent() -> logging.Logger:
    """A logger that is its own root: nothing it is told goes anywhere."""
    return logging.Logger("liveapi", level=logging.CRITICAL + 1)


def _reason(error: Exception) -> str:
    """What happened, in a few words."""
    if isinstance(error, ConnectionClosed):
        code = error.rcvd.code if error.rcvd else None
        return f"closed with code {code}" if code else "the connection was lost"
    if isinstance(error, ProxyError):
        return "the proxy did not let the connection through"
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return "the server does not speak WebSocket"
