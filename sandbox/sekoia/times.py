"""Times as Sekoia writes them."""

from datetime import UTC, datetime

__all__ = ["timestamp"]


def timestamp(time: datetime | None = None) -> str:
    """A time, by default now, in RFC 3339 in UTC with microseconds: such texts sort as their times do."""
    return (time or datetime.now(UTC)).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
