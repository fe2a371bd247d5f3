"""What the rows of a table say of their indicators, held to be compared with a collection."""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from typing import Any

from sekoia_cti.client.importing.wanted import names_of_phases, text_of
from sekoia_cti.client.times import stamp
from sekoia_cti.indicators.row_context import RowContext

__all__ = ["RowDigests"]

DESCRIBED, BEGINS = 1, 2
"""Which of the two a digest stands for: in its lowest bits."""


class RowDigests:
    """What the row of each key says: twelve bytes a key, since descriptions can be as many and as long as the file is.

    Args:
        size: How many keys there are.
    """

    def __init__(self, size: int) -> None:
        self._digests = array("q", bytes(8 * size))
        self._numbers = array("I", bytes(4 * size))
        self._phases: dict[frozenset[str], int] = {frozenset(): 0}
        self._by_number: list[frozenset[str]] = [frozenset()]

    def note(self, place: int, said: RowContext) -> None:
        """Note what the row of a key says."""
        self._digests[place] = _digest(said.description, stamp(said.valid_from))
        number = self._phases.setdefault(said.phases, len(self._by_number))
        if number == len(self._by_number):
            self._by_number.append(said.phases)
        self._numbers[place] = number

    def are_carried(self, place: int, indicator: Mapping[str, Any]) -> bool:
        """Whether an indicator has what its row says: the same text and beginning, and at least these phases."""
        said = self._digests[place]
        description = text_of(indicator.get("description")).strip() if said & DESCRIBED else None
        begins = stamp(indicator.get("valid_from")) if said & BEGINS else None
        if _digest(description, begins) != said:
            return False
        phases = self._by_number[self._numbers[place]]
        return not phases or phases <= {name for _, name in names_of_phases(indicator)}


def _digest(description: str | None, begins: str | None) -> int:
    said = (DESCRIBED if description is not None else 0) | (BEGINS if begins is not None else 0)
    return (hash((description, begins)) & ~(DESCRIBED | BEGINS)) | said if said else 0
