"""Progress for people: an occasional line instead of one for each event."""

from __future__ import annotations

import time
from collections.abc import Callable

from sekoia_cti.client.importing.watch import Progress
from sekoia_cti.indicators.display import counted

__all__ = ["ProgressLog"]

SECONDS = 5.0
SHARE = 0.1


class ProgressLog:
    """Writes a line when there is progress, but only after 5 seconds or another 10 % since the last line.

    Args:
        tell: Writes a line.
        done: The first word of the line: what is done to the indicators.
        clock: A monotonic clock in seconds, for tests.
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
        """Report the latest progress."""
        if not progress.imported or not progress.total or progress.imported <= self._told:
            return
        advanced = progress.imported - self._told
        if advanced >= SHARE * progress.total or self._clock() - self._told_at >= SECONDS:
            self._tell(f"{self._done} {progress.imported:,} of {counted(progress.total)}")
            self._told, self._told_at = progress.imported, self._clock()

    def count(self, done: int, total: int) -> None:
        """Report how many are done, except at the end, which has its own sentence."""
        if done < total:
            self(Progress(done, total))
