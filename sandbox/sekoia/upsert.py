"""What an import makes of the indicators that a collection has: the rules by which they are added and changed."""

import json
import sqlite3
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from sandbox.sekoia.context import Context
from sandbox.sekoia.detect import Observable
from sandbox.sekoia.faults import Faults
from sandbox.sekoia.times import timestamp

__all__ = ["Upserted", "upsert"]

# What an import does not tell stays as it was; the settings decide on the rest. A row where nothing would change is
# left alone, so that the number of rows that were touched tells how many were.
_UNTIL = """
    CASE WHEN :valid_until IS NULL THEN iif(:renew AND valid_until <= :now, :default_until, valid_until)
         ELSE iif(:shrink OR :valid_until > valid_until, :valid_until, valid_until) END
"""
_TOLD = ("description", "valid_from", "kill_chain_phases", "x_ic_related_threat_refs")
_UPSERT = f"""
INSERT INTO indicators (collection, id, type, name, pattern, description, valid_from, valid_until, kill_chain_phases,
                        x_ic_related_threat_refs, created, modified)
VALUES (:collection, :id, :type, :name, :pattern, :description, :valid_from, coalesce(:valid_until, :default_until),
        :kill_chain_phases, :x_ic_related_threat_refs, :now, :now)
ON CONFLICT (collection, pattern) DO UPDATE SET
    {", ".join(f"{name} = coalesce(:{name}, {name})" for name in _TOLD)},
    valid_until = {_UNTIL}, modified = :now, revoked = iif(:revive, NULL, revoked)
WHERE {" OR ".join(f"coalesce(:{name}, {name}) IS NOT {name}" for name in _TOLD)}
    OR {_UNTIL} IS NOT valid_until OR (:revive AND revoked IS NOT NULL)
"""  # noqa: S608  # names of our own columns


class Upserted(NamedTuple):
    """How many indicators an import added, changed, and found as they were to be."""

    created: int
    updated: int
    unchanged: int


def upsert(
    connection: sqlite3.Connection, number: int, entries: Sequence[tuple[Observable, Context]], faults: Faults
) -> Upserted:
    """Adds indicators to a collection and updates those that it has, in the way that the settings say.

    It writes several times: in a transaction, all of it or nothing is kept.
    """
    now, rules = datetime.now(UTC), {"shrink": faults.validity_shrinks, "renew": faults.expired_renew}
    common = {"collection": number, "now": timestamp(now), "revive": faults.revoked_revive, **rules}
    rows = [
        {
            "id": f"indicator--{uuid.uuid4()}",
            "default_until": _default_end(now, context.valid_from, faults.default_days(observable.type)),
            **observable._asdict(),
            **context._asdict(),
            **common,
        }
        for observable, context in entries
    ]
    # Rows are numbered without gaps, so the highest number tells how many came in addition, without counting all.
    before = _highest(connection)
    touched = connection.executemany(_UPSERT, rows).rowcount if rows else 0
    created = _highest(connection) - before
    if touched < len(rows) and faults.reimport_modifies:
        connection.execute(
            "UPDATE indicators SET modified = ? WHERE collection = ? AND pattern IN (SELECT value FROM json_each(?))",
            (common["now"], number, json.dumps([row["pattern"] for row in rows])),
        )
    return Upserted(created, touched - created, len(rows) - touched)


def _highest(connection: sqlite3.Connection) -> int:
    """The highest number that an indicator has, of whatever collection."""
    return int(connection.execute("SELECT coalesce(max(number), 0) FROM indicators").fetchone()[0])


def _default_end(now: datetime, valid_from: str | None, days: int | None) -> str | None:
    """When the validity of an indicator ends that was given none."""
    if days is None:
        return None
    start = max(now, datetime.fromisoformat(valid_from)) if valid_from else now
    try:
        return timestamp(start + timedelta(days=days))
    except OverflowError:
        return None  # it begins in the last days of the calendar
