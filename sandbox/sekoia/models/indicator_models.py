"""Indicators, one by one: what REST takes and gives."""

import json
import sqlite3
from typing import Any, Literal

from pydantic import BaseModel, Field, StrictBool, model_validator

from sandbox.sekoia.context import Context
from sandbox.sekoia.models.fields import Description, Name, Request, StixId, Time, Type

__all__ = [
    "Deletion",
    "Indicator",
    "IndicatorChange",
    "IndicatorList",
    "IndicatorPage",
    "IndicatorsImport",
]


class Phase(Request):
    """A phase of a kill chain."""

    kill_chain_name: Name
    phase_name: Name

    @model_validator(mode="before")
    @classmethod
    def _without_custom_properties(cls, value: Any) -> Any:
        """STIX lets others add properties that begin with x_, as OpenCTI does; they are not kept."""
        if isinstance(value, dict):
            return {name: each for name, each in value.items() if not str(name).startswith("x_")}
        return value


class IndicatorChange(Request):
    """What is said about indicators besides their value."""

    description: Description | None = None
    valid_from: Time | None = None
    valid_until: Time | None = None
    kill_chain_phases: list[Phase] | None = None
    x_ic_related_threat_refs: list[StixId] | None = None

    @model_validator(mode="after")
    def _validity_ends_after_it_begins(self) -> "IndicatorChange":
        if not self.context().is_consistent:
            raise ValueError("valid_until must be later than valid_from")
        return self

    def stored(self) -> dict[str, str | None]:
        """The fields that were given, as they are stored."""
        given = self.model_dump(include=set(IndicatorChange.model_fields), exclude_unset=True)
        return {name: json.dumps(value) if isinstance(value, list) else value for name, value in given.items()}

    def context(self, default: Context | None = None) -> Context:
        """The same for an import; what was not given is taken from a default."""
        given = {name: value for name, value in self.stored().items() if value is not None}
        return (default or Context())._replace(**given)


class DefaultFields(IndicatorChange):
    """What holds for all indicators that do not say otherwise."""

    type: Type | None = None


class NewIndicator(DefaultFields):
    """An indicator to add."""

    value: Name


class IndicatorsImport(Request):
    """Indicators as objects."""

    indicators: list[NewIndicator] = Field(min_length=1, max_length=100)
    default_fields: DefaultFields = DefaultFields()


class Deletion(Request):
    """How to delete an indicator."""

    force_deletion: StrictBool = Field(False, description="delete what was revoked over 24 hours ago")


class Indicator(BaseModel):
    """A STIX 2.1 indicator, with Sekoia's own fields."""

    type: Literal["indicator"] = "indicator"
    spec_version: Literal["2.1"] = "2.1"
    id: str
    name: str
    description: str | None
    pattern: str
    pattern_type: Literal["stix"] = "stix"
    valid_from: str
    valid_until: str | None
    kill_chain_phases: list[Phase]
    created: str
    modified: str
    revoked: bool
    x_ic_observable_types: list[Type]
    x_ic_collection_ref: str
    x_ic_related_threat_refs: list[str]

    @classmethod
    def of(cls, row: sqlite3.Row, collection_id: str) -> "Indicator":
        """An indicator as the store has it; one that was given no start is valid since it was created."""
        fields: dict[str, Any] = dict(row)
        return cls.model_validate(
            fields
            | {
                "type": "indicator",
                "valid_from": fields["valid_from"] or fields["created"],
                "kill_chain_phases": json.loads(fields["kill_chain_phases"] or "[]"),
                "revoked": fields["revoked"] is not None,
                "x_ic_observable_types": [fields["type"]],
                "x_ic_collection_ref": collection_id,
                "x_ic_related_threat_refs": json.loads(fields["x_ic_related_threat_refs"] or "[]"),
            }
        )


class IndicatorList(BaseModel):
    """Indicators that were added."""

    items: list[Indicator]
    total: int


class IndicatorPage(IndicatorList):
    """A page of indicators."""

    has_more: bool
