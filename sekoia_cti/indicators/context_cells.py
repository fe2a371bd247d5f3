"""The cells of a row besides its observable: what they say about it, in the form that Sekoia accepts, or why they
cannot be used."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from operator import itemgetter

from sekoia_cti.indicators import kill_chains
from sekoia_cti.indicators.dates import Date, read_date
from sekoia_cti.indicators.input_errors import InputError
from sekoia_cti.indicators.layout import Layout
from sekoia_cti.indicators.survey import Survey
from sekoia_cti.indicators.tables import Row

__all__ = ["ContextCells", "Unusable"]

LONGEST_DESCRIPTION = 500
"""Characters (contract, "Accepted IOC types")."""

_REMEMBERED = 10_000
"""Phases, and days, that are known to be in order."""

_MOMENTS = 1_000
"""Dates with their times that are: a table that has more of them hardly repeats one."""

_IN_UTC = re.compile(r"[0-9-]{10}T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]Z").fullmatch
_BETWEEN_PHASES = re.compile(r"[,;|\n]|\s/\s")
_OF_CHAIN = re.compile(r"(?P<phase>[^()]+?)\s*\((?P<chain>[^()]+)\)")

Validity = tuple[datetime | None, datetime | None]


class Unusable(Exception):
    """A cell that makes its row unusable."""

    def __init__(self, index: int, reason: str) -> None:
        super().__init__(reason)
        self.index = index
        self.reason = reason


class ContextCells:
    """Converts the cells of rows to the form that Sekoia accepts.

    Args:
        layout: Where they are.
        survey: Told of each cell that cannot be used.
        validity: The validity of rows that do not give one.
        is_phase: Whether Sekoia knows a phase of this name that is not known here.
    """

    def __init__(
        self,
        layout: Layout,
        survey: Survey,
        *,
        validity: Validity = (None, None),
        is_phase: Callable[[str], bool] = lambda _: False,
    ) -> None:
        self._layout = layout
        self._survey = survey
        self._is_phase = is_phase
        self._now = datetime.now(UTC)
        self._validity = validity
        columns = {name: index for index, name in enumerate(layout.mapping) if name}
        self._from = columns.get("valid_from")
        self._until = columns.get("valid_until")
        self._description = columns.get("description")
        self._phases = columns.get("kill_chain_phases")
        self._notes: list[Callable[[], None]] = []
        self._dates = [at for at in (self._from, self._until) if at is not None]
        self._last_date = max(self._dates, default=-1)
        self._last = max(self._last_date, -1 if self._phases is None else self._phases)
        self._cells: Callable[[Row], object] | None = itemgetter(*self._dates) if self._dates else None
        self._dates_in_order: set[object] = set()
        self._days_in_order: set[tuple[str, ...]] = set()
        self._phases_in_order: set[str] = set()
        self.is_needed = bool({self._from, self._until, self._description, self._phases} - {None})

    def is_in_order(self, row: Row) -> bool:
        """Whether the cells of a row say what those of an earlier one did that stayed as they are, as most rows do."""
        phases = self._phases
        return (
            self._description is None
            and len(row) > self._last
            and (phases is None or row[phases] in self._phases_in_order)
            and (self._cells is None or self._cells(row) in self._dates_in_order)
        )

    def put_in_order(self, number: int, row: Row) -> None:
        """Change the cells of a row that cannot stay as they are; which :meth:`note` records, if the row is sent.

        Args:
            number: The row's.
            row: Changed in place.

        Raises:
            Unusable: A cell costs the row.
        """
        self._notes = []
        at = self._description
        if at is not None and at < len(row) and len(row[at]) > LONGEST_DESCRIPTION:
            self._replace(
                number,
                row,
                at,
                row[at][:LONGEST_DESCRIPTION],
                f"longer than {LONGEST_DESCRIPTION} characters: the rest was cut off",
            )
        # Rows that are too short are few. Phases are few where dates are many.
        at = self._phases
        if at is not None and at < len(row) and (phases := row[at]) not in self._phases_in_order:
            self._read_phases(number, row)
            if row[at] == phases and len(self._phases_in_order) < _REMEMBERED:
                self._phases_in_order.add(phases)
        if self._cells is None:
            return
        if len(row) <= self._last_date:
            self._read_validity(number, row)
            return
        if (dates := self._cells(row)) in self._dates_in_order:
            return
        days = self._days(row)
        if days in self._days_in_order:
            if len(self._dates_in_order) < _MOMENTS:
                self._dates_in_order.add(dates)
            return
        begin, end = self._read_validity(number, row)
        # What one moment of a day says holds for all of it, unless the validity begins, ends or is over on that day.
        is_certain = (
            (begin is None or end is None or begin.date() < end.date())
            and (end is None or end.date() > self._now.date())
            and days == self._days(row)
        )
        if is_certain and len(self._days_in_order) < _REMEMBERED:
            self._days_in_order.add(days)

    def note(self) -> None:
        """Note what was found about the cells of the latest row."""
        for note in self._notes:
            note()
        self._notes = []

    def _days(self, row: Row) -> tuple[str, ...]:
        """The cells of dates, those without their time that are in the form that nearly all have."""
        return tuple([cell[:10] if _IN_UTC(cell := row[at]) else cell for at in self._dates])

    def _read_validity(self, number: int, row: Row) -> tuple[datetime | None, datetime | None]:
        begin = self._read_date(number, row, self._from) or self._validity[0]
        end = self._read_date(number, row, self._until) or self._validity[1]
        if end is None:
            return begin, None
        if begin is not None and begin >= end:
            at = self._until if self._until is not None and self._date(row, self._until).time else self._from
            raise Unusable(at or 0, "its validity ends before it begins")
        if end <= self._now:
            self._notes.append(partial(self._survey.note_expired, number))
        return begin, end

    def _date(self, row: Row, at: int) -> Date:
        return read_date(row[at], self._layout.day_orders[at]) if at < len(row) else Date()

    def _read_date(self, number: int, row: Row, at: int | None) -> datetime | None:
        if at is None or at >= len(row) or not row[at]:
            return None
        date = self._date(row, at)
        if date.ambiguous:
            raise Unusable(at, date.reason or "")
        if date.reason:
            self._replace(number, row, at, "", date.reason)
        elif date.text != row[at]:
            if date.text:
                self._notes.append(partial(self._survey.note_converted, self._name(at)))
            row[at] = date.text
            self._survey.changed = True
        return date.time

    def _read_phases(self, number: int, row: Row) -> None:
        at = self._phases
        if at is None or at >= len(row) or not row[at]:
            return
        known, unknown = [], []
        names = [name for part in _BETWEEN_PHASES.split(row[at]) if (name := part.strip(" \t\r[]{}'\""))]
        for name in names:
            match = _OF_CHAIN.fullmatch(name)
            if phase := self._known(match["phase"] if match else re.split("[:/]", name)[-1].strip()):
                known.append(phase)
            else:
                unknown.append(name)
        text = ", ".join(dict.fromkeys(known))
        if unknown:
            named = ", ".join(f"“{name}”" for name in unknown[:3])
            self._replace(number, row, at, text, f"not a known kill chain phase: {named}")
        elif known != [part.strip() for part in row[at].split(",")]:
            row[at] = text
            self._survey.changed = True

    def _known(self, phase: str) -> str | None:
        """A phase as it is written, or by its name if it is written as people call it (C2); None if it is unknown."""
        try:
            found = kill_chains.known_phase(phase)
            if found is None:
                return phase if self._is_phase(phase) else None
        except InputError:
            return None
        return phase if re.sub(r"[\W_]+", "-", phase).casefold() == found[1] else found[1]

    def _replace(self, number: int, row: Row, at: int, text: str, reason: str) -> None:
        self._notes.append(partial(self._survey.drop_cell, number, self._name(at), row[at], reason))
        self._survey.changed = True
        row[at] = text

    def _name(self, at: int) -> str:
        return self._layout.columns[at].heading or str(at + 1)
