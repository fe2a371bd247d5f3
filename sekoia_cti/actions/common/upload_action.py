"""What the actions on files share: finding out what the columns hold, cleaning the observables, and the upload."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic import Field, field_validator

from sekoia_cti.actions.common.arguments import CollectionArguments
from sekoia_cti.actions.common.reports import refuse_doubtful, warnings
from sekoia_cti.client.rest.endpoints import RestClient
from sekoia_cti.client.wire import Mapping, Preview
from sekoia_cti.indicators.errors import InputError
from sekoia_cti.indicators.files import MIME_TYPES, FileKind
from sekoia_cti.indicators.headers import mapping_for
from sekoia_cti.indicators.tables import Column, Survey, first_rows, survey, write_cleaned
from sekoia_cti.platform import storage
from sekoia_cti.platform.action import SekoiaAction

__all__ = ["FileArguments", "Upload", "UploadAction"]

ROWS = 10
"""Rows of a file that are shown to people."""


class FileArguments(CollectionArguments):
    """Where the file is, and where it goes."""

    file_path: str = Field(title="File", description="A CSV, XLS or XLSX file of the playbook's storage")
    mime_type: str | None = Field(
        default=None,
        title="MIME type",
        description="MIME type of the file; found from its content and its name when left empty",
        json_schema_extra={"enum": [mime_type for mime_types in MIME_TYPES.values() for mime_type in mime_types]},
    )

    @field_validator("mime_type")
    @classmethod
    def _is_supported(cls, value: str | None) -> str | None:
        if value is not None and _kind_for(value) is None:
            raise ValueError("Sekoia takes CSV, XLS and XLSX: give one of their MIME types, or none")
        return value


@dataclass(frozen=True)
class Upload:
    """A file that Sekoia holds and has not imported.

    Attributes:
        file_handle: What Sekoia calls it.
        mapping: What each column holds: as given, told by the heading, or detected by Sekoia; None when nothing tells.
        ignore_first_line: Whether the first line is a heading; None when nothing tells.
        rows: The first rows of the file; None when it cannot be read here.
        survey: What the observable column holds; None when it is not known, or the file cannot be read here.
    """

    file_handle: str
    mapping: Mapping | None
    ignore_first_line: bool | None
    rows: list[list[str]] | None = None
    survey: Survey | None = None


class UploadAction(SekoiaAction):
    """An action that uploads a file of the playbook's storage."""

    def upload(
        self,
        collections: RestClient,
        file: storage.StoredFile,
        arguments: FileArguments,
        *,
        file_handle: str | None = None,
        mapping: Mapping | None = None,
        ignore_first_line: bool | None = None,
        refang: bool,
        strict: bool = False,
    ) -> Upload:
        """Upload a file, or, when observables in it need cleaning, a cleaned CSV in its place.

        What is known before the upload, by the arguments or by a heading of known names, saves a second one: else the
        file goes up for Sekoia to detect its columns, and once more when cleaning it then turns out to be needed. Not
        being able to read a file here keeps nothing from Sekoia, which may well.

        Args:
            collections: The REST client.
            file: Where the file is.
            arguments: The collection and the MIME type.
            file_handle: What Sekoia calls the file, if it was uploaded before: then it is only looked at, which takes the
                mapping and ignore_first_line.
            mapping: What each column holds, if that is given.
            ignore_first_line: Whether the first line is a heading, if that is given.
            refang: Whether defanged observables are to be sent as they were before.
            strict: Whether to refuse values that are no indicators of a known kind.

        Raises:
            InputError: It is strict, and there are such values or the file cannot be read here.
            SekoiaError: The upload failed.
        """
        kind = _kind_for(arguments.mime_type) or file.kind()
        mime_type = arguments.mime_type or MIME_TYPES[kind][0]

        def send(file: storage.StoredFile, mime_type: str) -> Preview:
            self.tell(f"Uploading {file.name} ({file.size:,} bytes) to {arguments.collection_id}")
            return collections.preview_file(
                arguments.collection_id, file.open, size=file.size, name=file.name, mime_type=mime_type
            )

        rows = _first_rows(file, kind)
        if mapping is None and ignore_first_line is not False:
            mapping = self._told_by_heading(file, rows)
            ignore_first_line = ignore_first_line if mapping is None else True
        preview = Preview(file_handle=file_handle) if file_handle else None
        if mapping is None or ignore_first_line is None:
            preview = send(file, mime_type)
            mapping = mapping or preview.mapping()
            ignore_first_line = preview.ignore_first_line() if ignore_first_line is None else ignore_first_line
        found = None
        if mapping is not None and ignore_first_line is not None:
            column = Column(
                mapping.index("observable"), skip_first=ignore_first_line, of=len(mapping), refanging=refang
            )
            found = self._survey(file, kind, column, strict=strict)
            if found and found.changes and file_handle is None:
                self.tell(
                    f"{found.changes:,} of {found.values:,} observables of {file.name} need cleaning, such as refanging: "
                    "a cleaned CSV goes to Sekoia in place of the file",
                )
                with _cleaned(file, kind, column) as cleaned:
                    preview = send(cleaned, MIME_TYPES["csv"][0])
        preview = preview or send(file, mime_type)
        return Upload(preview.file_handle, mapping, ignore_first_line, rows, found)

    def _told_by_heading(self, file: storage.StoredFile, rows: list[list[str]] | None) -> Mapping | None:
        mapping = mapping_for(rows[0]) if rows else None
        if mapping is not None:
            columns = ", ".join(column or "ignored" for column in mapping)
            self.tell(f"The columns of {file.name} are known by their heading: {columns}")
        return mapping

    def _survey(self, file: storage.StoredFile, kind: FileKind, column: Column, *, strict: bool) -> Survey | None:
        try:
            with file.open() as opened:
                found = survey(opened, kind, column)
        except (InputError, *storage.UNREADABLE) as error:
            why = str(error) if isinstance(error, InputError) else f"it cannot be read ({type(error).__name__})"
            why = why[0].lower() + why[1:]
            if strict:
                raise InputError(
                    f"Nothing was imported, since strict is set and {file.name} is not clear: {why}"
                ) from None
            self.tell(f"{file.name} goes to Sekoia without a look at its observables: {why}", "warning")
            return None
        if strict:
            refuse_doubtful(found)
        for said in warnings(found, sent=True):
            self.tell(said, "warning")
        return found


def _first_rows(file: storage.StoredFile, kind: FileKind) -> list[list[str]] | None:
    try:
        with file.open() as opened:
            return first_rows(opened, kind, ROWS)
    except (InputError, *storage.UNREADABLE):
        return None


@contextmanager
def _cleaned(file: storage.StoredFile, kind: FileKind, column: Column) -> Iterator[storage.StoredFile]:
    """The file with its observables cleaned, as a CSV that is there for as long as the context is."""
    name = f"{Path(file.name).stem}.csv"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "cleaned.csv"
        with file.open() as opened, path.open("w", encoding="utf-8", newline="") as target:
            write_cleaned(opened, kind, column, target)
        yield storage.StoredFile(path, name, path.stat().st_size)


def _kind_for(mime_type: str | None) -> FileKind | None:
    return next((kind for kind, mime_types in MIME_TYPES.items() if mime_type in mime_types), None)
