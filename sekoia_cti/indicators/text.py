"""Indicators as text: decoding, and samples by which an import can be recognised."""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterable, Sequence

from sekoia_cti.indicators.encodings import open_text
from sekoia_cti.indicators.types import Unrecognised, recognise

__all__ = ["decode", "sample", "thin"]

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def decode(content: bytes) -> str:
    """Text from bytes: by its byte order mark, else UTF-8, else Windows-1252, which any bytes are."""
    encoding = next((encoding for mark, encoding in _BOMS if content.startswith(mark)), "utf-8")
    try:
        return content.decode(encoding)
    except UnicodeDecodeError:
        return open_text(io.BytesIO(content), "cp1252").read()


def sample(values: Sequence[str], size: int = 8) -> list[str]:
    """Some values by which an import can be recognised in a collection, the last one first.

    Args:
        values: Lines as they were sent, in their order.
        size: How many at the most.

    Returns:
        Values spread from first to last that can be searched for as they are: indicators of a known kind without quotes
        or backslashes. Of a line of hashes, its first one. The last comes first since it is the last to appear.
    """
    if not values:
        return []
    count = min(size, len(values))
    places = [round(step * (len(values) - 1) / max(1, count - 1)) for step in range(count)]
    # Around each place the nearest usable value stands for it.
    window = max(1, len(values) // count)
    picked: dict[str, None] = {}
    for place in reversed(places):
        for distance in range(window):
            near = (place - distance, place + distance)
            value = next((word for at in near if 0 <= at < len(values) and (word := _searchable(values[at]))), None)
            if value:
                picked.setdefault(value)
                break
    return list(picked)


def thin(values: Iterable[str], most: int = 512) -> list[str]:
    """Some of many values, evenly spread, without holding the others; the last one is always among them."""
    kept: list[str] = []
    stride, last = 1, None
    for number, value in enumerate(values):
        last = value
        if number % stride == 0:
            kept.append(value)
            if len(kept) == most:
                kept = kept[::2]
                stride *= 2
    return kept if last is None or kept[-1] == last else [*kept, last]


def _searchable(line: str) -> str | None:
    found = recognise(line)
    if isinstance(found, Unrecognised):
        return None
    word = found.value.split(",")[0] if found.type == "hashes" else found.value
    return word if len(word) <= 500 and not any(letter in "'\"\\" for letter in word) else None
