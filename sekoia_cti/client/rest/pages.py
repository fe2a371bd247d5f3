"""Reads a listing page by page, each item once: a listing that breaks off is an error, not a short list."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

from sekoia_cti.client.errors import ListingIncomplete
from sekoia_cti.client.wire import CollectionPage, IndicatorPage

__all__ = ["PAGE", "pages"]

PAGE = 100
"""Items a page, the most there can be (contract, "REST")."""

TRIES = 3
"""How often an empty page before the end is requested again, and how often a listing that was short is read again."""


AnyPage = TypeVar("AnyPage", CollectionPage, IndicatorPage)


def pages(ask: Callable[[int], AnyPage], *, doing: str, again: Callable[[int], None]) -> Iterator[AnyPage]:
    """All pages, although what is listed may change meanwhile.

    What is removed moves the rest toward the start, so that many are read again; what is added can move the rest toward the
    end, so that they come again and are left out.

    Args:
        ask: Asks for a page from an offset on.
        doing: What the listing is for, in the words of errors.
        again: Waits before something is asked once more, for the given time in a row.

    Returns:
        Pages with the latest ``total``, and without the items of earlier ones.

    Raises:
        ListingIncomplete: Fewer came than there are, however often they were asked for.
    """
    seen: set[str] = set()
    least: int | None = None  # what is removed or added meanwhile may or may not have been seen
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
        # A server that always says there is more must not keep us.
        more = offset < total or (page.has_more and new)
        if not more or not (page.items or removed):
            return
