"""Reads a listing page by page, each item once. A listing that breaks off is an error, not a short list."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

from sekoia_cti.client.errors import ListingIncomplete
from sekoia_cti.client.wire import CollectionPage, IndicatorPage

__all__ = ["PAGE", "pages"]

PAGE = 100
"""Items per page, the most that Sekoia allows (contract, "REST")."""

TRIES = 3
"""How often an empty page in the middle is requested, and how often a listing is read that came out short."""


AnyPage = TypeVar("AnyPage", CollectionPage, IndicatorPage)


def pages(ask: Callable[[int], AnyPage], *, doing: str, again: Callable[[int], None]) -> Iterator[AnyPage]:
    """Read all pages, even if the listing changes while it is read.

    If items are removed, the rest moves toward the start, so the next page begins earlier by as many. If items are added, the
    rest can move toward the end, so items come a second time and are left out.

    Args:
        ask: Requests the page that begins at an offset.
        doing: What the listing is for, as errors say it.
        again: Waits before another request, given how many have failed in a row.

    Returns:
        Pages with the latest ``total``, without the items of earlier pages.

    Raises:
        ListingIncomplete: Sekoia listed fewer items than it counts, however often they were requested.
    """
    seen: set[str] = set()
    least: int | None = None  # of all totals: items that came or went in the meantime need not have been seen
    for attempt in range(1, TRIES + 1):
        for page in _once(ask, doing=doing, again=again, seen=seen):
            least = page.total if least is None else min(least, page.total)
            yield page
        if least is None or len(seen) >= least:
            return
        again(attempt)
    raise ListingIncomplete(doing, seen=len(seen), total=least or 0)


def _once(
    ask: Callable[[int], AnyPage], *, doing: str, again: Callable[[int], None], seen: set[str]
) -> Iterator[AnyPage]:
    offset = total = holes = 0
    while True:
        page = ask(offset)
        removed = max(0, total - page.total)
        if not page.items and not removed and offset < page.total:
            holes += 1
            if holes == TRIES:
                raise ListingIncomplete(doing, seen=len(seen), total=page.total)
            again(holes)
            continue
        holes = 0
        offset, total = max(0, offset + len(page.items) - removed), page.total
        new = [item for item in page.items if item.id not in seen]
        seen.update(item.id for item in new)
        yield page.model_copy(update={"items": new})
        # A server that says forever that there is more must not keep us reading.
        more = offset < total or (page.has_more and new)
        if not more or not (page.items or removed):
            return
