"""Update the description, validity, kill chain phases or threats of indicators of a collection."""

import re
from typing import Annotated, ClassVar, Literal, Self

from pydantic import BaseModel, BeforeValidator, Field, model_validator

from sekoia_cti.actions.common.arguments import Timeout
from sekoia_cti.actions.common.change_reports import conclude
from sekoia_cti.actions.common.context_arguments import ContextArguments, Time, days
from sekoia_cti.actions.common.import_action import ImportAction
from sekoia_cti.actions.common.jinja import as_words
from sekoia_cti.actions.common.progress import ProgressLog
from sekoia_cti.actions.common.reports import FailedList
from sekoia_cti.actions.common.targets import TargetArguments
from sekoia_cti.client.errors import SekoiaError
from sekoia_cti.client.phases import PhaseFinder
from sekoia_cti.client.updating import FEW, MANY, Updater
from sekoia_cti.platform.forms import ResultsForm

__all__ = ["UpdateIndicators", "UpdateIndicatorsArguments", "UpdateIndicatorsResults"]


Clearable = Literal["description", "kill_chain_phases", "related_threat_refs", "valid_until"]
"""The fields that can be cleared; valid_from cannot, since every indicator has one."""

_AS_SEKOIA = {"related_threat_refs": "x_ic_related_threat_refs"}


def _fields(value: object) -> list[str]:
    """Names of fields, including their titles in the form, such as Valid until."""
    return [re.sub("[ -]+", "_", word.lower()) for word in as_words(value)]


class UpdateIndicatorsArguments(ContextArguments, TargetArguments):
    """Which indicators to update, and their new fields; fields that are left empty stay as they are."""

    valid_for: Annotated[int, BeforeValidator(days)] | None = Field(
        default=None,
        title="Valid for",
        description="How many days from now the indicators are valid, such as 90; cannot be combined with “Valid "
        "until”",
        ge=1,
        le=36_500,
    )
    valid_until: Time | None = Field(
        default=None,
        title="Valid until",
        description="When the indicators stop being valid: an ISO 8601 date or date-time, in UTC unless it has an "
        "offset; if that is in the past, they no longer detect anything",
    )
    clear: Annotated[list[Clearable], BeforeValidator(_fields)] | None = Field(
        default=None,
        title="Clear",
        description="Fields to empty: description, kill_chain_phases, related_threat_refs; or valid_until, so "
        "that the validity does not end",
    )
    dry_run: bool = Field(
        default=False, title="Dry run", description="Change nothing, and report what would be updated"
    )
    timeout: Timeout = 900

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        given = [name for name in ContextArguments.model_fields if getattr(self, name) is not None]
        if not given and not self.clear:
            changing = ", ".join((*ContextArguments.model_fields, "clear"))
            raise ValueError(
                f"at least one of {changing} is required, but all of them are empty: check the step that fills them"
            )
        ends = ["valid_until"] if "valid_for" in given else []
        if both := sorted({*given, *ends} & {*(self.clear or ())}):
            raise ValueError(f"{both[0]} cannot be both cleared and given a value: choose one")
        return self

    @property
    def cleared(self) -> list[str]:
        """The fields to clear, as Sekoia calls them."""
        return [_AS_SEKOIA.get(name, name) for name in self.clear or ()]


_HOW_MANY = "How many there are"


class UpdateIndicatorsResults(ResultsForm):
    """What happened to each value, as it was read (refanged), and to each id."""

    collection_id: str = Field(title="IOC collection", description="Id of the IOC collection")
    updated: list[str] = Field(
        title="Updated", description="The first 1,000 that were updated, as confirmed by Sekoia"
    )
    updated_count: int = Field(title="Updated count", description=_HOW_MANY)
    would_update: list[str] = Field(
        title="Would update", description="In a dry run, the first 1,000 that would be updated"
    )
    would_update_count: int = Field(title="Would update count", description=_HOW_MANY)
    unchanged: list[str] = Field(title="Unchanged", description="The first 1,000 that were already up to date")
    unchanged_count: int = Field(title="Unchanged count", description=_HOW_MANY)
    revoked: list[str] = Field(
        title="Revoked", description="The first 1,000 that are revoked, and were left unchanged"
    )
    revoked_count: int = Field(title="Revoked count", description=_HOW_MANY)
    not_found: list[str] = Field(title="Not found", description="The first 1,000 that are not in the collection")
    not_found_count: int = Field(title="Not found count", description=_HOW_MANY)
    failed: FailedList = Field(
        title="Failed", description="The first 100 that could not be updated, each with value and reason"
    )
    failed_count: int = Field(title="Failed count", description=_HOW_MANY)
    remaining: list[str] = Field(
        title="Remaining",
        description="The first 1,000 that were not processed because the action ended early; its error says why",
    )
    remaining_count: int = Field(title="Remaining count", description=_HOW_MANY)
    outcomes_path: str | None = Field(
        title="Outcomes file",
        description="If a list above is truncated: all values, as a JSON list of objects with value, outcome and "
        "reason, in a file in the playbook's storage; otherwise null",
    )


_COUNTED = {
    "updated": "updated",
    "would_update": "would be updated",
    "unchanged": "unchanged",
    "revoked": "revoked and left unchanged",
    "not_found": "not found",
    "failed": "failed",
    "remaining": "not processed",
}


class UpdateIndicators(ImportAction):
    """Update indicators of an IOC collection.

    Only the indicators with exactly these values are updated, and none are created. Running the action again is
    harmless: they are then reported as unchanged.
    """

    name = "Update indicators"
    description = (
        "Give the indicators with exactly these values in an IOC collection a new description, validity, kill chain "
        "phases or threats"
    )
    results_model = UpdateIndicatorsResults
    few: ClassVar[int] = FEW
    many: ClassVar[int] = MANY
    _updater: Updater | None = None
    _asked: UpdateIndicatorsArguments

    def run(self, arguments: UpdateIndicatorsArguments) -> UpdateIndicatorsResults:
        """Find the indicators, and change those that differ."""
        self._asked = arguments
        values, ids, notices = arguments.targets(self.data_path, to="update")
        for said in notices:
            self.warn(said)
        with self.sekoia() as sekoia:
            rest = sekoia.rest
            changes = arguments.context(PhaseFinder(rest.kill_chains))
            self.warn_of_limited_matching([changes])
            self._updater = updater = sekoia.updater(
                arguments.collection_id,
                values,
                ids,
                changes,
                clear=frozenset(arguments.cleared),
                on_read=ProgressLog(self.tell, done="Read").count,
                on_progress=ProgressLog(self.tell, done="Updated").count,
                few=self.few,
                many=self.many,
            )
            if not arguments.dry_run:
                updater.send(
                    lambda groups: sekoia.import_known(
                        arguments.collection_id,
                        groups,
                        on_progress=ProgressLog(self.tell, done="Updated"),
                        on_warning=self.warn,
                        lines=self.lines_per_task,
                    )
                )
        return self._conclude(updater, updater.failure)

    def leave(self, why: SekoiaError) -> BaseModel | None:
        """Report what was updated before something hung."""
        if self._updater is None:
            return super().leave(why)
        # The storage may be what hangs, so nothing is written.
        return self._conclude(self._updater, why, keep=False)

    def _conclude(
        self, updater: Updater, failure: SekoiaError | None, *, keep: bool = True
    ) -> UpdateIndicatorsResults:
        found, reasons = updater.outcomes(), updater.reasons()
        pending, nothing = found["pending"], list[str]()
        lists: dict[str, list[str]] = {
            "updated": found["updated"],
            "would_update": pending if self._asked.dry_run else nothing,
            "unchanged": found["unchanged"],
            "revoked": found["revoked"],
            "not_found": found["not_found"],
            "remaining": nothing if self._asked.dry_run else pending,
        }
        failed = [{"value": value, "reason": reasons[value]} for value in found["failed"]]
        told = conclude(
            self,
            self._asked.collection_id,
            lists,
            failed,
            words=_COUNTED,
            done="updated",
            doubtful=["not_found", "revoked"],
            failure=failure,
            keep=keep,
        )
        return UpdateIndicatorsResults(**told)
