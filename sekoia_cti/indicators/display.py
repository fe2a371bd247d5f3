"""How counts, and text of unknown origin, are shown in results, logs and errors, so that a text cannot pretend to be
something else."""

from __future__ import annotations

from unicodedata import category

__all__ = ["counted", "shown"]

LONGEST = 200


def counted(count: int, what: str = "indicator") -> str:
    """How many of something there are: 1 indicator, 2,000 indicators.

    Args:
        count: How many.
        what: One of them, in a word whose plural ends in s.
    """
    return f"{count:,} {what}" if count == 1 else f"{count:,} {what}s"


def shown(text: str, most: int = LONGEST) -> str:
    """A text that can be shown to people: truncated, and with an escape for every invisible character.

    Control characters (a terminal obeys ESC), marks that reorder what follows, halves of emojis and unassigned code
    points become ``\\x1b``, ``\\u202e`` and so on; letters of all scripts stay.

    Args:
        text: Any text.
        most: The largest number of characters.
    """
    cut = text[:most]
    return cut if cut.isprintable() else "".join(map(_escaped, cut))


def _escaped(letter: str) -> str:
    if letter.isprintable() or category(letter) == "Zs":
        return letter
    return letter.encode("unicode_escape").decode("ascii")
