"""The pieces that several actions take, read as Jinja leaves them.

A playbook renders arguments as text, so a number, a boolean or a list can arrive as text, a list can be nested, and an
optional argument can be an empty string (contract, "Playbooks"). All of them become what they mean here, and what means
nothing is refused with the argument's name.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, WithJsonSchema, field_validator, model_validator

from sekoia_cti.client.errors import RequestError
from sekoia_cti.client.wire import Context, KillChainPhase
from sekoia_cti.indicators import kill_chains
from sekoia_cti.indicators.kill_chains import KillChain
from sekoia_cti.platform.forms import Form

__all__ = [
    "Arguments",
    "CollectionArguments",
    "ContextArguments",
    "ReadingArguments",
    "RefangArguments",
    "TextList",
    "Timeout",
    "ValueList",
    "WaitArguments",
    "as_list",
    "literal",
]

_NOTHING = ("", "None", "null")
"""How Jinja writes a value that is not there."""

_COLLECTION_ID = re.compile(r"^ioc-collection--[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$")
_STIX_ID = re.compile(r"[a-z][a-z0-9-]*--[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


class Arguments(Form):
    """Base of all arguments: an optional one that is empty counts as left out."""

    @model_validator(mode="before")
    @classmethod
    def _leave_out_what_is_empty(cls, values: Any) -> Any:
        if not isinstance(values, dict):
            return values
        return {
            name: value
            for name, value in values.items()
            if not (value is None or (isinstance(value, str) and value.strip() in _NOTHING))
        }


class CollectionArguments(Arguments):
    """Which collection an action works on."""

    collection_id: str = Field(
        title="IOC collection",
        description="Id of the IOC collection: ioc-collection--<uuid>",
        json_schema_extra={"pattern": _COLLECTION_ID.pattern},
    )

    @field_validator("collection_id")
    @classmethod
    def _is_collection_id(cls, value: str) -> str:
        value = value.strip()
        if not _COLLECTION_ID.match(value):
            raise ValueError(f"“{value[:60]}” is no id of an IOC collection: it must be ioc-collection--<uuid>")
        return value


def as_list(value: object, *, key: str | None = None, objects: bool = False) -> list[object]:
    """A flat list from a list, a nested one, or the text that Jinja makes of one; plain text gives its lines.

    Args:
        value: What an argument or a file holds.
        key: What objects in the list stand for: the value of theirs that has this name.
        objects: Whether objects are items themselves.

    Raises:
        ValueError: It looks like a list but cannot be read as one, or it holds an object without such a value.
    """
    if isinstance(value, str):
        value = _parsed(value.strip())
    return [_plain(item, key) if isinstance(item, dict) and not objects else item for item in _flat(value)]


def _parsed(text: str) -> object:
    if text.startswith("{") and isinstance(parsed := literal(text, otherwise=None), dict):
        return parsed
    if not (text.startswith("[") and text.endswith("]")):
        # A list that was cut off must not pass for a line of text.
        if re.match(r"\[\s*(['\"{]|\[\s*['\"{])", text):
            raise ValueError("it begins like a list but does not end like one")
        return text.splitlines()
    parsed = literal(text, otherwise=None)
    if parsed is None:
        # A STIX pattern stands in brackets as well.
        if re.match(r"\[\s*[a-z0-9-]+:", text):
            return text.splitlines()
        raise ValueError("it looks like a list but cannot be read as one")
    return parsed


def literal(text: str, *, otherwise: object) -> object:
    """The value that JSON or a Python literal stands for, or something else when it is neither."""
    for read in (json.loads, ast.literal_eval):
        try:
            return read(text)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            continue
    return otherwise


def _flat(value: object) -> Iterator[object]:
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, list | tuple | set):
            stack.extend(reversed(list(item)))
        else:
            yield item


def _plain(item: dict[Any, Any], key: str | None) -> object:
    if key is None:
        raise ValueError("it holds an object where a plain value belongs")
    if not isinstance(item.get(key), str):
        raise ValueError(f"it holds an object without a “{key}”")
    return item[key]


def _texts(value: object, *, key: str | None = None) -> list[str]:
    """Values as text, without blanks around them; what is not there goes."""
    items = [str(item).strip() for item in as_list(value, key=key) if item is not None and not isinstance(item, bool)]
    return [item for item in items if item not in _NOTHING]


def _words(value: object) -> list[str]:
    """The same, for values that people also separate by commas."""
    return [word.strip() for item in _texts(value) for word in item.split(",") if word.strip()]


TextList = Annotated[list[str], BeforeValidator(_texts)]
"""A list of values."""

ValueList = Annotated[list[str], BeforeValidator(partial(_texts, key="value"))]
"""The same, where objects may stand for their ``value``, as the ones that Search indicators finds do."""

WordList = Annotated[list[str], BeforeValidator(_words)]
"""A list of names."""


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

    description: str | None = Field(
        default=None,
        title="Description",
        description="Description of every indicator, at most 500 characters",
        max_length=500,
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
    valid_for: int | None = Field(
        default=None,
        title="Valid for",
        description="For how many days from now the indicators are valid; not together with “Valid until”",
        ge=1,
        le=36_500,
    )
    kill_chain_phases: WordList | None = Field(
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

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        if self.valid_for is not None and self.valid_until is not None:
            raise ValueError("valid_for and valid_until cannot be given together")
        if self.valid_from and self.valid_until and self.valid_from >= self.valid_until:
            raise ValueError("valid_from must be before valid_until")
        return self

    @field_validator("kill_chain_phases")
    @classmethod
    def _are_phases(cls, names: list[str] | None) -> list[str] | None:
        # Whether Sekoia knows it is asked when the client is open: see context().
        for name in names or []:
            kill_chains.find(name)
        return names

    @field_validator("related_threat_refs")
    @classmethod
    def _are_stix_ids(cls, refs: list[str] | None) -> list[str] | None:
        for ref in refs or []:
            if not _STIX_ID.fullmatch(ref):
                raise ValueError(f"“{ref[:60]}” is no STIX id such as intrusion-set--<uuid>")
        return refs

    def context(self, look_up: Callable[[], Sequence[KillChain]] | None = None) -> Context:
        """These arguments as they are sent; `valid_for` counts from now.

        Args:
            look_up: Gives the kill chains that Sekoia knows; called only for a phase that is not among those known here.

        Raises:
            InputError: A phase is none that Sekoia knows, or, where it does not tell, none that is known here.
        """
        phases = self._phases(look_up)
        until = self.valid_until
        if self.valid_for is not None:
            until = datetime.now(UTC).replace(microsecond=0) + timedelta(days=self.valid_for)
        return Context(
            description=self.description,
            valid_from=self.valid_from,
            valid_until=until,
            kill_chain_phases=[KillChainPhase(kill_chain_name=chain, phase_name=name) for chain, name in phases]
            or None,
            x_ic_related_threat_refs=self.related_threat_refs or None,
        )

    def _phases(self, look_up: Callable[[], Sequence[KillChain]] | None) -> list[tuple[str, str]]:
        names = self.kill_chain_phases or []
        told: Sequence[KillChain] | None = None
        if look_up and not all(map(kill_chains.find, names)):
            # It may take another permission, and what is known here will do.
            with suppress(RequestError):
                told = look_up()
        return list(dict.fromkeys(kill_chains.phase(name, told or None) for name in names))


class RefangArguments(Arguments):
    """How defanged indicators are read."""

    refang: bool = Field(
        default=True,
        title="Refang",
        description="Read indicators that were made harmless, such as hxxp://evil[.]example, as what they mean",
    )


class ReadingArguments(RefangArguments):
    """How indicators are read."""

    strict: bool = Field(
        default=False,
        title="Strict",
        description="Import nothing if a value is no indicator of a known kind; otherwise such values are sent all the "
        "same, for Sekoia to decide, and reported",
    )


Timeout = Annotated[
    int,
    Field(
        title="Timeout", description="Seconds for the whole action, from start to end: 10 to 86400", ge=10, le=86_400
    ),
]
"""How long an action may take that has much to do."""


class WaitArguments(Arguments):
    """Whether and for how long to wait for the end of an import."""

    wait: bool = Field(
        default=True,
        title="Wait",
        description="Wait until Sekoia has imported everything; otherwise the action ends once Sekoia accepted the import",
    )
    timeout: Timeout = 900
