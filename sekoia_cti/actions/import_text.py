"""Import indicators from text: pasted, in a file, or the list that an earlier action found."""

from collections.abc import Sequence
from typing import ClassVar, Literal

from pydantic import Field

from sekoia_cti.actions.common.arguments import CollectionArguments, ReadingArguments
from sekoia_cti.actions.common.guard import (
    GuardArguments,
    GuardResults,
    guard_results,
    refuse_what_is_kept_out,
    tell_of_guard,
)
from sekoia_cti.actions.common.import_action import ImportAction, ImportArguments, ImportResults, explained
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
from sekoia_cti.actions.common.sources import SourceArguments
from sekoia_cti.client.errors import Refused, SekoiaError
from sekoia_cti.client.importing.importer import Importer
from sekoia_cti.client.importing.requests import LINES, batches
from sekoia_cti.client.wire import Count
from sekoia_cti.indicators.guard import Guard
from sekoia_cti.indicators.reading import Reading, read
from sekoia_cti.indicators.text import sample

__all__ = ["ImportIndicatorsFromText", "ImportIndicatorsFromTextArguments", "ImportIndicatorsFromTextResults"]

Format = Literal[
    "one_per_line",
    "ipv4-addr.value",
    "ipv6-addr.value",
    "domain-name.value",
    "url.value",
    "email-addr.value",
    "file.hashes",
]
"""The formats of a text import (contract, "REST")."""


class TextArguments(ReadingArguments, SourceArguments, CollectionArguments):
    """Where the indicators are, and how to read them."""

    format: Format | None = Field(
        default=None, title="Format", description="The type of all lines, if it is one; otherwise Sekoia finds it out"
    )


class ImportIndicatorsFromTextArguments(ImportArguments, GuardArguments, TextArguments):
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


class ImportIndicatorsFromText(ImportAction):
    """Import indicators from text."""

    name = "Import indicators from text"
    description = (
        "Import indicators from text or a list into an IOC collection, and wait until Sekoia has imported them"
    )
    results_model = ImportIndicatorsFromTextResults
    lines_per_task: ClassVar[int] = LINES

    def run(self, arguments: ImportIndicatorsFromTextArguments) -> ImportIndicatorsFromTextResults:
        """Read the sources, submit their indicators in parts, and wait for the end."""
        guard = arguments.guard(self.data_path)
        reading = _read(arguments.lines(self.data_path), arguments, guard)
        tell_of_guard(guard, self.tell)
        with self.importer(arguments, arguments.collection_id) as importer:
            self.tell(f"Importing {len(reading.values):,} indicators into {arguments.collection_id}")
            for said in warnings(reading, sent=arguments.send_unrecognized):
                self.tell(said, "warning")
            held = self.held(importer, len(reading.values))
            submitted, failure = self._submit(importer, reading.values, arguments.format, held)
            left_out = None
            if failure:
                missing = len(reading.values) - submitted
                left_out = f"{missing:,} of {len(reading.values):,} indicators were not submitted."
            results = self.conclude(
                importer,
                arguments,
                submitted=submitted,
                left_out=left_out,
                stopped_by=failure,
            )
        return ImportIndicatorsFromTextResults(
            **results.model_dump(),
            duplicates=reading.duplicates,
            unrecognized=listed(reading.unrecognized),
            unrecognized_count=reading.unrecognized_count,
            adapted=listed_adapted(reading.adapted),
            adapted_count=reading.adapted_count,
            by_type=reading.by_type,
            **guard_results(guard),
        )

    def _submit(
        self, importer: Importer, values: Sequence[str], format: Format | None, held: Count | None
    ) -> tuple[int, SekoiaError | None]:
        """Submit all parts; how many indicators Sekoia took, and the first reason why it did not take the others.

        A part that is refused does not keep the next one from being tried, since its content may be the reason; anything
        else ends the submissions. When Sekoia took nothing at all, that is the error of the action.
        """
        submitted, failure = 0, None
        for part in batches(values, lines=self.lines_per_task):
            try:
                self._submit_part(importer, part, format)
                submitted += len(part)
            except SekoiaError as error:
                failure = failure or explained(error, held, len(values))
                if not isinstance(error, Refused):
                    break
        if failure and not submitted:
            raise failure
        return submitted, failure

    def _submit_part(self, importer: Importer, part: Sequence[str], format: Format | None) -> None:
        taken = sample(part)
        importer.submit(
            lambda: importer.collections.import_text(
                importer.collection_id, "\n".join(part), context=importer.context, format=format
            ),
            sample=lambda: taken,
            last=taken[0] if taken else None,
            expected=len(part),
        )


def _read(lines: Sequence[str], arguments: TextArguments, guard: Guard) -> Reading:
    reading = read(
        lines,
        refanging=arguments.refang,
        send_unrecognized=arguments.send_unrecognized,
        admits=guard.judge(),
    )
    if arguments.strict:
        refuse_doubtful(reading)
    if not reading.values:
        refuse_what_is_kept_out(guard)
        refuse_without_indicators(reading, ", ".join(arguments.given()))
    return reading
