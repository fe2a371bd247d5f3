"""A page of the bulk reader, which lists the indicators of a collection thousands at a time."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from pydantic_core import from_json

__all__ = ["BULK_PAGE", "ObjectPage"]

BULK_PAGE = 2_000
"""Items a page of the bulk reader, the most there can be in JSON (contract, "Indicators")."""


@dataclass(frozen=True, slots=True)
class ObjectPage:
    """A page of the bulk reader. Its items stay plain objects: half a million of them are read where time matters.

    Attributes:
        items: Indicators with the fields of :class:`~sekoia_cti.client.wire.Indicator`, all but ``id`` and ``pattern`` unchecked.
        next_cursor: Where the next page begins, or None; None behind a page without an item, which is the last.
    """

    items: list[dict[str, Any]]
    next_cursor: str | None

    @classmethod
    def parse(cls, content: bytes) -> ObjectPage | None:
        """Read an answer; None for what is not a page of indicators with patterns."""
        page = _page(content)
        items = page.get("items") if isinstance(page, dict) else None
        if not isinstance(items, list):
            return None
        cursor = page.get("next_cursor") if items else None
        indicators = [item for item in items if _is_whole(item)]
        # Other objects of STIX may be among them; an indicator without its pattern shows that patterns are not given.
        if len(indicators) < len(items) and not all(_is_whole(item) or _is_other(item) for item in items):
            return None
        return cls(indicators, cursor if isinstance(cursor, str) and cursor else None)

    def names_other_than(self, collection_id: str) -> bool:
        """Whether an indicator says that it is in another IOC collection: then this is not a page of this one."""
        told = {ref.lower() for item in self.items if isinstance(ref := item.get("x_ic_collection_ref"), str)}
        return any(ref.startswith("ioc-collection--") for ref in told - {collection_id.lower()})


def _page(content: bytes) -> Any:
    """What an answer says, or None: by the quicker parser, or by the one that accepts half a character where a text was cut."""
    try:
        return from_json(content, cache_strings="keys")
    except ValueError:
        pass
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None


def _is_whole(item: object) -> bool:
    return isinstance(item, dict) and isinstance(item.get("pattern"), str) and isinstance(item.get("id"), str)


def _is_other(item: object) -> bool:
    return isinstance(item, dict) and item.get("type", "indicator") != "indicator"
