"""Export the indicators of an IOC collection into a file of the playbook's storage."""

from datetime import UTC, datetime
from typing import Literal

from pydantic import Field

from sekoia_cti.actions.common.arguments import CollectionArguments, Timeout
from sekoia_cti.actions.common.formats import FILE_FORMATS, FormatName
from sekoia_cti.actions.common.progress import ProgressLog
from sekoia_cti.indicators.display import counted
from sekoia_cti.platform.action import SekoiaAction
from sekoia_cti.platform.forms import ResultsForm
from sekoia_cti.platform.new_file import writing

__all__ = ["ExportIndicators", "ExportIndicatorsArguments", "ExportIndicatorsResults"]


class ExportIndicatorsArguments(CollectionArguments):
    """Which indicators to export, and how."""

    format: FormatName = Field(
        default="csv",
        title="Format",
        description="csv: a table with validity, phases and description; text: one value per line; json: a file with "
        "which Import indicators can restore the same state; stix: a STIX 2.1 bundle",
    )
    which: Literal["active", "all"] = Field(
        default="active",
        title="Which",
        description="active: indicators that are neither revoked nor expired; all: every indicator",
    )
    timeout: Timeout = 900


class ExportIndicatorsResults(ResultsForm):
    """The file."""

    collection_id: str = Field(title="IOC collection", description="Id of the IOC collection")
    file_path: str = Field(title="File", description="The file, in the playbook's storage")
    format: FormatName = Field(title="Format", description="Its format")
    count: int = Field(title="Count", description="How many indicators it contains")
    skipped_count: int = Field(
        title="Skipped count",
        description="Indicators of the collection that were left out because they are not active",
    )


class ExportIndicators(SekoiaAction):
    """Export indicators.

    The file is written while the collection is read, so that neither has to fit into memory. An incomplete file is not
    left behind.
    """

    name = "Export indicators"
    description = (
        "Export the active indicators of an IOC collection, or all of them, into a file: CSV, text, JSON or STIX"
    )
    results_model = ExportIndicatorsResults

    def run(self, arguments: ExportIndicatorsArguments) -> ExportIndicatorsResults:
        """Read the collection, and write the file."""
        to = FILE_FORMATS[arguments.format]()
        count = skipped = read = 0
        progress = ProgressLog(self.tell, done="Read")
        with (
            self.sekoia() as sekoia,
            writing(self.data_path, f"indicators-{arguments.format}", to.ending) as (file, path),
        ):
            file.write(to.head())
            for some in sekoia.listed(arguments.collection_id):
                now = sekoia.rest.server_time() or datetime.now(UTC)
                for indicator in some.indicators():
                    active = indicator.is_active(now)
                    if arguments.which == "active" and not active:
                        skipped += 1
                        continue
                    file.write((to.between if count else "") + to.item(indicator, active))
                    count += 1
                read += len(some.items)
                progress.count(read, some.total)
            file.write(to.tail())
        self.tell(f"Exported {counted(count)} of {arguments.collection_id} to {path}")
        return ExportIndicatorsResults(
            collection_id=arguments.collection_id,
            file_path=path,
            format=arguments.format,
            count=count,
            skipped_count=skipped,
        )
