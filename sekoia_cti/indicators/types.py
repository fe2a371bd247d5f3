"""The kinds of indicators, and the findings of a line."""

from __future__ import annotations

from typing import Literal, TypeAlias

__all__ = ["STIX_TYPES", "Finding", "IndicatorType"]

IndicatorType = Literal["ipv4", "ipv6", "mac", "domain", "url", "email", "md5", "sha1", "sha256", "sha512", "hashes"]
"""The kinds that Sekoia accepts (contract, "Accepted IOC types"); ``hashes`` are several hashes of one file on one line."""

STIX_TYPES: dict[IndicatorType, str] = {
    "ipv4": "ipv4-addr",
    "ipv6": "ipv6-addr",
    "mac": "mac-addr",
    "domain": "domain-name",
    "url": "url",
    "email": "email-addr",
    "md5": "file",
    "sha1": "file",
    "sha256": "file",
    "sha512": "file",
    "hashes": "file",
}
"""Their names in STIX, and therefore in Sekoia."""

Finding: TypeAlias = tuple[IndicatorType | None, str, str, str | None]
"""One value of a line or cell: ``(kind, value, key, why)``.

``kind`` is None for what is not an indicator. ``value`` is what is sent. ``key`` is the same for all spellings of one
indicator; otherwise it is the reason. ``why`` says how the value differs from what was written, if it is sent only in
part or in a different form; otherwise it is None.

A tuple, since half a million of them are made in a second.
"""
