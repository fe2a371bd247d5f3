"""Rows of spreadsheets as objects, whose keys are the headings of columns: ``{"IOC Type": "Domain", "IOC": "evil.example"}``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sekoia_cti.indicators.headers import Role, role_of
from sekoia_cti.indicators.objects import records
from sekoia_cti.indicators.objects.model import Nested, Unfolded, text
from sekoia_cti.indicators.reading import findings

__all__ = ["read"]

_FIELDS: dict[Role | None, str] = {
    "type": "type",
    "valid_from": "valid_from",
    "valid_until": "valid_until",
    "description": "description",
    "kill_chain_phases": "kill_chain_phases",
    "to_ids": "to_ids",
    "active": "is_active",
    "revoked": "revoked",
}
"""What the fields of a record are called, by the role of a heading."""


def read(item: Mapping[str, Any]) -> Iterator[Unfolded | Nested] | None:
    """What such an object holds, or None when none of its keys is the heading of a column of indicators."""
    observables = [value for name, value in item.items() if role_of(name) == "observable" and text(value)]
    if not observables:
        return None
    fields = {field: value for name, value in item.items() if (field := _FIELDS.get(role_of(name)))}
    # Of “Indicator” and “Value” one may hold the type.
    value = next((value for value in observables if any(kind for kind, *_ in findings(value))), observables[0])
    return records.read({**fields, "indicator": value})
