"""The rows of a table as they are sent: one for each value, with cells that Sekoia can use; and what became of all others."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from itertools import dropwhile, islice
from typing import TextIO

from sekoia_cti.indicators.cells import is_cut_url, read_cell
from sekoia_cti.indicators.context_cells import ContextCells, Unusable, Validity
from sekoia_cti.indicators.exported import is_exported, restored
from sekoia_cti.indicators.guard import Guard
from sekoia_cti.indicators.layout import Layout, begins_table
from sekoia_cti.indicators.reading import Judge
from sekoia_cti.indicators.recognize import DAMAGED
from sekoia_cti.indicators.shapes import plain, plain_kind
from sekoia_cti.indicators.survey import Survey
from sekoia_cti.indicators.tables import Row, RowWriter
from sekoia_cti.indicators.type_cells import not_taken, withheld
from sekoia_cti.indicators.types import Finding

__all__ = ["TableRows"]

MOST_COMPARED = 600_000
"""Values that are compared with each other; no community may hold as many (contract, ``count-total-iocs``).

A set of so many digests takes 36 MB, and one of a few more takes twice as much.
"""

_TOGETHER = 64
"""Rows that are looked at together: few, since each can be large."""

_LOST_DIGITS = re.compile(r"[0-9]+(?:[.,][0-9]+)?[eE]\+?[0-9]+|[0-9]{16,}\.0")


class TableRows:
    """What is to be sent of a table.

    Args:
        layout: Of the table.
        refanging: Whether defanged observables are restored.
        send_unrecognized: Whether values that are not recognized indicators are sent anyway.
        validity: The validity of rows that do not give one.
        is_phase: Says whether Sekoia knows a kill chain phase that is not known here.
        guard: Judges each indicator, anew whenever the rows are read.
        ends: Gives the cell of a further column for a value: the end of its validity.
    """

    def __init__(
        self,
        layout: Layout,
        *,
        refanging: bool = True,
        send_unrecognized: bool = False,
        validity: Validity = (None, None),
        is_phase: Callable[[str], bool] = lambda _: False,
        guard: Guard | None = None,
        ends: Callable[[str], str] | None = None,
    ) -> None:
        self._ends = ends
        self._guard = guard
        self._admits: Judge | None = None
        self._layout = layout
        self._refanging = refanging
        self._send_unrecognized = send_unrecognized
        self._validity = validity
        self._is_phase = is_phase
        self._not_taken = lru_cache(maxsize=1_000)(not_taken)

    def look(self) -> Survey | None:
        """Read the rows without writing any; None as soon as one cannot be sent as it is, since they are then read again."""
        survey = self._survey()
        for _ in self._sent(survey):
            if survey.changed:
                return None
        return None if survey.changed else survey

    def write(self, to: TextIO) -> Survey:
        """Write a CSV of the heading and the rows to be sent, all columns in their places, and the further one behind them.

        Args:
            to: Opened for writing text with ``newline=""``.
        """
        layout, survey = self._layout, self._survey()
        writer = RowWriter(to, layout.table.written_delimiter)
        if layout.heading is not None:
            heading = [cell.strip("\ufeff") for cell in layout.heading]
            writer.writerow(self._widened(heading, "valid_until") if self._ends else heading)
        rows = self._sent(survey)
        if ends := self._ends:
            rows = (self._widened(row, ends(row[layout.observable])) for row in rows)
        writer.writerows(rows)
        return survey

    def _widened(self, row: Row, cell: str) -> Row:
        """A row with a further cell behind the columns that the mapping tells of."""
        width = len(self._layout.mapping)
        return [*row[:width], *[""] * (width - len(row)), cell]

    def _survey(self) -> Survey:
        return Survey(changed=not self._layout.is_plain)

    def _sent(self, survey: Survey) -> Iterator[Row]:
        layout = self._layout
        index, first, joined = layout.observable, layout.first, layout.joined
        context = ContextCells(layout, survey, validity=self._validity, is_phase=self._is_phase)
        admits = self._admits = self._guard.judge() if self._guard else None
        by_type, seen = survey.by_type, set[int]()
        rows: Iterator[tuple[int, Row]] = dropwhile(lambda numbered: numbered[0] < first, layout.table.rows())
        if is_exported(layout.heading):
            rows = _as_before_export(rows, survey)
        for number, row, cell, found in self._at_first_sight(rows, survey):
            # The common row: an indicator that is sent as it is written.
            if found and found[1] == cell and found[0]:
                in_order = not context.is_needed or context.is_in_order(row)
                if not in_order and not self._put_in_order(context, survey, number, row, 1):
                    continue
                if not _is_new(found[2], seen):
                    survey.duplicates += 1
                    survey.changed = True
                    continue
                if admits and not admits(number, found[0], cell, found[2]):
                    survey.keep_out()
                    continue
                if not in_order:
                    context.note()
                survey.values += 1
                by_type[found[0]] = by_type.get(found[0], 0) + 1
                yield row
                continue
            cells = layout.joined_cells(row) if joined else [cell]
            if not any(map(str.strip, cells)):
                if any(map(str.strip, row)) and not self._is_no_row(survey, number, row):
                    survey.skip_row(number, self._name(index), "", "the cell of the indicator is empty")
                continue
            yield from self._closer(survey, context, seen, number, row, cells)
        survey.compared = len(seen) < MOST_COMPARED

    def _at_first_sight(
        self, rows: Iterator[tuple[int, Row]], survey: Survey
    ) -> Iterator[tuple[int, Row, str, Finding | None]]:
        """The rows, each with the cell of its indicator, and with what that is where nothing else tells of its kind."""
        layout, index = self._layout, self._layout.observable
        width = layout.width or sys.maxsize
        takes_more = bool(layout.joined or layout.flags) or layout.type_column is not None
        while some := list(islice(rows, _TOGETHER)):
            cells = [row[index] for _, row in some if index < len(row) <= width]
            if not takes_more and len(cells) == len(some) and (kind := plain_kind(cells)):
                for (number, row), cell in zip(some, cells, strict=True):
                    yield number, row, cell, (kind, cell, cell, None)
                continue
            for number, row in some:
                if len(row) > width and any(row[width:]):
                    self._narrow(survey, number, row, width)
                cell = row[index] if index < len(row) else ""
                yield number, row, cell, None if takes_more else plain(cell)

    def _closer(
        self, survey: Survey, context: ContextCells, seen: set[int], number: int, row: Row, cells: Sequence[str]
    ) -> Iterator[Row]:
        """The rows that come of a row that takes a closer look."""
        cell = "; ".join(cells)
        found = tuple(finding for one in cells for finding in read_cell(one, refanging=self._refanging))
        known = [finding for finding in found if finding[0] is not None]
        if not found or (not known and self._is_no_row(survey, number, row)):
            survey.changed = True  # a comment
            return
        if refusal := self._refusal(row):
            column, reason, is_of_type = refusal
            if known and not is_of_type:
                survey.skip_row(number, self._name(column), row[column], reason, len(found))
                return
            found = ((None, cell, reason if known else found[0][2], None),)
        elif _LOST_DIGITS.fullmatch(cell.strip()):
            found = ((None, cell, "a number that lost digits in a workbook", None),)
        sent = [finding for finding in found if finding[0] is not None or self._send_unrecognized]
        if sent and not self._put_in_order(context, survey, number, row, len(sent)):
            return
        for kind, value, key, why in found:
            if not _is_new(value if kind is None else key, seen):
                survey.duplicates += 1
                survey.changed = True
                continue
            if kind is None:
                if not self._is_sent(survey, number, value, key):
                    continue
            elif self._admits and not self._admits(number, kind, value, key):
                survey.keep_out()
                continue
            else:
                survey.by_type[kind] = survey.by_type.get(kind, 0) + 1
            if why:
                survey.note_adapted(number, cell, value, why)
            context.note()
            yield self._row(survey, row, value, alone=len(found) == 1)

    def _is_sent(self, survey: Survey, number: int, value: str, reason: str) -> bool:
        """Note a value that is not an indicator; returns whether it is sent anyway."""
        if reason == DAMAGED:
            survey.note_damaged(number, value, reason)
            sent = False
        else:
            survey.note(number, value, reason)
            sent = self._send_unrecognized
        survey.changed |= not sent
        return sent

    def _row(self, survey: Survey, row: Row, value: str, *, alone: bool) -> Row:
        index = self._layout.observable
        survey.values += 1
        if alone and index < len(row) and value == row[index]:
            return row
        survey.changed = True
        survey.cleaned += 1
        return [*row[:index], *[""] * (index - len(row)), value, *row[index + 1 :]]

    def _narrow(self, survey: Survey, number: int, row: Row, width: int) -> None:
        """Put cells together that were one, where a row has more of them than the heading: marks in a cell that is not quoted."""
        layout, surplus, url, last = self._layout, len(row) - width, self._layout.observable, width - 1
        if is_cut_url(row, url, width):
            at = url
        elif layout.mapping[last] == "description" and all(cell.startswith(" ") for cell in row[width:]):
            at = last
        else:
            survey.note_surplus(number)
            return
        row[at : at + surplus + 1] = [layout.table.written_delimiter.join(row[at : at + surplus + 1])]
        survey.changed = True

    def _is_no_row(self, survey: Survey, number: int, row: Row) -> bool:
        """Whether a row in which nothing is recognized is a comment, a rule, or the heading once more."""
        if row == self._layout.heading or self._layout.table.is_comment(row):
            survey.changed = True
            return True
        if survey.second_heading is None and number > self._layout.first and begins_table(row):
            survey.second_heading = number
        return False

    def _put_in_order(self, context: ContextCells, survey: Survey, number: int, row: Row, values: int) -> bool:
        if not context.is_needed:
            return True
        try:
            context.put_in_order(number, row)
        except Unusable as error:
            survey.skip_row(number, self._name(error.index), row[error.index], error.reason, values)
            return False
        return True

    def _refusal(self, row: Row) -> tuple[int, str, bool] | None:
        """The column that keeps the indicator of a row from being imported, why, and whether that is because of its type."""
        if flag := withheld(self._layout.flags, row):
            return *flag, False
        at = self._layout.type_column
        if at is None or at >= len(row) or (what := self._not_taken(row[at])) is None:
            return None
        if what == "reference":
            return at, "a reference, not an indicator", False
        return at, f"the column “{self._name(at)}” says that its type is “{row[at].strip()[:40]}”", True

    def _name(self, at: int) -> str:
        columns = self._layout.columns
        return (columns[at].heading if at < len(columns) else "") or str(at + 1)


def _as_before_export(rows: Iterator[tuple[int, Row]], survey: Survey) -> Iterator[tuple[int, Row]]:
    """The rows of an exported table, as they were before a spreadsheet could have taken a cell for a formula."""
    for number, row in rows:
        cells = [restored(cell) for cell in row]
        survey.changed |= cells != row
        yield number, cells


def _is_new(key: str, seen: set[int]) -> bool:
    """Whether no earlier value is known by this key; a digest of 64 bits tells so many of them apart, and is small."""
    digest = hash(key)
    if digest in seen:
        return False
    if len(seen) < MOST_COMPARED:
        seen.add(digest)
    return True
