"""Values that are hardly meant to be blocked: addresses that are not global, and what MISP's warning lists name.

The lists come with ``pymispwarninglists``, of which only the data is used: its own search takes 0.1 to 0.3 s a value. They
are read when the first value of a kind that they speak of is judged, so a list of hashes never loads networks, and an
import without the guard loads nothing. Their layout (a folder a list, in it ``list.json`` with ``name``, ``type`` and
``list``) is that of MISP's own repository; ``tests/indicators/test_known_good.py`` fails should it change.

Which lists: those that an analyst wants to be told of, since blocking what they name blocks one's own people. Left out are
lists of a million sites, cloud providers and VPNs (where attackers rent as well), scanners, sinkholes, dynamic DNS and
disposable mail (known, but not good), and fingerprints of certificates, which are no hashes of files.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TypeAlias

from sekoia_cti.indicators.hosts import is_address
from sekoia_cti.indicators.networks import Networks, Version, version_of
from sekoia_cti.indicators.special import SPECIAL

__all__ = ["ADDRESSES", "EMAILS", "HASHES", "NAMES", "Namer", "namer", "read_list"]

Names: TypeAlias = tuple[str, ...]
"""The lists that name a value, as MISP calls them."""

Namer: TypeAlias = Callable[[str], Names]
"""Gives the names for a value; none for nearly all values."""

ADDRESSES = {
    4: (
        "public-dns-v4",
        "umbrella-blockpage-v4",
        "smtp-receiving-ips",
        "smtp-sending-ips",
        "google-gmail-sending-ips",
        "microsoft-office365-ip",
        "microsoft-office365-cn",
        "akamai",
        "cloudflare",
        "fastly",
        "stackpath",
        "apple",
        "googlebot",
        "wikimedia",
        "zscaler",
    ),
    6: (
        "public-dns-v6",
        "umbrella-blockpage-v6",
        "smtp-receiving-ips",
        "smtp-sending-ips",
        "google-gmail-sending-ips",
        "microsoft-office365-ip",
        "microsoft-office365-cn",
        "akamai",
        "cloudflare",
        "fastly",
        "stackpath",
        "googlebot",
        "wikimedia",
        "zscaler",
    ),
}
"""Resolvers, block pages, mail servers, office suites, CDNs and those of whom everybody is a client, by version of IP."""

NAMES = (
    "microsoft",
    "microsoft-office365",
    "microsoft-win10-connection-endpoints",
    "google",
    "captive-portals",
    "tranco10k",
    "cisco_top5k",
    "moz-top500",
    "bank-website",
    "dax30",
    "university_domains",
    "digitalside",
    "url-shortener",
    "link-in-bio",
    "public-ipfs-gateways",
    "whats-my-ip",
    "findip-host",
    "automated-malware-analysis",
    "security-provider-blogpost",
    "umbrella-blockpage-hostname",
    "second-level-tlds",
    "rfc6761",
)
"""Operating systems, office suites, captive portals, top sites, banks, universities, shorteners and other services that
reports of malware mention, vendors of security, and suffixes below which anyone can have a domain."""

HASHES = ("empty-hashes", "common-ioc-false-positive", "ti-falsepositives", "eicar.com")
"""Empty files, files that get into lists of indicators by mistake, and the test file of EICAR."""

EMAILS = ("common-contact-emails",)
"""Addresses that every company has."""

_OWNED_BY_OTHERS = ("second-level-tlds", "lots-project")
"""Names below which others than their owner publish: ``github.io`` is known, and says nothing of ``evil.github.io``."""


def namer(kind: str) -> Namer:
    """What tells which lists name a value of a kind.

    A domain is named if a list holds it, or holds a domain above it together with what is below, unless between the two
    others than the owner publish. A URL is named only if its very host is, by name, or as an address that is not global or
    stands alone in a list: what lies on a known site need not be good, and blocking a URL blocks nothing else.

    Args:
        kind: As :data:`~sekoia_cti.indicators.types.IndicatorType` names it.

    Returns:
        Takes a value in its canonical form (hosts and hashes in lower case), an IPv6 address as text, or of a URL its host.
        Gives the lists by MISP's titles, or, for an address that is not global, the words for that.
    """
    match kind:
        case "domain":
            return _sites().names
        case "url":
            return _named_host
        case "ipv4":
            return _addresses(4).names
        case "ipv6":
            return _addresses(6).names
        case "email":
            return _named_email
        case "md5" | "sha1" | "sha256" | "sha512":
            return _hashes().naming
        case "hashes":
            return _named_file
        case _:
            return lambda _: ()


def _named_email(address: str) -> Names:
    return tuple(title for title, pattern in _emails() if pattern.match(address))


def _named_file(hashes: str) -> Names:
    return _hashes().naming_any(hashes.split(","))


def _named_host(host: str) -> Names:
    if not is_address(host):
        return _sites().naming(host)
    try:
        return _addresses(version_of(host)).names_of_one(host)
    except OSError:
        return ()  # a number as browsers take it for an address (``http://3232235777/``)


@dataclass(frozen=True, slots=True)
class _WarningList:
    """A list of MISP.

    Attributes:
        title: What MISP calls it.
        entries: What it names.
        below: Those of the entries that stand for what is below them as well.
    """

    title: str
    entries: frozenset[str]
    below: frozenset[str] = frozenset()


class _Lists:
    """Several lists; what none of them names, which is nearly everything, is found out with two looks.

    The longest list is looked into by itself: to join 60,000 resolvers with a few hundred others would copy them.
    """

    def __init__(self, lists: Sequence[_WarningList]) -> None:
        self._lists = lists
        longest, *others = sorted((one.entries for one in lists), key=len, reverse=True) or [frozenset[str]()]
        self._longest = longest
        self._others = frozenset[str]().union(*others)

    @property
    def parts(self) -> tuple[frozenset[str], frozenset[str]]:
        """All entries, in two parts: who looks half a million times looks into them without a call."""
        return self._longest, self._others

    def naming(self, value: str) -> Names:
        """The lists that hold exactly this value."""
        if value not in self._longest and value not in self._others:
            return ()
        return tuple(one.title for one in self._lists if value in one.entries)

    def naming_any(self, values: Sequence[str]) -> Names:
        """The lists that hold one of these values."""
        if self._longest.isdisjoint(values) and self._others.isdisjoint(values):
            return ()
        return tuple(dict.fromkeys(title for value in values for title in self.naming(value)))


class _Sites(_Lists):
    """Lists of host names."""

    def __init__(self, lists: Sequence[_WarningList], others: frozenset[str]) -> None:
        super().__init__(lists)
        self._below = frozenset().union(*(one.below for one in lists))
        self._of_others = others
        self._ends = self._below | others
        self._naming_below = lru_cache(maxsize=10_000)(self._lists_below)

    def names(self, domain: str) -> Names:
        """The lists that name a domain, or one above it with what is below."""
        at = domain.find(".") + 1
        known = self._naming_below(domain[at:]) if at else ()
        if domain not in self._longest and domain not in self._others:
            return known
        found = self.naming(domain)
        return (*found, *(title for title in known if title not in found))

    def _lists_below(self, above: str) -> Names:
        """The lists that name what is below a name: they hold it, or one above it. Many domains are below the same name."""
        found: dict[str, None] = {}
        at = 1
        while at:
            if above in self._ends:  # which nearly none is
                if above in self._of_others:
                    break
                found |= dict.fromkeys(one.title for one in self._lists if above in one.below)
            at = above.find(".") + 1
            above = above[at:]
        return tuple(found)


class _Addresses:
    """Lists of addresses and networks of one version of IP."""

    def __init__(self, version: Version, lists: Sequence[tuple[str, Sequence[str]]]) -> None:
        special = [entry for entry in SPECIAL if version_of(entry[0]) == version]
        self._special = Networks(version, special)
        # Single addresses, such as 60,000 resolvers, stand apart: a set of them is made in no time. Of IPv6, where there
        # are few, each can be written in many ways.
        self._single = _Lists(
            [_WarningList(title, frozenset(entries)) for title, entries in lists] if version == 4 else []
        )
        self._longest, self._others = self._single.parts
        networks = [
            (entry, title)
            for title, entries in lists
            for entry in entries
            if (":" in entry if version == 6 else "/" in entry and ":" not in entry)
        ]
        self._networks = Networks(version, networks + special)

    def names(self, address: str) -> Names:
        """The lists that hold an address."""
        names = self._networks.names(address)
        if names or address in self._longest or address in self._others:
            return self._special.names(address)[-1:] or tuple(dict.fromkeys(self._single.naming(address) + names))
        return ()

    def names_of_one(self, address: str) -> Names:
        """The same, without networks that hold many hosts."""
        return self._special.names(address)[-1:] or self._single.naming(address)


@cache
def _addresses(version: Version) -> _Addresses:
    return _Addresses(version, [(title, entries) for title, _, entries in map(read_list, ADDRESSES[version])])


@cache
def _sites() -> _Sites:
    lists = {name: _site_list(*read_list(name)) for name in dict.fromkeys(NAMES + _OWNED_BY_OTHERS)}
    others = frozenset().union(*(lists[name].entries for name in _OWNED_BY_OTHERS))
    return _Sites([lists[name] for name in NAMES], others)


def _site_list(title: str, kind: str, entries: Sequence[str]) -> _WarningList:
    # “hostname” means a name and what is below it, and so does, for the names of services, “substring”; a list of
    # “string” means exactly its names, unless they are written with a dot in front.
    dotted = [entry for entry in entries if entry.startswith(".")]
    if not dotted:
        names = frozenset(entries)
        return _WarningList(title, names, frozenset() if kind == "string" else names)
    names = frozenset(entry.removeprefix(".").lower() for entry in entries)
    return _WarningList(title, names, frozenset(entry[1:].lower() for entry in dotted) if kind == "string" else names)


@cache
def _hashes() -> _Lists:
    return _Lists([_WarningList(title, frozenset(entries)) for title, _, entries in map(read_list, HASHES)])


@cache
def _emails() -> list[tuple[str, re.Pattern[str]]]:
    return [(title, pattern) for title, _, entries in map(read_list, EMAILS) for pattern in _patterns(entries)]


def _patterns(entries: Sequence[str]) -> Iterator[re.Pattern[str]]:
    """Regular expressions as PHP writes them: between slashes, with flags behind."""
    for entry in entries:
        pattern, _, flags = entry[1:].rpartition("/")
        yield re.compile(pattern, re.IGNORECASE if "i" in flags else 0)


def read_list(name: str) -> tuple[str, str, Sequence[str]]:
    """A list's title, its type, and its entries."""
    content = json.loads((_folder() / name / "list.json").read_bytes())
    return content["name"], content["type"], content["list"]


@cache
def _folder() -> Path:
    # Looked up and not imported: the package's own code would only take time.
    spec = find_spec("pymispwarninglists")
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError("pymispwarninglists is not installed")
    return Path(spec.submodule_search_locations[0]) / "data" / "misp-warninglists" / "lists"
