"""Tables in CSV: how a file is written, and its rows."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import BinaryIO, TextIO

from sekoia_cti.indicators.encodings import Encoding, encoding_of, open_text
from sekoia_cti.indicators.headers import role_of
from sekoia_cti.indicators.input_errors import UnreadableFile
from sekoia_cti.indicators.shapes import plain, plain_defanged

__all__ = ["Row", "RowWriter", "Table", "look"]

Row = list[str]

_DELIMITERS = ",;\t|^"
_COMMON = ",;\t|"
_NO_DELIMITER = "\x1f"
"""What separates the columns of a file that has one: a mark that no indicator holds."""

_LINES_LOOKED_AT = 1_000
_NOTED = 100
_COMMENT = re.compile(r"\s*(?:#|;|//(?!\w[\w-]*(?:\.|\[\.)))")
_RULE = re.compile(r"[-=+|:~_*\s]+")
_NO_ROW = re.compile(r"\"?#|\|\||;\s+\S|[-=+|:~_*\s]+\Z")
"""Comments, the lines of filter lists, and rules: they are cut by other marks than rows are."""

_APOSTROPHES = re.compile(r"\s*'.*'\s*[,;|\t]\s*'.*'\s*\Z")
_BACKSLASHED = re.compile(r'\\"(?!\s*(?:[,;|\t^]|\Z))')
_LEADING_COMMENT = re.compile(r";\s+\S|//\s")
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
        quote: Around cells that hold the delimiter.
        backslashed: Whether a quotation mark within a cell is written with a backslash.
        within: What cuts the rows that are one cell each of the file; empty where its own delimiter does.
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
    quote: str = '"'
    backslashed: bool = False
    within: str = ""
    swallowed: dict[int, str] = field(default_factory=dict, compare=False)

    @property
    def written_delimiter(self) -> str:
        """What separates the cells where the table is written anew: one that every program knows."""
        delimiter = self.within or self.delimiter
        return delimiter if delimiter in _COMMON else ","

    def is_comment(self, row: Row) -> bool:
        """Whether a row is a comment, or a rule between rows."""
        # In a table that is cut by semicolons, “; comment” has an empty first cell.
        if len(row) > 1 and not row[0] and self.delimiter == ";":
            return row[1].startswith(" ")
        return bool(row) and bool(_COMMENT.match(row[0]) or _RULE.fullmatch("".join(row)))

    def rows(self) -> Iterator[tuple[int, Row]]:
        """All rows, with their numbers from 1, what stands before them included.

        Raises:
            UnreadableFile: The file is not CSV, or a quotation mark is never closed.
        """
        ended = False

        def end() -> Iterator[str]:
            """A blank line, which is part of the last row if a quotation mark was left open, and else a row of its own."""
            nonlocal ended
            ended = True
            yield "\n"

        with open_text(self.open(), self.encoding.name) as text:
            lines: Iterator[str] = chain(islice(_lines(text, self.encoding), self.before, None), end())
            if self.backslashed:
                lines = (_BACKSLASHED.sub('""', line) for line in lines)
            reader = csv.reader(
                lines, delimiter=self.delimiter, quotechar=self.quote, skipinitialspace=self.blanks_after
            )
            try:
                width, lines_read = 0, 0
                for number, row in enumerate(reader, self.before + 1):
                    if reader.line_num - lines_read > 1 and width > 1:
                        self._note_swallowed(number, row, width)
                    width, lines_read = len(row), reader.line_num
                    if ended:
                        if row:
                            raise UnreadableFile(
                                f"row {number:,} has a quotation mark that is never closed, so all following rows "
                                "would be part of it: correct it"
                            )
                        return
                    yield number, _cut(row[0], self.within) if self.within and len(row) == 1 else row
            except csv.Error as error:
                raise UnreadableFile(f"it cannot be read as CSV ({error}): repair it or save it again") from None

    def _note_swallowed(self, number: int, row: Row, width: int) -> None:
        """Note a line in a cell that has as many cells as rows have, and some indicators among them: then it is not a list."""
        if len(self.swallowed) >= _NOTED:
            return
        for line in (line for cell in row if "\n" in cell for line in cell.splitlines()[1:]):
            found = [plain(cell.strip('" ')) for cell in line.split(self.delimiter)]
            indicators = sum(one is not None and one[0] is not None for one in found)
            if len(found) == width and 0 < indicators < width:
                self.swallowed[number] = line
                return


class RowWriter:
    """Writes rows as CSV, each with a line feed at its end.

    Args:
        to: Opened for writing text with ``newline=""``.
        delimiter: Between the cells of a row.
    """

    def __init__(self, to: TextIO, delimiter: str) -> None:
        self._to = to
        # Cells with marks that end rows are quoted: many readers take a carriage return alone for the end of a row.
        writer = csv.writer(self, delimiter=delimiter, lineterminator="\r\n")
        self.writerow, self.writerows = writer.writerow, writer.writerows

    def write(self, row: str) -> None:
        """Take down a row that was written."""
        self._to.write(f"{row[:-2]}\n")


def look(open_file: Callable[[], BinaryIO], *, delimiter: str | None = None) -> Table:
    """Find out how a file of rows is written.

    Args:
        open_file: Opens it for reading bytes.
        delimiter: Between the cells of a row, where that is known.

    Raises:
        UnreadableFile: It is not text in lines.
    """
    with open_file() as file:
        encoding = encoding_of(file)
    with open_text(open_file(), encoding.name) as text:
        lines = list(islice(_lines(text, encoding), _LINES_LOOKED_AT))
    told = _SEPARATOR.fullmatch(lines[0]) if lines else None
    before, comment = _before(lines)
    rows = [line for line in lines[before:] if not _NO_ROW.match(line) and not line.isspace()]
    is_known = delimiter is not None
    delimiter = delimiter or (told[1] if told else _delimiter(rows))
    within = _within(rows, delimiter)
    blanks_after = not is_known and any(map(_BLANKS_AFTER.search, lines[before : before + 100]))
    apostrophes = not is_known and sum(map(bool, map(_APOSTROPHES.match, rows))) > 0.5 * len(rows)
    backslashed = (
        not is_known
        and any(map(_BACKSLASHED.search, rows))
        and not any('""' in line.replace(',""', "") for line in rows)
    )
    caption = next(csv.reader([comment.lstrip("# \t\"'")], delimiter=within or delimiter, skipinitialspace=True), [])
    is_plain = (
        before == 0
        and not (blanks_after or apostrophes or backslashed or within)
        and (delimiter in _COMMON or (delimiter == _NO_DELIMITER and not any(map(_ANY_COMMON.search, lines))))
        and encoding in (Encoding("utf-8"), Encoding("utf-8-sig"))
    )
    quote = "'" if apostrophes else '"'
    return Table(open_file, encoding, delimiter, blanks_after, before, caption, is_plain, quote, backslashed, within)


def _lines(text: Iterable[str], encoding: Encoding) -> Iterator[str]:
    return (line.replace("\0", "") for line in text) if encoding.has_nul else iter(text)


def _before(lines: Sequence[str]) -> tuple[int, str]:
    """How many lines stand before the first row, and the last comment among them."""
    comment = ""
    for number, line in enumerate(lines):
        text = line.strip()
        if text.startswith(("#", '"#')) or _LEADING_COMMENT.match(text):
            comment = text if text.startswith(("#", '"#')) and text.strip("#\" '") else comment or " "
        elif number == 0 and _SEPARATOR.fullmatch(line):
            continue
        elif text:
            # Blank lines before a first row count as rows; leaving them out would help nobody.
            return (number, comment) if comment or (number and _SEPARATOR.fullmatch(lines[0])) else (0, "")
    return 0, ""


def _delimiter(rows: Sequence[str]) -> str:
    """The mark that cuts the most rows, if it cuts most of them: commas in some URLs of a list make no columns.

    Rows and not lines are counted, since a cell can span many lines.
    """

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
        # Reputation lists of AlienVault; a fragment of a URL begins with this mark as well.
        is_hash = cut("#")[:2] == (1, 1) and cut("#")[2] > 2 and not any("://" in row for row in rows)
        return "#" if is_hash else _NO_DELIMITER
    return best


def _cut(row: str, mark: str) -> Row:
    return next(csv.reader([row], delimiter=mark, skipinitialspace=True), [])


def _within(lines: Sequence[str], delimiter: str) -> str:
    """What cuts rows that are one cell each, as a table is that was opened with the wrong delimiter and saved; empty for none."""
    try:
        cells = [row for row in csv.reader(lines, delimiter=delimiter) if any(row)]
    except csv.Error:
        return ""
    alone = [row[0] for row in cells if not any(row[1:]) and "\n" not in row[0]]
    if delimiter == _NO_DELIMITER:
        alone = [row for row, line in zip(alone, lines, strict=False) if line.strip() != row.strip()]
    if not alone or len(alone) < len(lines):
        return ""
    mark = _delimiter(alone)
    if mark == _NO_DELIMITER or sum(map(bool, map(_URL_LINE.match, alone))) > 0.5 * len(alone):
        return ""
    # What is nothing but values is a list of them in a cell.
    mixed = sum(
        len({bool(plain(cell) or plain_defanged(cell)) for cell in _cut(row, mark) if cell}) > 1 for row in alone
    )
    return mark if mixed > 0.5 * (len(alone) - 1) else ""


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
