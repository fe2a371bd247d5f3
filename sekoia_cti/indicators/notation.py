"""How the values of a source are written, and what does not fit in with the others: a live URL among defanged values."""

from __future__ import annotations

from sekoia_cti.indicators.display import shown
from sekoia_cti.indicators.types import IndicatorType

__all__ = ["CAN_BE_DEFANGED", "Notation"]

CAN_BE_DEFANGED = frozenset(("domain", "url", "email", "ipv4", "ipv6"))
_NAMED = 3


class Notation:
    """Records how values are written as they are read.

    Authors who defang values link to reports with URLs that are not defanged, so a warning names these. If most URLs
    are not defanged, they are meant as indicators.
    """

    def __init__(self) -> None:
        self._defanged = 0
        self._live = 0
        self._first: list[str] = []

    def note(self, line: int, written: str, kind: IndicatorType, value: str) -> None:
        """Take down an indicator: each URL, and of the other kinds those that are not sent as they are written.

        Args:
            line: Where it is.
            written: What its line holds.
            kind: Of the indicator.
            value: The value as it is sent.
        """
        if kind not in CAN_BE_DEFANGED:
            return
        if value not in written and ("[." in written or _is_defanged(value, written)):
            self._defanged += 1
        elif kind == "url":
            self._live += 1
            if self._live <= _NAMED:
                self._first.append(f"line {line} “{shown(value)}”")

    def notices(self) -> list[str]:
        """What users should know, as a sentence without its period; an empty list if there is nothing."""
        if not 0 < self._live < self._defanged:
            return []
        named = ", ".join(self._first) + (f", and {self._live - _NAMED:,} more" if self._live > _NAMED else "")
        if self._live == 1:
            return [
                f"1 URL is not defanged where other values are, but is imported: {named}. If it is only a "
                "reference, such as a link to a report, exclude or revoke it"
            ]
        return [
            f"{self._live:,} URLs are not defanged where other values are, but are imported: {named}. If they are "
            "only references, such as links to reports, exclude or revoke them"
        ]


def _is_defanged(value: str, written: str) -> bool:
    # Lower case and A-labels make another value as well.
    return written.isascii() and value not in written.lower()
