"""What kind of observable a value is, and the STIX pattern that finds it (STIX 2.1, section 9)."""

import ipaddress
import re
from typing import Literal, NamedTuple
from urllib.parse import quote

__all__ = ["TYPES", "Form", "Observable", "detect"]

Form = Literal["given", "lower", "canonical"]
"""How a value is kept: as it was given; in lowercase, but for URLs; or as DNS and RFC 5952 write it."""
TYPES = ("ipv4-addr", "ipv6-addr", "mac-addr", "domain-name", "url", "file", "email-addr")

# Strongest first: the order within a pattern.
_HASHES = {128: "'SHA-512'", 64: "'SHA-256'", 40: "'SHA-1'", 32: "MD5"}
_HASH = re.compile(r"(?:[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64}|[0-9a-f]{128})", re.IGNORECASE)
_LABEL = r"(?!-)[\w-]{1,63}(?<!-)"
# The last label is not a number, which tells a name from a broken IPv4 address.
_NAME = rf"(?=.{{1,253}}\Z)(?:{_LABEL}\.)+(?!\d+\Z){_LABEL}"
_DOMAIN = re.compile(_NAME)
_EMAIL = re.compile(rf"[\w.!#$%&'*+/=?^`{{|}}~-]{{1,64}}@{_NAME}")
_MAC = re.compile(r"[0-9a-f]{2}([:-])[0-9a-f]{2}(?:\1[0-9a-f]{2}){4}", re.IGNORECASE)
_URL = re.compile(
    r"((?:https?|ftps?|sftp|ssh|tcp|udp|wss?)://)([^\s/?#@]*@)?([^\s/?#:@\[\]]+|\[[0-9a-f:.]+\])"
    r"((?::\d{1,5})?(?:[/?#]\S*)?)",
    re.IGNORECASE,
)


class Observable(NamedTuple):
    """A value that was understood."""

    type: str
    name: str
    pattern: str


def detect(text: str, only: str | None = None, form: Form = "lower") -> Observable | None:
    """Reads a line: one value, or the hashes of one file separated by commas.

    Returns None for what is not an observable, or not of the type `only`.
    """
    found = _recognize(text, form)
    return found if found is not None and only in (None, found.type) else None


def _recognize(text: str, form: Form) -> Observable | None:
    if (_HASH.fullmatch(text) or "," in text) and (file := _file(text)) is not None:
        return file
    if "://" in text:
        match = _URL.fullmatch(text)
        if not match or not _is_host(match[3]):
            return None
        return _observable("url", _canonical_url(*match.groups(default="")) if form == "canonical" else text, "given")
    if "@" in text:
        return _observable("email-addr", text, form) if _EMAIL.fullmatch(text) else None
    if _MAC.fullmatch(text):
        return _observable("mac-addr", text, form)
    if ":" in text:
        return _observable("ipv6-addr", text, form) if _is_address(ipaddress.IPv6Address, text) else None
    if _DOMAIN.fullmatch(text):
        return _observable("domain-name", text, form)
    return _observable("ipv4-addr", text, form) if _is_address(ipaddress.IPv4Address, text) else None


def _observable(kind: str, text: str, form: Form) -> Observable:
    match form:
        case "given":
            value = text
        case "lower":
            value = text.lower()
        case "canonical":
            value = _canonical(text.lower())
    quoted = value.replace("\\", "\\\\").replace("'", "\\'")
    return Observable(kind, value, f"[{kind}:value = '{quoted}']")


def _canonical(value: str) -> str:
    """A name, an address or an email address as DNS and RFC 5952 write it."""
    if ":" in value and _is_address(ipaddress.IPv6Address, value):
        return str(ipaddress.IPv6Address(value))
    user, at, name = value.rpartition("@")
    try:
        return user + at + name.lower().encode("idna").decode()
    except UnicodeError:
        return value  # a label that IDNA does not know


def _canonical_url(scheme: str, user: str, host: str, rest: str) -> str:
    """A URL with scheme and host in lowercase, the host as DNS has it, and escapes in uppercase."""
    name = f"[{_canonical(host[1:-1])}]" if host.startswith("[") else _canonical(host.lower())
    escaped = re.sub(r"%[0-9a-fA-F]{2}", lambda match: match[0].upper(), quote(rest, safe="!#$%&'()*+,/:;=?@[]~"))
    return scheme.lower() + user + name + escaped


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
