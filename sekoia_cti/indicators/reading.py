"""From lines as people write them to the values that are sent, with an account of every line."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import TypeAlias

from sekoia_cti.indicators.account import Account
from sekoia_cti.indicators.refang import refang
from sekoia_cti.indicators.split import broken, split
from sekoia_cti.indicators.types import DEFANGED, Found, IndicatorType, examine, plain, plain_defanged

__all__ = ["Finding", "Judge", "Reading", "clean", "findings", "judge", "read"]

Finding: TypeAlias = tuple[IndicatorType | None, str, str, str | None]
"""One value of a line or cell: ``(kind, value, key, why)``.

``kind`` is None for what is no indicator. ``value`` is what is sent. ``key`` is the same for two spellings of one indicator
(see ``matching.canonical``); for what is no indicator it is the reason. ``why`` tells how the value differs from what was
written, if only a part of that is sent or another form; otherwise it is None.

A tuple, since half a million of them are made in a second.
"""

Judge: TypeAlias = Callable[[int, str, str, str], bool]
"""Says whether an indicator is to be sent: given its line, and its kind, value and key as in :data:`Finding`."""


@dataclass(slots=True)
class Reading(Account):
    """What lines hold.

    Every value is one of ``values``, a duplicate, kept out, or unrecognized: ``given == len(values) + duplicates + kept_out``,
    plus ``unrecognized_count`` unless those are sent as well.
    """

    values: list[str] = field(default_factory=list)
    """What is to be sent, in the order of the lines and each once."""

    duplicates: int = 0
    """Values that an earlier line has as well."""

    given: int = 0
    """How many values the lines hold, after those with several are split."""


# What cleaning has nothing to do with: one printable word that neither begins nor ends with a mark.
_TIDY = re.compile(r"[0-9A-Za-z](?:[!-~]*[0-9A-Za-z/])?").fullmatch

# Marks that cannot be seen and belong to no indicator, and blanks and line breaks of all kinds inside a line. The two
# joiners are not among them: they are letters of some internationalised domains.
_INVISIBLE = dict.fromkeys([0xAD, 0x200B, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2060, 0x206A), 0xFEFF])
_BLANKS = dict.fromkeys(map(ord, "\n\v\f\r\x1c\x1d\x1e\x85\xa0\u2007\u2028\u2029\u202f\u3000"), " ")
_STRANGE = {**_INVISIBLE, **_BLANKS}

_COMMENT_MARK = re.compile(r"#|;|//(?!\w[\w-]*(?:\.|\[\.))")  # //evil.example/x is a URL that lacks its scheme
_ENDS = ",; \t\u200c\u200d"
_COMMENT = re.compile(r"\s(?:#|//)(?:\s|\Z)")
_BULLETS = re.compile(r"(?:(?:[-*•‣◦▪●·–—]|[0-9]{1,3}[.)])\s+)+")
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


def read(
    lines: Iterable[str], *, refanging: bool = True, send_unrecognized: bool = False, admits: Judge | None = None
) -> Reading:
    """Read indicators.

    Args:
        lines: Any text; lines are counted from 1 and include blank ones and comments.
        refanging: Whether defanged values are to be sent as they were before (see ``refang``).
        send_unrecognized: Whether what is no indicator is to be sent all the same.
        admits: Judges each indicator (see :meth:`~sekoia_cti.indicators.guard.Guard.judge`).
    """
    reading = Reading()
    values, by_type = reading.values, reading.by_type
    seen: set[str] = set()
    given = 0
    for number, line in enumerate(lines, 1):
        for kind, value, key, why in findings(line, refanging=refanging):
            given += 1
            identity = value if kind is None else key
            if identity in seen:
                reading.duplicates += 1
                continue
            seen.add(identity)
            if kind is None:
                reading.note(number, value, key)
                if send_unrecognized:
                    values.append(value)
                continue
            if admits and not admits(number, kind, value, key):
                reading.kept_out += 1
                continue
            values.append(value)
            by_type[kind] = by_type.get(kind, 0) + 1
            if why:
                reading.note_adapted(number, line, value, why)
    reading.given = given
    return reading


def findings(text: str, *, refanging: bool = True) -> tuple[Finding, ...]:
    """What one line or cell holds: nothing where it is blank or a comment, else one value or several.

    Args:
        text: Any text.
        refanging: Whether a defanged value is to be sent as it was before.
    """
    found = _one(text, refanging=refanging)
    if found is None:
        return ()
    if found[0] == "url" or (found[0] is None and found[2] != DEFANGED):
        cleaned = clean(text)
        recognize = partial(_one, refanging=refanging)
        if found[0]:
            parts = broken(cleaned, recognize)
        elif (parts := split(cleaned, recognize)) is None and found[1] != cleaned:
            parts = split(found[1], recognize)
        if parts is not None:
            return tuple(parts)
    return ((*found, None),)


def _one(text: str, *, refanging: bool) -> Found | None:
    return plain(text) or judge(text, refanging=refanging)


def judge(text: str, *, refanging: bool = True) -> Found | None:
    """What one line or cell holds, or None when it is blank or a comment.

    Args:
        text: Any text that :func:`~sekoia_cti.indicators.types.plain` does not know.
        refanging: Whether a defanged value is to be sent as it was before.
    """
    if refanging and (found := plain_defanged(text)):
        return found
    cleaned = clean(text)
    if not cleaned:
        return None
    value = refang(cleaned) if refanging else cleaned
    # What plain() did not know is not asked again.
    known = None if value is text else plain(value)
    return known or _examine(value, is_host=value != cleaned, may_be_defanged=not refanging)


def _examine(value: str, *, is_host: bool, may_be_defanged: bool) -> Found:
    found = kind, sent, _ = examine(value, is_host=is_host, may_be_defanged=may_be_defanged)
    # What a STIX comparison holds could read differently as a line: a URL that ends with a comma does.
    if kind is not None and sent != value and clean(sent) != sent:
        return None, value, "a STIX pattern whose value cannot stand in a line of its own"
    return found


def _unquoted(text: str) -> str:
    if len(text) > 1 and text[-1] in _QUOTES.get(text[0], ""):
        inner = text[1:-1]
        # Quotes within are no pair around one value: "a.example","b.example".
        if text[0] not in inner and text[-1] not in inner:
            return inner
    return text
