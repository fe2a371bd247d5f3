"""Times as Sekoia writes them: in UTC, and compared to the second."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache

__all__ = ["aware", "same_time", "stamp", "time_of"]


def aware(time: datetime) -> datetime:
    """A time from Sekoia; without an offset it means UTC."""
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def same_time(asked: datetime, there: datetime | None) -> bool:
    """Whether a time is the one that was sent: to the second, since Sekoia may drop fractions."""
    return there is not None and _second(asked) == _second(there)


def _second(time: datetime | None) -> datetime | None:
    """A time in UTC, to the second; None for one at the end of the calendar that does not exist in UTC."""
    try:
        return aware(time).astimezone(UTC).replace(microsecond=0) if time is not None else None
    except OverflowError:
        return None


@lru_cache(maxsize=4096)  # the values of one import mostly share their times
def _parsed(text: str) -> datetime | None:
    try:
        return _second(datetime.fromisoformat(text))
    except ValueError:
        return None


def stamp(time: object) -> str | None:
    """A time as a text in UTC, to the second: such texts sort as their times do, and are nearly what Sekoia's JSON has.

    Parsing a million times would take longer than parsing the JSON around them.
    """
    if isinstance(time, str):
        if len(time) >= 20 and time[10] == "T" and time[-1] == "Z" and time[19] in ".Z":
            return time[:19]
        time = _parsed(time)
    elif isinstance(time, datetime):
        time = _second(time)
    return time.isoformat()[:19] if isinstance(time, datetime) else None


def time_of(value: object) -> datetime | None:
    """A time of an indicator, to the second; None for what cannot be read as one."""
    return _parsed(value) if isinstance(value, str) else None
