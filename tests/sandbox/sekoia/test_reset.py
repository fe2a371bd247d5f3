"""A reset: what was asked for before it leaves no trace in what comes after."""

import json
import socket

from sandbox import Sandbox

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
