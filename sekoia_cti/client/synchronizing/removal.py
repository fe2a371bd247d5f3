"""Ends the validity of indicators that left a feed, with one import if Sekoia allows it, else one by one; or revokes them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from sekoia_cti.client.errors import NotFound, Refused, SekoiaError, Unavailable, UnexpectedAnswer
from sekoia_cti.client.importing.halving import IN_A_ROW
from sekoia_cti.client.importing.missing import Missing
from sekoia_cti.client.importing.outcome import Outcome
from sekoia_cti.client.listing import all_indicators, checked_indicator
from sekoia_cti.client.rest.endpoints import RestClient
from sekoia_cti.client.synchronizing.comparison import Leaving
from sekoia_cti.client.waiting import Patience
from sekoia_cti.client.wire import Context
from sekoia_cti.indicators.stored_patterns import value_of

__all__ = ["ImportTexts", "Removal"]

ATTEMPTS = 5
"""Attempts for one indicator, which take about ten seconds, so that one that always fails does not delay the others for long."""

ImportTexts = Callable[[Sequence[str], Context], Outcome]
"""Imports lines with a context, and waits for the end."""


@dataclass
class Removal:
    """Removes the indicators that left a feed.

    Args:
        rest: The REST client, whose deadline ends everything.
        collection_id: ``ioc-collection--<uuid>``.
        leaving: The indicators to remove.
        patience: How many requests per second are possible.
        on_progress: Called with the number of removed indicators, after each one that is removed by a separate request.
    """

    rest: RestClient
    collection_id: str
    leaving: Sequence[Leaving]
    patience: Patience
    on_progress: Callable[[int], object]
    task_ids: tuple[str, ...] = ()
    """The tasks of the import that ended validities."""
    failure: SekoiaError | None = None
    """What ended it early."""
    _gone: set[str] = field(default_factory=set)
    _kept: dict[str, Missing] = field(default_factory=dict)

    @property
    def removed(self) -> list[Leaving]:
        """The indicators that have expired, are revoked, or no longer exist."""
        return [each for each in self.leaving if each.id in self._gone]

    @property
    def remaining(self) -> list[Leaving]:
        """The indicators that are still active, as far as is known."""
        return [each for each in self.leaving if each.id not in self._gone]

    @property
    def failed(self) -> list[Missing]:
        """The indicators that Sekoia did not remove when asked to, and why. They are among :attr:`remaining`."""
        return [missing for indicator_id, missing in self._kept.items() if indicator_id not in self._gone]

    def revoke(self) -> None:
        """Revoke them one by one, which cannot be undone."""
        try:
            self._one_by_one((each.id, each.value, partial(self._revoke, each.id)) for each in self.leaving)
        except SekoiaError as error:
            self.failure = error

    def expire(self, import_texts: ImportTexts) -> None:
        """End their validity: with one import, and then one by one if that did not change them.

        It is unknown whether an import can shorten a validity (contract), so the collection is read afterward.

        Args:
            import_texts: Imports lines with a context, and waits for the end.
        """
        by_text = [each for each in self.leaving if each.by_text]
        try:
            if by_text:
                self._expire_by_text(by_text, import_texts)
            if self.remaining:
                now = self._now()
                self._end_each((item, now) for item in self._look())
        except SekoiaError as error:
            self.failure = error

    def end(self, ends: Iterable[tuple[dict[str, Any], datetime]]) -> None:
        """End validities at given times, one by one.

        Args:
            ends: Indicators in Sekoia's JSON form, each with its new end of validity.
        """
        try:
            self._end_each(ends)
        except SekoiaError as error:
            self.failure = error

    # Inside

    def _now(self) -> datetime:
        """The time to the second, since that is how times are compared later."""
        return (self.rest.server_time() or datetime.now(UTC)).replace(microsecond=0)

    def _expire_by_text(self, leaving: Sequence[Leaving], import_texts: ImportTexts) -> None:
        try:
            outcome = import_texts([each.value for each in leaving], Context(valid_until=self._now()))
        except Refused:
            return  # perhaps since the end is not in the future
        self.task_ids = outcome.task_ids
        if outcome.missing_count == 0 and outcome.context_differs_count == 0:
            self._gone.update(each.id for each in leaving)
        elif outcome.failure is not None:
            raise outcome.failure

    def _look(self) -> list[dict[str, Any]]:
        """Read the indicators that are still active, but only as many as there is time for."""
        pending = {each.id for each in self.remaining}
        most = int(self.rest.deadline.remaining() * self.patience.requests_per_second)
        active: list[dict[str, Any]] = []
        unreached: set[str] = set()
        for listed in all_indicators(self.rest, self.collection_id):
            now = self._now()
            for item in listed.items:
                if item["id"] in pending and checked_indicator(item).is_active(now):
                    if len(active) < most:
                        active.append(item)
                    else:
                        unreached.add(item["id"])
        self._gone |= pending - unreached - {item["id"] for item in active}
        return active

    def _end_each(self, ends: Iterable[tuple[dict[str, Any], datetime]]) -> None:
        self._one_by_one(
            (item["id"], value_of(item["pattern"]), partial(self._end, item, until)) for item, until in ends
        )

    def _one_by_one(self, removals: Iterable[tuple[str, str, Callable[[], str | None]]]) -> None:
        """Remove indicators with one call each, then look into the collection for those that were not removed.

        Args:
            removals: For each indicator its id, its value, and the call, which returns why it failed, or None if it did not.

        Raises:
            SekoiaError: An error that the next call would meet as well.
        """
        refused: list[SekoiaError] = []
        for indicator_id, value, remove in removals:
            try:
                reason = remove()
                refused.clear()
            except NotFound as error:
                reason = str(error)
            except (Refused, Unavailable, UnexpectedAnswer) as error:
                reason = str(error)
                refused.append(error)
            if reason is None:
                self._gone.add(indicator_id)
                self.on_progress(len(self._gone))
            else:
                self._kept[indicator_id] = Missing(value, reason)
            if len(refused) == IN_A_ROW:  # every two cost a pause
                break
        if self._kept:
            self._look()
        if len(refused) == IN_A_ROW:
            raise refused[-1]

    def _revoke(self, indicator_id: str) -> str | None:
        told = self.rest.revoke(self.collection_id, indicator_id, attempts=ATTEMPTS)
        return None if told else "Sekoia did not confirm that it is revoked"

    def _end(self, item: dict[str, Any], until: datetime) -> str | None:
        indicator = checked_indicator(item)
        context = indicator.context()
        # If it is not valid yet, its validity would end before it begins.
        begun = min(context.valid_from, until - timedelta(seconds=1)) if context.valid_from else None
        told = self.rest.update_indicator(
            self.collection_id,
            indicator.id,
            context.model_copy(update={"valid_from": begun, "valid_until": until}),
            attempts=ATTEMPTS,
        )
        return "Sekoia did not change its validity" if told.is_active(until) else None
