"""Where indicators as text come from: arguments and files of the playbook's storage, joined into lines."""

import json
from pathlib import Path
from typing import ClassVar, Self

from pydantic import Field, model_validator

from sekoia_cti.actions.common.arguments import Arguments
from sekoia_cti.actions.common.jinja import TextList, as_list
from sekoia_cti.indicators.content import unpacked
from sekoia_cti.indicators.errors import InputError, UnreadableFile
from sekoia_cti.indicators.text import decode
from sekoia_cti.platform import storage

__all__ = ["SourceArguments", "read_list"]


class SourceArguments(Arguments):
    """Where the indicators are: one of the sources at least, and several are joined."""

    sources: ClassVar[tuple[str, ...]] = ("text", "text_path", "indicators", "indicators_path")
    """The arguments that can hold indicators."""

    value_key: ClassVar[str | None] = None
    """What objects in a list file stand for; None when it holds none."""

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

    @model_validator(mode="after")
    def _has_a_source(self) -> Self:
        if not self.given():
            raise ValueError(f"at least one of {', '.join(self.sources)} is required")
        return self

    def given(self) -> list[str]:
        """The names of the sources that were given."""
        return [source for source in self.sources if getattr(self, source) is not None]

    def lines(self, data_path: Path) -> list[str]:
        """The lines of all sources, in the order of the arguments.

        Args:
            data_path: The playbook's storage.

        Raises:
            InputError: A file cannot be used.
        """
        texts = [self.text or ""]
        if self.text_path:
            texts.append(_text(storage.find(data_path, self.text_path, "text_path")))
        texts += self.indicators or []
        if self.indicators_path:
            texts += map(
                str, read_list(storage.find(data_path, self.indicators_path, "indicators_path"), key=self.value_key)
            )
        return [line for text in texts for line in text.splitlines()]


def _text(file: storage.StoredFile) -> str:
    try:
        return decode(unpacked(file.read()))
    except UnreadableFile as error:
        raise InputError(f"The file {file.name} of text_path cannot be used: {error}") from None


def read_list(file: storage.StoredFile, *, key: str | None = None, objects: bool = False) -> list[object]:
    """The JSON list in the file of ``indicators_path``, flat.

    Args:
        file: Where it is.
        key: What objects in it stand for: the value of theirs that has this name.
        objects: Whether objects are items themselves.

    Raises:
        InputError: There is no such list in it.
    """
    try:
        values = json.loads(decode(file.read()))
    except (ValueError, RecursionError):
        raise InputError(
            f"The file {file.name} of indicators_path is no JSON: it must hold a list of values"
        ) from None
    if not isinstance(values, list):
        raise InputError(f"The file {file.name} of indicators_path holds no list: it must hold a JSON list of values")
    try:
        return [value for value in as_list(values, key=key, objects=objects) if value is not None]
    except ValueError as error:
        raise InputError(f"The file {file.name} of indicators_path cannot be used: {error}") from None
