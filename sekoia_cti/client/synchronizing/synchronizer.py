"""Makes a collection follow a feed: compares the two, sends new and due indicators, and removes those that left the feed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal, Protocol

from sekoia_cti.client.errors import SekoiaError
from sekoia_cti.client.importing.importer import Importer
from sekoia_cti.client.importing.outcome import Outcome
from sekoia_cti.client.importing.requests import LINES
from sekoia_cti.client.importing.watch import Progress
from sekoia_cti.client.listing import all_indicators
from sekoia_cti.client.rest.endpoints import RestClient
from sekoia_cti.client.synchronizing.comparison import Comparison, Leaving, Refresh, Said, exceeds
from sekoia_cti.client.synchronizing.removal import Removal
from sekoia_cti.client.waiting import Deadline, Patience
from sekoia_cti.client.wire import Collection, Context
from sekoia_cti.indicators.stored_patterns import value_of
from sekoia_cti.indicators.types import IndicatorType

if TYPE_CHECKING:
    from sekoia_cti.client.live.stream import LiveAPI

__all__ = ["Feed", "Groups", "Plan", "Rules", "Sent", "Synchronizer", "WhatLeaves"]

WhatLeaves = Literal["expire", "revoke", "keep"]
"""What happens to indicators that are no longer in the feed."""

Groups = Mapping[datetime | None, Sequence[int]]
"""Places of values, grouped by the end of validity to send with them; None if none is sent, or the values have their own."""


class Feed(Protocol):
    """The indicators that a collection should hold."""

    @property
    def values(self) -> Sequence[str]:
        """The values as they are sent, without duplicates."""

    def said_of(self, place: int, /) -> Said:
        """The context of the value at a place in the feed."""

    def submit(self, importer: Importer, groups: Groups, *, new: int) -> None:
        """Submit some of the values.

        Args:
            importer: An importer that is ready for submissions.
            groups: The values to submit.
            new: How many of them the collection does not hold.

        Raises:
            SekoiaError: Sekoia accepted none of them.
        """


@dataclass(frozen=True, kw_only=True)
class Rules:
    """How a collection follows its feed.

    Attributes:
        lasts: Returns how long from now an indicator of a kind should be valid; None if the user does not say.
        refresh: When to send indicators again that stay in the feed.
        leaves: What to do with indicators that left the feed.
        most_removed: The percentage of the active indicators that one run may remove.
    """

    lasts: Callable[[IndicatorType | None], timedelta | None]
    refresh: Refresh
    leaves: WhatLeaves
    most_removed: int


@dataclass(frozen=True)
class Plan:
    """What has to be done, in terms of places of the feed's values and of indicators of the collection.

    Attributes:
        active: How many active indicators the collection holds.
        new, due, revoked, unchanged: See :class:`~sekoia_cti.client.synchronizing.comparison.Comparison`.
        left: The active indicators that are not in the feed.
        groups: The new and due values, grouped as they are sent.
        leaving: The indicators of `left` that have to be removed.
        limit_hit: Whether these are too many, so that none is removed.
    """

    active: int
    new: Sequence[int]
    due: Sequence[int]
    revoked: Sequence[int]
    unchanged: Sequence[int]
    left: Sequence[Leaving]
    groups: Groups
    leaving: Sequence[Leaving]
    limit_hit: bool


@dataclass(frozen=True)
class Sent:
    """The result of sending new and due values.

    Attributes:
        outcome: How the import ended.
        not_in: The places of the values that are not known to be in the collection.
    """

    outcome: Outcome
    not_in: frozenset[int] = field(default_factory=frozenset)


class Synchronizer:
    """One run over one collection. If it does not get everything done, the next run does, since every run compares anew.

    Args:
        rest: The REST client, whose deadline ends everything.
        live: Makes a LiveAPI connection that is opened and closed with ``with``.
        collection: The collection that follows the feed.
        feed: The feed.
        context: The context for fields that the feed does not have.
        rules: How the collection follows the feed.
        patience: How long to wait, and for what.
        on_progress: Given the name of a step, returns the callback for its progress.
        on_warning: Called with what people should know at once.
        mostly_unrecognized: Whether more values of the feed were left out, because they are not indicators, than it has.
        lines: How many lines one request carries as text, at most.
    """

    def __init__(
        self,
        rest: RestClient,
        live: Callable[[], LiveAPI],
        collection: Collection,
        feed: Feed,
        *,
        context: Context,
        rules: Rules,
        patience: Patience,
        on_progress: Callable[[str], Callable[[Progress], object]],
        on_warning: Callable[[str], object],
        mostly_unrecognized: bool = False,
        lines: int = LINES,
    ) -> None:
        self._rest = rest
        self._live = live
        self._collection = collection
        self._feed = feed
        self._context = context
        self._rules = rules
        self._patience = patience
        self._on_progress = on_progress
        self._on_warning = on_warning
        self._mostly_unrecognized = mostly_unrecognized
        self._lines = lines
        self._at_work: Importer | None = None
        self.sent: Sent | None = None
        """The result of sending; None before that has ended."""
        self.removal: Removal | None = None
        """What has been removed so far; None before that has begun."""

    def plan(self) -> Plan:
        """Read the collection, and compare it with the feed.

        Raises:
            SekoiaError: The collection cannot be read.
        """
        comparison, rules = self._compared(), self._rules
        new, due, left = comparison.new(), comparison.due(), comparison.leaving
        unchanged = comparison.unchanged()
        groups: dict[datetime | None, list[int]] = {}
        for place in (*new, *due):
            groups.setdefault(comparison.end_of(place), []).append(place)
        leaving = left if rules.leaves != "keep" else []
        return Plan(
            active=comparison.active,
            new=new,
            due=due,
            revoked=comparison.revoked(),
            unchanged=unchanged,
            left=left,
            groups=groups,
            leaving=leaving,
            limit_hit=exceeds(
                len(leaving),
                comparison.active,
                rules.most_removed,
                # A page of HTML in place of the feed may hold a URL or two.
                is_empty=not self._feed.values or (self._mostly_unrecognized and not unchanged and not due),
            ),
        )

    def send(self, plan: Plan) -> Sent:
        """Send new and due values, and wait for the end.

        Raises:
            SekoiaError: Sekoia accepted none of them.
        """
        with self._importer(self._context, self._rest.deadline, "Imported") as importer:
            self._at_work = importer
            self._feed.submit(importer, plan.groups, new=len(plan.new))
            outcome = importer.finish()
        self.sent = Sent(outcome, frozenset(self._not_in(plan, outcome)))
        if outcome.context_differs_count and outcome.status != "incomplete" and self._names_ends(plan):
            self.sent = replace(self.sent, outcome=outcome.with_fewer_differing(self._cut()))
        return self.sent

    def remove(self, plan: Plan) -> Removal:
        """Remove the indicators that left the feed, unless they are too many."""
        total, progress = len(plan.leaving), self._on_progress("Removed")
        self.removal = removal = Removal(
            self._rest,
            self._collection.id,
            plan.leaving,
            patience=self._patience,
            on_progress=lambda count: progress(Progress(count, total)) if count < total else None,
        )
        if plan.limit_hit:
            return removal
        if self._rules.leaves == "revoke":
            removal.revoke()
        else:
            removal.expire(self._import_texts)
        return removal

    def leave(self, plan: Plan, why: SekoiaError) -> None:
        """Stop waiting for work in which something hangs. What is known about it is in :attr:`sent` and :attr:`removal`.

        Args:
            plan: What had to be done.
            why: The reason, for the outcome.
        """
        if self.sent is None and plan.groups:
            outcome = self._at_work.leave(why) if self._at_work else Outcome("incomplete", failure=why)
            # It is not known whether a request that hangs had any effect.
            self.sent = Sent(replace(outcome, missing_count=None), frozenset((*plan.new, *plan.due)))
        if self.removal is not None:
            self.removal.failure = self.removal.failure or why

    # Inside

    def _compared(self) -> Comparison:
        comparison = self._comparison()
        progress, read = self._on_progress("Compared"), 0
        for some in all_indicators(self._rest, self._collection.id):
            comparison.see(some.items)
            read += len(some.items)
            if read < some.total:  # there is a longer sentence for the end
                progress(Progress(read, some.total))
        return comparison

    def _comparison(self) -> Comparison:
        # To the second, as validities were ended.
        now = (self._rest.server_time() or datetime.now(UTC)).replace(microsecond=0)
        feed, rules = self._feed, self._rules
        return Comparison(feed.values, feed.said_of, lasts=rules.lasts, refresh=rules.refresh, now=now)

    def _not_in(self, plan: Plan, outcome: Outcome) -> set[int]:
        sent = {*plan.new, *plan.due}
        if outcome.missing_count is not None:
            missing = {missing.value for missing in outcome.all_missing}
            return {place for place in sent if self._feed.values[place] in missing} if missing else set()
        if outcome.status == "incomplete":
            return sent  # there is no time for another look
        try:
            again = self._compared()
        except SekoiaError as error:
            self._on_warning(f"It is not known which indicators are in the collection: {error}")
            return set() if outcome.status == "completed" else sent
        return sent & {*again.new(), *again.revoked()}

    def _names_ends(self, plan: Plan) -> bool:
        return any(self._feed.said_of(place).valid_until is not None for place in plan.due)

    def _cut(self) -> int:
        """Shorten validities one by one to the ends in the feed, if the import did not do it.

        It is unknown whether an import can shorten a validity (contract).

        Returns:
            How many indicators are as the feed says now, and were not before.
        """
        comparison, late = self._comparison(), list[tuple[dict[str, Any], datetime]]()
        most = int(self._rest.deadline.remaining() / 2 * self._patience.requests_per_second)
        try:
            for some in all_indicators(self._rest, self._collection.id):
                found = ((item, comparison.cut_to(item)) for item in some.items)
                late += [(item, end) for item, end in found if end is not None][: max(0, most - len(late))]
        except SekoiaError as error:
            self._on_warning(
                f"Validities that should end earlier were not checked, but will be in the next run: {error}"
            )
            return 0
        total, progress = len(late), self._on_progress("Shortened")
        leaving = [Leaving(item["id"], value_of(item["pattern"]), by_text=False) for item, _ in late]
        shortening = Removal(
            self._rest,
            self._collection.id,
            leaving,
            patience=self._patience,
            on_progress=lambda count: progress(Progress(count, total)) if count < total else None,
        )
        shortening.end(late)
        if shortening.remaining:
            why = str(shortening.failure or "Sekoia did not change them").rstrip(".")
            self._on_warning(
                f"{len(shortening.remaining):,} of {total:,} validities could not be shortened to what the feed says "
                f"({why}): the next run continues from there"
            )
        cut = {each.id for each in shortening.removed}
        return sum(item["id"] in cut and comparison.agrees(item, end) for item, end in late)

    def _import_texts(self, values: Sequence[str], context: Context) -> Outcome:
        deadline = self._rest.deadline
        # What does not take is removed one by one, in the other half of the time.
        with self._importer(context, deadline.within(deadline.remaining() / 2), "Expired") as importer:
            importer.submit_texts([(context, values)], new=0, cut=False)
            return importer.finish()

    @contextmanager
    def _importer(self, context: Context, deadline: Deadline, done: str) -> Iterator[Importer]:
        with self._live() as live:
            importer = Importer(
                rest=self._rest,
                live=live,
                collection=self._collection,
                context=context,
                deadline=deadline,
                patience=self._patience,
                on_progress=self._on_progress(done),
                on_warning=self._on_warning,
                lines=self._lines,
            )
            importer.connect()
            yield importer
