"""Finds indicators in what people write: reports, emails, web pages.

Defanged values are always meant as indicators. Any other name or address may also be a reference, a file, a version or
a piece of code; a text that defangs names or addresses is assumed to defang all of those that it means.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from sekoia_cti.indicators.kinds import is_foreign_kind
from sekoia_cti.indicators.reading import findings
from sekoia_cti.indicators.refang import joined
from sekoia_cti.indicators.types import IndicatorType

__all__ = ["Mention", "mentions"]


class Mention(NamedTuple):
    """An indicator that a text names, or what looks like one.

    Attributes:
        kind: What it is; None for what only looks like an indicator.
        value: As an import sends it.
        key: The same for two spellings of one indicator.
        reason: Why it is not taken; an empty text where it is.
    """

    kind: IndicatorType | None
    value: str
    key: str
    reason: str = ""


# A text that defangs one of these defangs all of them; IPv4 addresses are often written defanged where IPv6 ones are not.
_FAMILIES: dict[str, tuple[IndicatorType, ...]] = {
    "names": ("domain", "url", "email"),
    "IPv4 addresses": ("ipv4",),
    "IPv6 addresses": ("ipv6",),
}
_FAMILY = {kind: name for name, kinds in _FAMILIES.items() for kind in kinds}
_HASHES: dict[int, IndicatorType] = {32: "md5", 40: "sha1", 64: "sha256", 128: "sha512"}

_BROKEN_HASH = re.compile(r"(?<!\w)([0-9A-Fa-f]{16,127})[ \t]*\r?\n[ \t]*([0-9A-Fa-f]{4,112})(?!\w)")
_BOARD_TAG = re.compile(r"\[/?(?:url|img|code|quote|b|i|u|email)(?:=[^\]\s]*)?\]", re.IGNORECASE)

_WORD = re.compile(r"""[^\s<>"“”„«»`|\u200b\ufeff]+""")
_BETWEEN = re.compile("[,;]")
_LONGEST = 2_000
_BEFORE = 60

# What a word must have to be looked at: a mark within it, or many digits.
_LIKELY = re.compile(r"\w[\])}]?[.:@\\\[]|\[[.:]|::|[0-9A-Fa-f]{32}|(?:[0-9A-Fa-f]{2}-){5}")
_OPENING = ",;:!?'‘’*~–—¡¿"
_CLOSING = ".,;:!?'‘’*~–—…"
_PAIRS = {")": "(", "]": "[", "}": "{"}
_OPENS = {opening: closing for closing, opening in _PAIRS.items()}
_POSSESSIVE = re.compile(r"['’]s\Z")
_PIECES = re.compile(r"[,;'*=—→⇒]+|\]\(|[(){}]+|(?<!\w)\[(?!\.)|\](?!\w)")

_HEADING = re.compile(
    r"(?P<mark>#{1,6} *|\*\*)?(?:[0-9.]{1,6} +)?(?P<words>[^\W\d_][^.:|/*#\t]{1,60})(?P<end>[:*# ]*)"
)
_REFERENCES = re.compile(
    r"(?:(?:additional|external|related|useful|more) )?(?:references?|sources?|links?|resources|reading|information)"
    r"|further reading|bibliography|see also|références?|liens|pour en savoir plus|quellen|verweise|referencias|fuentes|enlaces",
    re.IGNORECASE,
)
_INDICATORS = re.compile(r".*\b(?:indicat(?:ors?|eurs?)|iocs?|observables?|appendix|annexe?)\b.*", re.IGNORECASE)
_SIGNATURE = re.compile(r"-- ?")
_FORWARDED = re.compile(r"-{3,}.*\b(?:message|forwarded|transféré)\b.*-{3,}", re.IGNORECASE)

# What the words before a value say of it
_REFERENCE = re.compile(
    r"(?:^|\s)(?:(?:references?|ref|sources?|see|see also|via|cf|read more|more|quelle|voir)[.:]{0,2}"
    r"|!?\[[^\[\]]*\]:?)\s*[(\[<]*\Z",
    re.IGNORECASE,
)
_VERSION = re.compile(
    r"\b(?:versions?|ver|v|releases?|builds?|firmware|rev|revisions?|updates?|patch|kernel|sections?|chapters?|oid|windows|linux"
    r"|android|ios|macos|chrome|chromium|edge|firefox|openssl|openssh|apache|tomcat|nginx|php|java|jdk|python|node)\b[.:\s]*+"
    r"(?:(?:v?+[0-9][0-9.]*+|through|to|and|or|before|prior|until|up|from|than|later|earlier|[-–,(])\s*+)*+\Z",
    re.IGNORECASE,
)
_LABEL = re.compile(r"([A-Za-z][\w-]{1,30})(?:[ ]?\([^()]*\))?[\s:=|*`(–-]*\Z")
_NO_FILE = frozenset("commit thumbprint fingerprint serial guid uuid token apikey key revision".split())

# What reads like a name and is not one
_PACKAGE = re.compile(r"(?:com|org|net|io|android|javax?)\.[a-z0-9_]+(?:\.[a-z0-9_]+)+")
_CALL = re.compile(r"[\w.]+\(\)")
_ATTRIBUTE = re.compile(
    r"(?:self|this|cls|obj|args|req|res|request|response|window|document|console|process|sys|os)\.\w+"
)
_CODE = frozenset("asp.net ado.net vb.net socket.io system.io".split())
_SOURCE_FILE = re.compile(r"[\w-]+\.(?:md|rs|ps|pl|py|sh|so)", re.IGNORECASE)


def mentions(text: str, *, defanged_only: bool = False) -> Iterator[Mention]:
    """The indicators that a text names, in its order and as often as it names them, and what looks like one and is not taken.

    Args:
        text: What people read (see ``documents.document``).
        defanged_only: Whether of names and addresses only those that are written defanged are meant.
    """
    found = list(_found(text))
    defanged = {one.kind for one, is_defanged in found if is_defanged}
    meant = {one.key for one, is_defanged in found if is_defanged}
    for one, _ in found:
        family = _FAMILY.get(one.kind) if one.kind else None
        if one.kind and one.key in meant:
            yield one._replace(reason="")
        elif one.reason or family is None:
            yield one
        elif defanged_only:
            yield one._replace(reason="it is not defanged")
        elif not defanged.isdisjoint(_FAMILIES[family]):
            yield one._replace(reason=f"a reference: it is not defanged, but other {family} in the text are")
        else:
            yield one


_Candidate = tuple[Mention, bool]
"""What a text names, and whether it is written defanged."""


def _found(text: str) -> Iterator[_Candidate]:
    is_reference, above = False, ""
    for line in _BROKEN_HASH.sub(_whole_hash, _BOARD_TAG.sub(" ", joined(text))).splitlines():
        if (words := _heading(line)) is not None:
            is_reference = _REFERENCES.fullmatch(words) is not None
        elif _SIGNATURE.fullmatch(line):
            is_reference = True
        elif _FORWARDED.fullmatch(line):
            is_reference = False
        for match in _WORD.finditer(line):
            if _LIKELY.search(match[0]):
                before = (above + line[max(0, match.start() - _BEFORE) : match.start()])[-_BEFORE:]
                yield from _of_word(match[0], before, is_reference=is_reference)
        above = f"{line[-_BEFORE:]} " if words is None else ""


def _whole_hash(match: re.Match[str]) -> str:
    """A hash whose digits go on in the next line; two hashes, one below the other, stay two."""
    start, rest = match[1], match[2]
    is_broken = len(start) + len(rest) in _HASHES and len(rest) not in _HASHES
    return start + rest if is_broken else match[0]


def _heading(line: str) -> str | None:
    """The words of a line that is a heading, or None."""
    if len(line) > 100 or (match := _HEADING.fullmatch(line.strip("> \t"))) is None:
        return None
    words = match["words"].strip()
    is_marked = match["mark"] or match["end"].strip()
    return words if is_marked or _REFERENCES.fullmatch(words) or _INDICATORS.fullmatch(words) else None


def _of_word(word: str, before: str, *, is_reference: bool) -> Iterator[_Candidate]:
    for piece in _BETWEEN.split(word) if len(word) > _LONGEST else (word,):
        core = _core(piece)
        if len(core) > _LONGEST or not _LIKELY.search(core):
            continue
        found = _read(core)
        if not any(one.kind for one, _ in found):
            # Such as name(address), or the text and the target of a link in Markdown.
            pieces = [
                inner for part in _PIECES.split(core) if (inner := _core(part)) != core and _LIKELY.search(inner)
            ]
            found = [one for inner in pieces for one in _read(inner)] or found
        for one, is_defanged in found:
            if (reason := _reason(one, core, before, is_defanged=is_defanged, is_reference=is_reference)) is not None:
                yield one._replace(reason=reason), is_defanged


def _core(word: str) -> str:
    """A word without what a sentence puts around it; brackets that are a pair within it stay."""
    before = None
    while word != before:
        before = word
        word = _without_marks(_POSSESSIVE.sub("", word))
        first, last = word[:1], word[-1:]
        if first + last in ("()", "{}"):
            word = word[1:-1]
        elif last in _PAIRS and word.count(last) > word.count(_PAIRS[last]):
            word = word[:-1]
        elif first in _OPENS and word.count(first) > word.count(_OPENS[first]):
            word = word[1:]
    return word.removeprefix("mailto:")


def _without_marks(word: str) -> str:
    """A word without the marks of its sentence; two colons at the end of an IPv6 address such as ``2001:db8::`` are none."""
    start = word.lstrip(_OPENING)
    core = start.rstrip(_CLOSING)
    if ":" not in core:
        return core
    before = "::" if word[: -len(start)].endswith("::") else ""
    return before + core + ("::" if start.startswith("::", len(core)) else "")


def _read(word: str) -> list[_Candidate]:
    """What a word holds, read as a line of a list would be."""
    found: list[_Candidate] = []
    if not (read := findings(word)):
        return found
    as_written = {key for kind, _, key, _ in findings(word, refanging=False) if kind}
    for kind, value, key, _ in read:
        if kind == "hashes":
            found += [(Mention(_HASHES[len(one)], one, one.lower()), False) for one in value.split(",")]
        elif kind is None:
            found.append((Mention(None, value, value, key), word != value))
        else:
            found.append((Mention(kind, value, key), kind in _FAMILY and key not in as_written))
    return found


def _reason(one: Mention, word: str, before: str, *, is_defanged: bool, is_reference: bool) -> str | None:
    """Why it is not meant: an empty text if it is meant, and None if it does not even look like an indicator."""
    if one.kind is None:
        looks_like_one = one.reason.startswith(("a network", "a range", "a file name or a domain")) or is_defanged
        return one.reason if looks_like_one and "." in one.value else None
    if one.kind in _HASHES.values():
        label = _LABEL.search(before)
        is_other = label and (is_foreign_kind(label[1]) or label[1].lower() in _NO_FILE)
        return f"it follows “{label[1]}”, so it is not a file hash that Sekoia accepts" if label and is_other else ""
    if is_defanged:
        return ""
    if _FAMILY.get(one.kind) == "names":
        if is_reference or _REFERENCE.search(before):
            return "a reference"
        return _no_name(word, one.value) if one.kind == "domain" else ""
    if one.kind == "ipv4" and _VERSION.search(before):
        return "a version number"
    # std::dec is code; an address in use has more than two groups.
    return None if one.kind == "ipv6" and len(one.value.replace("::", ":").strip(":").split(":")) < 3 else ""


def _no_name(word: str, value: str) -> str:
    """Why a name that is not defanged is not a domain; an empty text if it may be one."""
    at = word.lower().find(value.lower())
    written = word[at : at + len(value)] if at >= 0 else value
    ending = written.rpartition(".")[2]
    if ending != ending.lower() and not written.isupper():
        return "the end of a sentence or a piece of code, and not clearly a domain"
    if (
        _CALL.match(word, max(at, 0))
        or _ATTRIBUTE.fullmatch(written)
        or _PACKAGE.fullmatch(written)
        or written.lower() in _CODE
        or _SOURCE_FILE.fullmatch(written)
    ):
        return "the name of a package, a product or a file, and not clearly a domain"
    return ""
