"""How a table of indicators is laid out: where its heading is, and what its columns are for."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from sekoia_cti.indicators.columns import Choice, Column, Recognize, choose, profile
from sekoia_cti.indicators.dates import DayOrder, day_order
from sekoia_cti.indicators.errors import InputError
from sekoia_cti.indicators.headers import Role, role_of
from sekoia_cti.indicators.tables import Row, Table

__all__ = ["Layout", "is_heading", "lay_out"]

ROWS_LOOKED_AT = 1_000
_ROWS_ABOVE = 30
"""Rows, titles and empty ones, below which a heading is still looked for."""

_TITLES = 5
"""Rows of several cells, one of them an indicator such as the address of a report, that can be titles."""

_FIELDS: tuple[Role, ...] = (
    "valid_from",
    "valid_until",
    "kill_chain_phases",
    "x_ic_related_threat_refs",
    "description",
)
_DESCRIPTIONS = ("description", "beschreibung", "descripcion", "descripción", "comment", "commentaire", "kommentar")
_LIKE_A_HEADING = re.compile(r"[^\W\d_][\w #()'&-]*|#", re.ASCII)


@dataclass(frozen=True)
class Layout:
    """Where everything is.

    Attributes:
        table: What is laid out.
        mapping: What each column holds, as Sekoia wants to know it; None is ignored.
        heading: The cells of the heading, or None when there is none.
        first: The number of the first row that holds indicators, or may hold some.
        joined: Columns of hashes of one file; empty when the observable is a column alone.
        type_column: Where the kinds of the indicators are, or None.
        to_ids_column: Where it says what is for detection, or None.
        day_orders: Of the columns of dates, how they write them.
        columns: What the first rows have in each column.
        why: Why this column is the observable's.
        unmapped: Other columns that hold indicators, and not the same ones.
    """

    table: Table
    mapping: list[str | None]
    heading: Row | None
    first: int
    joined: tuple[int, ...]
    type_column: int | None
    to_ids_column: int | None
    day_orders: dict[int, DayOrder | None]
    columns: list[Column]
    why: str
    unmapped: list[Column]

    @property
    def observable(self) -> int:
        """The index of the observable's column."""
        return self.mapping.index("observable")

    @property
    def is_plain(self) -> bool:
        """Whether a file laid out so can be sent as it is, if all its rows can."""
        return self.table.is_plain and not self.joined and self.first == (1 if self.heading is None else 2)


def lay_out(
    table: Table,
    recognize: Recognize,
    *,
    mapping: Sequence[str | None] | None = None,
    has_heading: bool | None = None,
) -> Layout | None:
    """Find out how a table is laid out, from its first thousand rows.

    Args:
        table: The file.
        recognize: The indicators in a cell.
        mapping: What each column holds, where the user says so.
        has_heading: Whether there is a heading, where the user says so.

    Returns:
        The layout; None when nothing tells where the observables are.

    Raises:
        InputError: Several columns could be the observable's, the mapping does not fit the table, or it is no CSV.
    """
    rows = list(islice(table.rows(), ROWS_LOOKED_AT + _ROWS_ABOVE))
    heading, first = _heading(table, rows, recognize, has_heading)
    below = [row for number, row in rows if number >= first][:ROWS_LOOKED_AT]
    columns = profile(heading, below, recognize)
    if heading is None and has_heading is None and below and _is_unknown_heading(below[0], columns):
        heading, first, below = below[0], first + 1, below[1:]
        columns = profile(heading, below, recognize)
    if mapping is None:
        choice = choose(columns)
        if choice is None:
            return None
        mapping = _mapping(columns, choice)
    else:
        # Columns behind those that the user tells of are ignored, as in the rows that are longer than the others.
        mapping = [*mapping, *[None] * (len(columns) - len(mapping))]
        choice = _as_given(mapping, columns)
        if not choice.column.found and any(column.found for column in columns):
            _check_all_rows(table, choice.column, columns, recognize)
    dates = [index for index, name in enumerate(mapping) if name in ("valid_from", "valid_until")]
    return Layout(
        table=table,
        mapping=[*mapping],
        heading=heading,
        first=first,
        joined=choice.joined,
        type_column=_only(columns, "type", mapping),
        to_ids_column=_only(columns, "to_ids", mapping),
        day_orders={index: day_order(row[index] for row in below if index < len(row)) for index in dates},
        columns=columns,
        why=choice.why,
        unmapped=[
            column
            for column in columns
            if column.index not in (choice.column.index, *choice.joined)
            and not mapping[column.index]
            and column.says_more_than(choice.column)
        ],
    )


def is_heading(row: Sequence[str]) -> bool:
    """Whether a row, of which nothing else is known, has names of columns that we know."""
    return _is_known([cell for cell in row if cell.strip()] or [""], len(row))


# The heading


def _heading(
    table: Table, rows: Sequence[tuple[int, Row]], recognize: Recognize, has_heading: bool | None
) -> tuple[Row | None, int]:
    """The heading, and the number of the first row below it."""
    start = next((number for number, row in rows if any(map(str.strip, row))), table.before + 1)
    if has_heading is False:
        return None, start
    width = max((len(row) for _, row in rows[:100]), default=1)
    if _is_caption(table.caption, width):
        return table.caption, start
    above: list[Row] = []
    for number, row in rows[:_ROWS_ABOVE]:
        cells = [cell for cell in row if cell.strip()]
        if not cells:
            continue
        if any(recognize(cell) for cell in cells):
            if len(cells) > 1 or width == 1:
                above.append(row)
            if len(above) > _TITLES:
                break
        elif _is_known(cells, width) and (not above or _are_titles(above, row, recognize)):
            return row, number + 1
    if has_heading:
        return next((row, number + 1) for number, row in rows if number >= start)
    return None, start


def _are_titles(rows: Sequence[Row], heading: Row, recognize: Recognize) -> bool:
    """Whether rows above a heading are none of its own: they have no indicator where it names one."""
    named = [at for at, cell in enumerate(heading) if role_of(cell) in ("observable", "kind")]
    return bool(named) and not any(recognize(row[at]) for row in rows for at in named if at < len(row))


def _is_known(cells: Sequence[str], width: int) -> bool:
    roles = [role_of(cell) for cell in cells]
    if width == 1:
        return roles[0] in ("observable", "kind")
    return len(cells) > 1 and any(role is not None and role != "reference" for role in roles)


def _is_caption(cells: Row, width: int) -> bool:
    """Whether a comment is a heading: as wide as the table, or of names that are known."""
    cells = [cell for cell in cells if cell.strip()]
    if not cells or width == 1:
        return False
    known = sum(role_of(cell) is not None for cell in cells)
    return len(cells) > 1 and (known > 1 or (abs(len(cells) - width) <= 1 and known > 0))


def _is_unknown_heading(row: Row, columns: Sequence[Column]) -> bool:
    """Whether a first row is no row of indicators: names stand where the others have some."""
    fullest = max(columns, key=lambda column: len(column.found), default=Column(0))
    if not fullest.found or fullest.index >= len(row) or not row[fullest.index].strip():
        return False
    cells = [cell.strip("\ufeff \t") for cell in row if cell.strip()]
    return all(map(_LIKE_A_HEADING.fullmatch, cells)) and not any(0 in column.found for column in columns)


# The columns


def _mapping(columns: Sequence[Column], choice: Choice) -> list[str | None]:
    mapping: list[str | None] = [None] * len(columns)
    mapping[choice.column.index] = "observable"
    others = [column for column in columns if column.index not in (choice.column.index, *choice.joined)]
    registrations = any(column.role == "registration" for column in columns)
    for name in _FIELDS:
        able = [column for column in others if column.role == name]
        if name == "description":
            able.sort(key=lambda column: not column.heading.casefold().endswith(_DESCRIPTIONS))
        elif name == "valid_until" and registrations:
            # Beside a registrar, an expiration is that of the domain.
            able = [column for column in able if "valid" in column.heading.casefold()]
        if able:
            mapping[able[0].index] = name
    return mapping


def _as_given(mapping: Sequence[str | None], columns: Sequence[Column]) -> Choice:
    index = mapping.index("observable")
    if index >= len(columns):
        raise InputError(
            f"The mapping says that column {index + 1} is the observable, and the file has {len(columns)}: correct the mapping"
        )
    column = columns[index]
    while len(columns) < len(mapping):
        columns = [*columns, Column(len(columns))]
    return Choice(column, (), "the mapping says so")


def _check_all_rows(table: Table, column: Column, columns: Sequence[Column], recognize: Recognize) -> None:
    """Refuse a mapping to a column that holds no indicator in any row, where others hold some."""
    if any(recognize(row[column.index]) for _, row in table.rows() if column.index < len(row)):
        return
    holders = ", ".join(f"{other} ({len(other.found):,})" for other in columns if other.found)
    raise InputError(
        f"The mapping says that column {column} is the observable, and no indicator is in it; indicators are in column "
        f"{holders}: correct the mapping"
    )


def _only(columns: Sequence[Column], role: Role, mapping: Sequence[str | None]) -> int | None:
    """The column of a role, unless it has been mapped to something else or several have it."""
    able = [column.index for column in columns if column.role == role and mapping[column.index] is None]
    return able[0] if len(able) == 1 else None
