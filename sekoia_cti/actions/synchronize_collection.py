"""Synchronize an IOC collection with a feed: new indicators are added, due ones are refreshed, and those that left are
removed."""

from collections.abc import Iterable
from contextlib import ExitStack
from itertools import chain, islice
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BaseModel, BeforeValidator, Field

from sekoia_cti.actions.common.arguments import Timeout
from sekoia_cti.actions.common.bounds import IDS, REASONED, list_files, whole_list
from sekoia_cti.actions.common.feed_arguments import FeedResults
from sekoia_cti.actions.common.feed_reading import FeedAction, GuardedFeedArguments, ReadFeed
from sekoia_cti.actions.common.guard_forms import GuardResults
from sekoia_cti.actions.common.import_action import ImportAction
from sekoia_cti.actions.common.progress import ProgressLog
from sekoia_cti.actions.common.reports import FailedList
from sekoia_cti.actions.common.value_lists import first_values, listed_values
from sekoia_cti.client.errors import DeadlinePassed, SekoiaError
from sekoia_cti.client.importing.missing import Missing
from sekoia_cti.client.phases import PhaseFinder
from sekoia_cti.client.sekoia import Sekoia
from sekoia_cti.client.synchronizing.comparison import Refresh
from sekoia_cti.client.synchronizing.removal import Removal
from sekoia_cti.client.synchronizing.synchronizer import Plan, Rules, Synchronizer, WhatLeaves
from sekoia_cti.client.wire import Collection, Context
from sekoia_cti.indicators.again import Again
from sekoia_cti.indicators.display import counted, shown
from sekoia_cti.platform.forms import ResultsForm

__all__ = ["SynchronizeCollection", "SynchronizeCollectionArguments", "SynchronizeCollectionResults"]


def _percent(value: object) -> object:
    """A percentage, with or without its sign."""
    return value.strip().removesuffix("%").strip() if isinstance(value, str) else value


class SynchronizeCollectionArguments(GuardedFeedArguments):
    """Where the feed comes from, the context of its indicators, and what happens to those that left it."""

    removed: WhatLeaves = Field(
        default="expire",
        title="Removed",
        description="What happens to indicators of the collection that are not in the feed: expire ends their "
        "validity now; revoke revokes them, which cannot be undone and takes one request per indicator; keep leaves "
        "them in place",
    )
    most_removed: Annotated[int, BeforeValidator(_percent)] = Field(
        default=20,
        title="Most removed",
        description="The percentage of the active indicators that one run may remove; it applies from 10 removals on. "
        "Above it, nothing is removed and the action ends with an error, so that an empty or truncated feed does not "
        "empty the collection",
        ge=0,
        le=100,
    )
    refresh: Refresh = Field(
        default="when_due",
        title="Refresh",
        description="When an indicator that is still in the feed is sent again: when_due, once half of its validity "
        "is over, or if its description, kill chain phases, threats, or the validity given by the feed differ; "
        "always; never",
    )
    dry_run: bool = Field(default=False, title="Dry run", description="Change nothing, and report what would be done")
    timeout: Timeout = 900


_HOW_MANY = "How many there are"


def _path(name: str) -> str:
    return (
        f"All of “{name}” if there are more than 100, as a JSON list in a file in the playbook's storage; otherwise "
        "null"
    )


class ChangeResults(ResultsForm):
    """What was done, or would be done."""

    status: Literal["completed", "partial", "rejected", "incomplete", "dry_run"] = Field(
        title="Status",
        description="completed: the collection matches the feed; partial: some indicators of the feed are not in it, "
        "or some still have to be removed; rejected: Sekoia accepted nothing of what was sent; incomplete: the run is "
        "not known to have ended in time, or some indicators could not be submitted; dry_run: nothing was sent",
    )
    collection_id: str = Field(title="IOC collection", description="Id of the IOC collection")
    task_ids: list[str] = Field(title="Tasks", description="Ids of Sekoia's import tasks, the first 1,000 of them")
    task_ids_count: int = Field(title="Tasks count", description="How many tasks there are")
    added: list[str] = Field(title="Added", description="The first 100 indicators that are new in the collection")
    added_count: int = Field(title="Added count", description=_HOW_MANY)
    added_path: str | None = Field(title="Added file", description=_path("Added"))
    refreshed: list[str] = Field(title="Refreshed", description="The first 100 indicators that were sent again")
    refreshed_count: int = Field(title="Refreshed count", description=_HOW_MANY)
    refreshed_path: str | None = Field(title="Refreshed file", description=_path("Refreshed"))
    unchanged: list[str] = Field(
        title="Unchanged",
        description="The first 100 indicators of the feed that are up to date, and were not sent",
    )
    unchanged_count: int = Field(title="Unchanged count", description=_HOW_MANY)
    removed: list[str] = Field(
        title="Removed",
        description="The first 100 indicators that were not in the feed, and are now expired or revoked",
    )
    removed_count: int = Field(title="Removed count", description=_HOW_MANY)
    removed_path: str | None = Field(title="Removed file", description=_path("Removed"))
    would_add: list[str] = Field(
        title="Would add", description="In a dry run, the first 100 indicators that would be added"
    )
    would_add_count: int = Field(title="Would add count", description=_HOW_MANY)
    would_add_path: str | None = Field(title="Would add file", description=_path("Would add"))
    would_refresh: list[str] = Field(
        title="Would refresh", description="In a dry run, the first 100 indicators that would be sent again"
    )
    would_refresh_count: int = Field(title="Would refresh count", description=_HOW_MANY)
    would_refresh_path: str | None = Field(title="Would refresh file", description=_path("Would refresh"))
    would_remove: list[str] = Field(
        title="Would remove", description="In a dry run, the first 100 indicators that would be removed"
    )
    would_remove_count: int = Field(title="Would remove count", description=_HOW_MANY)
    would_remove_path: str | None = Field(title="Would remove file", description=_path("Would remove"))
    remaining: list[str] = Field(
        title="Remaining",
        description="The first 100 indicators that are not in the feed but were not removed, because time ran out, "
        "Sekoia refused, or there were too many; the next run continues with them",
    )
    remaining_count: int = Field(title="Remaining count", description=_HOW_MANY)
    remaining_path: str | None = Field(title="Remaining file", description=_path("Remaining"))
    limit_hit: bool = Field(
        title="Limit hit",
        description="Whether nothing was removed because that would have exceeded most_removed",
    )
    revoked: list[str] = Field(
        title="Revoked",
        description="The first 100 indicators of the feed that are revoked in the collection, and therefore were not sent",
    )
    revoked_count: int = Field(title="Revoked count", description=_HOW_MANY)
    revoked_path: str | None = Field(title="Revoked file", description=_path("Revoked"))
    missing: FailedList = Field(
        title="Missing",
        description="The first 100 indicators of the feed that were sent but are not in the collection, with value "
        "and reason",
    )
    missing_count: int | None = Field(
        title="Missing count", description="How many there are; null if that could not be determined"
    )
    missing_path: str | None = Field(title="Missing file", description=_path("Missing"))
    context_differs_count: int | None = Field(
        title="Context differs count",
        description="Indicators that were sent and are in the collection with a different validity, description, kill chain "
        "phase or threat than the feed says; null if the collection was not read after sending",
    )
    failed: FailedList = Field(
        title="Failed", description="The first 100 indicators that Sekoia refused to remove, with value and reason"
    )
    failed_count: int = Field(title="Failed count", description=_HOW_MANY)
    failed_path: str | None = Field(title="Failed file", description=_path("Failed"))


class SynchronizeCollectionResults(GuardResults, FeedResults, ChangeResults):
    """What was done, and how the feed was read."""


class _Work(NamedTuple):
    """A run that has begun to change the collection."""

    arguments: SynchronizeCollectionArguments
    read: ReadFeed
    plan: Plan
    synchronizer: Synchronizer


class SynchronizeCollection(ImportAction, FeedAction):
    """Synchronize an IOC collection.

    If a run ends early, the next one does the rest: every run compares the current collection with the current feed.
    """

    name = "Synchronize an IOC collection"
    description = (
        "Make an IOC collection follow a feed: new indicators are added, due ones are refreshed, and those that the "
        "feed no longer contains are removed, no matter who added them, so a collection should follow only one feed"
    )
    results_model = SynchronizeCollectionResults
    _work: _Work | None = None
    _keeps = True  # False after a hang: the storage may be what hangs, so nothing is written

    def run(self, arguments: SynchronizeCollectionArguments) -> SynchronizeCollectionResults:
        """Read the feed and the collection, compare them, and make the collection follow."""
        with ExitStack() as stack:
            sekoia = stack.enter_context(self.sekoia())
            rest = sekoia.rest
            # Detects a wrong id or key before anything is read.
            collection = rest.collection(arguments.collection_id)
            phases = PhaseFinder(rest.kill_chains)
            # Validity that counts from now is not compared; it is added to what is sent.
            context = arguments.model_copy(update={"valid_for": None}).context(phases)
            self.warn_of_limited_matching([context])
            read = self.read_feed(arguments, context, phases, stack)
            synchronizer = self._synchronizer(sekoia, collection, arguments, read, context)
            plan = synchronizer.plan()
            self._tell_of_plan(plan, read)
            if arguments.dry_run:
                return self._would(arguments, read, plan)
            self._work = _Work(arguments, read, plan, synchronizer)
            sent = synchronizer.send(plan) if plan.groups else None
            if sent is not None:
                self.tell_how_it_ended(sent.outcome, sent.outcome.status, arguments.timeout)
            ended = sent is None or sent.outcome.status != "incomplete"
            if plan.leaving and ended:
                synchronizer.remove(plan)
        return self._did(self._work)

    def leave(self, why: SekoiaError) -> BaseModel | None:
        """Report what was done before something hung."""
        if self._work is None:
            return super().leave(why)
        self._work.synchronizer.leave(self._work.plan, why)
        self._keeps = False
        results = self._did(self._work)
        if str(why) not in (self.error_message or ""):
            self._also(str(why))
        return results

    def _synchronizer(
        self,
        sekoia: Sekoia,
        collection: Collection,
        arguments: SynchronizeCollectionArguments,
        read: ReadFeed,
        context: Context,
    ) -> Synchronizer:
        return Synchronizer(
            sekoia.rest,
            sekoia.live,
            collection,
            read.feed,
            context=context,
            rules=Rules(
                lasts=arguments.lasts,
                refresh=arguments.refresh,
                leaves=arguments.removed,
                most_removed=arguments.most_removed,
            ),
            patience=self.patience,
            on_progress=lambda done: ProgressLog(self.tell, done=done),
            on_warning=lambda sentence: self.tell(sentence, "warning"),
            mostly_unrecognized=read.mostly_unrecognized,
            lines=self.lines_per_task,
        )

    # Telling

    def _tell_of_plan(self, plan: Plan, read: ReadFeed) -> None:
        self.tell(
            f"The feed contains {counted(len(read.feed.values))}: {len(plan.new):,} to add, {len(plan.due):,} to "
            "refresh, "
            f"{len(plan.unchanged):,} to leave unchanged; the collection contains {counted(plan.active, 'active indicator')}, "
            f"{len(plan.left):,} of them not in the feed"
        )
        if plan.revoked:
            are, they_are = ("is", "it is") if len(plan.revoked) == 1 else ("are", "they are")
            self.tell(
                f"{counted(len(plan.revoked))} of the feed {are} revoked in the collection, so {they_are} not sent: "
                f"{_named([read.feed.values[place] for place in plan.revoked])}",
                "warning",
            )

    def _would(
        self, arguments: SynchronizeCollectionArguments, read: ReadFeed, plan: Plan
    ) -> SynchronizeCollectionResults:
        leaving = [each.value for each in plan.leaving]
        if plan.limit_hit:
            self.tell(_limit(arguments, read, plan), "warning")
        removed = 0 if plan.limit_hit else len(leaving)
        self.tell(
            f"Dry run: nothing was changed; {len(plan.new):,} would be added, {len(plan.due):,} refreshed, and "
            f"{removed:,} removed"
        )
        return self._told(
            arguments,
            read,
            plan,
            status="dry_run",
            missing=list(map(_reasoned, read.damaged[:REASONED])),
            missing_count=len(read.damaged),
            missing_path=self._file("missing", map(_reasoned, read.damaged)),
            would_add=[read.feed.values[place] for place in plan.new],
            would_refresh=[read.feed.values[place] for place in plan.due],
            would_remove=[] if plan.limit_hit else leaving,
            remaining=leaving if plan.limit_hit else [],
        )

    def _did(self, work: _Work) -> SynchronizeCollectionResults:
        arguments, read, plan, synchronizer = work
        sent, removal = synchronizer.sent, synchronizer.removal
        values, not_in = read.feed.values, sent.not_in if sent else frozenset()
        added = [values[place] for place in plan.new if place not in not_in]
        refreshed = [values[place] for place in plan.due if place not in not_in]
        removed = [each.value for each in removal.removed] if removal else []
        remaining = [each.value for each in (removal.remaining if removal else plan.leaving)]
        self.tell(
            f"{len(added):,} added, {len(refreshed):,} refreshed, {len(plan.unchanged):,} unchanged, {len(removed):,} removed "
            f"in {arguments.collection_id}"
        )
        if plan.limit_hit:
            self._also(_limit(arguments, read, plan))
        elif removal and remaining:
            self._tell_of_remaining(removal)
        status = sent.outcome.status if sent else "completed"
        if status == "completed" and (remaining or read.damaged or read.mostly_unrecognized):
            status = "partial"
        outcome = sent.outcome if sent else None
        task_ids = [*(outcome.task_ids if outcome else ()), *(removal.task_ids if removal else ())]
        failed = list(map(_reasoned, removal.failed if removal else ()))
        missing = Again(lambda: map(_reasoned, chain(read.damaged, outcome.all_missing if outcome else ())))
        missing_count = outcome.missing_count if outcome else 0
        return self._told(
            arguments,
            read,
            plan,
            status=status,
            task_ids=task_ids[:IDS],
            task_ids_count=len(task_ids),
            missing=list(islice(missing, REASONED)),
            missing_count=None if missing_count is None else missing_count + len(read.damaged),
            missing_path=self._file("missing", missing),
            context_differs_count=outcome.context_differs_count if outcome else 0,
            failed=failed[:REASONED],
            failed_count=len(failed),
            failed_path=self._file("failed", failed),
            added=added,
            refreshed=refreshed,
            removed=removed,
            remaining=remaining,
        )

    def _tell_of_remaining(self, removal: Removal) -> None:
        count = len(removal.remaining)
        left = f"{counted(count)} that the feed no longer contains {'is' if count == 1 else 'are'} still active"
        if removal.failure is not None and not isinstance(removal.failure, DeadlinePassed):
            self._also(f"{left}, as far as is known, and the next run continues from there. {removal.failure}")
            return
        refused = removal.failed and removal.failure is None
        why = removal.failed[0].reason.rstrip(".") if refused else "time ran out"
        self.tell(f"{left} ({why}): the next run continues from there", "warning")

    def _also(self, sentence: str) -> None:
        """Add this to the node's error."""
        self.error(f"{self.error_message} {sentence}" if self.error_message else sentence)

    def _told(
        self, arguments: SynchronizeCollectionArguments, read: ReadFeed, plan: Plan, **told: Any
    ) -> SynchronizeCollectionResults:
        nothing: dict[str, Any] = {"task_ids": [], "task_ids_count": 0}
        nothing |= {"missing": [], "missing_count": 0, "missing_path": None, "context_differs_count": None}
        nothing |= {"failed": [], "failed_count": 0, "failed_path": None}
        results = nothing | told | read.told
        results |= list_files(self, read.lists) if self._keeps else {f"{name}_path": None for name in read.lists}
        for name in _LISTS:
            results |= listed_values(self, name, told.get(name, []), keep=self._keeps)
        values = read.feed.values
        results |= listed_values(self, "revoked", [values[place] for place in plan.revoked], keep=self._keeps)
        results |= first_values("unchanged", [values[place] for place in plan.unchanged])
        return SynchronizeCollectionResults(collection_id=arguments.collection_id, limit_hit=plan.limit_hit, **results)

    def _file(self, name: str, items: Iterable[Any]) -> str | None:
        return whole_list(self, name, items, listed=REASONED) if self._keeps else None


_LISTS = ("added", "refreshed", "removed", "would_add", "would_refresh", "would_remove", "remaining")
"""Results that go into files if they are long."""


def _limit(arguments: SynchronizeCollectionArguments, read: ReadFeed, plan: Plan) -> str:
    share = f"{len(plan.leaving):,} of the collection's {counted(plan.active, 'active indicator')}"
    share += f" ({len(plan.leaving) / plan.active:.0%})"
    if read.feed.values and read.mostly_unrecognized and not (plan.unchanged or plan.due):
        why = (
            "would be removed, since the feed contains none of them, and most of its values are not indicators: such "
            "a feed removes nothing unless most_removed is 100"
        )
    elif read.feed.values:
        why = f"are not in the feed, but most_removed allows only {arguments.most_removed}%"
    elif read.told["excluded_count"] or read.told["left_out_count"]:
        why = (
            "would go, since all indicators of the feed are excluded or left out: such a feed removes nothing, unless "
            "most_removed is 100"
        )
    else:
        why = (
            "would be removed, since the feed contains no indicators: an empty feed removes nothing unless "
            "most_removed is 100"
        )
    return (
        f"Nothing was removed: {share} {why}. Check that the feed is complete; if it is, run the action once with a higher "
        "most_removed."
    )


def _reasoned(missing: Missing) -> dict[str, str]:
    return {"value": shown(missing.value), "reason": missing.reason}


def _named(values: list[str]) -> str:
    more = f" and {len(values) - 3:,} more" if len(values) > 3 else ""
    return ", ".join(map(shown, values[:3])) + more
