"""Finds out what an import would find in its collection, without sending anything."""

from __future__ import annotations

from dataclasses import dataclass

from sekoia_cti.client.importing.confirmation import Confirmation
from sekoia_cti.client.importing.expected import Expected

__all__ = ["Rehearsal", "rehearse"]


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """How much of what an import would send is in the collection already.

    If the collection could not be read completely, all attributes but the first are None.

    Attributes:
        count: How many values would be sent.
        active: How many of them are in the collection, neither revoked nor expired.
        inactive: How many are in the collection, but revoked or expired.
        differing: How many of the active ones have another context than the one that would be sent.
    """

    count: int
    active: int | None = None
    inactive: int | None = None
    differing: int | None = None

    @property
    def new(self) -> int:
        """How many values the collection does not hold; all of them if that is not known."""
        return self.count - (self.active or 0) - (self.inactive or 0)


def rehearse(expected: Expected, confirmation: Confirmation) -> Rehearsal:
    """Look for all values once.

    Args:
        expected: The values.
        confirmation: Looks for them.
    """
    found = confirmation.look() if expected else None
    if found is None or not found.complete:
        nothing = None if expected else 0
        return Rehearsal(expected.count(), nothing, nothing, nothing)
    tally = found.tally
    return Rehearsal(tally.expected, tally.active, tally.there - tally.active, tally.differing)
