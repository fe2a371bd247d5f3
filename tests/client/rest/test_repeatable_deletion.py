"""A deletion whose answer is lost is neither an error nor a proof."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sekoia_cti.client.errors import NotFound
from sekoia_cti.client.rest.endpoints import RestClient
from tests.client.rest.conftest import LISTING, client
from tests.hostile import Hostile, answer, reset


@pytest.mark.parametrize(
    "delete",
    [
        lambda collections: collections.delete("ioc-collection--1"),
        lambda collections: collections.revoke("ioc-collection--1", "indicator--1"),
    ],
)
def test_a_deletion_that_is_repeated_and_finds_nothing_proves_nothing(
    delete: Callable[[RestClient], object],
) -> None:
    """After a lost answer a 404 leads to a look; at first, or after a mere 429, nothing was there."""
    for first in (reset, answer(504)):
        with Hostile(first, answer(404), LISTING) as server, client(server.url) as collections:
            assert not delete(collections)
            assert len(server.requests) == 3
    for scripts in ([answer(404), LISTING], [answer(429, Retry_After="0"), answer(404), LISTING]):
        with Hostile(*scripts) as server, client(server.url) as collections, pytest.raises(NotFound):
            delete(collections)
