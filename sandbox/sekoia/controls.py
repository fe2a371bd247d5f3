"""What an import and a request look at while they go on: the faults in force, the pace, and what holds imports."""

import asyncio

from sandbox.sekoia.changes import Changes
from sandbox.sekoia.faults import Faults, RestFault

__all__ = ["Controls"]


class Controls:
    """The faults in force and the switches of an import, shared by all parts; used in the server's thread only."""

    def __init__(
        self, pace: float = 0, faults: Faults | None = None, delay: float = 0, changes: Changes | None = None
    ) -> None:
        self._changes = changes or Changes()
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

    def set(self, faults: Faults) -> None:
        """Puts these faults in force, and no others."""
        self.faults = faults
        self._changes.happened("faults")

    def hit(self, fault: RestFault, of: list[RestFault]) -> None:
        """Clears a fault, among these, that has hit as often as it was to."""
        if fault.times == 0 and fault in of:
            of.remove(fault)
            self._changes.happened("faults")

    def live_closed(self) -> None:
        """Clears the fault that closes a connection of LiveAPI, once."""
        self.faults.live_close_after = None
        self._changes.happened("faults")

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
