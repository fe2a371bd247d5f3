"""Take off what people write around an indicator: quotes, bullets, comments; then brackets, marks of Markdown, labels."""

from __future__ import annotations

import re

from sekoia_cti.indicators.refang import STIX_START

__all__ = ["clean", "layers"]

# What cleaning has nothing to do with: one printable word that neither begins nor ends with a mark.
_TIDY = re.compile(r"[0-9A-Za-z](?:[!-~]*[0-9A-Za-z/])?").fullmatch

# Marks that cannot be seen and belong to no indicator, and blanks and line breaks of all kinds inside a line. The two
# joiners are not among them: they are letters of some internationalized domains.
_INVISIBLE = dict.fromkeys([0xAD, 0x200B, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2060, 0x206A), 0xFEFF])
_BLANKS = dict.fromkeys(map(ord, "\n\v\f\r\x1c\x1d\x1e\x85\xa0\u2007\u2028\u2029\u202f\u3000"), " ")
_STRANGE = {**_INVISIBLE, **_BLANKS}

_COMMENT_MARK = re.compile(r"#|;|//(?!\w[\w-]*(?:\.|\[\.))")  # //evil.example/x is a URL that lacks its scheme
_ENDS = ",; \t\u200c\u200d"
_COMMENT = re.compile(r"\s(?:#|//)(?:\s|\Z)")
_BULLETS = re.compile(r"(?:(?:[-*+•‣◦▪●·–—→➜►✓✔✗✘]|\(?[0-9]{1,3}[.)]|\(?[a-z]\)|\[[ xX]?\])\s+|>+\s*)+", re.IGNORECASE)
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
    "<": ">",
}


_PAIRS = {"(": ")", "[": "]", "{": "}"} | {mark: mark for mark in "*_~=|\"'`"} | {"<": ">"}
# What a pair of brackets around one value holds; the brackets in it are those of defanging or of an IPv6 address.
_INSIDE = re.compile(
    r"(?:[^\[\](){}]|\[(?:[0-9A-Fa-f:. ]|[\[({]\s?[.:]\s?[\])}]){2,60}\]|[\[({]\s?(?:[.:@/]|dot|at|//|://)\s?[\])}])*",
    re.IGNORECASE,
)
_LABEL = re.compile(
    r"""
    ["'`\[(]?(?:[a-z0-9&/-]{1,20}\ ){0,2}
    (?:(?:ioc|indicator|observable|value|ip|ipv4|ipv6|ip[\s-]?v[46]|ip-(?:src|dst)|ipv[46]-addr|ip[ _-]addr(?:ess)?(?:es)?
        |addr(?:ess)?(?:es)?|adresse\ ip|dst(?:_ip)?|src(?:_ip)?|remote|domain|domain[ _-]?name|nom\ de\ domaine|domaine
        |fqdn|host|hostname|url|uri|link|lien|e-?mail|e-?mail[ _-]?addr(?:ess)?(?:es)?|email-(?:src|dst)|mail|sender|from
        |mac|mac[ _-]?addr(?:ess)?(?:es)?|c2|c&c|cnc|c2\ (?:server|domain|ip|url|address)|hash|file\ ?hash|checksum
        |(?:hash|file)?\ ?\(?(?:md5|sha-?(?:1|256|512))\)?(?:\ ?(?:hash|sum|hash\ value))?|server|destination)s?(?:\(s\))?)
    ["'`\])]?\ *+(?:[:=：,;|\t]|(?<=\s)[-–—](?=\s)|-{1,2}>|=>|→)\s*+
    """,
    re.VERBOSE | re.IGNORECASE,
)
_HASH_LABEL = re.compile(
    r"[\[(]?(?:md5|sha-?(?:1|256|512))[\])]?(?:\s+\([^()]*\)\s*=|)\s+(?=[0-9a-f]{32})", re.IGNORECASE
)
_BOLD_LABEL = re.compile(r"\*\*([^*]{1,40})\*\*(:?)\s*")
_RULE = re.compile(r"(?=.*[-=_*~+|])[-=_*~+|:\s]{3,}")
_SENTENCE_END = re.compile(r"(?<=.)[.:!?…]+\Z")
_TAG = re.compile(
    r"<(?P<tag>a|b|i|u|p|em|tt|code|font|kbd|mark|pre|samp|small|span|strong)\b[^<>]*>(?P<inner>.*)</(?P=tag)\s*>",
    re.IGNORECASE,
)
_LITERAL = re.compile(r"[bru](?=(['\"])[^'\"]+\1\Z)")
_MOST_LAYERS = 12


def clean(line: str) -> str:
    """A line without what people write around an indicator, or an empty text when it is blank or a comment.

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
        # Quotes within are no pair around one value: "a.example","b.example".
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


def _inside(text: str) -> str:
    first, last = text[0], text[-1]
    if len(text) > 2 and last == _PAIRS.get(first):
        inner = text[1:-1]
        if _wraps(first, inner, text):
            return inner
    if tag := _TAG.fullmatch(text):
        return tag["inner"]
    if literal := _LITERAL.match(text):
        return text[literal.end() :]
    if bold := _BOLD_LABEL.match(text):
        return f"{bold[1]}{bold[2]} {text[bold.end():]}"
    for label in (_LABEL, _HASH_LABEL):
        if match := label.match(text):
            return text[match.end() :]
    return _SENTENCE_END.sub("", text)


def _wraps(mark: str, inner: str, text: str) -> bool:
    if mark in "([{":
        twice = inner[0] == mark and inner[-1] == _PAIRS[mark]  # [[a.example]] in a wiki
        return (twice or _INSIDE.fullmatch(inner) is not None) and not STIX_START.match(text)
    if mark == "|":
        return True
    # Marks within are no pair around one value: "a.example","b.example".
    return mark not in inner.strip(mark) and _PAIRS[mark] not in inner.strip(mark)
