"""Imports of text and of files: what REST takes and gives."""

from typing import Literal

from pydantic import BaseModel, Field, StrictBool, model_validator

from sandbox.sekoia.models.indicator_models import IndicatorChange

__all__ = ["Accepted", "Column", "FileImport", "TextImport"]

Column = Literal[
    "observable", "valid_from", "valid_until", "kill_chain_phases", "x_ic_related_threat_refs", "description"
]
Format = Literal[
    "one_per_line",
    "ipv4-addr.value",
    "ipv6-addr.value",
    "domain-name.value",
    "url.value",
    "email-addr.value",
    "file.hashes",
]


class TextImport(IndicatorChange):
    """Indicators as text."""

    indicators: str = Field(description="one a line; the hashes of one file on one line, separated by commas")
    format: Format | None = Field(None, description="the type of all lines; by default each line tells its own")


class FileImport(IndicatorChange):
    """A file that was previewed, to be imported."""

    file_handle: str
    mapping: list[Column | None] = Field(description="what each column holds; null ignores a column")
    ignore_first_line: StrictBool

    @model_validator(mode="after")
    def _one_observable(self) -> "FileImport":
        if self.mapping.count("observable") != 1:
            raise ValueError("mapping must have one observable column")
        if any(self.mapping.count(column) > 1 for column in self.mapping if column):
            raise ValueError("mapping has a column twice")
        return self


class Accepted(BaseModel):
    """An import goes on in the background: LiveAPI tells its progress. Or it is over, and is counted."""

    task_id: str | int | None = None
    created: int | None = None
    updated: int | None = None
    ignored: int | None = None
