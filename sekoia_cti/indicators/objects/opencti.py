"""OpenCTI: indicators and observables as its GraphQL API and its playbooks return them.

Facts: OpenCTI's public GraphQL schema and its Python client. Its STIX exports are read as STIX.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sekoia_cti.indicators.kinds import is_foreign_kind, kind_named
from sekoia_cti.indicators.objects import stix
from sekoia_cti.indicators.objects.model import (
    Nested,
    Passed,
    Skipped,
    Unfolded,
    Unread,
    context,
    hash_pairs,
    is_true,
    one_file,
    text,
)
from sekoia_cti.indicators.objects.values import held

__all__ = ["read"]


def read(item: Mapping[str, Any]) -> Iterator[Unfolded | Nested] | None:
    """What an object of OpenCTI contains; None for anything else."""
    if isinstance(item.get("edges"), list):
        return map(Nested, item["edges"])
    if isinstance(item.get("node"), dict):
        return iter((Nested(item["node"]),))
    kind = text(item.get("entity_type"))
    if not kind:
        return None
    if kind.lower() == "indicator" and "pattern" in item:
        return stix.read({**item, "type": "indicator"})
    value = text(item.get("observable_value")) or text(item.get("value"))
    if item.get("hashes") or value:
        return _observable(item, kind, value)
    return iter((Passed(kind),)) if "id" in item or "standard_id" in item else None


def _observable(item: Mapping[str, Any], kind: str, value: str) -> Iterator[Unfolded]:
    hashes = item.get("hashes")
    if kind_named(kind) == "file" and hashes:
        value = one_file(hash_pairs(hashes)) or value
    said = context(item, description=item.get("x_opencti_description"))
    if is_true(item.get("revoked")):
        yield Skipped(value, "it is revoked", revoked=True)
    elif is_foreign_kind(kind):
        yield Unread.of_kind(value, kind)
    elif value:
        yield held(value, kind, said, foreign=True, observed=True)
    else:
        yield Unread(kind, "an observable without a value")
