"""What an import would find in its collection, without sending anything."""

from __future__ import annotations

from dataclasses import dataclass

from sekoia_cti.client.importing.confirmation import Confirmation
from sekoia_cti.client.importing.expected import Expected

__all__ = ["Rehearsal", "rehearse"]


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What a collection holds already of the values that an import would send.

    Attributes:
        count: Values that would be sent.
        active: Of them, those that are in, neither revoked nor expired; None, like the other two, where the collection could
            not be read, or not for all of them.
        inactive: Those that are in, but revoked or expired.
        differing: Of the active ones, those with another context than would be sent.
    """

    count: int
    active: int | None = None
    inactive: int | None = None
    differing: int | None = None

    @property
    def new(self) -> int:
        """Values that the collection does not hold; all of them where that is not known."""
        return self.count - (self.active or 0) - (self.inactive or 0)


def rehearse(expected: Expected, confirmation: Confirmation) -> Rehearsal:
    """Look once for all values.

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
