"""Tables in CSV: how a file is written, and its rows."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import BinaryIO

from sekoia_cti.indicators.encodings import Encoding, encoding_of, open_text
from sekoia_cti.indicators.errors import UnreadableFile
from sekoia_cti.indicators.headers import role_of
from sekoia_cti.indicators.shapes import plain

__all__ = ["Row", "Table", "look"]

Row = list[str]

_DELIMITERS = ",;\t|^"
_COMMON = ",;\t|"
_NO_DELIMITER = "\x1f"
"""What separates the columns of a file that has one: a mark that no indicator holds."""

_LINES_LOOKED_AT = 1_000
_NOTED = 100
_SEPARATOR = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)
_ANY_COMMON = re.compile(f"[{_COMMON}]")
_URL_LINE = re.compile(r"\s*\w{2,10}(?::|\[:\])//[^\s\"']+\s*\Z", re.ASCII)
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
        swallowed: By the rows that were read so far, lines in their cells that look like rows of their own.
    """

    open: Callable[[], BinaryIO]
    encoding: Encoding
    delimiter: str
    blanks_after: bool
    before: int
    caption: Row
    is_plain: bool
    swallowed: dict[int, str] = field(default_factory=dict, compare=False)

    @property
    def written_delimiter(self) -> str:
        """What separates the cells where the table is written anew: one that every program knows."""
        return self.delimiter if self.delimiter in _COMMON else ","

    def rows(self) -> Iterator[tuple[int, Row]]:
        """All rows, with their numbers from 1, what stands before them included.

        Raises:
            UnreadableFile: The file is no CSV, or a quotation mark is never closed.
        """
        ended = False

        def end() -> Iterator[str]:
            """A blank line, which is part of the last row if a quotation mark was left open, and else a row of its own."""
            nonlocal ended
            ended = True
            yield "\n"

        with open_text(self.open(), self.encoding.name) as text:
            lines = chain(islice(_lines(text, self.encoding), self.before, None), end())
            reader = csv.reader(lines, delimiter=self.delimiter, skipinitialspace=self.blanks_after)
            try:
                width, lines_read = 0, 0
                for number, row in enumerate(reader, self.before + 1):
                    if reader.line_num - lines_read > 1 and width > 1:
                        self._note_swallowed(number, row, width)
                    width, lines_read = len(row), reader.line_num
                    if ended:
                        if row:
                            raise UnreadableFile(
                                f"row {number:,} opens a quotation mark that is never closed, so it swallows all that follow: "
                                "repair it"
                            )
                        return
                    yield number, row
            except csv.Error as error:
                raise UnreadableFile(f"it cannot be read as CSV ({error}): repair it or save it anew") from None

    def _note_swallowed(self, number: int, row: Row, width: int) -> None:
        """Note a line in a cell that has as many cells as rows have, some of them indicators, and not all: it is no list then."""
        if len(self.swallowed) >= _NOTED:
            return
        for line in (line for cell in row if "\n" in cell for line in cell.splitlines()[1:]):
            found = [plain(cell.strip('" ')) for cell in line.split(self.delimiter)]
            indicators = sum(one is not None and one[0] is not None for one in found)
            if len(found) == width and 0 < indicators < width:
                self.swallowed[number] = line
                return


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
    is_plain = (
        before == 0
        and not blanks_after
        and (delimiter in _COMMON or (delimiter == _NO_DELIMITER and not any(map(_ANY_COMMON.search, lines))))
        and encoding in (Encoding("utf-8"), Encoding("utf-8-sig"))
    )
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

    # Comments, and the lines of filter lists, are cut by other marks than rows are.
    rows = [line for line in lines if not line.startswith(("#", "||")) and not line.isspace()]

    def cut(mark: str) -> tuple[float, float, int]:
        try:
            widths = [len(row) for row in csv.reader(rows, delimiter=mark) if row]
        except csv.Error:  # a line may be too long a cell without the right mark
            return 0, 0, 0
        if not widths:
            return 0, 0, 0
        most = max(set(widths), key=widths.count)
        return sum(width > 1 for width in widths) / len(widths), widths.count(most) / len(widths), widths[0]

    best = max(_DELIMITERS, key=cut)
    if cut(best)[0] <= 0.5 or _is_one_column(rows, best):
        return _NO_DELIMITER
    return best


def _is_one_column(lines: Sequence[str], mark: str) -> bool:
    """Whether the mark is part of what one column holds.

    The heading says so, a known name alone above cells that hold the mark; or, without one, the mark is in the queries of URLs,
    more often in some than in others.
    """
    first = lines[0].strip() if lines else ""
    if mark not in first and role_of(first) in ("observable", "kind"):
        return True
    queries = [line.partition(mark)[0] for line in lines if mark in line]
    return (
        all(map(_URL_LINE.match, lines))
        and all("?" in query for query in queries)
        and len({line.count(mark) for line in lines}) > 1
    )
