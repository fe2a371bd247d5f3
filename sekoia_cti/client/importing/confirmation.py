"""The second witness: looks into the collection for the values that an import should have put there.

A look uses the method with the fewest requests: the pages of the collection, the bulk reader, its recent changes, or one search
per value. If none of these can be completed in half of the remaining time, it looks for a sample. If a look fails, that is not
an error: the import waits, and looks again.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from itertools import islice

from sekoia_cti.client.errors import (
    CertificateRejected,
    DeadlinePassed,
    KeyRefused,
    ListingIncomplete,
    PermissionDenied,
    RequestError,
    Unavailable,
)
from sekoia_cti.client.importing.expected import Expected, Sight
from sekoia_cti.client.importing.look_history import Found
from sekoia_cti.client.importing.missing import Missing
from sekoia_cti.client.listing import bulk_pages, bulk_requests
from sekoia_cti.client.rest.bulk_page import BULK_PAGE
from sekoia_cti.client.rest.endpoints import RestClient
from sekoia_cti.client.rest.pages import PAGE
from sekoia_cti.client.search import terms
from sekoia_cti.client.waiting import Deadline, Patience
from sekoia_cti.client.wire import Collection, Indicator, IndicatorPage, Task
from sekoia_cti.indicators.matching import identity

__all__ = ["Confirmation"]

SAMPLE = 200
"""How many values a sample has. A smaller one can show that values are missing, but not that all are in."""

SEARCHED = 100
"""How many values that the bulk reader lacks are searched for before they are called missing, since it may lag."""

COMPARED = 5
"""How many values whose context differs in the bulk reader are searched for, for the same reason."""

HIT_PAGES = 10
"""How many pages of hits one search reads: a short value can be part of half the collection's patterns."""

ATTEMPTS = 3
"""Attempts at each page once a reading has begun. Otherwise, a single 503 among hundreds of answers would make it useless."""

UNANSWERED = (RequestError, CertificateRejected, DeadlinePassed)


class Confirmation:
    """Looks for the values of one import, and asks for the state of its tasks.

    Args:
        rest: The REST client.
        collection: Where the import goes.
        expected: The values to look for.
        deadline, patience: Those of the import.

    Attributes:
        held: How many indicators the community held before the submission; None if that is not known.
        denial: Sekoia's answer to the last look if the key may not read the collection.
    """

    def __init__(
        self, rest: RestClient, collection: Collection, expected: Expected, *, deadline: Deadline, patience: Patience
    ) -> None:
        self.held: int | None = None
        self.denial: KeyRefused | PermissionDenied | None = None
        self._rest = rest
        self._collection_id = collection.id
        self._community_uuid = collection.community_uuid
        self._expected = expected
        self._deadline = deadline
        self._patience = patience
        self._seen: Sight | None = None  # by the last complete look
        # Of unknown support (contract): None until the first answer tells
        self._has_tasks: bool | None = None
        self._has_bulk: bool | None = None
        self._finds_quoted = False
        self._is_searched = True
        self._is_listed = True
        self._refused_at = -math.inf

    def ask(self, task_id: str) -> Task | None:
        """The state of a task; None if Sekoia does not report it. Unless that may be temporary, Sekoia is not asked again."""
        if not self.can_ask():
            return None
        try:
            task = self._rest.task(task_id)
        except UNANSWERED as error:
            self._has_tasks = bool(self._has_tasks) and isinstance(error, Unavailable | DeadlinePassed)
            self._refused_at = self._deadline.now()
            return None
        self._has_tasks = True
        return task

    def can_ask(self) -> bool:
        """Whether Sekoia may know the import's tasks, and may be asked now."""
        return self._has_tasks is not False and self._may_be_refused()

    def look(self) -> Found | None:
        """Look once; None if the collection could not be read."""
        self.denial = None
        try:
            sight, complete = self._look()
        except (KeyRefused, PermissionDenied) as error:
            self.denial = error
            return None
        except UNANSWERED:
            return None
        self._seen, tally = sight, sight.tally()
        doubtful = any(part.changed and not part.surely for part in tally.parts)
        return Found(
            tally,
            complete,
            grew=(doubtful or not tally.active) and self._grew(),
            convincing=complete or tally.expected >= min(SAMPLE, self._expected.count()),
        )

    def some_differ(self) -> bool:
        """Whether any of a few values is in with another context than was sent, as far as can be found out."""
        some = self._expected.sample(COMPARED).look()
        try:
            self._search(some, some.expected.values())
        except UNANSWERED:
            return False
        return some.tally().differing > 0

    def missing(self) -> Iterator[Missing]:
        """The values that the last successful look did not find; if it looked for a sample, those of the sample."""
        return self._seen.missing() if self._seen is not None else iter(())

    # Inside

    def _look(self) -> tuple[Sight, bool]:
        sight = self._expected.look()
        if not self._is_listed and self._may_read_bulk():
            self._is_listed = True  # so that both are tried in turn
            if self._read_bulk(sight):
                return sight, True
        began = self._deadline.now()
        try:
            first = self._rest.indicators(self._collection_id, attempts=1)
        except RequestError:
            self._is_listed, self._refused_at = False, self._deadline.now()
            raise
        each = max(1 / self._patience.requests_per_second, self._deadline.now() - began)
        self._see(sight, first.items)
        if first.total <= len(first.items):
            if not first.total and self._may_read_bulk():
                self._read_objects(sight, None)  # a listing that is empty may lag
            return sight, True

        def affordable() -> float:
            return self._deadline.remaining() / 2 / each

        for requests, read in sorted(self._ways(first, self._expected.count()), key=lambda way: way[0]):
            if requests > affordable():
                break
            with suppress(RequestError):  # another method may work
                if read(sight):
                    return sight, True
        # As long as it is not known whether terms in quotes are found, a value takes two requests.
        few = affordable() if self._finds_quoted else affordable() / 2
        sample = self._expected.sample(max(1, min(SAMPLE, int(few)))).look()
        self._search(sample, sample.expected.values())
        return sample, False

    def _ways(self, first: IndicatorPage, values: int) -> list[tuple[int, Callable[[Sight], bool]]]:
        """The methods of reading, each with its number of requests. Called, a method says whether it has read everything."""
        ways: list[tuple[int, Callable[[Sight], bool]]] = [
            (math.ceil(first.total / PAGE) - 1, partial(self._read_pages, first=first)),
        ]
        if self._is_searched:
            ways.append((values, self._search_all))
        if self._may_read_bulk():
            ways.append((bulk_requests(first.total), self._read_bulk))
            if self._expected.since is not None:
                ways.append((math.ceil(values / BULK_PAGE), self._read_recent))
        return ways

    def _grew(self) -> bool:
        if self.held is None:
            return False
        try:
            return self._rest.count(self._community_uuid).count > self.held
        except UNANSWERED:
            return False

    def _may_read_bulk(self) -> bool:
        return self._has_bulk or (self._has_bulk is None and self._may_be_refused())

    def _may_be_refused(self) -> bool:
        """Whether a call that Sekoia may not support is possible now: two refusals within 10 s would start a pause."""
        return self._deadline.now() - self._refused_at >= self._patience.pause_after_errors

    def _read_pages(self, sight: Sight, first: IndicatorPage) -> bool:
        pages = self._rest.all_indicators(self._collection_id, first=first, attempts=ATTEMPTS)
        try:
            for page in pages:
                self._see(sight, page.items)
        except ListingIncomplete:
            return False
        return True

    def _read_bulk(self, sight: Sight) -> bool:
        return self._read_objects(sight, None) and self._is_up_to_date(sight)

    def _read_recent(self, sight: Sight) -> bool:
        """Read what was modified since the submission, which may not be everything that is in."""
        read = self._read_objects(sight, self._expected.since)
        return read and sight.tally().all_in() and self._is_up_to_date(sight)

    def _read_objects(self, sight: Sight, since: datetime | None) -> bool:
        first_attempts = ATTEMPTS if self._has_bulk else 1
        try:
            for items in bulk_pages(
                self._rest, self._collection_id, modified_after=since, first_attempts=first_attempts
            ):
                self._has_bulk = True
                sight.see(items, self._now())
        except RequestError:
            self._has_bulk = self._has_bulk or False
            self._refused_at = self._deadline.now()
            return False
        return True

    def _is_up_to_date(self, sight: Sight) -> bool:
        """Search for some values that the bulk reader lacks, or shows with another context; return whether it is right."""
        before = sight.tally()
        missing, differing = before.expected - before.active, before.differing
        if not missing and not differing:
            return True
        if missing:
            self._search(sight, _spread((each.value for each in sight.missing()), missing, SEARCHED))
        else:
            self._search(sight, _spread(sight.differing(), differing, COMPARED))
        after = sight.tally()
        if missing:
            return missing <= SEARCHED or after.active == before.active
        return differing <= COMPARED or after.differing == before.differing

    def _search_all(self, sight: Sight) -> bool:
        self._search(sight, [missing.value for missing in sight.missing()])
        return True

    def _search(self, sight: Sight, values: Iterable[str]) -> None:
        try:
            for value in values:
                self._search_for(sight, value)
        except RequestError as error:
            self._is_searched = isinstance(error, Unavailable)
            self._refused_at = self._deadline.now()
            raise

    def _search_for(self, sight: Sight, value: str) -> None:
        for term in terms(value):
            in_quotes = term.startswith("'")
            if not in_quotes and self._finds_quoted:
                break  # the term in quotes would have found it
            if self._find(sight, value, term):
                self._finds_quoted = self._finds_quoted or in_quotes
                break

    def _find(self, sight: Sight, value: str, term: str) -> bool:
        """Whether a search for a term finds the indicator of a value."""
        wanted, found = identity(value), False
        for page in islice(self._rest.all_indicators(self._collection_id, term=term, attempts=ATTEMPTS), HIT_PAGES):
            self._see(sight, page.items)
            found = found or any(wanted <= identity(item.value) for item in page.items)
        return found

    def _see(self, sight: Sight, indicators: Iterable[Indicator]) -> None:
        sight.see((indicator.model_dump(mode="json") for indicator in indicators), self._now())

    def _now(self) -> datetime:
        return self._rest.server_time() or datetime.now(UTC)


def _spread(values: Iterable[str], count: int, most: int) -> list[str]:
    """Pick some of so many values, spread from the first to the last, since values that lag are often adjacent."""
    return list(islice(islice(values, 0, None, max(1, math.ceil(count / most))), most))
