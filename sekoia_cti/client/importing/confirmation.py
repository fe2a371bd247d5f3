"""The second witness: whether a task has ended, judged by the state of the collection alone.

A task is confirmed when a sample of its values, spread from first to last, is in the collection in the state that was
asked for, and the collection's count has stood still over several looks. That a value is there proves nothing by
itself, since a list is often imported again: it must not be revoked, and must carry the context that was sent, or have
been modified since the submission by Sekoia's own clock. That clock is known to the second only, so the last value,
which ends the task, is also looked at before the submission: to count, it must have changed since.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from enum import Enum, auto

from sekoia_cti.client.errors import Refused, Unavailable
from sekoia_cti.client.rest.endpoints import RestClient
from sekoia_cti.client.wire import Context, Indicator, aware

__all__ = ["Confirmation", "Verdict"]

CLOCK_LAG = timedelta(seconds=2)
"""How far a ``Date`` header can be behind: it is cut to the second, and servers renew it once a second."""

STILL_LOOKS = 3
"""Looks in a row that must see the same count."""


class Verdict(Enum):
    """What a look found."""

    UNSEEN = auto()
    """The sample is not there, or not yet in the state that was asked for, or could not be read."""

    SEEN = auto()
    """The sample is there; the count has not stood still for long enough yet."""

    CONFIRMED = auto()
    """The task has ended."""


class Confirmation:
    """Looks for the traces of one task in a collection.

    Made before the submission, when Sekoia's clock (the ``Date`` header) is known from an earlier answer.

    Args:
        collections: The REST client.
        collection_id: Where the task imports to.
        context: What is sent along with the values.
        sample: Gives values of the task, the last one first, when they are needed; none confirm nothing.
        last: The last value of the task, to be looked at now; None when it is not known, or a look
            before each of many submissions would cost too much. Then it has to have been modified two seconds later: the
            most that the ``Date`` header can be behind.

    Raises:
        SekoiaError: Looking at the last value failed.
    """

    def __init__(
        self,
        collections: RestClient,
        collection_id: str,
        *,
        context: Context,
        sample: Callable[[], Sequence[str]],
        last: str | None,
    ) -> None:
        self._collections = collections
        self._collection_id = collection_id
        self._context = context
        self._read_sample = sample
        self._sample: Sequence[str] | None = None
        self._last = last
        before = self._find(last, first=True) if last else []
        self._before = [(found.id, found.modified, found.revoked) for found in before]
        since = collections.server_time()
        # Sekoia may tell times in whole seconds.
        self._since = since.replace(microsecond=0) if since else None
        self._there: set[str] = set()
        self._counts: list[int] = []

    def look(self) -> Verdict:
        """Look once: at the values of the sample that were not yet found, then at the count.

        Raises:
            SekoiaError: The key or the permission was refused, or the time is up. What may pass is `UNSEEN` instead.
        """
        if self._sample is None:
            self._sample = self._read_sample()
        sample = self._sample
        if not sample:
            return Verdict.UNSEEN
        try:
            for value in sample:
                if value not in self._there:
                    if not any(self._is_as_asked(found, ends=value == sample[0]) for found in self._find(value)):
                        self._counts.clear()
                        return Verdict.UNSEEN
                    self._there.add(value)
            self._counts.append(self._collections.indicators(self._collection_id, limit=1, repeat=False).total)
        except (Unavailable, Refused):
            return Verdict.UNSEEN
        latest = self._counts[-STILL_LOOKS:]
        return Verdict.CONFIRMED if len(latest) == STILL_LOOKS and len(set(latest)) == 1 else Verdict.SEEN

    def _find(self, value: str, *, first: bool = False) -> list[Indicator]:
        """The indicators of exactly this value; the first time it is asked for with patience, and once."""
        # In quotes the term finds this very value; without them longer ones too, should quotes not be searched.
        for term in (f"'{value}'",) if first else (f"'{value}'", value):
            page = self._collections.indicators(self._collection_id, term=term, repeat=first)
            if found := [indicator for indicator in page.items if _holds(indicator, value)]:
                return found
        return []

    def _is_as_asked(self, indicator: Indicator, *, ends: bool) -> bool:
        return not indicator.revoked and (
            self._was_touched(indicator, ends=ends) or _carries(indicator, self._context)
        )

    def _was_touched(self, indicator: Indicator, *, ends: bool) -> bool:
        """Whether it was modified since the submission; the value that ends the task must not leave a doubt."""
        if self._since is None or indicator.modified is None:
            return False
        if not ends:
            return aware(indicator.modified) >= self._since
        if self._last is None:
            return aware(indicator.modified) >= self._since + CLOCK_LAG
        changed = (indicator.id, indicator.modified, indicator.revoked) not in self._before
        return changed and aware(indicator.modified) >= self._since


def _holds(indicator: Indicator, value: str) -> bool:
    wanted = value.casefold()
    return any(held.casefold() == wanted for _, held in indicator.comparisons())


def _carries(indicator: Indicator, context: Context) -> bool:
    """True when an indicator has every field of a context that says anything at all."""
    asked = context.model_dump(exclude_none=True)
    return bool(asked) and all(
        (
            context.description is None or indicator.description == context.description,
            _same_time(context.valid_from, indicator.valid_from),
            _same_time(context.valid_until, indicator.valid_until),
            all(phase in (indicator.kill_chain_phases or []) for phase in context.kill_chain_phases or []),
            all(ref in (indicator.x_ic_related_threat_refs or []) for ref in context.x_ic_related_threat_refs or []),
        )
    )


def _same_time(asked: datetime | None, there: datetime | None) -> bool:
    """To the second, since Sekoia may tell times in whole seconds."""
    if asked is None:
        return True
    return there is not None and aware(asked).replace(microsecond=0) == aware(there).replace(microsecond=0)
