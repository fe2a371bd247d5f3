"""Import indicators from a file: CSV, XLS or XLSX, whose columns are given, known by their headings, or detected."""

from datetime import datetime
from functools import partial
from typing import Annotated, Any, ClassVar, Self

from pydantic import Field, model_validator

from sekoia_cti.actions.common.arguments import RARELY_SET, ReadingArguments
from sekoia_cti.actions.common.bounds import list_files, path_field
from sekoia_cti.actions.common.file_reports import CellResults, account_of, lists_of
from sekoia_cti.actions.common.guard_forms import (
    GuardArguments,
    GuardResults,
    guard_lists,
    guard_results,
    tell_of_guard,
)
from sekoia_cti.actions.common.import_action import ImportAction, ImportArguments, ImportResults
from sekoia_cti.actions.common.layout_arguments import LayoutArguments
from sekoia_cti.actions.common.reports import AdaptedList, TypeCounts, UnrecognizedList
from sekoia_cti.actions.common.upload_action import FileArguments, Upload, UploadAction
from sekoia_cti.client.importing.importer import Importer
from sekoia_cti.client.importing.missing import damaged_of
from sekoia_cti.client.importing.table_upload import submit_table
from sekoia_cti.client.phases import PhaseFinder
from sekoia_cti.client.wire import Mapping
from sekoia_cti.indicators.again import Again
from sekoia_cti.indicators.guard import Guard
from sekoia_cti.indicators.input_errors import InputError
from sekoia_cti.local_files.outgoing import Outgoing, Wishes
from sekoia_cti.platform import storage

__all__ = ["ImportIndicatorsFromFile", "ImportIndicatorsFromFileArguments", "ImportIndicatorsFromFileResults"]


class TableArguments(LayoutArguments, FileArguments):
    """Where the file is, or what was uploaded before, and what its columns contain."""

    sources: ClassVar[tuple[str, ...]] = ("file_path", "file_handle")

    file_path: str | None = Field(  # type: ignore[assignment]  # optional, since the file may have been uploaded before
        default=None, title="File", description="A CSV, XLS or XLSX file in the playbook's storage"
    )
    file_handle: Annotated[str | None, RARELY_SET] = Field(
        default=None,
        title="Uploaded file",
        description="What “Preview indicators file” uploaded, along with its mapping and ignore_first_line. The file "
        "is not uploaded again; if you also set the file path, the import can be confirmed without LiveAPI",
    )


class ImportIndicatorsFromFileArguments(GuardArguments, ImportArguments, ReadingArguments, TableArguments):
    """Where the indicators are, how to read them, and the context for fields that no column provides."""

    @model_validator(mode="after")
    def _is_consistent_with_the_file(self) -> Self:
        if self.file_handle is not None and (self.mapping is None or self.ignore_first_line is None):
            raise ValueError("file_handle must come with mapping and ignore_first_line")
        if self.file_path is None and (named := self.taking_a_look()):
            raise ValueError(f"{named} needs the file itself: set file_path in addition to file_handle")
        return self

    def taking_a_look(self) -> str:
        """The argument that requires every row to be checked before anything is sent; empty if there is none."""
        named = {
            "strict": self.strict,
            "exclude": self.exclude,
            "exclude_path": self.exclude_path,
            "known_good: leave_out": self.known_good == "leave_out",
            "dry_run": self.dry_run,
            "validity_by_type": self.validity_by_type,
        }
        return next((name for name, is_set in named.items() if is_set), "")


class ImportIndicatorsFromFileResults(CellResults, GuardResults, ImportResults):
    """How the import ended, and how the file was read."""

    mapping: list[str | None] = Field(title="Mapping", description="How each column was interpreted; null: ignored")
    ignore_first_line: bool = Field(
        title="Ignore first line", description="Whether the first line was treated as a heading"
    )
    sheet: str | None = Field(title="Sheet", description="The sheet that was imported; null for a CSV")
    cleaned: int | None = Field(
        title="Cleaned",
        description="Values that were not sent as written, such as refanged ones; null for a file that could not be "
        "read here",
    )
    duplicates: int | None = Field(
        title="Duplicates",
        description="Values that repeat an earlier row; null for a file that could not be read here",
    )
    unrecognized: UnrecognizedList | None = Field(
        title="Unrecognized",
        description="The first 100 values that are not recognized indicators, with line, value and reason; null "
        "for a file that could not be read here",
    )
    unrecognized_count: int | None = Field(title="Unrecognized count", description="How many such values there are")
    unrecognized_path: str | None = path_field("Unrecognized")
    adapted: AdaptedList | None = Field(
        title="Adapted",
        description="The first 100 values that were sent only in part or in a different form, with line, written, "
        "sent and why; null for a file that could not be read here",
    )
    adapted_count: int | None = Field(title="Adapted count", description="How many such values there are")
    adapted_path: str | None = path_field("Adapted")
    by_type: TypeCounts | None = Field(
        title="By type",
        description="How many indicators of each kind were sent; null for a file that could not be read here",
    )


class ImportIndicatorsFromFile(ImportAction, UploadAction):
    """Import indicators from a file."""

    name = "Import indicators from file"
    description = "Import indicators from a CSV, XLS or XLSX file into an IOC collection, and wait until Sekoia has imported them"
    results_model = ImportIndicatorsFromFileResults

    def run(self, arguments: ImportIndicatorsFromFileArguments) -> ImportIndicatorsFromFileResults:
        """Read the file, upload it or the rows to be sent, start the import, and wait for the end."""
        guard = arguments.guard(self.data_path)
        file = storage.find(self.data_path, arguments.file_path, "file_path") if arguments.file_path else None
        with self.importer(arguments, arguments.collection_id) as importer:
            wishes = _wishes(arguments, importer, guard)
            if file is None:
                self.tell("The rows of the uploaded file are not checked, because file_path is not set", "warning")
                upload = Upload(arguments.file_handle or "", arguments.mapping, arguments.ignore_first_line)
                return self._imported(importer, arguments, upload, None, guard)
            with self.staged(file, wishes, importer.deadline) as staged:
                self.check(staged, strict=arguments.strict, send_unrecognized=arguments.send_unrecognized)
                prepared = staged.prepared
                if prepared is None and (named := arguments.taking_a_look()):
                    raise InputError(
                        f"Nothing was imported, since {named} requires reading {file.name}, which failed: correct the "
                        f"file, or run the action without {named}"
                    )
                tell_of_guard(guard, self.tell)
                importer.leave_out(damaged_of(prepared.survey) if prepared else ())
                if prepared and (told := self._unsent(importer, arguments, prepared)):
                    return _results(prepared, guard, **told, **self._files(prepared, guard))
                upload = self.upload(
                    importer.rest, staged, arguments, wishes=wishes, file_handle=arguments.file_handle
                )
                return self._imported(importer, arguments, upload, prepared, guard)

    def _unsent(
        self, importer: Importer, arguments: ImportIndicatorsFromFileArguments, prepared: Outgoing
    ) -> dict[str, Any] | None:
        """The results if there is nothing to send; None if there is."""
        layout, survey = prepared.layout, prepared.survey
        if arguments.dry_run:
            told = self.rehearse(importer, [(importer.context.beside(layout.mapping), Again(prepared.values))])
        elif survey.kept_out and not survey.values:
            told = self.nothing_left(arguments.collection_id, survey)
        else:
            return None
        return told | {"mapping": layout.mapping, "ignore_first_line": layout.heading is not None}

    def _imported(
        self,
        importer: Importer,
        arguments: ImportIndicatorsFromFileArguments,
        upload: Upload,
        prepared: Outgoing | None,
        guard: Guard,
    ) -> ImportIndicatorsFromFileResults:
        mapping, ignore_first_line = _layout(upload, arguments.file_path)
        told_as = self.as_results = partial(
            _results, prepared, guard, mapping=mapping, ignore_first_line=ignore_first_line
        )
        survey = prepared.survey if prepared else None
        if prepared:
            submit_table(importer, prepared, upload.file_handle)
        else:
            importer.submit_file(
                upload.file_handle, mapping=mapping, ignore_first_line=ignore_first_line, values=None, count=None
            )
        mostly_unrecognized = survey is not None and survey.mostly_unrecognized and not arguments.send_unrecognized
        told = self.conclude(importer, arguments, mostly_unrecognized=mostly_unrecognized)
        return told_as(**told, **self._files(prepared, guard))

    def _files(self, prepared: Outgoing | None, guard: Guard) -> dict[str, Any]:
        if prepared is None:
            return {}
        return list_files(self, lists_of(prepared.survey) | guard_lists(guard))


def _results(prepared: Outgoing | None, guard: Guard, **told: Any) -> ImportIndicatorsFromFileResults:
    return ImportIndicatorsFromFileResults(
        sheet=prepared.source.sheet.name if prepared and prepared.source.sheet else None,
        **account_of(prepared.survey if prepared else None),
        **guard_results(guard if prepared else None) | told,
    )


def _wishes(arguments: ImportIndicatorsFromFileArguments, importer: Importer, guard: Guard) -> Wishes:
    context = importer.context
    contexts = arguments.contexts(context)
    return Wishes(
        mapping=arguments.mapping,
        ignore_first_line=arguments.ignore_first_line,
        sheet=arguments.sheet,
        refang=arguments.refang,
        send_unrecognized=arguments.send_unrecognized,
        validity=(context.valid_from, context.valid_until),
        is_phase=PhaseFinder(importer.rest.kill_chains).knows,
        guard=guard,
        ends=(lambda value: _cell(contexts.of(value).valid_until)) if contexts.by_kind else None,
    )


def _cell(time: datetime | None) -> str:
    return f"{time:%Y-%m-%dT%H:%M:%SZ}" if time else ""


def _layout(upload: Upload, name: str | None) -> tuple[Mapping, bool]:
    """What each column contains, and whether the first line is a heading; refused if either is not known."""
    if upload.mapping is None:
        raise InputError(
            f"It is not clear what the columns of {name} contain, so nothing was imported: set the mapping, with one "
            "entry per column, exactly one of them observable"
        )
    if upload.ignore_first_line is None:
        raise InputError(
            f"It is not clear whether the first line of {name} is a heading, so nothing was imported: set "
            "ignore_first_line"
        )
    return upload.mapping, upload.ignore_first_line
