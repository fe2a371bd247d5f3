"""What kind of indicator one value is, in canonical form, or why Sekoia does not accept it."""

from __future__ import annotations

import re

from sekoia_cti.indicators.addresses import email, ipv4, ipv6, mac
from sekoia_cti.indicators.domains import domain
from sekoia_cti.indicators.hashes import hashes
from sekoia_cti.indicators.patterns import pattern
from sekoia_cti.indicators.reasons import reason
from sekoia_cti.indicators.refang import refang
from sekoia_cti.indicators.shapes import plain
from sekoia_cti.indicators.types import Finding
from sekoia_cti.indicators.urls import url

__all__ = ["DAMAGED", "DEFANGED", "recognize"]

DEFANGED = "written defanged"
"""The reason for a value that would be an indicator if it were refanged."""

DAMAGED = "a character in it, or part of one, was lost before it was read"
"""The reason for a value that would be an indicator if it had arrived complete."""

_LOST = re.compile("[\ud800-\udfff\ufffd]")
"""Half a character, and what decoders put in the place of one that they could not read."""

_READERS = (plain, hashes, url, email, mac, ipv4, ipv6)


def recognize(value: str, *, is_host: bool = False, may_be_defanged: bool = False) -> Finding:
    """What a value is, or why it is not an indicator.

    Args:
        value: The value, without what people write around it (see ``unwrap.clean``), and refanged unless the user
            declines that.
        is_host: Whether something besides the value says that it names no file, such as that it was defanged.
        may_be_defanged: Whether it has not been refanged.
    """
    if may_be_defanged and refang(value) != value:
        return None, value, DEFANGED, None
    if not value.isascii() and _LOST.search(value):
        whole = recognize(_LOST.sub("x", value), is_host=is_host)
        return None, value, DAMAGED if whole[0] else whole[2], None
    for reader in _READERS:
        if found := reader(value):
            return found
    # What a pattern compares with is a host, since a name of a file cannot be the value of a domain's pattern.
    if found := pattern(value, lambda inner: recognize(inner, is_host=True)):
        return found
    return domain(value, is_host=is_host) or (None, value, reason(value, _is_indicator), None)


def _is_indicator(word: str) -> bool:
    bare = word.strip("\"'")
    value = refang(bare)
    return recognize(value, is_host=value != bare)[0] is not None
