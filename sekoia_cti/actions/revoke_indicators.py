"""Revoke indicators of an IOC collection."""

from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any, Literal, get_args

from pydantic import BaseModel, Field

from sekoia_cti.actions.common.arguments import Timeout
from sekoia_cti.actions.common.bounds import IDS, REASONED, whole_outcomes
from sekoia_cti.actions.common.progress import ProgressLog
from sekoia_cti.actions.common.reports import FailedList
from sekoia_cti.actions.common.targets import INDICATOR_ID, TargetArguments
from sekoia_cti.client.errors import NotFound, Refused, SekoiaError, Unavailable
from sekoia_cti.client.importing.watch import Progress
from sekoia_cti.client.rest.endpoints import RestClient
from sekoia_cti.client.search import Lookup, Match
from sekoia_cti.client.waiting import Deadline
from sekoia_cti.client.wire import aware
from sekoia_cti.platform.action import SekoiaAction
from sekoia_cti.platform.forms import ResultsForm

__all__ = ["RevokeIndicators", "RevokeIndicatorsArguments", "RevokeIndicatorsResults"]

CLOCK_LAG = timedelta(seconds=2)
"""How far the clock that writes ``modified`` can be behind the one that answers."""

ATTEMPTS = 5
"""Attempts for one indicator, some ten seconds, so that one that always fails does not keep the others waiting."""

LOOKS = 3
"""At what was not shown to be revoked."""

NOT_SEEN = (
    "Sekoia took the revocation, and the indicator was not seen revoked afterwards: run the action again, or revoke it on "
    "Sekoia's page."
)

Outcome = Literal["revoked", "would_revoke", "already_revoked", "not_found"]


_COUNTED = {
    "revoked": "revoked",
    "would_revoke": "would be revoked",
    "already_revoked": "already revoked",
    "not_found": "not found",
    "failed": "failed",
    "remaining": "not come to",
}


class RevokeIndicatorsArguments(TargetArguments):
    """Which indicators to revoke."""

    dry_run: bool = Field(default=False, title="Dry run", description="Revoke nothing, and tell what would be revoked")
    timeout: Timeout = 900


class RevokeIndicatorsResults(ResultsForm):
    """What became of each value, as it was read (refanged), and of each id."""

    collection_id: str = Field(title="IOC collection", description="Id of the IOC collection")
    revoked: list[str] = Field(title="Revoked", description="What was revoked now, the first 1,000")
    revoked_count: int = Field(title="Revoked count", description="How many that are")
    would_revoke: list[str] = Field(
        title="Would revoke", description="In a dry run, what would be revoked, the first 1,000"
    )
    would_revoke_count: int = Field(title="Would revoke count", description="How many that are")
    already_revoked: list[str] = Field(
        title="Already revoked", description="What had been revoked before, the first 1,000"
    )
    already_revoked_count: int = Field(title="Already revoked count", description="How many that are")
    not_found: list[str] = Field(title="Not found", description="What the collection does not hold, the first 1,000")
    not_found_count: int = Field(title="Not found count", description="How many that are")
    failed: FailedList = Field(
        title="Failed", description="What could not be revoked, the first 100, each with value and reason"
    )
    failed_count: int = Field(title="Failed count", description="How many that are")
    remaining: list[str] = Field(
        title="Remaining",
        description="What was not come to before the action ended early, with an error that says why, the first 1,000",
    )
    remaining_count: int = Field(title="Remaining count", description="How many that are")
    outcomes_path: str | None = Field(
        title="Outcomes file",
        description="Where a list above is cut: all of them, as a JSON list of objects with value, outcome and reason, in a file "
        "of the playbook's storage; else null",
    )


class _Revoking:
    """Revokes what was found, each indicator once, and notes what became of what was asked for.

    What counts is what is seen revoked: in Sekoia's answer, or else in the collection, which is looked at again.
    """

    def __init__(self, collections: RestClient, collection_id: str, asked: list[str], *, dry_run: bool) -> None:
        self._collections = collections
        self._asked = asked
        self.collection_id = collection_id
        self._dry_run = dry_run
        self._done: dict[str, Outcome] = {}
        self._doubtful: list[Match] = []
        self.values: dict[Outcome, list[str]] = {outcome: [] for outcome in get_args(Outcome)}
        self._failed: list[dict[str, str]] = []
        self.settled = 0

    @property
    def remaining(self) -> list[str]:
        """What was not processed."""
        return self._asked[self.settled :]

    @property
    def failed(self) -> list[dict[str, str]]:
        """What could not be revoked, or was not seen to be."""
        return [*self._failed, *({"value": match.asked, "reason": NOT_SEEN} for match in list(self._doubtful))]

    def settle(self, match: Match) -> None:
        """Revoke the indicators of a match that are active.

        Raises:
            SekoiaError: What the next match would meet as well.
        """
        if self._dry_run and match.active:
            self.values["would_revoke"].append(match.asked)
        else:
            self._revoke_all(match)
        self.settled += 1

    def look(self, find: Callable[[list[str], list[str]], Iterable[Match]]) -> bool:
        """Look at what no answer showed to be revoked.

        Args:
            find: Finds values and ids in the collection.

        Returns:
            Whether nothing is in doubt any more.
        """
        doubtful = {match.asked: match for match in self._doubtful}
        if not doubtful:
            return True
        ids = [asked for asked in doubtful if INDICATOR_ID.fullmatch(asked)]
        for now in find([asked for asked in doubtful if asked not in ids], ids):
            match = doubtful[now.asked]
            if not set(match.active) & set(now.active):
                outcomes = {self._done[i] for i in match.active if i in self._done}
                if set(match.active) & set(now.revoked):
                    outcomes.add("revoked")
                self._note(match, outcomes)
                self._doubtful.remove(match)
        return not self._doubtful

    def _revoke_all(self, match: Match) -> None:
        outcomes: set[Outcome] = set()
        reasons = []
        doubtful = False
        for indicator_id in match.active:
            try:
                outcome = self._revoke(indicator_id, seen=match.seen)
            except (Refused, Unavailable) as error:
                reasons.append(str(error))
            else:
                doubtful = doubtful or outcome is None
                outcomes |= {outcome} if outcome else set()
        if reasons:
            self._failed.append({"value": match.asked, "reason": reasons[0]})
        elif doubtful:
            self._doubtful.append(match)
        else:
            self._note(match, outcomes)

    def _note(self, match: Match, outcomes: set[Outcome]) -> None:
        if match.revoked:
            outcomes = outcomes | {"already_revoked"}
        strongest: tuple[Outcome, ...] = ("revoked", "already_revoked")
        self.values[next((outcome for outcome in strongest if outcome in outcomes), "not_found")].append(match.asked)

    def _revoke(self, indicator_id: str, *, seen: bool) -> Outcome | None:
        """What became of it; None where the answer does not show it."""
        if indicator_id in self._done:
            return "revoked"  # for another value that it has as well
        before = self._collections.server_time()
        try:
            indicator = self._collections.revoke(self.collection_id, indicator_id, attempts=ATTEMPTS)
        except NotFound:
            return "not_found"
        if indicator is None:
            return None
        # Of an id, only its last change tells whether this was done now.
        modified = None if seen else indicator.modified
        done_before = before and modified and aware(modified) < before - CLOCK_LAG
        self._done[indicator_id] = "already_revoked" if done_before else "revoked"
        return self._done[indicator_id]


class RevokeIndicators(SekoiaAction):
    """Revoke indicators of an IOC collection.

    Only the indicators of exactly these values are revoked: none that merely contains one, and none whose pattern says more
    than the value. Running it again is harmless: what was revoked is then told as already revoked.
    """

    name = "Revoke indicators"
    description = "Revoke the indicators of exactly these values in an IOC collection, which cannot be undone"
    results_model = RevokeIndicatorsResults
    _revoking: _Revoking | None = None

    def run(self, arguments: RevokeIndicatorsArguments) -> RevokeIndicatorsResults:
        """Find what was asked for, and revoke it one by one."""
        values, ids, notices = arguments.targets(self.data_path, to="revoke")
        asked = [*values, *ids]
        for said in notices:
            self.tell(said, "warning")
        failure: SekoiaError | None = None
        with self.rest() as collections:
            self._revoking = revoking = _Revoking(
                collections, arguments.collection_id, asked, dry_run=arguments.dry_run
            )
            lookup = Lookup(collections, arguments.collection_id, on_page=self._progress("Read"))
            progress = self._progress("Worked through")
            try:
                for match in lookup.find(values, ids, look_for_ids=arguments.dry_run):
                    revoking.settle(match)
                    progress(revoking.settled, len(asked))
                self._look_again(lookup, revoking, collections.deadline)
            except SekoiaError as error:
                if not revoking.settled:
                    raise
                failure = error
        return self._conclude(revoking, failure)

    def leave(self, why: SekoiaError) -> BaseModel | None:
        """Tell what was revoked before something hung."""
        if self._revoking is None or not self._revoking.settled:
            return super().leave(why)
        # The storage may be what hangs, so nothing is written.
        return self._conclude(self._revoking, why, keep=False)

    def _look_again(self, lookup: Lookup, revoking: _Revoking, deadline: Deadline) -> None:
        """Look at what is in doubt, and once more in case that the collection's listing lags."""
        for look in range(LOOKS):
            if look:
                deadline.pause(self.patience.look_first)
            if revoking.look(lambda values, ids: lookup.find(values, ids, look_for_ids=True)):
                return

    def _progress(self, done: str) -> Callable[[int, int], None]:
        log = ProgressLog(self.tell, done=done)
        # The end is told in more words.
        return lambda count, total: log(Progress(count, total)) if count < total else None

    def _conclude(
        self, revoking: _Revoking, failure: SekoiaError | None, *, keep: bool = True
    ) -> RevokeIndicatorsResults:
        lists: dict[str, list[str]] = {str(name): values for name, values in revoking.values.items()}
        lists["remaining"] = revoking.remaining
        failed = revoking.failed
        counts = {name: len(values) for name, values in lists.items()} | {"failed": len(failed)}
        told = ", ".join(f"{counts[name]:,} {what}" for name, what in _COUNTED.items() if counts[name])
        if failure:
            self.error(f"The action ended early, and running it again is harmless: {told}. {failure}")
        elif failed:
            self.error(f"Not everything could be revoked: {told}. {failed[0]['reason']}")
        else:
            self.tell(f"Indicators in {revoking.collection_id}: {told}", "warning" if counts["not_found"] else "info")
        results: dict[str, Any] = {name: values[:IDS] for name, values in lists.items()}
        results |= {f"{name}_count": count for name, count in counts.items()}
        return RevokeIndicatorsResults(
            collection_id=revoking.collection_id,
            **results,
            failed=failed[:REASONED],
            outcomes_path=whole_outcomes(self, lists, failed) if keep else None,
        )
