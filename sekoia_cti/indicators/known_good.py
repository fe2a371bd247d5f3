"""Values that are rarely meant to be blocked: addresses that are not global, and those on MISP's warning lists.

A list is read when the first value of a kind that it speaks of is judged, so a list of hashes never loads networks, and an
import without the guard loads nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cache, lru_cache
from typing import TypeAlias

from sekoia_cti.indicators.hosts import is_address
from sekoia_cti.indicators.ip_networks import Names, Networks, Version, version_of
from sekoia_cti.indicators.special import SPECIAL
from sekoia_cti.indicators.warning_lists import (
    ADDRESSES,
    EMAILS,
    HASHES,
    NAMES,
    OWNED_BY_OTHERS,
    WarningList,
    expressions,
    read_list,
    site_list,
)

__all__ = ["KnownTo", "known_to"]

KnownTo: TypeAlias = Callable[[str], Names]
"""Returns the lists that contain a value, by MISP's names; none for nearly all values."""


def known_to(kind: str) -> KnownTo:
    """What tells which lists name a value of a kind.

    A domain is named if a list holds it, or holds a domain above it together with what is below, unless between the two
    others than the owner publish. A URL is named only if its very host is, by name, or as an address that is not global or
    stands alone in a list: what lies on a known site need not be good, and blocking a URL blocks nothing else.

    Args:
        kind: As :data:`~sekoia_cti.indicators.types.IndicatorType` names it.

    Returns:
        Takes a value in its canonical form (hosts and hashes in lowercase), an IPv6 address as text, or of a URL its host.
        Gives the lists by MISP's titles, or, for an address that is not global, the words for that.
    """
    match kind:
        case "domain":
            return _sites().names
        case "url":
            return _naming_host()
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


def _naming_host() -> KnownTo:
    naming = _sites().naming

    def named_host(host: str) -> Names:
        if not is_address(host):
            return naming(host)
        try:
            return _addresses(version_of(host)).names_of_one(host)
        except OSError:
            return ()  # a number as browsers take it for an address (``http://3232235777/``)

    return named_host


class _Lists:
    """Several lists; a value that none of them names, as is nearly always the case, takes two lookups.

    The longest list stays separate: joining 60,000 resolvers with a few hundred others would copy them.
    """

    def __init__(self, lists: Sequence[WarningList]) -> None:
        self._lists = lists
        longest, *others = sorted((one.entries for one in lists), key=len, reverse=True) or [frozenset[str]()]
        self._longest = longest
        self._others = frozenset[str]().union(*others)

    @property
    def parts(self) -> tuple[frozenset[str], frozenset[str]]:
        """All entries, in two parts, so that half a million lookups need no calls."""
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

    def __init__(self, lists: Sequence[WarningList], others: frozenset[str]) -> None:
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
            [WarningList(title, frozenset(entries)) for title, entries in lists] if version == 4 else []
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
    lists = {name: site_list(name) for name in dict.fromkeys(NAMES + OWNED_BY_OTHERS)}
    others = frozenset().union(*(lists[name].entries for name in OWNED_BY_OTHERS))
    return _Sites([lists[name] for name in NAMES], others)


@cache
def _hashes() -> _Lists:
    return _Lists([WarningList(title, frozenset(entries)) for title, _, entries in map(read_list, HASHES)])


@cache
def _emails() -> list[tuple[str, re.Pattern[str]]]:
    return [(title, pattern) for title, _, entries in map(read_list, EMAILS) for pattern in expressions(entries)]
