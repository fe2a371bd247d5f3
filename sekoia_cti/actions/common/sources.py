"""Where indicators come from: arguments, and files in the playbook's storage, which are combined."""

import json
from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import Field, field_validator

from sekoia_cti.actions.common.arguments import Arguments
from sekoia_cti.actions.common.gathered import Gathered
from sekoia_cti.actions.common.jinja import ObjectList, as_list, check_rendered, structure
from sekoia_cti.actions.common.stored_text import read_lines, read_text
from sekoia_cti.indicators.file_content import page_in
from sekoia_cti.indicators.input_errors import InputError
from sekoia_cti.platform import storage

__all__ = ["Format", "SourceArguments", "read_stored_list"]

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


class SourceArguments(Arguments):
    """Where the indicators come from: at least one of the sources; several are combined."""

    sources: ClassVar[tuple[str, ...]] = ("text", "text_path", "indicators", "indicators_path")

    text: str | None = Field(
        default=None,
        title="Text",
        description="One indicator per line, with the hashes of one file on one line, separated by commas",
    )
    text_path: str | None = Field(
        default=None,
        title="Text file",
        description="A text file in the playbook's storage, with one indicator per line",
    )
    indicators: ObjectList | None = Field(
        default=None,
        title="Indicators",
        description="A list of values, or what another action found: objects from STIX, MISP, OpenCTI, Sekoia, "
        "VirusTotal, TheHive or ECS, of which only the values are used",
    )
    indicators_path: str | None = Field(
        default=None,
        title="Indicators file",
        description="A JSON file in the playbook's storage that contains such a list",
    )

    @field_validator("text")
    @classmethod
    def _is_rendered(cls, text: str | None) -> str | None:
        if text is not None:
            check_rendered(text, every_line=True)
        return text

    def gather(self, data_path: Path, *, revoked_too: bool = False) -> Gathered:
        """The lines of all sources, in the order of the arguments.

        Args:
            data_path: The playbook's storage.
            revoked_too: Whether values that an object marks as revoked are wanted too.

        Raises:
            InputError: A file cannot be used, or the text is a page that a download brought in place of a list.
        """
        gathered = Gathered(revoked_too=revoked_too)
        if self.text is not None:
            if page := page_in(self.text):
                raise InputError(f"The text cannot be used: it is {page}")
            if (parsed := structure(self.text.strip())) is None:
                gathered.add_text(self.text)
            else:
                gathered.add([parsed])
        if self.text_path:
            file = storage.find(data_path, self.text_path, "text_path")
            text, guess = read_lines(file, "text_path")
            if isinstance(parsed := structure(text.strip()), list | tuple | set):
                gathered.add(parsed)
            else:
                gathered.add_text(text, name=file.name, guess=guess)
        gathered.add(self.indicators or [])
        if self.indicators_path:
            gathered.add(read_stored_list(storage.find(data_path, self.indicators_path, "indicators_path")))
        return gathered


def read_stored_list(file: storage.StoredFile) -> list[Any]:
    """The content of the file of ``indicators_path`` as a flat list: a JSON list, an object, or one object per line.

    Args:
        file: Where it is.

    Raises:
        InputError: It contains none of these.
    """
    text = read_text(file, "indicators_path", "list").strip()
    try:
        values = json.loads(text)
    except RecursionError:
        raise InputError(f"The file {file.name} of indicators_path is nested too deeply to be read") from None
    except ValueError as error:
        values = structure(text)
        if values is None and isinstance(error, json.JSONDecodeError) and text.startswith(("{", '["', "[{")):
            raise InputError(
                f"The file {file.name} of indicators_path is not complete JSON: it cannot be read past line "
                f"{error.lineno:,}, "
                f"column {error.colno:,} ({error.msg.lower()})"
            ) from None
    if not isinstance(values, list | dict | tuple | set):
        raise InputError(
            f"The file {file.name} of indicators_path is neither a JSON list nor a JSON object: use text_path for "
            "text, or Import indicators from file for a table"
        )
    try:
        return as_list(values, objects=True)
    except ValueError as error:
        raise InputError(f"The file {file.name} of indicators_path cannot be used: {error}") from None
