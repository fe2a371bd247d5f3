"""What users say about a table: what its columns contain, and whether it has a heading."""

from typing import Annotated

from pydantic import BeforeValidator, Field, WithJsonSchema, field_validator

from sekoia_cti.actions.common.arguments import RARELY_SET, Arguments
from sekoia_cti.actions.common.jinja import literal
from sekoia_cti.client.wire import FILE_COLUMNS, Mapping
from sekoia_cti.indicators.display import shown

__all__ = ["LayoutArguments", "Sheet"]

IGNORED = (None, "", "ignore", "null", "None")
"""How a mapping says that a column is ignored."""


def _mapping(value: object) -> object:
    """A mapping from a list, a list as text, or names separated by commas."""
    if isinstance(value, str):
        value = literal(value, otherwise=value.split(","))
    if not isinstance(value, list | tuple):
        return value
    entries = [entry.strip() if isinstance(entry, str) else entry for entry in value]
    return [None if entry in IGNORED else entry for entry in entries]


MappingList = Annotated[
    Mapping,
    BeforeValidator(_mapping),
    WithJsonSchema({"type": "array", "items": {"type": "string", "enum": [*FILE_COLUMNS, "ignore"]}}),
]
"""What each column contains."""


Sheet = Annotated[
    str | None,
    Field(
        title="Sheet",
        description="Name of the sheet of a workbook, or its number, counting from 1; if left empty, the first "
        "visible sheet that contains indicators",
    ),
]
"""Which table of a workbook."""


class LayoutArguments(Arguments):
    """How a table is laid out."""

    mapping: Annotated[MappingList | None, RARELY_SET] = Field(
        default=None,
        title="Mapping",
        description="What each column contains: one entry per column, exactly one of them observable; if left empty, "
        "it is taken from the heading or detected by Sekoia",
    )
    ignore_first_line: Annotated[bool | None, RARELY_SET] = Field(
        default=None,
        title="Ignore first line",
        description="Whether the first line is a heading; if left empty, it is detected",
    )

    @field_validator("mapping")
    @classmethod
    def _has_one_observable(cls, value: Mapping | None) -> Mapping | None:
        if value is None:
            return None
        for entry in value:
            if entry is not None and entry not in FILE_COLUMNS:
                raise ValueError(f"“{shown(entry, 40)}” is not one of {', '.join(FILE_COLUMNS)} or ignore")
        if value.count("observable") != 1:
            raise ValueError(f"exactly one column must be observable, not {value.count('observable')}")
        return value
