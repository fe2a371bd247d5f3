"""A mapping of kinds to values (``{"ipv4": [...], "domains": [...]}``), and objects that are there for what they hold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Any

from sekoia_cti.indicators.hosts import host_of
from sekoia_cti.indicators.kinds import is_foreign_kind, kind_named
from sekoia_cti.indicators.objects.ecs import is_own_side
from sekoia_cti.indicators.objects.model import (
    Held,
    Nested,
    Skipped,
    Unfolded,
    Unread,
    each,
    one_file,
    text,
    why_not_for_detection,
)
from sekoia_cti.indicators.objects.values import held
from sekoia_cti.indicators.reading import findings

__all__ = ["read"]

_OF_ADDRESSES = ("ip_str", "ipAddress", "abuseConfidenceScore", "@category", "noise", "isp", "ports")
"""Fields by which the answers of Shodan, AbuseIPDB, Onyphe and GreyNoise about an address are recognized."""

_CONTAINERS = (
    "indicators",
    "observables",
    "outputObservables",
    "artifacts",
    "iocs",
    "items",
    "objects",
    "events",
    "records",
    "hits",
    "_source",
    "fields",
    "response",
    "results",
    "result",
    "report",
    "data",
    "resources",
    "pulses",
    "samples",
    "targets",
    "extracted",
    "config",
    "matches",
    "entities",
    "entity",
)


def read(item: Mapping[str, Any]) -> Iterator[Unfolded | Nested] | None:
    """What is under the names of kinds and in the lists of an object; None if it has neither."""
    item = {name: value for name, value in item.items() if not is_own_side(name, value)}
    if item and all(_says_more(value) for value in item.values()) and all(map(_is_value, item)):
        return (Held(name, name, foreign=True) for name in item)
    kinds = {name: value for name, value in item.items() if kind_named(name) and _holds_values(value)}
    if kinds and (reason := why_not_for_detection(item)):
        return (Skipped(finding.value, reason) for finding in _mapping(item, kinds) if isinstance(finding, Held))
    beside = dict(_beside(item, kinds))
    kinds = {name: value for name, value in kinds.items() if name not in beside}
    if item.get("indicators") and not isinstance(item["indicators"], str):
        # Our own results list the same values again, kind by kind.
        return iter((Nested(item["indicators"]),))
    others = [item[name] for name in _CONTAINERS if isinstance(item.get(name), list | dict) and item[name]]
    if not kinds and not others:
        # What wraps one thing, or has pages, as GraphQL answers.
        others = [value for value in item.values() if isinstance(value, dict) and ("edges" in value or len(item) == 1)]
    if not kinds and not others and not beside:
        return None
    left_out = (Skipped(text(value), why) for name, why in beside.items() for value in each(item[name]) if text(value))
    return chain(_mapping(item, kinds), left_out, map(Nested, others))


def _beside(item: Mapping[str, Any], kinds: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The fields that only say more of what another one names, and what that is."""
    host = next(
        (host_of(text(value)) for name, value in kinds.items() if kind_named(name) == "url" and text(value)), ""
    )
    is_about_address = any(name in item for name in _OF_ADDRESSES)
    for name, value in kinds.items():
        if host and text(value).lower() == host:
            yield name, "the host of the URL next to it"
        elif is_about_address and kind_named(name) == "domain":
            yield name, "a name of the address next to it, which may belong to its provider"


def _holds_values(value: object) -> bool:
    if isinstance(value, list | tuple):
        return any(bool(text(one)) or isinstance(one, dict) for one in value)
    return bool(text(value)) or (
        isinstance(value, dict) and any(kind_named(name) or _is_value(name) for name in value)
    )


def _is_value(name: str) -> bool:
    """Whether the name of a field is a value itself: ``{"domain": {"a.example": {"score": 9}}}``."""
    return any(kind for kind, *_ in findings(name))


def _says_more(value: object) -> bool:
    """Whether a field tells something about its name, and no value of its own: ``{"a.example": {"score": 9}}``."""
    return value is None or isinstance(value, dict | int | float)


def _values(values: Any) -> Iterable[Any]:
    if not isinstance(values, dict):
        return each(values)
    return [name for name in values if _is_value(name)] or [values]


def _mapping(item: Mapping[str, Any], kinds: Mapping[str, Any]) -> Iterator[Unfolded | Nested]:
    # One hash of each kind, side by side: those of one file.
    single = {name: value for name, value in kinds.items() if text(value) and kind_named(name) == "file"}
    if len(single) > 1 and (line := one_file(single.items())) and line.count(",") == len(single) - 1:
        yield held(line, "", {}, foreign=True)
        kinds = {name: value for name, value in kinds.items() if name not in single}
    for name, values in kinds.items():
        for value in _values(values):
            if not isinstance(value, str):
                yield Nested(value)
            elif kind_named(name) == "link":
                yield Skipped(value, "a link to a report")
            elif value.strip():
                yield held(value, name, {}, foreign=True)
    for name, values in item.items():
        if kinds and name not in kinds and isinstance(values, list) and is_foreign_kind(name):
            for value in filter(text, values):
                yield Unread(value, f"it is under “{name}”, a kind that Sekoia does not accept")
