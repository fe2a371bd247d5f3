"""Import indicators one by one: values or objects that each bring a context of their own, as enrichments give them."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from sekoia_cti.actions.common.arguments import CollectionArguments, ReadingArguments
from sekoia_cti.actions.common.import_action import ImportAction, ImportArguments, ImportResults, explained
from sekoia_cti.actions.common.items import ItemReading, Request, read_items, requests_for
from sekoia_cti.actions.common.jinja import as_list
from sekoia_cti.actions.common.reports import (
    FailedList,
    TypeCounts,
    UnrecognizedList,
    listed,
    refuse_doubtful,
    warnings,
)
from sekoia_cti.actions.common.sources import read_list
from sekoia_cti.client.errors import LimitExceeded, Refused, SekoiaError
from sekoia_cti.client.importing.importer import Importer
from sekoia_cti.client.wire import Accepted, Count, Indicator
from sekoia_cti.indicators.errors import InputError
from sekoia_cti.indicators.matching import identity
from sekoia_cti.indicators.text import sample
from sekoia_cti.platform import storage

__all__ = ["ImportIndicators", "ImportIndicatorsArguments", "ImportIndicatorsResults"]

MANY = 1_000
"""Indicators above which a text import is much faster: it takes one request where this action takes hundreds."""

IN_A_ROW = 10
"""Refusals one by one after which the rest of a request is given up: each costs a request, and every two of them a pause."""

NOT_BY_CHANCE = 3
"""Refusals one by one after which the limit of the community, if it may be passed, is taken for their reason."""

LISTED = 1_000
"""Failures that results list; an enrichment does not bring more, and results go through the playbook's callback."""


def _items(value: object) -> list[object]:
    return [item for item in as_list(value, objects=True) if item is not None and not isinstance(item, bool)]


class ItemArguments(CollectionArguments):
    """Where the indicators are."""

    indicators: Annotated[list[Any], BeforeValidator(_items), WithJsonSchema({"type": "array"})] | None = Field(
        default=None,
        title="Indicators",
        description="A list of values, or of objects with value and, where they differ from what is given below, type (such as "
        "domain-name), valid_from, valid_until, description, kill_chain_phases, related_threat_refs",
    )
    indicators_path: str | None = Field(
        default=None, title="Indicators file", description="The same as JSON, in a file of the playbook's storage"
    )

    @model_validator(mode="after")
    def _has_a_source(self) -> Self:
        if self.indicators is None and self.indicators_path is None:
            raise ValueError("at least one of indicators, indicators_path is required")
        return self


class ImportIndicatorsArguments(ImportArguments, ReadingArguments, ItemArguments):
    """Where the indicators are, and what holds for those that do not say otherwise."""


class ImportIndicatorsResults(ImportResults):
    """How the import ended, indicator by indicator."""

    status: Literal["completed", "partial", "incomplete", "submitted"] = Field(  # type: ignore[assignment]  # one more
        title="Status",
        description="completed: everything is in the collection; partial: everything but what failed; incomplete: not "
        "everything could be submitted or confirmed; submitted: accepted by Sekoia and not waited for",
    )
    indicator_ids: list[str] = Field(
        title="Indicator ids", description="Ids of the indicators, where Sekoia told them, each once"
    )
    failed: FailedList = Field(
        title="Failed", description="The first 1000 indicators that did not go in, with value and reason"
    )
    failed_count: int = Field(title="Failed count", description="How many such indicators there are")
    duplicates: int = Field(
        title="Duplicates", description="Indicators given again with the same context, and sent once"
    )
    unrecognized: UnrecognizedList = Field(
        title="Unrecognized",
        description="The first 100 that are of no known kind, with their place in the list, value and reason; they were sent "
        "all the same",
    )
    unrecognized_count: int = Field(title="Unrecognized count", description="How many such indicators there are")
    by_type: TypeCounts = Field(title="By type", description="How many indicators of each kind were sent")


class ImportIndicators(ImportAction):
    """Import indicators one by one."""

    name = "Import indicators"
    description = (
        "Import a list of indicators, each with a context of its own if need be, into an IOC collection, and tell which of them "
        "failed"
    )
    results_model = ImportIndicatorsResults

    def run(self, arguments: ImportIndicatorsArguments) -> ImportIndicatorsResults:
        """Read the list, submit it in requests of at most 100, find what is refused, and wait for what goes on in tasks."""
        reading = read_items(self._given(arguments), refanging=arguments.refang)
        if arguments.strict:
            refuse_doubtful(reading)
        if not reading.items and not reading.failed:
            raise InputError("There is nothing to import: the list holds no indicator")
        with self.importer(arguments, arguments.collection_id) as importer:
            self._announce(reading, arguments)
            requests = requests_for(reading, importer.context, importer.collections.kill_chains)
            self.warn_of_limited_matching(
                request.context for request in requests if request.context != importer.context
            )
            submission = _Submission(importer, self.held(importer, len(reading.items)), reading.failed)
            submission.run(requests)
            results = self._concluded(importer, arguments, submission)
        return ImportIndicatorsResults(
            **results,
            indicator_ids=list(submission.ids),
            failed=submission.failed[:LISTED],
            failed_count=len(submission.failed),
            duplicates=reading.duplicates,
            unrecognized=listed(reading.unrecognized),
            unrecognized_count=reading.unrecognized_count,
            by_type=reading.by_type,
        )

    def _given(self, arguments: ImportIndicatorsArguments) -> list[object]:
        items = list(arguments.indicators or [])
        if arguments.indicators_path:
            file = storage.find(self.data_path, arguments.indicators_path, "indicators_path")
            items += read_list(file, objects=True)
        return items

    def _announce(self, reading: ItemReading, arguments: ImportIndicatorsArguments) -> None:
        count = len(reading.items)
        self.tell(f"Importing {count:,} indicators into {arguments.collection_id}")
        for said in warnings(reading, sent=True):
            self.tell(said, "warning")
        if count > MANY:
            self.tell(
                "A request takes a hundred of these, and five requests a second are made at the most: where indicators share "
                "their context, “Import indicators from text” is much faster",
                "warning",
            )

    def _concluded(
        self, importer: Importer, arguments: ImportIndicatorsArguments, submission: "_Submission"
    ) -> dict[str, Any]:
        """The results that all imports have: what was added at once, and what went on in tasks."""
        failed, stopped_by = submission.failed, submission.stopped_by
        if stopped_by and not submission.submitted:
            raise stopped_by
        first = f"see the result failed; the first, “{failed[0]['value']}”: {failed[0]['reason']}" if failed else ""
        left_out = None
        if stopped_by:
            left_out = f"{submission.not_submitted:,} indicators were not submitted."
        elif not submission.submitted:
            left_out = f"None of the indicators went in: {first}."
        elif failed:
            self.tell(f"{len(failed):,} of the indicators did not go in: {first}", "warning")
        if importer.watch.tasks:
            results = self.conclude(
                importer,
                arguments,
                submitted=submission.in_tasks,
                left_out=left_out,
                stopped_by=stopped_by,
            ).model_dump()
            if submission.added:
                results["imported"] = (results["imported"] or 0) + submission.added
                results["total"] = (results["total"] or 0) + submission.submitted - submission.in_tasks
            results["submitted"] = submission.submitted
        else:
            if left_out:
                self.error(f"{left_out} {stopped_by}" if stopped_by else left_out)
            else:
                self.tell(f"{submission.added:,} of {submission.submitted:,} indicators are in the collection")
            results = {
                "status": "incomplete" if left_out else "completed",
                "collection_id": importer.collection_id,
                "task_ids": [],
                "submitted": submission.submitted,
                "imported": submission.added,
                "total": submission.submitted,
                "confirmed_by": None if left_out else "api",
                "created": None,
                "updated": None,
                "ignored": None,
            }
        if results["status"] == "completed" and failed:
            results["status"] = "partial"
        return results


@dataclass(slots=True)
class _Submission:
    """Submits requests, cuts those that are refused in halves until the refused indicators stand alone, and keeps the account."""

    importer: Importer
    held: Count | None
    failed: list[dict[str, str]]
    new: int = 0
    submitted: int = 0
    in_tasks: int = 0
    added: int = 0
    not_submitted: int = 0
    ids: dict[str, None] = field(default_factory=dict)
    stopped_by: SekoiaError | None = None

    def run(self, requests: Sequence[Request]) -> None:
        """Submit all; what stops it is in ``stopped_by``, and what did not go in, in ``failed``."""
        self.new = self.not_submitted = sum(len(request.indicators) for request in requests)
        for number, request in enumerate(requests):
            try:
                self._submit(request)
            except SekoiaError as error:
                self.stopped_by = error
                for other in requests[number + 1 :]:
                    self._fail(other, "it was not submitted")
                return

    def _submit(self, request: Request) -> None:
        parts = deque([request])
        refusals = 0
        while parts:
            part = parts.popleft()
            try:
                self._submit_part(part)
                refusals = 0
            except Refused as error:
                if len(part.indicators) > 1:
                    parts.extendleft(reversed(part.halves()))
                    continue
                refusals += 1
                self.not_submitted -= 1
                self._fail(part, error.message or f"Sekoia refused it (HTTP {error.status})")
                limit = explained(error, self.held, self.new)
                if refusals >= NOT_BY_CHANCE and isinstance(limit, LimitExceeded):
                    self._give_up(parts, "it was not submitted", count=False)
                    raise limit from None
                if refusals == IN_A_ROW:
                    self._give_up(parts, "Sekoia refused a request with it, and others of the request one by one")
            except SekoiaError:
                parts.appendleft(part)
                self._give_up(parts, "it was not submitted", count=False)
                raise

    def _give_up(self, parts: "deque[Request]", reason: str, *, count: bool = True) -> None:
        for part in parts:
            self._fail(part, reason)
            self.not_submitted -= len(part.indicators) if count else 0
        parts.clear()

    def _submit_part(self, part: Request) -> None:
        def send() -> Accepted | None:
            added = self.importer.collections.add_indicators(
                self.importer.collection_id, part.indicators, context=part.context
            )
            if added.items is None:
                self.in_tasks += len(part.indicators)
                return Accepted(task_id=added.task_id or "")
            self._note_added(part, added.items)
            return None

        self.importer.submit(
            send,
            sample=lambda: sample([indicator.value for indicator in part.indicators]),
            last=None,
            expected=len(part.indicators),
        )
        self.submitted += len(part.indicators)
        self.not_submitted -= len(part.indicators)

    def _note_added(self, part: Request, items: Sequence[Indicator]) -> None:
        self.ids.update(dict.fromkeys(item.id for item in items))
        missing: list[str] = []
        if len(items) < len(part.indicators):
            there = [identity(item.value) for item in items]
            missing = [
                indicator.value
                for indicator in part.indicators
                if not any(identity(indicator.value) <= keys for keys in there)
            ]
        self.failed += ({"value": value, "reason": "Sekoia's answer does not list it"} for value in missing)
        self.added += len(part.indicators) - len(missing)

    def _fail(self, request: Request, reason: str) -> None:
        self.failed += ({"value": indicator.value, "reason": reason} for indicator in request.indicators)
