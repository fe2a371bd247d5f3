"""Upload a file of indicators without importing it, and tell what is in it: for a playbook that asks a person first."""

from pydantic import Field

from sekoia_cti.actions.common.arguments import RefangArguments, Timeout
from sekoia_cti.actions.common.reports import TypeCounts, UnrecognizedList, listed
from sekoia_cti.actions.common.upload_action import FileArguments, UploadAction
from sekoia_cti.client.waiting import Deadline
from sekoia_cti.platform import storage
from sekoia_cti.platform.forms import ResultsForm

__all__ = ["PreviewIndicatorsFile", "PreviewIndicatorsFileArguments", "PreviewIndicatorsFileResults"]


class PreviewIndicatorsFileArguments(RefangArguments, FileArguments):
    """Where the file is, and how to read it."""

    timeout: Timeout = 900


class PreviewIndicatorsFileResults(ResultsForm):
    """What is in the file."""

    collection_id: str = Field(title="IOC collection", description="Id of the IOC collection")
    file_handle: str = Field(
        title="Uploaded file",
        description="What Sekoia calls the upload, for “Import indicators from file”, which has to follow soon",
    )
    rows: list[list[str]] | None = Field(
        title="Rows", description="The first rows of the file; null for a file that could not be read here"
    )
    mapping: list[str | None] | None = Field(
        title="Mapping",
        description="What each column holds, by its heading or as Sekoia detected it; null in it: ignored; null: nothing tells",
    )
    ignore_first_line: bool | None = Field(
        title="Ignore first line", description="Whether the first line is a heading; null: nothing tells"
    )
    values: int | None = Field(
        title="Values", description="Observables in the file; null where the mapping or the file could not be read"
    )
    cleaned: int | None = Field(
        title="Cleaned",
        description="Observables that were cleaned, such as refanged, in the upload; null where the file could not be read",
    )
    unrecognized: UnrecognizedList | None = Field(
        title="Unrecognized",
        description="The first 100 rows whose observable is of no known kind, with line, value and reason; null where the file "
        "could not be read",
    )
    unrecognized_count: int | None = Field(title="Unrecognized count", description="How many such rows there are")
    by_type: TypeCounts | None = Field(title="By type", description="How many observables of each kind there are")


class PreviewIndicatorsFile(UploadAction):
    """Upload a file of indicators without importing it."""

    name = "Preview indicators file"
    description = (
        "Upload a CSV, XLS or XLSX file without importing anything, and tell what its columns hold and which indicators "
        "are in it"
    )
    results_model = PreviewIndicatorsFileResults

    def run(self, arguments: PreviewIndicatorsFileArguments) -> PreviewIndicatorsFileResults:
        """Upload the file, cleaned if need be."""
        file = storage.find(self.data_path, arguments.file_path, "file_path")
        with self.rest(Deadline(arguments.timeout)) as collections:
            upload = self.upload(collections, file, arguments, refang=arguments.refang)
        survey = upload.survey
        return PreviewIndicatorsFileResults(
            collection_id=arguments.collection_id,
            file_handle=upload.file_handle,
            rows=upload.rows,
            mapping=upload.mapping,
            ignore_first_line=upload.ignore_first_line,
            values=survey.values if survey else None,
            cleaned=survey.changes if survey else None,
            unrecognized=listed(survey.unrecognized) if survey else None,
            unrecognized_count=survey.unrecognized_count if survey else None,
            by_type=survey.by_type if survey else None,
        )
