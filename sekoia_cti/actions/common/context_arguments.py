"""The arguments that describe every indicator of an import: its validity, description, kill chain phases and threats."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, Self

from pydantic import BeforeValidator, Field, WithJsonSchema, field_validator, model_validator

from sekoia_cti.actions.common.arguments import Arguments
from sekoia_cti.actions.common.jinja import WordList, as_list, as_words
from sekoia_cti.client.context import LONGEST
from sekoia_cti.client.phases import PhaseFinder
from sekoia_cti.client.wire import Context
from sekoia_cti.indicators import kill_chains
from sekoia_cti.indicators.display import shown
from sekoia_cti.indicators.objects import phase_names

__all__ = ["ContextArguments", "Time", "days", "is_stix_id"]

_DAYS = re.compile(r"\+?([0-9]{1,12})(?:\.0*)? *(d|days?|w|weeks?|years?|y)?\.?", re.IGNORECASE)
_STIX_ID = re.compile(r"[a-z][a-z0-9-]*--[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def is_stix_id(text: str) -> bool:
    """Whether a text is a STIX id: ``intrusion-set--<uuid>``."""
    return _STIX_ID.fullmatch(text) is not None


def _phases(value: object) -> list[str]:
    """The names of kill chain phases, which can be objects."""
    items = as_list(value, objects=True)
    return as_words([name for item in items for name in (phase_names([item]) if isinstance(item, dict) else [item])])


PhaseList = Annotated[list[str], BeforeValidator(_phases)]
"""A list of kill chain phases, for which objects may stand as STIX writes them."""


def days(value: object) -> int:
    """A number of days, which may be text: ``90``, ``90 days``, ``12 weeks``, ``1 year``.

    Raises:
        ValueError: The value means no number of days.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    match = _DAYS.fullmatch(str(value).strip()) if isinstance(value, str | float) else None
    if match is None:
        given = f", not “{shown(value, 40)}”" if isinstance(value, str) else ""
        raise ValueError(f"it must be a number of days, such as 90{given}")
    return int(match[1]) * {"d": 1, "w": 7, "y": 365}[(match[2] or "d")[0].lower()]


def _time(value: object) -> object:
    """An ISO 8601 date or date-time; without an offset, it is in UTC."""
    if not isinstance(value, str):
        raise ValueError("it must be an ISO 8601 date or date-time, such as 2030-01-31 or 2030-01-31T12:00:00Z")
    try:
        time = datetime.fromisoformat(value.strip())
        return (time if time.tzinfo else time.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(
            f"it must be an ISO 8601 date or date-time, such as 2030-01-31 or 2030-01-31T12:00:00Z, not “{shown(value, 40)}”"
        ) from None


Time = Annotated[datetime, BeforeValidator(_time), WithJsonSchema({"type": "string"})]
"""A moment in UTC; the form accepts any text, since a date without a time is enough."""


class ContextArguments(Arguments):
    """The context of every indicator of an import."""

    valid_for: Annotated[int, BeforeValidator(days)] | None = Field(
        default=None,
        title="Valid for",
        description="How many days from now the indicators are valid, such as 90; cannot be combined with “Valid "
        "until”. Without either, Sekoia uses 30 days for IP addresses, and 6 months for domains and URLs",
        ge=1,
        le=LONGEST,
    )
    description: str | None = Field(
        default=None,
        title="Description",
        description="Description of every indicator, at most 500 characters",
        max_length=500,
    )
    kill_chain_phases: PhaseList | None = Field(
        default=None,
        title="Kill chain phases",
        description="Names or display names of phases, such as delivery, Initial Access or mitre-attack:impact; if "
        "several kill chains have a phase of that name, Lockheed Martin's is used. Command-and-control limits the "
        "matching of IP addresses to destination.ip",
    )
    related_threat_refs: WordList | None = Field(
        default=None,
        title="Related threats",
        description="STIX ids of the threats behind the indicators, such as intrusion-set--<uuid>",
    )
    valid_from: Time | None = Field(
        default=None,
        title="Valid from",
        description="When the indicators become valid: an ISO 8601 date or date-time, in UTC unless it has an offset",
    )
    valid_until: Time | None = Field(
        default=None,
        title="Valid until",
        description="When the indicators stop being valid: an ISO 8601 date or date-time, in UTC unless it has an "
        "offset",
    )

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        if self.valid_for is not None and self.valid_until is not None:
            raise ValueError("valid_for and valid_until cannot be given together")
        if self.valid_from and self.valid_until and self.valid_from >= self.valid_until:
            raise ValueError("valid_from must be before valid_until")
        if (
            self.valid_from
            and self.valid_for
            and self.valid_from >= datetime.now(UTC) + timedelta(days=self.valid_for)
        ):
            raise ValueError(
                "valid_from must be before the end of valid_for, which counts from now: use valid_until instead"
            )
        return self

    @field_validator("kill_chain_phases")
    @classmethod
    def _are_phases(cls, names: list[str] | None) -> list[str] | None:
        # Whether Sekoia knows a phase is checked once the client is open: see context().
        for name in names or []:
            kill_chains.known_phase(name)
        return names

    @field_validator("related_threat_refs")
    @classmethod
    def _are_stix_ids(cls, refs: list[str] | None) -> list[str] | None:
        for ref in refs or []:
            if not is_stix_id(ref):
                raise ValueError(f"“{shown(ref, 60)}” is not a STIX id, such as intrusion-set--<uuid>")
        return refs

    def context(self, phases: PhaseFinder) -> Context:
        """These arguments in the form in which they are sent; `valid_for` counts from now.

        Args:
            phases: Finds the kill chain phases.

        Raises:
            InputError: Sekoia does not know a phase, or Sekoia does not list its kill chains and the phase is not
                known here.
        """
        until = self.valid_until
        if self.valid_for is not None:
            until = datetime.now(UTC).replace(microsecond=0) + timedelta(days=self.valid_for)
        return Context(
            description=self.description,
            valid_from=self.valid_from,
            valid_until=until,
            kill_chain_phases=phases.find(self.kill_chain_phases or []) or None,
            x_ic_related_threat_refs=self.related_threat_refs or None,
        )
