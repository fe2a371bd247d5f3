"""How an import ended: a statement about the collection, not about Sekoia's task."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from typing import Literal

from sekoia_cti.client.errors import SekoiaError
from sekoia_cti.client.importing.confirmation import Confirmation
from sekoia_cti.client.importing.ledger import Ledger
from sekoia_cti.client.importing.missing import NOT_THERE, Missing
from sekoia_cti.client.importing.submission import Witness
from sekoia_cti.client.importing.watch import ImportWatch, Progress
from sekoia_cti.indicators.again import Again
from sekoia_cti.indicators.display import shown

__all__ = ["MOST_MISSING", "Conclusion", "Outcome", "Status"]

Status = Literal["completed", "partial", "rejected", "incomplete", "submitted"]
"""``completed``: the import ended, and every value is in. ``partial``: it ended, and some are not in. ``rejected``: it ended, and
none is in. ``incomplete``: it is not known to have ended in time, it failed and the collection could not be read, or some values
could not be submitted. ``submitted``: it was not waited for.

A value is in when it is in the collection, not revoked, and not expired, unless the validity that was asked for has passed.
"""

MOST_MISSING = 100
"""How many missing values are listed."""


@dataclass(frozen=True)
class Outcome:
    """How an import ended, over all of its parts.

    Attributes:
        status: See :data:`Status`.
        task_ids: Sekoia's tasks in the order of submission.
        submitted: How many values Sekoia accepted; None for a file that was not read here.
        progress: The progress that Sekoia reported.
        created, updated, ignored: Sekoia's counts at the end; None if it did not report them.
        confirmed_by: What confirmed the end: ``liveapi``, or ``api`` if the REST API confirmed any part; None if nothing did.
        missing: The first :data:`MOST_MISSING` values that are known not to be in, each with a reason.
        all_missing: All of these; every iteration goes through the values again.
        missing_count: How many there are; None if that could not be found out.
        context_differs_count: How many values are in, but without the context that was sent; None if that was not looked at.
        warnings: What people should know, as sentences.
        failure: What ended the import early; None if nothing did.
    """

    status: Status
    task_ids: tuple[str, ...] = ()
    submitted: int | None = None
    progress: Progress = field(default_factory=Progress)
    created: int | None = None
    updated: int | None = None
    ignored: int | None = None
    confirmed_by: Witness | None = None
    missing: tuple[Missing, ...] = ()
    all_missing: Iterable[Missing] = ()
    missing_count: int | None = None
    context_differs_count: int | None = None
    warnings: tuple[str, ...] = ()
    failure: SekoiaError | None = None

    def with_fewer_differing(self, count: int) -> Outcome:
        """The same, once so many of the values whose context differs were put right in another way."""
        before = self.context_differs_count or 0
        left = max(0, before - count)
        warnings = (_differing(left) if said == _differing(before) else said for said in self.warnings)
        return replace(self, context_differs_count=left, warnings=tuple(said for said in warnings if said))


@dataclass(frozen=True)
class Conclusion:
    """Concludes from everything that is known about an import how it ended.

    Args:
        watch: What was reported, and what was found.
        confirmation: Which values the last look did not find.
        ledger: What was submitted, and what was not.
    """

    watch: ImportWatch
    confirmation: Confirmation
    ledger: Ledger

    def outcome(self, status: Status) -> Outcome:
        """The outcome.

        Args:
            status: ``submitted``, ``incomplete``, or ``completed`` for an import that has ended in any way.
        """
        missing, missing_count = self._missing(), self._missing_count()
        if status == "completed":
            status = self._judged(missing_count)
        if self.ledger.failure is not None and status != "submitted":
            status = "incomplete"
        differs = self._differ()
        return Outcome(
            status=status,
            task_ids=tuple(part.task_id for part in self.watch.submissions if part.task_id is not None),
            submitted=self._submitted(),
            progress=self._progress(),
            **self._counts(),
            confirmed_by=self._witness() if status in ("completed", "partial", "rejected") else None,
            missing=tuple(islice(missing, MOST_MISSING)),
            all_missing=missing,
            missing_count=missing_count,
            context_differs_count=differs,
            warnings=tuple(self._warnings(status, missing_count, differs)),
            failure=self.ledger.failure,
        )

    def _submitted(self) -> int | None:
        """How many values Sekoia accepted, including those that it answered with HTTP 500 and stored anyway."""
        taken, suspected, found = self.ledger.taken, self.ledger.suspected, self.watch.found
        if taken is None or not suspected or found is None or not found.complete:
            return taken
        return taken + len(suspected) - sum(missing.value in suspected for missing in self.confirmation.missing())

    def _missing(self) -> Iterable[Missing]:
        """The values that are known not to be in."""
        if self.watch.found is None or not self.watch.doubts():
            return self.ledger.left_out
        return Again(lambda: chain(self.ledger.left_out, self._not_found()))

    def _not_found(self) -> Iterator[Missing]:
        """The values that the last look did not find. If Sekoia answered with HTTP 500, that is the reason to report."""
        for missing in self.confirmation.missing():
            reason = self.ledger.suspected.get(missing.value) if missing.reason == NOT_THERE else None
            yield Missing(missing.value, reason) if reason else missing

    def _missing_count(self) -> int | None:
        found = self.watch.found
        if not self.watch.doubts():
            return len(self.ledger.left_out)
        if found is None or not found.complete:
            return None
        return len(self.ledger.left_out) + found.tally.expected - found.tally.active

    def _differ(self) -> int | None:
        found = self.watch.found
        if found is None:
            return self.ledger.shown_differing if self.ledger.shown else None
        return self.ledger.shown_differing + found.tally.differing

    def _judged(self, missing_count: int | None) -> Status:
        """The status of an import that has ended."""
        total = (self.ledger.taken or 0) + len(self.ledger.suspected) + len(self.ledger.left_out)
        if missing_count is not None:
            return "completed" if not missing_count else "rejected" if missing_count >= total else "partial"
        if found := self.watch.found:
            if found.tally.all_in() and found.convincing and not self.ledger.left_out:
                return "completed"
            return "partial" if found.tally.active or self.ledger.shown else "rejected"
        if all(part.failed is not None for part in self.watch.submissions):
            return "incomplete"  # it is not known what had arrived before they failed
        if self.ledger.taken is None and self.watch.progress().total == 0:
            return "rejected"
        # For a file that was not read here, there is nothing but the counts; for other values, the counts left a doubt.
        unread = self.ledger.taken is None and not self.ledger.left_out
        return "completed" if unread and self._all_counted() else "partial"

    def _all_counted(self) -> bool:
        """Whether Sekoia counted everything as created or updated."""
        counts, progress = self._counts(), self._progress()
        done = (counts["created"] or 0) + (counts["updated"] or 0)
        return not counts["ignored"] and done >= (progress.total or 1)

    def _warnings(self, status: Status, missing_count: int | None, differs: int | None) -> list[str]:
        said = []
        if missing_count is None and status != "submitted":
            said.append(self._why_not_counted())
        if self.ledger.suspected and self.watch.found is None:
            said.append(self._why_suspected())
        if status == "completed" and not self.watch.refreshed():
            said.append(
                "All indicators are in the collection, but they were there before: Sekoia did not report that it "
                "refreshed them"
            )
        if differs:
            said.append(_differing(differs))
        said += (
            f"Sekoia reported that the import task {part.task_id} failed: {part.failed}"
            for part in self.watch.submissions
            if part.failed is not None
        )
        return said

    def _why_not_counted(self) -> str:
        if self.ledger.taken is None:
            return "It is not known which values are in the collection, since the file was not read here"
        if self.watch.found is not None:
            count = self.watch.found.tally.expected
            values = "1 value was" if count == 1 else f"{count:,} values were"
            return f"Only a sample of {values} looked for in the collection, since looking for all would have taken too long"
        if self.watch.history.denial:
            who = "LiveAPI" if self._witness() == "liveapi" else "Sekoia"
            ended = f"{who} reported that the import ended, but it" if self.watch.ended() else "It"
            return (
                f"{ended} is not known which values are in the collection, since the API key may not read it. "
                f"{str(self.watch.history.denial).rstrip('.')}"
            )
        could_not = "could not be" if self.watch.history.unreadable else "was not"
        return f"It is not known which values are in the collection, since the collection {could_not} read"

    def _why_suspected(self) -> str:
        first, count = next(iter(self.ledger.suspected)), len(self.ledger.suspected)
        values = f"“{shown(first)}”" if count == 1 else f"{count:,} indicators, such as “{shown(first)}”,"
        return f"It is not known whether {values} ended up in the collection: Sekoia could not process the request (HTTP 500)"

    def _progress(self) -> Progress:
        progress, added = self.watch.progress(), self.ledger.shown
        return Progress((progress.imported or 0) + added, (progress.total or 0) + added) if added else progress

    def _counts(self) -> dict[str, int | None]:
        """Sekoia's counts if it reported them for all parts: the sum over some of them would not match the progress."""
        told = [part.counts or part.event for part in self.watch.submissions if not part.suspected]

        def total(name: str) -> int | None:
            counts: list[int] = [count for each in told if (count := getattr(each, name, None)) is not None]
            return sum(counts) if counts and len(counts) == len(told) and not self.ledger.shown else None

        return {name: total(name) for name in ("created", "updated", "ignored")}

    def _witness(self) -> Witness:
        witnesses = {part.ended_by for part in self.watch.submissions}
        return "liveapi" if witnesses == {"liveapi"} else "api"


def _differing(count: int) -> str:
    """How many values are in with another context than was asked for, as a sentence; empty for none."""
    if not count:
        return ""
    are = "1 value is" if count == 1 else f"{count:,} values are"
    return f"{are} in the collection with a different validity, description, kill chain phase or threat than requested"
