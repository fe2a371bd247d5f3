"""The second witness: the collection itself, read for the values that an import should have put into it.

A look goes the way that takes the fewest requests: the pages of the collection, the bulk reader, what the bulk reader has of
late, or one search a value. Where none of them can be gone to its end in half of the time that is left, a sample is looked
for. No answer to a look is an error: whoever asked waits, and asks again.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice

from sekoia_cti.client.errors import CertificateRejected, DeadlinePassed, RequestError
from sekoia_cti.client.importing.expected import Expected, Tally
from sekoia_cti.client.importing.requests import Missing
from sekoia_cti.client.listing import bulk_pages, bulk_requests
from sekoia_cti.client.rest.endpoints import BULK_PAGE, PAGE, RestClient
from sekoia_cti.client.search import terms
from sekoia_cti.client.waiting import Deadline, Patience
from sekoia_cti.client.wire import Indicator, Task

__all__ = ["Confirmation", "Found"]

SAMPLE = 200
"""Values of a sample."""

SEARCHED = 100
"""Missing values that are searched for one by one before they are called missing, since the bulk reader may lag."""

HIT_PAGES = 10
"""Pages of hits that one search reads: a short value can be part of half the collection's patterns."""

UNANSWERED = (RequestError, CertificateRejected, DeadlinePassed)


@dataclass(frozen=True, slots=True)
class Found:
    """What a look found.

    Attributes:
        tally: Of the values that were looked for.
        complete: Whether all were looked for, and not just a sample.
    """

    tally: Tally
    complete: bool


class Confirmation:
    """Looks for the values of one import, and asks for the state of its tasks.

    Args:
        rest: The REST client.
        collection_id: Where the import goes.
        expected: What is looked for.
        deadline, patience: Of the import.
    """

    def __init__(
        self, rest: RestClient, collection_id: str, expected: Expected, *, deadline: Deadline, patience: Patience
    ) -> None:
        self._rest = rest
        self._collection_id = collection_id
        self._expected = expected
        self._deadline = deadline
        self._patience = patience
        self._looked_for = expected
        self._has_tasks = True
        self._has_bulk = True
        self._refused_at = -math.inf

    def ask(self, task_id: str) -> Task | None:
        """The state of a task; None where Sekoia does not tell, and then it is not asked again."""
        if not self.can_ask():
            return None
        try:
            return self._rest.task(task_id)
        except UNANSWERED:
            # Whether imports are known there is unknown (contract): a refusal now is one for good.
            self._has_tasks = False
            self._refused_at = self._deadline.now()
            return None

    def can_ask(self) -> bool:
        """Whether Sekoia may know the import's tasks, and may be asked now."""
        return self._has_tasks and self._may_be_refused()

    def look(self) -> Found | None:
        """Look once; None when the collection could not be read."""
        try:
            return self._look()
        except UNANSWERED:
            return None

    def missing(self, most: int) -> tuple[list[Missing], int]:
        """What the last look did not find: the first values, and how many there are; of a sample, only of it."""
        listed: list[Missing] = []
        count = 0
        for count, missing in enumerate(self._looked_for.missing(), 1):
            if count <= most:
                listed.append(missing)
        return listed, count

    # Inside

    def _look(self) -> Found:
        self._looked_for = expected = self._expected
        expected.forget()
        began, first = self._deadline.now(), self._rest.indicators(self._collection_id, repeat=False)
        each = max(1 / self._patience.requests_per_second, self._deadline.now() - began)
        self._see(first.items)
        if first.total <= len(first.items):
            return Found(expected.tally(), complete=True)
        values, affordable = expected.count(), self._deadline.remaining() / 2 / each
        for requests, read in sorted(self._ways(first.total, values), key=lambda way: way[0]):
            if requests > affordable:
                break
            if read() and (tally := self._searched(expected)) is not None:
                return Found(tally, complete=True)
        self._looked_for = expected.sample(max(1, min(SAMPLE, int(affordable))))
        self._looked_for.forget()
        self._search(missing.value for missing in list(self._looked_for.missing()))
        return Found(self._looked_for.tally(), complete=False)

    def _ways(self, total: int, values: int) -> list[tuple[int, Callable[[], bool]]]:
        """The ways to read, each with the requests that it takes; a way says whether it came to its end."""
        ways: list[tuple[int, Callable[[], bool]]] = [
            (math.ceil(total / PAGE), self._read_pages),
            (values, self._search_all),
        ]
        if self._has_bulk and self._may_be_refused():
            ways.append((bulk_requests(total), self._read_bulk))
            if self._expected.since is not None:
                ways.append((math.ceil(values / BULK_PAGE), self._read_recent))
        return ways

    def _may_be_refused(self) -> bool:
        """Two refusals within 10 s would start our own pause, so calls of unknown support keep apart."""
        return self._deadline.now() - self._refused_at >= self._patience.pause_after_errors

    def _read_pages(self) -> bool:
        for page in self._rest.all_indicators(self._collection_id):
            self._see(page.items)
        return True

    def _read_bulk(self) -> bool:
        return self._read_objects(None)

    def _read_recent(self) -> bool:
        """Only what was modified since the submission, which need not be all that is in."""
        return self._read_objects(self._expected.since) and self._expected.tally().all_in()

    def _read_objects(self, since: datetime | None) -> bool:
        try:
            for items in bulk_pages(self._rest, self._collection_id, modified_after=since, first_attempts=1):
                now = self._now()
                for item in items:
                    self._looked_for.see(item, now)
        except RequestError:
            self._has_bulk = False
            self._refused_at = self._deadline.now()
            return False
        return True

    def _search_all(self) -> bool:
        self._search(missing.value for missing in list(self._looked_for.missing()))
        return True

    def _searched(self, expected: Expected) -> Tally | None:
        """The tally, once the first of the missing values were searched for; None if that shows that what was read lags."""
        before = expected.tally()
        if before.all_in():
            return before
        self._search([missing.value for missing in islice(expected.missing(), SEARCHED)])
        after = expected.tally()
        return None if before.active < after.active < after.expected else after

    def _search(self, values: Iterable[str]) -> None:
        for value in values:
            for term in terms(value):
                hits = 0
                for page in islice(self._rest.all_indicators(self._collection_id, term=term), HIT_PAGES):
                    self._see(page.items)
                    hits += len(page.items)
                if hits:
                    break

    def _see(self, indicators: Iterable[Indicator]) -> None:
        now = self._now()
        for indicator in indicators:
            self._looked_for.see(indicator.model_dump(mode="json"), now)

    def _now(self) -> datetime:
        return self._rest.server_time() or datetime.now(UTC)
