"""Paged listings are read to their end, with as few requests as possible."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sekoia_cti.client.errors import ListingIncomplete
from sekoia_cti.client.rest.endpoints import RestClient
from sekoia_cti.client.rest.pages import pages
from sekoia_cti.client.wire import Indicator, IndicatorPage
from tests.client.rest.conftest import client
from tests.hostile import Hostile, Script, answer

ITEMS = [Indicator(id=f"indicator--{number}", pattern="[url:value = 'a']") for number in range(6)]


@pytest.mark.parametrize(
    ("hole", "asked_for"), [(None, [0, 2, 4]), (0, [0, 0, 2, 4]), (2, [0, 2, 2, 4]), (4, [0, 2, 4, 4])]
)
def test_a_hole_is_asked_for_again(hole: int | None, asked_for: list[int]) -> None:
    """It, and not all that was read before it: a large collection has thousands of pages."""
    asked: list[int] = []

    def ask(offset: int) -> IndicatorPage:
        asked.append(offset)
        is_hole = offset == hole and asked.count(offset) == 1
        return IndicatorPage(items=[] if is_hole else ITEMS[offset : offset + 2], total=len(ITEMS))

    found = [item for page in pages(ask, doing="reading", again=lambda _: None) for item in page.items]
    assert found == ITEMS
    assert asked == asked_for


def there(*numbers: int, total: int, more: bool | None = None) -> Script:
    """A page of indicators."""
    items = [{"id": f"indicator--{number}", "pattern": "[]"} for number in numbers]
    return answer(200, {"items": items, "total": total, "has_more": more})


@pytest.mark.parametrize(
    ("scripts", "offsets"),
    [
        # As it should be
        ([there(1, 2, total=3, more=True), there(3, total=3, more=False)], [0, 2]),
        # What was added at the front moves the rest, so it comes again
        ([there(1, 2, total=3), there(2, 3, total=4)], [0, 2]),
        # What was removed moves the rest toward the start, so the client steps back
        ([there(9, 1, total=4), there(3, total=3), there(2, 3, total=3)], [0, 2, 2]),
        ([there(8, 9, 1, total=5), there(total=3), there(1, 2, 3, total=3)], [0, 3, 1]),
        # A total that is cut off, and has_more is right
        ([there(1, 2, total=2, more=True), there(3, total=2, more=False)], [0, 2]),
        # A server that always says there is more
        ([there(1, 2, 3, total=3, more=True), there(1, 2, 3, total=3, more=True)], [0, 3]),
        # A page that is empty in the middle, or at first, is asked for again
        ([there(1, 2, total=3), there(total=3, more=False), there(3, total=3)], [0, 2, 2]),
        ([there(total=3), there(total=3), there(1, 2, 3, total=3)], [0, 0, 0]),
        # A listing that repeats itself is gone through again
        ([there(1, 2, total=3), there(1, total=3), there(1, 2, total=3), there(3, total=3)], [0, 2, 0, 2]),
    ],
)
def test_indicators_are_read_once_while_the_collection_changes(scripts: list[Script], offsets: list[int]) -> None:
    """None is missed and none comes twice, whatever Sekoia says about the total, and the reading ends."""
    with Hostile(*scripts, answer(500)) as server, client(server.url) as collections:
        ids = [indicator.id for page in collections.all_indicators("c") for indicator in page.items]
        assert {"indicator--1", "indicator--2", "indicator--3"} <= set(ids)
        assert len(ids) == len(set(ids))
        asked = [request.split(b" ")[1].partition(b"offset=")[2].partition(b"&")[0] for request in server.requests]
        assert [int(offset or 0) for offset in asked] == offsets


LISTINGS: list[Callable[[RestClient], object]] = [
    lambda collections: list(collections.collections()),
    lambda collections: list(collections.all_indicators("c")),
    lambda collections: list(collections.all_indicators("c", term="evil.example")),
]


@pytest.mark.parametrize("read", LISTINGS)
@pytest.mark.parametrize("first", [[], [{"id": "x--1", "name": "Blocklist", "pattern": "[]"}]])
def test_a_listing_that_breaks_off_is_an_error(read: Callable[[RestClient], object], first: list[object]) -> None:
    """A page that stays empty before the end, or keeps coming, does not count as the end."""
    page = answer(200, {"items": first, "total": 3, "has_more": False})
    with Hostile(page, answer(200, {"items": [], "total": 3})) as server, client(server.url) as collections:
        with pytest.raises(ListingIncomplete, match=f"listed only {len(first)} of 3 while"):
            read(collections)
        assert len(server.requests) == 3 + len(first)
    with Hostile(page) as server, client(server.url) as collections:
        with pytest.raises(ListingIncomplete, match=f"listed only {len(first)} of 3 while"):
            read(collections)
