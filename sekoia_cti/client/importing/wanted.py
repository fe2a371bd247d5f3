"""Whether an indicator of a collection has the context that was sent with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sekoia_cti.client.times import stamp
from sekoia_cti.client.wire import Context

__all__ = ["Wanted", "names_of_phases", "text_of"]


@dataclass(slots=True)
class Wanted:
    """A context in a form that indicators can be compared with quickly."""

    description: str | None
    valid_from: str | None
    valid_until: str | None
    phases: frozenset[tuple[str, str]]
    threats: frozenset[str]
    is_empty: bool

    @classmethod
    def of(cls, context: Context) -> Wanted:
        return cls(
            description=context.description.strip() if context.description is not None else None,
            valid_from=stamp(context.valid_from),
            valid_until=stamp(context.valid_until),
            phases=frozenset((each.kill_chain_name, each.phase_name) for each in context.kill_chain_phases or ()),
            threats=frozenset(context.x_ic_related_threat_refs or ()),
            is_empty=not context.payload(),
        )

    def is_carried(self, indicator: Mapping[str, Any], valid_until: str | None) -> bool:
        """Whether an indicator has this context: the same times (to the second) and texts, and at least these phases and threats.

        Args:
            indicator: The indicator in Sekoia's JSON form.
            valid_until: The end of validity in the context or the row; None if neither has one.
        """
        if self.description is not None and text_of(indicator.get("description")).strip() != self.description:
            return False
        if valid_until is not None and stamp(indicator.get("valid_until")) != valid_until:
            return False
        if self.valid_from is not None and stamp(indicator.get("valid_from")) != self.valid_from:
            return False
        if self.phases and not self.phases <= names_of_phases(indicator):
            return False
        return not self.threats or self.threats <= set(map(str, _list(indicator.get("x_ic_related_threat_refs"))))


def names_of_phases(indicator: Mapping[str, Any]) -> set[tuple[str, str]]:
    """The kill chains and phases of an indicator, as Sekoia's JSON has it."""
    there = _list(indicator.get("kill_chain_phases"))
    return {(str(p.get("kill_chain_name")), str(p.get("phase_name"))) for p in there if isinstance(p, Mapping)}


def text_of(value: object) -> str:
    """A field that should hold a text; empty if it does not."""
    return value if isinstance(value, str) else ""


def _list(value: object) -> Sequence[Any]:
    return value if isinstance(value, list) else ()
