"""One part of an import that Sekoia accepted, and what its task has reported so far. No I/O."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from sekoia_cti.client.wire import Counts, ImportEvent, TaskEvent

__all__ = ["Submission", "Witness"]

Witness = Literal["liveapi", "api"]

FINISHED, FAILED = "FINISHED", "FAILED"
WORKING = ("PENDING", "RUNNING")


@dataclass
class Submission:
    """A part of an import that Sekoia accepted, or may have accepted.

    Attributes:
        task_id: Its task; None if Sekoia did not name one.
        expected: How many indicators are in it; None if that is not known.
        part: Its number among the parts that looks count; None if looks do not count it.
        heard_at: When something was last heard about it.
        event: Its latest progress according to LiveAPI.
        counts: What became of its indicators, if Sekoia's answer said so.
        ended_by: What reported its end; None if that has not been reported.
        failed: Sekoia's reason if its task failed.
        suspected: Whether it stands for values that Sekoia answered with HTTP 500 each time. Sekoia does not count them, and only
            the collection can show if they are in.
        almost_at: When an end was reported that may not be one: 0/0, or a total below what was sent.
        settled: Whether its end was concluded from silence after such a report, so that another event revokes it.
        grew: Whether its total grew.
        begun: Whether it is known that Sekoia has begun to work on it.
        working: Whether its task last said that it is waiting or running.
        missed: Whether events may have been lost.
        asked_at: When the state of its task was last asked for.
    """

    task_id: str | None
    expected: int | None
    part: int | None
    heard_at: float
    event: ImportEvent | None = None
    counts: Counts | None = None
    ended_by: Witness | None = None
    failed: str | None = None
    suspected: bool = False
    almost_at: float | None = None
    settled: bool = False
    grew: bool = False
    begun: bool = False
    working: bool = False
    missed: bool = False
    asked_at: float = -math.inf

    def is_open(self) -> bool:
        """Whether its end has not been reported yet."""
        return self.ended_by is None

    def leaves_doubts(self) -> bool:
        """Whether its end leaves open if every value is in.

        It is unknown what *ignored* counts, and whether a value that is *updated* stays revoked (contract).
        """
        counts, expected = self.counts or self.event, self.expected
        if counts is None or expected is None or self.grew or self.failed is not None:
            return True
        return counts.created is None or counts.created < expected or bool(counts.updated) or bool(counts.ignored)

    def progressed(self, event: ImportEvent, now: float, *, connected: bool) -> None:
        """LiveAPI reported progress of the task.

        Args:
            event: The report.
            now: The time.
            connected: Whether LiveAPI is connected, so that silence from now on means something.
        """
        before = self.event
        self.heard_at, self.missed, self.begun, self.working = now, not connected, True, False
        if self.settled:
            self.ended_by, self.settled = None, False
        went_on = before is not None and before.total > 0
        self.grew = self.grew or (went_on and before is not None and before.total < event.total)
        if not went_on or (event.total > 0 and before is not None and event.imported >= before.imported):
            self.event = event
        self.almost_at = None
        if event.total > 0 and event.imported >= event.total:
            if event.total >= (self.expected or 0):
                self.ended_by = "liveapi"
            elif connected:
                self.almost_at = now
        elif event.total == 0 and not went_on and connected:
            self.almost_at = now  # an early event or a true end; after progress it means nothing

    def state_told(self, event: TaskEvent, now: float, by: Witness) -> bool:
        """Sekoia reported the state of the task.

        Args:
            event: The state.
            now: The time.
            by: Who reported it.

        Returns:
            Whether the task goes on.
        """
        self.heard_at, self.asked_at = now, now
        self.ended_by, self.settled = None, False
        self.working = event.status in WORKING
        self.begun = self.begun or event.status != "PENDING"
        if event.status in (FINISHED, FAILED):
            self.ended_by = by
            if event.status == FAILED:
                self.failed = event.message or "no reason given"
            return False
        self.almost_at = None
        return True
