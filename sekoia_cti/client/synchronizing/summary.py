"""What a script learns about a synchronization."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sekoia_cti.client.importing.outcome import Outcome
from sekoia_cti.client.synchronizing.removal import Removal
from sekoia_cti.client.synchronizing.synchronizer import Plan, Sent

__all__ = ["Summary"]


@dataclass(frozen=True)
class Summary:
    """What was done so that a collection follows a feed, or would be.

    Attributes:
        added, refreshed, unchanged: Values of the feed, by what became of them.
        revoked: Values of the feed that are revoked in the collection, and are not sent.
        removed: Values that the feed no longer contains, and that are no longer active.
        remaining: Those that are still active.
        outcome: How the import of what is new or due ended; None where there was none.
    """

    added: Sequence[str]
    refreshed: Sequence[str]
    unchanged: Sequence[str]
    revoked: Sequence[str]
    removed: Sequence[str]
    remaining: Sequence[str]
    outcome: Outcome | None = None

    @classmethod
    def planned(cls, values: Sequence[str], plan: Plan) -> Summary:
        """What would be done.

        Args:
            values: Of the feed.
            plan: What is to be done.
        """
        leaving = [each.value for each in plan.leaving]
        return cls(
            added=[values[place] for place in plan.new],
            refreshed=[values[place] for place in plan.due],
            unchanged=[values[place] for place in plan.unchanged],
            revoked=[values[place] for place in plan.revoked],
            removed=[] if plan.limit_hit else leaving,
            remaining=leaving if plan.limit_hit else [],
        )

    @classmethod
    def done(cls, values: Sequence[str], plan: Plan, sent: Sent | None, removal: Removal | None) -> Summary:
        """What was done.

        Args:
            values: Of the feed.
            plan: What was to be done.
            sent: What was sent, if anything was.
            removal: What was removed, if anything was to be.
        """
        not_in = sent.not_in if sent else frozenset[int]()
        return cls(
            added=[values[place] for place in plan.new if place not in not_in],
            refreshed=[values[place] for place in plan.due if place not in not_in],
            unchanged=[values[place] for place in plan.unchanged],
            revoked=[values[place] for place in plan.revoked],
            removed=[each.value for each in removal.removed] if removal else [],
            remaining=[each.value for each in (removal.remaining if removal else plan.leaving)],
            outcome=sent.outcome if sent else None,
        )
