"""A table that a collection follows: the indicators of its rows, the context of each, and how they are sent."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path

from sekoia_cti.client.importing.importer import Importer
from sekoia_cti.client.importing.table_upload import upload
from sekoia_cti.client.synchronizing.comparison import Said
from sekoia_cti.client.synchronizing.synchronizer import Groups
from sekoia_cti.client.synchronizing.text_feed import said_in, with_end
from sekoia_cti.client.wire import Context
from sekoia_cti.indicators.again import Again
from sekoia_cti.indicators.dates import read_date
from sekoia_cti.indicators.row_context import RowContext, phase_name
from sekoia_cti.indicators.tables import Row, RowWriter
from sekoia_cti.local_files.outgoing import Outgoing

__all__ = ["TableFeed"]


class TableFeed:
    """The rows of a table, each with what its cells say; some of them are sent as a separate table.

    Args:
        prepared: The table, on the local disk for as long as the feed is used.
        context: The context for whatever no column specifies.
        folder: The folder for the tables to be sent.
    """

    def __init__(self, prepared: Outgoing, context: Context, folder: Path) -> None:
        self._prepared = prepared
        self._context = context
        self._folder = folder
        layout = prepared.layout
        self._columns = {name: at for at, name in enumerate(layout.mapping) if name}
        self._said: list[Said] = []
        self._said_at = array("L")
        # Fields that no column provides. Threats are names in a file and ids in a collection, so they cannot be
        # compared.
        unmapped = {name: value for name, value in context if name not in self._columns}
        self._unmapped = Context.model_validate(unmapped)
        values, known = list[str](), dict[tuple[str, ...], int]()
        for row in prepared.rows():
            values.append(row[layout.observable].strip())
            cells = self._cells(row)
            at = known.setdefault(cells, len(self._said))
            if at == len(self._said):
                self._said.append(self._said_in(cells))
            self._said_at.append(at)
        self.values = values

    def said_of(self, place: int, /) -> Said:
        """What the cells of a row say, completed with the context for what they do not."""
        return self._said[self._said_at[place]]

    def submit(self, importer: Importer, groups: Groups, *, new: int) -> None:
        """Submit some of the rows as files (see :class:`~sekoia_cti.client.synchronizing.synchronizer.Feed`)."""
        layout = self._prepared.layout
        for number, (end, places) in enumerate(groups.items()):
            path = self._folder / f"part-{number}.csv"
            self._write(path, places, end or self._context.valid_until)
            name = f"{Path(self._prepared.name).stem}.csv"
            uploaded = upload(importer.rest, importer.collection_id, path, name=name, mime_type="text/csv")
            importer.submit_file(
                uploaded.file_handle,
                mapping=layout.mapping,
                ignore_first_line=layout.heading is not None,
                values=[self.values[place] for place in places],
                count=len(places),
                ends=self._ends(places, end) if "valid_until" in self._columns else None,
                rows=Again(partial(self._contexts, places)),
                context=self._unmapped if "valid_until" in self._columns else with_end(self._unmapped, end),
                new=min(new, len(places)),
            )

    def _ends(self, places: Sequence[int], end: datetime | None) -> list[datetime | None]:
        """When the rows at these positions say that the validity ends; rows without an end get the given one."""
        return [self.said_of(place).valid_until or end for place in places]

    def _contexts(self, places: Sequence[int]) -> Iterator[RowContext]:
        """What the rows at these positions say besides."""
        for place in places:
            said = self.said_of(place)
            phases = frozenset(name for chain, name in said.phases if chain is None)
            yield RowContext(said.description, said.valid_from, phases)

    def _cells(self, row: Row) -> tuple[str, ...]:
        """The cells of a row that say something about its indicator, except threats."""
        names = ("description", "valid_from", "valid_until", "kill_chain_phases")
        places = (self._columns.get(name) for name in names)
        return tuple(row[at].strip() if at is not None and at < len(row) else "" for at in places)

    def _said_in(self, cells: tuple[str, ...]) -> Said:
        description, begin, end, phases = cells
        said = said_in(self._unmapped)
        return Said(
            description=description or said.description,
            valid_from=read_date(begin, None).time if begin else said.valid_from,
            valid_until=read_date(end, None).time if end else self._context.valid_until,
            phases=tuple((None, _phase(name)) for name in phases.split(",") if name.strip()) or said.phases,
            threats=said.threats,
        )

    def _write(self, path: Path, places: Sequence[int], end: datetime | None) -> None:
        """Write the rows at these positions, and fill in this end of validity where a row has none, if there is a
        column for it."""
        layout, wanted = self._prepared.layout, set(places)
        at = self._columns.get("valid_until")
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = RowWriter(file, layout.table.written_delimiter)
            if layout.heading is not None:
                writer.writerow([cell.strip("\ufeff") for cell in layout.heading])
            rows = (row for place, row in enumerate(self._prepared.rows()) if place in wanted)
            writer.writerows(rows if at is None or end is None else _ended(rows, at, end))


def _ended(rows: Iterable[Row], at: int, end: datetime) -> Iterable[Row]:
    for row in rows:
        cells = [*row, *[""] * (at + 1 - len(row))]
        if not cells[at].strip():
            cells[at] = end.isoformat().replace("+00:00", "Z")
        yield cells


def _phase(name: str) -> str:
    """A phase in a column, by the name that indicators use for it."""
    return phase_name(name) or name.strip().lower().replace(" ", "-")
