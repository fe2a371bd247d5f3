"""What the sources of an action contain: lines to be read, and entries that are not lines, with what happened to
them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Annotated

from sekoia_automation.module import LogLevelStr

from sekoia_cti.actions.common.jinja import structure
from sekoia_cti.indicators.account_of_values import Account
from sekoia_cti.indicators.display import counted, shown
from sekoia_cti.indicators.encodings import Encoding
from sekoia_cti.indicators.input_errors import InputError
from sekoia_cti.indicators.long_list import LongList
from sekoia_cti.indicators.objects import Held, Passed, Skipped, Unfolded, Unread, unfold
from sekoia_cti.indicators.reading import Reading, findings
from sekoia_cti.indicators.text_tables import table_in
from sekoia_cti.platform.forms import objects

__all__ = ["COMMENT", "Gathered", "ObjectAccount", "SkippedList", "is_comment", "unfold_all"]

COMMENT = "a comment, but the list should contain values only"
"""Why an entry that reads like a comment is not a value."""

_COMMENT_MARKS = ("#", "//", ";")

SkippedList = Annotated[list[dict[str, str]], objects(value="string", reason="string")]
"""A value that its author marked as not for detection, and the author's words."""


@dataclass(slots=True)
class ObjectAccount:
    """What happened to the objects of a source, besides their values."""

    skipped: LongList[dict[str, str]] = field(default_factory=LongList)
    """Values that their author marked as not for detection."""

    passed: Counter[str] = field(default_factory=Counter)
    """Objects that belong to indicators but are not indicators themselves, by their kind."""

    @property
    def skipped_count(self) -> int:
        """How many values are not for detection."""
        return self.skipped.total

    def note(self, finding: Skipped | Passed) -> None:
        """Record what is not a value to be sent."""
        if isinstance(finding, Passed):
            self.passed[finding.kind] += 1
            return
        self.skipped.note({"value": shown(finding.value), "reason": finding.reason})

    def notices(self) -> list[str]:
        """What is left out as not for detection, as a sentence without its period; an empty list if nothing is."""
        if not self.skipped_count:
            return []
        first = self.skipped[0]
        what = "1 value is" if self.skipped_count == 1 else f"{self.skipped_count:,} values are"
        return [f"{what} left out as not for detection, such as “{first['value']}”: {first['reason']}"]

    def tell_of_passed(self, tell: Callable[[str, LogLevelStr], None]) -> None:
        """Name the objects that are not indicators and are not meant to be."""
        if self.passed:
            named = ", ".join(f"{count:,} {kind}" for kind, count in self.passed.most_common(10))
            tell(f"The objects also contain things that are not indicators: {named}", "info")

    def refuse_alone(self, account: Account, sources: str) -> None:
        """Refuse sources that contain only values that are not for detection.

        Raises:
            InputError: They contain nothing else.
        """
        if self.skipped_count and not (account.by_type or account.kept_out or account.unrecognized_count):
            raise InputError(f"There is nothing to import: in {sources}, {self.notices()[0]}")


@dataclass(slots=True)
class Gathered:
    """The lines of all sources, and what happened to entries that are not lines.

    Attributes:
        lines: The lines to be read; an entry without a value leaves a blank line, so that line numbers count entries.
        unread: Entries that contain no indicator: their line, what they are, and why.
        objects: What happened to objects, besides their values.
        adapted: Values of objects that say more than the value, with their line.
        rows: Rows of tables, by the line that holds their cell.
        tables: What users should know about tables, as sentences without their periods.
        guesses: Files whose encoding had to be guessed: their names, the guess, and their lines.
        with_context: How many values come from objects that say more than the value.
        revoked_too: Whether values that an object marks as revoked are wanted too.
    """

    lines: list[str] = field(default_factory=list)
    unread: list[tuple[int, str, str]] = field(default_factory=list)
    objects: ObjectAccount = field(default_factory=ObjectAccount)
    adapted: list[tuple[int, Held]] = field(default_factory=list)
    rows: dict[int, str] = field(default_factory=dict)
    tables: list[str] = field(default_factory=list)
    guesses: list[tuple[str, Encoding, range]] = field(default_factory=list)
    with_context: int = 0
    revoked_too: bool = False

    def add_text(self, text: str, *, name: str = "", guess: Encoding | None = None) -> None:
        """Add the lines of a text, or, if they are the rows of a table, the cells of its indicator columns.

        Args:
            text: Any text.
            name: Of the file that it comes from.
            guess: How that was decoded, if nothing says that this is right.
        """
        first = len(self.lines) + 1
        self._add_lines(text.splitlines(), first)
        if guess:
            self.guesses.append((name, guess, range(first, len(self.lines) + 1)))

    def _add_lines(self, lines: list[str], first: int) -> None:
        if (table := table_in(lines)) is None:
            self.lines += lines
            return
        self.lines += table.lines
        for cell, why in table.skipped:
            self.objects.note(Skipped(cell, why))
        if table.leaves_out:
            self.rows |= {number: row for number, row in enumerate(lines, first) if table.lines[number - first]}
            self.tables.append(
                f"The text is a table with {table.width} columns, of which only the indicators in {table.columns} "
                "are imported, from "
                f"{counted(table.rows, 'row')}: to import the other columns too, use Import indicators from file"
            )

    def add(self, entries: Iterable[object]) -> None:
        """Add the entries of a list: values, objects, and null."""
        for entry in entries:
            if isinstance(entry, str) and entry[:1].isalnum():
                self.lines += entry.splitlines()  # the common case
            else:
                self._add(unfold_all([entry]))

    def _add(self, found: Iterable[Unfolded | None]) -> None:
        for finding in found:
            if isinstance(finding, Held):
                self._hold(finding)
                continue
            if isinstance(finding, Skipped) and finding.revoked and self.revoked_too:
                self.lines += finding.value.splitlines()
                continue
            self.lines.append("")
            if isinstance(finding, Unread):
                self.unread.append((len(self.lines), shown(finding.value), finding.reason))
            elif finding is not None:
                self.objects.note(finding)

    def account_for(self, reading: Reading) -> None:
        """Complete the account of the lines with the entries that are not lines."""
        for line, value, reason in self.unread:
            reading.note(line, value, reason)
        for value, why in reading.skipped:
            self.objects.note(Skipped(value, why))
        for line, held in self.adapted:
            reading.note_adapted(line, held.value, held.value, held.why)
        reading.given += len(self.unread) + self.objects.skipped_count
        reading.notices += [*self.tables, *self._of_guesses(), *self.objects.notices()]
        if self.with_context:
            what = "1 object says" if self.with_context == 1 else f"{self.with_context:,} objects say"
            reading.notices.append(
                f"{what} more about the indicator than its value, such as a validity, which is not imported here: use "
                "Import indicators to import it too"
            )

    def _of_guesses(self) -> Iterator[str]:
        """Of each file whose encoding had to be guessed, the first value that another encoding would make another one."""
        for name, encoding, numbers in self.guesses:
            values = (
                (number, value)
                for number in numbers
                if not self.lines[number - 1].isascii()
                for kind, value, _, _ in findings(self.lines[number - 1])
                if kind and (not value.isascii() or "xn--" in value)
            )
            for number, value in islice(values, 1):
                yield (
                    f"{name} is not in UTF-8, and its encoding looks like {encoding.label}: check values with letters outside "
                    f"of ASCII, such as “{shown(value)}” in line {number}, or save the file as UTF-8"
                )

    def notices(self) -> list[str]:
        """Which entries are not used, as sentences without their periods."""
        said = [*self.tables, *self.objects.notices()]
        if self.unread:
            line, value, reason = self.unread[0]
            what = "1 entry contains" if len(self.unread) == 1 else f"{len(self.unread):,} entries contain"
            said.append(f"{what} no indicator, such as entry {line}, “{value}”: {reason}")
        return said

    def why_nothing(self) -> str:
        """Why the sources contain no lines, as the end of a sentence; empty if they were empty."""
        return "".join(f"; {said}" for said in self.notices()[:1])

    def _hold(self, finding: Held) -> None:
        self.with_context += bool(finding.said.keys() - {"type"})
        if is_comment(finding.line):
            self.lines.append("")
            self.unread.append((len(self.lines), finding.value, COMMENT))
        else:
            self.lines += finding.line.splitlines() or [""]
            if finding.why:
                self.adapted.append((len(self.lines), finding))


def unfold_all(entries: Iterable[object]) -> Iterator[Unfolded | None]:
    """What the entries of a list contain, in order; None for an entry that is null or blank."""
    for entry in entries:
        if isinstance(entry, str):
            # Each object can be given as text.
            text = entry.strip()
            if (parsed := structure(text)) is None:
                yield Held(entry, entry) if text else None
                continue
            held: object = parsed
        else:
            held = entry
        empty = True
        for finding in unfold(held):
            empty = False
            yield finding
        if empty:
            yield None


def is_comment(value: str) -> bool:
    """Whether an entry of a list reads like a comment: it is reported, since a list is no place for comments."""
    text = value.lstrip()
    return text.startswith(_COMMENT_MARKS) and len(text.splitlines()) == 1 and not findings(text)
