"""The indicators in a cell of a table, which can contain several on separate lines, or be wrapped in spreadsheet
syntax."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sekoia_cti.indicators.columns import HASHES
from sekoia_cti.indicators.reading import Finding, findings

__all__ = ["is_cut_url", "read_cell"]

_FORMULA = re.compile(
    r"""= \s* (?: (?P<link>HYPERLINK)\s*\(\s*"(?P<address>(?:[^"]|"")*)"\s*(?:[,;][^)]*)?\) | "(?P<text>(?:[^"]|"")*)" )""",
    re.VERBOSE | re.IGNORECASE,
)
_WORDS_BETWEEN = re.compile(r"(?<!\s)\s+(?:[/&+]|and|or|et|ou|und|oder|y)\s+", re.IGNORECASE)
"""A cell of indicators is not prose, in which such a word could be part of a sentence."""

_LINK = "only the address of a hyperlink"

_REST_OF_URL = re.compile(r"[0-9]+|\S*[/?=&%#]\S*|\S+\.\w{2,5}", re.ASCII).fullmatch
"""What the delimiter cut off from a URL; another cell of the row has none of these marks."""


def is_cut_url(row: Sequence[str], at: int, width: int) -> bool:
    """Whether a row is wider than its heading because the URL in one of its cells holds the delimiter and is not quoted.

    Args:
        row: Cells, the surplus among them.
        at: Where the URL begins.
        width: How many cells the heading has.
    """
    rest = row[at + 1 : at + 1 + len(row) - width]
    if not rest or at >= width or "://" not in row[at] or " " in "".join(rest):
        return False
    return at == width - 1 or all(map(_REST_OF_URL, rest))


def read_cell(cell: str, *, refanging: bool = True) -> tuple[Finding, ...]:
    """What a cell contains: nothing if it is blank or a comment, otherwise one value or several.

    Args:
        cell: Any text.
        refanging: Whether defanged values are restored.
    """
    found = findings(cell, refanging=refanging)
    if all(kind is not None for kind, _, _, _ in found):
        return found
    text = cell.strip()
    if formula := _FORMULA.fullmatch(text):
        inner = findings((formula["address"] or formula["text"] or "").replace('""', '"'), refanging=refanging)
        return tuple((*one[:3], one[3] or (_LINK if formula["link"] else None)) for one in inner) or found
    # How a spreadsheet marks a text; a pair of quotation marks is removed like any other.
    if text.startswith("'") and "'" not in text[1:]:
        return findings(text[1:], refanging=refanging) or found
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) > 1:
        parts = [one for line in lines for one in findings(line, refanging=refanging)]
        if any(kind is not None for kind, _, _, _ in parts):
            return _of_one_file(parts) or tuple(parts)
    words = _WORDS_BETWEEN.split(text)
    if len(words) > 1:
        parts = [one for word in words for one in findings(word, refanging=refanging)]
        if all(kind is not None for kind, _, _, _ in parts):
            return tuple(parts)
    return found


def _of_one_file(parts: Sequence[Finding]) -> tuple[Finding, ...] | None:
    """Hashes of different kinds in one cell are those of one file."""
    kinds = {kind for kind, _, _, _ in parts}
    if len(parts) < 2 or len(kinds) < len(parts) or not kinds <= {*HASHES}:
        return None
    return findings(",".join(value for _, value, _, _ in parts))
