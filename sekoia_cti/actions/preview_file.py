"""Upload a file of indicators without importing it, and report what is in it, so that a playbook can ask a person
first."""

from pydantic import Field

from sekoia_cti.actions.common.arguments import RefangArguments, Timeout
from sekoia_cti.actions.common.bounds import list_files
from sekoia_cti.actions.common.file_reports import CellResults, ColumnList, account_of, described_columns, lists_of
from sekoia_cti.actions.common.reading_results import ValueResults
from sekoia_cti.actions.common.upload_action import FileArguments, UploadAction
from sekoia_cti.local_files.outgoing import Wishes
from sekoia_cti.platform import storage
from sekoia_cti.platform.forms import ResultsForm

__all__ = ["PreviewIndicatorsFile", "PreviewIndicatorsFileArguments", "PreviewIndicatorsFileResults"]

ROWS = 10
"""How many rows of a file are shown to people."""


class PreviewIndicatorsFileArguments(RefangArguments, FileArguments):
    """Where the file is, and how to read it."""

    timeout: Timeout = 900


class UploadResults(ResultsForm):
    """What was uploaded."""

    collection_id: str = Field(title="IOC collection", description="Id of the IOC collection")
    file_handle: str = Field(
        title="Uploaded file",
        description="Sekoia's handle for the upload, for “Import indicators from file”, which has to run soon "
        "afterward",
    )
    rows: list[list[str]] = Field(title="Rows", description="The first rows of the file")
    sheet: str | None = Field(title="Sheet", description="The sheet that was read; null for a CSV")
    columns: ColumnList = Field(
        title="Columns",
        description="Each column: its number, its heading, how many indicators of each kind are in its first 1,000 rows, what it "
        "is mapped to, and why",
    )
    mapping: list[str | None] = Field(title="Mapping", description="What each column contains; null: ignored")
    ignore_first_line: bool = Field(title="Ignore first line", description="Whether the first line is a heading")
    values: int = Field(title="Values", description="Indicators in the upload")
    cleaned: int = Field(
        title="Cleaned", description="How many of them differ from the original, such as refanged ones"
    )


class PreviewIndicatorsFileResults(CellResults, ValueResults, UploadResults):
    """What is in the file."""


class PreviewIndicatorsFile(UploadAction):
    """Upload a file of indicators without importing it."""

    name = "Preview indicators file"
    description = (
        "Upload a CSV, XLS or XLSX file without importing anything, and report what its columns contain and which "
        "indicators are in it"
    )
    results_model = PreviewIndicatorsFileResults

    def run(self, arguments: PreviewIndicatorsFileArguments) -> PreviewIndicatorsFileResults:
        """Read the file, and upload it or the rows to be sent."""
        file = storage.find(self.data_path, arguments.file_path, "file_path")
        wishes = Wishes(refang=arguments.refang, sheet=arguments.sheet)
        deadline = self.deadline
        with self.sekoia() as sekoia, self.staged(file, wishes, deadline) as staged:
            self.check(staged, strict=False, send_unrecognized=False)
            prepared = staged.readable()
            upload = self.upload(sekoia.rest, staged, arguments, wishes=wishes)
            layout, survey = prepared.layout, prepared.survey
            return PreviewIndicatorsFileResults(
                collection_id=arguments.collection_id,
                file_handle=upload.file_handle,
                rows=prepared.first_rows(ROWS),
                sheet=prepared.source.sheet.name if prepared.source.sheet else None,
                columns=described_columns(layout),
                mapping=layout.mapping,
                ignore_first_line=layout.heading is not None,
                values=survey.values,
                **account_of(survey),
                **list_files(self, lists_of(survey)),
            )
