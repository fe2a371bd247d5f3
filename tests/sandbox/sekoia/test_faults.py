"""Faults: each does what its name says, and nothing is left of it after a reset."""

import json
import socket
import threading
import time
from contextlib import ExitStack
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import partial
from itertools import islice
from typing import Any

import pytest
import requests
from pydantic import ValidationError
from websockets.exceptions import ConnectionClosed, ConnectionClosedError, InvalidStatus

from sandbox import Faults, RestFault, Sandbox
from tests.sandbox.conftest import API, Listen, import_end, import_events

COLLECTIONS = "/ioc-collections"
TEXT = "\n".join(f"host-{number}.example" for number in range(1000))


# REST


def test_status(api: API, sandbox: Sandbox) -> None:
    """An answer instead of the handling, with body and headers, as often as asked."""
    later = format_datetime(datetime(2031, 1, 1, tzinfo=UTC), usegmt=True)
    sandbox.faults.rest = [
        RestFault(status=429, headers={"Retry-After": later}),
        RestFault(method="POST", path="collections$", status=502, body="<h1>Bad gateway</h1>", times=2),
        RestFault(status=400, body={"message": "no"}),
        RestFault(method="DELETE", status=204, times=None),
    ]
    answers = [api("POST", COLLECTIONS, json={"name": "x"}) for _ in range(5)]
    assert [answer.status_code for answer in answers] == [429, 502, 502, 400, 201]
    assert answers[0].headers["Retry-After"] == later
    assert answers[0].json() == {"message": "Too Many Requests"}
    assert answers[1].text == "<h1>Bad gateway</h1>"
    assert answers[1].headers["Content-Type"].startswith("text/html")
    assert answers[3].json() == {"message": "no"}
    assert [api("DELETE", f"{COLLECTIONS}/x").status_code for _ in range(3)] == [204] * 3
    assert [request.status for request in sandbox.requests] == [429, 502, 502, 400, 201, 204, 204, 204]
    assert sandbox.faults.rest == [RestFault(method="DELETE", status=204, times=None)]


@pytest.mark.parametrize("cut", ["before", "after"])
def test_cut(api: API, sandbox: Sandbox, cut: Any) -> None:
    """The connection is reset without an answer; cut after the handling, its effect stays."""
    sandbox.faults.rest = [RestFault(method="POST", cut=cut)]
    with pytest.raises(requests.ConnectionError, match="reset"):
        api("POST", COLLECTIONS, json={"name": "x"})
    assert len(api.items(COLLECTIONS)) == (cut == "after")
    assert sandbox.requests[0].status is None


@pytest.mark.parametrize("cut", ["before", "after"])
def test_cut_of_an_import(api: API, sandbox: Sandbox, listen: Listen, collection_id: str, cut: Any) -> None:
    """An import whose request was cut after it was handled goes on."""
    sandbox.faults.rest = [RestFault(path="/text$", cut=cut)]
    with listen() as connection:
        with pytest.raises(requests.ConnectionError):
            api.import_text(collection_id, "a.example")
        api.import_text(collection_id, "b.example\nc.example")
        totals = [1, 2] if cut == "after" else [2]
        assert [import_end(connection)["total"] for _ in totals] == totals


def test_truncated_answer(api: API, sandbox: Sandbox, collection_id: str) -> None:
    """Headers and half of the body arrive, then the connection ends."""
    sandbox.faults.rest = [RestFault(truncate=True), RestFault(truncate=True, status=503, body="x" * 100)]
    for _ in range(2):
        with pytest.raises(requests.exceptions.ChunkedEncodingError, match="IncompleteRead"):
            api("GET", f"{COLLECTIONS}/{collection_id}")
    assert api("GET", f"{COLLECTIONS}/{collection_id}").status_code == 200
    assert [request.status for request in sandbox.requests] == [200, 503, 200]


def test_delay(api: API, sandbox: Sandbox) -> None:
    """Seconds pass before the handling, which happens even when the client did not wait."""
    sandbox.faults.rest = [RestFault(delay=0.1, times=2)]
    began = time.monotonic()
    assert api("POST", COLLECTIONS, json={"name": "x"}).status_code == 201
    assert time.monotonic() - began >= 0.1
    with pytest.raises(requests.ReadTimeout):
        api("POST", COLLECTIONS, json={"name": "x"}, timeout=0.05)
    sandbox.wait_for(lambda: len(api.items(COLLECTIONS)) == 2)


def test_reset_ends_delays(api: API, sandbox: Sandbox) -> None:
    """What still waits when the sandbox is reset is never handled."""
    sandbox.faults.rest = [RestFault(delay=60)]
    failed = threading.Event()

    def post() -> None:
        with pytest.raises(requests.ConnectionError):
            api("POST", COLLECTIONS, json={"name": "x"})
        failed.set()

    thread = threading.Thread(target=post)
    thread.start()
    sandbox.wait_for(lambda: any(request.body for request in sandbox.requests))  # read whole, it waits
    sandbox.reset()
    thread.join(5)
    assert failed.is_set()
    with API(sandbox).session as session:
        assert session.get(f"{sandbox.url}/v2/inthreat{COLLECTIONS}", timeout=5).json()["total"] == 0
    assert sandbox.faults == Faults()


def test_a_fault_that_several_requests_wait_for(sandbox: Sandbox) -> None:
    """Whoever sends its body first is hit; the fault is over for the others, whose body was awaited meanwhile."""
    sandbox.faults.rest = [RestFault(contains="name", status=503)]
    body = b'{"name": "x"}'
    head = (
        f"POST /v2/inthreat{COLLECTIONS} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
        f"Content-Type: application/json\r\nAuthorization: Bearer {sandbox.api_key}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    with ExitStack() as stack:
        address = ("127.0.0.1", int(sandbox.url.rpartition(":")[2]))
        clients = [stack.enter_context(socket.create_connection(address, 5)) for _ in range(3)]
        for client in clients:
            client.sendall(head.encode())
        sandbox.wait_for(lambda: len(sandbox.requests) == len(clients))
        statuses = []
        for client in clients:
            client.sendall(body)
            statuses.append(b"".join(iter(partial(client.recv, 65536), b"")).split()[1])
    assert statuses == [b"503", b"201", b"201"]
    assert sandbox.faults == Faults()


def test_big_bodies(api: API, sandbox: Sandbox, collection_id: str) -> None:
    """Requests that are refused, or cut, before their body was read leave connections in order."""
    sandbox.faults.rest = [RestFault(status=503), RestFault(cut="before")]
    path, body = f"{COLLECTIONS}/{collection_id}/indicators/text", {"indicators": "x" * 20_000_000}
    assert api("POST", path, json=body).status_code == 503
    with pytest.raises(requests.ConnectionError):
        api("POST", path, json=body)
    key = {"Authorization": "Bearer wrong"}
    for _ in range(3):
        assert api("POST", path, json=body, headers=key).status_code == 401
    assert api("POST", path, json=body).status_code == 202


def test_misspelled_faults() -> None:
    """A fault that does not exist, or is of the wrong kind, is an error and not silence."""
    for wrong in (
        {"statuss": 1},
        {"status": 42},
        {"cut": "during"},
        {"delay": -1},
        {"delay": 1e308},
        {"delay": float("nan")},
        {"path": "("},
        {"path": "\ud800"},
        {"contains": "\ud800"},
        {"body": "\ud800"},
        {"body": {"message": "\ud800"}},
        {"headers": {"a b": "c"}},
        {"headers": {"X": "a\nb"}},
        {"headers": {"X": "€"}},
        {"headers": {"content-length": "5"}},
    ):
        with pytest.raises(ValidationError):
            RestFault.model_validate(wrong)
    faults = Faults()
    with pytest.raises(ValidationError):
        faults.lose_events = "some"  # type: ignore[assignment]
    with pytest.raises(ValidationError):
        faults.stall_after = 2
    for name in ("bulk_lag_seconds", "bulk_lag_values", "noise_bytes", "noise_per_second", "collection_limit"):
        with pytest.raises(ValidationError):
            setattr(faults, name, 2**70)
    assert RestFault(method="get").method == "GET"


# LiveAPI


def test_handshake_status(sandbox: Sandbox, listen: Listen) -> None:
    """The handshake is answered with that status, whatever the key."""
    sandbox.faults.live_status = 502
    with pytest.raises(InvalidStatus) as refused, listen():
        pass
    assert refused.value.response.status_code == 502


def test_refusal_by_message(sandbox: Sandbox, listen: Listen) -> None:
    """The connection is accepted, told that it is not authenticated, and hears nothing."""
    sandbox.faults.live_refuse_by_message = True
    with listen() as connection:
        assert json.loads(connection.recv(timeout=5)) == {"authenticated": False}
        sandbox.push("secret")
        assert sandbox.live_connections == 0
        with pytest.raises(TimeoutError):
            connection.recv(timeout=0.05)


def test_late_handshake(sandbox: Sandbox, listen: Listen) -> None:
    """The handshake takes its time."""
    sandbox.faults.live_delay = 0.1
    began = time.monotonic()
    with listen():
        assert time.monotonic() - began >= 0.1


def test_reset_ends_handshakes(sandbox: Sandbox, listen: Listen) -> None:
    """A handshake that still waits when the sandbox is reset is never answered."""
    sandbox.faults.live_delay = 60
    port = int(sandbox.url.rpartition(":")[2])
    request = b"GET /live/ HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    request += b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=5) as client:
        client.sendall(request + b"Cookie: access_token_cookie=sandbox-key\r\n\r\n")
        sandbox.wait_for(lambda: sandbox._service.live.handshakes == 1)
        sandbox.reset()
        with pytest.raises(ConnectionResetError):
            client.recv(1)
    with listen():
        assert sandbox.live_connections == 1


def test_no_greeting(sandbox: Sandbox, listen: Listen) -> None:
    """The first message is what happens."""
    sandbox.faults.live_greeting = False
    with listen() as connection:
        sandbox.push("first")
        assert connection.recv(timeout=5) == "first"


@pytest.mark.parametrize("code", [1000, 1001, 1011, 1012])
def test_closed_connections(sandbox: Sandbox, listen: Listen, code: int) -> None:
    """All connections are closed with the code, after what was pushed before."""
    with listen() as connection:
        connection.recv(timeout=5)
        sandbox.push("last")
        sandbox.drop_live(code)
        assert sandbox.live_connections == 0
        assert connection.recv(timeout=5) == "last"
        with pytest.raises(ConnectionClosed) as closed:
            connection.recv(timeout=5)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == code


def test_reset_connections(sandbox: Sandbox, listen: Listen) -> None:
    """Without a code they are reset, without a closing frame."""
    with listen() as connection:
        sandbox.drop_live(None)
        assert sandbox.live_connections == 0
        with pytest.raises(ConnectionClosedError) as closed:
            for _ in connection:
                pass
        assert closed.value.rcvd is None
        assert isinstance(closed.value.__cause__, ConnectionResetError)


@pytest.mark.parametrize("code", [1011, None])
def test_close_after_events(api: API, sandbox: Sandbox, listen: Listen, collection_id: str, code: int | None) -> None:
    """The connection closes after so many import events, once."""
    sandbox.faults.live_close_after, sandbox.faults.live_close_code = 2, code
    with listen() as first:
        api.import_text(collection_id, TEXT)
        if code is not None:
            assert [event["imported"] for event in islice(import_events(first), 2)] == [250, 500]
        sandbox.wait_for(lambda: len(sandbox.indicators(collection_id)) == 1000)
        with pytest.raises(ConnectionClosedError) as closed:
            for _ in first:
                pass
        assert (closed.value.rcvd.code if closed.value.rcvd else None) == code
    assert sandbox.faults.live_close_after is None
    with listen() as second:
        api.import_text(collection_id, TEXT)
        assert len(list(islice(import_events(second), 4))) == 4


# Imports


def _events(api: API, listen: Listen, collection_id: str, count: int) -> list[dict[str, Any]]:
    with listen() as connection:
        api.import_text(collection_id, TEXT)
        return list(islice(import_events(connection), count))


@pytest.mark.parametrize(("lost", "heard"), [("none", [250, 500, 750, 1000]), ("last", [250, 500, 750]), ("all", [])])
def test_lost_events(
    api: API, sandbox: Sandbox, listen: Listen, collection_id: str, lost: Any, heard: list[int]
) -> None:
    """Events are lost while the import goes on."""
    sandbox.faults.lose_events = lost
    with listen() as connection:
        api.import_text(collection_id, TEXT)
        sandbox.wait_for(lambda: len(sandbox.indicators(collection_id)) == 1000)
        sandbox.push({"type": "ioc-collection", "attributes": {"imported": -1}})
        imported = iter(event["imported"] for event in import_events(connection))
        assert list(iter(imported.__next__, -1)) == heard


def test_zero_first(api: API, sandbox: Sandbox, listen: Listen, collection_id: str) -> None:
    """0 of 0 comes first, then real progress."""
    sandbox.faults.zero_first = True
    events = _events(api, listen, collection_id, 5)
    assert [(event["imported"], event["total"]) for event in events[:2]] == [(0, 0), (250, 1000)]


def test_odd_numbers(api: API, sandbox: Sandbox, listen: Listen, collection_id: str) -> None:
    """The last event counts too many, and all numbers are text."""
    sandbox.faults.overcount, sandbox.faults.numbers_as_text = 3, True
    last = _events(api, listen, collection_id, 4)[-1]
    assert (last["imported"], last["total"], last["created"]) == ("1003", "1000", "1000")


@pytest.mark.parametrize(("fraction", "heard"), [(0, []), (0.6, [250, 500, 600]), (1, [250, 500, 750])])
def test_stall(
    api: API, sandbox: Sandbox, listen: Listen, collection_id: str, fraction: float, heard: list[int]
) -> None:
    """An import stops forever at the fraction, which is told."""
    sandbox.faults.stall_after = fraction
    with listen() as connection:
        api.import_text(collection_id, TEXT)
        assert [event["imported"] for event in islice(import_events(connection), len(heard))] == heard
        sandbox.wait_for(lambda: len(sandbox.indicators(collection_id)) == 1000 * fraction)


@pytest.mark.parametrize(
    ("fraction", "heard"), [(0, []), (0.5, [250, 500]), (0.6, [250, 500, 600]), (1, [250, 500, 750])]
)
def test_hold(
    api: API, sandbox: Sandbox, listen: Listen, collection_id: str, fraction: float, heard: list[int]
) -> None:
    """Imports wait at the fraction until they are released."""
    sandbox.faults.hold_after = fraction
    sandbox.hold_imports()
    with listen() as connection:
        api.import_text(collection_id, TEXT)
        events = import_events(connection)
        assert [event["imported"] for event in islice(events, len(heard))] == heard
        assert len(sandbox.indicators(collection_id)) == 1000 * fraction
        sandbox.release_imports()
        assert import_end(connection)["created"] == 1000


def test_finish_before_answer(api: API, sandbox: Sandbox, collection_id: str) -> None:
    """The import is over when its request is answered."""
    sandbox.faults.finish_before_answer = True
    api.import_text(collection_id, TEXT)
    assert len(sandbox.indicators(collection_id)) == 1000
