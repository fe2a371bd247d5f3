"""One call is bounded, whatever the server does."""

from __future__ import annotations

import pytest

from sekoia_cti.client.errors import (
    DeadlinePassed,
)
from sekoia_cti.client.waiting import Deadline
from tests.client.rest.conftest import client
from tests.hostile import Hostile, drip


def test_a_trickle_ends_at_the_deadline() -> None:
    """An answer that never ends, each byte in time, does not outlast the deadline."""
    with (
        Hostile(drip) as server,
        client(server.url, deadline=Deadline(0.3)) as collections,
        pytest.raises(DeadlinePassed, match="while looking up the IOC collection"),
    ):
        collections.collection("c")
