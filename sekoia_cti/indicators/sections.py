"""Sections of a list: what is below “Whitelist” is not to be blocked, and live URLs below “References” are none of the list."""

from __future__ import annotations

import re

from sekoia_cti.indicators.types import IndicatorType

__all__ = ["Sections"]

_NOT_TO_BE_BLOCKED = re.compile(
    r"""
    (?:
        (?:white|allow)[\ -]?list(?:ed)? | exclu(?:ded|sions?) | (?:known\ )?false[\ -]positives? | fps? | benign
        | legit(?:imate)? | known[\ -]good | (?:known\ )?sinkhole[sd]? | victims? | (?:do\ not|don['’]t|never)\ block
        | not\ malicious | liste\ blanche | faux[\ -]positifs? | l[ée]gitimes? | victimes? | ne\ pas\ bloquer
        | ausnahmen | opfer | legitim | nicht\ blockieren | lista\ blanca | falsos\ positivos | leg[íi]tim[oa]s | v[íi]ctimas
    )
    (?:\ (?:domains?|ips?|ip\ addresses|addresses|hosts?|urls?|hash(?:es)?|values?|entries|iocs?|indicators?|list))?
    """,
    re.VERBOSE | re.IGNORECASE,
).fullmatch
_REFERENCES = re.compile(
    r"(?:external\s)?references?|sources?|bibliography|further reading|see also|références?|quellen|referencias|fuentes",
    re.IGNORECASE,
).fullmatch
_COMMENTS = ("#", "//", ";")
# What a heading is marked with, besides the colon behind it.
_MARKS = "#/;!=*_-~[]():. \t"
_LONGEST = 60


class Sections:
    """Follows the headings of a list.

    A section ends with the next heading or comment, or with a blank line below a value of it: what comes then may be of
    another one.
    """

    def __init__(self) -> None:
        self.heading = ""
        """The heading of a section whose values are not taken; empty in all others."""

        self._has_references = False
        self._has_values = False

    def go_on(self, line: str) -> None:
        """Take note of a line that holds no indicator."""
        text = line.strip()
        if not text:
            if self._has_values:
                self.heading = ""
            return
        words = text.strip(_MARKS) if len(text) < _LONGEST else ""
        is_comment = text.startswith(_COMMENTS)
        if _NOT_TO_BE_BLOCKED(words):
            self._begin(words, has_references=False)
        elif not is_comment and _REFERENCES(words):
            self._begin(words, has_references=True)
        elif is_comment or text.endswith(":"):
            self.heading = ""

    def keeps_out(self, kind: IndicatorType, value: str, line: str) -> bool:
        """Whether an indicator below the heading is not one of the list.

        Args:
            kind: Of the indicator.
            value: The indicator.
            line: As it is written.
        """
        self._has_values = True
        # What is defanged is meant, whatever it is called; and the sources of an attack are addresses.
        return not self._has_references or (kind == "url" and value in line)

    def _begin(self, heading: str, *, has_references: bool) -> None:
        self.heading, self._has_references, self._has_values = heading, has_references, False
