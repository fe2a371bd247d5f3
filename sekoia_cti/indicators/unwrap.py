"""Take off what wraps a value besides quotes and bullets: brackets, marks of Markdown, labels, the end of a sentence."""

from __future__ import annotations

import re

from sekoia_cti.indicators.refang import STIX_START

__all__ = ["layers"]

_PAIRS = {"(": ")", "[": "]", "{": "}", "*": "*", "_": "_", "~": "~", "|": "|", '"': '"', "'": "'", "`": "`", "<": ">"}
# What a pair of brackets around one value holds; the brackets in it are those of defanging or of an IPv6 address.
_INSIDE = re.compile(
    r"(?:[^\[\](){}]|\[[0-9A-Fa-f:.]{2,45}\]|[\[({]\s?(?:[.:@/]|dot|at|//|://)\s?[\])}])*", re.IGNORECASE
)
_LABEL = re.compile(
    r"""
    (?:(?:ioc|indicator|observable|value|ip|ipv4|ipv6|ip[\s-]?v[46]|ip-(?:src|dst)|ipv[46]-addr|ip[ _-]addr(?:ess)?(?:es)?
        |addr(?:ess)?(?:es)?|adresse\ ip|dst(?:_ip)?|src(?:_ip)?|remote|domain|domain[ _-]?name|nom\ de\ domaine|domaine
        |fqdn|host|hostname|url|uri|link|lien|e-?mail|e-?mail[ _-]?addr(?:ess)?(?:es)?|email-(?:src|dst)|mail|sender|from
        |mac|mac[ _-]?addr(?:ess)?(?:es)?|c2|c&c|cnc|c2\ (?:server|domain|ip|url|address)|hash|file\ ?hash|checksum
        |(?:hash|file)?\ ?\(?(?:md5|sha-?(?:1|256|512))\)?(?:\ ?(?:hash|sum|hash\ value))?)s?(?:\(s\))?)
    \s*+(?:[:=：]|(?<=\s)[-–—](?=\s)|-{1,2}>|=>|→)\s*+
    """,
    re.VERBOSE | re.IGNORECASE,
)
_HASH_LABEL = re.compile(r"(?:md5|sha-?(?:1|256|512))(?:\s+\([^()]*\)\s*=|)\s+(?=[0-9a-f]{32})", re.IGNORECASE)
_BOLD_LABEL = re.compile(r"\*\*([^*]{1,40})\*\*(:?)\s*")
_RULE = re.compile(r"(?=.*[-=_*~+|])[-=_*~+|:\s]{3,}")
_SENTENCE_END = re.compile(r"(?<=.)[.:!?]+\Z")
_MOST_LAYERS = 12


def layers(text: str) -> list[str]:
    """A text with one layer fewer at a time: what each holds may be the value.

    An empty text ends the list where there is nothing but a rule between rows.

    Args:
        text: A clean line (see ``reading.clean``) or a part of one.
    """
    found: list[str] = []
    for _ in range(_MOST_LAYERS):
        if _RULE.fullmatch(text):
            return [*found, ""]
        inner = _layer(text).strip(" \t,;")
        if inner == text or not inner:
            break
        found.append(text := inner)
    return found


def _layer(text: str) -> str:
    first, last = text[0], text[-1]
    if len(text) > 2 and last == _PAIRS.get(first):
        inner = text[1:-1]
        if _wraps(first, inner, text):
            return inner
    if bold := _BOLD_LABEL.match(text):
        return f"{bold[1]}{bold[2]} {text[bold.end():]}"
    for label in (_LABEL, _HASH_LABEL):
        if match := label.match(text):
            return text[match.end() :]
    return _SENTENCE_END.sub("", text)


def _wraps(mark: str, inner: str, text: str) -> bool:
    if mark in "([{":
        return _INSIDE.fullmatch(inner) is not None and not STIX_START.match(text)
    if mark == "|":
        return True
    # Marks within are no pair around one value: "a.example","b.example".
    return mark not in inner.strip(mark) and _PAIRS[mark] not in inner.strip(mark)
