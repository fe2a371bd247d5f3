"""Clocks of deadlines, on which time passes with what a server is asked and not with how fast the machine is."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from sandbox import RestFault, Sandbox

__all__ = ["slow_requests"]


def slow_requests(sandbox: Sandbox, seconds: float, **which: Any) -> Callable[[], float]:
    """A clock on which each of some requests takes so long, though nobody waits for it.

    They are counted by a fault that does nothing else, after those that are set: set others before.

    Args:
        sandbox: Where they go.
        seconds: What each takes, besides the time that it does take.
        which: The fields of a fault that say which requests are meant.
    """
    count = 1_000_000
    sandbox.faults.rest = [*sandbox.faults.rest, RestFault(times=count, **which)]
    (counting,) = sandbox.faults.rest[-1:]
    return lambda: time.monotonic() + seconds * (count - (counting.times or 0))
