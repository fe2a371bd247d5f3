"""MISP: events, objects and attributes, as its API, its feeds and its exports write them.

Facts: MISP's core format (``misp-standard.org``, "MISP core format"), whose ``to_ids`` says what is for detection.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sekoia_cti.indicators.kinds import is_foreign_kind, kind_named
from sekoia_cti.indicators.objects.model import (
    Held,
    Nested,
    Skipped,
    Unfolded,
    Unread,
    each,
    is_false,
    is_true,
    one_file,
    text,
)
from sekoia_cti.indicators.objects.values import held

__all__ = ["read"]

_ONLY_HERE = ("to_ids", "event_id", "object_relation", "object_id", "disable_correlation", "sharing_group_id")


def read(item: Mapping[str, Any]) -> Iterator[Unfolded | Nested] | None:
    """What an event, an object or an attribute of MISP contains; None if it is none of these."""
    is_value = isinstance(item.get("value"), str | int) and isinstance(item.get("type"), str)
    for name in ("Event", "Attribute", "Object"):
        # Those of an event are read below: here they stand alone, as the API answers. An attribute that was searched for
        # has the event around it within it.
        if not is_value and name in item and isinstance(item[name], dict):
            return iter((Nested(item[name]),))
    if isinstance(item.get("Attribute"), list) or isinstance(item.get("Object"), list):
        return _object(item) if "meta-category" in item or "template_uuid" in item else _event(item)
    if is_value and any(name in item for name in _ONLY_HERE):
        return _attribute(item)
    return None


def _event(event: Mapping[str, Any]) -> Iterator[Nested]:
    yield from map(Nested, each(event.get("Attribute")))
    yield from map(Nested, each(event.get("Object")))


def _object(item: Mapping[str, Any]) -> Iterator[Unfolded | Nested]:
    attributes = [attribute for attribute in each(item.get("Attribute")) if isinstance(attribute, dict)]
    if is_true(item.get("deleted")):
        yield from (Skipped(text(attribute.get("value")), "its object is deleted") for attribute in attributes)
        return
    hashes = [attribute for attribute in attributes if item.get("name") == "file" and _is_sent_hash(attribute)]
    kinds = {attribute["type"] for attribute in hashes}
    if len(hashes) > 1 and len(kinds) == len(hashes):
        line = one_file((attribute["type"], attribute["value"]) for attribute in hashes)
        described = next((text(hash_.get("comment")) for hash_ in hashes if text(hash_.get("comment"))), "")
        said = {"description": described or text(item.get("comment"))}
        yield Held(line, line, {name: value for name, value in said.items() if value}, foreign=True)
        attributes = [attribute for attribute in attributes if attribute not in hashes]
    yield from map(Nested, attributes)


def _is_sent_hash(attribute: Mapping[str, Any]) -> bool:
    return (
        attribute.get("type") in ("md5", "sha1", "sha256", "sha512")
        and bool(one_file([(attribute["type"], attribute.get("value"))]))
        and not is_true(attribute.get("deleted"))
        and not is_false(attribute.get("to_ids", True))
    )


def _attribute(item: Mapping[str, Any]) -> Iterator[Unfolded]:
    value, kind = str(item["value"]), item["type"]
    if is_true(item.get("deleted")):
        yield Skipped(value, "it is deleted")
    elif kind_named(kind) == "link":
        yield Skipped(value, "a link to a report")
    elif is_false(item.get("to_ids", True)):
        yield Skipped(value, "to_ids is false: it is not for detection")
    elif is_foreign_kind(kind):
        yield Unread.of_kind(value, kind)
    else:
        comment = text(item.get("comment"))
        yield held(value, kind, {"description": comment} if comment else {}, foreign=True)
