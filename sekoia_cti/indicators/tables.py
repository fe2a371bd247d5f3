"""Tables in CSV: how a file is written, and its rows."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import BinaryIO

from sekoia_cti.indicators.encodings import Encoding, encoding_of, open_text
from sekoia_cti.indicators.errors import UnreadableFile
from sekoia_cti.indicators.headers import role_of

__all__ = ["Row", "Table", "look"]

Row = list[str]

_DELIMITERS = ",;\t|"
_NO_DELIMITER = "\x1f"
"""What separates the columns of a file that has one: a mark that no indicator holds."""

_LINES_LOOKED_AT = 1_000
_SEPARATOR = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)
_BLANKS_AFTER = re.compile(r'[,;|]\s+"')


@dataclass(frozen=True)
class Table:
    """A file of rows, and how it is written.

    Attributes:
        open: Opens the file for reading bytes.
        encoding: Of its text.
        delimiter: Between the cells of a row.
        blanks_after: Whether blanks follow delimiters, which belong to no cell then.
        before: Lines before the first row: comments, and what Excel needs to know.
        caption: The cells of the last of these comments, which can be the heading.
        is_plain: Whether a program that knows nothing but CSV in UTF-8 reads the same.
    """

    open: Callable[[], BinaryIO]
    encoding: Encoding
    delimiter: str
    blanks_after: bool
    before: int
    caption: Row
    is_plain: bool

    @property
    def written_delimiter(self) -> str:
        """What separates the cells where the table is written anew."""
        return self.delimiter if self.delimiter != _NO_DELIMITER else ","

    def rows(self) -> Iterator[tuple[int, Row]]:
        """All rows, with their numbers from 1, what stands before them included.

        Raises:
            UnreadableFile: The file is no CSV.
        """
        with open_text(self.open(), self.encoding.name) as text:
            lines = _lines(text, self.encoding)
            reader = csv.reader(
                islice(lines, self.before, None), delimiter=self.delimiter, skipinitialspace=self.blanks_after
            )
            try:
                yield from enumerate(reader, self.before + 1)
            except csv.Error as error:
                raise UnreadableFile(f"it cannot be read as CSV ({error}): repair it or save it anew") from None


def look(open_file: Callable[[], BinaryIO]) -> Table:
    """Find out how a file of rows is written.

    Args:
        open_file: Opens it for reading bytes.

    Raises:
        UnreadableFile: It is no text in lines.
    """
    with open_file() as file:
        encoding = encoding_of(file)
    with open_text(open_file(), encoding.name) as text:
        lines = list(islice(_lines(text, encoding), _LINES_LOOKED_AT))
    told = _SEPARATOR.fullmatch(lines[0]) if lines else None
    before, comment = _before(lines)
    delimiter = told[1] if told else _delimiter(lines[before:])
    blanks_after = any(map(_BLANKS_AFTER.search, lines[before : before + 100]))
    caption = next(csv.reader([comment.lstrip("# \t\"'")], delimiter=delimiter, skipinitialspace=True), [])
    is_plain = before == 0 and not blanks_after and encoding in (Encoding("utf-8"), Encoding("utf-8-sig"))
    return Table(open_file, encoding, delimiter, blanks_after, before, caption, is_plain)


def _lines(text: Iterable[str], encoding: Encoding) -> Iterator[str]:
    return (line.replace("\0", "") for line in text) if encoding.has_nul else iter(text)


def _before(lines: Sequence[str]) -> tuple[int, str]:
    """How many lines stand before the first row, and the last comment among them."""
    comment = ""
    for number, line in enumerate(lines):
        text = line.strip()
        if text.startswith(("#", '"#')):
            comment = text if text.strip("#\" '") else comment
        elif number == 0 and _SEPARATOR.fullmatch(line):
            continue
        elif text:
            # Blank lines before a first row are rows, and nothing is told apart by leaving them out.
            return (number, comment) if comment or (number and _SEPARATOR.fullmatch(lines[0])) else (0, "")
    return 0, ""


def _delimiter(lines: Sequence[str]) -> str:
    """The mark that cuts the most rows, if it cuts most of them: commas in some URLs of a list make no columns.

    Rows and not lines are counted, since a cell can span many lines.
    """

    def cut(mark: str) -> tuple[float, float, int]:
        try:
            widths = [len(row) for row in csv.reader(lines, delimiter=mark) if row]
        except csv.Error:  # a line may be too long a cell without the right mark
            return 0, 0, 0
        if not widths:
            return 0, 0, 0
        most = max(set(widths), key=widths.count)
        return sum(width > 1 for width in widths) / len(widths), widths.count(most) / len(widths), widths[0]

    best = max(_DELIMITERS, key=cut)
    if cut(best)[0] <= 0.5 or _is_one_column(lines, best):
        return _NO_DELIMITER
    return best


def _is_one_column(lines: Sequence[str], mark: str) -> bool:
    """Whether the heading says so: a known name, alone above cells that hold the mark."""
    first = next((line for line in map(str.strip, lines) if line), "")
    return mark not in first and role_of(first) in ("observable", "kind")
