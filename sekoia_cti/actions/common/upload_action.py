"""What the file actions share: reading the file, and uploading it or a CSV of the rows to be sent."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import Field, field_validator

from sekoia_cti.actions.common.arguments import RARELY_SET, CollectionArguments
from sekoia_cti.actions.common.file_reports import file_warnings, told_columns
from sekoia_cti.actions.common.layout_arguments import Sheet
from sekoia_cti.actions.common.reports import refuse_doubtful, refuse_without_indicators, warnings
from sekoia_cti.actions.common.stored_table import fetch
from sekoia_cti.client.importing.table_upload import upload
from sekoia_cti.client.preview import Preview
from sekoia_cti.client.rest.endpoints import RestClient
from sekoia_cti.client.waiting import Deadline
from sekoia_cti.client.wire import Mapping
from sekoia_cti.indicators.files import MIME_TYPES, FileKind, kind_of
from sekoia_cti.indicators.input_errors import InputError, UnreadableFile
from sekoia_cti.local_files.opened import LocalFile
from sekoia_cti.local_files.outgoing import Outgoing, Wishes, prepare
from sekoia_cti.platform import storage
from sekoia_cti.platform.action import SekoiaAction

__all__ = ["FileArguments", "StagedFile", "Upload", "UploadAction"]


class FileArguments(CollectionArguments):
    """Where the file is, and where to import it."""

    sources: ClassVar[tuple[str, ...]] = ("file_path",)

    file_path: str = Field(title="File", description="A CSV, XLS or XLSX file in the playbook's storage")
    sheet: Sheet = None
    mime_type: Annotated[str | None, RARELY_SET] = Field(
        default=None,
        title="MIME type",
        description="MIME type of the file; if left empty, it is detected from the content and the name",
        json_schema_extra={"enum": [mime_type for mime_types in MIME_TYPES.values() for mime_type in mime_types]},
    )

    @field_validator("mime_type")
    @classmethod
    def _is_supported(cls, value: str | None) -> str | None:
        if value is not None and _kind_for(value) is None:
            raise ValueError("Sekoia accepts CSV, XLS and XLSX: use one of their MIME types, or leave this empty")
        return value


@dataclass(frozen=True)
class StagedFile:
    """A file from the storage on the local disk.

    Attributes:
        stored: The file.
        local: Its copy; None if none could be made.
        prepared: What is to be sent; None if it could not be read, or it is not clear where its indicators are.
        why: What kept it from being copied.
    """

    stored: storage.StoredFile
    local: LocalFile | None
    prepared: Outgoing | None
    why: InputError | None = None

    @property
    def name(self) -> str:
        """Its name."""
        return self.local.name if self.local else self.stored.name

    def readable(self) -> Outgoing:
        """What is to be sent, if the file has to be readable.

        Raises:
            InputError: It is not readable.
        """
        if self.prepared is None:
            raise self.why or InputError(f"{self.name} cannot be read: correct it, or save it as CSV")
        return self.prepared


@dataclass(frozen=True)
class Upload:
    """A file that was uploaded to Sekoia but has not been imported.

    Attributes:
        file_handle: Sekoia's name for it.
        mapping: What each column contains; None if that is not known.
        ignore_first_line: Whether the first line is a heading; None if that is not known.
    """

    file_handle: str
    mapping: Mapping | None
    ignore_first_line: bool | None


class UploadAction(SekoiaAction):
    """An action that uploads a file from the playbook's storage."""

    @contextmanager
    def staged(self, file: storage.StoredFile, wishes: Wishes, deadline: Deadline) -> Iterator[StagedFile]:
        """Read a file; its copy stays on the local disk for as long as the context lasts.

        Args:
            file: Where the file is.
            wishes: How to read it.
            deadline: The deadline for reading a workbook.

        Raises:
            InputError: The file cannot be read, contains no indicator, or can be read in several ways.
        """
        with ExitStack() as stack:
            why: InputError | None = None
            try:
                folder = stack.enter_context(storage.scratch(self.data_path, self.warn))
            except storage.NowhereToWork as error:
                why, local, prepared = error, None, None
            else:
                local, prepared = self._copied(file, folder, wishes, deadline)
            yield StagedFile(file, local, prepared, why)

    def _copied(
        self, file: storage.StoredFile, folder: Path, wishes: Wishes, deadline: Deadline
    ) -> tuple[LocalFile, Outgoing | None]:
        try:
            local = fetch(file, folder)
            return local, self._prepare(local, folder, wishes, deadline)
        except UnreadableFile as error:
            raise InputError(f"The file {file.name} cannot be used: {error}") from None
        except OSError as error:
            raise InputError(
                f"The file {file.name} cannot be processed in the temporary folder ({storage.reason(error)}), and nothing "
                "was imported: make room there, and run the action again"
            ) from None

    def upload(
        self,
        rest: RestClient,
        staged: StagedFile,
        arguments: FileArguments,
        *,
        wishes: Wishes,
        file_handle: str | None = None,
    ) -> Upload:
        """Upload what is to be sent of a file.

        Args:
            rest: The REST client.
            staged: The file.
            arguments: The collection and the MIME type.
            wishes: How it was to be read.
            file_handle: Sekoia's name for the file, if it was uploaded before; used if nothing is left out.

        Raises:
            InputError: The file changed since it was read.
            SekoiaError: The upload failed.
        """
        prepared, local = staged.prepared, staged.local
        if local is None or prepared is None:
            preview = self._send_unread(rest, staged, arguments)
            ignored = wishes.ignore_first_line
            return Upload(
                preview.file_handle,
                wishes.mapping or preview.mapping(),
                preview.ignore_first_line() if ignored is None else ignored,
            )
        if file_handle is None or not prepared.is_original:
            if not prepared.is_original:
                self.tell(_instead(local, prepared))
            mime_type = _mime_type(arguments, local.kind) if prepared.is_original else prepared.mime_type
            file_handle = self._send_copy(rest, arguments, prepared.path, prepared.name, mime_type).file_handle
        staged.stored.check_unchanged()
        return Upload(file_handle, prepared.layout.mapping, prepared.layout.heading is not None)

    def check(self, staged: StagedFile, *, strict: bool, send_unrecognized: bool) -> None:
        """Report what is in a file, and refuse it if nothing in it can be sent, or, with strict, if anything cannot.

        Raises:
            InputError: It is refused.
        """
        prepared, name = staged.prepared, staged.name
        if prepared is None:
            if strict:
                raise InputError(
                    f"Nothing was imported, since strict is set and {name} could not be checked: correct the file, or run the "
                    "action without strict"
                )
            return
        self.tell(told_columns(prepared.layout, name))
        if not send_unrecognized:
            refuse_without_indicators(prepared.survey, name)
        if strict:
            refuse_doubtful(prepared.survey)
        for said in (*warnings(prepared.survey, sent=send_unrecognized), *file_warnings(prepared)):
            self.tell(said, "warning")

    def _prepare(self, local: LocalFile, folder: Path, wishes: Wishes, deadline: Deadline) -> Outgoing | None:
        try:
            prepared = prepare(local, folder, wishes, seconds=deadline.remaining())
        except UnreadableFile as error:
            if not (wishes.send_unrecognized and wishes.mapping):
                raise
            self.tell(f"{local.name} is sent to Sekoia without a check of its indicators: {error}", "warning")
            return None
        if prepared is None and not wishes.send_unrecognized:
            raise InputError(f"No column of {local.name} contains a recognized indicator: there is nothing to import")
        return prepared

    def _send_unread(self, rest: RestClient, staged: StagedFile, arguments: FileArguments) -> Preview:
        stored, local = staged.stored, staged.local
        if local is not None:
            return self._send_copy(rest, arguments, local.path, local.name, _mime_type(arguments, local.kind))
        self.tell(f"{stored.name} is sent to Sekoia without a check of its indicators: {staged.why}", "warning")
        try:
            with stored.open() as file:
                kind = kind_of(file)
        except UnreadableFile as error:
            raise InputError(f"The file {stored.name} cannot be used: {error}") from None
        self.tell(f"Uploading {stored.name} ({stored.size:,} bytes) to {arguments.collection_id}")
        preview = rest.preview_file(
            arguments.collection_id,
            stored.open,
            size=stored.size,
            name=stored.name,
            mime_type=_mime_type(arguments, kind),
        )
        stored.check_unchanged()
        return preview

    def _send_copy(self, rest: RestClient, arguments: FileArguments, path: Path, name: str, mime_type: str) -> Preview:
        self.tell(f"Uploading {name} ({path.stat().st_size:,} bytes) to {arguments.collection_id}")
        return upload(rest, arguments.collection_id, path, name=name, mime_type=mime_type)


def _instead(local: LocalFile, prepared: Outgoing) -> str:
    survey, what = prepared.survey, f"{local.name} is not sent unchanged"
    if survey.cleaned:
        what = f"{survey.cleaned:,} of {survey.values:,} observables of {local.name} need cleaning, such as refanging"
    return f"{what}: a cleaned CSV is uploaded instead of the file"


def _mime_type(arguments: FileArguments, kind: FileKind) -> str:
    """The MIME type that the user gave, or else the one that the content suggests."""
    given = arguments.mime_type
    return given if given is not None and _kind_for(given) == kind else MIME_TYPES[kind][0]


def _kind_for(mime_type: str | None) -> FileKind | None:
    return next((kind for kind, mime_types in MIME_TYPES.items() if mime_type in mime_types), None)
