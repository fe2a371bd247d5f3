"""What LiveAPI reported about imports: the bars of the pages show this, as any client could, and nothing else."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

__all__ = ["Heard", "Told"]

# Imports that are remembered; the oldest go first.
REMEMBERED = 1000


@dataclass(slots=True)
class Told:
    """What was reported about an import last, and in how many events."""

    imported: int = 0
    total: int = 0
    events: int = 0

    @property
    def over(self) -> bool:
        """Whether that was the end."""
        return self.imported >= self.total > 0


class Heard:
    """Listens to LiveAPI. Messages may be anything."""

    def __init__(self) -> None:
        self._told: dict[str, Told] = {}
        self._listeners: list[Callable[[str | bytes], None]] = []

    @contextmanager
    def listening(self, hear: Callable[[str | bytes], None]) -> Iterator[None]:
        """Passes all messages on, in the server's thread. A connection of its own would use up faults meant for others."""
        self._listeners.append(hear)
        try:
            yield
        finally:
            self._listeners.remove(hear)

    def hear(self, message: str | bytes) -> bool:
        """Takes a message; returns whether it is about an import."""
        for hear in list(self._listeners):
            hear(message)
        try:
            match json.loads(message):
                case {
                    "type": "ioc-collection",
                    "attributes": {"task_id": str() | int() as task, "imported": imported, "total": total},
                }:
                    figures = int(imported), int(total)
                case _:
                    return False
        except (TypeError, ValueError):
            return False
        told = self._told.setdefault(str(task), Told())
        told.imported, told.total = figures
        told.events += 1
        if len(self._told) > REMEMBERED:
            del self._told[next(iter(self._told))]
        return True

    def of(self, task_id: object) -> Told:
        """What was reported about a task, if anything."""
        return self._told.get(str(task_id), Told())

    def forget(self) -> None:
        """Forgets all."""
        self._told.clear()
