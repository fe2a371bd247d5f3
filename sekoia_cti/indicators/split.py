"""Splits a line that is not an indicator by itself: several values, or a value with a note, a port, or a label.

A part of a line is used only if the rest is reported. If it is not clear which words are values, the line stays one
value that is not recognized.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from html import unescape
from typing import TypeAlias

from sekoia_cti.indicators import block_lists
from sekoia_cti.indicators.hashes import HASHES
from sekoia_cti.indicators.kinds import is_foreign_kind
from sekoia_cti.indicators.labels import is_disowned, is_told_apart
from sekoia_cti.indicators.patterns import alternatives
from sekoia_cti.indicators.reasons import LOG
from sekoia_cti.indicators.refang import STIX_START, joined, refang
from sekoia_cti.indicators.types import Finding
from sekoia_cti.indicators.unwrap import clean, layers, without_count, without_date

__all__ = ["Recognize", "broken", "split"]

Recognize: TypeAlias = Callable[[str], Finding | None]
"""What one value is, or None where a text is blank or a comment."""

_NOTE = "without the note after it"
_PORT = "without its port"
_CELL = "only the cell of a table row that contains an indicator"

# Line breaks of programs and of HTML that came as text.
_BREAK = re.compile(
    r"\\r\\n|\\n|\\r|\\t|\\u000[ad]"
    r"|</?(?:br|p|li|ul|ol|div|table|thead|tbody|tr|t[dh]|html|body|section|article)(?:\s[^<>]*)?/?>",
    re.IGNORECASE,
)
# What stands between values, the plainest first: a comma or a semicolon can be part of a URL, but not with a blank behind it.
# Each begins where blanks do, or a long run of them would be searched anew from each.
# A mark or a word that joins stands apart. What follows can have a label of its own.
_BEFORE_LABEL = re.compile(
    r"(?<![\s,;|/])[\s,;|/]+(?=(?:md5|sha-?[0-9]{1,3})\b|(?:ip|ipv[46]|domain|url|fqdn|host(?:name)?|e-?mail)\s?[:=])",
    re.IGNORECASE,
)
_BETWEEN = (
    re.compile(r"(?<!\s)\s*(?:[|\t]|[,;](?=\s))\s*"),
    re.compile(r"(?<!\s)\s*[,;|\t]\s*"),
    re.compile(r"[\s,;|、]+(?:(?:[/~:&+•·]|and|or|et|ou|und|oder|y|o|e)\s+)?", re.IGNORECASE),
    _BEFORE_LABEL,
)
# Where a URL is among them, a mark is a part of it, unless a blank or another URL follows.
_BETWEEN_WITH_URL = (
    _BETWEEN[0],
    re.compile(
        r"(?:[\s、]|(?<!\s)[,;|](?=\s|[A-Za-z*_]{2,12}\[?:))+(?:(?:[/~:&+•·]|and|or|et|ou|und|oder|y|o|e)\s+)?",
        re.IGNORECASE,
    ),
    _BEFORE_LABEL,
)
_OPENING = r"\((?!\s?(?:[.:@/]|//|://|d[o0]t|at|point|punkt|punto|arobase|arroba)\s?\))"
_NOTE_MARK = re.compile(rf"\t|\s{{2,}}|\s(?:--|[-–—―‑|])\s|\s?;|\s?{_OPENING}|,|\s+")
# In a URL these marks are a part of it, unless a blank stands by them.
_URL_NOTE_MARK = re.compile(r"\t|\s{2,}|\s[-–—―‑|]\s|[,;]?\s")
_CLEAR_NOTE_MARK = re.compile(r"\t|\s{2,}|\s(?:--|[-–—―‑|])\s|\s?;|\s?\(|\s[\[{].*[\]}]\Z")
# Between items that have notes of their own; not within the brackets of one. Bars and tabs are those of a row.
_BETWEEN_ITEMS = re.compile(r"[,;](?![^()]*\))|\s(?:and|or|et|ou|und|oder|y|o|e)\s", re.IGNORECASE)
_BETWEEN_ITEMS_WITH_URL = re.compile(r"[,;](?=\s)(?![^()]*\))")
# Between a name and what it resolves to, or a URL and where it leads.
_BETWEEN_SIDES = re.compile(
    r"(?<!\s)(?:\s*(?:-{1,2}>|=>|→|➜)\s*|\s?:\s+"
    r"|\s+(?:[-–—]|(?:(?:is|was)\s)?resolv(?:es|ed|ing)\s(?:to|as)|redirects?\sto|points?\sto)\s+)",
    re.IGNORECASE,
)
_BETWEEN_WORDS = re.compile(r"[\s;,()|]+")
_HASH = "[0-9A-Fa-f]{32,128}"
_CHECKSUM = re.compile(rf"({_HASH})(?:\s{{2,}}|\s\*|:)(?!{_HASH})\S.*")
_HASHES_FIRST = re.compile(rf"({_HASH}(?:[\s,;|]+{_HASH})+)[\s,;|]+(\S.*)")
_NAMED_HASH = re.compile(
    rf".{{1,250}}?\.[0-9A-Za-z]{{1,5}}[:=,;|\s(-]++(?:(?:md5|sha-?[0-9]{{1,3}})[:=\s-]++)?"
    rf"(?P<hashes>{_HASH}(?:[\s,;|]+{_HASH})*)\s?\)?",
    re.IGNORECASE,
)
# A link of Markdown, whose text can be defanged; one of HTML, and of a spreadsheet.
_LINK = re.compile(
    r"!?\[(?P<text>[^\[\]]*+(?:\[[^\[\]]{1,5}\][^\[\]]*+)*+)\]\(<?(?P<target>[^()\s<>]*+(?:\([^()\s]*\)[^()\s<>]*+)*+)>?\)"
)
_SLACK_LINK = re.compile(r"<(?P<target>[A-Za-z]{2,12}:[^<>|\s]+)\|(?P<text>[^<>]*)>")
_OTHER_LINK = re.compile(
    r"<a\s[^<>]*?href\s*=\s*[\"']?(?P<page>[^\"'\s<>]+)[^<>]*>[^<>]*</a\s*>|=?HYPERLINK\(\s*[\"'](?P<cell>[^\"']+)[\"'].*\)",
    re.IGNORECASE,
)
_MAILBOX = re.compile(r"[^<>@:]{1,100}<([^<>\s]+)>")
_ENDPOINT = re.compile(
    r"(?:(?:tcp|udp)/)?(?P<host>[^\s:\[\]@/,#]+|\[[0-9A-Fa-f:.]+\])[:#](?P<port>[0-9]{1,5})(?:[,/-][0-9]{1,5})*"
    r"(?:[/:](?:tcp|udp))?/?",
    re.IGNORECASE,
)
# A network whose prefix or mask stands apart, and a range in words.
_QUAD = r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}"
_NETWORK = re.compile(
    rf"(?:{_QUAD}|[0-9A-Fa-f]{{0,4}}:[0-9A-Fa-f:.]+)(?:\s+/\s*|/\s+)(?!(?:32|128)\b)[0-9]{{1,3}}(?![\w.:])"
    rf"|{_QUAD}\s+(?:(?:net)?mask\s+)?255(?:\.[0-9]{{1,3}}){{3}}\b",
    re.IGNORECASE,
)
# Who talks to whom, as logs have it: one of the two is not the indicator.
_FLOW = re.compile(
    r"(?=(?:.*[\s,;|])?(?:src|source|client|saddr)[\w.]*\s?[:=])(?:.*[\s,;|])?(?:dst|dest|destination|server|daddr)[\w.]*\s?[:=]",
    re.IGNORECASE,
)
_RANGE = re.compile(rf"{_QUAD}\s*(?:to|through|thru|until|bis|à)\s*\.?[0-9]", re.IGNORECASE)
# Words before a value that is defanged, and so is meant.
_LEAD = re.compile(r"(?P<words>[^:=]{1,60}?)(?:\s?[:=]|\s[-–—]|\s?(?:[-=]>|→))\s+(?P<rest>\S.*)")
# Between two URLs a mark alone is enough, if a scheme follows.
_BETWEEN_URLS = re.compile(r"[,;|](?=[A-Za-z*_]{2,12}\[?:)")
_WORDS_OF_NOTE = 200
_WORDS_THAT_TAKE_BACK = 2
_LONGEST_HOST = 500
_CELLS = 100
_SIDES = 10
_LONGEST = 8_000
"""Characters beyond which a line can be a list of values, and nothing that takes a closer look."""
_LONGEST_LABEL = 60
_WHOLE = ("a range of addresses", "a line of hashes", "two hashes")
"""How the reasons begin for a line that is not a value with a note."""


def split(text: str, recognize: Recognize) -> Sequence[Finding] | None:
    """The values of a line that is not a single value, or None if it is not clear what they are.

    Args:
        text: A clean line (see ``unwrap.clean``) that is not an indicator.
        recognize: What one value is.
    """
    if ("&" in text or "\\/" in text) and (unescaped := clean(unescape(text.replace("\\/", "/")))) != text:
        text = unescaped
        if (whole := recognize(text)) is None or whole[0]:
            return (whole,) if whole else ()
    lines = [line for line in map(str.strip, _BREAK.split(text)) if line]
    if len(lines) > 1 or (lines and lines[0] != text):
        return _of_lines(lines, recognize)
    if STIX_START.match(text.lstrip("( ")):
        return _each_alternative(text, recognize)
    inners = (text, *layers(text))
    for inner in inners:
        if not inner:
            return ()
        if (pieces := block_lists.pieces(inner)) is not None:
            return _pieces(pieces, recognize)
        if link := _LINK.fullmatch(inner) or _SLACK_LINK.fullmatch(inner):
            return _linked(link, recognize)
        if found := _bare(inner, recognize):
            return (found,)
    if len(text) > _LONGEST:
        return next(filter(None, (_several(inner, recognize) for inner in inners)), None)
    return _taken_apart(inners, recognize)


def broken(url: str, recognize: Recognize) -> Sequence[Finding] | None:
    """The values of what looks like one URL, where escaped line breaks or a mark before a scheme join them; None where it is one.

    Args:
        url: A clean line.
        recognize: What one value is.
    """
    if "\\" in url or "<" in url:
        lines = [line for line in _BREAK.split(url) if line]
        parts = [found for line in lines if (found := recognize(line)) and found[0]]
    else:
        lines = _BETWEEN_URLS.split(url)
        # A URL within another one, as archives and redirections have it, is a part of that.
        parts = [
            found for line in lines if (found := recognize(line)) and found[0] == "url" and "://" not in found[1][8:]
        ]
    return parts if len(parts) == len(lines) and lines != [url] else None


def _each_alternative(pattern: str, recognize: Recognize) -> Sequence[Finding] | None:
    """Each of the values that a STIX pattern names."""
    named = alternatives(pattern)
    if named is None or (len(named.lines) == 1 and not named.without):
        return None
    why = f"without {named.without}" if named.without else None
    found = [one for line in named.lines if (one := recognize(line))]
    return [_because(one, why) if one[0] and why else one for one in found]


def _of_lines(lines: Sequence[str], recognize: Recognize) -> Sequence[Finding] | None:
    """The lines of a text whose breaks were escaped; a path has such marks as well, but holds no indicator."""
    parts: list[Finding] = []
    for line in lines:
        whole = recognize(line)
        if whole and whole[0] is None:
            parts += split(line, recognize) or [whole]
        elif whole:
            parts.append(whole)
    return parts if any(part[0] for part in parts) else None


def _pieces(pieces: Sequence[block_lists.Piece], recognize: Recognize) -> Sequence[Finding]:
    parts: list[Finding] = []
    for value, why in pieces:
        if found := recognize(value):
            parts.append(_because(found, why) if found[0] and why else found)
    return parts


def _linked(link: re.Match[str], recognize: Recognize) -> Sequence[Finding] | None:
    """The value that a link shows, or the one that it leads to."""
    text, target = _one(link["text"], recognize), _one(link["target"], recognize)
    if text:
        return (text if target and target[2] == text[2] else _because(text, "without the target of its link"),)
    return (_because(target, "without the text of its link"),) if target else None


def _taken_apart(inners: Sequence[str], recognize: Recognize) -> Sequence[Finding] | None:
    for inner in inners:
        if _NETWORK.match(inner):
            return ((None, inner, "a network, not an address", None),)
        if _FLOW.match(inner):
            return ((None, inner, LOG, None),)
        if _RANGE.match(inner):
            return ((None, inner, "a range of addresses, not one address", None),)
        if (checksum := _CHECKSUM.fullmatch(inner)) and (found := _one(checksum[1], recognize)):
            return (_because(found, _NOTE),)
        if several := _several(inner, recognize):
            return several
        if (named := _NAMED_HASH.fullmatch(inner)) and (found := _one(named["hashes"], recognize)):
            return (_because(found, "without the name of the file before it"),)
    for inner in inners:
        if parts := _listed(inner, recognize) or _sides(inner, recognize):
            return parts
        if found := _cell(inner, recognize) or _noted(inner, recognize) or _led(inner, recognize):
            return (found,)
    if found := _behind_count(inners[0], recognize) or _target(inners[0], recognize):
        return (found,)
    return _dated(inners[0], recognize)


def _behind_count(text: str, recognize: Recognize) -> Finding | None:
    """The value behind the number of an item or a row."""
    uncounted = without_count(text)
    for inner in (uncounted, *layers(uncounted)) if uncounted else ():
        if found := _bare(inner, recognize) or _noted(inner, recognize):
            return found
    return None


def _dated(text: str, recognize: Recognize) -> Sequence[Finding] | None:
    """The values behind the date on which they were seen."""
    undated = without_date(text)
    for inner in (undated, *layers(undated)) if undated else ():
        found = _bare(inner, recognize) or _noted(inner, recognize)
        if parts := (found,) if found else _several(inner, recognize):
            return [_because(part, "without the date before it") if part[0] else part for part in parts]
    return None


def _target(text: str, recognize: Recognize) -> Finding | None:
    """The value that a link of a page or a spreadsheet leads to."""
    link = _OTHER_LINK.fullmatch(text)
    found = _one(link["page"] or link["cell"], recognize) if link else None
    return _because(found, "without the text of its link") if found else None


def _one(text: str, recognize: Recognize) -> Finding | None:
    """The one value that a text is, in whatever wrapping (see :func:`_bare`)."""
    for inner in (text, *layers(text)):
        if inner and (found := _bare(inner, recognize)):
            return found
    return None


def _bare(text: str, recognize: Recognize) -> Finding | None:
    """The value that a text is, with a wildcard, a port, a slash, or the name of a mailbox's owner."""
    if (found := _name(text, recognize)) or (found := _endpoint(text, recognize)):
        return found
    if text.endswith("/") and "://" not in text and (found := _name(text[:-1], recognize)):
        return _because(found, "without the slash after it")
    if (mailbox := _MAILBOX.fullmatch(text)) and (found := recognize(mailbox[1])) and found[0] == "email":
        return _because(found, "without the name before it")
    return None


def _name(text: str, recognize: Recognize) -> Finding | None:
    found = recognize(text)
    if found and found[0]:
        return found
    name, why = block_lists.without_wildcard(text)
    if why is None:
        return None
    found = recognize(name)
    return _because(found, why) if found and found[0] == "domain" else None


def _endpoint(text: str, recognize: Recognize) -> Finding | None:
    """The host of a host with a port, or with several."""
    match = _ENDPOINT.fullmatch(refang(text)) if len(text) < _LONGEST_HOST else None
    if match is None or not 0 < int(match["port"]) <= 65_535:
        return None
    found = _name(match["host"], recognize)
    return _because(found, _PORT) if found and found[0] in ("ipv4", "ipv6", "domain") else None


def _several(text: str, recognize: Recognize) -> Sequence[Finding] | None:
    """Each value of a line, if every piece of it is one."""
    for between in _BETWEEN_WITH_URL if "://" in text else _BETWEEN:
        pieces = [piece for piece in between.split(text) if piece.strip(" ,;|")]
        if len(pieces) < 2:
            continue
        parts: list[Finding] = []
        for piece in pieces:
            # What ends with a colon is a label, and not a value of its own.
            part = None if piece.endswith((":", "=")) and piece is not pieces[-1] else _one(piece, recognize)
            if part is None:
                break
            parts.append(part)
        else:
            return _files(parts)
    return None


def _files(parts: list[Finding]) -> Sequence[Finding]:
    """Hashes of different kinds beside each other are of one file; the second of a kind begins the next file."""
    if not all(part[0] in HASHES.values() for part in parts):
        return parts
    files: list[list[Finding]] = []
    for part in parts:
        if not files or any(part[0] == other[0] for other in files[-1]):
            files.append([])
        files[-1].append(part)
    # Only where each file has the same kinds in the same order is it clear which belong together.
    orders = {tuple(part[0] for part in file) for file in files}
    if len(orders) > 1:
        return parts
    return [
        (
            file[0]
            if len(file) == 1
            else (
                "hashes",
                ",".join(part[1] for part in file),
                ",".join(sorted((part[2] for part in file), key=len)),
                None,
            )
        )
        for file in files
    ]


def _cell(text: str, recognize: Recognize) -> Finding | None:
    """The only cell of a Markdown table's row that is an indicator, unless another cell says that it is not one."""
    if "|" not in text:
        return None
    cells = [cell for cell in map(str.strip, text.split("|")) if cell]
    if len(cells) > _CELLS:
        return None
    found = [part for cell in cells if (part := _one(cell, recognize))]
    if len(found) != 1 or any(
        is_foreign_kind(cell) or is_told_apart(cell, of_hash=_is_hash(found[0]))
        for cell in cells
        if len(cell) < _LONGEST_LABEL
    ):
        return None
    return _because(found[0], _CELL)


def _noted(text: str, recognize: Recognize) -> Finding | None:
    """The value before a note. Text that holds a value itself is not a note: the value would be lost."""
    whole = recognize(text)
    if whole and whole[0] is None and whole[2].startswith(_WHOLE):
        return None
    text = joined(text)
    if (hashes := _HASHES_FIRST.fullmatch(text)) and (file := _one(hashes[1], recognize)):
        return None if _holds_value(hashes[2], recognize) else _because(file, _NOTE)
    mark = (_URL_NOTE_MARK if "://" in text else _NOTE_MARK).search(text)
    if mark is None or mark.start() == 0:
        return None
    written, note = text[: mark.start()], text[mark.start() :]
    if (part := _one(written, recognize)) is None:
        return _network(written, recognize)
    # “google.com was contacted” is prose, and what stands behind a URL and a blank may be the rest of it.
    is_doubtful = (part[0] == "domain" and refang(written) == written) or (part[0] == "url" and "[" not in written)
    if (is_doubtful and not _CLEAR_NOTE_MARK.match(note)) or _holds_value(note, recognize):
        return None
    if _takes_back(note, of_hash=_is_hash(part)):
        return None
    return _because(part, _NOTE)


def _listed(text: str, recognize: Recognize) -> Sequence[Finding] | None:
    """Each value of a list in which values have notes of their own, or networks stand beside them."""
    between = _BETWEEN_ITEMS_WITH_URL if "://" in text else _BETWEEN_ITEMS
    pieces = [piece for piece in map(str.strip, between.split(text, _CELLS)) if piece]
    if not 1 < len(pieces) <= _CELLS:
        return None
    parts: list[Finding] = []
    for piece in pieces:
        part = _one(piece, recognize) or _noted(piece, recognize) or _network(piece, recognize)
        if part is None:
            return None
        parts.append(part)
    return parts


def _sides(text: str, recognize: Recognize) -> Sequence[Finding] | None:
    """What is written defanged of two values or more that arrows or dashes join: it is not clear what a live one is to it.

    A machine that talks to an address stands before an arrow as a name does that resolves to it.
    """
    sides = _BETWEEN_SIDES.split(text, _SIDES)
    if not 1 < len(sides) <= _SIDES or not all(map(str.strip, sides)):
        return None
    parts = [part for side in sides if (part := _one(side, recognize))]
    if len(parts) < len(sides) or all(part[0] in ("ipv4", "ipv6") for part in parts):  # which may be a range
        return None
    meant = [part for part, side in zip(parts, sides, strict=True) if refang(side) != side]
    others = [f"“{side[:60]}”" for side in sides if refang(side) == side]
    why = f"without {' and '.join(others)} next to it, which is not defanged" if others else None
    return [_because(part, why) if why else part for part in meant] or None


def _led(text: str, recognize: Recognize) -> Finding | None:
    """The value behind words that say what it is, if it is written defanged."""
    lead = _LEAD.fullmatch(text)
    if lead is None or _holds_value(lead["words"], recognize):
        return None
    rest = joined(lead["rest"])
    if refang(rest.split(maxsplit=1)[0]) == rest.split(maxsplit=1)[0]:
        return None
    found = _one(rest, recognize) or _noted(rest, recognize)
    if found is None or found[0] is None or is_told_apart(lead["words"], of_hash=_is_hash(found)):
        return None
    return _because(found, "without the words before it")


def _takes_back(note: str, *, of_hash: bool) -> bool:
    """Whether a note is one or two words which say that what they stand by is not an indicator: “(sinkhole)”."""
    words = _BETWEEN_WORDS.sub(" ", note).strip(" -–—:=")
    return len(words.split()) <= _WORDS_THAT_TAKE_BACK and is_disowned(words, of_hash=of_hash)


def _is_hash(part: Finding) -> bool:
    return part[0] == "hashes" or part[0] in HASHES.values()


def _holds_value(words: str, recognize: Recognize) -> bool:
    """Whether a note holds a value, or too many words to be sure."""
    several = _BETWEEN_WORDS.split(words, maxsplit=_WORDS_OF_NOTE)
    return len(several) > _WORDS_OF_NOTE or any(_one(word, recognize) for word in several if len(word) > 3)


def _network(text: str, recognize: Recognize) -> Finding | None:
    found = recognize(text)
    return found if found and found[2].startswith("a network") else None


def _because(part: Finding, why: str) -> Finding:
    kind, value, key, before = part
    return kind, value, key, f"{before} and {why}" if before else why
