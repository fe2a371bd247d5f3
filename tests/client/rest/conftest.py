"""A client of the sandbox, and of servers that behave badly."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sandbox import Sandbox
from sekoia_cti.client.rest.endpoints import RestClient
from sekoia_cti.client.waiting import Deadline, Patience
from tests.hostile import Script, answer, reset, truncated

KEY = "the-very-secret-key"
COLLECTION = {"id": "ioc-collection--1", "name": "Blocklist"}
MISSING = "ioc-collection--99999999-9999-4999-8999-999999999999"


LISTING = answer(200, {"items": [], "total": 0})
"""What every API of Sekoia's has: it shows that a 404 is about its subject, and not about the address."""

PASSING: list[Script] = [
    answer(429, {"message": "slow down"}, Retry_After="0"),
    answer(500),
    answer(502, "<html>Bad gateway</html>"),
    answer(503),
    answer(504),
    reset,
    truncated,
]


def client(url: str, key: str = KEY, deadline: Deadline | None = None, patience: Patience | None = None) -> RestClient:
    """A client of a server at this URL."""
    return RestClient(
        f"{url}/api/v2/inthreat", key, deadline=deadline or Deadline(30), patience=patience or Patience.none()
    )


@pytest.fixture
def sekoia(sandbox: Sandbox) -> Iterator[RestClient]:
    """A client of the sandbox."""
    with client(sandbox.url, sandbox.api_key) as collections:
        yield collections
