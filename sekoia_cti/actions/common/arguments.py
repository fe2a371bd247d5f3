"""Arguments that several actions share; :mod:`~sekoia_cti.actions.common.jinja` reads what Jinja made of them.

A value that makes no sense is refused, with the argument's name.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, ClassVar, Self

from pydantic import BeforeValidator, Field, WithJsonSchema, field_validator, model_validator

from sekoia_cti.actions.common.jinja import NOTHING, PhaseList, WordList, check_short
from sekoia_cti.client.phases import PhaseFinder
from sekoia_cti.client.wire import Context
from sekoia_cti.indicators import kill_chains
from sekoia_cti.platform.forms import Form

__all__ = [
    "RARELY_SET",
    "Arguments",
    "CollectionArguments",
    "ContextArguments",
    "ReadingArguments",
    "RefangArguments",
    "Time",
    "Timeout",
    "WaitArguments",
    "days",
    "is_stix_id",
]

_UUID = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_COLLECTION_ID = re.compile(rf"\bioc-collection--({_UUID})\b")
_DAYS = re.compile(r"\+?([0-9]{1,6}) *(d|days?|w|weeks?|years?|y)?\.?", re.IGNORECASE)
_STIX_ID = re.compile(r"[a-z][a-z0-9-]*--[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def is_stix_id(text: str) -> bool:
    """Whether it is an id as STIX makes them: ``intrusion-set--<uuid>``."""
    return _STIX_ID.fullmatch(text) is not None


class _RarelySet:
    """See :data:`RARELY_SET`."""


RARELY_SET = _RarelySet()
"""Marks an argument, with ``Annotated``, that few people need: forms show it below the others."""


class Arguments(Form):
    """Base of all arguments: an optional one that is empty counts as left out.

    A form begins with the sources, and ends with what is rarely set. In between, it has the fields of the bases, the last
    base first.
    """

    sources: ClassVar[tuple[str, ...]] = ()
    """The arguments that can hold what an action works on, at least one of which it needs; empty if there are none."""

    @classmethod
    def model_json_schema(cls, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """The flat schema, in the order in which people look for fields."""
        schema = super().model_json_schema(*args, **kwargs)
        properties: dict[str, dict[str, Any]] = schema["properties"]
        if len(cls.sources) > 1:
            *named, last = (f"“{properties[name]['title']}”" for name in cls.sources)
            properties[cls.sources[0]]["description"] += f". Required: at least one of {', '.join(named)} or {last}"
        schema["properties"] = dict(sorted(properties.items(), key=lambda item: cls._place(item[0])))
        return schema

    @classmethod
    def _place(cls, name: str) -> int:
        if RARELY_SET in cls.model_fields[name].metadata:
            return len(cls.sources) + 1
        return cls.sources.index(name) if name in cls.sources else len(cls.sources)

    def given(self) -> list[str]:
        """The names of the sources that were given."""
        return [source for source in self.sources if getattr(self, source) is not None]

    @model_validator(mode="after")
    def _has_a_source(self) -> Self:
        if self.sources and not self.given():
            raise ValueError(
                f"at least one of {', '.join(self.sources)} is required, and each is empty: check the step that fills it"
            )
        return self

    @model_validator(mode="before")
    @classmethod
    def _leave_out_what_is_empty(cls, values: Any) -> Any:
        if not isinstance(values, dict):
            return values
        return {
            name: value
            for name, value in values.items()
            if not (value is None or (isinstance(value, str) and value.strip() in NOTHING))
        }

    @model_validator(mode="before")
    @classmethod
    def _holds_no_expression(cls, values: Any) -> Any:
        if isinstance(values, dict):
            for name, value in values.items():
                if isinstance(value, str) and name not in cls.sources:  # those look for themselves, line by line
                    try:
                        check_short(value)
                    except ValueError as error:
                        raise ValueError(f"{name}: {error}") from None
        return values


class CollectionArguments(Arguments):
    """Which collection an action works on."""

    collection_id: str = Field(
        title="IOC collection",
        description="Id of the IOC collection: the result of “Create IOC collection” or “Find IOC collection”, or “Copy Feed ID” "
        "on Sekoia's page; the page's address works too",
        json_schema_extra={"pattern": _UUID},
    )

    @field_validator("collection_id")
    @classmethod
    def _is_collection_id(cls, value: str) -> str:
        value = value.strip()
        named = _COLLECTION_ID.search(value) or re.fullmatch(rf"({_UUID})", value)
        if named is None:
            raise ValueError(f"“{value[:60]}” is not an IOC collection id: it must be ioc-collection--<uuid>")
        return f"ioc-collection--{named[1]}"


def days(value: object) -> object:
    """A number of days; ``90 days``, ``12 weeks`` and ``1 year`` are read as well, and anything else stays as it is.

    Raises:
        ValueError: It is true or false.
    """
    if isinstance(value, bool):
        raise ValueError("it must be a number of days, such as 90")
    if not isinstance(value, str):
        return value
    match = _DAYS.fullmatch(value.strip())
    if match is None:
        return value
    unit = (match[2] or "d")[0].lower()
    return int(match[1]) * {"d": 1, "w": 7, "y": 365}[unit]


def _time(value: object) -> object:
    """An ISO 8601 date or date-time; without an offset it means UTC."""
    if not isinstance(value, str):
        raise ValueError("it must be an ISO 8601 date or date-time, such as 2030-01-31 or 2030-01-31T12:00:00Z")
    try:
        time = datetime.fromisoformat(value.strip())
        return (time if time.tzinfo else time.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(
            f"it must be an ISO 8601 date or date-time, such as 2030-01-31 or 2030-01-31T12:00:00Z, not “{value[:40]}”"
        ) from None


Time = Annotated[datetime, BeforeValidator(_time), WithJsonSchema({"type": "string"})]
"""A moment in UTC; the form takes any text, since a date alone will do."""


class ContextArguments(Arguments):
    """What holds for every indicator of an import."""

    valid_for: Annotated[int, BeforeValidator(days)] | None = Field(
        default=None,
        title="Valid for",
        description="For how many days from now the indicators are valid, such as 90; not together with “Valid until”. Without "
        "either, Sekoia takes 30 days for IP addresses, and 6 months for domains and URLs",
        ge=1,
        le=36_500,
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
        description="Names or display names of phases, such as delivery, Initial Access or mitre-attack:impact; a name that "
        "several kill chains have means Lockheed Martin's. Command-and-control limits the matching of IP addresses to "
        "destination.ip",
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
        description="When the indicators cease to be valid: an ISO 8601 date or date-time, in UTC unless it has an offset",
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
            raise ValueError("valid_from must be before the end of valid_for, which counts from now: give valid_until")
        return self

    @field_validator("kill_chain_phases")
    @classmethod
    def _are_phases(cls, names: list[str] | None) -> list[str] | None:
        # Whether Sekoia knows it is asked when the client is open: see context().
        for name in names or []:
            kill_chains.known_phase(name)
        return names

    @field_validator("related_threat_refs")
    @classmethod
    def _are_stix_ids(cls, refs: list[str] | None) -> list[str] | None:
        for ref in refs or []:
            if not is_stix_id(ref):
                raise ValueError(f"“{ref[:60]}” is not a STIX id, such as intrusion-set--<uuid>")
        return refs

    def context(self, phases: PhaseFinder) -> Context:
        """These arguments as they are sent; `valid_for` counts from now.

        Args:
            phases: Finds the kill chain phases.

        Raises:
            InputError: Sekoia does not know a phase, or it is not known here either if Sekoia does not list its own.
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


class RefangArguments(Arguments):
    """How defanged indicators are read."""

    refang: Annotated[bool, RARELY_SET] = Field(
        default=True,
        title="Refang",
        description="Read indicators that were made harmless, such as hxxp://evil[.]example, as what they mean",
    )


class ReadingArguments(RefangArguments):
    """How indicators are read."""

    strict: Annotated[bool, RARELY_SET] = Field(
        default=False,
        title="Strict",
        description="Import nothing if a value is not a recognized indicator, or would be sent in part or in "
        "another form than written",
    )
    send_unrecognized: Annotated[bool, RARELY_SET] = Field(
        default=False,
        title="Send unrecognized values",
        description="Also send values that are not recognized as indicators, for Sekoia to decide; they are reported either way",
    )


Timeout = Annotated[
    int,
    Field(
        title="Timeout", description="Seconds for the whole action, from start to end: 10 to 86400", ge=10, le=86_400
    ),
]
"""How long an action with much to do may take."""


class WaitArguments(Arguments):
    """Whether and for how long to wait for the end of an import."""

    wait: bool = Field(
        default=True,
        title="Wait",
        description="Wait until Sekoia has imported everything; otherwise the action ends once Sekoia accepted the import",
    )
    timeout: Timeout = 900
