"""Values that are read again each time, instead of being held."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

__all__ = ["Again"]


@dataclass(frozen=True, slots=True)
class Again:
    """What is read again at each iteration, so that it need not be held.

    Args:
        read: Begins to read.
    """

    read: Callable[[], Iterator[Any]]

    def __iter__(self) -> Iterator[Any]:
        return self.read()
