"""Sekoia's clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from sandbox import Sandbox
from sekoia_cti.client.rest.clock import http_date
from sekoia_cti.client.rest.endpoints import RestClient


def test_sekoias_clock_is_known_from_its_answers(sandbox: Sandbox, sekoia: RestClient) -> None:
    """The time at Sekoia is never ahead of it, and at most a second and a bit behind."""
    assert sekoia.server_time() is None
    list(sekoia.collections())
    told = sekoia.server_time()
    assert told is not None
    assert timedelta(0) <= datetime.now(UTC) - told < timedelta(seconds=5)


@pytest.mark.parametrize(
    ("header", "date"),
    [
        ("Mon, 30 Nov 2026 12:00:00 GMT", datetime(2026, 11, 30, 12, tzinfo=UTC)),
        ("Mon, 30 Nov 2026 12:00:00 +0900", datetime(2026, 11, 30, 3, tzinfo=UTC)),
        ("Mon, 30 Nov 2026 12:00:00", datetime(2026, 11, 30, 12, tzinfo=UTC)),
        ("Fri, 31 Dec 9999 23:59:59 -0900", None),
        ("Mon, 99 Nov 2026", None),
        ("soon", None),
        ("", None),
        (None, None),
    ],
)
def test_a_date_of_http(header: str | None, date: datetime | None) -> None:
    """It is in UTC, since what is sent and shown says so; what cannot be read is no date."""
    found = http_date(header)
    assert found == date
    assert found is None or found.tzinfo is UTC
