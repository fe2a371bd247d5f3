"""What Sekoia found in an uploaded file, wherever its answer has that."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import ConfigDict, Field

from sekoia_cti.client.wire import FILE_COLUMNS, Mapping, Wire

__all__ = ["Preview"]


class Preview(Wire):
    """What Sekoia found in a file that was uploaded.

    The names of the fields that hold its findings are unknown (contract, ``files/preview``), so :meth:`mapping` and
    :meth:`ignore_first_line` look for values that can be nothing else, under any plausible name and at any depth.
    """

    model_config = ConfigDict(extra="allow")

    file_handle: Annotated[str, Field(min_length=1, coerce_numbers_to_str=True)]

    def mapping(self) -> Mapping | None:
        """The columns that Sekoia detected, or None when none of the fields holds a mapping with one observable."""
        for name, value in _fields(self.model_extra or {}):
            if any(word in name for word in ("mapping", "column", "field", "header", "type")):
                mapping = _as_mapping(value)
                if mapping is not None:
                    return mapping
        return None

    def ignore_first_line(self) -> bool | None:
        """Whether Sekoia takes the first line for a heading, or None if no field says."""
        for name, value in _fields(self.model_extra or {}):
            if isinstance(value, bool) and (
                "header" in name or ("first" in name and ("line" in name or "row" in name))
            ):
                return value
        return None


def _fields(value: Any) -> Iterator[tuple[str, Any]]:
    """Every field of nested objects, the outer ones first."""
    level = [value]
    while level:
        for fields in level:
            yield from ((str(name).lower(), inner) for name, inner in fields.items())
        level = [inner for fields in level for inner in fields.values() if isinstance(inner, dict)]


def _as_mapping(value: Any) -> Mapping | None:
    """A mapping from a list of names, a list of objects that hold one, ``{column: name}`` or ``{name: column}``."""
    entries: list[Any]
    if isinstance(value, dict) and value:
        if all(isinstance(number, int) and not isinstance(number, bool) for number in value.values()):
            by_column = {number: name for name, number in value.items()}
        elif all(str(key).isdecimal() for key in value):
            by_column = {int(key): name for key, name in value.items()}
        else:
            by_column = dict(enumerate(value.values()))
        if min(by_column) < 0 or max(by_column) > 1_000:
            return None
        entries = [by_column.get(column) for column in range(max(by_column) + 1)]
    elif isinstance(value, list):
        entries = value
    else:
        return None
    mapping = [_as_column(entry) for entry in entries]
    return mapping if mapping.count("observable") == 1 else None


def _as_column(entry: Any) -> str | None:
    """The name of a column within an entry of a detected mapping; any other name means a column to ignore."""
    names = entry.values() if isinstance(entry, dict) else [entry]
    return next((name for name in names if isinstance(name, str) and name in FILE_COLUMNS), None)
