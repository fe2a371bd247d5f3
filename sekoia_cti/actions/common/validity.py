"""How long indicators are valid, by kind: an address changes hands within weeks, a hash never does."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Annotated, Self, get_args

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from sekoia_cti.actions.common.context_arguments import ContextArguments, days
from sekoia_cti.actions.common.jinja import check_rendered, structure
from sekoia_cti.client.context import LONGEST
from sekoia_cti.client.wire import Context
from sekoia_cti.indicators.display import shown
from sekoia_cti.indicators.matching import known
from sekoia_cti.indicators.types import IndicatorType

__all__ = ["ContextByKind", "ValidityArguments"]

KINDS: tuple[str, ...] = get_args(IndicatorType)
_PAIR = re.compile(r"[\"']?(\w+)[\"']?\s*[:=]\s*(.+)")
_FORM = "it must list kinds with days, such as ipv4: 30, domain: 180, sha256: 365"


def _by_type(value: object) -> object:
    """Days by kind, from a mapping, its text as written by JSON or Jinja, or ``ipv4: 30, domain: 180``."""
    if isinstance(value, str):
        check_rendered(value)
        parsed = structure(value.strip())
        value = _pairs(value) if parsed is None else parsed
    if not isinstance(value, dict):
        raise ValueError(_FORM)
    return {_kind(kind): _checked(kind, length) for kind, length in value.items()}


def _pairs(text: str) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for part in re.split(r"[,;\n]", text):
        if not (part := part.strip()):
            continue
        if not (pair := _PAIR.fullmatch(part)):
            raise ValueError(f"{_FORM}, not “{shown(part, 40)}”")
        if pair[1] in pairs:
            raise ValueError(f"it names {pair[1]} twice")
        pairs[pair[1]] = pair[2]
    return pairs


def _kind(name: object) -> str:
    kind = str(name).strip().lower()
    if kind not in KINDS:
        raise ValueError(f"“{shown(str(name), 40)}” is not a kind of indicator: the kinds are {', '.join(KINDS)}")
    return kind


def _checked(kind: object, length: object) -> int:
    try:
        number = days(length)
    except ValueError as error:
        if isinstance(length, bool):
            raise ValueError(f"{kind}: {error}") from None
        number = 0
    if not 1 <= number <= LONGEST:
        raise ValueError(f"{kind} must be valid for 1 to {LONGEST:,} days, not “{shown(str(length), 40)}”")
    return number


DaysByType = Annotated[dict[IndicatorType, int], BeforeValidator(_by_type), WithJsonSchema({"type": "string"})]
"""A number of days for each kind. Forms accept it as text, since flat JSON Schema has no form field for mappings."""


@dataclass(frozen=True)
class ContextByKind:
    """The context to send with each value.

    Attributes:
        default: For all values whose kind does not have its own validity.
        by_kind: For the others; kinds with the same validity share one context.
    """

    default: Context
    by_kind: Mapping[IndicatorType, Context] = field(default_factory=dict)

    def of(self, value: str) -> Context:
        """The context to send with a value, given as it is sent."""
        if not self.by_kind:
            return self.default
        kind, _ = known(value)
        return self.by_kind.get(kind, self.default) if kind else self.default

    def groups(self, values: Sequence[str]) -> list[tuple[Context, Sequence[str]]]:
        """The values grouped by context, in the order in which the groups begin."""
        if not self.by_kind:
            return [(self.default, values)]
        groups: dict[int, tuple[Context, list[str]]] = {}
        for value in values:
            context = self.of(value)
            groups.setdefault(id(context), (context, []))[1].append(value)
        return list(groups.values())


class ValidityArguments(ContextArguments):
    """The context of every indicator of an import, and of those of one kind."""

    validity_by_type: DaysByType | None = Field(
        default=None,
        title="Validity by type",
        description="How many days from now indicators of a kind are valid, such as ipv4: 30, domain: 180, sha256: "
        "365; other kinds get the general validity. Kinds are named as in the result by_type",
    )

    @model_validator(mode="after")
    def _goes_with_the_others(self) -> Self:
        if self.validity_by_type and self.valid_until:
            raise ValueError(
                "validity_by_type and valid_until cannot be given together: use valid_for for the other kinds"
            )
        for kind, length in self._days_by_type():
            if self.valid_from and self.valid_from >= datetime.now(UTC) + timedelta(days=length):
                raise ValueError(f"valid_from must be before the end of the validity of {kind}, which counts from now")
        return self

    def lasts(self, kind: IndicatorType | None) -> timedelta | None:
        """How many days from now indicators of a kind are valid; None if no number was given."""
        length = dict(self._days_by_type()).get(kind, self.valid_for) if kind else self.valid_for
        return None if length is None else timedelta(days=length)

    def contexts(self, default: Context) -> ContextByKind:
        """The context to send with each value.

        Args:
            default: For values whose kind does not have its own validity.
        """
        now = datetime.now(UTC).replace(microsecond=0)
        by_length: dict[int, Context] = {}
        for _, length in self._days_by_type():
            by_length[length] = default.model_copy(update={"valid_until": now + timedelta(days=length)})
        return ContextByKind(default, {kind: by_length[length] for kind, length in self._days_by_type()})

    def _days_by_type(self) -> Iterable[tuple[IndicatorType, int]]:
        return (self.validity_by_type or {}).items()
