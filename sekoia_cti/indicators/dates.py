"""Dates in files, converted to ISO 8601: a date that can mean two different days is not guessed."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache
from typing import Literal, NamedTuple

__all__ = ["Date", "DayOrder", "day_order", "read_date"]

DayOrder = Literal["day first", "month first"]
"""How dates such as 31/12/2026 are written in a column."""


class Date(NamedTuple):
    """What a cell of a date column says.

    Attributes:
        time: The moment in UTC; None if the cell says that there is none, or cannot be read.
        text: What is to be sent: the cell as it is where it is ISO 8601, else the moment; empty for none.
        reason: Why it cannot be read; None if it can.
        ambiguous: Whether that is because it can mean two different days.
    """

    time: datetime | None = None
    text: str = ""
    reason: str | None = None
    ambiguous: bool = False


_NONE = frozenset(word.strip() for word in """
    ; -; --; ---; –; —; ?; 0; never; none; null; nil; n/a; na; n.a.; nan; nat; not available;
    not applicable; no expiration; no expiry; does not expire; unknown; unlimited; infinite; permanent; tbd;
    jamais; aucun; aucune; sans; inconnu; illimité; illimite; nie; niemals; kein; keine; keines; unbekannt; unbegrenzt;
    nunca; ninguno; ninguna; desconocido; ilimitado; mai; nessuna; nessuno; illimitato; nenhum; nenhuma; sem validade;
    nooit; geen; onbeperkt; unbefristet; sans limite; illimitée; non applicable; non défini; never expires; never expire;
    no expiration date; no expiry date; no end; no end date; no date; not set; not defined; unset;
    undefined; indefinite; indefinitely; forever; always; tbc; (empty); (none); <null>; <none>; [none]; \\n; ∞; n.d.; n.c.; open;
    open-ended; #n/a; #value!; #ref!; #num!; #null!; #div/0!; #name?
    """.split(";"))
"""What people write if there is no date."""

_START_OF_COUNTING = re.compile(r"(?:0000-00-00|0001-01-01)(?:[T ]00:00(?::00(?:\.0+)?)?(?:Z|\+00:?00)?)?")
"""The first day of databases and programs, which stands for none."""

_ISO = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?(?:Z|[+-]\d\d:?(?:\d\d)?)?)?", re.ASCII)
_TIME = (
    r"(?:(?:[T,]|at\s|à\s|um\s|a\slas\s|alle\s)?\s*(?P<hour>\d{1,2})[:h](?P<minute>\d\d)(?::(?P<second>\d\d)(?:[.,]\d+)?)?\s*(?P<half>[ap]\.?m\.?)?"
    r"|T(?P<hour2>\d\d)(?P<minute2>\d\d)(?P<second2>\d\d)?)?"
)
_ZONE = r"\s*(?P<zone>z|utc|gmt|[+-]\d\d:?\d\d)?(?:(?<=\d)\s+utc)?"
_NUMERIC = re.compile(
    rf"(?P<a>\d{{1,2}})(?P<mark>[/.-])(?P<b>\d{{1,2}})(?P=mark)(?P<year>\d{{4}}|\d\d)\s*{_TIME}{_ZONE}",
    re.IGNORECASE | re.ASCII,
)
_YEAR_FIRST = re.compile(
    rf"(?P<year>\d{{4}})(?P<mark>[/.-]?)(?P<month>\d{{1,2}})(?P=mark)(?P<day>\d{{1,2}})\s*{_TIME}{_ZONE}",
    re.IGNORECASE | re.ASCII,
)
_WORDS = re.compile(
    r"(?:[^\W\d_]+\.?,?\s+)??(?:(?P<day>\d{1,2})(?:st|nd|rd|th|er|\.|º)?(?:\s+de)?[\s/-]+(?P<month>[^\W\d_]+)\.?(?:\s+del?)?|"
    r"(?P<month2>[^\W\d_]+)\.?[\s/-]+(?P<day2>\d{1,2})(?:st|nd|rd|th)?),?[\s/-]+(?P<year>\d{4}|\d\d)\s*"
    + _TIME
    + _ZONE,
    re.IGNORECASE,
)
_ORDER_TOLD = re.compile(r"\b(?:(?P<day>[dj]{1,2}[/.-]m)|m{1,2}[/.-][dj])", re.IGNORECASE)
_OF_C = re.compile(r"[a-z]{3} ([a-z]{3} +\d{1,2}) (\d\d:\d\d:\d\d)(?: utc| gmt)? (\d{4})", re.IGNORECASE | re.ASCII)
"""As ``asctime`` of C and ``date`` write it."""

_OF_NET = re.compile(r"\\?/Date\((\d+)\)\\?/", re.ASCII)
_NUMBER = re.compile(r"\d+(?:\.\d+)?", re.ASCII)
_EXCEL_START = datetime(1899, 12, 30, tzinfo=UTC)

# The first letters by which the months of four languages can be told from each other.
_MONTHS = {
    prefix: number
    for number, prefixes in enumerate(
        (
            "jan janv ene enero",
            "feb fev fév",
            "mar mär mrz",
            "apr avr abr",
            "may mai mayo",
            "jun juin",
            "jul juil",
            "aug aou aoû ago",
            "sep",
            "oct okt",
            "nov",
            "dec déc dez dic",
        ),
        start=1,
    )
    for prefix in prefixes.split()
}


def day_order(cells: Iterable[str]) -> DayOrder | None:
    """How a column writes dates of three numbers, if one of them leaves no doubt and none contradicts it.

    A heading tells it as well: “until (dd/mm/yyyy)”.
    """
    orders = set()
    for cell in cells:
        if order := _ORDER_TOLD.search(cell):
            return "day first" if order["day"] else "month first"
        if match := _NUMERIC.fullmatch(cell.strip()):
            first, second = int(match["a"]), int(match["b"])
            if first > 12 >= second:
                orders.add("day first")
            elif second > 12 >= first:
                orders.add("month first")
    if orders == {"day first"}:
        return "day first"
    return "month first" if orders == {"month first"} else None


def read_date(cell: str, order: DayOrder | None = None) -> Date:
    """What a cell of a date column says; a date without an offset is in UTC.

    Args:
        cell: Any text.
        order: What :func:`day_order` says of its column.
    """
    # The most common form is read at once, which costs less than a look into a cache.
    if _ISO.fullmatch(cell):
        try:
            time = _in_utc(datetime.fromisoformat(cell))
        except (ValueError, OverflowError):
            return _read_another(cell, order)  # 0000-00-00
        if time.year > 1:
            return Date(time, cell)
    return _read_another(cell, order)


@lru_cache(maxsize=8192)  # a column repeats its dates
def _read_another(cell: str, order: DayOrder | None) -> Date:
    written = cell.strip()
    text = written.strip("\"'").strip()
    if text.casefold() in _NONE or _START_OF_COUNTING.fullmatch(text):
        return Date()
    try:
        if _ISO.fullmatch(text):
            return Date(_in_utc(datetime.fromisoformat(text)), cell if text == written else text)
        return _read(text, order)
    except (ValueError, OverflowError):
        return Date(reason="not a date")


def _in_utc(time: datetime) -> datetime:
    if time.tzinfo is None:
        return time.replace(tzinfo=UTC)
    return time if time.tzinfo is UTC else time.astimezone(UTC)


def _read(text: str, order: DayOrder | None) -> Date:
    if match := _OF_NET.fullmatch(text):
        text = match[1]
    text = _OF_C.sub(r"\1 \3 \2", text)
    if match := _YEAR_FIRST.fullmatch(text):
        return _date(match, int(match["month"]), int(match["day"]))
    if _NUMBER.fullmatch(text):
        return _from_count(float(text))
    if match := _NUMERIC.fullmatch(text):
        return _from_fields(match, order)
    if (match := _WORDS.fullmatch(text)) and (month := _month(match["month"] or match["month2"])):
        return _date(match, month, int(match["day"] or match["day2"]))
    return Date(reason="not a date")


def _from_fields(match: re.Match[str], order: DayOrder | None) -> Date:
    first, second = int(match["a"]), int(match["b"])
    if match["mark"] == "." or first > 12:
        order = "day first"  # nobody writes a month first with dots
    elif second > 12:
        order = "month first"
    if order is None and first != second:
        return Date(reason="a date that can mean two different days: day first or month first", ambiguous=True)
    return _date(match, first, second) if order == "month first" else _date(match, second, first)


def _from_count(number: float) -> Date:
    """A day of Excel's count, or seconds since 1970, or thousandths, millionths or billionths of them."""
    if 20_000 <= number < 80_000:  # 1954 to 2119
        # Excel's day is a float of days, whose rounding must not show.
        return _sent(_EXCEL_START + timedelta(seconds=round(number * 86_400)))
    for parts in (1, 1e3, 1e6, 1e9):
        if 5e8 <= number / parts < 5e9:
            return _sent(datetime.fromtimestamp(int(number / parts), UTC))
    return Date(reason="a number that is not a date")


def _date(match: re.Match[str], month: int, day: int) -> Date:
    year = int(match["year"])
    hour = int(match["hour"] or match["hour2"] or 0)
    if half := (match["half"] or "").lower()[:1]:
        if not 1 <= hour <= 12:
            return Date(reason="not a date")
        hour = hour % 12 + (12 if half == "p" else 0)
    zone = _zone(match["zone"])
    local = datetime(
        year + 2000 if year < 100 else year,
        month,
        day,
        hour,
        int(match["minute"] or match["minute2"] or 0),
        int(match["second"] or match["second2"] or 0),
        tzinfo=zone,
    )
    return _sent(local.astimezone(UTC))


def _zone(text: str | None) -> timezone:
    if text is None or text[0] not in "+-":
        return UTC
    digits = text[1:].replace(":", "")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(-offset if text[0] == "-" else offset)


def _sent(time: datetime) -> Date:
    return Date(time, time.replace(microsecond=0).isoformat().replace("+00:00", "Z"))


def _month(name: str) -> int | None:
    name = name.casefold()
    return next((number for length in (5, 4, 3) if (number := _MONTHS.get(name[:length]))), None)
