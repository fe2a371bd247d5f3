"""Turns lines as people write them into the values to be sent, with an account of every line."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from typing import TypeAlias

from sekoia_cti.indicators.account_of_values import Account
from sekoia_cti.indicators.display import shown
from sekoia_cti.indicators.notation import CAN_BE_DEFANGED, Notation
from sekoia_cti.indicators.reasons import UNKNOWN
from sekoia_cti.indicators.recognize import DAMAGED, DEFANGED, recognize
from sekoia_cti.indicators.refang import STIX_START, refang
from sekoia_cti.indicators.sections import Sections
from sekoia_cti.indicators.shapes import plain, plain_defanged, plain_kind
from sekoia_cti.indicators.split import broken, split
from sekoia_cti.indicators.types import Finding, IndicatorType
from sekoia_cti.indicators.unwrap import clean

__all__ = ["Finding", "Judge", "Reading", "findings", "read"]

Judge: TypeAlias = Callable[[int, str, str, str], bool]
"""Says whether an indicator is to be sent: given its line, and its kind, value and key as in :data:`Finding`."""

LEFT_OUT = "only the cell of its row that contains the indicator"
"""How the value of a table that was given as text differs from what was written."""

_LONGEST = 4_000
"""Characters that a value has at the most, however it is written, unless it is a URL or a pattern."""

_TOGETHER = 256
"""Lines that are looked at together."""

_MAY_BE_LONG = re.compile(rf"[\w*.+-]{{2,25}}\s?[\[({{<]?\s?:|{STIX_START.pattern}").match


@dataclass(slots=True)
class Reading(Account):
    """What lines contain.

    Every value is one of ``values``, a duplicate, kept out, damaged, or unrecognized: ``given == len(values) + duplicates +
    kept_out + len(damaged)``, plus ``unrecognized_count`` unless those are sent as well.
    """

    values: list[str] = field(default_factory=list)
    """What is to be sent, in the order of the lines and each once."""

    duplicates: int = 0
    """Values that an earlier line has as well."""

    skipped: list[tuple[str, str]] = field(default_factory=list)
    """Indicators that a heading above them says not to block, each with the reason; ``given`` does not count them."""

    given: int = 0
    """How many values the lines contain, after lines with several values are split."""


def read(
    lines: Iterable[str],
    *,
    refanging: bool = True,
    send_unrecognized: bool = False,
    admits: Judge | None = None,
    rows: Mapping[int, str] | None = None,
    heed_headings: bool = True,
) -> Reading:
    """Read indicators.

    Args:
        lines: Any text; lines are counted from 1 and include blank ones and comments.
        refanging: Whether defanged values are restored (see ``refang``).
        send_unrecognized: Whether values that are not indicators are to be sent anyway.
        admits: Judges each indicator (see :meth:`~sekoia_cti.indicators.guard.Guard.judge`).
        rows: The rows of a table, by the line that is one of their cells (see ``text_tables``).
        heed_headings: Whether indicators below a heading such as “Whitelist” are skipped (see ``sections``).
    """
    reader = _Intake(
        refanging=refanging,
        send_unrecognized=send_unrecognized,
        admits=admits,
        rows=rows,
        heed_headings=heed_headings,
    )
    first, remaining = 1, iter(lines)
    while some := list(islice(remaining, _TOGETHER)):
        reader.take(first, some)
        first += len(some)
    return reader.end()


class _Intake:
    """Takes lines one after the other; its arguments are those of :func:`read`."""

    def __init__(
        self,
        *,
        refanging: bool,
        send_unrecognized: bool,
        admits: Judge | None,
        rows: Mapping[int, str] | None,
        heed_headings: bool,
    ) -> None:
        self._refanging = refanging
        self._send_unrecognized = send_unrecognized
        self._admits = admits
        self._rows = rows
        self._reading = Reading()
        self._notation = Notation()
        self._seen: set[str] = set()
        self._sections = Sections()
        # The rows of a table have a heading of their own.
        self._heed_headings = heed_headings and not rows

    def take(self, first: int, lines: Sequence[str]) -> None:
        """Take lines, the first of which has this number."""
        # Most lines of most feeds are of one kind and new, and half a million of them pay for each call.
        kind = None if self._rows or self._sections.heading else plain_kind(lines)
        if kind is None or not self._seen.isdisjoint(lines) or len(set(lines)) < len(lines):
            self._take_each(first, lines)
        else:
            self._take_all(first, lines, kind)

    def end(self) -> Reading:
        """What the lines held."""
        self._reading.notices += self._notation.notices()
        return self._reading

    def _take_all(self, first: int, lines: Sequence[str], kind: IndicatorType) -> None:
        """Take lines that are all of one kind, sent as they are, and new."""
        reading, admits = self._reading, self._admits
        admitted = lines
        if admits:
            admitted = [line for number, line in enumerate(lines, first) if admits(number, kind, line, line)]
        self._seen.update(lines)
        reading.given += len(lines)
        reading.kept_out += len(lines) - len(admitted)
        reading.values += admitted
        if admitted:
            reading.by_type[kind] = reading.by_type.get(kind, 0) + len(admitted)

    def _take_each(self, first: int, lines: Sequence[str]) -> None:
        reading, notation, seen, admits = self._reading, self._notation, self._seen, self._admits
        values, refanging, rows = reading.values, self._refanging, self._rows
        kinds: list[IndicatorType] = []
        sections = self._sections
        heading = sections.heading
        for number, line in enumerate(lines, first):
            # Most of the others are known at first sight.
            defangedly = plain_defanged(line) if refanging and "[" in line else None
            plainly = defangedly or plain(line) or (plain_defanged(line) if refanging else None)
            found = (plainly,) if plainly else _at_length(line, refanging=refanging)
            if not plainly and self._heed_headings and not any(kind for kind, _, _, _ in found):
                sections.go_on(line)
                heading = sections.heading
            for kind, value, key, why in found:
                if heading and kind and sections.keeps_out(kind, value, line):
                    reading.skipped.append((value, f"it is listed under “{shown(heading)}”"))
                    continue
                reading.given += 1
                identity = value if kind is None else key
                if identity in seen:
                    reading.duplicates += 1
                    continue
                seen.add(identity)
                if kind is None:
                    self._note_unrecognized(number, value, key)
                    continue
                if admits and not admits(number, kind, value, key):
                    reading.kept_out += 1
                    continue
                values.append(value)
                kinds.append(kind)
                if kind == "url" or (value is not line and kind in CAN_BE_DEFANGED):
                    notation.note(number, line, kind, value)
                if why:
                    reading.note_adapted(number, line, value, why)
                elif rows and number in rows:
                    reading.note_adapted(number, rows[number], value, LEFT_OUT)
        for kind, count in Counter(kinds).items():
            reading.by_type[kind] = reading.by_type.get(kind, 0) + count

    def _note_unrecognized(self, number: int, value: str, reason: str) -> None:
        if reason == DAMAGED:
            self._reading.note_damaged(number, value, reason)
            return
        self._reading.note(number, value, reason)
        if self._send_unrecognized:
            self._reading.values.append(value)


def findings(text: str, *, refanging: bool = True) -> tuple[Finding, ...]:
    """What one line or cell contains: nothing if it is blank or a comment, otherwise one value or several.

    Args:
        text: Any text.
        refanging: Whether defanged values are restored.
    """
    if found := plain(text) or (plain_defanged(text) if refanging else None):
        return (found,)
    return _at_length(text, refanging=refanging)


def _at_length(text: str, *, refanging: bool) -> tuple[Finding, ...]:
    """The way through all the stages: unwrap, then recognize what is one value, or split what is none."""
    recognize_one = partial(_one, refanging=refanging)
    cleaned = clean(text)
    found = recognize_one(cleaned)
    if found is None:
        return ()
    kind, value, reason, _ = found
    parts: Sequence[Finding] | None = None
    if kind == "url":
        parts = broken(cleaned, recognize_one)
    elif kind is None and reason not in (DEFANGED, DAMAGED):
        parts = split(cleaned, recognize_one)
        if parts is None and value != cleaned:
            parts = split(value, recognize_one)
    return (found,) if parts is None else tuple(parts)


def _one(text: str, *, refanging: bool) -> Finding | None:
    """What a text is that should be one value; None where it is blank or a comment."""
    if found := plain(text) or (plain_defanged(text) if refanging else None):
        return found
    cleaned = clean(text)
    if not cleaned:
        return None
    if len(cleaned) > _LONGEST and not _MAY_BE_LONG(cleaned):
        return None, cleaned, UNKNOWN, None
    value = refang(cleaned) if refanging else cleaned
    found = kind, sent, _, _ = recognize(value, is_host=value != cleaned, may_be_defanged=not refanging)
    # What a STIX comparison holds could read differently as a line: a URL that ends with a comma does.
    if kind is not None and STIX_START.match(value) and clean(sent) != sent:
        return None, value, "a STIX pattern whose value cannot be written on a separate line", None
    return found
