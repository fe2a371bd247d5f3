"""What the sandbox remembers: IOC collections, their indicators, and previewed files, in SQLite."""

import json
import sqlite3
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sandbox.sekoia.context import Context
from sandbox.sekoia.detect import Observable
from sandbox.sekoia.faults import Faults
from sandbox.sekoia.times import timestamp
from sandbox.sekoia.upsert import Upserted, upsert

__all__ = ["DEFAULT_COMMUNITY", "Store"]

DEFAULT_COMMUNITY = "6d3bd1e0-7f0c-4f5c-9b1a-1d8a4b4e2c10"
# How long an indicator must have been revoked before it can be deleted (contract, DELETE of an indicator).
DELETION_AFTER = timedelta(hours=24)
# Previewed files that are kept: enough for all that goes on at once, and no more, since they can be large.
KEPT_FILES = 20

# Numbers of collections are never given again, so that a late import cannot end up in another one.
_SCHEMA = """
CREATE TABLE IF NOT EXISTS collections (
    number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, name TEXT NOT NULL, description TEXT,
    community_uuid TEXT NOT NULL, available_for_sub_communities INTEGER NOT NULL,
    created TEXT NOT NULL, modified TEXT NOT NULL, created_by TEXT NOT NULL, modified_by TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS indicators (
    number INTEGER PRIMARY KEY, collection INTEGER NOT NULL, id TEXT NOT NULL UNIQUE,
    type TEXT NOT NULL, name TEXT NOT NULL, pattern TEXT NOT NULL, description TEXT, valid_from TEXT, valid_until TEXT,
    kill_chain_phases TEXT, x_ic_related_threat_refs TEXT, created TEXT NOT NULL, modified TEXT NOT NULL, revoked TEXT,
    UNIQUE (collection, pattern)
);
CREATE INDEX IF NOT EXISTS members ON indicators (collection);
CREATE INDEX IF NOT EXISTS changes ON indicators (collection, modified, number);
CREATE TABLE IF NOT EXISTS files (handle TEXT PRIMARY KEY, collection INTEGER NOT NULL, content BLOB NOT NULL);
"""


class Store:
    """The state, in a file or in memory. It is used by one thread at a time, and closed with `close`.

    Methods that take a collection's `number` expect one that exists: `collection` finds it.
    """

    def __init__(self, path: Path | str | None = None) -> None:
        self._connection = sqlite3.connect(path or ":memory:", isolation_level=None, check_same_thread=False)
        self._connection.row_factory = sqlite3.Row
        # A file survives a crash of the sandbox, though perhaps not one of the machine: imports are worth the speed.
        try:
            self._connection.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF;" + _SCHEMA)
        except sqlite3.Error:
            self.close()  # the file is not a database
            raise

    def close(self) -> None:
        """Closes the file."""
        self._connection.close()

    def clear(self) -> None:
        """Forgets everything."""
        self._connection.executescript("DELETE FROM indicators; DELETE FROM files; DELETE FROM collections;")

    # For callers with queries of their own

    @property
    def version(self) -> int:
        """A number that changes with everything that is written."""
        return self._connection.total_changes

    def select(self, query: str, values: Mapping[str, object]) -> list[sqlite3.Row]:
        """The rows of a query over the tables above."""
        return self._connection.execute(query, values).fetchall()

    # Collections

    def create_collection(
        self,
        *,
        author: str,
        name: str,
        id: str | None = None,
        description: str | None = None,
        community_uuid: str | None = None,
        available_for_sub_communities: bool | None = None,
    ) -> sqlite3.Row | None:
        """Adds a collection; None when its id is taken."""
        collection_id, now = id or f"ioc-collection--{uuid.uuid4()}", timestamp()
        community, shared = community_uuid or DEFAULT_COMMUNITY, bool(available_for_sub_communities)
        row = (collection_id, name, description, community, shared, now, now, author, author)
        try:
            self._connection.execute("INSERT INTO collections VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
        except sqlite3.IntegrityError:
            return None
        return self.collection(collection_id)

    def collection(self, collection_id: str) -> sqlite3.Row | None:
        """A collection, or None."""
        return self._row("SELECT * FROM collections WHERE id = ?", collection_id)

    def collections(
        self, *, term: str, community_uuid: str | None, limit: int, offset: int
    ) -> tuple[list[sqlite3.Row], int]:
        """A page of the collections whose name contains a term, in any case, and how many there are."""
        where = "FROM collections WHERE instr(lower(name), lower(?)) AND community_uuid = coalesce(?, community_uuid)"
        total = self._number(f"SELECT count(*) {where}", term, community_uuid)
        page = f"SELECT * {where} ORDER BY number LIMIT ? OFFSET ?"
        return self._rows(page, term, community_uuid, limit, offset), total

    def update_collection(self, collection: sqlite3.Row, *, author: str, **values: Any) -> None:
        """Changes fields of a collection."""
        self._connection.execute(
            "UPDATE collections SET name = :name, description = :description, modified = :now, modified_by = :author, "
            "available_for_sub_communities = :available_for_sub_communities WHERE number = :number",
            dict(collection) | values | {"now": timestamp(), "author": author},
        )

    def delete_collection(self, number: int) -> None:
        """Deletes a collection with all that it holds."""
        with self._transaction():
            self._connection.execute("DELETE FROM indicators WHERE collection = ?", (number,))
            self._connection.execute("DELETE FROM files WHERE collection = ?", (number,))
            self._connection.execute("DELETE FROM collections WHERE number = ?", (number,))

    # Indicators

    def count(self, number: int) -> int:
        """How many indicators a collection holds, revoked ones included."""
        return self._number("SELECT count(*) FROM indicators WHERE collection = ?", number)

    def count_community(self, community_uuid: str | None) -> int:
        """How many indicators the collections of a community hold, or all collections."""
        return self._number(
            "SELECT count(*) FROM indicators JOIN collections ON collections.number = collection "
            "WHERE community_uuid = coalesce(?, community_uuid)",
            community_uuid,
        )

    def upsert(self, number: int, entries: Sequence[tuple[Observable, Context]], faults: Faults) -> Upserted:
        """Adds indicators to a collection and updates those that it has: all of them, or none."""
        with self._transaction():
            return upsert(self._connection, number, entries, faults)

    def new_patterns(self, number: int, patterns: set[str]) -> int:
        """How many of these patterns a collection does not have."""
        return self._number(
            "SELECT count(*) FROM json_each(?) "
            "WHERE NOT EXISTS (SELECT 1 FROM indicators WHERE collection = ? AND pattern = value)",
            json.dumps(list(patterns)),
            number,
        )

    def indicators(self, number: int, *, term: str = "", limit: int = -1, offset: int = 0) -> list[sqlite3.Row]:
        """A page of a collection's indicators, oldest first, whose pattern contains a term in any case."""
        where, arguments = self._matching(number, term)
        return self._rows(f"SELECT * {where} ORDER BY number LIMIT ? OFFSET ?", *arguments, limit, offset)

    def count_matching(self, number: int, term: str) -> int:
        """How many indicators of a collection have a pattern that contains a term."""
        where, arguments = self._matching(number, term)
        return self._number(f"SELECT count(*) {where}", *arguments)

    def changes(
        self,
        number: int,
        *,
        after: tuple[str, int],
        until: datetime,
        highest: int,
        limit: int,
        revoked: bool,
        expired: bool,
    ) -> list[sqlite3.Row]:
        """A page of a collection's indicators in the order of their last changes.

        Args:
            number: The collection.
            after: The time of the last change that is known already, and the number of the indicator that it was of.
            until: Later changes are not shown.
            highest: Indicators with a higher number are not shown.
            limit: How many are shown at most.
            revoked, expired: Whether those are shown.
        """
        return self._rows(
            "SELECT * FROM indicators WHERE collection = ? AND (modified, number) > (?, ?) AND modified <= ? "
            "AND number <= ? AND (? OR revoked IS NULL) AND (? OR coalesce(valid_until > ?, TRUE)) "
            "ORDER BY modified, number LIMIT ?",
            number,
            *after,
            timestamp(until),
            highest,
            revoked,
            expired,
            timestamp(),
            limit,
        )

    def number_of_newest(self, number: int, skip: int) -> int:
        """The number of a collection's newest indicator but some; 0 when there is none."""
        row = self._row(
            "SELECT number FROM indicators WHERE collection = ? ORDER BY number DESC LIMIT 1 OFFSET ?", number, skip
        )
        return row["number"] if row else 0

    def indicator(self, number: int, indicator_id: str) -> sqlite3.Row | None:
        """An indicator of a collection, or None."""
        return self._row("SELECT * FROM indicators WHERE collection = ? AND id = ?", number, indicator_id)

    def by_pattern(self, number: int, pattern: str) -> sqlite3.Row | None:
        """The indicator of a collection with this pattern, or None."""
        return self._row("SELECT * FROM indicators WHERE collection = ? AND pattern = ?", number, pattern)

    def update_indicator(self, indicator: int, context: Context) -> None:
        """Sets all that is said about an indicator."""
        self._connection.execute(
            "UPDATE indicators SET description = ?, valid_from = ?, valid_until = ?, kill_chain_phases = ?, "
            "x_ic_related_threat_refs = ?, modified = ? WHERE number = ?",
            (*context, timestamp(), indicator),
        )

    def revoke(self, indicator: int) -> None:
        """Revokes an indicator; revoking it again changes nothing."""
        now = timestamp()
        self._connection.execute(
            "UPDATE indicators SET revoked = ?, modified = ? WHERE number = ? AND revoked IS NULL",
            (now, now, indicator),
        )

    def delete_indicator(self, indicator: int) -> bool:
        """Deletes an indicator; False when it was not revoked long enough ago."""
        before = timestamp(datetime.now(UTC) - DELETION_AFTER)
        return bool(
            self._connection.execute(
                "DELETE FROM indicators WHERE number = ? AND revoked < ?", (indicator, before)
            ).rowcount
        )

    # Files

    def add_file(self, number: int, content: bytes) -> str:
        """Keeps a file that was previewed for a collection, forgets the oldest ones, and returns its handle."""
        handle = str(uuid.uuid4())
        self._connection.execute("INSERT INTO files VALUES (?, ?, ?)", (handle, number, content))
        oldest = "DELETE FROM files WHERE rowid <= (SELECT max(rowid) FROM files) - ?"
        self._connection.execute(oldest, (KEPT_FILES,))
        return handle

    def file(self, number: int, handle: str) -> bytes | None:
        """A file that was previewed for a collection, or None."""
        row = self._row("SELECT content FROM files WHERE collection = ? AND handle = ?", number, handle)
        return bytes(row["content"]) if row else None

    # Inside

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    def _rows(self, query: str, *arguments: object) -> list[sqlite3.Row]:
        return self._connection.execute(query, arguments).fetchall()

    def _row(self, query: str, *arguments: object) -> sqlite3.Row | None:
        return next(iter(self._rows(query, *arguments)), None)

    def _number(self, query: str, *arguments: object) -> int:
        return int(self._rows(query, *arguments)[0][0])

    @staticmethod
    def _matching(number: int, term: str) -> tuple[str, list[object]]:
        where = "FROM indicators WHERE collection = ?"
        return (f"{where} AND instr(lower(pattern), lower(?))", [number, term]) if term else (where, [number])
