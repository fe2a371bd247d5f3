"""A page of the bulk reader, which lists the indicators of a collection thousands at a time."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from pydantic_core import from_json

__all__ = ["BULK_PAGE", "ObjectPage"]

BULK_PAGE = 2_000
"""Items per page of the bulk reader, the most that Sekoia allows for JSON (contract, "Indicators")."""


@dataclass(frozen=True, slots=True)
class ObjectPage:
    """A page of the bulk reader (contract, "bulk reader"). Its items stay plain objects, since there can be half a million.

    Attributes:
        items: Indicators as Sekoia's JSON has them; only ``id`` and ``pattern`` are known to be text.
        next_cursor: Where the next page begins; None on the last page, which is also any page without items.
    """

    items: list[dict[str, Any]]
    next_cursor: str | None

    @classmethod
    def parse(cls, content: bytes) -> ObjectPage | None:
        """Read an answer.

        Args:
            content: The body of the answer.

        Returns:
            The page; None if the body is not a page, or lists an indicator without its pattern.
        """
        page = _page(content)
        items = page.get("items") if isinstance(page, dict) else None
        if not isinstance(items, list):
            return None
        cursor = page.get("next_cursor") if items else None
        indicators = [item for item in items if _is_whole(item)]
        # Other STIX objects may be listed too. An indicator without a pattern shows that this reader gives none.
        if len(indicators) < len(items) and not all(_is_whole(item) or _is_other(item) for item in items):
            return None
        return cls(indicators, cursor if isinstance(cursor, str) and cursor else None)

    def names_other_than(self, collection_id: str) -> bool:
        """Whether an indicator of the page says that it belongs to another IOC collection than this one."""
        told = {ref.lower() for item in self.items if isinstance(ref := item.get("x_ic_collection_ref"), str)}
        return any(ref.startswith("ioc-collection--") for ref in told - {collection_id.lower()})


def _page(content: bytes) -> Any:
    """The content of an answer, or None: json reads what the faster parser refuses, such as half a character in a text."""
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
