"""How the file actions report what they found: the columns, what is not sent, and what is sent in a different form."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Any

from pydantic import Field

from sekoia_cti.actions.common.bounds import first_of, path_field
from sekoia_cti.indicators.display import shown
from sekoia_cti.indicators.layout import Layout, is_heading
from sekoia_cti.indicators.long_list import LongList
from sekoia_cti.indicators.survey import Cell, Survey
from sekoia_cti.indicators.type_cells import FLAGS
from sekoia_cti.local_files.outgoing import Outgoing
from sekoia_cti.platform.forms import ResultsForm, objects

__all__ = ["CellResults", "ColumnList", "account_of", "described_columns", "file_warnings", "lists_of", "told_columns"]

CellList = Annotated[list[dict[str, Any]], objects(line="integer", column="string", value="string", reason="string")]
"""Cells that were not used unchanged: see :func:`account_of`."""

ColumnList = Annotated[
    list[dict[str, Any]], objects(column="integer", heading="string", kinds="object", mapped_to="string", why="string")
]
"""The result of :func:`described_columns`."""

_WHY: dict[str | None, str] = {
    "reference": "its heading says that it contains references",
    "type": "its heading says that it contains the types of the indicators",
    **dict.fromkeys(FLAGS, "its heading says that it marks which indicators count"),
    "to_ids": "its heading says that it marks what is for detection",
    None: "its heading is not known",
}


_ACCOUNT = (
    "cleaned",
    "duplicates",
    "unrecognized",
    "unrecognized_count",
    "adapted",
    "adapted_count",
    "skipped_rows",
    "skipped_rows_count",
    "unused_cells",
    "unused_cells_count",
    "by_type",
)


class CellResults(ResultsForm):
    """Rows and cells of a table that were not used unchanged: see :func:`account_of`."""

    skipped_rows: CellList | None = Field(
        title="Skipped rows",
        description="The first 100 rows that were left out although they contain an indicator, with the line, column "
        "and value of the cell responsible, and the reason, such as not for detection; null if no table was read",
    )
    skipped_rows_count: int | None = Field(
        title="Skipped rows count", description="How many indicators these rows contain"
    )
    skipped_rows_path: str | None = path_field("Skipped rows")
    unused_cells: CellList | None = Field(
        title="Unused cells",
        description="The first 100 cells that were left out or truncated although their indicator was used, with "
        "line, column, value and reason; null if no table was read",
    )
    unused_cells_count: int | None = Field(title="Unused cells count", description="How many such cells there are")
    unused_cells_path: str | None = path_field("Unused cells")


def account_of(survey: Survey | None) -> dict[str, Any]:
    """What happened to the values, rows and cells of a file, in the form of results; nulls if it could not be read."""
    if survey is None:
        return dict.fromkeys(_ACCOUNT)
    return {name: first_of(told) if isinstance(told := getattr(survey, name), LongList) else told for name in _ACCOUNT}


def lists_of(survey: Survey | None) -> dict[str, LongList[Any] | None]:
    """The lists of :func:`account_of`, for :func:`~sekoia_cti.actions.common.bounds.list_files`."""
    return {name: getattr(survey, name, None) for name in ("unrecognized", "adapted", "skipped_rows", "unused_cells")}


def told_columns(layout: Layout, name: str) -> str:
    """How the columns of a file were interpreted."""
    observable = layout.columns[layout.observable]
    others = [f"{column} in column {layout.columns[at]}" for at, column in _others(layout) if at < len(layout.columns)]
    beside = f"; {', '.join(others)}" if others else ""
    joined = f", joined with {_joined(layout)}" if layout.joined else ""
    heading = "no heading" if layout.heading is None else f"the heading in row {layout.first - 1}"
    return f"{name} has {heading} and its indicators in column {observable}{joined}, since {layout.why}{beside}"


def _joined(layout: Layout) -> str:
    others = [layout.columns[at] for at in layout.joined if at != layout.observable]
    if layout.joins_hashes:
        return "1 more hash column" if len(others) == 1 else f"{len(others)} more hash columns"
    return ("column " if len(others) == 1 else "columns ") + ", ".join(map(str, others))


def described_columns(layout: Layout) -> list[dict[str, Any]]:
    """For each column: its heading, what its first thousand cells contain, what it is mapped to, and why."""
    return [
        {
            "column": column.index + 1,
            "heading": column.heading or None,
            "kinds": dict(column.kinds),
            "mapped_to": layout.mapping[column.index],
            "why": _why(layout, column.index),
        }
        for column in layout.columns
    ]


def file_warnings(prepared: Outgoing) -> Iterator[str]:
    """What users should know about a file, besides which values were not recognized or were adapted."""
    layout, survey, name = prepared.layout, prepared.survey, prepared.name
    yield from _of_sheets(prepared)
    if (encoding := layout.table.encoding).is_guess:
        yield (
            f"{name} is not in UTF-8, and its encoding looks like {encoding.label}: check the descriptions, or save the file as "
            "UTF-8"
        )
    if swallowed := layout.table.swallowed:
        number, line = next(iter(swallowed.items()))
        rows = "1 row contains" if len(swallowed) == 1 else f"{len(swallowed):,} rows contain"
        yield (
            f"{rows} lines within quotation marks that look like separate rows and are not imported, such as row "
            f"{number:,}, “{shown(line)}”: check whether a quotation mark is missing"
        )
    if layout.joins_kinds:
        named = ", ".join(str(layout.columns[at]) for at in layout.joined)
        yield (
            f"Columns {named} of {name} hold indicators of different kinds, and all of these are imported: for one column only "
            "give a mapping"
        )
    for column in layout.unmapped:
        count = len(column.found)
        holds = "1 indicator, which is" if count == 1 else f"{count:,} indicators in its first rows, which are"
        advice = f": to import these, run the action with the mapping {', '.join(_instead(layout, column.index))}"
        why = ", since its heading says that they are references" if column.role == "reference" else advice
        yield f"Column {column} of {name} contains {holds} not imported{why}"
    if survey.second_heading:
        yield (
            f"Row {survey.second_heading:,} looks like the heading of another table, but the rows below it are read "
            "with the columns of the first one: if the columns differ, put each table into a separate file"
        )
    if survey.surplus:
        rows = "1 row has" if survey.surplus == 1 else f"{survey.surplus:,} rows have"
        yield (
            f"{rows} more cells than the heading (the first in line {survey.first_surplus}), and the surplus cells "
            "are not used: check whether a cell that contains the delimiter lacks quotation marks"
        )
    for heading, count in survey.converted.items():
        at = next(column.index for column in layout.columns if heading in (column.heading, str(column.index + 1)))
        field = layout.mapping[at]
        dates = "1 date was" if count == 1 else f"{count:,} dates were"
        order = layout.day_orders.get(at)
        yield f"{field}: {dates} converted to ISO 8601 in the column “{heading}”{f', read {order}' if order else ''}"
    if count := survey.skipped_rows_count:
        values = "1 value is" if count == 1 else f"{count:,} values are"
        yield f"{values} skipped: {_named(survey.skipped_rows, count)}"
    if survey.unused_cells_count:
        cells = "1 cell is" if survey.unused_cells_count == 1 else f"{survey.unused_cells_count:,} cells are"
        named = _named(survey.unused_cells, survey.unused_cells_count)
        yield f"{cells} left out or truncated, although the indicator is sent: {named}"
    yield from _of_values(survey)


def _instead(layout: Layout, observable: int) -> Iterator[str]:
    """The mapping with a different column as the observable."""
    for at, field in enumerate(layout.mapping):
        yield "observable" if at == observable else field if field and field != "observable" else "ignore"


def _of_sheets(prepared: Outgoing) -> Iterator[str]:
    if others := prepared.source.others:
        named = ", ".join(
            f"“{sheet.name}” ({_rows(sheet.rows - is_heading(sheet.top))}{'' if sheet.visible else ', hidden'})"
            for sheet in others
        )
        taken = prepared.source.sheet.name if prepared.source.sheet else ""
        yield f"Only the sheet “{taken}” is imported, and not {named}: to import a different one, set the argument sheet"


def _of_values(survey: Survey) -> Iterator[str]:
    if survey.expired:
        have = (
            "1 row has an end of validity that is"
            if survey.expired == 1
            else f"{survey.expired:,} rows have an end of validity"
        )
        are = "" if survey.expired == 1 else " that is"
        yield f"{have}{are} in the past (the first in line {survey.first_expired}): expired indicators detect nothing"
    if not survey.compared:
        yield "The file contains too many values to compare all of them: there may be duplicates"


def _named(cells: Sequence[Cell], count: int) -> str:
    named = [f"line {cell.line}, {cell.column} “{cell.value}” ({cell.reason})" for cell in cells[:3]]
    return "; ".join(named) + (f"; and {count - len(named):,} more" if count > len(named) else "")


def _others(layout: Layout) -> list[tuple[int, str]]:
    return [(at, column) for at, column in enumerate(layout.mapping) if column and column != "observable"]


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count:,} rows"


def _why(layout: Layout, at: int) -> str:
    column, mapped = layout.columns[at], layout.mapping[at]
    if mapped == "observable":
        return layout.why
    if at in layout.joined:
        if layout.joins_hashes:
            return "its hashes are joined with the strongest hash in their row"
        return f"its indicators are used too, since {layout.why}"
    if mapped:
        return "its heading says so" if column.role == mapped else "the mapping says so"
    if column in layout.unmapped and column.role != "reference":
        return "it contains indicators, but another column is the observable"
    if column.found and column.role != "reference":
        return "it contains the same indicators as the observable column"
    return _WHY.get(column.role, "another column is used for this")
