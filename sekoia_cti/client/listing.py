"""All indicators of a collection in the fewest requests: with the bulk reader if it is available, otherwise page by page."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from sekoia_cti.client.errors import KeyRefused, RequestError, UnexpectedAnswer
from sekoia_cti.client.rest.bulk_page import BULK_PAGE
from sekoia_cti.client.rest.endpoints import RestClient
from sekoia_cti.client.rest.pages import PAGE
from sekoia_cti.client.wire import Indicator, IndicatorPage

__all__ = ["ListedPage", "all_indicators", "bulk_pages", "bulk_requests", "checked_indicator", "matching_indicators"]

FIRST_ATTEMPTS = 2
"""Attempts at the first page of the bulk reader: whether it takes IOC collections at all is unknown (contract)."""

ATTEMPTS = 5
"""Attempts at a later page, since starting anew would cost all that was read."""


@dataclass(frozen=True, slots=True)
class ListedPage:
    """Some of a collection's indicators.

    Attributes:
        items: As Sekoia's JSON has them, all fields but ``id`` and ``pattern`` unchecked; none was in an earlier one.
        total: How many indicators the collection has, revoked ones included.
    """

    items: list[dict[str, Any]]
    total: int

    def indicators(self) -> Iterator[Indicator]:
        """The same, checked.

        Raises:
            UnexpectedAnswer: One is not as the contract says.
        """
        return map(checked_indicator, self.items)


def checked_indicator(item: dict[str, Any]) -> Indicator:
    """An indicator of those that are listed.

    Raises:
        UnexpectedAnswer: It is not as the contract says.
    """
    try:
        return Indicator.model_validate(item)
    except ValidationError:
        why = f"the indicator {item.get('id')} is not as documented"
        raise UnexpectedAnswer("reading the indicators of the collection", status=200, why=why) from None


def bulk_requests(total: int) -> int:
    """Requests that the bulk reader takes for so many indicators; its last page may have a cursor, behind which nothing comes."""
    return math.ceil(total / BULK_PAGE) + 1


def bulk_pages(
    rest: RestClient,
    collection_id: str,
    *,
    modified_after: datetime | None = None,
    first_attempts: int = FIRST_ATTEMPTS,
    attempts: int = ATTEMPTS,
) -> Iterator[list[dict[str, Any]]]:
    """The pages of the bulk reader, to the last.

    Args:
        rest: The REST client.
        collection_id: ``ioc-collection--<uuid>``.
        modified_after: Only what was modified since.
        first_attempts, attempts: How often the first and every later page is asked for, while what prevents it may pass.

    Raises:
        RequestError: It does not serve this collection, or not all of it.
    """
    cursor: str | None = None
    cursors = set[str]()  # a reader that goes in circles must not keep us
    while True:
        page = rest.objects(
            collection_id,
            cursor=cursor,
            modified_after=modified_after,
            attempts=attempts if cursor else first_attempts,
        )
        yield page.items
        cursor = page.next_cursor
        if cursor is None or cursor in cursors:
            return
        cursors.add(cursor)


def all_indicators(
    rest: RestClient, collection_id: str, *, first: IndicatorPage | None = None
) -> Iterator[ListedPage]:
    """Read a collection, each indicator once.

    The bulk reader may lag behind, so what it gives is counted, and what it lacks is looked for on the collection's pages,
    from both ends at once: the latest are on one of them.

    Args:
        rest: The REST client.
        collection_id: ``ioc-collection--<uuid>``.
        first: The first page of the collection, where it was read already.

    Raises:
        SekoiaError: The collection cannot be read completely.
    """
    first = first or rest.indicators(collection_id)
    total, seen = max(first.total, len(first.items)), set[int]()
    pages: Iterator[IndicatorPage] | None = None
    if bulk_requests(total) < math.ceil(total / PAGE) - 1:
        try:
            for items in bulk_pages(rest, collection_id):
                new = _new(items, seen)
                if items and not new:
                    break  # a reader that goes round in circles
                yield ListedPage(new, max(total, len(seen)))
            pages = _pages_from_both_ends(rest, collection_id, first)
        except KeyRefused:
            raise
        except RequestError:
            pass  # the pages have it as well
        if len(seen) >= total:
            return
    least = total
    for page in pages or ():
        yield ListedPage(_new(_dumped(page), seen), max(total, page.total))
        least = min(least, page.total)
        if len(seen) >= least:
            return
    # To the end, whatever pages were empty by mistake.
    for page in rest.all_indicators(collection_id, first=None if pages else first):
        yield ListedPage(_new(_dumped(page), seen), max(total, page.total))


def matching_indicators(rest: RestClient, collection_id: str, term: str) -> Iterator[ListedPage]:
    """Read the indicators of a collection whose pattern contains a term, each once.

    Where many do, reading all of them with the bulk reader takes fewer requests.

    Args:
        rest: The REST client.
        collection_id: ``ioc-collection--<uuid>``.
        term: In upper or lower case.

    Raises:
        SekoiaError: The collection cannot be read completely.
    """
    first = rest.indicators(collection_id, term=term)
    pages, seen = math.ceil(first.total / PAGE) - 1, set[int]()
    if 1 + bulk_requests(first.total) < pages:
        whole = rest.indicators(collection_id)
        if 1 + bulk_requests(whole.total) < pages:
            folded = term.casefold()
            for listed in all_indicators(rest, collection_id, first=whole):
                found = [item for item in listed.items if folded in item["pattern"].casefold()]
                yield ListedPage(_new(found, seen), max(first.total, len(seen)))
            if len(seen) >= first.total:
                return  # otherwise Sekoia finds more in a term than is written
    for page in rest.all_indicators(collection_id, term=term, first=first):
        yield ListedPage(_new(_dumped(page), seen), max(page.total, len(seen)))


def _pages_from_both_ends(rest: RestClient, collection_id: str, first: IndicatorPage) -> Iterator[IndicatorPage]:
    yield first
    low, high = 1, math.ceil(first.total / PAGE) - 1
    while low <= high:
        yield rest.indicators(collection_id, offset=high * PAGE)
        if low < high:
            yield rest.indicators(collection_id, offset=low * PAGE)
        low, high = low + 1, high - 1


def _dumped(page: IndicatorPage) -> list[dict[str, Any]]:
    return [indicator.model_dump(mode="json") for indicator in page.items]


def _new(items: Sequence[dict[str, Any]], seen: set[int]) -> list[dict[str, Any]]:
    """Items that were not seen before; an id is remembered by a digest, half the size of its text."""
    digests = [hash(item["id"]) for item in items]
    fresh = set(digests)
    if len(fresh) == len(digests) and seen.isdisjoint(fresh):
        seen |= fresh  # nearly all pages of nearly all collections
        return list(items)
    new = []
    for digest, item in zip(digests, items, strict=True):
        if digest not in seen:
            seen.add(digest)
            new.append(item)
    return new
