"""Revokes indicators of a collection, each of them once, and finds out what became of each value and id."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Literal, NamedTuple, get_args

from sekoia_cti.client.errors import NotFound, Refused, SekoiaError, Unavailable
from sekoia_cti.client.rest.endpoints import RestClient
from sekoia_cti.client.search import Lookup, Match
from sekoia_cti.client.times import aware
from sekoia_cti.client.waiting import Patience

__all__ = ["NOT_SEEN", "Failed", "Fate", "Revoker"]

CLOCK_LAG = timedelta(seconds=2)
"""How far the clock that writes ``modified`` can be behind the one that answers."""

ATTEMPTS = 5
"""Attempts per indicator, about ten seconds, so that one that always fails does not keep the others waiting."""

LOOKS = 3
"""How often the collection is read for indicators that no answer showed to be revoked."""

NOT_SEEN = (
    "Sekoia accepted the revocation, but the indicator was not seen as revoked afterward: try again, or "
    "revoke it in Sekoia."
)

Fate = Literal["revoked", "would_revoke", "already_revoked", "not_found", "failed"]
"""What became of a value or an id. If a value has several indicators, one that was revoked now decides."""


class Failed(NamedTuple):
    """A value or an id that could not be revoked, or was not seen to be revoked, and why."""

    asked: str
    reason: str


class Revoker:
    """Looks up values and ids, and revokes their indicators.

    An indicator counts as revoked only if Sekoia's answer shows that it is, or the collection when it is read again.

    Args:
        rest: The REST client, whose deadline ends everything.
        collection_id: The collection of the indicators.
        values: Lines as an import sends them.
        ids: Ids of indicators.
        patience: How long to wait before another look.
        dry_run: Whether to only find out what would be revoked.
        on_read: Called with how many indicators were read and how many there are, if the whole collection is read.
        on_progress: Called with how many values and ids are done, and how many there are.
    """

    def __init__(
        self,
        rest: RestClient,
        collection_id: str,
        values: Sequence[str],
        ids: Sequence[str] = (),
        *,
        patience: Patience,
        dry_run: bool = False,
        on_read: Callable[[int, int], object] = lambda _read, _total: None,
        on_progress: Callable[[int, int], object] = lambda _done, _total: None,
    ) -> None:
        self._rest = rest
        self._collection_id = collection_id
        self._values = values
        self._ids = ids
        self._patience = patience
        self._dry_run = dry_run
        self._on_progress = on_progress
        self._lookup = Lookup(rest, collection_id, on_page=on_read)
        self._done: dict[str, Fate] = {}
        self._doubtful: list[Match] = []
        self._failed: list[Failed] = []
        self._fates: dict[Fate, list[str]] = {fate: [] for fate in get_args(Fate)}
        self.settled = 0
        """How many of the values and ids have been processed."""
        self.failure: SekoiaError | None = None
        """The error that ended it early; None if nothing did."""

    def send(self) -> None:
        """Find the requested indicators, and revoke them one by one.

        Raises:
            SekoiaError: Not a single value or id could be processed. A later error is in :attr:`failure`.
        """
        total = len(self._values) + len(self._ids)
        try:
            for match in self._lookup.find(self._values, self._ids, look_for_ids=self._dry_run):
                self._settle(match)
                self._on_progress(self.settled, total)
            self._look_again()
        except SekoiaError as error:
            if not self.settled:
                raise
            self.failure = error

    def outcomes(self) -> dict[Fate, list[str]]:
        """The values and ids by what became of them; :attr:`failed` says why some failed."""
        return self._fates | {"failed": [each.asked for each in self.failed]}

    @property
    def remaining(self) -> list[str]:
        """The values and ids that were not processed."""
        return [*self._values, *self._ids][self.settled :]

    @property
    def failed(self) -> list[Failed]:
        """The values and ids that could not be revoked, or were not seen to be revoked."""
        return [*self._failed, *(Failed(match.asked, NOT_SEEN) for match in list(self._doubtful))]

    # Inside

    def _settle(self, match: Match) -> None:
        if self._dry_run and match.active:
            self._fates["would_revoke"].append(match.asked)
        else:
            self._revoke_all(match)
        self.settled += 1

    def _look_again(self) -> None:
        """Read the collection for indicators that no answer showed to be revoked, several times in case its listing lags."""
        for look in range(LOOKS):
            if not self._doubtful:
                return
            if look:
                self._rest.deadline.pause(self._patience.look_first)
            doubtful = {match.asked: match for match in self._doubtful}
            ids = [asked for asked in self._ids if asked in doubtful]
            values = [asked for asked in doubtful if asked not in ids]
            for now in self._lookup.find(values, ids, look_for_ids=True):
                self._see(doubtful[now.asked], now)

    def _see(self, match: Match, now: Match) -> None:
        if set(match.active) & set(now.active):
            now = self._lookup.search_again(now)  # a listing of a whole collection may lag
        if set(match.active) & set(now.active):
            return
        fates = {self._done[indicator_id] for indicator_id in match.active if indicator_id in self._done}
        if set(match.active) & set(now.revoked):
            fates.add("revoked")
        self._note(match, fates)
        self._doubtful.remove(match)

    def _revoke_all(self, match: Match) -> None:
        fates: set[Fate] = set()
        reasons = []
        doubtful = False
        for indicator_id in match.active:
            try:
                fate = self._revoke(indicator_id, seen=match.seen)
            except (Refused, Unavailable) as error:
                reasons.append(str(error))
            else:
                doubtful = doubtful or fate is None
                fates |= {fate} if fate else set()
        if reasons:
            self._failed.append(Failed(match.asked, reasons[0]))
        elif doubtful:
            self._doubtful.append(match)
        else:
            self._note(match, fates)

    def _note(self, match: Match, fates: set[Fate]) -> None:
        if match.revoked:
            fates = fates | {"already_revoked"}
        strongest: tuple[Fate, ...] = ("revoked", "already_revoked")
        self._fates[next((fate for fate in strongest if fate in fates), "not_found")].append(match.asked)

    def _revoke(self, indicator_id: str, *, seen: bool) -> Fate | None:
        """Revoke an indicator. Returns what became of it; None if the answer does not show that."""
        if indicator_id in self._done:
            return "revoked"  # for another value that it has as well
        before = self._rest.server_time()
        try:
            indicator = self._rest.revoke(self._collection_id, indicator_id, attempts=ATTEMPTS)
        except NotFound:
            return "not_found"
        if indicator is None:
            return None
        # For an id that was not looked up, only its last change shows whether it was revoked now.
        modified = None if seen else indicator.modified
        done_before = before and modified and aware(modified) < before - CLOCK_LAG
        self._done[indicator_id] = "already_revoked" if done_before else "revoked"
        return self._done[indicator_id]
