"""What REST takes and gives, as the contract has it."""

import json
import re
import sqlite3
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    StringConstraints,
    WithJsonSchema,
    model_validator,
)

from sandbox.sekoia.context import Context
from sandbox.sekoia.times import timestamp

__all__ = [
    "Accepted",
    "Collection",
    "CollectionChange",
    "CollectionPage",
    "Column",
    "CommunityCount",
    "Deletion",
    "Error",
    "FileImport",
    "Indicator",
    "IndicatorChange",
    "IndicatorList",
    "IndicatorPage",
    "IndicatorsImport",
    "KillChainPage",
    "NewCollection",
    "TextImport",
]

UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
STIX_ID = re.compile(rf"[a-z][a-z0-9-]*--{UUID}")

Column = Literal[
    "observable", "valid_from", "valid_until", "kill_chain_phases", "x_ic_related_threat_refs", "description"
]
Type = Literal["ipv4-addr", "ipv6-addr", "mac-addr", "domain-name", "url", "file", "email-addr"]
Format = Literal[
    "one_per_line",
    "ipv4-addr.value",
    "ipv6-addr.value",
    "domain-name.value",
    "url.value",
    "email-addr.value",
    "file.hashes",
]


def _utc(text: str) -> str:
    try:
        time = datetime.fromisoformat(text)
        if time.tzinfo is not None:
            return timestamp(time)
    except (ValueError, OverflowError):
        pass
    raise ValueError("must be a date and time with an offset (RFC 3339)")


Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Time = Annotated[str, AfterValidator(_utc), WithJsonSchema({"type": "string", "format": "date-time"})]
Description = Annotated[str, StringConstraints(max_length=500)]
StixId = Annotated[str, StringConstraints(pattern=f"^{STIX_ID.pattern}$")]
CommunityUUID = Annotated[str, StringConstraints(pattern=f"^{UUID}$")]


class _Request(BaseModel):
    # The vendor's API may be more lenient; a misspelt field that is silently ignored helps nobody who tests.
    model_config = ConfigDict(extra="forbid")


class Error(BaseModel):
    """Why a request was refused."""

    message: str


# Collections


class NewCollection(_Request):
    """A collection to create."""

    name: Name
    id: Annotated[str, StringConstraints(pattern=f"^ioc-collection--{UUID}$")] | None = None
    description: str | None = None
    community_uuid: CommunityUUID | None = None
    available_for_sub_communities: StrictBool | None = None


class CollectionChange(_Request):
    """What to change of a collection; absent fields stay."""

    name: Name = ""
    description: str | None = None
    available_for_sub_communities: StrictBool = False


class Collection(BaseModel):
    """An IOC collection."""

    id: str
    name: str
    description: str | None
    community_uuid: str
    available_for_sub_communities: bool
    created: str
    modified: str
    created_by: str
    modified_by: str
    indicators_count: int | None = Field(None, description="when asked for")

    @classmethod
    def of(cls, row: sqlite3.Row, **more: int) -> "Collection":
        """A collection as the store has it."""
        return cls.model_validate(dict(row) | more)


class CollectionPage(BaseModel):
    """A page of collections."""

    items: list[Collection]
    total: int


class CommunityCount(BaseModel):
    """How many indicators there are, and how many there can be."""

    count: int
    max: int


# Indicators


class Phase(_Request):
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


class IndicatorChange(_Request):
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


class TextImport(IndicatorChange):
    """Indicators as text."""

    indicators: str = Field(description="one a line; the hashes of one file on one line, separated by commas")
    format: Format | None = Field(None, description="the type of all lines; by default each line tells its own")


class FileImport(IndicatorChange):
    """A file that was previewed, to be imported."""

    file_handle: str
    mapping: list[Column | None] = Field(description="what each column holds; null ignores a column")
    ignore_first_line: StrictBool

    @model_validator(mode="after")
    def _one_observable(self) -> "FileImport":
        if self.mapping.count("observable") != 1:
            raise ValueError("mapping must have one observable column")
        if any(self.mapping.count(column) > 1 for column in self.mapping if column):
            raise ValueError("mapping has a column twice")
        return self


class DefaultFields(IndicatorChange):
    """What holds for all indicators that do not say otherwise."""

    type: Type | None = None


class NewIndicator(DefaultFields):
    """An indicator to add."""

    value: Name


class IndicatorsImport(_Request):
    """Indicators as objects."""

    indicators: list[NewIndicator] = Field(min_length=1, max_length=100)
    default_fields: DefaultFields = DefaultFields()


class Deletion(_Request):
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


class Accepted(BaseModel):
    """An import goes on in the background: LiveAPI tells its progress. Or it is over, and is counted."""

    task_id: str | int | None = None
    created: int | None = None
    updated: int | None = None
    ignored: int | None = None


# Kill chains


class PhaseName(BaseModel):
    """A phase, as people and as indicators name it."""

    name: str
    display_name: str


class KillChain(PhaseName):
    """A kill chain."""

    id: str
    description: str
    phases: list[PhaseName]


class KillChainPage(BaseModel):
    """The kill chains."""

    items: list[KillChain]
    total: int
