"""The sandbox as an object: how it starts, what it keeps, and that nothing is left of it after a reset or its end."""

import json
import socket
import sqlite3
import threading
from contextlib import ExitStack
from pathlib import Path
from uuid import uuid4

import pytest

from sandbox import Faults, Sandbox, server_thread
from tests.sandbox.conftest import API

UNKNOWN = f"ioc-collection--{uuid4()}"
# Enough that some are still to be served when the last has gone.
CLIENTS = 50


def _post(sandbox: Sandbox, name: str) -> bytes:
    """The bytes of a request that creates a collection."""
    body = json.dumps({"name": name}).encode()
    head = (
        "POST /v2/inthreat/ioc-collections HTTP/1.1\r\nHost: sandbox\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {sandbox.api_key}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def _connect(sandbox: Sandbox) -> socket.socket:
    return socket.create_connection(("127.0.0.1", int(sandbox.url.rpartition(":")[2])), 5)


def _collections(sandbox: Sandbox) -> int:
    """How many collections there are; the answer comes when all that came before has been served."""
    with _connect(sandbox) as connection:
        connection.sendall(
            b"GET /v2/inthreat/ioc-collections?limit=1 HTTP/1.1\r\nHost: sandbox\r\nConnection: close\r\n"
            b"Authorization: Bearer " + sandbox.api_key.encode() + b"\r\n\r\n"
        )
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    return int(json.loads(answer.partition(b"\r\n\r\n")[2])["total"])


def test_what_was_sent_before(sandbox: Sandbox) -> None:
    """What clients sent that are gone, as processes that were ended, is served before the reset, and not after it."""
    for number in range(CLIENTS):
        with _connect(sandbox) as client:
            client.sendall(_post(sandbox, f"Left behind {number}"))
    sandbox.reset()
    assert _collections(sandbox) == 0
    assert sandbox.requests[0].method == "GET"


def test_what_was_half_sent(sandbox: Sandbox) -> None:
    """The rest of a request does not make a whole one of it later: its connection is over."""
    request = _post(sandbox, "Half")
    with _connect(sandbox) as client:
        client.sendall(request[:-5])
        sandbox.wait_for(lambda: bool(sandbox.requests))
        sandbox.reset()
        try:
            client.sendall(request[-5:])
            answer = client.recv(1)
        except ConnectionError:
            answer = b""
    assert answer == b""
    assert _collections(sandbox) == 0


def test_faults_from_the_start() -> None:
    """A sandbox can begin with faults, to which a reset returns."""
    with Sandbox(faults=Faults(tasks="unknown"), token="t") as sandbox:
        assert sandbox.token == "t"
        sandbox.faults.me = "denied"
        sandbox.reset()
        assert sandbox.faults == Faults(tasks="unknown")


def test_state_survives_a_restart(tmp_path: Path) -> None:
    """Collections and indicators are kept in the file, and nowhere without one."""
    db = tmp_path / "sandbox.db"
    with Sandbox(db=db) as sandbox, (api := API(sandbox)).session:
        collection = sandbox.create_collection(name="Blocklist", description="ours")
        api("POST", f"/ioc-collections/{collection['id']}/indicators", json={"indicators": [{"value": "example.com"}]})
    with Sandbox(db=str(db)) as sandbox, (api := API(sandbox)).session:
        assert api("GET", f"/ioc-collections/{collection['id']}").json() == collection
        assert [indicator["name"] for indicator in sandbox.indicators(collection["id"])] == ["example.com"]


def test_nothing_is_left_behind() -> None:
    """Threads end with the sandbox, also when files were uploaded and connections are open."""
    before = threading.enumerate()
    with Sandbox() as sandbox, (api := API(sandbox)).session:
        collection_id = sandbox.create_collection(name="Blocklist")["id"]
        file = ("big.csv", b"example.com\n" * 100_000, "text/csv")
        assert api("POST", f"/ioc-collections/{collection_id}/indicators/files/preview", files={"file": file}).ok
    sandbox.wait_for(lambda: threading.enumerate() == before)


def test_unfinished_requests_do_not_delay_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that sends half a request is reset when the sandbox ends, without any patience with it."""
    monkeypatch.setattr(server_thread, "GRACE", 600)
    head = b"POST /v2/inthreat/ioc-collections HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer sandbox-key\r\n"
    with ExitStack() as stack:
        with Sandbox() as sandbox:
            port = int(sandbox.url.rpartition(":")[2])
            client = stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=5))
            client.sendall(head + b"Content-Length: 1000\r\n\r\n{")
            sandbox.wait_for(lambda: len(sandbox.requests) == 1)
        with pytest.raises(ConnectionResetError):
            client.recv(1)


def test_taken_port(sandbox: Sandbox) -> None:
    """A port that is taken is an error at once."""
    with pytest.raises(OSError, match="in use"), Sandbox(port=int(sandbox.url.rpartition(":")[2])):
        pass


def test_unusable_database(tmp_path: Path) -> None:
    """So is a file that is not a database."""
    (tmp_path / "db").write_bytes(b"x" * 5000)
    with pytest.raises(sqlite3.DatabaseError), Sandbox(db=tmp_path / "db"):
        pass


def test_recorded_requests(api: API, sandbox: Sandbox, collection_id: str) -> None:
    """Every call is recorded with its query, headers, body and status; a copy does not grow."""
    api("GET", "/ioc-collections", params={"term": "é b"})
    first = sandbox.requests
    path = f"/ioc-collections/{collection_id}/indicators/text"
    api("POST", path, data=b"x" * 3_000_000, headers={"Content-Type": "text/plain"})
    assert len(first) == 1
    get, post = sandbox.requests
    assert (get.method, get.path, get.query, get.body, get.status) == (
        "GET",
        "/v2/inthreat/ioc-collections",
        {"term": "é b"},
        b"",
        200,
    )
    assert get.headers["authorization"] == f"Bearer {sandbox.api_key}"
    assert (post.status, len(post.body)) == (400, 1024 * 1024)
    sandbox.reset()
    assert sandbox.requests == []


def test_waiting_for_a_condition(sandbox: Sandbox) -> None:
    """A condition that never holds ends the wait with a message."""
    sandbox.wait_for(lambda: True, timeout=0)
    with pytest.raises(AssertionError, match=r"did not hold within 0\.01 s"):
        sandbox.wait_for(lambda: False, timeout=0.01)


def test_unknown_collection_in_the_store(sandbox: Sandbox) -> None:
    """What tests ask the store for must exist."""
    with pytest.raises(KeyError):
        sandbox.indicators(UNKNOWN)
    sandbox.create_collection(name="a", id=UNKNOWN)
    with pytest.raises(ValueError, match="already"):
        sandbox.create_collection(name="b", id=UNKNOWN)
