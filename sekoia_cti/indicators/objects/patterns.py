"""STIX patterns that say "this value", or one of several, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import chain

__all__ = ["alternatives", "comparison"]

_TOKEN = re.compile(
    r"""\s*+(?:
      (?P<mark>[\[\](),=])
    | '(?P<literal>(?:[^'\\]|\\.)*+)'
    | (?P<path>[a-z0-9-]++:[\w-]++(?:\.(?:[\w-]++|'[^']*+'|"[^"]*+"))*+)
    | (?P<word>AND|OR|IN)\b
    )""",
    re.VERBOSE | re.DOTALL,
)

_VALUES = {
    "ipv4-addr:value": "ipv4-addr:value",
    "ipv6-addr:value": "ipv6-addr:value",
    "mac-addr:value": "mac-addr:value",
    "domain-name:value": "domain-name:value",
    "url:value": "url:value",
    "email-addr:value": "email-addr:value",
    "hostname:value": "domain-name:value",  # OpenCTI's own type
    # How MISP and Sekoia's bulk reader write an address or a sender: whose traffic, or whose mail, that is.
    "network-traffic:dst_ref.value": "",
    "network-traffic:src_ref.value": "",
    "email-message:from_ref.value": "email-addr:value",
    "email-message:sender_ref.value": "email-addr:value",
}
_REF_TYPES = ("network-traffic:dst_ref.type", "network-traffic:src_ref.type")
_DEEPEST = 20

_Comparison = tuple[str, str]
_Alternatives = list[list[_Comparison]]
"""Either of these, each of which takes all of its comparisons."""


class _MoreThanValues(Exception):
    pass


def comparison(path: str, value: str) -> str:
    """The pattern that says that one value."""
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"[{path} = '{escaped}']"


def alternatives(pattern: str) -> list[str] | None:
    """What a pattern names, each as a line: a comparison with one value, or the hashes of one file.

    Returns:
        None when it says more than that: a time, an order, a negation, several properties of one thing.
    """
    try:
        return _Parser(pattern).lines()
    except _MoreThanValues:
        return None


class _Parser:
    def __init__(self, pattern: str) -> None:
        self._tokens: list[tuple[str, str]] = []
        at, pattern = 0, pattern.strip()
        while at < len(pattern):
            if (match := _TOKEN.match(pattern, at)) is None or match.lastgroup is None:
                raise _MoreThanValues
            self._tokens.append((match.lastgroup, match[match.lastgroup]))
            at = match.end()
        self._at = 0

    def lines(self) -> list[str]:
        """One line for each alternative."""
        found = list(chain.from_iterable(map(_lines, self._observations(0))))
        if self._at < len(self._tokens):
            raise _MoreThanValues
        return list(dict.fromkeys(found))

    def _observations(self, depth: int) -> list[_Alternatives]:
        """What each pair of brackets says."""
        found = self._observation(depth)
        while self._take("word", "OR"):
            found += self._observation(depth)
        return found

    def _observation(self, depth: int) -> list[_Alternatives]:
        if depth < _DEEPEST and self._take("mark", "("):
            inner = self._observations(depth + 1)
            self._expect("mark", ")")
            return inner
        self._expect("mark", "[")
        found = self._either(0)
        self._expect("mark", "]")
        return [found]

    def _either(self, depth: int) -> _Alternatives:
        found = self._all(depth)
        while self._take("word", "OR"):
            found += self._all(depth)
        return found

    def _all(self, depth: int) -> _Alternatives:
        found = self._one(depth)
        while self._take("word", "AND"):
            other = self._one(depth)
            if len(found) != 1 or len(other) != 1:
                raise _MoreThanValues
            found = [found[0] + other[0]]
        return found

    def _one(self, depth: int) -> _Alternatives:
        if depth < _DEEPEST and self._take("mark", "("):
            inner = self._either(depth + 1)
            self._expect("mark", ")")
            return inner
        path = self._expect("path")
        if self._take("word", "IN"):
            self._expect("mark", "(")
            values = [self._expect("literal")]
            while self._take("mark", ","):
                values.append(self._expect("literal"))
            self._expect("mark", ")")
        else:
            self._expect("mark", "=")
            values = [self._expect("literal")]
        return [[(path, re.sub(r"\\(.)", r"\1", value, flags=re.DOTALL))] for value in values]

    def _take(self, kind: str, text: str) -> bool:
        if self._at < len(self._tokens) and self._tokens[self._at] == (kind, text):
            self._at += 1
            return True
        return False

    def _expect(self, kind: str, text: str | None = None) -> str:
        if self._at < len(self._tokens):
            found = self._tokens[self._at]
            if found[0] == kind and text in (None, found[1]):
                self._at += 1
                return found[1]
        raise _MoreThanValues


def _lines(either: _Alternatives) -> Iterable[str]:
    """The lines of one pair of brackets."""
    hashes = [tuple(map(_hash, comparisons)) for comparisons in either]
    flat = [pair for pairs in hashes for pair in pairs if pair]
    kinds = {kind for kind, _ in flat}
    if flat and all(all(pairs) for pairs in hashes) and len(kinds) == len(flat):
        # Hashes of different kinds, whichever way they are joined, are how a pattern describes one file.
        yield ",".join(value for _, value in flat)
        return
    for comparisons, found in zip(either, hashes, strict=True):
        pairs = [pair for pair in found if pair]
        if len(pairs) == len(comparisons) and len({kind for kind, _ in pairs}) == len(pairs):
            yield ",".join(value for _, value in pairs)
        else:
            yield _line(comparisons)


def _line(comparisons: list[_Comparison]) -> str:
    rest = [(path, value) for path, value in comparisons if path not in _REF_TYPES]
    if len(rest) != 1 or rest[0][0] not in _VALUES:
        raise _MoreThanValues
    path, value = rest[0]
    return comparison(_VALUES[path] or ("ipv6-addr:value" if ":" in value else "ipv4-addr:value"), value)


def _hash(found: _Comparison) -> tuple[str, str] | None:
    path, value = found
    name = path.lower().translate({ord(mark): None for mark in "'\"-"})
    kind = name.removeprefix("file:hashes.")
    return (kind, value) if kind != name and kind in ("md5", "sha1", "sha256", "sha512") else None
