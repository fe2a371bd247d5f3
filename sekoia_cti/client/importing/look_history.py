"""What looks into the collection have found so far, and for how long it has been the same: no I/O, like the watch."""

from __future__ import annotations

import math
from dataclasses import dataclass

from sekoia_cti.client.errors import SekoiaError
from sekoia_cti.client.importing.expected import Tally
from sekoia_cti.client.waiting import Patience

__all__ = ["Found", "LookHistory"]

DENIALS = 3
"""Looks in a row that must be denied before the key is taken for the reason."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a look found.

    Attributes:
        tally: Of the values that were looked for.
        complete: Whether all were looked for, and not just a sample.
        grew: Whether the community holds more than before the submission; asked for only where none of the values was found, or
            clocks leave it in doubt whether they changed since.
        convincing: Whether enough values were looked for to say that all are in, if these are.
    """

    tally: Tally
    complete: bool
    grew: bool = False
    convincing: bool = True


@dataclass
class LookHistory:
    """The looks so far. Every method takes the time, in seconds that only grow.

    Args:
        patience: How often to look.
        deadline: When the time of the import is up.

    Attributes:
        found: What the last look found that could be completed; None before there was one.
        unreadable: Whether the last look failed.
        denial: What the last look was denied with, if the key may not read the collection.
    """

    patience: Patience
    deadline: float
    found: Found | None = None
    unreadable: bool = False
    denial: SekoiaError | None = None
    _looks: int = 0  # since the last reason to look soon
    _looked_at: float = -math.inf
    _found_at: float = -math.inf
    _same: int = 0  # looks that found the same
    _same_since: float = math.inf
    _denied: int = 0  # looks in a row that were denied
    _denied_since: float = math.inf

    # What happened

    def add(self, found: Found | None, now: float, denial: SekoiaError | None) -> None:
        """A look found this; None when the collection could not be read, and perhaps why the key may not read it."""
        self.pass_over(now)
        self.unreadable, self.denial = found is None, denial
        self._denied = self._denied + 1 if denial else 0
        self._denied_since = min(self._denied_since, now) if denial else math.inf
        if found is None:
            return
        if self.found is None or found.tally != self.found.tally:
            self._same, self._same_since = 1, now
        else:
            self._same += 1
        self.found, self._found_at = found, now

    def pass_over(self, now: float) -> None:
        """What is known makes a look needless now; the next one comes as after a look."""
        self._looks += 1
        self._looked_at = now

    def look_soon(self) -> None:
        """Something may have been missed: looks begin anew, in quick succession."""
        self._looks, self._looked_at = 0, -math.inf

    def forget(self, now: float) -> None:
        """What was seen so far is no verdict; from now on it is waited for that nothing changes."""
        self.look_soon()
        self.found, self._found_at = None, -math.inf
        self._same, self._same_since = 0, now
        self._denied, self._denied_since = 0, math.inf

    # What it means

    def next_at(self) -> float:
        """When the next look comes at the earliest: pauses grow from look to look."""
        patience = self.patience
        pause = min(patience.look_longest, patience.look_first * 2 ** min(max(0, self._looks - 1), 16))
        return self._looked_at + pause if self._looks else -math.inf

    def is_older_than(self, moment: float) -> bool:
        """Whether what was found last was found before this moment."""
        return self._found_at < moment

    def is_unchanged(self, looks: int, seconds: float, now: float) -> bool:
        """Whether so many looks found the same, for so many seconds."""
        return self._same >= looks and now >= self.unchanged_at(seconds)

    def unchanged_at(self, seconds: float) -> float:
        """When nothing will have changed for so many seconds, if nothing does."""
        return self._after(self._same_since, seconds)

    def is_denied(self, seconds: float, now: float) -> bool:
        """Whether the key may not read the collection, which is no passing fault once it lasts for so many seconds."""
        return self._denied >= DENIALS and now >= self._after(self._denied_since, seconds)

    def _after(self, since: float, seconds: float) -> float:
        """So long after a moment, or after a third of the time that was left then."""
        return since + min(seconds, max(0.0, self.deadline - since) / 3) if since < math.inf else math.inf
