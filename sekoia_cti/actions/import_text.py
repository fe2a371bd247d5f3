"""Import indicators from text: pasted, in a file, or the list that an earlier action found."""

import json
from typing import Literal, Self

from pydantic import Field, model_validator

from sekoia_cti.actions import storage
from sekoia_cti.actions.arguments import CollectionArguments, TextList, as_list
from sekoia_cti.actions.imports import ImportAction, ImportArguments, ImportResults
from sekoia_cti.indicators.errors import InputError
from sekoia_cti.indicators.text import decode, lines, sample

__all__ = ["ImportIndicatorsFromText", "ImportIndicatorsFromTextArguments"]

SOURCES = ("text", "text_path", "indicators", "indicators_path")

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


class TextArguments(CollectionArguments):
    """Where the indicators are."""

    text: str | None = Field(
        default=None,
        title="Text",
        description="One indicator a line; the hashes of one file on one line, separated by commas",
    )
    text_path: str | None = Field(
        default=None, title="Text file", description="The same, in a file of the playbook's storage"
    )
    indicators: TextList | None = Field(
        default=None, title="Indicators", description="A list of values, for example what an enrichment action found"
    )
    indicators_path: str | None = Field(
        default=None, title="Indicators file", description="A JSON list of values, in a file of the playbook's storage"
    )
    format: Format | None = Field(
        default=None, title="Format", description="The type of all lines, if it is one; otherwise Sekoia finds it out"
    )

    @model_validator(mode="after")
    def _has_a_source(self) -> Self:
        if all(getattr(self, source) is None for source in SOURCES):
            raise ValueError(f"at least one of {', '.join(SOURCES)} is required")
        return self


class ImportIndicatorsFromTextArguments(ImportArguments, TextArguments):
    """Where the indicators are, and what holds for all of them."""


class ImportIndicatorsFromText(ImportAction):
    """Import indicators from text."""

    name = "Import indicators from text"
    description = (
        "Import indicators from text or a list into an IOC collection, and wait until Sekoia has imported them"
    )
    results_model = ImportResults

    def run(self, arguments: ImportIndicatorsFromTextArguments) -> ImportResults:
        """Read the sources, submit their lines, and wait for the end."""
        values = self._lines(arguments)
        taken = sample(values)
        with self.importer(arguments, arguments.collection_id) as importer:
            self.tell(f"Importing {len(values):,} indicators into {arguments.collection_id}")
            importer.submit(
                lambda: importer.collections.import_text(
                    arguments.collection_id, "\n".join(values), context=importer.context, format=arguments.format
                ),
                sample=lambda: taken,
                last=taken[0] if taken else None,
                expected=len(values),
            )
            return self.conclude(importer, arguments, submitted=len(values))

    def _lines(self, arguments: ImportIndicatorsFromTextArguments) -> list[str]:
        """The lines of all sources, in the order of the arguments."""
        texts = [arguments.text or ""]
        if arguments.text_path:
            texts.append(decode(storage.find(self.data_path, arguments.text_path, "text_path").read()))
        texts += arguments.indicators or []
        if arguments.indicators_path:
            texts += _listed(storage.find(self.data_path, arguments.indicators_path, "indicators_path"))
        found = lines(texts)
        if not found:
            given = ", ".join(source for source in SOURCES if getattr(arguments, source) is not None)
            raise InputError(f"There is nothing to import: {given} holds no indicator")
        return found


def _listed(file: storage.StoredFile) -> list[str]:
    try:
        values = json.loads(decode(file.read()))
    except (ValueError, RecursionError):
        raise InputError(
            f"The file {file.name} of indicators_path is no JSON: it must hold a list of values"
        ) from None
    if not isinstance(values, list):
        raise InputError(f"The file {file.name} of indicators_path holds no list: it must hold a JSON list of values")
    try:
        return [str(value) for value in as_list(values) if value is not None]
    except ValueError as error:
        raise InputError(f"The file {file.name} of indicators_path cannot be used: {error}") from None
