"""A creation makes exactly one collection, whatever happens to its answer."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import format_datetime

import pytest

from sandbox import RestFault, Sandbox
from sekoia_cti.client.errors import Refused
from sekoia_cti.client.rest.endpoints import RestClient
from tests.client.rest.conftest import COLLECTION, client
from tests.hostile import Hostile, answer, reset


def test_a_collection_is_created_once_even_when_the_answer_is_lost(sandbox: Sandbox, sekoia: RestClient) -> None:
    """A creation that was cut after Sekoia accepted it is found again instead of repeated."""
    sandbox.faults.rest = [RestFault(method="POST", path="/ioc-collections$", cut="after")]
    created = sekoia.create("Blocklist", description="ours")
    assert [collection.id for collection in sekoia.collections()] == [created.id]


def test_a_collection_is_created_when_the_request_was_lost(sandbox: Sandbox, sekoia: RestClient) -> None:
    """A creation that was cut before Sekoia accepted it is repeated."""
    sandbox.faults.rest = [RestFault(method="POST", path="/ioc-collections$", cut="before")]
    created = sekoia.create("Blocklist")
    assert [collection.id for collection in sekoia.collections()] == [created.id]


def test_another_collection_of_that_name_is_not_taken_for_ours() -> None:
    """An older namesake is not mistaken for the collection whose creation was cut."""
    with (
        Hostile(
            reset,
            answer(200, {"items": [COLLECTION | {"created": "2020-01-01T00:00:00Z"}], "total": 1}),
            answer(201, {"id": "ioc-collection--2", "name": "Blocklist"}),
        ) as server,
        client(server.url) as collections,
    ):
        assert collections.create("Blocklist").id == "ioc-collection--2"


def test_a_collection_is_found_when_sekoia_gives_ids_of_its_own() -> None:
    """If Sekoia does not accept our id, a collection of that name that was created since the request is ours."""
    found = COLLECTION | {"created": datetime.now(UTC).isoformat()}
    date = format_datetime(datetime.now(UTC), usegmt=True)
    with (
        Hostile(reset, answer(200, {"items": [found], "total": 1}, Date=date)) as server,
        client(server.url) as collections,
    ):
        assert collections.create("Blocklist").id == "ioc-collection--1"


def test_a_repeated_creation_that_is_refused_was_the_first() -> None:
    """When the look comes too early and the repetition is refused, the collection is looked for once more."""
    with (
        Hostile(
            reset,
            answer(200, {"items": [], "total": 0}),
            answer(409, {"message": "exists"}),
            answer(200, {"items": [COLLECTION | {"created": datetime.now(UTC).isoformat()}], "total": 1}),
        ) as server,
        client(server.url) as collections,
    ):
        assert collections.create("Blocklist").id == "ioc-collection--1"


def test_a_refused_creation_is_refused() -> None:
    """A refusal of the first request is reported, and nothing is looked for."""
    with Hostile(answer(400, {"message": "no"})) as server, client(server.url) as collections:
        with pytest.raises(Refused):
            collections.create("Blocklist", community_uuid="c")
        assert len(server.requests) == 1
