"""LiveAPI: connecting, refusals, reconnecting, and closing, over real WebSockets."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import SimpleNamespace
from typing import ClassVar

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve

from sandbox import Sandbox
from sekoia_cti.client.errors import LiveAPIRefused, LiveAPIUnreachable
from sekoia_cti.client.live import stream
from sekoia_cti.client.live.signals import Connected, Disconnected, Heard
from sekoia_cti.client.live.stream import EARLY_EVENTS, EARLY_TASKS, MESSAGE_LIMIT, LiveAPI
from sekoia_cti.client.waiting import Deadline, Patience
from sekoia_cti.client.wire import ImportEvent
from tests.hostile import Hostile, PingFlood, answer, silence

PATIENCE = Patience.none()


@contextmanager
def websocket(handler: Callable[[ServerConnection], None]) -> Iterator[str]:
    """A WebSocket server on a free port; gives its host and port."""
    with serve(handler, "127.0.0.1", 0) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            host, port = server.socket.getsockname()[:2]
            yield f"{host}:{port}"
        finally:
            server.shutdown()
            thread.join()


def stay(connection: ServerConnection) -> None:
    """Keep the connection until the client ends it."""
    try:
        while True:
            connection.recv()
    except ConnectionClosed:
        pass


def test_a_listener_authenticates_and_upgrades() -> None:
    """The key goes in the cookie, and both versions of events are asked for."""
    seen: list[object] = []

    def handler(connection: ServerConnection) -> None:
        assert connection.request
        seen.append(connection.request.headers["Cookie"])
        seen.append(connection.recv())
        connection.send('{"authenticated": true}')
        stay(connection)

    with websocket(handler) as host, LiveAPI(f"ws://{host}/live/", "the-key", patience=PATIENCE) as live:
        assert live.ready(Deadline(40)) is None
    assert seen == ["access_token_cookie=the-key", '{"action": "upgrade"}']


def test_a_silent_server_lets_us_in() -> None:
    """A server that sends no greeting counts as accepting, as in the vendor's sample."""
    with websocket(stay) as host, LiveAPI(f"ws://{host}", "k", patience=PATIENCE) as live:
        assert live.ready(Deadline(40)) is None


def progress(task_id: object, imported: int = 1) -> str:
    """An import's event."""
    return json.dumps({"type": "ioc-collection", "attributes": {"task_id": task_id, "imported": imported, "total": 9}})


def heard(live: LiveAPI) -> tuple[str, object]:
    """The task and the figure or state of the next event."""
    signal = live.next(10)
    assert isinstance(signal, Heard), signal
    event = signal.event
    return event.task_id, event.imported if isinstance(event, ImportEvent) else event.status


def test_only_what_concerns_a_task_is_passed_on() -> None:
    """An event that comes before the answer is kept for its task; those of other tasks concern nobody."""
    sent, may_go_on = threading.Event(), threading.Event()

    def handler(connection: ServerConnection) -> None:
        connection.send(progress("ours", 1))
        connection.send(progress("other", 2))
        connection.send(progress(17, 3))
        connection.send('{"type": "alert"}')
        connection.send(progress("ours", 4))
        connection.send('{"type": "task", "attributes": {"id": "ours", "status": "RUNNING", "attributes": {}}}')
        sent.set()
        may_go_on.wait(10)
        connection.send(progress("other", 5))
        connection.send(progress("ours", 6))
        stay(connection)

    with websocket(handler) as host, LiveAPI(f"ws://{host}", "k", patience=PATIENCE) as live:
        assert live.ready(Deadline(40)) is None
        assert sent.wait(10)
        live.catch_up(10)
        live.awaits("ours")
        live.awaits("17")
        live.all_submitted()
        may_go_on.set()
        assert [heard(live) for _ in range(5)] == [
            ("ours", 1),
            ("ours", 4),
            ("ours", "RUNNING"),
            ("17", 3),
            ("ours", 6),
        ]
        assert live.next(0) is None


@pytest.mark.fault(
    "Other imports' events pile up while a submission is unanswered", "A limited number is kept, including our own"
)
def test_a_busy_community_fills_no_memory() -> None:
    """While a submission is unanswered, only the last events of only so many tasks are kept."""
    sent = threading.Event()

    def handler(connection: ServerConnection) -> None:
        for number in range(EARLY_TASKS + 1):
            connection.send(progress(f"task-{number}"))
        for number in range(EARLY_EVENTS + 1):
            connection.send(progress("ours", number))
        sent.set()
        stay(connection)

    with websocket(handler) as host, LiveAPI(f"ws://{host}", "k", patience=PATIENCE) as live:
        assert live.ready(Deadline(40)) is None
        assert sent.wait(30)
        live.catch_up(30)
        for task_id in ("task-0", "task-1", f"task-{EARLY_TASKS}", "ours"):
            live.awaits(task_id)
        told = [heard(live) for _ in range(1 + EARLY_EVENTS)]
        assert live.next(0) is None
    assert told == [(f"task-{EARLY_TASKS}", 1), *(("ours", number) for number in range(1, EARLY_EVENTS + 1))]


def test_our_events_come_through_in_fragments_among_foreign_ones() -> None:
    """Among foreign messages of all shapes, our own get through, and a ping is answered."""
    foreign = '{"type": "alert", "details": "' + "." * 1_000 + '"}'
    may_go_on, answered = threading.Event(), threading.Event()

    def handler(connection: ServerConnection) -> None:
        may_go_on.wait(10)
        for number in range(200):
            connection.send(foreign if number % 2 else foreign.encode())
        connection.send([foreign, foreign])
        ours = progress("ours", 7)
        connection.send([ours[:20], ours[20:]])
        if connection.ping().wait(10):
            answered.set()
        connection.send(progress("late", 8))
        stay(connection)

    with websocket(handler) as host, LiveAPI(f"ws://{host}", "k", patience=PATIENCE) as live:
        assert live.ready(Deadline(40)) is None
        live.awaits("ours")
        live.all_submitted()
        live.awaits("late")
        may_go_on.set()
        assert [heard(live), heard(live)] == [("ours", 7), ("late", 8)]
        assert answered.is_set()


@pytest.mark.fault(
    "LiveAPI redirects to another host",
    "The redirect is not followed; a warning, and the import is confirmed by the state of the collection",
)
def test_a_redirect_to_another_host_is_refused(sandbox: Sandbox) -> None:
    """The library would follow it, without the key: whoever listens there is not LiveAPI."""
    with websocket(stay) as elsewhere:

        def redirect(connection: socket.socket) -> None:
            connection.sendall(
                f"HTTP/1.1 302 Found\r\nLocation: ws://{elsewhere}/\r\nContent-Length: 0\r\n\r\n".encode()
            )

        with Hostile(redirect) as server, LiveAPI(f"ws://{server.host}/live/", "k", patience=PATIENCE) as live:
            error = live.ready(Deadline(10))
    assert isinstance(error, LiveAPIUnreachable)
    assert error.reason == f"it redirects to {elsewhere}"


def test_a_missing_library_for_a_proxy_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """A SOCKS proxy that cannot be used makes LiveAPI unreachable; the thread survives."""
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    with LiveAPI("ws://sekoia.example/live/", "k", patience=PATIENCE) as live:
        error = live.ready(Deadline(10))
    assert isinstance(error, LiveAPIUnreachable)
    assert error.reason == "the environment names a SOCKS proxy, which requires a library that is not installed"


def test_a_message_above_the_limit_ends_the_connection() -> None:
    """A foreign message that is too long is refused like any other, although nobody would have read it."""

    def handler(connection: ServerConnection) -> None:
        connection.recv()
        connection.send('{"authenticated": true}')
        with suppress(ConnectionClosed):
            connection.send(b"." * (MESSAGE_LIMIT + 1))

    with websocket(handler) as host, LiveAPI(f"ws://{host}", "k", patience=PATIENCE) as live:
        assert live.next(10) == Connected()
        ended = live.next(10)
    assert isinstance(ended, Disconnected)
    assert isinstance(ended.error, LiveAPIUnreachable)


def test_it_reconnects_and_says_so() -> None:
    """A connection that ends is followed by another, and both are reported."""
    connections: list[ServerConnection] = []

    def handler(connection: ServerConnection) -> None:
        connections.append(connection)
        if len(connections) == 1:
            connection.close(1012)
        else:
            stay(connection)

    with websocket(handler) as host, LiveAPI(f"ws://{host}", "k", patience=PATIENCE) as live:
        heard = live.next(10)
        while not isinstance(heard, Disconnected):  # the first connection may or may not be told before its end
            heard = live.next(10)
        assert isinstance(heard.error, LiveAPIUnreachable)
        assert "closed with code 1012" in str(heard.error)
        assert live.next(10) == Connected()


class Noting(Patience):
    """Waits for nothing, and notes what it was asked."""

    failures: ClassVar[list[int]]

    def backoff(self, failures: int) -> float:
        """No time."""
        self.failures.append(failures)
        return 0.0


@pytest.mark.fault(
    "LiveAPI accepts connections and closes them at once", "The client tries again after increasingly long pauses"
)
def test_who_closes_at_once_is_asked_ever_later(monkeypatch: pytest.MonkeyPatch) -> None:
    """Failures count until a connection has lasted for as long as the longest wait between two of them."""
    Noting.failures, connections, seventh = [], list[ServerConnection](), threading.Event()
    clock = [0.0]
    monkeypatch.setattr(stream, "time", SimpleNamespace(monotonic=lambda: clock[0]))

    def handler(connection: ServerConnection) -> None:
        connections.append(connection)
        if len(connections) == 4:
            clock[0] += Noting().longest_backoff + 1
        if len(connections) == 7:
            seventh.set()
            stay(connection)

    with websocket(handler) as host, LiveAPI(f"ws://{host}", "k", patience=Noting()):
        assert seventh.wait(10)
    assert Noting.failures[:6] == [1, 2, 3, 1, 2, 3]


@pytest.mark.fault(
    "LiveAPI refuses the key later",
    "LiveAPI is not tried again; the import is confirmed by the state of the collection",
)
def test_a_key_that_is_refused_later_ends_the_trying() -> None:
    """A refusal by message after a while is final."""

    def handler(connection: ServerConnection) -> None:
        connection.send('{"type": "alert"}')
        connection.send('{"authenticated": false}')
        stay(connection)

    with websocket(handler) as host, LiveAPI(f"ws://{host}", "k", patience=PATIENCE) as live:
        assert live.next(10) == Connected()
        refused = live.next(10)
    assert isinstance(refused, Disconnected)
    assert refused.final
    assert isinstance(refused.error, LiveAPIRefused)


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        (answer(502), "HTTP 502"),
        (answer(200, "<html>"), "HTTP 200"),
        (silence, "no answer in time"),
        (lambda connection: connection.sendall(b"SSH-2.0-x\r\n"), "the server does not speak WebSocket"),
    ],
)
def test_who_does_not_speak_websocket_is_unreachable(script: Callable[[object], None], reason: str) -> None:
    """Whatever answers in its place, LiveAPI is reported as unreachable, with the reason."""
    with (
        Hostile(script) as server,
        LiveAPI(f"ws://{server.host}/live/", "k", patience=PATIENCE.but(handshake=0.3)) as live,
    ):
        error = live.ready(Deadline(10))
    assert isinstance(error, LiveAPIUnreachable)
    assert error.reason == reason


@pytest.mark.fault(
    "LiveAPI's handshake stalls", "The import continues without LiveAPI after a quarter of the remaining time"
)
def test_a_handshake_that_stalls_keeps_nobody() -> None:
    """A server that never answers costs a quarter of the remaining time, not all of it."""
    with Hostile(silence) as server, LiveAPI(f"ws://{server.host}", "k", patience=PATIENCE) as live:
        deadline = Deadline(1.0)
        error = live.ready(deadline)
        assert deadline.remaining()
    assert isinstance(error, LiveAPIUnreachable)
    assert error.reason == "no answer in time"


def test_a_slow_handshake_is_waited_for(sandbox: Sandbox) -> None:
    """A handshake that takes its time succeeds."""
    sandbox.faults.live_delay = 0.5
    with LiveAPI(sandbox.live_url, sandbox.api_key, patience=PATIENCE) as live:
        assert live.ready(Deadline(40)) is None


def test_who_reads_nothing_keeps_nobody() -> None:
    """Neither who makes sure that all was read, nor the end of the process, which joins no thread of a connection."""
    with PingFlood() as server, LiveAPI(server.live_url, "k", patience=PATIENCE) as live:
        assert live.ready(Deadline(10)) is None
        assert server.stuck.wait(30)
        live.catch_up(0.1)
        ours = [thread for thread in threading.enumerate() if thread.name.startswith("liveapi")]
        assert {thread.name for thread in ours} == {"liveapi", "liveapi-ping"}
        assert all(thread.daemon for thread in ours)


def test_closing_ends_the_thread(sandbox: Sandbox) -> None:
    """Connected or just trying, a closed LiveAPI leaves no thread behind."""
    with LiveAPI(sandbox.live_url, sandbox.api_key, patience=PATIENCE) as live:
        live.ready(Deadline(10))
    with LiveAPI("ws://127.0.0.1:9/live/", "k", patience=Patience()) as live:
        live.ready(Deadline(10))
    assert not [thread for thread in threading.enumerate() if thread.name == "liveapi"]
