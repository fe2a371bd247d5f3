"""The common shapes, each recognized by one match: they make up nearly all of nearly all feeds, and cost nothing more.

All questions are answered with what the long way through the stages would say, or with None where it takes that way.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

from sekoia_cti.indicators.addresses import IPV4, OCTET
from sekoia_cti.indicators.canonical import escaped
from sekoia_cti.indicators.domains import LABEL, LONGEST, certain_endings, uncertain_names
from sekoia_cti.indicators.hashes import HASHES, of_one_file
from sekoia_cti.indicators.types import Finding, IndicatorType

__all__ = ["URL", "plain", "plain_defanged", "plain_kind"]

# A backslash in a URL takes a closer look, as it may be an escaped line break between two; so does a mark at its end, which
# may be that of a sentence.
_HOST = rf"https?://(?:(?:{LABEL}\.)++[a-z]{{2,63}}|{IPV4})(?::[0-9]{{1,4}})?"
_AT_END = r"(?<=[0-9A-Za-z/_=&%+~\#$@-])"
URL = rf"{_HOST}(?:[/?\#][!-\[\]-~]*+)?{_AT_END}"
"""A URL as it is sent, unless another one follows in it."""

_LABELS = rf"(?:{LABEL}\.)++"
# One hash, or those of a file from the shortest to the longest, as they are sent.
_LONGER = [rf"(?:[ ,;|][0-9a-f]{{{digits}}})?" for digits in (40, 64, 128)]
_IN_ORDER = "|".join(rf"[0-9a-f]{{{digits}}}{''.join(_LONGER[at:])}" for at, digits in enumerate(sorted(HASHES)))
# A colon in the path, and what can be spelled in several ways, begin a group of their own: few URLs have any, and looking for
# them in each takes as long as all the rest.
_PLAIN = re.compile(
    rf"""
      (?P<in_order>{_IN_ORDER})
    | (?P<hash>[0-9A-Fa-f]{{32,128}}+)(?P<hashes>[ ,;|][0-9A-Fa-f ,;|]*[0-9A-Fa-f])?
    | (?P<domain>{_LABELS}(?P<ending>[a-z]{{2,63}}))
    | (?P<ipv4>{IPV4})
    | (?P<url>{_HOST}(?P<path>[/?\#][!\#$&-9;=?-\[\]_a-z~]*+)?)(?(path)(?P<rest>[%:"<>^`{{|}}][!-\[\]-~]*+)?){_AT_END}
    """,
    re.VERBOSE | re.ASCII,
).fullmatch

_ONE: dict[IndicatorType, str] = {
    "domain": rf"{_LABELS}[a-z]{{2,63}}",
    "ipv4": IPV4,
    **{kind: rf"[0-9a-f]{{{digits}}}" for digits, kind in HASHES.items()},
}
_ALL = {kind: re.compile(rf"(?:{one}\n)*+", re.ASCII).fullmatch for kind, one in _ONE.items()}

# The same with hxxp for http and [.] for any of the dots, in a text that unwrapping has nothing to do with.
_DOT = r"(?:\.|\[\.\])"
_DEFANGED_NAME = rf"(?:{LABEL}{_DOT})++(?P<ending>[a-z]{{2,63}})"
_DEFANGED_IPV4 = rf"{OCTET}(?:{_DOT}{OCTET}){{3}}"
_DEFANGED = re.compile(
    rf"""
      (?P<url>h(?:xx|XX|tt)ps?://(?:{_DEFANGED_NAME.replace("?P<ending>", "?:")}|{_DEFANGED_IPV4})(?::[0-9]{{1,4}})?
        (?P<path>[/?\#][!\#$&'*-9;=?-Z_a-z~]*+)?)(?(path)(?P<rest>[%:"<>^`|][!-'*-Z^-z|~]*+)?)(?<=[0-9A-Za-z/])
    | (?P<domain>{_DEFANGED_NAME})
    | (?P<ipv4>{_DEFANGED_IPV4})
    """,
    re.VERBOSE | re.ASCII,
).fullmatch


def plain(value: str) -> Finding | None:
    """What a text is that is written as it is meant."""
    if (match := _PLAIN(value)) is None or len(value) > LONGEST:
        return None
    kind = match.lastgroup
    if kind == "domain":
        return _domain(value, match["ending"])
    if kind == "url":
        return "url", value, value, None
    if kind == "rest":
        # Another URL in it may be another value of the line.
        return ("url", value, escaped(value), None) if value.find("://", 8) < 0 else None
    if kind == "ipv4":
        return "ipv4", value, value, None
    if kind == "in_order":
        if hash_kind := HASHES.get(len(value)):
            return hash_kind, value, value, None
        joined = value.replace(" ", ",").replace(";", ",").replace("|", ",")
        return "hashes", joined, joined, None
    if kind == "hashes":
        words = value.lower().replace(",", " ").replace(";", " ").replace("|", " ").split()
        found = of_one_file(words, value)
        return found if found[0] else None
    lowered = value.lower()
    return (hash_kind, lowered, lowered, None) if (hash_kind := HASHES.get(len(value))) else None


def plain_kind(lines: Sequence[str]) -> IndicatorType | None:
    """What kind all of some lines are, where :func:`plain` would say of each that it is this and is sent as it stands.

    Args:
        lines: One at least. Together they are told by one match, which takes a third of the time.
    """
    first = plain(lines[0])
    kind = first[0] if first else None
    if kind is None or (are_all := _ALL.get(kind)) is None:
        return None
    together = "\n".join((*lines, ""))
    if together.count("\n") != len(lines) or are_all(together) is None:
        return None
    return kind if kind != "domain" or _are_surely_domains(lines) else None


def plain_defanged(text: str) -> Finding | None:
    """What a text is that is defanged in the usual way, and nothing else."""
    if (match := _DEFANGED(text)) is None or len(text) > LONGEST:
        return None
    kind, value = match.lastgroup, text.replace("[.]", ".")
    if kind == "domain":
        return _domain(value, match["ending"])
    if kind == "ipv4":
        return "ipv4", value, value, None
    value = f"http{value[4:]}"
    if kind == "url":
        return "url", value, value, None
    # Another URL in it may be defanged as well.
    return ("url", value, escaped(value), None) if value.find("://", 8) < 0 else None


def _domain(name: str, ending: str) -> Finding | None:
    certain, uncertain = _names()
    # Two lines can stand for the marks of a URL: hxxp__evil.example.
    return ("domain", name, name, None) if ending in certain and name not in uncertain and "__" not in name else None


def _are_surely_domains(names: Sequence[str]) -> bool:
    """The same as :func:`_domain` asks, of names that are well-formed."""
    certain, uncertain = _names()
    return (
        uncertain.isdisjoint(names)
        and certain.issuperset([name.rpartition(".")[2] for name in names])
        and max(map(len, names)) <= LONGEST
    )


@cache
def _names() -> tuple[frozenset[str], frozenset[str]]:
    return certain_endings(), uncertain_names()
