"""STIX patterns that say "this value", or one of several, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from sekoia_cti.indicators.hashes import of_one_file
from sekoia_cti.indicators.refang import STIX_START
from sekoia_cti.indicators.types import Finding, IndicatorType

__all__ = ["Alternatives", "alternatives", "comparison", "pattern"]

_TOKEN = re.compile(
    r"""\s*+(?:
      (?P<mark>[\[\](),=])
    | '(?P<literal>(?:[^'\\]|\\.)*+)'
    | (?P<path>[a-z0-9-]++:[\w-]++(?:\.(?:[\w-]++|'[^']*+'|"[^"]*+"))*+)
    | (?P<word>AND|OR|IN)\b
    )""",
    re.VERBOSE | re.DOTALL,
)

# How MISP and Sekoia's bulk reader write an address: whose traffic that is.
_OF_TRAFFIC = ("network-traffic:dst_ref.value", "network-traffic:src_ref.value")
_REF_TYPES = ("network-traffic:dst_ref.type", "network-traffic:src_ref.type")
_PATHS = {
    "ipv4-addr:value": "ipv4-addr:value",
    "ipv6-addr:value": "ipv6-addr:value",
    "mac-addr:value": "mac-addr:value",
    "domain-name:value": "domain-name:value",
    "url:value": "url:value",
    "email-addr:value": "email-addr:value",
    "hostname:value": "domain-name:value",  # OpenCTI's own type
    "email-message:from_ref.value": "email-addr:value",
    "email-message:sender_ref.value": "email-addr:value",
}
"""Properties whose value is an indicator, and where STIX keeps it."""

_KINDS: dict[str, IndicatorType] = {
    "ipv4-addr:value": "ipv4",
    "ipv6-addr:value": "ipv6",
    "mac-addr:value": "mac",
    "domain-name:value": "domain",
    "url:value": "url",
    "email-addr:value": "email",
}
_HASHES: dict[str, IndicatorType] = {"md5": "md5", "sha1": "sha1", "sha256": "sha256", "sha512": "sha512"}
_OF_HASHES = "file:hashes."
_MORE = "a STIX pattern that says more than a value"
_DEEPEST = 20

_Comparison = tuple[str, str]
_Alternatives = list[list[_Comparison]]
"""Either of these, each of which takes all of its comparisons."""


@dataclass(slots=True)
class Alternatives:
    """What a pattern names.

    Attributes:
        lines: Each alternative as a line: a comparison with one value, or the hashes of one file.
        without: Which alternatives are left out, and why, to follow on “without”; empty where none is.
    """

    lines: list[str] = field(default_factory=list)
    without: str = ""


class _MoreThanValues(Exception):
    pass


def comparison(path: str, value: str) -> str:
    """The pattern that says that one value."""
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"[{path} = '{escaped}']"


def alternatives(pattern: str) -> Alternatives | None:
    """What a pattern names.

    Returns:
        None when it says more than values, or names none that Sekoia takes: a time, an order, a negation, a file's size.
    """
    try:
        either = _Parser(pattern).read()
    except _MoreThanValues:
        return None
    found, untaken = Alternatives(), dict[str, None]()
    for observation in either:
        found.lines += _lines(observation, untaken)
    found.lines = list(dict.fromkeys(found.lines))
    found.without = " and ".join(untaken)
    return found if found.lines else None


def pattern(value: str, recognize: Callable[[str], Finding]) -> Finding | None:
    """The value that a pattern compares with, or the hashes of one file; a finding without a kind where it says anything else.

    Args:
        value: Any text.
        recognize: Says what the value of a comparison is.
    """
    if not STIX_START.match(value):
        return None
    try:
        either = _Parser(value).read()
    except _MoreThanValues:
        return None, value, _MORE, None
    taken = [taken for observation in either for taken in _taken(observation, {})]
    if not taken and len(either) == 1 and len(either[0]) == 1 and len(either[0][0]) == 1:
        return None, value, f"a STIX pattern for {either[0][0][0][0]}, which Sekoia does not accept", None
    if len(either) != 1 or len(taken) != sum(map(len, either)):
        return None, value, _MORE, None
    for path, text in (one for conjunction in taken for one in conjunction):
        kind, _, reason, _ = recognize(text)
        if kind != _kind(path):
            return None, value, f"a STIX pattern for {path} whose value is of another kind" if kind else reason, None
    if _is_one_file(taken):
        words = [text.lower() for conjunction in taken for _, text in conjunction]
        return of_one_file(words, value) if len(words) > 1 else recognize(words[0])
    return recognize(taken[0][0][1]) if len(taken) == 1 and len(taken[0]) == 1 else (None, value, _MORE, None)


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

    def read(self) -> list[_Alternatives]:
        """What each pair of brackets says, any of which is enough."""
        found = self._observations(0)
        if self._at < len(self._tokens):
            raise _MoreThanValues
        return found

    def _observations(self, depth: int) -> list[_Alternatives]:
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


# From what the brackets say to lines


def _lines(either: _Alternatives, untaken: dict[str, None]) -> Iterator[str]:
    """The lines of one pair of brackets.

    Args:
        either: What is in it.
        untaken: Takes what is left out.
    """
    taken = _taken(either, untaken)
    if _is_one_file(taken):
        yield ",".join(value for conjunction in taken for _, value in conjunction)
        return
    for conjunction in taken:
        if _is_one_file([conjunction]):
            yield ",".join(value for _, value in conjunction)
        else:
            ((path, value),) = conjunction
            yield comparison(path, value)


def _taken(either: _Alternatives, untaken: dict[str, None]) -> _Alternatives:
    """The alternatives that name one value, or one file by its hashes; their paths are where STIX keeps such a value."""
    taken: _Alternatives = []
    for comparisons in either:
        kept: list[_Comparison] = []
        for path, value in comparisons:
            if path in _REF_TYPES:
                continue
            if (known := _known_path(path, value)) is None:
                untaken[f"{path}, which Sekoia does not accept"] = None
                # Another hash of the file; any other property makes it something else.
                if path.startswith(_OF_HASHES):
                    continue
            kept.append((known or "", value))
        if (len(kept) == 1 and kept[0][0]) or (len(kept) > 1 and _is_one_file([kept])):
            taken.append(kept)
        elif kept and len(comparisons) > 1:
            untaken["an alternative that says more than a value"] = None
    return taken


def _known_path(path: str, value: str) -> str | None:
    if path in _OF_TRAFFIC:
        return "ipv6-addr:value" if ":" in value else "ipv4-addr:value"
    return path if path.startswith(_OF_HASHES) and _kind(path) else _PATHS.get(path)


def _kind(path: str) -> IndicatorType | None:
    if path.startswith(_OF_HASHES):
        return _HASHES.get(path.removeprefix(_OF_HASHES).lower().translate({ord(mark): None for mark in "'\"-_"}))
    return _KINDS.get(path)


def _is_one_file(taken: Sequence[Sequence[_Comparison]]) -> bool:
    """Whether these are hashes of different kinds, which, however they are joined, are how a pattern describes one file."""
    paths = [path for conjunction in taken for path, _ in conjunction]
    return (
        bool(paths) and all(path.startswith(_OF_HASHES) for path in paths) and len({*map(_kind, paths)}) == len(paths)
    )
