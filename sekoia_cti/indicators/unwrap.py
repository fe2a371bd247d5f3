"""Removes what people write around an indicator: quotes, bullets, comments; then brackets, Markdown, labels."""

from __future__ import annotations

import re

from sekoia_cti.indicators.kinds import kind_named
from sekoia_cti.indicators.labels import without_label
from sekoia_cti.indicators.refang import STIX_START

__all__ = ["clean", "layers", "without_count", "without_date"]

# What cleaning has nothing to do with: one printable word that neither begins nor ends with a mark.
_TIDY = re.compile(r"[0-9A-Za-z](?:[!-~]*[0-9A-Za-z/])?").fullmatch

# Marks that cannot be seen and belong to no indicator, blanks and line breaks of all kinds inside a line, and the bars of
# tables that are drawn. The two joiners are not among them: they are letters of some internationalized domains.
_INVISIBLE = dict.fromkeys([0, 0xAD, 0x200B, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2060, 0x206A), 0xFEFF])
_BLANKS = dict.fromkeys(map(ord, "\n\v\f\r\x1c\x1d\x1e\x85\xa0\u2007\u2009\u2028\u2029\u202f\u3000"), " ")
_STRANGE = {**_INVISIBLE, **_BLANKS, **dict.fromkeys(map(ord, "│┃║"), "|")}

# //evil.example/x is a URL that lacks its scheme, and #1 the number of an item if one word follows.
_COMMENT_MARK = re.compile(r"#(?![0-9]{1,4}[.):]?\s+\S+\Z)|;|//(?!\w[\w-]*(?:\.|\[\.))")
_ENDS = ",; \t\u200c\u200d"
_COMMENT = re.compile(r"\s(?:#|//)(?:\s|\Z)")
# Dashes and dots; bullets of Word, whose fonts of symbols have codes of their own; arrows, boxes, stars and pictures.
_SYMBOL = "[•‣⁃·‒–—―\uf020-\uf0ff\u2190-\u21ff\u2500-\u27bf\u2b00-\u2bff\U0001f300-\U0001faff]\ufe0f?"
_BULLETS = re.compile(
    rf"(?:(?:[-*+§]|{_SYMBOL}|\(?[0-9]{{1,3}}[.)]|\(?[a-z]\)|\[[ xX✓✔]?\])\s+|>+\s*)+", re.IGNORECASE
)
_QUOTES = {
    '"': '"',
    "'": "'",
    "`": "`",
    "“": "”",
    "”": "”",
    "„": "“”",
    "‘": "’",
    "’": "’",
    "‚": "‘’",
    "«": "»",
    "»": "«",
    "‹": "›",
    "›": "‹",
    "「": "」",
    "『": "』",
    "【": "】",
    "〈": "〉",
    "《": "》",
    "<": ">",
}


_HALVES = {"(": ")", "[": "]", "{": "}", '"': '"', "“": "”", "«": "»", "<": ">", "`": "`"}
_OTHER_HALVES = {closing: opening for opening, closing in _HALVES.items()} | {"'": "'"}
_PAIRS = {"(": ")", "[": "]", "{": "}"} | {mark: mark for mark in "*_~=|\"'`"} | {"<": ">"}
# What a pair of brackets around one value holds; the brackets in it are those of defanging or of an IPv6 address.
_INSIDE = re.compile(
    r"(?:[^\[\](){}]|\[(?:[0-9A-Fa-f:. ]|[\[({]\s?[.:]\s?[\])}]){2,60}\]|[\[({]\s?(?:[.:@/]|dot|at|//|://)\s?[\])}])*",
    re.IGNORECASE,
)
# A rule between rows, and what begins and ends a block of code.
_RULE = re.compile(r"(?=.*[-=_*~+|])[-=_*~+|:\s]{3,}|`{3,}\w{0,20}|\{(?:code|noformat|quote)(?::[^{}]*)?\}")
_ENDING = re.compile(rf"(?<=.)[.:!?…·、]+\Z|(?<=\w)\*\*+\Z|(?<!\s)\s+(?:[-/\\|&+=~*]|{_SYMBOL})+\Z")
_TAG = re.compile(r"<(?P<tag>[A-Za-z][\w:-]{0,30})(?:\s[^<>]*)?>(?P<inner>.*)</(?P=tag)\s*>", re.IGNORECASE)
_MACRO = re.compile(r"\{(?P<name>code|noformat|quote|color)(?::[^{}]*)?\}(?P<inner>.*)\{(?P=name)\}", re.IGNORECASE)
_OF_PAGES = frozenset("a b i u p em tt code font kbd mark pre samp small span strong h1 h2 h3 h4 option dd dt".split())
# The number of an item or a row.
_COUNT = re.compile(
    r"(?:(?:\#|N(?:o|r|°|º)\.?\s?|[\[(])?[0-9]{1,4}[\])]?[.):]{0,2}|(?!v\.)[ivx]{1,4}[.)]|[a-uw-zA-Z]\.|o)(?:\s+[-–])?\s+|[0-9]{1,6},(?=[^0-9\s])"
)
# When a value was seen: a day, with or without its time; before a comma it is a cell of a row (see ``text_tables``).
_DATE = re.compile(
    r"[\[(]?(?:[0-9]{4}([-/.])[0-9]{1,2}\1[0-9]{1,2}|[0-9]{1,2}([-/.])[0-9]{1,2}\2[0-9]{4})"
    r"(?:[T,]?\s?[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]{1,9})?)?(?:Z|\s?(?:UTC|GMT)|[+-][0-9]{2}:?[0-9]{2})?)?[\])]?"
    r"(?:\s*[-–—:]\s*|\s+)(?=\S)"
)
# A bullet without a blank behind it, and a mark by which a spreadsheet keeps a text from being a number.
_BEFORE = re.compile(rf"(?:{_SYMBOL}|~|'?=)(?=[\w\"'`(\[<“«「*])|'(?=\w)")
_FOOTNOTE = re.compile(r"(?<=\w)(?:\s?\[[0-9]{1,3}\]|[†‡¹²³⁰⁴-⁹]+)\Z")
_LITERAL = re.compile(r"[bru](?=(['\"])[^'\"]+\1\Z)")
_MOST_LAYERS = 12
_TAIL = 40
"""Characters at the end of a line that are looked at for marks."""


def clean(line: str) -> str:
    """A line without what people write around an indicator; empty if it is blank or a comment.

    Gone are invisible characters, list bullets, surrounding quotes, commas and semicolons at the end, and comments: the
    whole line after ``#``, ``//`` or ``;``, the rest of it after a ``#`` or ``//`` that stands alone. Line breaks
    within are blanks, so that a line stays one. Cleaning twice is cleaning once.
    """
    text = line.strip()
    if _TIDY(text):
        return text
    text, before = text.translate(_STRANGE), None
    while text != before:
        before = text
        text = text.strip().strip(_ENDS[2:])
        if _COMMENT_MARK.match(text):
            return ""
        if bullets := _BULLETS.match(text):
            text = text[bullets.end() :]
        if comment := _COMMENT.search(text):
            text = text[: comment.start()]
        text = _unquoted(text.rstrip(_ENDS))
    return text


def _unquoted(text: str) -> str:
    if len(text) > 1 and text[-1] in _QUOTES.get(text[0], ""):
        inner = text[1:-1]
        if text[0] == "<" and "|" in inner:
            return text  # a link of Slack, whose mark could be a part of a URL without the brackets
        # Quotes within are not a pair around one value: "a.example","b.example".
        if text[0] not in inner and text[-1] not in inner:
            return inner
    return text


def layers(text: str) -> list[str]:
    """A text with one layer fewer at a time: what each holds may be the value.

    An empty text ends the list where there is nothing but a rule between rows.

    Args:
        text: A clean line or a part of one.
    """
    found: list[str] = []
    for _ in range(_MOST_LAYERS):
        if _RULE.fullmatch(text):
            return [*found, ""]
        inner = _inside(text).strip(" \t,;")
        if inner == text or not inner:
            break
        found.append(text := inner)
    return found


def without_count(text: str) -> str:
    """A text without the number of its item or row; an empty text where there is no such number, or another one follows."""
    count = _COUNT.match(text)
    return "" if count is None or _COUNT.match(text, count.end()) else text[count.end() :]


def without_date(text: str) -> str:
    """A text without the date before it; an empty text where there is none."""
    date = _DATE.match(text)
    return text[date.end() :] if date else ""


def _inside(text: str) -> str:
    first, last = text[0], text[-1]
    if len(text) > 2 and last == _PAIRS.get(first):
        inner = text[1:-1]
        if _wraps(first, inner, text):
            return inner
    if (tag := _TAG.fullmatch(text)) and _is_about_value(tag["tag"].lower()):
        return tag["inner"]
    if macro := _MACRO.fullmatch(text):
        return macro["inner"]
    if literal := _LITERAL.match(text):
        return text[literal.end() :]
    if (unlabeled := without_label(text)) is not None:
        return unlabeled
    if before := _BEFORE.match(text):
        return text[before.end() :]
    return _without_half(text[:-_TAIL] + _FOOTNOTE.sub("", _ENDING.sub("", text[-_TAIL:])))


def _is_about_value(tag: str) -> bool:
    return tag in _OF_PAGES or kind_named(tag) not in (None, "link")


def _without_half(text: str) -> str:
    """A text without one half of a pair around it, whose other half stayed behind."""
    first, last = text[:1], text[-1:]
    if first in _HALVES and _is_left_behind(first, _HALVES[first], text):
        return text[1:]
    if last in _OTHER_HALVES and _is_left_behind(last, _OTHER_HALVES[last], text):
        return text[:-1]
    return text


def _is_left_behind(mark: str, other: str, text: str) -> bool:
    return text.count(mark) == 1 if mark == other else text.count(mark) > text.count(other)


def _wraps(mark: str, inner: str, text: str) -> bool:
    if mark in "([{":
        twice = inner[0] == mark and inner[-1] == _PAIRS[mark]  # [[a.example]] in a wiki
        return (twice or _INSIDE.fullmatch(inner) is not None) and not STIX_START.match(text)
    if mark == "|":
        return True
    # Marks within are not a pair around one value: "a.example","b.example".
    return mark not in inner.strip(mark) and _PAIRS[mark] not in inner.strip(mark)
