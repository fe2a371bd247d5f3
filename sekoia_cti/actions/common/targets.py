"""Which indicators of a collection an action works on: values as people write them, what another action found, or ids."""

from __future__ import annotations

import re
from pathlib import Path
from typing import ClassVar, NamedTuple

from pydantic import Field, field_validator

from sekoia_cti.actions.common.arguments import CollectionArguments, RefangArguments
from sekoia_cti.actions.common.jinja import TextList
from sekoia_cti.actions.common.sources import SourceArguments
from sekoia_cti.indicators.display import shown
from sekoia_cti.indicators.input_errors import InputError
from sekoia_cti.indicators.reading import read

__all__ = ["INDICATOR_ID", "LookedFor", "TargetArguments"]

INDICATOR_ID = re.compile(r"indicator--[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


class LookedFor(NamedTuple):
    """What to look for in the collection.

    Attributes:
        values: Lines as an import sends them.
        ids: Ids of indicators.
        notices: What in the sources is neither, as sentences without their periods.
    """

    values: list[str]
    ids: list[str]
    notices: list[str]


class TargetArguments(RefangArguments, SourceArguments, CollectionArguments):
    """Which indicators."""

    sources: ClassVar[tuple[str, ...]] = (*SourceArguments.sources, "indicator_ids")
    indicator_ids: TextList | None = Field(
        default=None, title="Indicator ids", description="Ids of indicators of the collection: indicator--<uuid>"
    )

    @field_validator("indicator_ids")
    @classmethod
    def _are_indicator_ids(cls, ids: list[str] | None) -> list[str] | None:
        for indicator_id in ids or []:
            if not INDICATOR_ID.fullmatch(indicator_id):
                raise ValueError(f"“{shown(indicator_id, 60)}” is not an indicator id: it must be indicator--<uuid>")
        return list(dict.fromkeys(ids)) if ids is not None else None

    def targets(self, data_path: Path, *, to: str) -> LookedFor:
        """The values and ids in the sources.

        Args:
            data_path: The playbook's storage.
            to: What the action does with them, for the error.

        Raises:
            InputError: A file cannot be used, or the sources contain nothing.
        """
        gathered = self.gather(data_path, revoked_too=True)
        # What is not recognized here may be an indicator that another client or an earlier version sent, and what is listed
        # as a false positive is what to revoke.
        values = read(gathered.lines, refanging=self.refang, send_unrecognized=True, heed_headings=False).values
        ids = self.indicator_ids or []
        if not values and not ids:
            why = gathered.why_nothing()
            raise InputError(f"There is nothing to {to}: {', '.join(self.given())} contains no indicator{why}")
        return LookedFor(values, ids, gathered.notices())
