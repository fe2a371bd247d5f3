"""The canonical form of names and addresses: the form that is sent, whichever spelling was read.

Events contain host names in lowercase with A-labels (``xn--…``), so an indicator in another spelling would not match.
"""

from __future__ import annotations

import re
from ipaddress import IPv6Address
from unicodedata import normalize
from urllib.parse import quote

__all__ = ["SPELLED", "address_of", "escaped", "mac_of", "name_of"]

SPELLED = r"%[0-9A-F]?[a-f]|[\"<>\\^`{|}]|[^\x00-\x7f]"
"""What :func:`escaped` spells otherwise."""

_IS_SPELLED = re.compile(SPELLED).search
_ESCAPE = re.compile("%[0-9A-Fa-f]{2}")
_JOINERS = re.compile("[\u200c\u200d]")
# Variation selectors, and fillers that no keyboard has: they are invisible and not part of a name.
_UNSEEN = dict.fromkeys([0x34F, 0x115F, 0x1160, 0x3164, 0xFFA0, *range(0xFE00, 0xFE10)])


def name_of(name: str) -> str:
    """The canonical form of a host's name: lower case, each label that is not ASCII as A-label (RFC 3492, RFC 5891).

    Compatibility forms are folded as UTS #46 does: full-width letters and a decomposed ``ü`` are what they look like.
    A name that cannot be written that way is returned unchanged.
    """
    if name.isascii():
        return name.lower()
    folded = normalize("NFKC", normalize("NFKC", name.translate(_UNSEEN)).lower())
    try:
        return ".".join(map(_a_label, folded.split(".")))
    except UnicodeError:  # half an emoji
        return name


def _a_label(label: str) -> str:
    # Among ASCII letters a joiner has no effect: it came with a copy, or is there to deceive.
    if (plain := _JOINERS.sub("", label)).isascii():
        return plain
    return "xn--" + label.encode("punycode").decode("ascii")


def address_of(address: IPv6Address) -> str:
    """The canonical form of an IPv6 address (RFC 5952); an IPv4 address in one stays legible."""
    mapped = address.ipv4_mapped
    return f"::ffff:{mapped}" if mapped else str(address)


def mac_of(address: str) -> str:
    """The canonical form of a MAC address: lower case, with colons (STIX 2.1, section 6.9)."""
    digits = re.sub(r"[:.-]", "", address).lower()
    return ":".join(digits[at : at + 2] for at in range(0, 12, 2))


def escaped(url: str) -> str:
    """One spelling of the escapes of a URL, by which it is known: in capitals (RFC 3986, section 6.2.2.1), and instead of letters
    that no URL holds (RFC 3987, section 3.1). It is sent as it was written, since events hold what a browser was given.
    """
    if _IS_SPELLED(url) is None:
        return url
    quoted = quote(url, safe="!#$%&'()*+,/:;=?@[]~", errors="surrogatepass")
    return _ESCAPE.sub(lambda escape: escape[0].upper(), quoted)
