"""Values that are read again each time, instead of being kept in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

__all__ = ["Again"]


@dataclass(frozen=True, slots=True)
class Again:
    """Values that are read again at each iteration, so that they need not be kept in memory.

    Args:
        read: Starts reading.
    """

    read: Callable[[], Iterator[Any]]

    def __iter__(self) -> Iterator[Any]:
        return self.read()
