"""An import: what goes where, and how far it is."""

import sqlite3
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from sandbox.sekoia.context import Context
from sandbox.sekoia.detect import Observable

__all__ = ["Entry", "ImportJob", "Status"]

Entry = tuple[Observable, Context] | None
"""What a line says; None when it says nothing that an indicator could be made of."""
Status = Literal["PENDING", "RUNNING", "FINISHED", "FAILED"]


@dataclass(eq=False, slots=True)
class ImportJob:
    """Lines that go into a collection, and what makes an entry of a line."""

    collection: sqlite3.Row
    lines: Sequence[Any]
    read: Callable[[Any], Entry]
    task_id: str | int = field(default_factory=lambda: str(uuid.uuid4()))
    refused: frozenset[str] = frozenset()
    """The patterns that are ignored."""
    status: Status = "PENDING"
    submitted: datetime = field(default_factory=lambda: datetime.now(UTC))
    ended: datetime | None = None
    total: int = 0
    done: int = 0
    told: int = 0
    created: int = 0
    updated: int = 0
    ignored: int = 0

    def __post_init__(self) -> None:
        self.total = len(self.lines)

    def refuses(self, entry: Entry) -> bool:
        """Whether a line is ignored that says this."""
        return entry is None or entry[0].pattern in self.refused

    def patterns(self) -> set[str]:
        """The patterns of all that would go in."""
        return {entry[0].pattern for line in self.lines if (entry := self.read(line)) is not None}

    def end(self, status: Status) -> None:
        """Notes that it is over."""
        self.status, self.ended = status, datetime.now(UTC)
        self.lines = ()  # which can be large, and are not needed any more
