"""What was submitted of an import, and what was not: no I/O."""

from __future__ import annotations

from dataclasses import dataclass, field

from sekoia_cti.client.errors import SekoiaError
from sekoia_cti.client.importing.missing import Missing

__all__ = ["Ledger"]


@dataclass
class Ledger:
    """The account of every value that an import was given: it was left out, or Sekoia took it, or may have taken it.

    What becomes of the values that Sekoia took, or may have taken, is seen by looks
    (:mod:`~sekoia_cti.client.importing.expected`), but for those that an answer showed to be in.

    Attributes:
        left_out: Values that were not submitted, or that Sekoia refused.
        suspected: Values that Sekoia answered 500 each time, and what is told of those that are not in the collection.
        taken: How many values Sekoia took; None when they are not known.
        shown: Of them, how many an answer showed to be in.
        shown_differing: Of these, how many with another context than was sent.
        failure: What kept values from being submitted or waited for, if anything did.
    """

    left_out: list[Missing] = field(default_factory=list)
    suspected: dict[str, str] = field(default_factory=dict)
    taken: int | None = 0
    shown: int = 0
    shown_differing: int = 0
    failure: SekoiaError | None = None
    _ids: dict[str, None] = field(default_factory=dict)

    def take(self, values: int | None) -> None:
        """Sekoia took so many values; None when they are not known."""
        self.taken = None if values is None else (self.taken or 0) + values

    def show(self, ids: list[str], active: int, differing: int) -> None:
        """An answer showed values to be in.

        Args:
            ids: Of their indicators.
            active: How many values.
            differing: Of them, how many with another context than was sent.
        """
        self._ids.update(dict.fromkeys(ids))
        self.shown += active
        self.shown_differing += differing

    def fail(self, error: SekoiaError) -> None:
        """Something kept values from being submitted or waited for; what came first says why."""
        self.failure = self.failure or error

    @property
    def ids(self) -> list[str]:
        """Ids of the indicators that answers showed, each once."""
        return list(self._ids)
