"""LiveAPI, Sekoia's WebSocket, as a stream of signals that reconnects by itself (contract, "LiveAPI")."""

from __future__ import annotations

import logging
import queue
import ssl
import threading
import time
from collections import deque
from contextlib import suppress
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ValidationError
from websockets.exceptions import ConnectionClosed, InvalidProxyStatus, InvalidStatus, ProxyError, WebSocketException
from websockets.sync.client import ClientConnection, connect

from sekoia_cti.client.errors import CertificateRejected, LiveAPIRefused, LiveAPIUnreachable, SekoiaError
from sekoia_cti.client.live.signals import Connected, Disconnected, Heard, Signal
from sekoia_cti.client.network import proxy_for, tls_failure, trust
from sekoia_cti.client.waiting import Deadline, Patience
from sekoia_cti.client.wire import ImportEvent, TaskEvent

__all__ = ["LiveAPI"]

MESSAGE_LIMIT = 64 * 1024 * 1024
"""Bytes of the largest message that is read; a larger one ends the connection (contract, LiveAPI: there are some over 1 MiB)."""

GREETING_LIMIT = 512
"""Bytes of the longest message that is searched for ``authenticated``: a greeting is only a few words long."""

IDLE, IDLE_AT_FIRST = 0.05, 0.005
"""Seconds without a message after which the thread counts as idle, and the same until everything is submitted: before the first
submission, an import waits until it is known that LiveAPI has not refused the key."""

BURST, PAUSE, QUEUE = 16, 0.01, 1_024
"""Messages that make a burst, seconds to rest after one, and messages that may come meanwhile: waking up for each of a busy
community's events would cost more than dropping it."""

UPGRADE = '{"action": "upgrade"}'
"""Asks for events of both versions (contract, LiveAPI)."""

_TASK = b"task"
"""A text that is in every event of a task."""

EARLY_TASKS, EARLY_EVENTS = 2_000, 8
"""For how many unknown tasks the last events are kept while a submission is unanswered, and how many events for each. Any of
these tasks may turn out to be ours, but a busy community must not fill the memory during a long upload."""


class LiveAPI:
    """A connection to LiveAPI, kept up by a thread of its own until it is closed.

    The thread connects, drops messages that cannot concern an awaited task, and reconnects with growing pauses. So nothing
    piles up in the socket while the importer uploads, and an event that arrives before the answer to its submission is not lost.
    LiveAPI counts as connected after the handshake, since it is unknown whether a greeting follows. Proxies and
    ``REQUESTS_CA_BUNDLE`` are taken from the environment, as for REST.

    Args:
        url: ``ws://`` or ``wss://`` (contract, "Where it lives").
        api_key: Sent as the cookie ``access_token_cookie`` (contract, "Where it lives").
        patience: Timeouts, pings and backoff.
    """

    def __init__(self, url: str, api_key: str, *, patience: Patience) -> None:
        self._url = url
        self._key = api_key
        self._patience = patience
        self._signals: queue.SimpleQueue[Signal | None] = queue.SimpleQueue()
        self._mutex = threading.Lock()  # for the five below
        self._connection: ClientConnection | None = None
        self._read_out = threading.Event()  # once all that came on it was read
        self._awaited: set[str] = set()
        self._early: dict[str, deque[ImportEvent | TaskEvent]] = {}
        self._submitting = True
        self._marks: tuple[bytes, ...] = (_TASK,)  # replaced as a whole, so that it is read without the mutex
        self._closing = threading.Event()
        self._idle = threading.Event()
        self._thread = threading.Thread(target=self._run, name="liveapi", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection and end the thread.

        What does not end within moments is left to daemon threads: a handshake in progress ends after its timeout, and a server
        that reads nothing can keep the library from closing, and the thread from answering pings.
        """
        self._closing.set()
        with self._mutex:
            connection = self._connection
        until = time.monotonic() + (0.5 if connection is None else 2.0)
        if connection is not None:
            closer = threading.Thread(target=connection.close, name="liveapi-close", daemon=True)
            closer.start()
            closer.join(timeout=2.0)
        self._thread.join(timeout=max(0.0, until - time.monotonic()))

    def ready(self, deadline: Deadline) -> SekoiaError | None:
        """Wait for the first connection, or for the first attempts to fail.

        Returns:
            None when connected; otherwise the reason, while the thread keeps trying. A handshake that is not answered counts as
            failed after its timeout or after a quarter of the remaining time, whichever is less.

        Raises:
            LiveAPIRefused: The key was refused.
            CertificateRejected: The certificate is not trusted.
        """
        failures = 0
        patience = Deadline(min(self._patience.handshake, deadline.remaining() / 4))
        while True:
            match self.next(patience.remaining()):
                case None:
                    return LiveAPIUnreachable(self._url, "no answer in time")
                case Connected():
                    return None
                case Disconnected(error, final):
                    failures += 1
                    if final or isinstance(error, CertificateRejected):
                        raise error
                    if failures >= self._patience.first_attempts:
                        return error
                case Heard():
                    pass  # nothing is awaited yet

    def awaits(self, task_id: str) -> None:
        """Deliver the events of this task as signals from now on, including those that have come already."""
        with self._mutex:
            self._awaited.add(task_id)
            self._mark()
            for event in self._early.pop(task_id, ()):
                self._signals.put(Heard(event))

    def all_submitted(self) -> None:
        """No submission follows, so events of unknown tasks can be dropped from now on."""
        with self._mutex:
            self._submitting = False
            self._early.clear()
            self._mark()

    def next(self, timeout: float) -> Signal | None:
        """The next signal; None if there is none within so many seconds, or :meth:`wake` was called."""
        try:
            return self._signals.get(timeout=max(0.0, timeout)) if timeout > 0 else self._signals.get_nowait()
        except queue.Empty:
            return None

    def wake(self) -> None:
        """Make :meth:`next` return at once; called from another thread."""
        self._signals.put(None)

    def catch_up(self, timeout: float) -> None:
        """Wait until everything that has arrived at this machine has been read.

        If the process was stopped past its deadline, the last event may be waiting in the socket. A ping is answered after it.

        Args:
            timeout: How many seconds to wait, at most.
        """
        with self._mutex:
            connection, read_out = self._connection, self._read_out
        if connection is None:
            return
        until = time.monotonic() + timeout

        def ping() -> None:
            with suppress(ConnectionClosed):
                connection.ping(ack_on_close=True).wait(timeout)
            if connection.close_code is not None:
                read_out.wait(timeout)  # a refusal may have come right before the close
            else:
                self._idle.clear()
                self._idle.wait(timeout)

        # In a thread, since a server that reads nothing can block the sending.
        pinger = threading.Thread(target=ping, name="liveapi-ping", daemon=True)
        pinger.start()
        pinger.join(max(0.0, until - time.monotonic()))

    # The thread

    def _run(self) -> None:
        failures = 0
        while not self._closing.is_set():
            began = time.monotonic()
            try:
                self._listen()
            except Exception as error:  # noqa: BLE001  # a thread that died would leave the import waiting for nothing
                if self._closing.is_set():
                    return
                explained = self._explain(error)
                final = isinstance(explained, LiveAPIRefused)
                self._signals.put(Disconnected(explained, final))
                if final:
                    return
            # A server that accepts and closes at once has not recovered.
            lasted = time.monotonic() - began > self._patience.longest_backoff
            failures = 1 if lasted else failures + 1
            self._closing.wait(self._patience.backoff(failures))

    def _listen(self) -> None:
        patience = self._patience
        with connect(
            self._url,
            ssl=trust() if self._url.startswith("wss:") else None,
            proxy=proxy_for(self._url),
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
            max_queue=QUEUE,
            # Logging: the library logs what we report anyway, and the SDK would copy it into the playbook's logs
            logger=_silent(),
            legacy=False,
        ) as connection:
            read_out = threading.Event()
            with self._mutex:
                self._connection, self._read_out = connection, read_out
            try:
                self._refuse_redirects(connection)
                if self._closing.is_set():
                    return
                connection.send(UPGRADE)
                self._signals.put(Connected())
                while not self._closing.is_set():
                    if self._take_all(connection) >= BURST:
                        self._closing.wait(PAUSE)
            finally:
                with self._mutex:
                    self._connection = None
                read_out.set()

    def _take_all(self, connection: ClientConnection) -> int:
        """Process the next message and those that have arrived already; return how many. :meth:`catch_up` waits for this."""
        taken, timeout = 0, IDLE_AT_FIRST if self._submitting else IDLE
        with suppress(TimeoutError):
            while not self._closing.is_set():
                self._take(connection.recv(timeout, decode=False))
                taken, timeout = taken + 1, 0.0
        self._idle.set()
        return taken

    def _refuse_redirects(self, connection: ClientConnection) -> None:
        """Refuse redirects to other hosts, as REST does. The library follows them, though without the key."""
        request, asked = connection.request, urlsplit(self._url)
        assert request is not None  # noqa: S101  # there is one as soon as there is a connection
        host = request.headers["Host"]
        if host not in (asked.netloc, asked.hostname, asked.netloc.lower()):
            raise LiveAPIUnreachable(self._url, f"it redirects to {host}")

    def _take(self, raw: bytes) -> None:
        if len(raw) <= GREETING_LIMIT and b"authenticated" in raw and _Greeting.refuses(raw):
            # Reported before the connection is closed, which takes a while.
            self._signals.put(Disconnected(LiveAPIRefused(self._url, "the key was not authenticated"), final=True))
            self._closing.set()
            return
        # Other events of the community are dropped before they are parsed, and without a call or the mutex: there can be tens of
        # thousands per second.
        for mark in self._marks:
            if mark in raw:
                break
        else:
            return
        with self._mutex:
            event = ImportEvent.parse(raw) or TaskEvent.parse(raw)
            if event is None:
                return
            if event.task_id in self._awaited:
                self._signals.put(Heard(event))
            elif self._submitting:
                self._keep(event)

    def _mark(self) -> None:
        """Set the texts that mark a message as one that may concern us: our tasks' ids, or any task until all ids are known."""
        self._marks = (_TASK,) if self._submitting else tuple(map(str.encode, self._awaited))

    def _keep(self, event: ImportEvent | TaskEvent) -> None:
        """Keep an event whose task may turn out to be ours once a submission is answered."""
        kept = self._early.pop(event.task_id, None) or deque(maxlen=EARLY_EVENTS)
        kept.append(event)
        self._early[event.task_id] = kept
        if len(self._early) > EARLY_TASKS:
            del self._early[next(iter(self._early))]  # the one that has been silent for the longest

    def _explain(self, error: Exception) -> SekoiaError:
        if isinstance(error, SekoiaError):
            return error
        if isinstance(error, InvalidStatus):
            status = error.response.status_code
            # Only 401 is about the key: 403 can also come from a firewall that lets no WebSocket through.
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


def _silent() -> logging.Logger:
    """A logger without handlers and parents, so that its messages go nowhere."""
    return logging.Logger("liveapi", level=logging.CRITICAL + 1)


def _reason(error: Exception) -> str:
    """What happened, in a few words."""
    if isinstance(error, ConnectionClosed):
        code = error.rcvd.code if error.rcvd else None
        return f"closed with code {code}" if code else "the connection was lost"
    if isinstance(error, InvalidProxyStatus) and error.response.status_code == 407:
        return "the proxy requires a user name and password in its address"
    if isinstance(error, ProxyError):
        return "the proxy did not let the connection through"
    if isinstance(error, ImportError):
        return "the environment names a SOCKS proxy, which requires a library that is not installed"
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, ssl.SSLError):
        return tls_failure(error)
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    if isinstance(error, WebSocketException | OSError):
        return "the server does not speak WebSocket"
    return f"unexpectedly, {type(error).__name__}"
