"""The table of *Export indicators*: how it is written, and how it is read again.

A spreadsheet that opens a CSV runs what looks like a formula, and descriptions come from strangers. So such a cell begins with
an apostrophe (OWASP, "CSV Injection"), which is taken away when the table is imported again, and from no other table: in theirs
it is part of what somebody wrote.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

__all__ = ["HEADING", "is_exported", "restored", "safe"]

HEADING = (
    "observable",
    "type",
    "valid_from",
    "valid_until",
    "kill_chain_phases",
    "description",
    "threat ids",
    "status",
)
"""Of its columns. In a file, Sekoia takes threats by their names, and an indicator has their ids: hence a heading of its own."""

# What was an apostrophe before such a cell remains one: each is one more. In Japan and China the wide signs count as well.
_LIKE_A_FORMULA = re.compile(r"'*\s*[=+\-@\uff1d\uff0b\uff0d\uff20]|'*[\t\r\n]")


def safe(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if _LIKE_A_FORMULA.match(cell) else cell


def restored(cell: str) -> str:
    """The cell that :func:`safe` was given."""
    return cell[1:] if cell.startswith("'") and _LIKE_A_FORMULA.match(cell) else cell


def is_exported(heading: Iterable[str] | None) -> bool:
    """Whether a table has all the columns of our own."""
    return {*HEADING} <= {cell.strip("\ufeff ").lower() for cell in heading or ()}
