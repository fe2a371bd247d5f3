"""Which column of a table contains the indicators: its cells take precedence over its heading."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from sekoia_cti.indicators.headers import Role, role_of
from sekoia_cti.indicators.input_errors import InputError
from sekoia_cti.indicators.tables import Row

__all__ = ["DIFFERENT_KINDS", "NOTHING", "Choice", "Column", "cells_of", "choose", "profile"]

HASHES = ("md5", "sha1", "sha256", "sha512")
"""From the weakest to the strongest."""

NOTHING = frozenset("- -- – — . ? n/a na nan none null nil unknown #n/a".split())
"""What people and programs write in an empty cell."""

DIFFERENT_KINDS = "these columns are named after different kinds of indicators"
"""Why columns are read together of which a row fills several."""

_SEVERAL = 0.5
"""A column can be the observable if it holds at least this share of the indicators that the fullest one holds."""

_SAME = 0.9
"""Two columns say the same if they do in this share of their rows."""

_RANKS: dict[Role | None, int] = {"observable": 0, "kind": 1, None: 2, "link": 3}
"""Which headings decide between columns that hold indicators, the best first."""

_DEFANGED = re.compile(r"[\[({]\s?(?:\.|dot|:|at|@)|\bh(?:xx|\*\*)ps?\b", re.IGNORECASE)

Recognize = Callable[[str], Sequence[tuple[str, str]]]
"""The indicators in a cell, each with its kind and what it is known by."""


@dataclass(slots=True)
class Column:
    """What the first rows of a table have in a column.

    Attributes:
        index: The column, from 0.
        heading: Its heading, if the table has one.
        role: What the heading says.
        filled: Cells that are not blank.
        kinds: Indicators in them, by kind.
        found: By row, what these are known by.
        defanged: Rows whose indicators are written defanged.
    """

    index: int
    heading: str = ""
    role: Role | None = None
    filled: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    found: dict[int, tuple[str, ...]] = field(default_factory=dict)
    defanged: int = 0

    @property
    def hash_kind(self) -> str | None:
        """The kind of hashes that it holds, if it holds nothing else."""
        kinds = list(self.kinds)
        return (
            kinds[0] if len(kinds) == 1 and kinds[0] in HASHES and len(self.found) > _SEVERAL * self.filled else None
        )

    @property
    def group(self) -> str:
        """What its indicators are, addresses of both versions and hashes of all lengths being one; empty if it holds none."""
        most = next((kind for kind, _ in self.kinds.most_common(1)), "")
        return "ip" if most.startswith("ipv") else "file" if most in (*HASHES, "hashes") else most

    @property
    def is_empty(self) -> bool:
        """Whether it holds nothing in the first rows, not even a heading."""
        return not self.heading and not self.filled

    def says_more_than(self, other: Column) -> bool:
        """Whether any row has an indicator here that it does not have there, alone or as one of the hashes of a file."""
        return any(
            set(keys) - {part for key in other.found.get(row, ()) for part in (key, *key.split(","))}
            for row, keys in self.found.items()
        )

    def __str__(self) -> str:
        return f"{self.index + 1} (“{self.heading}”)" if self.heading else str(self.index + 1)


@dataclass(frozen=True, slots=True)
class Choice:
    """Where the observables are.

    Attributes:
        column: The observable's column.
        joined: All the columns that are read together, this one among them: of hashes of one file, and of indicators of
            different kinds; empty where there are no others.
        why: Why it was taken, for people.
    """

    column: Column
    joined: tuple[int, ...]
    why: str


def profile(heading: Row | None, rows: Sequence[Row], recognize: Recognize) -> list[Column]:
    """What each column contains.

    Args:
        heading: Its cells, if the table has one.
        rows: The first rows below it.
        recognize: The indicators in a cell.
    """
    width = max(map(len, [heading or [], *rows]), default=0)
    columns = [Column(index) for index in range(width)]
    for column, cell in zip(columns, heading or [], strict=False):
        column.heading = cell.strip("# \t\ufeff")
        column.role = role_of(cell)
    for number, row in enumerate(rows):
        for column, cell in zip(columns, row, strict=False):
            if not cell or cell.isspace() or cell.strip().casefold() in NOTHING:
                continue
            column.filled += 1
            if found := recognize(cell):
                column.kinds.update(kind for kind, _ in found)
                column.found[number] = tuple(key for _, key in found)
                column.defanged += _DEFANGED.search(cell) is not None
    return columns


def cells_of(row: Sequence[str], columns: Sequence[Column]) -> list[str]:
    """What columns that are read together hold in a row: the hashes of a file in one text, and each other cell with content.

    Args:
        row: The cells.
        columns: See :attr:`Choice.joined`.
    """
    hashes, others = list[str](), list[str]()
    for column in columns:
        cell = row[column.index].strip() if column.index < len(row) else ""
        if cell and cell.casefold() not in NOTHING:
            (hashes if column.hash_kind else others).append(cell)
    return [",".join(hashes), *others] if hashes else others


def choose(columns: Sequence[Column]) -> Choice | None:
    """The column of the observables; None if there is none.

    Raises:
        InputError: Several columns are possible, and it is not clear which is meant.
    """
    able = [column for column in columns if column.found and column.role in _RANKS] or [
        column for column in columns if column.role != "reference" and len(column.found) > _SEVERAL * column.filled
    ]
    if not able:
        titled = next((column for column in columns if column.role == "observable"), None)
        if titled is None and len(columns) == 1 and columns[0].filled:
            return Choice(columns[0], (), "there is no other column")
        return Choice(titled, (), "its heading says so") if titled else None
    if choice := _one_a_row(able):
        return choice
    most = max(len(column.found) for column in able)
    rivals = [column for column in able if len(column.found) >= _SEVERAL * most]
    best = min(_RANKS.get(column.role, 4) for column in rivals)
    rivals = [column for column in rivals if _RANKS.get(column.role, 4) == best]
    hashes = _hashes_of_one_file(rivals)
    if len(rivals) > 1 and len(hashes) == len(rivals):
        return _strongest(hashes)
    while len(rivals) > 1 and (loser := _loser(rivals)) is not None:
        rivals.remove(loser)
    rivals = _defanged(rivals)
    if together := _beside_each_other(able, rivals):
        return together
    if len(rivals) > 1:
        named = ", ".join(str(column) for column in rivals)
        raise InputError(
            f"Several columns contain indicators, and it is not clear which of them to import: {named}. Set the "
            "mapping, with one entry per column, exactly one of them observable"
        )
    (column,) = rivals
    others = _hashes_of_one_file([other for other in able if other.role in (None, "kind") or other is column])
    if column in others and len(others) > 1:
        return _strongest(others)
    return Choice(column, (), _why(column, able))


def _one_a_row(columns: Sequence[Column]) -> Choice | None:
    """All the columns that are named after kinds of indicators, if each row has its indicator in one of them alone."""
    named = [column for column in columns if column.role in ("observable", "kind")]
    hashes = _hashes_of_one_file(named)
    groups = [[column] for column in named if column not in hashes] + [hashes] * bool(hashes)
    rows = [{row for column in group for row in column.found} for group in groups]
    if len(groups) < 2 or sum(map(len, rows)) > len(set[int]().union(*rows)):
        return None
    best = max(named, key=lambda column: len(column.found))
    return Choice(best, tuple(column.index for column in named), "each row has its indicator in one of these columns")


def _beside_each_other(able: Sequence[Column], rivals: Sequence[Column]) -> Choice | None:
    """All the columns that are named after kinds of indicators and hold each another kind: a domain beside its address."""
    named = [column for column in able if column.role == "kind"]
    while len(named) > 1 and (loser := _loser(named)) is not None:
        named.remove(loser)
    hashes = _hashes_of_one_file(named)
    groups = [column.group for column in named if column not in hashes] + ["file"] * bool(hashes)
    if not all(rival in named for rival in rivals) or len(groups) < 2 or len(set(groups)) < len(groups):
        return None
    best = max(named, key=lambda column: len(column.found))
    return Choice(best, tuple(column.index for column in named), DIFFERENT_KINDS)


def _defanged(rivals: list[Column]) -> list[Column]:
    """The column whose indicators are defanged, where the URLs of the others are not: these are references."""
    defanged = [column for column in rivals if column.defanged]
    live = [column for column in rivals if not column.defanged]
    return defanged if defanged and all({*column.kinds} <= {"url"} for column in live) else rivals


def _hashes_of_one_file(columns: Sequence[Column]) -> list[Column]:
    """The columns of hashes among these, if they are of different kinds."""
    hashes = [column for column in columns if column.hash_kind]
    return hashes if len({column.hash_kind for column in hashes}) == len(hashes) else []


def _strongest(columns: Sequence[Column]) -> Choice:
    most = max(len(column.found) for column in columns)
    full = [column for column in columns if len(column.found) == most]
    best = max(full, key=lambda column: HASHES.index(column.hash_kind or ""))
    return Choice(best, tuple(column.index for column in columns), "the hash columns describe one file in each row")


def _loser(columns: Sequence[Column]) -> Column | None:
    """A column that says nothing more than another one does: the same, or only the host of a URL."""
    for one in columns:
        for other in columns:
            if one is other:
                continue
            rows = one.found.keys() & other.found.keys()
            enough = _SAME * max(len(one.found), len(other.found))
            if one.index < other.index and sum(one.found[row] == other.found[row] for row in rows) >= enough:
                return other
            if sum(_hosts(one.found[row]) == other.found[row] for row in rows) >= enough:
                return other
    return None


def _hosts(keys: Sequence[str]) -> tuple[str, ...]:
    """The hosts of URLs; for anything else, something that equals nothing."""
    try:
        return tuple(urlsplit(key).hostname or "" for key in keys)
    except ValueError:
        return ()


def _why(column: Column, able: Sequence[Column]) -> str:
    if len(able) == 1:
        return "no other column contains indicators"
    if column.role in ("observable", "kind"):
        return "its cells are indicators, and its heading says so"
    if column.defanged and not any(other.defanged for other in able if other is not column):
        return "its indicators are defanged, but those of other columns are not"
    return "it contains the most indicators"
