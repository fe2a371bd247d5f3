"""Sekoia's clock, as its answers show it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from sekoia_cti.client.times import aware

__all__ = ["ServerClock", "http_date"]


class ServerClock:
    """The time at Sekoia, never ahead of it: from the last ``Date`` header and the time that went by."""

    def __init__(self) -> None:
        self._noted: tuple[datetime, float] | None = None

    def note(self, date: str | None, at: float) -> None:
        """Take the ``Date`` of an answer.

        Args:
            date: The header; one that is absent or cannot be read changes nothing.
            at: When it came, in seconds that only grow.
        """
        if (parsed := http_date(date)) is not None:
            self._noted = parsed, at

    def time(self, at: float) -> datetime | None:
        """The time at Sekoia at this moment of the same seconds; None before the first ``Date``."""
        if self._noted is None:
            return None
        date, noted_at = self._noted
        return date + timedelta(seconds=at - noted_at)


def http_date(value: str | None) -> datetime | None:
    """A date of HTTP in UTC; None for what is not one."""
    try:
        return aware(parsedate_to_datetime(value)).astimezone(UTC) if value else None
    except (ValueError, OverflowError):
        return None
