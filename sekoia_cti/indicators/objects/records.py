"""Objects with one value and what they say about it: our own, Sekoia's, and those of tools that publish lists.

Facts: the results of *Search indicators*; Sekoia's observables; TheHive's observables and Cortex's artifacts (``dataType``,
``data``, ``ioc``); the custom indicators of Microsoft Defender and CrowdStrike; AlienVault OTX; ThreatFox.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from sekoia_cti.indicators.kinds import is_foreign_kind, kind_named
from sekoia_cti.indicators.objects.model import (
    Held,
    Nested,
    Skipped,
    Unfolded,
    Unread,
    context,
    each,
    is_false,
    is_true,
    one_file,
    text,
    why_not_for_detection,
)
from sekoia_cti.indicators.objects.values import held
from sekoia_cti.indicators.type_cells import is_allowing

__all__ = ["read"]

_VALUES = (
    "value",
    "indicator",
    "ioc",
    "observable",
    "ioc_value",
    "iocValue",
    "indicator_value",
    "indicatorValue",
    "observable_value",
)
_TYPES = (
    "type",
    "indicator_type",
    "indicatorType",
    "ioc_type",
    "iocType",
    "observable_type",
    "entity_type",
    "dataType",
)
_ENDS = ("valid_until", "validUntil", "expirationTime", "expirationDateTime", "expiration")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_OWN = ("valid_for", "valid_from", "valid_until", "description", "kill_chain_phases", "related_threat_refs", "type")


def read(item: Mapping[str, Any]) -> Iterator[Unfolded | Nested] | None:
    """What such an object contains; None if it has no value."""
    if "dataType" in item and ("data" in item or "attachment" in item):
        return _artifact(item)
    if isinstance(item.get("name"), str) and _is_count(item.get("value")) and "type" not in item:
        # One of the values that the events of an alert have most, with how often they have it.
        return iter((Held(item["name"], item["name"], foreign=True),))
    for name in _VALUES:
        value = item.get(name)
        if isinstance(value, str):
            return _record(item, name, value)
        if isinstance(value, list | dict) and value:
            return _several(item, value)
    name, kind = text(item.get("name")), next((text(item[key]) for key in _TYPES if text(item.get(key))), "")
    return _record(item, "name", name) if name and kind_named(kind) not in (None, "file") else None


def _is_count(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _several(item: Mapping[str, Any], values: Any) -> Iterator[Unfolded | Nested]:
    for value in each(values):
        if isinstance(value, str):
            yield from _record(item, "value", value)
        else:
            yield Nested(value)


def _record(item: Mapping[str, Any], name: str, value: str) -> Iterator[Unfolded]:
    kind = next((text(item[key]) for key in _TYPES if text(item.get(key))), "")
    if reason := _not_for_detection(item, kind):
        yield Skipped(value, reason, revoked=is_true(item.get("revoked")))
        return
    if is_foreign_kind(kind):
        yield Unread.of_kind(value, kind)
        return
    if name == "value" and "x_opencti_score" not in item:
        said = {key: _shallow(item[key]) for key in _OWN if item.get(key) is not None}
        # An observable of STIX has an id; without an id, or with that of an indicator, it is what people write.
        end = next((text(item[key]) for key in _ENDS if _DAY.match(text(item.get(key)))), "")
        if end:
            said.setdefault("valid_until", end)
        observed = bool(kind) and text(item.get("id")).startswith(f"{kind}--")
        yield held(value, kind, said, foreign=False, observed=observed)
        return
    said = context(item, description=item.get("x_opencti_description"))
    if end := next((text(item[key]) for key in _ENDS if text(item.get(key))), ""):
        said["valid_until"] = end
    yield held(value, kind, said, foreign=True, observed="x_opencti_score" in item)


def _shallow(value: Any, depth: int = 3) -> Any:
    """A value as it is, but for what is nested deeper than any context is."""
    if not isinstance(value, dict | list | tuple | set):
        return value
    if not depth:
        return "…"
    if isinstance(value, dict):
        return {name: _shallow(inner, depth - 1) for name, inner in value.items()}
    return [_shallow(inner, depth - 1) for inner in value]


def _not_for_detection(item: Mapping[str, Any], kind: str) -> str:
    if reason := why_not_for_detection(item):
        return reason
    if kind_named(kind) == "link":
        return "a link to a report"
    if is_allowing(text(item.get("action"))):
        return f"its action is “{item['action']}”"
    return ""


def _artifact(item: Mapping[str, Any]) -> Iterator[Unfolded | Nested]:
    kind, value = text(item["dataType"]), text(item.get("data"))
    attachment = item.get("attachment")
    if not value and isinstance(attachment, dict):
        hashes = attachment.get("hashes")
        pairs = hashes.items() if isinstance(hashes, dict) else _by_length(each(hashes))
        value, kind = one_file(pairs), "file"
    if not value:
        yield Unread(kind, "an observable without data")
    elif is_false(item.get("ioc")):
        yield Skipped(value, "its ioc flag is false")
    elif kind_named(kind) == "link":
        yield Skipped(value, "a link to a report")
    elif is_foreign_kind(kind):
        yield Unread.of_kind(value, kind)
    else:
        message = text(item.get("message"))
        yield held(value, kind, {"description": message} if message else {}, foreign=True)
    # A job of Cortex brings what it found in its report.
    if isinstance(item.get("report"), dict):
        yield from map(Nested, each(item["report"].get("artifacts")))


def _by_length(hashes: Any) -> Iterator[tuple[str, object]]:
    names = {32: "md5", 40: "sha1", 64: "sha256", 128: "sha512"}
    return ((names.get(len(text(value)), ""), value) for value in hashes)
