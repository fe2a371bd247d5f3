"""What the import actions share: their results, and the flow from an open client to a conclusion."""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Literal

from pydantic import ConfigDict, Field

from sekoia_cti.actions.common.arguments import ContextArguments, WaitArguments
from sekoia_cti.actions.common.progress import ProgressLog
from sekoia_cti.client.errors import DeadlinePassed, Interrupted, LimitExceeded, Refused, RequestError, SekoiaError
from sekoia_cti.client.importing.importer import Importer, Outcome, Progress
from sekoia_cti.client.waiting import Deadline
from sekoia_cti.client.wire import Context, Count
from sekoia_cti.platform.action import SekoiaAction
from sekoia_cti.platform.forms import ResultsForm

__all__ = ["ImportAction", "ImportArguments", "ImportResults", "explained"]


class ImportArguments(WaitArguments, ContextArguments):
    """What all imports take, besides where the indicators are."""


class ImportResults(ResultsForm):
    """What all imports tell."""

    # Built at the start, unlike other models: when the last event has come, a playbook waits for these.
    model_config = ConfigDict(defer_build=False)

    status: Literal["completed", "incomplete", "submitted"] = Field(
        title="Status",
        description="completed: everything is in the collection; incomplete: not confirmed in time; submitted: accepted "
        "by Sekoia and not waited for",
    )
    collection_id: str = Field(title="IOC collection", description="Id of the IOC collection")
    task_ids: list[str] = Field(title="Tasks", description="Ids of Sekoia's import tasks")
    submitted: int | None = Field(
        title="Submitted", description="Indicators sent; null for a file that could not be read here"
    )
    imported: int | None = Field(
        title="Imported", description="Indicators that Sekoia has worked through, as far as it told"
    )
    total: int | None = Field(title="Total", description="Indicators to work through, as far as Sekoia told")
    confirmed_by: Literal["liveapi", "api"] | None = Field(
        title="Confirmed by",
        description="What confirmed the end: liveapi, Sekoia's own event; api, the state of the collection; null when "
        "nothing did",
    )
    created: int | None = Field(
        title="Created", description="Indicators that are new in the collection, if Sekoia told"
    )
    updated: int | None = Field(
        title="Updated", description="Indicators that were there and were updated, if Sekoia told"
    )
    ignored: int | None = Field(title="Ignored", description="Lines that Sekoia could not use, if it told")


class ImportAction(SekoiaAction):
    """An import: LiveAPI is connected before anything is submitted, and one deadline holds for all of it."""

    @contextmanager
    def importer(self, arguments: ImportArguments, collection_id: str) -> Iterator[Importer]:
        """An importer that is ready for submissions.

        Args:
            arguments: The action's.
            collection_id: Where the indicators go.

        Raises:
            SekoiaError: Sekoia cannot be reached, refuses the key, or does not know the collection.
        """
        deadline = Deadline(arguments.timeout)
        with ExitStack() as stack:
            collections = stack.enter_context(self.rest(deadline))
            live = stack.enter_context(self.live()) if arguments.wait else None
            # Tells a wrong id or key before anything is uploaded, and what time it is at Sekoia; LiveAPI connects meanwhile.
            collection = collections.collection(collection_id)
            context = arguments.context(collections.kill_chains)
            self.warn_of_limited_matching([context])
            importer = Importer(
                collections=collections,
                live=live,
                collection=collection,
                context=context,
                deadline=deadline,
                patience=self.patience,
                on_progress=ProgressLog(self.tell),
            )
            if (unreachable := importer.connect()) is not None:
                self.tell(f"{unreachable} The import goes on and will be confirmed over the REST API.", "warning")
            yield importer

    def warn_of_limited_matching(self, contexts: Iterable[Context]) -> None:
        """Say so where a phase narrows what IP addresses match."""
        if any(context.limits_ip_matching() for context in contexts):
            self.tell(
                "The kill chain phase command-and-control limits the matching of IP addresses to destination.ip",
                "warning",
            )

    def held(self, importer: Importer, new: int) -> Count | None:
        """What the community holds, with a warning when the import may pass its limit; None where Sekoia does not tell.

        Args:
            importer: That the indicators go through.
            new: Indicators to be added, at the most.
        """
        try:
            held = importer.collections.count(importer.collection.community_uuid)
        except RequestError:
            return None  # it may take another permission, and the import does not depend on it
        if held.count + new > held.max:
            self.tell(
                f"The import may pass the limit: the community holds {held.count:,} of at most {held.max:,} indicators, and "
                f"up to {new:,} are to be added",
                "warning",
            )
        return held

    def conclude(
        self,
        importer: Importer,
        arguments: ImportArguments,
        *,
        submitted: int | None,
        left_out: str | None = None,
        stopped_by: SekoiaError | None = None,
    ) -> ImportResults:
        """Wait for the end if that is wanted, and tell how it ended; an import that was not confirmed is an error too.

        Args:
            importer: With everything submitted.
            arguments: The action's.
            submitted: Indicators sent, or None where that is not known.
            left_out: What could not be submitted, as a sentence; it makes the import incomplete.
            stopped_by: Why it could not; an :exc:`Interrupted` means that nothing is to be waited for.
        """
        failure: SekoiaError | None = stopped_by if isinstance(stopped_by, Interrupted) and arguments.wait else None
        try:
            outcome = importer.watch.outcome() if failure else importer.finish()
        except SekoiaError as error:
            outcome, failure = importer.watch.outcome(), error
        status: Literal["completed", "incomplete", "submitted"] = "completed" if outcome.completed else "incomplete"
        complaints = [left_out] if left_out else []
        if stopped_by and stopped_by is not failure:
            complaints.append(str(stopped_by))
        if not arguments.wait:
            status = "submitted"
            self.tell("Sekoia accepted the import, which goes on by itself")
        elif outcome.completed:
            self.tell(_completion(outcome))
            total = outcome.progress.total
            if submitted is not None and total is not None and total < submitted:
                self.tell(
                    f"Sekoia counted {total:,} of the {submitted:,} indicators that were sent: the others repeat these, or "
                    "are none that it takes",
                    "warning",
                )
        else:
            complaints.append(_incompletion(outcome.progress, failure, arguments.timeout))
        if left_out:
            status = "incomplete"
        if complaints:
            self.error(" ".join(complaints))
        return ImportResults(
            status=status,
            collection_id=importer.collection_id,
            task_ids=list(outcome.task_ids),
            submitted=submitted,
            imported=outcome.progress.imported,
            total=outcome.progress.total,
            confirmed_by=outcome.confirmed_by,
            created=outcome.created,
            updated=outcome.updated,
            ignored=outcome.ignored,
        )


def explained(error: SekoiaError, held: Count | None, new: int) -> SekoiaError:
    """The refusal of more than the community can hold, with its figures; any other error as it is."""
    if isinstance(error, Refused) and held and held.count + new > held.max:
        return LimitExceeded(
            error.doing, status=error.status, message=error.message, count=held.count, limit=held.max, new=new
        )
    return error


def _completion(outcome: Outcome) -> str:
    parts = [
        f"{count:,} {what}"
        for what in ("created", "updated", "ignored")
        if (count := getattr(outcome, what)) is not None
    ]
    counts = f" ({', '.join(parts)})" if parts else ""
    if outcome.progress.total is None:
        return f"The import is complete, as the state of the collection shows{counts}"
    by = ", as the state of the collection shows" if outcome.confirmed_by == "api" else ""
    imported = f"Imported {outcome.progress.imported:,} of {outcome.progress.total:,} indicators"
    return f"{imported}, the import is complete{by}{counts}"


def _incompletion(progress: Progress, failure: SekoiaError | None, timeout: int) -> str:
    if progress.total is None:
        so_far = "Sekoia has not told any progress yet"
    else:
        so_far = f"{progress.imported:,} of {progress.total:,} indicators were imported so far"
    advice = "the import goes on in Sekoia, so look into the collection before running the action again"
    if failure is None or isinstance(failure, DeadlinePassed):
        what = f"The import was not confirmed within the timeout of {timeout:,} seconds"
        return f"{what}: {so_far}; {advice} with a longer timeout."
    return f"The import could not be followed to its end: {so_far}; {advice}. {failure}"
