"""MISP's warning lists: which of them say that a value is known to be good, and how they are read.

They come with ``pymispwarninglists``, of which only the data is used: its own search takes 0.1 to 0.3 s a value. Their layout
(a folder for each list, with a ``list.json`` that has ``name``, ``type`` and ``list``) is that of MISP's own repository;
``tests/indicators/test_known_good.py`` fails if it changes.

These are the lists that an analyst wants to hear about, because blocking what they name blocks one's own people. Not used are
lists of a million sites, cloud providers and VPNs (attackers rent there as well), scanners, sinkholes, dynamic DNS and
disposable mail (known, but not good), and fingerprints of certificates, which are not hashes of files.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

__all__ = [
    "ADDRESSES",
    "EMAILS",
    "HASHES",
    "NAMES",
    "OWNED_BY_OTHERS",
    "WarningList",
    "expressions",
    "read_list",
    "site_list",
]

_BOTH_VERSIONS = (
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
)

ADDRESSES = {
    4: ("public-dns-v4", "umbrella-blockpage-v4", *_BOTH_VERSIONS, "apple"),
    6: ("public-dns-v6", "umbrella-blockpage-v6", *_BOTH_VERSIONS),
}
"""Resolvers, block pages, mail servers, office suites, CDNs, and services that everybody uses, by version of IP."""

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

OWNED_BY_OTHERS = ("second-level-tlds", "lots-project")
"""Names below which others than their owner publish: ``github.io`` is known, and says nothing of ``evil.github.io``."""


@dataclass(frozen=True, slots=True)
class WarningList:
    """A list of MISP.

    Attributes:
        title: What MISP calls it.
        entries: What it names.
        below: Those of the entries that stand for what is below them as well.
    """

    title: str
    entries: frozenset[str]
    below: frozenset[str] = frozenset()


def read_list(name: str) -> tuple[str, str, Sequence[str]]:
    """A list's title, its type, and its entries."""
    content = json.loads((_folder() / name / "list.json").read_bytes())
    return content["name"], content["type"], content["list"]


def site_list(name: str) -> WarningList:
    """A list of host names, with those of them that stand for what is below them."""
    title, kind, entries = read_list(name)
    # “hostname” means a name and what is below it, and so does, for the names of services, “substring”; a list of
    # “string” means exactly its names, unless they are written with a dot in front.
    dotted = [entry for entry in entries if entry.startswith(".")]
    if not dotted:
        names = frozenset(entries)
        return WarningList(title, names, frozenset() if kind == "string" else names)
    names = frozenset(entry.removeprefix(".").lower() for entry in entries)
    return WarningList(title, names, frozenset(entry[1:].lower() for entry in dotted) if kind == "string" else names)


def expressions(entries: Sequence[str]) -> Iterator[re.Pattern[str]]:
    """Regular expressions as PHP writes them: between slashes, with flags behind."""
    for entry in entries:
        pattern, _, flags = entry[1:].rpartition("/")
        yield re.compile(pattern, re.IGNORECASE if "i" in flags else 0)


@cache
def _folder() -> Path:
    # Looked up and not imported: the package's own code would only take time.
    spec = find_spec("pymispwarninglists")
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError("pymispwarninglists is not installed")
    return Path(spec.submodule_search_locations[0]) / "data" / "misp-warninglists" / "lists"
