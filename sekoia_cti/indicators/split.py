"""Take apart a line that is no indicator by itself: several values, a value with a note, a port, or a label.

Nothing is taken from a line in part unless the rest is told: where it is not clear which words are values, the line stays one
value that is not recognized.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TypeAlias

from sekoia_cti.indicators import lists
from sekoia_cti.indicators.hashes import HASHES
from sekoia_cti.indicators.patterns import alternatives
from sekoia_cti.indicators.refang import STIX_START, joined, refang
from sekoia_cti.indicators.types import Finding
from sekoia_cti.indicators.unwrap import layers

__all__ = ["Recognize", "broken", "split"]

Recognize: TypeAlias = Callable[[str], Finding | None]
"""What one value is, or None where a text is blank or a comment."""

_NOTE = "without the note after it"
_PORT = "without its port"
_CELL = "only the cell of a table's row that holds an indicator"

# Line breaks of programs and of HTML that came as text.
_BREAK = re.compile(r"\\r\\n|\\n|\\r|\\t|</?(?:br|p|li|ul|ol|div|tr|td)\s*/?>", re.IGNORECASE)
# What stands between values, the plainest first: a comma or a semicolon can be part of a URL, with a blank it is none. Each
# begins where blanks do, or a long run of them would be gone through anew from each.
_BETWEEN = (
    re.compile(r"(?<!\s)\s*(?:[|\t]|[,;](?=\s))\s*"),
    re.compile(r"(?<!\s)\s*[,;|\t]\s*"),
    re.compile(r"[\s,;|]+"),
)
_NOTE_MARK = re.compile(r"\t|\s{2,}|\s[-–—|]\s|\s?;|\s\(|\s+")
_CLEAR_NOTE_MARK = re.compile(r"\t|\s{2,}|\s[-–—|]\s|\s?;|\s?\(")
_LIKE_A_NOTE = re.compile(r"\s+[\w\[(“\"'#:/-]")
_CHECKSUM = re.compile(r"([0-9A-Fa-f]{32,128})(?:\s{2,}|\s\*|:)\S.*")
_NAMED_HASH = re.compile(r".{1,250}?\.[0-9A-Za-z]{1,5}\s*[:=,;\s-]\s*([0-9A-Fa-f]{32,128})")
# A link of Markdown, whose text can be defanged.
_LINK = re.compile(
    r"!?\[(?P<text>[^\[\]]*+(?:\[[^\[\]]{1,5}\][^\[\]]*+)*+)\]\(<?(?P<target>[^()\s<>]*+(?:\([^()\s]*\)[^()\s<>]*+)*+)>?\)"
)
_ENDPOINT = re.compile(
    r"(?P<host>[^\s:\[\]@/]+|\[[0-9A-Fa-f:.]+\]):(?P<port>[0-9]{1,5})(?:/(?:tcp|udp))?", re.IGNORECASE
)
# Between two URLs a mark alone is enough, if a scheme follows.
_BETWEEN_URLS = re.compile(r"[,;|](?=[A-Za-z*_]{2,12}\[?:)")
_WORDS_OF_NOTE = 200
_RANGE = "a range of addresses"


def split(text: str, recognize: Recognize) -> Sequence[Finding] | None:
    """The values of a line that is none by itself, or None where it cannot be told which they are.

    Args:
        text: A clean line (see ``unwrap.clean``) that is no indicator.
        recognize: What one value is.
    """
    lines = [line for line in map(str.strip, _BREAK.split(text)) if line]
    if len(lines) > 1 or (lines and lines[0] != text):
        return _of_lines(lines, recognize)
    if STIX_START.match(text.lstrip("( ")):
        return _alternatives(text, recognize)
    for inner in (text, *layers(text)):
        if not inner:
            return ()
        if (pieces := lists.pieces(inner)) is not None:
            return _pieces(pieces, recognize)
        if link := _LINK.fullmatch(inner):
            return _linked(link, recognize)
        if inner is not text and (found := _one(inner, recognize)):
            return (found,)
    return _taken_apart(text, recognize)


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


def _alternatives(pattern: str, recognize: Recognize) -> Sequence[Finding] | None:
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


def _pieces(pieces: Sequence[lists.Piece], recognize: Recognize) -> Sequence[Finding]:
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


def _taken_apart(text: str, recognize: Recognize) -> Sequence[Finding] | None:
    if found := _one(text, recognize):
        return (found,)
    inners = (text, *layers(text))
    for inner in inners:
        if checksum := _CHECKSUM.fullmatch(inner):
            found = _one(checksum[1], recognize)
            if found:
                return (_because(found, _NOTE),)
        if (named := _NAMED_HASH.fullmatch(inner)) and (found := _one(named[1], recognize)):
            return (_because(found, "without the name of the file before it"),)
        if several := _several(inner, recognize):
            return several
    for inner in inners:
        if found := _cell(inner, recognize) or _noted(inner, recognize):
            return (found,)
    return None


def _one(text: str, recognize: Recognize) -> Finding | None:
    """The one value that a text is, in whatever wrapping, with or without a port."""
    for inner in (text, *layers(text)):
        found = recognize(inner) if inner else None
        if found and found[0]:
            return found
        if part := _endpoint(inner, recognize):
            return part
    return None


def _endpoint(text: str, recognize: Recognize) -> Finding | None:
    """The host of a host with a port."""
    match = _ENDPOINT.fullmatch(refang(text))
    if match is None or not 0 < int(match["port"]) <= 65_535:
        return None
    host = match["host"]
    found = recognize(host)
    return _because(found, _PORT) if found and found[0] in ("ipv4", "ipv6", "domain") else None


def _several(text: str, recognize: Recognize) -> Sequence[Finding] | None:
    """Each value of a line, if every piece of it is one."""
    for between in _BETWEEN:
        pieces = [piece for piece in between.split(text) if piece.strip(" ,;|")]
        if len(pieces) < 2:
            continue
        parts: list[Finding] = []
        for piece in pieces:
            part = _one(piece, recognize)
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
    """The only cell of a Markdown table's row that is an indicator."""
    if "|" not in text:
        return None
    found = [part for cell in text.split("|") if cell.strip() and (part := _one(cell.strip(), recognize))]
    return _because(found[0], _CELL) if len(found) == 1 else None


def _noted(text: str, recognize: Recognize) -> Finding | None:
    """The value before a note. A note that holds a value itself is none: the line would lose it."""
    whole = recognize(text)
    if whole and whole[0] is None and whole[2].startswith(_RANGE):
        return None
    text = joined(text)
    mark = _NOTE_MARK.search(text)
    if mark is None or mark.start() == 0:
        return None
    part = _one(text[: mark.start()], recognize)
    if part is None:
        return _network(text[: mark.start()], recognize)
    note = text[mark.start() :]
    # “google.com was contacted” is prose, and what stands behind a URL and a blank may be the rest of it.
    written = text[: mark.start()]
    is_doubtful = (part[0] == "domain" and refang(written) == written) or (part[0] == "url" and "[" not in written)
    if not _CLEAR_NOTE_MARK.match(note) and (is_doubtful or not _LIKE_A_NOTE.match(note)):
        return None
    words = note.split(maxsplit=_WORDS_OF_NOTE)
    if len(words) > _WORDS_OF_NOTE or any(_one(word.strip(";()"), recognize) for word in words if len(word) > 3):
        return None
    return _because(part, _NOTE)


def _network(text: str, recognize: Recognize) -> Finding | None:
    found = recognize(text)
    return found if found and found[2].startswith("a network") else None


def _because(part: Finding, why: str) -> Finding:
    kind, value, key, before = part
    return kind, value, key, f"{before} and {why}" if before else why
