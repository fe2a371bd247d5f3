"""What an import and a request look at while they go on: the faults in force, the pace, and what holds imports."""

import asyncio

from sandbox.sekoia.faults import Faults

__all__ = ["Controls"]


class Controls:
    """The faults in force and the switches of an import, shared by all parts; used in the server's thread only."""

    def __init__(self, pace: float, faults: Faults | None = None, delay: float = 0) -> None:
        self.pace = pace
        self.delay = delay
        self._initial = faults or Faults()
        self.reset()

    def reset(self) -> None:
        """The faults of the start, nothing held."""
        self.faults = self._initial.model_copy(deep=True)
        self.alarm = asyncio.Event()
        self.released = asyncio.Event()
        self.released.set()

    def interrupt(self) -> None:
        """Ends every pause."""
        self.alarm.set()

    async def pause(self, seconds: float) -> bool:
        """Waits; False when it was interrupted, so that what it was for is over."""
        if seconds <= 0:
            return True
        try:
            await asyncio.wait_for(self.alarm.wait(), seconds)
        except TimeoutError:
            return True
        return False
