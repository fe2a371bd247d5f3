"""Import indicators from text: pasted, in a file, or as a list that an earlier action found."""

from functools import partial
from typing import Annotated, Any

from pydantic import Field

from sekoia_cti.actions.common.arguments import RARELY_SET, CollectionArguments, ReadingArguments
from sekoia_cti.actions.common.bounds import list_files
from sekoia_cti.actions.common.gathered import Gathered
from sekoia_cti.actions.common.guard_forms import (
    GuardArguments,
    GuardResults,
    guard_lists,
    guard_results,
    tell_of_guard,
)
from sekoia_cti.actions.common.import_action import ImportAction, ImportArguments, ImportResults
from sekoia_cti.actions.common.reading_results import ReadingResults, lists_as_read, reading_results
from sekoia_cti.actions.common.reports import refuse_doubtful, refuse_without_indicators, warnings
from sekoia_cti.actions.common.sources import Format, SourceArguments
from sekoia_cti.client.importing.importer import Importer
from sekoia_cti.client.importing.missing import damaged_of
from sekoia_cti.indicators.display import counted
from sekoia_cti.indicators.guard import Guard
from sekoia_cti.indicators.reading import Reading, read

__all__ = ["ImportIndicatorsFromText", "ImportIndicatorsFromTextArguments", "ImportIndicatorsFromTextResults"]


class TextArguments(ReadingArguments, SourceArguments, CollectionArguments):
    """Where the indicators are, and how to read them."""

    format: Annotated[Format | None, RARELY_SET] = Field(
        default=None,
        title="Format",
        description="The type of all lines, if they are all of the same type; otherwise, Sekoia detects it",
    )


class ImportIndicatorsFromTextArguments(GuardArguments, ImportArguments, TextArguments):
    """Where the indicators are, and the context of all of them."""


class ImportIndicatorsFromTextResults(GuardResults, ReadingResults, ImportResults):
    """How the import ended, and how the lines were read."""


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
        reading = _reading_of(gathered, arguments, guard)
        with self.importer(arguments, arguments.collection_id) as importer:
            if not arguments.dry_run:
                self.tell(f"Importing {counted(len(reading.values))} into {arguments.collection_id}")
            for said in warnings(reading, sent=arguments.send_unrecognized):
                self.tell(said, "warning")
            tell_of_guard(guard, self.tell)
            gathered.objects.tell_of_passed(self.tell)
            told_as = self.as_results = partial(
                ImportIndicatorsFromTextResults,
                **reading_results(reading, gathered.objects),
                **guard_results(guard),
            )
            results = self._imported(importer, arguments, reading)
        files = list_files(self, lists_as_read(reading, gathered.objects) | guard_lists(guard))
        return told_as(**results, **files)

    def _imported(
        self, importer: Importer, arguments: ImportIndicatorsFromTextArguments, reading: Reading
    ) -> dict[str, Any]:
        groups = arguments.contexts(importer.context).groups(reading.values)
        importer.leave_out(damaged_of(reading))
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


def _reading_of(gathered: Gathered, arguments: TextArguments, guard: Guard) -> Reading:
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
