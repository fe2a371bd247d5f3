"""What the pages ask of a collection besides what REST can: by kind, by state, in any order, and counted."""

import sqlite3
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from sandbox.sekoia.store import Store
from sandbox.sekoia.times import timestamp

__all__ = ["SORTS", "STATES", "SearchQuery", "Searches", "Sort", "State", "Summary", "summary"]

State = Literal["active", "expired", "revoked"]
Sort = Literal["newest", "oldest", "value", "ends"]

# When each holds, `now` being the time; the first that does is the state.
STATES: dict[State, str] = {
    "revoked": "revoked IS NOT NULL",
    "expired": "revoked IS NULL AND valid_until <= :now",
    "active": "revoked IS NULL AND (valid_until > :now OR valid_until IS NULL)",
}
SORTS: dict[Sort, str] = {
    "newest": "number DESC",
    "oldest": "number",
    "value": "pattern",  # by kind first, as an index has it
    "ends": "valid_until IS NULL, valid_until, number",
}
_STATE = f"CASE {' '.join(f'WHEN {holds} THEN {state!r}' for state, holds in STATES.items())} END"
# Seconds after which counts are made anew although nothing was written, for indicators expire.
STALE = 10.0
# While much is written, counting takes no more than one part in so many of all time.
SHARE = 20


@dataclass(frozen=True, slots=True)
class SearchQuery:
    """What is looked for in a collection; what is empty is not asked for."""

    term: str = ""
    kind: str = ""
    state: State | Literal[""] = ""
    sort: Sort = "newest"


@dataclass(slots=True)
class Summary:
    """What a collection holds: how many of each kind, in each state, and how many active ones end on which day."""

    kinds: Counter[str] = field(default_factory=Counter)
    states: Counter[str] = field(default_factory=Counter)
    ends: Counter[date] = field(default_factory=Counter)
    endless: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        return self.states.total()


@dataclass(frozen=True, slots=True)
class _Counted:
    version: int
    at: float
    took: float
    summary: Summary


class Searches:
    """Looks into the collections of a store. Counts are remembered until something is written."""

    def __init__(self) -> None:
        self._known: dict[int, _Counted] = {}

    def page(
        self, store: Store, number: int, search: SearchQuery, *, limit: int, offset: int
    ) -> tuple[list[sqlite3.Row], int]:
        """A page of the indicators that are looked for, each with its `state`, and how many there are."""
        conditions = ["collection = :number"]
        if search.term:
            conditions.append("instr(lower(pattern), lower(:term))")
        if search.kind:
            conditions.append("type = :kind")
        if search.state:
            conditions.append(STATES[search.state])
        where = f"FROM indicators WHERE {' AND '.join(conditions)}"
        # Which they are is found first: rows as wide as these are slow to sort.
        values = {"number": number, "term": search.term, "kind": search.kind, "now": timestamp()}
        order = f"ORDER BY {SORTS[search.sort]}"
        rows = store.select(
            f"SELECT *, {_STATE} AS state FROM indicators "  # noqa: S608  # our own words
            f"WHERE number IN (SELECT number {where} {order} LIMIT :limit OFFSET :offset) {order}",
            values | {"limit": limit, "offset": offset},
        )
        return rows, store.select(f"SELECT count(*) {where}", values)[0][0]

    def summary(self, store: Store, number: int) -> tuple[Summary, float | None]:
        """What a collection holds, counted; and, where that may be behind, in how many seconds to ask again."""
        now, known = time.monotonic(), self._known.get(number)
        if known is not None:
            if known.version == store.version and now - known.at < STALE:
                return known.summary, None
            if (rest := known.at + known.took * SHARE - now) > 0:
                return known.summary, rest
        counted = summary(store, number)
        self._known[number] = _Counted(store.version, now, time.monotonic() - now, counted)
        return counted, None


def summary(store: Store, number: int) -> Summary:
    """What a collection holds, counted."""
    summary = Summary()
    for kind, state, day, count in store.select(
        f"SELECT type, {_STATE}, substr(valid_until, 1, 10), count(*) FROM indicators "  # noqa: S608  # our own words
        "WHERE collection = :number GROUP BY 1, 2, 3",
        {"number": number, "now": timestamp()},
    ):
        summary.kinds[kind] += count
        summary.states[state] += count
        if state == "active" and day is not None:
            summary.ends[date.fromisoformat(day)] += count
        elif state == "active":
            summary.endless += count
    return summary
