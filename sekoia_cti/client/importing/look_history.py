"""Remembers, without I/O, what the looks into the collection found, and for how long that has not changed."""

from __future__ import annotations

import math
from dataclasses import dataclass

from sekoia_cti.client.errors import SekoiaError
from sekoia_cti.client.importing.expected import Tally
from sekoia_cti.client.waiting import Patience

__all__ = ["Found", "LookHistory"]

DENIALS = 3
"""How many looks in a row must be denied before the key's permissions are taken for the reason."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a look found.

    Attributes:
        tally: The tally of the values that were looked for.
        complete: Whether all values were looked for, and not just a sample.
        grew: Whether the community holds more indicators than before the submission. This is only found out if none of the values
            was found, or if clocks leave it open whether values have changed since the submission.
        convincing: Whether enough values were looked for to conclude that all are in if these are.
    """

    tally: Tally
    complete: bool
    grew: bool = False
    convincing: bool = True


@dataclass
class LookHistory:
    """The looks so far. ``now`` is the time in seconds, which only grows.

    Args:
        patience: How often to look.
        deadline: The deadline of the import.

    Attributes:
        found: What the last successful look found; None if there was none.
        unreadable: Whether the last look failed.
        denial: Sekoia's answer to the last look if the key may not read the collection.
    """

    patience: Patience
    deadline: float
    found: Found | None = None
    unreadable: bool = False
    denial: SekoiaError | None = None
    _looks: int = 0  # since there was a reason to look soon
    _looked_at: float = -math.inf
    _found_at: float = -math.inf
    _same: int = 0  # looks in a row that found the same
    _same_since: float = math.inf
    _denied: int = 0  # looks in a row that were denied
    _denied_since: float = math.inf

    # What happened

    def add(self, found: Found | None, now: float, denial: SekoiaError | None) -> None:
        """Add a look.

        Args:
            found: What it found; None if the collection could not be read.
            now: The time.
            denial: Sekoia's answer if the key may not read the collection.
        """
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
        """Skip a look that is not needed: the next one is due as if this one had taken place."""
        self._looks += 1
        self._looked_at = now

    def look_soon(self) -> None:
        """Look soon, and then in short intervals again, since something may have been missed."""
        self._looks, self._looked_at = 0, -math.inf

    def forget(self, now: float) -> None:
        """Forget what was found so far: it must not decide how the import ends."""
        self.look_soon()
        self.found, self._found_at = None, -math.inf
        self._same, self._same_since = 0, now
        self._denied, self._denied_since = 0, math.inf

    # What it means

    def next_at(self) -> float:
        """The earliest time for the next look. The pauses between looks grow."""
        patience = self.patience
        pause = min(patience.look_longest, patience.look_first * 2 ** min(max(0, self._looks - 1), 16))
        return self._looked_at + pause if self._looks else -math.inf

    def is_older_than(self, moment: float) -> bool:
        """Whether the last successful look was before this moment."""
        return self._found_at < moment

    def is_unchanged(self, looks: int, seconds: float, now: float) -> bool:
        """Whether so many looks in a row, and for so many seconds, have found the same."""
        return self._same >= looks and now >= self.unchanged_at(seconds)

    def unchanged_at(self, seconds: float) -> float:
        """The moment when nothing will have changed for so many seconds, unless something changes until then."""
        return self._after(self._same_since, seconds)

    def is_denied(self, seconds: float, now: float) -> bool:
        """Whether the key may not read the collection; only if this lasts for so many seconds, it is not taken for temporary."""
        return self._denied >= DENIALS and now >= self._after(self._denied_since, seconds)

    def _after(self, since: float, seconds: float) -> float:
        """So many seconds after a moment, but no later than after a third of the time that was left then."""
        return since + min(seconds, max(0.0, self.deadline - since) / 3) if since < math.inf else math.inf
