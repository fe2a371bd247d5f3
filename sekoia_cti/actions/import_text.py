"""Import indicators from text: pasted, in a file, or the list that an earlier action found."""

from functools import partial
from typing import Annotated, Any

from pydantic import Field

from sekoia_cti.actions.common.arguments import RARELY_SET, CollectionArguments, ReadingArguments
from sekoia_cti.actions.common.guard import GuardArguments, GuardResults, guard_results, tell_of_guard
from sekoia_cti.actions.common.import_action import ImportAction, ImportArguments, ImportResults
from sekoia_cti.actions.common.reports import (
    AdaptedList,
    TypeCounts,
    UnrecognizedList,
    listed,
    listed_adapted,
    refuse_doubtful,
    refuse_without_indicators,
    warnings,
)
from sekoia_cti.actions.common.sources import Format, Gathered, SkippedList, SourceArguments
from sekoia_cti.client.importing.importer import Importer
from sekoia_cti.client.importing.requests import Missing
from sekoia_cti.indicators.guard import Guard
from sekoia_cti.indicators.reading import Reading, read

__all__ = ["ImportIndicatorsFromText", "ImportIndicatorsFromTextArguments", "ImportIndicatorsFromTextResults"]


class TextArguments(ReadingArguments, SourceArguments, CollectionArguments):
    """Where the indicators are, and how to read them."""

    format: Annotated[Format | None, RARELY_SET] = Field(
        default=None, title="Format", description="The type of all lines, if it is one; otherwise Sekoia finds it out"
    )


class ImportIndicatorsFromTextArguments(GuardArguments, ImportArguments, TextArguments):
    """Where the indicators are, and what holds for all of them."""


class ImportIndicatorsFromTextResults(GuardResults, ImportResults):
    """How the import ended, and how the lines were read."""

    duplicates: int = Field(title="Duplicates", description="Values that repeat an indicator, and were sent once")
    unrecognized: UnrecognizedList = Field(
        title="Unrecognized",
        description="The first 100 values that are no indicator of a kind that Sekoia takes, with line, value and reason; they "
        "were not sent, unless send_unrecognized is set",
    )
    unrecognized_count: int = Field(title="Unrecognized count", description="How many such values there are")
    adapted: AdaptedList = Field(
        title="Adapted",
        description="The first 100 values of which only a part was sent, or another form: line, as written, as sent, and why",
    )
    adapted_count: int = Field(title="Adapted count", description="How many such values there are")
    by_type: TypeCounts = Field(title="By type", description="How many indicators of each kind were sent")
    skipped: SkippedList = Field(
        title="Skipped",
        description="The first 100 values that their author says are not for detection, such as revoked indicators, with value "
        "and reason; they were not sent",
    )
    skipped_count: int = Field(title="Skipped count", description="How many such values there are")


class ImportIndicatorsFromText(ImportAction):
    """Import indicators from text."""

    name = "Import indicators from text"
    description = (
        "Import indicators from text or a list into an IOC collection, and wait until Sekoia has imported them"
    )
    results_model = ImportIndicatorsFromTextResults

    def run(self, arguments: ImportIndicatorsFromTextArguments) -> ImportIndicatorsFromTextResults:
        """Read the sources, submit their indicators in parts, and wait for the end."""
        guard = arguments.guard(self.data_path)
        gathered = arguments.gather(self.data_path)
        reading = _read(gathered, arguments, guard)
        with self.importer(arguments, arguments.collection_id) as importer:
            if not arguments.dry_run:
                self.tell(f"Importing {len(reading.values):,} indicators into {arguments.collection_id}")
            for said in warnings(reading, sent=arguments.send_unrecognized):
                self.tell(said, "warning")
            tell_of_guard(guard, self.tell)
            gathered.objects.tell_of_passed(self.tell)
            told_as = self.as_results = partial(
                ImportIndicatorsFromTextResults,
                duplicates=reading.duplicates,
                unrecognized=listed(reading.unrecognized),
                unrecognized_count=reading.unrecognized_count,
                adapted=listed_adapted(reading.adapted),
                adapted_count=reading.adapted_count,
                by_type=reading.by_type,
                skipped=gathered.objects.skipped,
                skipped_count=gathered.objects.skipped_count,
                **guard_results(guard),
            )
            results = self._imported(importer, arguments, reading)
        return told_as(**results)

    def _imported(
        self, importer: Importer, arguments: ImportIndicatorsFromTextArguments, reading: Reading
    ) -> dict[str, Any]:
        groups = arguments.contexts(importer.context).groups(reading.values)
        importer.leave_out(Missing(damaged.value, damaged.reason) for damaged in reading.damaged)
        if arguments.dry_run:
            return self.rehearse(importer, groups)
        if not (reading.values or reading.damaged):
            return self.nothing_left(arguments.collection_id, reading)
        importer.submit_texts(groups, format=arguments.format)
        return self.conclude(
            importer,
            arguments,
            mostly_unrecognized=reading.mostly_unrecognized and not arguments.send_unrecognized,
        )


def _read(gathered: Gathered, arguments: TextArguments, guard: Guard) -> Reading:
    reading = read(
        gathered.lines,
        refanging=arguments.refang,
        send_unrecognized=arguments.send_unrecognized,
        admits=guard.judge(),
        rows=gathered.rows,
    )
    gathered.account_for(reading)
    if arguments.strict:
        refuse_doubtful(reading)
    if not reading.values:
        gathered.objects.refuse_alone(reading, ", ".join(arguments.given()))
        refuse_without_indicators(reading, ", ".join(arguments.given()))
    return reading
