"""Import indicators one by one: values, or objects that can each have their own context, as enrichments return
them."""

from functools import partial
from typing import Any, ClassVar

from pydantic import Field

from sekoia_cti.actions.common.arguments import CollectionArguments, ReadingArguments
from sekoia_cti.actions.common.bounds import IDS, list_files, whole_list
from sekoia_cti.actions.common.guard_forms import (
    GuardArguments,
    GuardResults,
    guard_lists,
    guard_results,
    tell_of_guard,
)
from sekoia_cti.actions.common.import_action import ImportAction, ImportArguments, ImportResults
from sekoia_cti.actions.common.items import ItemReading, entries_for, read_items
from sekoia_cti.actions.common.jinja import ObjectList
from sekoia_cti.actions.common.reading_results import ReadingResults, lists_as_read, reading_results
from sekoia_cti.actions.common.reports import refuse_doubtful, refuse_without_indicators, warnings
from sekoia_cti.actions.common.sources import read_stored_list
from sekoia_cti.client.importing.importer import Importer
from sekoia_cti.client.importing.outcome import Outcome, Status
from sekoia_cti.client.importing.requests import requests_for
from sekoia_cti.client.phases import PhaseFinder
from sekoia_cti.indicators.display import counted
from sekoia_cti.platform import storage

__all__ = ["ImportIndicators", "ImportIndicatorsArguments", "ImportIndicatorsResults"]

MANY = 1_000
"""The number of indicators above which a text import is much faster: it takes one request where this action takes
hundreds."""


class ItemArguments(CollectionArguments):
    """Where the indicators are."""

    sources: ClassVar[tuple[str, ...]] = ("indicators", "indicators_path")

    indicators: ObjectList | None = Field(
        default=None,
        title="Indicators",
        description="A list of values, or of objects with value and, where they differ from what is given below, type "
        "(such as domain-name), valid_from, valid_until, description, kill_chain_phases, related_threat_refs; or what "
        "another action found: objects from STIX, MISP, OpenCTI, Sekoia, VirusTotal, TheHive or ECS",
    )
    indicators_path: str | None = Field(
        default=None,
        title="Indicators file",
        description="A JSON file in the playbook's storage that contains such a list",
    )


class ImportIndicatorsArguments(GuardArguments, ImportArguments, ReadingArguments, ItemArguments):
    """Where the indicators are, and the context of those that do not say otherwise."""


class ImportIndicatorsResults(GuardResults, ReadingResults, ImportResults):
    """How the import ended, indicator by indicator."""

    indicator_ids: list[str] = Field(
        title="Indicator ids", description="Ids of the first 1,000 indicators, if Sekoia reported them, each only once"
    )
    indicator_ids_count: int = Field(title="Indicator ids count", description="How many ids Sekoia reported")
    indicator_ids_path: str | None = Field(
        title="Indicator ids file",
        description="All of them, as a JSON list in a file in the playbook's storage; null if “Indicator ids” "
        "contains them all",
    )


class ImportIndicators(ImportAction):
    """Import indicators one by one."""

    name = "Import indicators"
    description = (
        "Import a list of indicators, each with its own context if necessary, into an IOC collection, and report "
        "which of them failed"
    )
    results_model = ImportIndicatorsResults

    def run(self, arguments: ImportIndicatorsArguments) -> ImportIndicatorsResults:
        """Read the list, submit it in requests of at most 100, find what is refused, and wait for the tasks."""
        guard = arguments.guard(self.data_path)
        reading = read_items(
            self._given(arguments),
            refanging=arguments.refang,
            send_unrecognized=arguments.send_unrecognized,
            admits=guard.judge(),
        )
        if arguments.strict:
            refuse_doubtful(reading)
        if not reading.items and not reading.failed:
            reading.objects.refuse_alone(reading, "the list")
            refuse_without_indicators(reading, "the list")
        with self.importer(arguments, arguments.collection_id) as importer:
            self._announce(reading, arguments)
            tell_of_guard(guard, self.tell)
            told_as = self.as_results = partial(
                ImportIndicatorsResults,
                **reading_results(reading, reading.objects),
                **_ids([]),
                **guard_results(guard),
            )
            results = self._imported(importer, arguments, reading)
        files = list_files(self, lists_as_read(reading, reading.objects) | guard_lists(guard))
        return told_as(**results, **files)

    def told(self, importer: Importer, outcome: Outcome, status: Status) -> dict[str, Any]:
        """The results that all imports have, and the ids of the indicators."""
        return super().told(importer, outcome, status) | _ids(importer.indicator_ids)

    def _imported(
        self, importer: Importer, arguments: ImportIndicatorsArguments, reading: ItemReading
    ) -> dict[str, Any]:
        if not (reading.items or reading.failed or arguments.dry_run):
            return self.nothing_left(arguments.collection_id, reading)
        entries, unusable = entries_for(
            reading, arguments.contexts(importer.context), PhaseFinder(importer.rest.kill_chains)
        )
        if unknown := reading.unknown_phases():
            self.tell(unknown, "warning")
        self.warn_of_limited_matching(entry.context for entry in entries if entry.context != importer.context)
        importer.leave_out(unusable)
        if arguments.dry_run:
            return self.rehearse(importer, [(request.context, request.values) for request in requests_for(entries)])
        importer.submit_entries(entries)
        told = self.conclude(
            importer,
            arguments,
            mostly_unrecognized=reading.mostly_unrecognized and not arguments.send_unrecognized,
        )
        return told | {"indicator_ids_path": whole_list(self, "indicator_ids", importer.indicator_ids, listed=IDS)}

    def _given(self, arguments: ImportIndicatorsArguments) -> list[object]:
        items = list(arguments.indicators or [])
        if arguments.indicators_path:
            file = storage.find(self.data_path, arguments.indicators_path, "indicators_path")
            items += read_stored_list(file)
        return items

    def _announce(self, reading: ItemReading, arguments: ImportIndicatorsArguments) -> None:
        count = len(reading.items)
        if not arguments.dry_run:
            self.tell(f"Importing {counted(count)} into {arguments.collection_id}")
        for said in warnings(reading, sent=arguments.send_unrecognized):
            self.tell(said, "warning")
        reading.objects.tell_of_passed(self.tell)
        if count > MANY:
            self.tell(
                "Each request contains 100 of these, and at most five requests are sent per second: if the indicators "
                "share the same context, “Import indicators from text” is much faster",
                "warning",
            )


def _ids(ids: list[str]) -> dict[str, Any]:
    return {"indicator_ids": ids[:IDS], "indicator_ids_count": len(ids), "indicator_ids_path": None}
