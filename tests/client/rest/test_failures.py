"""What went wrong where no answer came, in words that say what to check."""

from __future__ import annotations

import pytest

from sekoia_cti.client.errors import (
    Unavailable,
)
from sekoia_cti.client.waiting import Patience
from tests.client.rest.conftest import client
from tests.hostile import Hostile, reset


def test_nobody_there() -> None:
    """A refused connection is named as such."""
    with Hostile(reset) as server:
        url = server.url
    with (
        client(url) as collections,
        pytest.raises(Unavailable, match=r"could not be reached at .* \(connection refused\)"),
    ):
        collections.collection("c")


def test_a_name_that_does_not_exist() -> None:
    """A host that cannot be found is named as such."""
    with (
        client("http://sekoia.invalid", patience=Patience.none().but(attempts=1)) as collections,
        pytest.raises(
            Unavailable, match=r"could not be reached at sekoia.invalid .*\(its name could not be resolved\)"
        ),
    ):
        collections.collection("c")
