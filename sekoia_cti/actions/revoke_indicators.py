"""Revoke indicators of an IOC collection."""

from pydantic import BaseModel, Field

from sekoia_cti.actions.common.arguments import Timeout
from sekoia_cti.actions.common.change_reports import conclude
from sekoia_cti.actions.common.progress import ProgressLog
from sekoia_cti.actions.common.reports import FailedList
from sekoia_cti.actions.common.targets import TargetArguments
from sekoia_cti.client.errors import SekoiaError
from sekoia_cti.client.revoking import Revoker
from sekoia_cti.platform.action import SekoiaAction
from sekoia_cti.platform.forms import ResultsForm

__all__ = ["RevokeIndicators", "RevokeIndicatorsArguments", "RevokeIndicatorsResults"]

_COUNTED = {
    "revoked": "revoked",
    "would_revoke": "would be revoked",
    "already_revoked": "already revoked",
    "not_found": "not found",
    "failed": "failed",
    "remaining": "not processed",
}


class RevokeIndicatorsArguments(TargetArguments):
    """Which indicators to revoke."""

    dry_run: bool = Field(
        default=False, title="Dry run", description="Revoke nothing, and report what would be revoked"
    )
    timeout: Timeout = 900


class RevokeIndicatorsResults(ResultsForm):
    """What happened to each value, as it was read (refanged), and to each id."""

    collection_id: str = Field(title="IOC collection", description="Id of the IOC collection")
    revoked: list[str] = Field(title="Revoked", description="The first 1,000 that were revoked now")
    revoked_count: int = Field(title="Revoked count", description="How many there are")
    would_revoke: list[str] = Field(
        title="Would revoke", description="In a dry run, the first 1,000 that would be revoked"
    )
    would_revoke_count: int = Field(title="Would revoke count", description="How many there are")
    already_revoked: list[str] = Field(
        title="Already revoked", description="The first 1,000 that were already revoked"
    )
    already_revoked_count: int = Field(title="Already revoked count", description="How many there are")
    not_found: list[str] = Field(title="Not found", description="The first 1,000 that are not in the collection")
    not_found_count: int = Field(title="Not found count", description="How many there are")
    failed: FailedList = Field(
        title="Failed", description="The first 100 that could not be revoked, each with value and reason"
    )
    failed_count: int = Field(title="Failed count", description="How many there are")
    remaining: list[str] = Field(
        title="Remaining",
        description="The first 1,000 that were not processed because the action ended early; its error says why",
    )
    remaining_count: int = Field(title="Remaining count", description="How many there are")
    outcomes_path: str | None = Field(
        title="Outcomes file",
        description="If a list above is truncated: all values, as a JSON list of objects with value, outcome and "
        "reason, in a file in the playbook's storage; otherwise null",
    )


class RevokeIndicators(SekoiaAction):
    """Revoke indicators of an IOC collection.

    Only the indicators with exactly these values are revoked: none that merely contains a value, and none whose
    pattern says more than the value. Running the action again is harmless: they are then reported as already revoked.
    """

    name = "Revoke indicators"
    description = "Revoke the indicators with exactly these values in an IOC collection, which cannot be undone"
    results_model = RevokeIndicatorsResults
    _revoker: Revoker | None = None
    _collection_id: str

    def run(self, arguments: RevokeIndicatorsArguments) -> RevokeIndicatorsResults:
        """Find the requested indicators, and revoke them one by one."""
        self._collection_id = arguments.collection_id
        values, ids, notices = arguments.targets(self.data_path, to="revoke")
        for said in notices:
            self.warn(said)
        with self.sekoia() as sekoia:
            self._revoker = revoker = sekoia.revoker(
                arguments.collection_id,
                values,
                ids,
                dry_run=arguments.dry_run,
                on_read=ProgressLog(self.tell, done="Read").count,
                on_progress=ProgressLog(self.tell, done="Worked through").count,
            )
            revoker.send()
        return self._conclude(revoker, revoker.failure)

    def leave(self, why: SekoiaError) -> BaseModel | None:
        """Report what was revoked before something hung."""
        if self._revoker is None or not self._revoker.settled:
            return super().leave(why)
        # The storage may be what hangs, so nothing is written.
        return self._conclude(self._revoker, why, keep=False)

    def _conclude(
        self, revoker: Revoker, failure: SekoiaError | None, *, keep: bool = True
    ) -> RevokeIndicatorsResults:
        lists = {str(fate): values for fate, values in revoker.outcomes().items() if fate != "failed"}
        told = conclude(
            self,
            self._collection_id,
            lists | {"remaining": revoker.remaining},
            [{"value": asked, "reason": why} for asked, why in revoker.failed],
            words=_COUNTED,
            done="revoked",
            doubtful=["not_found"],
            failure=failure,
            keep=keep,
        )
        return RevokeIndicatorsResults(**told)
