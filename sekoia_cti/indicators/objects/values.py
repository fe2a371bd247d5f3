"""A value and the name of its type, as nearly all tools give them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from sekoia_cti.indicators.kinds import kind_named
from sekoia_cti.indicators.objects.model import Held, Unread
from sekoia_cti.indicators.patterns import comparison

__all__ = ["held"]

_HASH = re.compile(r"[0-9A-Fa-f]{32,}")
_HASHES = re.compile(r"\s*[0-9A-Fa-f]{32,}(?:[\s,;|]+[0-9A-Fa-f]{32,})*\s*")
_HOST = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*\.[A-Za-z]{2,}")


def held(
    value: str, kind_name: str, said: Mapping[str, Any], *, foreign: bool, observed: bool = False
) -> Held | Unread:
    """A value with a type: the type decides if the value could be several things, and must not contradict it.

    Args:
        value: As it is written.
        kind_name: What the object calls its type, or an empty text.
        said: See :class:`Held`.
        foreign: See :class:`Held`.
        observed: See :class:`Held`.
    """
    kind = kind_named(kind_name)
    if kind == "file" and not _HASH.search(value):
        return Unread(value, f"its type is “{kind_name}”, but it has no hash")
    if kind not in (None, "file") and _HASHES.fullmatch(value):
        return Unread(value, f"its type is “{kind_name}”, but it is a hash")
    # A name such as invoice.zip is a file's or a domain's, and here somebody says which.
    line = comparison("domain-name:value", value) if kind == "domain" and _HOST.fullmatch(value) else value
    if kind_name:
        said = {**said, "type": kind_name}
    return Held(line, value, said, foreign=foreign, observed=observed)
