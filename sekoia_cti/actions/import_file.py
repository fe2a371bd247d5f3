"""Import indicators from a file: CSV, XLS or XLSX, with what each column holds given, told by its heading, or detected."""

from functools import cache, partial
from typing import Annotated

from pydantic import BeforeValidator, Field, WithJsonSchema, field_validator

from sekoia_cti.actions import storage
from sekoia_cti.actions.arguments import CollectionArguments, literal
from sekoia_cti.actions.imports import ImportAction, ImportArguments, ImportResults
from sekoia_cti.client.wire import FILE_COLUMNS, Mapping, Preview
from sekoia_cti.indicators.errors import InputError
from sekoia_cti.indicators.files import MIME_TYPES, FileKind, column, heading
from sekoia_cti.indicators.headers import mapping_for
from sekoia_cti.indicators.text import sample, thin

__all__ = ["ImportIndicatorsFromFile", "ImportIndicatorsFromFileArguments", "ImportIndicatorsFromFileResults"]

SMALL_FILE = 1024 * 1024
"""Bytes up to which a file is read for its last value before it is processed; a larger one only if it is needed."""

IGNORED = (None, "", "ignore", "null", "None")
"""How a mapping says that a column is to be ignored."""


def _mapping(value: object) -> object:
    """A mapping from a list, its text, or names separated by commas."""
    if isinstance(value, str):
        value = literal(value, otherwise=value.split(","))
    if not isinstance(value, list | tuple):
        return value
    entries = [entry.strip() if isinstance(entry, str) else entry for entry in value]
    return [None if entry in IGNORED else entry for entry in entries]


class FileArguments(CollectionArguments):
    """Where the indicators are."""

    file_path: str = Field(title="File", description="A CSV, XLS or XLSX file of the playbook's storage")
    mime_type: str | None = Field(
        default=None,
        title="MIME type",
        description="MIME type of the file; found from its content and its name when left empty",
        json_schema_extra={"enum": [mime_type for mime_types in MIME_TYPES.values() for mime_type in mime_types]},
    )
    mapping: (
        Annotated[
            Mapping,
            BeforeValidator(_mapping),
            WithJsonSchema({"type": "array", "items": {"type": "string", "enum": [*FILE_COLUMNS, "ignore"]}}),
        ]
        | None
    ) = Field(
        default=None,
        title="Mapping",
        description="What each column holds, one entry a column, exactly one of them observable; found from the "
        "heading, or detected by Sekoia, when left empty",
    )
    ignore_first_line: bool | None = Field(
        default=None,
        title="Ignore first line",
        description="Whether the first line is a heading; what Sekoia detects is used when left empty",
    )

    @field_validator("mime_type")
    @classmethod
    def _is_supported(cls, value: str | None) -> str | None:
        if value is not None and not any(value in mime_types for mime_types in MIME_TYPES.values()):
            raise ValueError("Sekoia takes CSV, XLS and XLSX: give one of their MIME types, or none")
        return value

    @field_validator("mapping")
    @classmethod
    def _has_one_observable(cls, value: Mapping | None) -> Mapping | None:
        if value is None:
            return None
        for entry in value:
            if entry is not None and entry not in FILE_COLUMNS:
                raise ValueError(f"“{entry[:40]}” is none of {', '.join(FILE_COLUMNS)} or ignore")
        if value.count("observable") != 1:
            raise ValueError(f"exactly one column must be observable, not {value.count('observable')}")
        return value


class ImportIndicatorsFromFileArguments(ImportArguments, FileArguments):
    """Where the indicators are, and what holds for what no column maps."""


class ImportIndicatorsFromFileResults(ImportResults):
    """How the import ended, and how the file was read."""

    mapping: list[str | None] = Field(title="Mapping", description="What each column was taken for; null: ignored")
    ignore_first_line: bool = Field(
        title="Ignore first line", description="Whether the first line was taken for a heading"
    )


class ImportIndicatorsFromFile(ImportAction):
    """Import indicators from a file."""

    name = "Import indicators from file"
    description = "Import indicators from a CSV, XLS or XLSX file into an IOC collection, and wait until Sekoia has imported them"
    results_model = ImportIndicatorsFromFileResults

    def run(self, arguments: ImportIndicatorsFromFileArguments) -> ImportIndicatorsFromFileResults:
        """Upload the file, find out what its columns hold, start its import, and wait for the end."""
        file = storage.find(self.data_path, arguments.file_path, "file_path")
        kind = _kind_for(arguments.mime_type) or file.kind()
        mime_type = arguments.mime_type or MIME_TYPES[kind][0]
        with self.importer(arguments, arguments.collection_id) as importer:
            self.tell(f"Uploading {file.name} ({file.size:,} bytes) to {arguments.collection_id}")
            preview = importer.collections.preview_file(
                arguments.collection_id, file.open, size=file.size, name=file.name, mime_type=mime_type
            )
            mapping, ignore_first_line = self._layout(file, kind, arguments, preview)
            values = cache(
                partial(_recognisable, file, kind, mapping.index("observable"), skip_first=ignore_first_line)
            )
            known = values() if arguments.wait and file.size <= SMALL_FILE else []
            importer.submit(
                lambda: importer.collections.process_file(
                    arguments.collection_id,
                    preview.file_handle,
                    mapping=mapping,
                    ignore_first_line=ignore_first_line,
                    context=importer.context,
                ),
                sample=values,
                last=known[0] if known else None,
            )
            results = self.conclude(importer, arguments, submitted=None)
        return ImportIndicatorsFromFileResults(
            **results.model_dump(), mapping=mapping, ignore_first_line=ignore_first_line
        )

    def _layout(
        self,
        file: storage.StoredFile,
        kind: FileKind,
        arguments: ImportIndicatorsFromFileArguments,
        preview: Preview,
    ) -> tuple[Mapping, bool]:
        """What each column holds, and whether the first line is a heading.

        What the arguments leave open is told by a heading of known names, or else is what Sekoia detected.
        """
        mapping, ignore_first_line = arguments.mapping, arguments.ignore_first_line
        if mapping is None and ignore_first_line is not False:
            mapping = mapping_for(_heading(file, kind))
            if mapping is not None:
                ignore_first_line = True
                columns = ", ".join(column or "ignored" for column in mapping)
                self.tell(f"The columns of {file.name} are known by their heading: {columns}")
        mapping = mapping or preview.mapping()
        if mapping is None:
            raise InputError(
                f"Sekoia did not tell what the columns of {file.name} hold, and nothing was imported: give the mapping, "
                "one entry a column, exactly one of them observable"
            )
        if ignore_first_line is None:
            ignore_first_line = preview.ignore_first_line()
        if ignore_first_line is None:
            raise InputError(
                f"Sekoia did not tell whether the first line of {file.name} is a heading, and nothing was imported: give "
                "ignore_first_line"
            )
        return mapping, ignore_first_line


def _heading(file: storage.StoredFile, kind: FileKind) -> list[str]:
    """The first row; none when we cannot read the file, which Sekoia may well."""
    try:
        with file.open() as opened:
            return heading(opened, kind)
    except (InputError, *storage.UNREADABLE):
        return []


def _recognisable(file: storage.StoredFile, kind: FileKind, index: int, *, skip_first: bool) -> list[str]:
    """Values by which the import can be recognised; none when we cannot read the file, which Sekoia may well."""
    try:
        with file.open() as opened:
            return sample(thin(column(opened, kind, index, skip_first=skip_first)))
    except (InputError, *storage.UNREADABLE):
        return []


def _kind_for(mime_type: str | None) -> FileKind | None:
    return next((kind for kind, mime_types in MIME_TYPES.items() if mime_type in mime_types), None)
