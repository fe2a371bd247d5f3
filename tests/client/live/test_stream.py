"""LiveAPI: connecting, refusals, reconnecting, and ending, over real WebSockets."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve

from sandbox import Sandbox
from sekoia_cti.client.errors import DeadlinePassed, LiveAPIRefused, LiveAPIUnreachable
from sekoia_cti.client.live.signals import Connected, Disconnected, Message
from sekoia_cti.client.live.stream import MESSAGE_LIMIT, LiveAPI
from sekoia_cti.client.waiting import Deadline, Patience
from tests.hostile import Hostile, answer, silence

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
        assert live.ready(Deadline(10)) is None
    assert seen == ["access_token_cookie=the-key", '{"action": "upgrade"}']


def test_a_silent_server_lets_us_in() -> None:
    """A server that does not greet is taken for one that accepts, as the vendor's sample does."""
    with websocket(stay) as host, LiveAPI(f"ws://{host}", "k", patience=PATIENCE) as live:
        assert live.ready(Deadline(10)) is None


def test_only_what_may_concern_a_task_is_passed_on() -> None:
    """Before all is submitted every import's events are heard, afterwards only those of the tasks."""
    may_go_on = threading.Event()

    def handler(connection: ServerConnection) -> None:
        connection.send('{"attributes": {"task_id": "early"}}')
        connection.send('{"type": "alert"}')
        may_go_on.wait(10)
        connection.send('{"attributes": {"task_id": "other"}}')
        connection.send('{"attributes": {"task_id": "ours"}}')
        stay(connection)

    with websocket(handler) as host, LiveAPI(f"ws://{host}", "k", patience=PATIENCE) as live:
        assert live.ready(Deadline(10)) is None
        assert live.next(10) == Message(b'{"attributes": {"task_id": "early"}}')
        live.only(["ours"])
        may_go_on.set()
        assert live.next(10) == Message(b'{"attributes": {"task_id": "ours"}}')
        assert live.next(0) is None


def test_a_busy_community_hides_nothing() -> None:
    """Among foreign messages of all shapes, ours come through in fragments as well, and a ping is answered."""
    foreign = '{"type": "alert", "details": "' + "." * 1_000 + '"}'
    may_go_on, answered = threading.Event(), threading.Event()

    def handler(connection: ServerConnection) -> None:
        connection.send("x" * 1_000)  # whatever comes first ends the waiting for a greeting
        may_go_on.wait(10)
        for number in range(200):
            connection.send(foreign if number % 2 else foreign.encode())
        connection.send([foreign, foreign])
        connection.send(['{"task_id": "ou', 'rs", "at": 1}'])
        if connection.ping().wait(10):
            answered.set()
        connection.send(foreign.replace("alert", "ours"))
        stay(connection)

    patience = PATIENCE.but(greeting=60.0)
    with websocket(handler) as host, LiveAPI(f"ws://{host}", "k", patience=patience) as live:
        assert live.ready(Deadline(10)) is None
        live.only(["ours"])
        may_go_on.set()
        assert live.next(10) == Message(b'{"task_id": "ours", "at": 1}')
        assert live.next(10) == Message(foreign.replace("alert", "ours").encode())
        assert answered.is_set()


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
    """A connection that ends is followed by another, and both are told."""
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
    """Whatever answers in its place, LiveAPI is unreachable, and why is told."""
    with (
        Hostile(script) as server,
        LiveAPI(f"ws://{server.host}/live/", "k", patience=PATIENCE.but(handshake=0.3)) as live,
    ):
        error = live.ready(Deadline(10))
    assert isinstance(error, LiveAPIUnreachable)
    assert error.reason == reason


def test_the_deadline_ends_the_connecting() -> None:
    """A server that never answers does not hold us beyond the deadline."""
    with (
        Hostile(silence) as server,
        LiveAPI(f"ws://{server.host}", "k", patience=PATIENCE) as live,
        pytest.raises(DeadlinePassed, match="while connecting to LiveAPI"),
    ):
        live.ready(Deadline(0.2))


def test_a_slow_handshake_is_waited_for(sandbox: Sandbox) -> None:
    """A handshake that takes its time succeeds."""
    sandbox.faults.live_delay = 0.5
    with LiveAPI(sandbox.live_url, sandbox.api_key, patience=PATIENCE) as live:
        assert live.ready(Deadline(10)) is None


def test_closing_ends_the_thread(sandbox: Sandbox) -> None:
    """Connected or just trying, a closed LiveAPI leaves no thread behind."""
    with LiveAPI(sandbox.live_url, sandbox.api_key, patience=PATIENCE) as live:
        live.ready(Deadline(10))
    with LiveAPI("ws://127.0.0.1:9/live/", "k", patience=Patience()) as live:
        live.ready(Deadline(10))
    assert not [thread for thread in threading.enumerate() if thread.name == "liveapi"]
