"""What is never imported: values, domains with everything below them, and networks, as people write them in a list."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from ipaddress import ip_address, ip_network, summarize_address_range

from sekoia_cti.indicators.canonical import name_of
from sekoia_cti.indicators.domains import is_name
from sekoia_cti.indicators.hosts import is_address
from sekoia_cti.indicators.input_errors import InputError
from sekoia_cti.indicators.ip_networks import Networks, Version, version_of
from sekoia_cti.indicators.matching import identity
from sekoia_cti.indicators.reading import read
from sekoia_cti.indicators.refang import refang

__all__ = ["Exclusions"]

_COMMENT = re.compile(r"(?:^|\s)(?:#|//\s).*|^\s*(?:;|!\s).*", re.DOTALL)
_BULLET = re.compile(r"^(?:[-–•*+]|[0-9]+[.)])\s+")
_AROUND = {'"': '"', "'": "'", "`": "`", "“": "”", "‘": "’", "(": ")", "[": "]", "<": ">", "{": "}"}
_OF_RULES = frozenset("*|/")
"""What has a meaning in a rule: where it stands beside a value, that value alone is not what was meant."""
_BELOW = re.compile(r"(?:\*?\.|\|\|)(?P<name>[^\s/:,;*|^]+?)\.?\^?")
_SENDERS = re.compile(r"\*?@(?P<name>[^\s/@:,;*]+)")
_RANGE = re.compile(r"(?P<first>[0-9A-Fa-f:.]+)\s*[-–]\s*(?P<last>[0-9A-Fa-f:.]+)")
_BARE = re.compile(r"[a-z][a-z0-9+.-]*://[^/?#]+/?")
_WILDCARD = re.compile(r"\w+://[^/]*\*.*|.*\*", re.DOTALL)
_NETWORK = re.compile(r"[0-9A-Fa-f:.]+/[0-9.]+")
_MOST_NAMED = 3


@dataclass(frozen=True)
class Exclusions:
    """Rules for what is not imported, created by :meth:`read`.

    Attributes:
        values: Indicators, each by the keys of its canonical form (see :func:`~sekoia_cti.indicators.matching.identity`), and
            ``@corp.example`` for all email addresses of a domain.
        below: Domains that stand for themselves and all below them.
        networks: Networks of each version of IP.
    """

    values: frozenset[str] = frozenset()
    below: frozenset[str] = frozenset()
    networks: Mapping[Version, Networks] = field(default_factory=dict)

    @classmethod
    def read(cls, sources: Mapping[str, Iterable[str]]) -> Exclusions:
        """Read rules, one per line or separated by commas; blank lines and comments after ``#`` are ignored.

        Args:
            sources: Lines, by the argument that holds them: ``192.0.2.1``, ``corp.example``, a hash, a URL or another
                value; ``.corp.example``, ``*.corp.example`` or ``||corp.example^`` for a domain with what is below it;
                ``@corp.example`` for the email addresses of a domain; ``10.0.0.0/8`` or ``10.0.0.0-10.0.0.255`` for
                addresses.

        Raises:
            InputError: A rule is none of these: continuing without it could import what was meant to stay out.
        """
        values: set[str] = set()
        below: set[str] = set()
        networks: dict[Version, list[str]] = {}
        wrong: list[str] = []
        for source, lines in sources.items():
            for number, rule in _rules(lines):
                if (match := _BELOW.fullmatch(rule)) and is_name(domain := refang(match["name"])):
                    below.add(name_of(domain))
                elif senders := _SENDERS.fullmatch(rule):
                    values.add(f"@{name_of(refang(senders['name']))}")
                elif found := _networks(refang(rule)):
                    networks.setdefault(version_of(found[0]), []).extend(found)
                elif keys := _keys(rule):
                    values |= keys
                else:
                    wrong.append(f"{source}, line {number}: “{rule[:100]}”")
        if wrong:
            more = f", and {len(wrong) - _MOST_NAMED:,} more" if len(wrong) > _MOST_NAMED else ""
            raise InputError(
                "Nothing was imported, since an exclude rule is not an indicator, a domain with everything below it "
                f"(.corp.example) or a network (10.0.0.0/8): {'; '.join(wrong[:_MOST_NAMED])}{more}"
            )
        return cls(
            frozenset(values),
            frozenset(below),
            {version: Networks(version, [(rule, rule) for rule in rules]) for version, rules in networks.items()},
        )

    @cached_property
    def _endings(self) -> frozenset[str]:
        """Last labels of the domains, which rule out nearly every other domain at once."""
        return frozenset(name.rpartition(".")[2] for name in self.below)

    def __bool__(self) -> bool:
        return bool(self.values or self.below or self.networks)

    def covers(self, kind: str, key: str, subject: str) -> bool:
        """Whether a value is excluded.

        A file is covered by any of its hashes; a URL and an email address also by a rule for the domain or the network
        that their host is in.

        Args:
            kind: Of the value, as :data:`~sekoia_cti.indicators.types.IndicatorType` names it.
            key: The value in its canonical form: hosts and hashes in lowercase.
            subject: Of a URL its host, of an address the address as text; the key of all others.
        """
        if key in self.values:
            return True
        match kind:
            case "domain":
                return self._is_below(key)
            case "ipv4":
                return self._is_inside(4, subject)
            case "ipv6":
                return self._is_inside(6, subject)
            case "url":
                return self._holds_host(subject)
            case "email":
                domain = key.rpartition("@")[2]
                return key.lower() in self.values or f"@{domain}" in self.values or self._is_below(domain)
            case "hashes":
                return not self.values.isdisjoint(key.split(","))
            case _:
                return False

    def _is_below(self, name: str) -> bool:
        if name[name.rfind(".") + 1 :] not in self._endings:
            return False
        at = 0
        while True:
            if name[at:] in self.below:
                return True
            at = name.find(".", at) + 1
            if not at:
                return False

    def _is_inside(self, version: Version, address: str) -> bool:
        networks = self.networks.get(version)
        return networks is not None and bool(networks.names(address))

    def _holds_host(self, host: str) -> bool:
        if self._is_below(host):
            return True
        if not self.networks or not is_address(host):
            return False
        try:
            return self._is_inside(version_of(host), host)
        except OSError:
            return False  # a number that browsers take for an address: http://3232235777/


def _rules(lines: Iterable[str]) -> Iterator[tuple[int, str]]:
    """Each rule with its line; a URL can have a comma in it."""
    for number, line in enumerate(lines, 1):
        text = _COMMENT.sub("", line)
        for rule in [text] if "://" in text else re.split("[,;]", text):
            if rule := _bare(rule):
                yield number, rule


def _bare(rule: str) -> str:
    """A rule without the bullet, quotes or brackets that a list puts around it."""
    rule = _BULLET.sub("", rule.strip(), count=1)
    while len(rule) > 1 and _AROUND.get(rule[0]) == rule[-1]:
        rule = rule[1:-1].strip()
    return rule


def _networks(rule: str) -> list[str]:
    """The networks of a rule that is one, with a prefix or a mask, or that is a range of addresses; none for another rule."""
    try:
        if bounds := _RANGE.fullmatch(rule):
            first, last = ip_address(bounds["first"]), ip_address(bounds["last"])
            return list(map(str, summarize_address_range(first, last)))
        return [str(ip_network(rule, strict=False))] if _NETWORK.fullmatch(rule) else []
    except (TypeError, ValueError):
        return []


def _keys(rule: str) -> frozenset[str]:
    """The keys of the indicators of a rule; none if it holds anything else, or what makes another rule of it."""
    if _WILDCARD.fullmatch(rule):
        return frozenset()
    reading = read([rule])
    if "url" not in reading.by_type and not _OF_RULES.isdisjoint(rule.rstrip("/")):
        return frozenset()
    keys = frozenset().union(*map(identity, reading.values)) if not reading.unrecognized_count else frozenset()
    return keys | {spelling for key in keys for spelling in _without_path(key)}


def _without_path(key: str) -> tuple[str, ...]:
    """Of a URL without a path, the other spelling."""
    return (key[:-1] if key.endswith("/") else f"{key}/",) if _BARE.fullmatch(key) else ()
