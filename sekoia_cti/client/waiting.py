"""How long the client waits, and for what: one deadline for all the work, and the patience that spends it."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from sekoia_cti.client.errors import DeadlinePassed, Interrupted

__all__ = ["Deadline", "Patience"]


class Deadline:
    """A moment that uploads, connections and waits all count down to, and through which all of them can be stopped.

    Args:
        seconds: From now until then.
        clock: A monotonic clock in seconds, for tests.
    """

    def __init__(self, seconds: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.seconds = seconds
        self.now = clock
        self.start = clock()
        self.at = self.start + seconds
        self._interrupted = threading.Event()
        self._wakers: list[Callable[[], None]] = []

    def within(self, seconds: float) -> Deadline:
        """A deadline of a part of the work, no later than this one; an interruption holds for both."""
        nearer = Deadline(min(seconds, self.remaining()), clock=self.now)
        nearer._interrupted, nearer._wakers = self._interrupted, self._wakers
        return nearer

    def remaining(self) -> float:
        """Seconds left; 0 once it has passed."""
        return max(0.0, self.at - self.now())

    def postpone(self, seconds: float) -> None:
        """Put it off to so many seconds from now."""
        self.at = self.now() + seconds

    def check(self, doing: str) -> None:
        """Raise :exc:`DeadlinePassed`, which says what was being done, unless there is time left."""
        self.heed()
        if not self.remaining():
            raise DeadlinePassed(doing, self.seconds)

    def pause(self, seconds: float) -> None:
        """Wait so long, or until the deadline; an interruption raises at once."""
        self._interrupted.wait(min(seconds, self.remaining()))
        self.heed()

    def interrupt(self) -> None:
        """Have the work raise :exc:`Interrupted` as soon as it looks at the deadline; called from another thread."""
        self._interrupted.set()
        for wake in list(self._wakers):
            wake()

    def heed(self) -> None:
        """Raise :exc:`Interrupted` if the work was interrupted."""
        if self._interrupted.is_set():
            raise Interrupted

    def when_interrupted(self, wake: Callable[[], None]) -> None:
        """Have something else that waits be woken, so that it heeds the interruption."""
        self._wakers.append(wake)


@dataclass(frozen=True, kw_only=True)
class Patience:
    """Every duration and rate of the client, in seconds; the defaults suit Sekoia, :meth:`none` suits tests.

    Where a figure comes from is said behind it; the others are ours.
    """

    # REST
    connect: float = 10.0
    read: float = 60.0
    attempts: int = 8  # at an address where nobody was reached
    first_backoff: float = 0.5
    longest_backoff: float = 30.0
    requests_per_second: int = 4  # contract, "Where it lives": fewer than 5
    pause_after_errors: float = 10.0  # contract, "Where it lives": two errors within 10 s

    # LiveAPI
    handshake: float = 10.0
    greeting: float = 1.0  # how long a refusal by message may take to arrive (contract, LiveAPI: unknown)
    ping_interval: float = 20.0  # contract, LiveAPI: the vendor's trigger
    ping_timeout: float = 20.0
    first_attempts: int = 2  # failed connections before an import goes on without LiveAPI

    # Imports
    settle: float = 10.0  # silence after 0/0 that makes it the end
    look_first: float = 2.0  # from "an event may be lost" to the first look over REST
    look_longest: float = 30.0
    look_quiet: float = 60.0  # silence of a connected LiveAPI before a look over REST

    @classmethod
    def none(cls) -> Patience:
        """The switch for tests: the same behavior with next to no waiting."""
        return cls(
            first_backoff=0.01,
            longest_backoff=0.05,
            requests_per_second=10_000,
            pause_after_errors=0.0,
            greeting=0.2,
            settle=0.3,
            look_first=0.05,
            look_longest=0.2,
            look_quiet=1.0,
        )

    def but(self, **changes: float) -> Patience:
        """A copy with some figures changed."""
        return replace(self, **changes)  # type: ignore[arg-type]  # attempts and rates are the only ints

    def backoff(self, failures: int) -> float:
        """Seconds to wait after so many failures in a row: doubling, with up to half of it as jitter taken off."""
        full = min(self.longest_backoff, self.first_backoff * 2 ** min(failures - 1, 16))
        return float(full * random.uniform(0.5, 1.0))  # noqa: S311  # spreads retries, protects nothing
