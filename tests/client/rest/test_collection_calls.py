"""The calls about IOC collections."""

from __future__ import annotations

import pytest

from sandbox import Sandbox
from sekoia_cti.client.rest.endpoints import RestClient
from tests.client.rest.conftest import client
from tests.hostile import Hostile, Script, answer


def test_collections_are_listed_over_all_pages(sandbox: Sandbox, sekoia: RestClient) -> None:
    """More than one page of collections is returned as one list."""
    for number in range(120):
        sandbox.create_collection(name=f"Feed {number}")
    assert len({collection.id for collection in sekoia.collections()}) == 120
    assert [collection.name for collection in sekoia.collections(term="Feed 77")] == ["Feed 77"]


@pytest.mark.parametrize(("said", "told"), [(answer(204, ""), True), (answer(200, "<html>"), False)])
def test_an_answer_to_the_deletion_of_a_collection(said: Script, told: bool) -> None:
    """Only the contract's own says that the collection is gone."""
    with Hostile(said) as server, client(server.url) as collections:
        assert collections.delete("ioc-collection--1") is told


def test_collections_are_listed_with_their_counts(sandbox: Sandbox, sekoia: RestClient) -> None:
    """The number of indicators is told when it is asked for."""
    sandbox.create_collection()
    assert [collection.indicators_count for collection in sekoia.collections(with_indicators_count=True)] == [0]
    assert [collection.indicators_count for collection in sekoia.collections()] == [None]
