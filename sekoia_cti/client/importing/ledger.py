"""Counts which values of an import were submitted, and which were not."""

from __future__ import annotations

from dataclasses import dataclass, field

from sekoia_cti.client.errors import SekoiaError
from sekoia_cti.client.importing.missing import Missing

__all__ = ["Ledger"]


@dataclass
class Ledger:
    """The account of every value of an import: it was left out, or Sekoia accepted it, or may have accepted it.

    Looks into the collection show which of the accepted values are in (:mod:`~sekoia_cti.client.importing.expected`), except for
    those whose indicators were in an answer already.

    Attributes:
        left_out: Values that were not submitted, or that Sekoia refused.
        suspected: Values that Sekoia answered with HTTP 500 each time; for each, the reason to report if it is not in.
        taken: How many values Sekoia accepted; None if that is not known.
        shown: How many of them were in the collection according to an answer.
        shown_differing: How many of these had another context than the one that was sent.
        failure: What kept values from being submitted or waited for; None if nothing did.
    """

    left_out: list[Missing] = field(default_factory=list)
    suspected: dict[str, str] = field(default_factory=dict)
    taken: int | None = 0
    shown: int = 0
    shown_differing: int = 0
    failure: SekoiaError | None = None
    _ids: dict[str, None] = field(default_factory=dict)

    def take(self, values: int | None) -> None:
        """Sekoia accepted so many values; None if it is not known how many."""
        self.taken = None if values is None else (self.taken or 0) + values

    def show(self, ids: list[str], active: int, differing: int) -> None:
        """An answer showed that values are in the collection.

        Args:
            ids: The ids of their indicators.
            active: How many values there are.
            differing: How many of them have another context than the one that was sent.
        """
        self._ids.update(dict.fromkeys(ids))
        self.shown += active
        self.shown_differing += differing

    def fail(self, error: SekoiaError) -> None:
        """Something kept values from being submitted or waited for. The first such error is kept."""
        self.failure = self.failure or error

    @property
    def ids(self) -> list[str]:
        """Ids of the indicators in Sekoia's answers, without duplicates."""
        return list(self._ids)
