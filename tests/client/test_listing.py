"""How a collection is read as a whole, whichever ways of reading it Sekoia offers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import pytest

from sandbox import RestFault, Sandbox
from sekoia_cti.client.errors import KeyRefused, ListingIncomplete, SekoiaError, UnexpectedAnswer
from sekoia_cti.client.listing import ListedPage, all_indicators, matching_indicators
from sekoia_cti.client.rest.endpoints import RestClient
from sekoia_cti.client.waiting import Deadline, Patience
from sekoia_cti.client.wire import Context
from tests.hostile import Hostile, answer

COUNT = 450
Reader = Literal["served", "absent", "denied", "html", "broken"]


@pytest.fixture
def sekoia(sandbox: Sandbox) -> Iterator[RestClient]:
    """A client of the sandbox."""
    root = f"{sandbox.url}/api/v2/inthreat"
    with RestClient(root, sandbox.api_key, deadline=Deadline(20), patience=Patience.none()) as rest:
        yield rest


@pytest.fixture
def full(sandbox: Sandbox, sekoia: RestClient, collection_id: str) -> str:
    """A collection of 450 indicators; the requests that made it are forgotten."""
    sandbox.faults.finish_before_answer = True
    sekoia.import_text(collection_id, "\n".join(f"d{n}.example" for n in range(COUNT)), context=Context())
    return collection_id


def asked(sandbox: Sandbox) -> list[str]:
    """What was read, by the ends of the paths."""
    return [call.path.rpartition("/")[2] for call in sandbox.requests if call.method == "GET"]


def count(listed: Iterator[ListedPage]) -> int:
    """How many indicators were read, none of them twice."""
    ids = [item["id"] for some in listed for item in some.items]
    assert len(ids) == len(set(ids))
    return len(ids)


@pytest.mark.parametrize(
    ("faults", "requests"),
    [
        ({}, ["indicators", "objects", "objects"]),
        ({"bulk_last_cursor": False}, ["indicators", "objects"]),
        ({"bulk_reader": "absent"}, ["indicators", "objects", *["indicators"] * 4]),
        ({"bulk_reader": "denied"}, ["indicators", "objects", *["indicators"] * 4]),
        ({"bulk_reader": "html"}, ["indicators", "objects", *["indicators"] * 4]),
        ({"bulk_reader": "broken"}, ["indicators", "objects", "objects", *["indicators"] * 4]),
        ({"bulk_patterns": False}, ["indicators", "objects", *["indicators"] * 4]),
        # What lags is on the last page, the first being known; or everything has to be read.
        ({"bulk_lag_values": 30}, ["indicators", "objects", "objects", "indicators"]),
        ({"bulk_lag_values": 130}, ["indicators", "objects", "objects", *["indicators"] * 3]),
        ({"bulk_lag_seconds": 600}, ["indicators", "objects", *["indicators"] * 4]),
    ],
    ids=str,
)
def test_every_indicator_comes_once(
    sandbox: Sandbox, sekoia: RestClient, full: str, faults: dict[str, Any], requests: list[str]
) -> None:
    """With as few requests as possible, whatever the bulk reader does."""
    for name, value in faults.items():
        setattr(sandbox.faults, name, value)
    assert count(all_indicators(sekoia, full)) == COUNT
    assert asked(sandbox) == requests


@pytest.mark.parametrize(("times", "listed"), [(1, COUNT), (None, None)])
def test_a_page_that_is_empty_before_the_end(
    sandbox: Sandbox, sekoia: RestClient, full: str, times: int | None, listed: int | None
) -> None:
    """Where the bulk reader lags, what should be on it is asked for again, and that it stays away is an error."""
    sandbox.faults.bulk_lag_values = 130
    hole = {"items": [], "total": COUNT, "has_more": False}
    sandbox.faults.rest = [
        RestFault(path="/indicators$", delay=0.0),  # the first page
        RestFault(path="/indicators$", status=200, body=hole, times=times),
    ]
    if listed is None:
        with pytest.raises(ListingIncomplete):
            count(all_indicators(sekoia, full))
    else:
        assert count(all_indicators(sekoia, full)) == listed


def test_a_reader_that_breaks_off(sandbox: Sandbox, sekoia: RestClient, full: str, monkeypatch: Any) -> None:
    """A later page is asked for again; when it never comes, the pages of the collection go on."""
    monkeypatch.setattr("sekoia_cti.client.rest.indicator_calls.BULK_PAGE", 200)
    sandbox.faults.rest = [RestFault(path="/objects$", delay=0), RestFault(path="/objects$", status=503, times=2)]
    assert count(all_indicators(sekoia, full)) == COUNT
    assert asked(sandbox) == ["indicators", *["objects"] * 6]
    sandbox.faults.rest = [RestFault(path="/objects$", delay=0), RestFault(path="/objects$", status=404, times=None)]
    assert count(all_indicators(sekoia, full)) == COUNT


@pytest.mark.parametrize(
    ("term", "faults", "found", "requests"),
    [
        # So many contain it that reading everything takes fewer requests; or too few.
        (".EXAMPLE", {}, COUNT, ["indicators", "indicators", "objects", "objects"]),
        ("d4", {}, 61, ["indicators"]),
        ("d", {"bulk_reader": "absent"}, COUNT, ["indicators", "indicators", "objects", *["indicators"] * 4]),
        ("nothing", {}, 0, ["indicators"]),
    ],
)
def test_a_term_is_looked_for_with_few_requests(
    sandbox: Sandbox,
    sekoia: RestClient,
    collection_id: str,
    monkeypatch: pytest.MonkeyPatch,
    term: str,
    faults: dict[str, Any],
    found: int,
    requests: list[str],
) -> None:
    """By its own pages, or by the bulk reader, where every indicator that contains it comes once."""
    monkeypatch.setattr("sekoia_cti.client.listing.PAGE", 50)
    sandbox.faults.finish_before_answer = True
    sekoia.import_text(collection_id, "\n".join(f"d{n}.example" for n in range(COUNT)), context=Context())
    for name, value in faults.items():
        setattr(sandbox.faults, name, value)
    assert count(matching_indicators(sekoia, collection_id, term)) == found
    assert asked(sandbox) == requests


def test_what_sekoia_finds_in_a_term_and_we_do_not(sekoia: RestClient, full: str, sandbox: Sandbox) -> None:
    """Where it finds more than is written, its own pages are read to the end."""
    page = {"items": [], "total": 900, "has_more": True}
    items = [{"id": f"indicator--{n}", "pattern": f"[domain-name:value = 'd{n}.example']"} for n in range(900)]
    pages = [answer(200, page | {"items": items[at : at + 100]}) for at in range(0, 900, 100)]
    bulk = answer(200, {"items": items, "next_cursor": None})
    with (
        Hostile(pages[0], pages[0], bulk, *pages[1:]) as server,
        RestClient(server.url, "k", deadline=Deadline(20), patience=Patience.none()) as rest,
    ):
        assert count(matching_indicators(rest, "c", "known under another name")) == 900
        assert len(server.requests) == 12


def test_an_indicator_that_is_none(sekoia: RestClient) -> None:
    """What the bulk reader gives is not checked before it is used, and is an error of Sekoia's then."""
    listed = ListedPage([{"id": "indicator--1", "pattern": "[a:b = 'c']", "revoked": "perhaps"}], 1)
    with pytest.raises(UnexpectedAnswer, match="the indicator indicator--1 is not as documented"):
        list(listed.indicators())


def test_a_few_indicators_are_on_pages(sandbox: Sandbox, sekoia: RestClient, collection_id: str) -> None:
    """One more request would be one too many."""
    sandbox.faults.finish_before_answer = True
    assert count(all_indicators(sekoia, collection_id)) == 0
    sekoia.import_text(collection_id, "\n".join(f"d{n}.example" for n in range(150)), context=Context())
    assert count(all_indicators(sekoia, collection_id)) == 150
    assert asked(sandbox) == ["indicators"] * 3


def test_a_refused_key_is_no_reason_to_read_otherwise(sandbox: Sandbox, sekoia: RestClient, full: str) -> None:
    """It would be refused again, and a collection that is unknown is told at once."""
    sandbox.faults.rest = [RestFault(path="/objects$", status=401, times=None)]
    with pytest.raises(KeyRefused):
        count(all_indicators(sekoia, full))
    with pytest.raises(SekoiaError, match="has no IOC collection"):
        count(all_indicators(sekoia, "ioc-collection--99999999-9999-4999-8999-999999999999"))


def test_a_reader_that_goes_round_in_circles() -> None:
    """A page without anything new ends it, whatever cursor it has, and the pages give the rest."""
    items = [{"id": f"indicator--{n}", "pattern": f"[domain-name:value = 'd{n}.example']"} for n in range(400)]
    first = answer(200, {"items": items[:100], "total": 400, "has_more": True})
    rest = [answer(200, {"items": items[n : n + 100], "total": 400}) for n in (300, 100, 200)]
    circle = [answer(200, {"items": items[:150], "next_cursor": cursor}) for cursor in ("a", "b")]
    with (
        Hostile(first, *circle, *rest) as server,
        RestClient(server.url, "k", deadline=Deadline(20), patience=Patience.none()) as sekoia,
    ):
        assert count(all_indicators(sekoia, "c")) == 400
        assert sum(b"/objects" in request for request in server.requests) == 2
