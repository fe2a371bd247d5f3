"""One call is bounded, whatever the server does; and a 404 is about its subject only where Sekoia is."""

from __future__ import annotations

import gzip
import tracemalloc

import pytest

from sekoia_cti.client.errors import DeadlinePassed, NotFound, RequestError, UnexpectedAnswer
from sekoia_cti.client.rest import transport
from sekoia_cti.client.rest.json_body import JSONBody
from sekoia_cti.client.waiting import Deadline
from tests.client.rest.conftest import COLLECTION, LISTING, client
from tests.hostile import Hostile, Script, answer, drip, reset


def test_a_trickle_ends_at_the_deadline() -> None:
    """An answer that never ends, each byte in time, does not outlast the deadline."""
    with (
        Hostile(drip) as server,
        client(server.url, deadline=Deadline(0.3)) as collections,
        pytest.raises(DeadlinePassed, match="while looking up the IOC collection"),
    ):
        collections.collection("c")


@pytest.mark.parametrize("layers", [1, 2])
def test_an_answer_that_unpacks_without_end(monkeypatch: pytest.MonkeyPatch, layers: int) -> None:
    """What is unpacked is bounded, and no more of it is in memory than that."""
    monkeypatch.setattr(transport, "ANSWER_LIMIT", limit := 1_000_000)
    body = b" " * 20 * limit
    for _ in range(layers):
        body = gzip.compress(body, 1)
    head = (
        f"HTTP/1.1 200 OK\r\nContent-Encoding: {', '.join(['gzip'] * layers)}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    with Hostile(lambda connection: connection.sendall(head.encode() + body)) as server:
        tracemalloc.start()
        with client(server.url) as collections, pytest.raises(UnexpectedAnswer, match="it is far too long"):
            collections.collection("c")
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert most < 5 * limit


def test_a_body_is_not_sent_after_the_deadline() -> None:
    """On a slow connection, each piece can be in time, and the whole late."""
    now = [0.0]
    pieces = iter(
        JSONBody({"indicators": "x" * 200_000}, Deadline(10, clock=lambda: now[0]), "submitting the indicators")
    )
    next(pieces)
    now[0] = 11.0
    with pytest.raises(DeadlinePassed, match="while submitting the indicators"):
        next(pieces)


@pytest.mark.parametrize("said", [answer(404, "<html>nginx"), answer(404, {"message": "no route"})])
@pytest.mark.fault(
    "`base_url` leads to something that is not Sekoia's API and answers 404 to everything",
    "An error that gives the address and says to check `base_url`; nothing is said of the collection",
)
def test_a_404_where_there_is_no_api(said: Script) -> None:
    """No object is missing there: what is wrong is the address."""
    with Hostile(said) as server:
        root = f"{server.url}/api/v2/inthreat"
        with client(server.url) as collections:
            with pytest.raises(UnexpectedAnswer, match=f"there is no API at {root}; check base_url"):
                collections.collection("c")
            assert len(server.requests) == 2
            with pytest.raises(UnexpectedAnswer, match=f"there is no API at {root}; check base_url"):
                next(collections.collections())
            assert len(server.requests) == 3


@pytest.mark.parametrize("look", [LISTING, answer(403), answer(500), reset])
def test_a_404_where_sekoia_is(look: Script) -> None:
    """What is always there is asked for once, and whatever is said but 404, the first answer is about its subject."""
    with Hostile(answer(404, {"message": "unknown"}), look, answer(404)) as server, client(server.url) as collections:
        with pytest.raises(
            NotFound, match=r"Sekoia has no IOC collection c .*, saying “unknown”: check collection_id"
        ):
            collections.collection("c")
        assert len(server.requests) == 2
        assert b"GET /api/v2/inthreat/ioc-collections?limit=1 " in server.requests[1]


def test_a_404_later_on_needs_no_look() -> None:
    """An API that has answered once is really there."""
    with Hostile(answer(200, COLLECTION), answer(404)) as server, client(server.url) as collections:
        collections.collection("c")
        with pytest.raises(NotFound):
            collections.collection("d")
        assert len(server.requests) == 2


@pytest.mark.parametrize("odd", ["../../v1/me", "c?limit=1", "c#x", "c/d", "c d", "c\r\nX: y"])
def test_an_id_leads_nowhere_else(odd: str) -> None:
    """Whatever a script takes for an id is one part of the path."""
    with Hostile(answer(400)) as server, client(server.url) as collections:
        with pytest.raises(RequestError):
            collections.collection(odd)
        path = server.requests[0].split(b" ")[1].decode()
    prefix = "/api/v2/inthreat/ioc-collections/"
    assert path.startswith(prefix)
    assert not set(path.removeprefix(prefix)) & set("/?# ")
