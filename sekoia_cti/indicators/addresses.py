"""Addresses of hosts, of network cards and of people."""

from __future__ import annotations

import re
from ipaddress import IPv6Address

from sekoia_cti.indicators.canonical import address_of, mac_of
from sekoia_cti.indicators.domains import domain
from sekoia_cti.indicators.labels import without_label
from sekoia_cti.indicators.types import Finding

__all__ = ["IPV4", "OCTET", "email", "ipv4", "ipv6", "mac"]

OCTET = r"(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
IPV4 = rf"{OCTET}(?:\.{OCTET}){{3}}"

_IPV4 = re.compile(rf"({IPV4})(?:/32)?", re.ASCII)
_MAC = re.compile(
    r"[0-9A-Fa-f]{2}([:-])(?:[0-9A-Fa-f]{2}\1){4}[0-9A-Fa-f]{2}|[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}"
)
_EIGHT_PAIRS = re.compile(r"[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){7}")
_IPV6 = re.compile(r"(\[)?([0-9A-Fa-f:]{0,39}:[0-9A-Fa-f:.]{0,45})(?:/128)?(?(1)\])(?:/128)?")
# A text that begins with a bullet or another symbol is not a local part, but a value after that symbol.
_LOCAL_PART = re.compile(
    r"""(?=[\x21-\x7e\w])[^\s"(),:;<>@\[\\\]\x00-\x1f\x7f.]+(?:\.[^\s"(),:;<>@\[\\\]\x00-\x1f\x7f.]+)*"""
)
# Allowed in a local part, but in practice always a wildcard, a bar between cells, or a quotation mark.
_MARKS = re.compile(r"[*|`]|\A'")


def ipv4(value: str) -> Finding | None:
    """The IPv4 address that a text is; a network of one address is that address."""
    match = _IPV4.fullmatch(value)
    return ("ipv4", match[1], match[1], None) if match else None


def ipv6(value: str) -> Finding | None:
    """The IPv6 address that a text is, in brackets or not; a network of one address is that address."""
    match = _IPV6.fullmatch(value)
    if match is None:
        return None
    try:
        address = address_of(IPv6Address(match[2]))
    except ValueError:
        return None
    if _EIGHT_PAIRS.fullmatch(match[2]):
        return None, value, "eight pairs of hexadecimal digits: an IPv6 address or a long MAC address (EUI-64)", None
    return "ipv6", address, address, None


def mac(value: str) -> Finding | None:
    """The MAC address that a text is."""
    if not _MAC.fullmatch(value):
        return None
    canonical = mac_of(value)
    return "mac", canonical, canonical, None


def email(value: str) -> Finding | None:
    """The email address that a text is; its local part stays unchanged, since its case may matter to the server."""
    local, at, name = value.rpartition("@")
    if not at or _MARKS.search(local) or len(local) > 64 or not _LOCAL_PART.fullmatch(local):
        return None
    if "=" in local and without_label(value) is not None:  # from=user@evil.example
        return None
    found = domain(name, is_host=True)
    if found is None or found[0] is None:
        return None
    return "email", f"{local}@{found[1]}", f"{local}@{found[1]}", None
