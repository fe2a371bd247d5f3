"""What is never to be imported: values, domains with what is below them, and networks, as people write them in a list."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from sekoia_cti.indicators.errors import InputError
from sekoia_cti.indicators.hosts import is_address
from sekoia_cti.indicators.matching import identity
from sekoia_cti.indicators.networks import Networks, Version, version_of
from sekoia_cti.indicators.reading import read

__all__ = ["Exclusions"]

_COMMENT = re.compile(r"(?:^|\s)#.*")
_BELOW = re.compile(r"\*?\.(?P<name>[^\s./@:,;]+(?:\.[^\s./@:,;]+)*)\.?")
_NETWORK = re.compile(r"[0-9A-Fa-f:.]+/[0-9]{1,3}")
_MOST_NAMED = 3


@dataclass(frozen=True)
class Exclusions:
    """Rules for what is not to be imported, as :meth:`read` makes them.

    Attributes:
        values: Indicators, each by the keys of its canonical form (see :func:`~sekoia_cti.indicators.matching.identity`).
        below: Domains that stand for themselves and all below them.
        networks: Networks of each version of IP.
    """

    values: frozenset[str] = frozenset()
    below: frozenset[str] = frozenset()
    networks: Mapping[Version, Networks] = field(default_factory=dict)

    @classmethod
    def read(cls, sources: Mapping[str, Iterable[str]]) -> Exclusions:
        """Read rules, one a line or separated by commas; blank lines and comments after ``#`` mean nothing.

        Args:
            sources: Lines, by the argument that holds them: ``192.0.2.1``, ``corp.example``, a hash, a URL or another
                value; ``.corp.example`` or ``*.corp.example`` for a domain with what is below it; ``10.0.0.0/8`` for a
                network.

        Raises:
            InputError: A rule is none of these: to go on without it could import what was meant to stay out.
        """
        values: set[str] = set()
        below: set[str] = set()
        networks: dict[Version, list[str]] = {}
        wrong: list[str] = []
        for source, lines in sources.items():
            for number, rule in _rules(lines):
                if domain := _BELOW.fullmatch(rule):
                    below.add(_ascii(domain["name"]))
                elif _is_network(rule):
                    networks.setdefault(version_of(rule), []).append(rule)
                elif keys := _keys(rule):
                    values |= keys
                else:
                    wrong.append(f"{source}, line {number}: “{rule[:100]}”")
        if wrong:
            more = f", and {len(wrong) - _MOST_NAMED:,} more" if len(wrong) > _MOST_NAMED else ""
            raise InputError(
                "Nothing was imported, since a rule of what to exclude is not an indicator, a domain with everything below "
                f"it (.corp.example) or a network (10.0.0.0/8): {'; '.join(wrong[:_MOST_NAMED])}{more}"
            )
        return cls(
            frozenset(values),
            frozenset(below),
            {version: Networks(version, [(rule, rule) for rule in rules]) for version, rules in networks.items()},
        )

    @cached_property
    def _endings(self) -> frozenset[str]:
        """Last labels of the domains, by which nearly every other domain is told apart at once."""
        return frozenset(name.rpartition(".")[2] for name in self.below)

    def __bool__(self) -> bool:
        return bool(self.values or self.below or self.networks)

    def covers(self, kind: str, key: str, subject: str) -> bool:
        """Whether a value is not to be imported.

        A file is covered by any of its hashes; a URL and an email address also by a rule for the domain or the network
        that their host is in.

        Args:
            kind: Of the value, as :data:`~sekoia_cti.indicators.types.IndicatorType` names it.
            key: The value in its canonical form: hosts and hashes in lower case.
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
                return key.lower() in self.values or self._is_below(key.rpartition("@")[2])
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
            if rule := rule.strip():
                yield number, rule


def _ascii(name: str) -> str:
    """A domain as indicators have it: in lower case, and as A-labels."""
    try:
        return name.lower() if name.isascii() else name.encode("idna").decode("ascii")
    except UnicodeError:
        return name.lower()


def _is_network(rule: str) -> bool:
    if not _NETWORK.fullmatch(rule):
        return False
    try:
        return bool(Networks(version_of(rule), [(rule, rule)]))
    except ValueError:
        return False


def _keys(rule: str) -> frozenset[str]:
    """What the indicators of a rule are known by; nothing where it holds something else as well."""
    reading = read([rule])
    return frozenset().union(*map(identity, reading.values)) if not reading.unrecognized_count else frozenset()
