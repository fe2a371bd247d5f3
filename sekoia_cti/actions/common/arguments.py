"""Arguments that several actions share; :mod:`~sekoia_cti.actions.common.jinja` restores what Jinja turned into text.

A value that makes no sense is refused, with an error that names the argument.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, ClassVar, Self

from pydantic import Field, field_validator, model_validator

from sekoia_cti.actions.common.jinja import NOTHING, check_short
from sekoia_cti.indicators.display import shown
from sekoia_cti.platform.complaints import HALF_A_CHARACTER
from sekoia_cti.platform.forms import Form

__all__ = [
    "RARELY_SET",
    "Arguments",
    "CollectionArguments",
    "ReadingArguments",
    "RefangArguments",
    "Timeout",
    "WaitArguments",
]

_UUID = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_COLLECTION_ID = re.compile(rf"\bioc-collection--({_UUID})\b")


class _RarelySet:
    """See :data:`RARELY_SET`."""


RARELY_SET = _RarelySet()
"""With ``Annotated``, marks an argument that few people need: forms show it below the others."""


class Arguments(Form):
    """The base of all arguments: an optional argument that is empty counts as omitted.

    A form begins with the sources, and ends with rarely set fields. In between are the fields of the base classes, the
    last base first.
    """

    sources: ClassVar[tuple[str, ...]] = ()
    """The arguments that can hold the action's input, at least one of which is required; empty if there are none."""

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
        """The names of the given sources."""
        return [source for source in self.sources if getattr(self, source) is not None]

    @model_validator(mode="after")
    def _has_a_source(self) -> Self:
        if self.sources and not self.given():
            raise ValueError(
                f"at least one of {', '.join(self.sources)} is required, but all of them are empty: check the step "
                "that fills them"
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
    def _holds_usable_text(cls, values: Any) -> Any:
        if isinstance(values, dict):
            for name, value in values.items():
                try:
                    if name not in cls.sources:  # sources are checked line by line
                        _check_text(value)
                except ValueError as error:
                    raise ValueError(f"{name}: {error}") from None
        return values


def _check_text(value: object) -> None:
    if isinstance(value, str):
        check_short(value)
    for text in value if isinstance(value, list) else [value]:
        if isinstance(text, str) and any("\ud800" <= letter <= "\udfff" for letter in text):
            raise ValueError(HALF_A_CHARACTER)


class CollectionArguments(Arguments):
    """Which collection an action works on."""

    collection_id: str = Field(
        title="IOC collection",
        description="Id of the IOC collection: the result of “Create IOC collection” or “Find IOC collection”, or "
        "“Copy Feed ID” on the collection's page in Sekoia; the address of that page works too",
        json_schema_extra={"pattern": _UUID},
    )

    @field_validator("collection_id")
    @classmethod
    def _is_collection_id(cls, value: str) -> str:
        value = value.strip()
        named = _COLLECTION_ID.findall(value)
        if not named and (re.fullmatch(_UUID, value) or "://" in value):
            named = re.findall(_UUID, value.partition("?")[0])
        if len({uuid.lower() for uuid in named}) != 1:
            raise ValueError(f"“{shown(value, 60)}” is not an IOC collection id: it must be ioc-collection--<uuid>")
        return f"ioc-collection--{named[0].lower()}"


class RefangArguments(Arguments):
    """How defanged indicators are read."""

    refang: Annotated[bool, RARELY_SET] = Field(
        default=True,
        title="Refang",
        description="Restore defanged indicators, such as hxxp://evil[.]example, to their original form",
    )


class ReadingArguments(RefangArguments):
    """How indicators are read."""

    strict: Annotated[bool, RARELY_SET] = Field(
        default=False,
        title="Strict",
        description="Import nothing if any value is not a recognized indicator, or would be sent only in part or in a "
        "different form",
    )
    send_unrecognized: Annotated[bool, RARELY_SET] = Field(
        default=False,
        title="Send unrecognized values",
        description="Also send values that are not recognized indicators, for Sekoia to decide; they are reported "
        "either way",
    )


Timeout = Annotated[
    int,
    Field(
        title="Timeout",
        description="Seconds for the whole action, from start to finish: 10 to 86400",
        ge=10,
        le=86_400,
    ),
]
"""How long an action with a lot to do may take."""


class WaitArguments(Arguments):
    """Whether and for how long to wait for the end of an import."""

    wait: bool = Field(
        default=True,
        title="Wait",
        description="Wait until Sekoia has imported everything; otherwise, the action ends once Sekoia has accepted "
        "the import",
    )
    timeout: Timeout = 900
