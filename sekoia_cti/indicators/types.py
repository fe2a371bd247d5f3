"""What kind of indicator a value is, or why it is none that Sekoia takes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from ipaddress import IPv6Address
from pathlib import Path
from typing import Literal, TypeAlias
from unicodedata import category

from publicsuffixlist import PSLFILE

from sekoia_cti.indicators.canonical import name_of
from sekoia_cti.indicators.refang import STIX_START, refang

__all__ = [
    "DEFANGED",
    "STIX_TYPES",
    "Found",
    "IndicatorType",
    "Recognised",
    "Unrecognised",
    "examine",
    "plain",
    "plain_defanged",
    "recognise",
]

IndicatorType = Literal["ipv4", "ipv6", "mac", "domain", "url", "email", "md5", "sha1", "sha256", "sha512", "hashes"]
"""The kinds that Sekoia takes (contract, "Accepted IOC types"); ``hashes`` are several of one file in one line."""

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
"""What STIX, and so Sekoia, calls them."""

Found: TypeAlias = tuple[IndicatorType | None, str, str]
"""``(type, value, key)``, two values of one key being the same indicator; or ``(None, value, reason)``.

A tuple, since half a million of them are made in a second.
"""


@dataclass(frozen=True, slots=True)
class Recognised:
    """An indicator, and the value as it is to be sent."""

    type: IndicatorType
    value: str


@dataclass(frozen=True, slots=True)
class Unrecognised:
    """No indicator that Sekoia takes, and why, in words that an analyst understands."""

    value: str
    reason: str


DEFANGED = "written defanged"
"""The reason of what would be an indicator if it were to be refanged."""

# Domains

_SPECIAL_USE = frozenset(
    (
        "example",  # RFC 6761: documentation, and what the tests of others hold
        "test",
        "invalid",
        "localhost",
        "local",  # RFC 6762: multicast DNS, and many a company's internal network
        "onion",  # RFC 7686: leak sites and C2 in Tor
        "alt",  # RFC 9476: names outside of the DNS
        "internal",  # reserved by ICANN in 2024 for internal networks
        "i2p",  # no reservation, but C2 is published under these names: I2P,
        "bit",  # Namecoin,
        "bazar",  # and EmerDNS, which gave a loader its name
    )
)

# Top-level domains that are extensions of files too, where feeds name more files than domains: ``7145-2021.zip`` and
# ``form.zip`` in a published list of Emotet are attachments, ``bins.sh`` and ``libx.so`` are what botnets download.
# Nothing in ``invoice.zip`` tells which it is, so without a hint it is reported instead of guessed; it is sent all the
# same. A hint is whatever only a domain has: see :func:`_is_surely_domain`. Under .pl, .rs, .md, .cc, .app, .one and
# .com it is the other way round: next to their millions of domains, files of these names are no rule to follow.
_ALSO_FILES = frozenset(("zip", "mov", "sh", "py", "so", "cab", "dot"))

_EXTENSIONS = """
    7z ace apk arj asp aspx avi bak bat bin bmp bz2 cfg chm class cmd conf cpl cpp csv dat db deb dll dmg doc docm docx
    dotm dylib elf eml exe gif gz hta htm html ico img ini ipa iso jar jpeg jpg js jse json jsp lnk log lua mht mkv mp3
    mp4 msg msi msp pdf pem php pif png ppam pps ppsx ppt pptm pptx ps1 psm1 pyc pyw rar rb reg rpm rtf scr svg swf sys
    tar tgz tmp txt vbe vbs vhd vhdx war webp wsf wsh xhtml xlam xll xls xlsb xlsm xlsx xml xz yaml yml
"""
_FILE_EXTENSIONS = _ALSO_FILES.union(_EXTENSIONS.split())


@cache
def _suffixes() -> frozenset[str]:
    """ICANN's part of the public suffix list, IDN in both spellings, and the special-use names.

    The data comes with the package, so nothing is fetched. It is read here and not by the package's class, which takes
    ten times as long and answers in microseconds where a set answers in tens of nanoseconds.
    """
    icann = Path(PSLFILE).read_text("utf-8").partition("// ===END ICANN DOMAINS===")[0]
    rules = {line.split()[0] for line in icann.splitlines() if line and not line.startswith(("//", "!"))}
    names = {rule.removeprefix("*.") for rule in rules}
    # Some top-level domains, such as za, have no rule of their own.
    names |= {name.rpartition(".")[2] for name in names}
    encoded = {name.encode("idna").decode("ascii") for name in names if not name.isascii()}
    return frozenset(names | encoded | _SPECIAL_USE)


@cache
def _plain_endings() -> frozenset[str]:
    """Last labels that make a well-formed name a domain without a closer look."""
    return frozenset(name for name in _suffixes() if "." not in name) - _ALSO_FILES


# The common shapes, by one match

_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?+"
_OCTET = r"(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_IPV4 = rf"{_OCTET}(?:\.{_OCTET}){{3}}"
# A backslash takes a closer look: it may be an escaped line break between two URLs.
_AFTER_HOST = r"(?::[0-9]{1,4})?(?:[/?\#][!-\[\]-~]*+)?"
_PLAIN = re.compile(
    rf"""
      (?P<hash>[0-9A-Fa-f]{{32,128}}+)(?P<hashes>[ ,;|][0-9A-Fa-f ,;|]*[0-9A-Fa-f])?
    | (?P<domain>(?:{_LABEL}\.)++(?P<ending>[a-z]{{2,63}}))
    | (?P<ipv4>{_IPV4})
    | (?P<url>https?://(?:(?:{_LABEL}\.)++[a-z]{{2,63}}|{_IPV4}){_AFTER_HOST})
    """,
    re.VERBOSE | re.ASCII,
).fullmatch

# The same with hxxp for http and [.] for any of the dots, in a text that cleaning has nothing to do with.
_DOT = r"(?:\.|\[\.\])"
_PLAIN_DEFANGED = re.compile(
    rf"""
    (?P<scheme>h(?:xx|XX|tt)p(?P<secure>s?)://)?
    (?P<host>(?P<domain>(?:{_LABEL}{_DOT})++(?P<ending>[a-z]{{2,63}})) | {_OCTET}(?:{_DOT}{_OCTET}){{3}})
    (?P<rest>(?::[0-9]{{1,4}})?(?:[/?\#][!-'*-Z^-z|~]*+)?)
    (?<=[0-9A-Za-z/])
    """,
    re.VERBOSE | re.ASCII,
).fullmatch


def plain(value: str) -> Found | None:
    """The answer for the shapes that make up nearly all of nearly all feeds; None when it takes a closer look."""
    if (match := _PLAIN(value)) is None or len(value) > _LONGEST_NAME:
        return None
    kind = match.lastgroup
    if kind == "domain":
        return _plain_domain(value, match["ending"])
    if kind == "url":
        return "url", value, value
    if kind == "ipv4":
        return "ipv4", value, value
    if kind == "hashes":
        found = _hashes_of_one_file(value)
        return found if found[0] else None
    if hash_kind := _HASHES.get(len(value)):
        return hash_kind, value, _lowered(value)
    return None


def plain_defanged(text: str) -> Found | None:
    """The same for a text as it was written: what :func:`plain` says of the refanged value, at once.

    None when it takes a closer look: the text is defanged in another way, needs cleaning, or is of another shape.
    """
    if (match := _PLAIN_DEFANGED(text)) is None or len(text) > _LONGEST_NAME:
        return None
    host = match["host"].replace("[.]", ".")
    if match["scheme"]:
        if text.find("://", 9) >= 0:
            return None  # the path of a defanged URL can be defanged as well
        value = f"http{match['secure']}://{host}{match['rest']}"
        return "url", value, value
    if match["rest"]:
        return None
    return _plain_domain(host, match["ending"]) if match["domain"] else ("ipv4", host, host)


def _plain_domain(name: str, ending: str) -> Found | None:
    return ("domain", name, name) if ending in _plain_endings() and name not in _suffixes() else None


def _lowered(value: str) -> str:
    """The value in lower case, as the same object where it is: half a million keys are kept besides their values."""
    lowered = value.lower()
    return value if value == lowered else lowered


def recognise(value: str) -> Recognised | Unrecognised:
    """What a value is.

    Args:
        value: One line without comments or quotes around it (see ``reading.clean``), refanged.
    """
    kind, sent, reason = plain(value) or examine(value, is_host=False, may_be_defanged=True)
    return Unrecognised(sent, reason) if kind is None else Recognised(kind, sent)


def examine(value: str, *, is_host: bool, may_be_defanged: bool) -> Found:
    """The answer for what :func:`plain` does not know.

    Args:
        is_host: Whether something besides the value says that it names no file, such as that it was defanged.
        may_be_defanged: Whether it has not been refanged.
    """
    if may_be_defanged and refang(value) != value:
        return None, value, DEFANGED
    for reader in (_hashes, _stix, _url, _email, _mac, _ipv6):
        if found := reader(value):
            return found
    return _domain(value, is_host=is_host) or (None, value, _reason(value))


# Hashes

_HASHES: dict[int, IndicatorType] = {32: "md5", 40: "sha1", 64: "sha256", 128: "sha512"}
_HASH_LINE = re.compile(r"[0-9A-Fa-f]{24,}+(?:[\s,;|]++[0-9A-Fa-f]{24,}+)*+", re.ASCII)
_BETWEEN = re.compile(r"[\s,;|]+")
_NOT_TAKEN = {56: "SHA-224", 96: "SHA-384"}


def _hashes(value: str) -> Found | None:
    if not _HASH_LINE.fullmatch(value):
        return None
    return _hashes_of_one_file(value) if _BETWEEN.search(value) else _odd_hash(value)


def _odd_hash(value: str) -> Found:
    if name := _NOT_TAKEN.get(len(value)):
        return None, value, f"a {name} hash, a kind that Sekoia does not take"
    return None, value, "hexadecimal digits, but not as many as an MD5, SHA-1, SHA-256 or SHA-512 hash has"


def _hashes_of_one_file(value: str) -> Found:
    words = value.replace(",", " ").replace(";", " ").replace("|", " ").split()
    lengths = set(map(len, words))
    if not lengths <= _HASHES.keys():
        return None, value, "a line of hashes, one of which is no MD5, SHA-1, SHA-256 or SHA-512 hash"
    if len(lengths) < len(words):
        return None, value, "two hashes of one kind, where a line holds the hashes of one file"
    joined = ",".join(words)
    return "hashes", joined, _lowered(joined)


# STIX

_COMPARISON = r"([a-z0-9-]+:[\w.'\"-]+)\s*+=\s*+'((?:[^'\\]|\\.)*+)'"
_PATTERN = re.compile(rf"\[\s*+{_COMPARISON}(?:\s++(?:OR|AND)\s++{_COMPARISON})*+\s*+\]")
_STIX_TYPES: dict[str, IndicatorType] = {
    "ipv4-addr:value": "ipv4",
    "ipv6-addr:value": "ipv6",
    "mac-addr:value": "mac",
    "domain-name:value": "domain",
    "url:value": "url",
    "email-addr:value": "email",
    "file:hashes.md5": "md5",
    "file:hashes.sha1": "sha1",
    "file:hashes.sha256": "sha256",
    "file:hashes.sha512": "sha512",
}


def _stix(value: str) -> Found | None:
    if not STIX_START.match(value):
        return None
    if not _PATTERN.fullmatch(value):
        return None, value, "a STIX pattern that is more than a comparison with one value"
    sent: list[Found] = []
    for path, literal in re.findall(_COMPARISON, value):
        name = path.lower().translate({ord(mark): None for mark in "'\""}).replace("sha-", "sha")
        if (expected := _STIX_TYPES.get(name)) is None:
            return None, value, f"a STIX pattern for {path}, which Sekoia does not take"
        text = re.sub(r"\\(.)", r"\1", literal)
        kind, inner, reason = plain(text) or examine(text, is_host=True, may_be_defanged=False)
        if kind != expected:
            return None, value, f"a STIX pattern for {path} whose value is of another kind" if kind else reason
        sent.append((kind, inner, reason))
    if len(sent) == 1:
        return sent[0]
    # Hashes of different kinds, joined, are how a pattern describes one file; else it is about several things.
    if all(kind in _HASHES.values() for kind, _, _ in sent):
        kind, joined, key = _hashes_of_one_file(",".join(inner for _, inner, _ in sent))
        return (kind, joined, key) if kind else (None, value, key)
    return None, value, "a STIX pattern that is more than a comparison with one value"


# URLs

_URL = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*+)://(?P<user>[^/?#]*@)?(?P<host>\[[^\]/?#]*\]|[^/?#:@\[\]]*)"
    r"(?::(?P<port>[0-9]*))?(?P<rest>[/?#].*)?",
    re.DOTALL,
)
_BLANK = re.compile(r"[\s\x00-\x1f\x7f]")
_NUMBER_HOST = re.compile(r"[0-9]{1,10}|0x[0-9A-Fa-f]{1,8}")  # an IPv4 address as one number, which browsers take


def _url(value: str) -> Found | None:
    if not re.match(r"[A-Za-z][A-Za-z0-9+.-]*+://", value):
        return None
    if _BLANK.search(value):
        return None, value, "a URL with blanks in it"
    match = _URL.fullmatch(value)
    if match is None or not _is_host(match["host"]):
        return None, value, "a URL without a valid host"
    port = match["port"]
    if port and (len(port) > 5 or int(port) > 65_535):
        return None, value, "a URL with an impossible port"
    start, rest = f"://{match['user'] or ''}", value[match.end("host") :]
    host = name_of(match["host"])
    sent = f"{match['scheme']}{start}{host}{rest}"
    return "url", sent, f"{match['scheme'].lower()}{start}{host.lower()}{rest}"


def _is_host(host: str) -> bool:
    if host.startswith("["):
        return _ipv6(host) is not None
    name = host.removesuffix(".")
    if re.fullmatch(_IPV4, name) or _NUMBER_HOST.fullmatch(name):
        return True
    return _is_name(name) and not name.rpartition(".")[2].isdigit()


# Email addresses

_LOCAL_PART = re.compile(r"""[^\s"(),:;<>@\[\\\]\x00-\x1f\x7f.]+(?:\.[^\s"(),:;<>@\[\\\]\x00-\x1f\x7f.]+)*""")


def _email(value: str) -> Found | None:
    local, at, domain = value.rpartition("@")
    if not at or len(local) > 64 or not _LOCAL_PART.fullmatch(local):
        return None
    kind, name, key = _domain(domain, is_host=True) or (None, "", "")
    return ("email", f"{local}@{name}", f"{local}@{key}") if kind else None


# Addresses

_MAC = re.compile(
    r"[0-9A-Fa-f]{2}([:-])(?:[0-9A-Fa-f]{2}\1){4}[0-9A-Fa-f]{2}|[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}"
)
_EIGHT_PAIRS = re.compile(r"[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){7}")
_IPV6_SHAPE = re.compile(r"\[?([0-9A-Fa-f:]*:[0-9A-Fa-f:.]*)\]?")


def _mac(value: str) -> Found | None:
    if not _MAC.fullmatch(value):
        return None
    digits = re.sub(r"[:.-]", "", value).lower()
    return "mac", value, ":".join(digits[at : at + 2] for at in range(0, 12, 2))


def _ipv6(value: str) -> Found | None:
    match = _IPV6_SHAPE.fullmatch(value)
    if match is None or value.startswith("[") != value.endswith("]"):
        return None
    try:
        number = int(IPv6Address(match[1]))
    except ValueError:
        return None
    if _EIGHT_PAIRS.fullmatch(value):
        return None, value, "eight pairs of digits: an IPv6 address or a long MAC address (EUI-64)"
    return "ipv6", match[1], f"ipv6 {number:x}"


# Domains, at length

_LONGEST_NAME = 253
_WORD = r"[^\x00-/:-@\[-^`{-\x7f]"  # ASCII letters, digits, underscore; of the others see _belongs_in_name()
_NAME = re.compile(rf"(?:{_WORD}(?:(?:{_WORD}|-){{0,61}}{_WORD})?\.)*{_WORD}(?:(?:{_WORD}|-){{0,61}}{_WORD})?")
_JOINERS = "\u200c\u200d\u00b7\u30fb"  # without which some scripts cannot be written (RFC 5892)


def _is_name(name: str) -> bool:
    if len(name) > _LONGEST_NAME or _NAME.fullmatch(name) is None:
        return False
    return name.isascii() or (len(name_of(name)) <= _LONGEST_NAME and all(map(_belongs_in_name, name)))


def _belongs_in_name(letter: str) -> bool:
    return letter.isascii() or letter in _JOINERS or category(letter)[0] in "LMN" or category(letter) == "So"


def _domain(value: str, *, is_host: bool) -> Found | None:
    name = value.removesuffix(".")
    if "." not in name or not _is_name(name):
        return None
    name = name_of(name)
    lowered = name.lower()
    ending = lowered.rpartition(".")[2]
    if ending not in _suffixes():
        return None
    if lowered in _suffixes():
        return None, value, "a public suffix, below which anyone can have a domain, and no domain itself"
    if ending in _ALSO_FILES and not (is_host or _is_surely_domain(value, lowered)):
        return None, value, f"a file name or a domain: written as [.]{ending} or as a URL it would be a domain"
    return "domain", name, lowered


def _is_surely_domain(value: str, lowered: str) -> bool:
    """Whether a name that could be a file's has the root's dot, a host's ``www.``, or a registry such as com.py."""
    return value.endswith(".") or lowered.startswith("www.") or any(map(_suffixes().__contains__, _parents(lowered)))


def _parents(name: str) -> Iterator[str]:
    _, _, parent = name.partition(".")
    while "." in parent:
        yield parent
        _, _, parent = parent.partition(".")


# What a value is that is no indicator

_QUAD = r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}"
_IPV6_TEXT = r"[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}"
_REASONS = [
    (re.compile(pattern, re.IGNORECASE | re.ASCII | re.DOTALL), reason)
    for pattern, reason in (
        (r"@@.*", "an exception of a filter list, which allows what it names"),
        (rf"(?:{_QUAD}|{_IPV6_TEXT})/(?:[0-9]{{1,3}}|{_QUAD})", "a network, not an address"),
        (rf"{_QUAD}\s*[-–]\s*(?:{_QUAD}|[0-9]{{1,3}})", "a range of addresses, not one address"),
        (rf"(?:{_QUAD}|\[{_IPV6_TEXT}\]):[0-9]{{1,5}}", "an address with a port"),
        (rf"\[?{_IPV6_TEXT}%\w+\]?(?:/[0-9]+)?", "an address with a zone, which means something on one machine only"),
        (rf"(?={_QUAD}$)(?:[0-9]+\.)*0[0-9].*", "an address with leading zeros, which programs read differently"),
        (_QUAD, "no IPv4 address: a number in it is above 255"),
        (rf"(?=.*:.*:){_IPV6_TEXT}.{{0,20}}", "no valid IPv6 or MAC address"),
        (r"[a-z0-9_.-]+\.[a-z0-9-]+:[0-9]{1,5}", "a domain with a port"),
        (r"cve-[0-9]{4}-[0-9]{4,}", "a vulnerability, not an indicator"),
        (r"(?:hkey_|hklm\\|hkcu\\|hku\\|hkcr\\).*", "a registry key"),
        (r"//[\w-]+(?:\.[\w-]+)+(?::[0-9]{1,5})?(?:[/?#].*)?", "a URL without its scheme (http:// or another)"),
        (r"(?:[a-z]:\\|\\\\|[%$~]\w*%?[\\/]|\.{0,2}/).*|[^/]*\\.*", "a file path"),
        (r"\*\..*|[\w.-]*\*[\w.-]*", "a pattern with wildcards, not one domain"),
        (r"[\w-]+(?:\.[\w-]+)+(?::[0-9]{1,5})?[/?#].*", "a URL without its scheme (http:// or another)"),
        (r"mailto:.*", "a link to an email address, not the address"),
        (r"[^\s@]+@[^\s@]+", "no valid email address"),
    )
]
_LIKE_A_NAME = re.compile(r"[\w.-]+")


def _reason(value: str) -> str:
    """Why a value is no indicator; the first that fits."""
    for pattern, reason in _REASONS:
        if pattern.fullmatch(value):
            return reason
    extension = value.rpartition(".")[2].lower() if "." in value else ""
    if extension in _FILE_EXTENSIONS:
        return "a file name"
    words = _BETWEEN.split(value)
    if len(words) > 1 and _is_indicator(words[0]):
        return "several values in one line" if _is_indicator(words[-1]) else "an indicator with text after it"
    if extension and not extension.isdigit():
        if _is_name(value):
            return f"no domain, since there is no top-level domain “{extension}”"
        if _LIKE_A_NAME.fullmatch(value):
            return "no valid domain name"
    return "no known kind of indicator"


def _is_indicator(word: str) -> bool:
    word = refang(word.strip("\"'"))
    return (plain(word) or examine(word, is_host=False, may_be_defanged=False))[0] is not None
