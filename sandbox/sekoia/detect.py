"""What kind of observable a value is, and the STIX pattern that finds it (STIX 2.1, section 9)."""

import ipaddress
import re
from typing import NamedTuple

__all__ = ["TYPES", "Observable", "detect"]

TYPES = ("ipv4-addr", "ipv6-addr", "mac-addr", "domain-name", "url", "file", "email-addr")

# Strongest first: the order within a pattern.
_HASHES = {128: "'SHA-512'", 64: "'SHA-256'", 40: "'SHA-1'", 32: "MD5"}
_HASH = re.compile(r"(?:[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64}|[0-9a-f]{128})", re.IGNORECASE)
_LABEL = r"(?!-)[\w-]{1,63}(?<!-)"
# The last label is no number, which tells a name from a broken IPv4 address.
_NAME = rf"(?=.{{1,253}}\Z)(?:{_LABEL}\.)+(?!\d+\Z){_LABEL}"
_DOMAIN = re.compile(_NAME)
_EMAIL = re.compile(rf"[\w.!#$%&'*+/=?^`{{|}}~-]{{1,64}}@{_NAME}")
_MAC = re.compile(r"[0-9a-f]{2}([:-])[0-9a-f]{2}(?:\1[0-9a-f]{2}){4}", re.IGNORECASE)
_URL = re.compile(
    r"(?:https?|ftps?|sftp|ssh|tcp|udp|wss?)://(?:[^\s/?#@]*@)?([^\s/?#:@\[\]]+|\[[0-9a-f:.]+\])"
    r"(?::\d{1,5})?(?:[/?#]\S*)?",
    re.IGNORECASE,
)


class Observable(NamedTuple):
    """A value that was understood."""

    type: str
    name: str
    pattern: str


def detect(text: str, only: str | None = None) -> Observable | None:
    """Reads a line: one value, or the hashes of one file separated by commas.

    Returns None for what is no observable, or none of the type `only`.
    """
    found = _detect(text)
    return found if found is not None and only in (None, found.type) else None


def _detect(text: str) -> Observable | None:
    if (_HASH.fullmatch(text) or "," in text) and (file := _file(text)) is not None:
        return file
    if "://" in text:
        match = _URL.fullmatch(text)
        return _observable("url", text) if match and _is_host(match[1]) else None
    if "@" in text:
        return _observable("email-addr", text.lower()) if _EMAIL.fullmatch(text) else None
    if _MAC.fullmatch(text):
        return _observable("mac-addr", text.lower())
    if ":" in text:
        return _observable("ipv6-addr", text.lower()) if _is_address(ipaddress.IPv6Address, text) else None
    if _DOMAIN.fullmatch(text):
        return _observable("domain-name", text.lower())
    return _observable("ipv4-addr", text) if _is_address(ipaddress.IPv4Address, text) else None


def _observable(kind: str, value: str) -> Observable:
    quoted = value.replace("\\", "\\\\").replace("'", "\\'")
    return Observable(kind, value, f"[{kind}:value = '{quoted}']")


def _file(text: str) -> Observable | None:
    """Hashes of one file: of different algorithms, for a file has one hash of each."""
    hashes = [part.strip().lower() for part in text.split(",")]
    by_length = {len(value): value for value in hashes if _HASH.fullmatch(value)}
    if len(by_length) != len(hashes):
        return None
    ordered = [(algorithm, by_length[length]) for length, algorithm in _HASHES.items() if length in by_length]
    comparisons = (f"file:hashes.{algorithm} = '{value}'" for algorithm, value in ordered)
    return Observable("file", ordered[0][1], f"[{' OR '.join(comparisons)}]")


def _is_host(host: str) -> bool:
    if host.startswith("["):
        return _is_address(ipaddress.IPv6Address, host[1:-1])
    return bool(_DOMAIN.fullmatch(host)) or _is_address(ipaddress.IPv4Address, host)


def _is_address(kind: type[ipaddress.IPv4Address] | type[ipaddress.IPv6Address], text: str) -> bool:
    try:
        kind(text)
    except ValueError:
        return False
    return "%" not in text  # a zone has a meaning on one machine only
