"""What expires when, as bars: days, weeks, months or years, whichever is readable."""

from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import NamedTuple

__all__ = ["Bar", "Chart", "chart"]

# Bars that can be told apart.
MOST = 48


@dataclass(frozen=True, slots=True)
class Bar:
    """How many end in a period; a week is named after its first day."""

    name: str
    count: int


@dataclass(frozen=True, slots=True)
class Chart:
    """The unit of its bars (day, week, month, year), and one for each from the first end to the last."""

    unit: str = "day"
    bars: list[Bar] = field(default_factory=list)

    @property
    def highest(self) -> int:
        """The count of the highest bar."""
        return max((bar.count for bar in self.bars), default=0)


def chart(ends: Mapping[date, int]) -> Chart:
    """Draws how many end on which day."""
    if not ends:
        return Chart()
    first, last = min(ends), max(ends)
    unit = next((each for each in _UNITS if len(_starts(each, first, last)) <= MOST), _UNITS[-1])
    counts = Counter[date]()
    for day, count in ends.items():
        counts[unit.start(day)] += count
    starts = _starts(unit, first, last)
    if len(starts) > MOST:  # centuries: only the years that hold something are shown
        starts = sorted(counts)[:MOST]
    return Chart(unit.name, [Bar(unit.label(at), counts[at]) for at in starts])


def _starts(unit: "_Unit", first: date, last: date) -> list[date]:
    """Where each of the units begins from the first end to the last; one more than can be shown at the most."""
    starts = [unit.start(first)]
    with suppress(OverflowError, ValueError):  # the last day that there is
        while len(starts) <= MOST and (following := unit.following(starts[-1])) <= last:
            starts.append(following)
    return starts


def _next_month(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)


class _Unit(NamedTuple):
    name: str
    start: Callable[[date], date]
    following: Callable[[date], date]
    label: Callable[[date], str]


def _day(day: date) -> str:
    return f"{day.day} {day:%b}"


_UNITS = (
    _Unit("day", lambda day: day, lambda day: day + timedelta(days=1), _day),
    _Unit("week", lambda day: day - timedelta(days=day.weekday()), lambda day: day + timedelta(days=7), _day),
    _Unit("month", lambda day: day.replace(day=1), _next_month, "{:%b %Y}".format),
    _Unit("year", lambda day: day.replace(month=1, day=1), lambda day: day.replace(year=day.year + 1), "{:%Y}".format),
)
