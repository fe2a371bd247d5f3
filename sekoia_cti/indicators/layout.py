"""How a table of indicators is laid out: where its heading is, and what its columns are for."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from sekoia_cti.indicators.columns import DIFFERENT_KINDS, Choice, Column, Recognize, cells_of, choose, profile
from sekoia_cti.indicators.dates import DayOrder, day_order
from sekoia_cti.indicators.headers import Role, role_of
from sekoia_cti.indicators.input_errors import InputError
from sekoia_cti.indicators.tables import Row, Table
from sekoia_cti.indicators.type_cells import FLAGS, is_flag

__all__ = ["Layout", "begins_table", "is_heading", "lay_out"]

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
_MANY = 5
"""Indicators in a column without a heading that are more than the contacts and links of a page of notes."""

_LIKE_A_HEADING = re.compile(r"[^\W\d_][\w #()'’&/:*-]*|#")
_FIELD = re.compile(r"[a-z_]+(?:\.[a-z_]+)+", re.IGNORECASE)


@dataclass(frozen=True)
class Layout:
    """Where everything is.

    Attributes:
        table: What is laid out.
        mapping: What each column holds, in Sekoia's words; None is ignored.
        heading: The cells of the heading, or None if there is none.
        first: The number of the first row that holds indicators, or may hold some.
        joined: Columns that are read together: of hashes of one file, or of indicators of different kinds; empty when the
            observable is a column alone.
        type_column: Where the kinds of the indicators are, or None.
        flags: Columns that say which indicators count, with their roles.
        day_orders: Of the columns of dates, how they write them.
        columns: What the first rows have in each column.
        width: How many cells rows have; None if the heading does not show it.
        why: Why this column is the observable's.
        unmapped: Other columns that hold indicators, and not the same ones.
    """

    table: Table
    mapping: list[str | None]
    heading: Row | None
    first: int
    joined: tuple[int, ...]
    type_column: int | None
    flags: tuple[tuple[int, Role], ...]
    day_orders: dict[int, DayOrder | None]
    columns: list[Column]
    width: int | None
    why: str
    unmapped: list[Column]

    @property
    def observable(self) -> int:
        """The index of the observable's column."""
        return self.mapping.index("observable")

    @property
    def is_certain(self) -> bool:
        """Whether this is a table of indicators: the heading says so, or there are many of them."""
        column = self.columns[self.observable] if self.observable < len(self.columns) else Column(0)
        return column.role in ("observable", "kind") or len(column.found) >= _MANY

    @property
    def joins_hashes(self) -> bool:
        """Whether the joined columns hold nothing but hashes."""
        return all(self.columns[at].hash_kind for at in self.joined)

    @property
    def joins_kinds(self) -> bool:
        """Whether a row can have several indicators, of different kinds, in the joined columns."""
        return bool(self.joined) and not self.joins_hashes and self.why == DIFFERENT_KINDS

    def joined_cells(self, row: Sequence[str]) -> list[str]:
        """What the joined columns hold in a row: the hashes of a file, and each other cell that has content."""
        return cells_of(row, [self.columns[at] for at in self.joined])

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
        has_heading: Whether there is a heading, if the user says so.

    Returns:
        The layout; None if it is not clear where the observables are.

    Raises:
        InputError: Several columns could be the observable, the mapping does not fit the table, or the file is not
            CSV.
    """
    rows = list(islice(table.rows(), ROWS_LOOKED_AT + _ROWS_ABOVE))
    heading, first = _heading(table, rows, recognize, has_heading)
    below = [row for number, row in rows if number >= first][:ROWS_LOOKED_AT]
    # Where most rows would be comments, the first cells are tags or numbers.
    if len(rows_alone := [row for row in below if not table.is_comment(row)]) >= len(below) / 2:
        below = rows_alone
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
        flags=tuple(
            (at, role)
            for role in FLAGS
            if (at := _only(columns, role, mapping)) is not None and is_flag(role, choice.column.role)
        ),
        day_orders=_orders_of_dates(dates, below, columns),
        columns=columns,
        width=len(heading) if heading and sum(any(row[len(heading) :]) for row in below) <= len(below) / 2 else None,
        why=choice.why,
        unmapped=[
            column
            for column in columns
            if column.index not in (choice.column.index, *choice.joined)
            and not mapping[column.index]
            and column.says_more_than(choice.column)
        ],
    )


def begins_table(row: Sequence[str]) -> bool:
    """Whether a row among others is the heading of another table: at least two names that we know, and nothing but names."""
    cells = [cell for cell in row if cell.strip()]
    roles = [role for cell in cells if (role := role_of(cell)) not in (None, "reference", "link")]
    return (
        len(roles) > 1
        and any(role in ("observable", "kind") for role in roles)
        and all(map(_LIKE_A_HEADING.fullmatch, cells))
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
        found = [cell for cell in cells if recognize(cell)]
        if found and not _are_fields(found, cells):
            if len(cells) > 1 or width == 1:
                above.append(row)
            if len(above) > _TITLES:
                break
        elif _is_known(cells, width) and (not above or _are_titles(above, row, recognize)):
            return row, number + 1
    if has_heading:
        return next(((row, number + 1) for number, row in rows if number >= start), (None, start))
    return None, start


def _are_titles(rows: Sequence[Row], heading: Row, recognize: Recognize) -> bool:
    """Whether rows above a heading are none of its own: they have no indicator where it names one."""
    named = [at for at, cell in enumerate(heading) if role_of(cell) in ("observable", "kind")]
    return bool(named) and not any(recognize(row[at]) for row in rows for at in named if at < len(row))


def _are_fields(found: Sequence[str], cells: Sequence[str]) -> bool:
    """Whether what looks like indicators in a row are names of fields beside names that we know: vendor.name."""
    roles = [role_of(cell) for cell in cells]
    known = sum(role not in (None, "reference") for role in roles)
    return known > max(2, len(found)) and "observable" in roles and all(map(_FIELD.fullmatch, found))


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
    """Whether a first row is not a row of indicators: names stand where the others have some."""
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
    registrations = {*choice.column.kinds} <= {"domain"} and any(column.role == "registration" for column in columns)
    for name in _FIELDS:
        able = sorted((column for column in others if column.role == name), key=lambda column: not column.filled)
        if name == "description":
            able.sort(key=lambda column: (not column.filled, not column.heading.casefold().endswith(_DESCRIPTIONS)))
        elif name == "valid_until" and registrations:
            # Beside a registrar, an expiration is that of the domain.
            able = [column for column in able if "valid" in column.heading.casefold()]
        if able:
            mapping[able[0].index] = name
    return mapping


def _orders_of_dates(
    dates: Sequence[int], rows: Sequence[Row], columns: Sequence[Column]
) -> dict[int, DayOrder | None]:
    """How columns of dates write them: as a heading says, or the cells; what leaves it open is as the rest of the table."""

    def written(at: int) -> DayOrder | None:
        return day_order([columns[at].heading, *(row[at] for row in rows if at < len(row))])

    orders = {at: written(at) for at in dates if at < len(columns)}
    if None in orders.values():
        told = {order for column in columns if (order := written(column.index))}
        only = told.pop() if len(told) == 1 else None
        orders = {at: order or only for at, order in orders.items()}
    return orders


def _as_given(mapping: Sequence[str | None], columns: Sequence[Column]) -> Choice:
    index = mapping.index("observable")
    if index >= len(columns):
        raise InputError(
            f"The mapping says that column {index + 1} is the observable, but the file has only {len(columns)}: "
            "correct the mapping"
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
        f"The mapping says that column {column} is the observable, but it contains no indicators; indicators are in column "
        f"{holders}: correct the mapping"
    )


def _only(columns: Sequence[Column], role: Role, mapping: Sequence[str | None]) -> int | None:
    """The column of a role, unless it has been mapped to something else or several have it."""
    able = [column.index for column in columns if column.role == role and mapping[column.index] is None]
    return able[0] if len(able) == 1 else None
