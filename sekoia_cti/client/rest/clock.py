"""The time at Sekoia, according to its answers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from sekoia_cti.client.times import aware

__all__ = ["ServerClock", "http_date"]


class ServerClock:
    """The time at Sekoia: the last ``Date`` header, plus the time since then. It is never ahead of Sekoia's own clock."""

    def __init__(self) -> None:
        self._noted: tuple[datetime, float] | None = None

    def note(self, date: str | None, at: float) -> None:
        """Note the ``Date`` of an answer.

        Args:
            date: The header; nothing changes if it is absent or cannot be read.
            at: When the answer came, in seconds of a monotonic clock.
        """
        if (parsed := http_date(date)) is not None:
            self._noted = parsed, at

    def time(self, at: float) -> datetime | None:
        """The time at Sekoia in UTC; None before the first ``Date``.

        Args:
            at: For which moment, in seconds of the same monotonic clock.
        """
        if self._noted is None:
            return None
        date, noted_at = self._noted
        return date + timedelta(seconds=at - noted_at)


def http_date(value: str | None) -> datetime | None:
    """Read a date of an HTTP header.

    Args:
        value: The header; None if there is none.

    Returns:
        The date in UTC; None if there is none, or if it cannot be read.
    """
    try:
        return aware(parsedate_to_datetime(value)).astimezone(UTC) if value else None
    except (ValueError, OverflowError):
        return None
