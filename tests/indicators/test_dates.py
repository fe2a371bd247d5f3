"""Dates of files: what is certain is converted, and nothing is guessed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sekoia_cti.indicators.dates import DayOrder, day_order, read_date

END = "2026-12-31T00:00:00Z"


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        # What is ISO 8601 stays as it is.
        ("2026-12-31", "2026-12-31"),
        ("2026-12-31T10:00:00Z", "2026-12-31T10:00:00Z"),
        ("2026-12-31 10:00:00", "2026-12-31 10:00:00"),
        ("2026-12-31T10:00:00+0200", "2026-12-31T10:00:00+0200"),
        # What can be one day only.
        ("31/12/2026", END),
        ("12/31/2026", END),
        ("05/05/2026", "2026-05-05T00:00:00Z"),
        ("01.02.2026", "2026-02-01T00:00:00Z"),
        ("31-12-2026", END),
        ("31/12/26", END),
        ("2026/12/31", END),
        ("20261231", END),
        ("31/12/2026 23:59", "2026-12-31T23:59:00Z"),
        ("12/31/2026 11:59:30 PM", "2026-12-31T23:59:30Z"),
        ("12/31/2026 12:00 a.m.", END),
        ("2026-12-31 10:00:00 UTC", "2026-12-31T10:00:00Z"),
        ("31 Dec 2026", END),
        ("31-Dec-2026", END),
        ("Dec 31, 2026", END),
        ("20261231T100000Z", "2026-12-31T10:00:00Z"),
        ('"2026-12-31"', "2026-12-31"),
        (" 2026-12-31 ", " 2026-12-31 "),
        ("Thu, 31 Dec 2026 02:00:00 +0200", END),
        ("1er mars 2026", "2026-03-01T00:00:00Z"),
        ("31 décembre 2026", END),
        ("31. Dezember 2026", END),
        ("31 de diciembre de 2026", END),
        ("31-Dec-26", END),
        ("Dec-31-2026", END),
        ("31/Dec/2026", END),
        ("Thu Dec 31 10:00:00 2026", "2026-12-31T10:00:00Z"),
        ("2026-12-31 10:00:00 +0000 UTC", "2026-12-31T10:00:00Z"),
        ("31/12/2026 à 10h30", "2026-12-31T10:30:00Z"),
        ("2026-12-31 at 10:00", "2026-12-31T10:00:00Z"),
        ("/Date(1798675200000)/", END),
        ("1798675200000000", END),
        ("1798675200000000000", END),
        # Numbers: Excel's days, seconds and milliseconds.
        ("46387", END),
        ("46387.5", "2026-12-31T12:00:00Z"),
        ("1798675200", END),
        ("1798675200000", END),
    ],
)
def test_certain_dates(cell: str, text: str) -> None:
    """A date that can mean only one day is sent in ISO 8601."""
    date = read_date(cell)
    assert (date.text, date.reason) == (text, None)
    assert date.time is not None


@pytest.mark.parametrize(
    "cell",
    [
        *("", " ", "never", "Never", "N/A", "n/a", "none", "null", "-", "jamais", "nie", "nunca", '""'),
        *(
            "Never expires",
            "mai",
            "nooit",
            "unbefristet",
            "sans limite",
            "∞",
            "\\N",
            "(empty)",
            "not set",
            "#N/A",
            "forever",
        ),
        *("0000-00-00", "0000-00-00 00:00:00", "0001-01-01", "0001-01-01T00:00:00", "0001-01-01T00:00:00Z"),
    ],
)
def test_no_date(cell: str) -> None:
    """What people write where there is none is none, and nothing to complain of."""
    assert read_date(cell) == (None, "", None, False)


@pytest.mark.parametrize(
    "cell", ["soon", "2026-13-01", "31/31/2026", "99999999", "12:00", "1.2.3.4", "9999-12-31T23:59:59-10:00"]
)
def test_unreadable_dates(cell: str) -> None:
    """Such dates make the cell unusable."""
    date = read_date(cell)
    assert (date.time, date.text, date.ambiguous) == (None, "", False)
    assert date.reason


@pytest.mark.parametrize(
    ("cells", "order", "text"),
    [
        (["01/02/2026"], None, ""),
        (["01/02/2026", "2026-01-01", "never"], None, ""),
        (["01/02/2026", "31/12/2026"], "day first", "2026-02-01T00:00:00Z"),
        (["01/02/2026", "12/31/2026"], "month first", "2026-01-02T00:00:00Z"),
        (["01/02/2026", "12/31/2026", "31/12/2026"], None, ""),
    ],
)
def test_a_column_tells_the_order(cells: list[str], order: DayOrder | None, text: str) -> None:
    """Where one date of a column leaves no doubt, the others are read alike; where they contradict each other, none is."""
    assert day_order(cells) == order
    date = read_date(cells[0], order)
    assert (date.text, date.ambiguous) == (text, order is None)


@given(st.text(max_size=40))
def test_any_text(cell: str) -> None:
    """Whatever a cell holds, it is a date, none, or has a reason."""
    date = read_date(cell)
    assert (date.time is None) or date.text
    assert date.reason is None or not date.text
