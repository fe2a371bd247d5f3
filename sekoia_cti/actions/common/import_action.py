"""What the import actions share: their results, and the flow from an open client to a conclusion."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from sekoia_cti.actions.common.arguments import WaitArguments
from sekoia_cti.actions.common.bounds import IDS, REASONED, whole_list
from sekoia_cti.actions.common.endings import completion, incompletion, named_missing, partial, rehearsal, rejection
from sekoia_cti.actions.common.progress import ProgressLog
from sekoia_cti.actions.common.reports import FailedList
from sekoia_cti.actions.common.validity import ValidityArguments
from sekoia_cti.client.errors import SekoiaError
from sekoia_cti.client.importing.importer import Importer
from sekoia_cti.client.importing.missing import Missing
from sekoia_cti.client.importing.outcome import Outcome, Status
from sekoia_cti.client.importing.requests import LINES
from sekoia_cti.client.phases import PhaseFinder
from sekoia_cti.client.wire import Context
from sekoia_cti.indicators.account_of_values import Account
from sekoia_cti.indicators.again import Again
from sekoia_cti.platform.action import SekoiaAction
from sekoia_cti.platform.forms import ResultsForm

__all__ = ["ImportAction", "ImportArguments", "ImportResults"]


class ImportArguments(WaitArguments, ValidityArguments):
    """The arguments that all imports have, besides the sources."""

    dry_run: bool = Field(
        default=False,
        title="Dry run",
        description="Import nothing, and report what would be imported and how much of it is already in the "
        "collection",
    )


class ImportResults(ResultsForm):
    """The results of all imports."""

    # Unlike other models, this one is built at import time: once the last event has come, a playbook is waiting for
    # these.
    model_config = ConfigDict(defer_build=False)

    status: Status | Literal["dry_run"] = Field(
        title="Status",
        description="completed: every indicator is in the collection; partial: the import ended, but some are not; "
        "rejected: it ended, and none is; incomplete: the import is not known to have ended in time, or some "
        "indicators could not be submitted; submitted: accepted by Sekoia, without waiting for the end; dry_run: "
        "nothing was sent",
    )
    collection_id: str = Field(title="IOC collection", description="Id of the IOC collection")
    task_ids: list[str] = Field(title="Tasks", description="Ids of Sekoia's import tasks, the first 1,000 of them")
    task_ids_count: int = Field(title="Tasks count", description="How many tasks there are")
    submitted: int | None = Field(
        title="Submitted", description="Indicators that Sekoia accepted; null for a file that could not be read here"
    )
    imported: int | None = Field(
        title="Imported", description="Indicators that Sekoia has processed, as reported by Sekoia"
    )
    total: int | None = Field(title="Total", description="Indicators to process, as reported by Sekoia")
    confirmed_by: Annotated[str, Field(json_schema_extra={"enum": ["liveapi", "api"]})] | None = Field(
        title="Confirmed by",
        description="What confirmed the end: liveapi, Sekoia's own event; api, the state of the task or of the "
        "collection; null if nothing did",
    )
    created: int | None = Field(
        title="Created", description="Indicators that are new in the collection, if Sekoia reported them"
    )
    updated: int | None = Field(
        title="Updated", description="Indicators that already existed and were updated, if Sekoia reported them"
    )
    ignored: int | None = Field(
        title="Ignored",
        description="Indicators that Sekoia ignored, if it reported them: it could not use them, or they already "
        "existed",
    )
    missing: FailedList = Field(
        title="Missing",
        description="The first 100 indicators that are not in the collection, with value and reason: refused by Sekoia, "
        "revoked or expired there, damaged, or not submitted",
    )
    missing_count: int | None = Field(
        title="Missing count",
        description="How many such indicators there are; null if that could not be determined",
    )
    missing_path: str | None = Field(
        title="Missing file",
        description="All such indicators that are known, as a JSON list of the same objects in a file in the "
        "playbook's storage; null if “Missing” contains them all",
    )
    context_differs_count: int | None = Field(
        title="Context differs count",
        description="Indicators that are in the collection with a different validity, description, kill chain phase "
        "or threat than requested; null if the collection was not read",
    )
    would_import: int | None = Field(
        title="Would import", description="In a dry run: how many indicators would be sent; null otherwise"
    )
    already_in: int | None = Field(
        title="Already in",
        description="In a dry run: how many of them are already in the collection, neither revoked nor expired; null "
        "otherwise, or if the collection could not be read",
    )
    already_inactive: int | None = Field(
        title="Already inactive",
        description="In a dry run: how many of them are in the collection, but revoked or expired; null otherwise, or "
        "if the collection could not be read",
    )


class ImportAction(SekoiaAction):
    """An import: LiveAPI is connected before anything is submitted, and one deadline applies to all of it."""

    lines_per_task: ClassVar[int] = LINES
    as_results: Callable[..., ResultsForm] | None = None
    """Turns the results that all imports have into those of the action; set before anything is submitted."""

    _importer: Importer | None = None

    @contextmanager
    def importer(self, arguments: ImportArguments, collection_id: str) -> Iterator[Importer]:
        """An importer that is ready for submissions.

        Args:
            arguments: The action's.
            collection_id: Where the indicators go.

        Raises:
            SekoiaError: Sekoia cannot be reached, refuses the key, or does not know the collection.
        """
        with ExitStack() as stack:
            sekoia = stack.enter_context(self.sekoia())
            live = stack.enter_context(sekoia.live()) if arguments.wait and not arguments.dry_run else None
            rest = sekoia.rest
            # Detects a wrong id or key before anything is uploaded, and learns Sekoia's clock; LiveAPI connects
            # meanwhile.
            collection = rest.collection(collection_id)
            context = arguments.context(PhaseFinder(rest.kill_chains))
            self.warn_of_limited_matching([context])
            if context.valid_until and context.valid_until <= (rest.server_time() or datetime.now(UTC)):
                self.tell("valid_until is in the past: expired indicators detect nothing", "warning")
            importer = sekoia.importer(
                rest,
                live,
                collection,
                context,
                on_progress=ProgressLog(self.tell),
                on_warning=self.warn,
                lines=self.lines_per_task,
            )
            self._importer = importer
            yield importer

    def leave(self, why: SekoiaError) -> BaseModel | None:
        """Report what was submitted before something hung, and what is known about it."""
        importer, as_results = self._importer, self.as_results
        if importer is None or as_results is None or not (outcome := importer.leave(why)).submitted:
            return super().leave(why)
        self.tell_how_it_ended(outcome, outcome.status, round(self.deadline.seconds))
        # The storage may be what hangs, so nothing is written.
        return as_results(**self.told(importer, outcome, outcome.status), missing_path=None)

    def rehearse(self, importer: Importer, groups: Iterable[tuple[Context, Sequence[str] | Again]]) -> dict[str, Any]:
        """Report what an import would do, and return the results that all imports have.

        Args:
            importer: An importer to which nothing was submitted.
            groups: Contexts, each with the values that would be sent with it, in the form in which they would be sent.
        """
        found = importer.rehearse(groups)
        self.tell(rehearsal(found, importer.collection_id), "info" if found.active is not None else "warning")
        missing = [_listed(missing) for missing in importer.missing]
        return _NOTHING_SENT | {
            "status": "dry_run",
            "collection_id": importer.collection_id,
            "imported": None,
            "total": None,
            "missing": missing[:REASONED],
            "missing_count": len(missing),
            "missing_path": whole_list(self, "missing", missing, listed=REASONED),
            "context_differs_count": found.differing,
            "would_import": found.count,
            "already_in": found.active,
            "already_inactive": found.inactive,
        }

    def nothing_left(self, collection_id: str, account: Account) -> dict[str, Any]:
        """The results of an import in which every indicator is excluded or known to be good, so that nothing is left
        to import.

        That is not an error: a feed with nothing new to block must not get its playbook turned off.

        Args:
            collection_id: Where the indicators would have gone.
            account: How the values were read.
        """
        self.tell("Nothing was imported: every indicator is excluded, or known to be good and left out", "warning")
        return _NOTHING_SENT | {
            "status": "partial" if account.mostly_unrecognized else "completed",
            "collection_id": collection_id,
        }

    def warn_of_limited_matching(self, contexts: Iterable[Context]) -> None:
        """Warn if a kill chain phase limits what IP addresses match."""
        if any(context.limits_ip_matching() for context in contexts):
            self.tell(
                "The kill chain phase command-and-control limits the matching of IP addresses to destination.ip",
                "warning",
            )

    def conclude(
        self, importer: Importer, arguments: ImportArguments, *, mostly_unrecognized: bool = False
    ) -> dict[str, Any]:
        """Wait for the end, report how it ended, and return the results that all imports have.

        Args:
            importer: An importer to which everything was submitted.
            arguments: The action's.
            mostly_unrecognized: Whether more values were left out because they are not indicators than were sent; this
                makes an import partial.
        """
        outcome = importer.finish()
        status = "partial" if mostly_unrecognized and outcome.status == "completed" else outcome.status
        self.tell_how_it_ended(outcome, status, arguments.timeout)
        missing = Again(lambda: map(_listed, outcome.all_missing))
        path = whole_list(self, "missing", missing, listed=REASONED)
        return self.told(importer, outcome, status) | {"missing_path": path}

    def told(self, importer: Importer, outcome: Outcome, status: Status) -> dict[str, Any]:
        """The results that all imports have, from an outcome, without the file of missing values."""
        return {
            "status": status,
            "collection_id": importer.collection_id,
            "task_ids": list(outcome.task_ids[:IDS]),
            "task_ids_count": len(outcome.task_ids),
            "submitted": outcome.submitted,
            "imported": outcome.progress.imported,
            "total": outcome.progress.total,
            "confirmed_by": outcome.confirmed_by,
            "created": outcome.created,
            "updated": outcome.updated,
            "ignored": outcome.ignored,
            "missing": [_listed(missing) for missing in outcome.missing],
            "missing_count": outcome.missing_count,
            "context_differs_count": outcome.context_differs_count,
            **dict.fromkeys(_OF_A_DRY_RUN),
        }

    def tell_how_it_ended(self, outcome: Outcome, status: Status, timeout: int) -> None:
        """Report how an import ended; anything worse than partial is the node's error.

        Args:
            outcome: How it ended.
            status: How it ended.
            timeout: The seconds that it had.
        """
        for warning in outcome.warnings:
            self.tell(warning, "warning")
        if status == "submitted":
            self.tell("Sekoia accepted the import, which continues by itself")
            if outcome.missing:
                self.tell(f"Some of the indicators could not be submitted: {named_missing(outcome)}", "warning")
        elif status == "completed":
            self.tell(completion(outcome))
        elif status == "partial":
            self.tell(partial(outcome), "warning")
        else:
            self.error(rejection(outcome) if status == "rejected" else incompletion(outcome, timeout))


_OF_A_DRY_RUN = ("would_import", "already_in", "already_inactive")

_NOTHING_SENT: dict[str, Any] = {
    "task_ids": [],
    "task_ids_count": 0,
    "submitted": 0,
    "imported": 0,
    "total": 0,
    "confirmed_by": None,
    "created": 0,
    "updated": 0,
    "ignored": 0,
    "missing": [],
    "missing_count": 0,
    "missing_path": None,
    "context_differs_count": 0,
    **dict.fromkeys(_OF_A_DRY_RUN),
}


def _listed(missing: Missing) -> dict[str, str]:
    return {"value": missing.value, "reason": missing.reason}
