"""Why a value is not an indicator, in words that an analyst understands."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import islice

from sekoia_cti.indicators.domains import FILE_EXTENSIONS, is_name

__all__ = ["LOG", "UNKNOWN", "reason"]

LOG = "a log line, which does not say which of its fields is an indicator"
UNKNOWN = "not a known kind of indicator"

_QUAD = r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}"
_IPV6_TEXT = r"[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}"
_REASONS = [
    (re.compile(pattern, re.IGNORECASE | re.ASCII | re.DOTALL), reason)
    for pattern, reason in (
        (r"none|null|nan|undefined|n/a", "a word for an empty value, left by an expression or a program"),
        (r"@@.*", "an exception in a filter list, which allows what it names"),
        (rf"(?:allow|permit|accept)\s.*{_QUAD}.*", "a rule that allows what it names"),
        (rf"(?:{_QUAD}|{_IPV6_TEXT})/(?:[0-9]{{1,3}}|{_QUAD})", "a network, not an address"),
        (rf"{_QUAD}\s*[-–]\s*(?:{_QUAD}|[0-9]{{1,3}})", "a range of addresses, not one address"),
        (rf"(?:{_QUAD}|\[{_IPV6_TEXT}\]):[0-9]{{1,5}}", "an address with a port"),
        (rf"\[?{_IPV6_TEXT}%\w+\]?(?:/[0-9]+)?", "an address with a zone, which has a meaning only on one machine"),
        (
            rf"(?={_QUAD}$)(?:[0-9]+\.)*0[0-9].*",
            "an address with leading zeros, which different programs read differently",
        ),
        (_QUAD, "not an IPv4 address: a number in it is above 255"),
        (rf"(?=.*:.*:){_IPV6_TEXT}.{{0,20}}", "not a valid IPv6 or MAC address"),
        (r"[a-z0-9_.-]+\.[a-z0-9-]+:[0-9]{1,5}", "a domain with a port"),
        (r"cve-[0-9]{4}-[0-9]{4,}", "a vulnerability, not an indicator"),
        (r"(?:hkey_|hklm\\|hkcu\\|hku\\|hkcr\\).*", "a registry key"),
        (r"//[\w-]+(?:\.[\w-]+)+(?::[0-9]{1,5})?(?:[/?#].*)?", "a URL without its scheme (http:// or another)"),
        (r"(?:[a-z]:\\|\\\\|[%$~]\w*%?[\\/]|\.{0,2}/).*|[^/]*\\.*", "a file path"),
        (r"\*\..*|[\w.-]*\*[\w.-]*", "a pattern with wildcards, not one domain"),
        (r"[\w-]+(?:\.[\w-]+)+(?::[0-9]{1,5})?[/?#].*", "a URL without its scheme (http:// or another)"),
        (r"mailto:.*", "a link to an email address, not the address"),
        (r"[^\s@]+@[^\s@]+", "not a valid email address"),
    )
]
_LIKE_A_NAME = re.compile(r"[\w.-]+")
_FIELD = re.compile(r"(?:(?<=[\s|;,])|\A)[A-Za-z][\w.-]{0,40}=([^\s|;,]*)")
_FIELDS = 50

_BETWEEN = re.compile(r"[\s,;|]+")


def reason(value: str, is_indicator: Callable[[str], bool]) -> str:
    """Why a value is not an indicator; the first that fits.

    Args:
        value: The value.
        is_indicator: Whether a word of it is one by itself.
    """
    for pattern, said in _REASONS:
        if pattern.fullmatch(value):
            return said
    extension = value.rpartition(".")[2].lower() if "." in value else ""
    if extension in FILE_EXTENSIONS:
        return "a file name"
    fields = list(islice(_FIELD.finditer(value), _FIELDS))
    if len(fields) > 1 and any(is_indicator(field[1]) for field in fields):
        return LOG
    words = _BETWEEN.split(value)
    if len(words) > 1 and is_indicator(words[0]):
        return "several values on one line" if is_indicator(words[-1]) else "an indicator with text after it"
    if extension and not extension.isdigit():
        if is_name(value):
            return f"not a domain, since there is no top-level domain “{extension}”"
        if _LIKE_A_NAME.fullmatch(value):
            return "not a valid domain name"
    return UNKNOWN
