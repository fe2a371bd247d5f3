"""The context that scripts give, as it is sent."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from sekoia_cti.client.context import context_of


def test_times_are_sent_with_an_offset() -> None:
    """Without one they mean UTC, and Sekoia is told so."""
    sent = context_of(
        {
            "valid_from": datetime(2026, 1, 1),  # noqa: DTZ001  # as people write it
            "valid_until": datetime(2030, 1, 1, tzinfo=timezone(timedelta(hours=9))),
        },
        list,
    ).payload()
    assert sent == {"valid_from": "2026-01-01T00:00:00Z", "valid_until": "2030-01-01T00:00:00+09:00"}


def test_days_count_from_now() -> None:
    """To the second, so that what is sent at once stays together."""
    until = context_of({"valid_for": 90}, list).valid_until
    assert until is not None
    assert timedelta(days=89) < until - datetime.now(UTC) <= timedelta(days=90)
    assert not until.microsecond


@pytest.mark.parametrize("days", [0, -3, 36_501, 10**12, "90", 1.5])
def test_what_is_no_number_of_days(days: Any) -> None:
    """It is told before anything is sent, and no indicator gets a validity that has passed."""
    with pytest.raises(ValueError, match=r"^valid_for: it must be a number of days from 1 to 36,500, not "):
        context_of({"valid_for": days}, list)
