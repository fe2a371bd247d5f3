"""What the cells of a row say of its indicator, in the form in which a collection says it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from sekoia_cti.indicators import kill_chains
from sekoia_cti.indicators.input_errors import InputError
from sekoia_cti.indicators.tables import Row

__all__ = ["RowContext", "phase_name", "row_context"]


class RowContext(NamedTuple):
    """What a row says, except its threats, which a file names and a collection holds as ids.

    Attributes:
        description: None if its cell is empty.
        valid_from: The same.
        phases: The names of kill chain phases that are known here.
    """

    description: str | None = None
    valid_from: datetime | None = None
    phases: frozenset[str] = frozenset()


NO_PHASES = frozenset[str]()


def row_context(row: Row, columns: Mapping[str, int]) -> RowContext:
    """Read the cells of a row, as it is sent.

    Args:
        row: The row, which may be too short.
        columns: Where the fields of the contract are ("File columns").
    """

    def cell(name: str) -> str:
        at = columns.get(name)
        return row[at].strip() if at is not None and at < len(row) else ""

    phases = cell("kill_chain_phases")
    return RowContext(
        cell("description") or None,
        _time(cell("valid_from")),
        frozenset(name for each in phases.split(",") if (name := phase_name(each))) if phases else NO_PHASES,
    )


def phase_name(written: str) -> str | None:
    """A phase of a cell by the name that indicators carry; None if it is not known here."""
    try:
        found = kill_chains.known_phase(written.strip()) if written.strip() else None
    except InputError:
        return None
    return found[1] if found else None


def _time(cell: str) -> datetime | None:
    try:
        return datetime.fromisoformat(cell)
    except ValueError:
        return None
