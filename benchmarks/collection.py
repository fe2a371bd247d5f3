"""A collection as Sekoia shows it, of any size: always the same indicators, which are also in the feed of a measure."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

__all__ = ["bulk_page", "domain", "first_page", "pages"]

PAGE, BULK_PAGE = 100, 2_000

_BEGAN = datetime.now(UTC) - timedelta(days=10)
_ENDS = _BEGAN + timedelta(days=180)
_NAMES = uuid.UUID("6ba7b810-9dad-11d1-80b4-00c04fd430c8")


def domain(number: int) -> str:
    """The value with this number; below reserved names, since a feed is not full of what is known to be good."""
    return f"{number:06x}.threats-{('com', 'org', 'net')[number % 3]}.example"


def first_page(size: int) -> dict[str, Any]:
    """The first page of a collection of so many indicators."""
    items = [_indicator(number) for number in range(min(size, PAGE))]
    return {"items": items, "total": size, "has_more": size > PAGE}


def bulk_page(size: int, cursor: int) -> dict[str, Any]:
    """A page of the bulk reader. It has a cursor even if nothing follows, as pages of a reader that does not know that have."""
    items = [_indicator(number) for number in range(cursor, min(size, cursor + BULK_PAGE))]
    return {"items": items, "next_cursor": str(cursor + len(items)) if items else None}


def pages(size: int) -> Iterator[str]:
    """All pages of the bulk reader, as they are sent."""
    starts: Iterable[int] = range(0, size + BULK_PAGE, BULK_PAGE)
    return (json.dumps(bulk_page(size, start)) for start in starts)


def _indicator(number: int) -> dict[str, Any]:
    value, moment = domain(number), timedelta(microseconds=number * 37)
    began = _told(_BEGAN + moment)
    return {
        "type": "indicator",
        "spec_version": "2.1",
        "id": f"indicator--{uuid.UUID(int=_NAMES.int ^ number * 0x9E3779B97F4A7C15)}",
        "name": value,
        "description": None,
        "pattern": f"[domain-name:value = '{value}']",
        "pattern_type": "stix",
        "valid_from": began,
        "valid_until": _told(_ENDS + moment),
        "kill_chain_phases": [],
        "created": began,
        "modified": began,
        "revoked": False,
        "x_ic_observable_types": ["domain-name"],
        "x_ic_collection_ref": "ioc-collection--00000000-0000-4000-8000-000000000000",
        "x_ic_related_threat_refs": [],
    }


def _told(time: datetime) -> str:
    return time.isoformat().replace("+00:00", "Z")
