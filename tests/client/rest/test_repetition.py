"""Temporary failures are retried, as long as there is time and as often as makes sense."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from sekoia_cti.client.errors import Unavailable
from sekoia_cti.client.waiting import Deadline, Patience
from tests.client.rest.conftest import COLLECTION, PASSING, client
from tests.hostile import Hostile, Script, answer, silence


class Unhurried(Deadline):
    """A deadline that notes pauses instead of making them."""

    def __init__(self, seconds: float = 600.0) -> None:
        super().__init__(seconds)
        self.paused: list[float] = []

    def pause(self, seconds: float) -> None:
        """Note it."""
        self.paused.append(seconds)


@pytest.mark.parametrize("script", PASSING)
def test_what_passes_is_waited_out(script: Script) -> None:
    """A refusal for now, a server error, a reset and an answer that breaks off are tried again."""
    with Hostile(script, script, answer(200, COLLECTION)) as server, client(server.url) as collections:
        assert collections.collection("ioc-collection--1").name == "Blocklist"
        assert len(server.requests) == 3


def test_a_read_timeout_is_waited_out() -> None:
    """A silent server is asked again."""
    impatient = Patience.none().but(read=0.1)
    with (
        Hostile(silence, answer(200, COLLECTION)) as server,
        client(server.url, patience=impatient) as collections,
    ):
        assert collections.collection("ioc-collection--1").name == "Blocklist"


@pytest.mark.parametrize(
    ("retry_after", "expected"),
    [
        ("7", 7.0),
        (60, 60.0),
        ("soon", 0.0),
        ("Mon, 01 Jan 99999999999999999999 00:00:00 GMT", 0.0),
        ("Fri, 31 Dec 9999 23:59:59 -9999", 0.0),
    ],
)
@pytest.mark.fault(
    "`Retry-After` is in seconds, a date by Sekoia's clock, or unreadable",
    "It is respected if possible; the call is repeated",
)
def test_retry_after_is_obeyed(retry_after: str | int, expected: float) -> None:
    """Seconds and an HTTP date both say how long to wait; the date is measured by Sekoia's own clock."""
    there = datetime.now(UTC) - timedelta(hours=9)
    date = format_datetime(there, usegmt=True)
    if isinstance(retry_after, int):
        retry_after = format_datetime(there + timedelta(seconds=retry_after), usegmt=True)
    deadline = Unhurried()
    with (
        Hostile(answer(429, Retry_After=retry_after, Date=date), answer(200, COLLECTION)) as server,
        client(server.url, deadline=deadline) as collections,
    ):
        collections.collection("c")
    (paused,) = deadline.paused
    assert expected - 3 <= paused <= expected + 3


def test_a_wait_beyond_the_deadline_is_not_begun() -> None:
    """If Sekoia asks for more time than there is, the error comes immediately."""
    deadline = Unhurried(20)
    with (
        Hostile(answer(429, Retry_After="3600")) as server,
        client(server.url, deadline=deadline) as collections,
        pytest.raises(Unavailable, match="Sekoia asked for a pause \\(HTTP 429\\)"),
    ):
        collections.collection("c")
    assert deadline.paused == []


def test_a_long_failure_is_waited_out() -> None:
    """As long as there is time, a failing server is asked again, however often."""
    with Hostile(*[answer(503)] * 20, answer(200, COLLECTION)) as server, client(server.url) as collections:
        assert collections.collection("c").name == "Blocklist"


def test_a_failure_that_outlasts_the_deadline_is_told() -> None:
    """A server that does not recover in time is given up, with what it said."""
    with (
        Hostile(answer(503)) as server,
        client(server.url, deadline=Deadline(1.0)) as collections,
        pytest.raises(Unavailable, match="Sekoia could not answer \\(HTTP 503\\)"),
    ):
        collections.collection("c")
