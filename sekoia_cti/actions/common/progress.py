"""Progress for people: a line now and then, not one for each event."""

from __future__ import annotations

import time
from collections.abc import Callable

from sekoia_cti.client.importing.watch import Progress
from sekoia_cti.indicators.display import counted

__all__ = ["ProgressLog"]

SECONDS = 5.0
SHARE = 0.1


class ProgressLog:
    """Writes a line when progress was made and 5 seconds or another 10 % have gone by since the last.

    Args:
        tell: Takes a line.
        done: The word that the line begins with: what is done with the indicators.
        clock: Seconds that only grow, for tests.
    """

    def __init__(
        self, tell: Callable[[str], None], *, done: str = "Imported", clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._tell = tell
        self._done = done
        self._clock = clock
        self._told_at = clock()
        self._told = 0

    def __call__(self, progress: Progress) -> None:
        """Take the latest progress."""
        if not progress.imported or not progress.total or progress.imported <= self._told:
            return
        advanced = progress.imported - self._told
        if advanced >= SHARE * progress.total or self._clock() - self._told_at >= SECONDS:
            self._tell(f"{self._done} {progress.imported:,} of {counted(progress.total)}")
            self._told, self._told_at = progress.imported, self._clock()

    def count(self, done: int, total: int) -> None:
        """Report how many are done, except at the end, for which there is a longer sentence."""
        if done < total:
            self(Progress(done, total))
