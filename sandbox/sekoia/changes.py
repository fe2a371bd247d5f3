"""Where readers of something that changes wait until it does."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from typing import Literal

__all__ = ["Changes", "Topic"]

Topic = Literal["collections", "imports", "requests", "faults", "runs"]
"""What can move."""

# Seconds between two tellings: faster than an eye asks for, and slow enough for a page to be drawn meanwhile.
PAUSE = 0.2


@dataclass(eq=False, slots=True)
class _Watcher:
    topics: frozenset[str]
    moved: asyncio.Event = field(default_factory=asyncio.Event)


class Changes:
    """Wakes all who wait: something changed, and they look what it was. Used in the server's thread only."""

    def __init__(self) -> None:
        self._watchers: set[_Watcher] = set()

    def happened(self, topic: Topic) -> None:
        """Something moved."""
        for watcher in self._watchers:
            if topic in watcher.topics:
                watcher.moved.set()

    async def watch(self, topics: Iterable[str]) -> AsyncIterator[None]:
        """Gives something each time that one of these moved, and a moment after it at the earliest again."""
        watcher = _Watcher(frozenset(topics))
        self._watchers.add(watcher)
        try:
            while True:
                await watcher.moved.wait()
                watcher.moved.clear()
                yield
                await asyncio.sleep(PAUSE)
        finally:
            self._watchers.discard(watcher)
