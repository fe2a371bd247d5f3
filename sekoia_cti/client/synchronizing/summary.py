"""The result of a synchronization for scripts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sekoia_cti.client.importing.outcome import Outcome
from sekoia_cti.client.synchronizing.removal import Removal
from sekoia_cti.client.synchronizing.synchronizer import Plan, Sent

__all__ = ["Summary"]


@dataclass(frozen=True)
class Summary:
    """What a synchronization did, or would do.

    Attributes:
        added, refreshed, unchanged: The values of the feed, grouped by what happened to them.
        revoked: The values of the feed that are revoked in the collection. They are not sent.
        removed: The values that left the feed and are no longer active.
        remaining: The values that left the feed and are still active.
        outcome: How the import of new and due values ended; None if there was none.
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
        """What a plan would do.

        Args:
            values: The values of the feed.
            plan: The plan.
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
        """What a run did.

        Args:
            values: The values of the feed.
            plan: What it was supposed to do.
            sent: What it sent; None if there was nothing to send.
            removal: What it removed; None if there was nothing to remove.
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
