"""When two spellings mean the same indicator, and how to search for one."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sekoia_cti.indicators.canonical import SPELLED
from sekoia_cti.indicators.hashes import HASHES
from sekoia_cti.indicators.recognize import recognize
from sekoia_cti.indicators.shapes import URL, plain
from sekoia_cti.indicators.types import Finding, IndicatorType

__all__ = ["are_keys", "canonical", "identity", "known", "spellings"]

_HASHES = frozenset((*HASHES.values(), "hashes"))

# A name, an IPv4 address or a hash in lowercase, whatever of them it is, or a URL as it is sent, unless its escapes are spelled
# otherwise in its key. The root's dot is not of a name's key, and with other marks it could be a MAC address.
_KEYS = re.compile(
    rf"(?:(?:(?![0-9a-f]{{2}}-|[0-9a-f]{{4}}\.)[a-z0-9._-]*+(?<=[a-z0-9_-])|(?![^\n]*(?:{SPELLED})){URL})\n)*+",
    re.VERBOSE | re.ASCII,
).fullmatch


def identity(line: str) -> frozenset[str]:
    """What an indicator is known by, however it is written: a file by each of its hashes, anything else by one key.

    An indicator is the one of a line when the line's keys are all among its own: a file can have more hashes than the
    line tells. Case is folded in host names, addresses, email addresses, hashes and escapes, and is kept in the rest of URLs
    and in what is not an indicator of a known kind.

    Args:
        line: As it is sent (see ``reading.read``), or ``wire.Indicator.value``.
    """
    return known(line)[1]


def are_keys(lines: Sequence[str]) -> bool:
    """Whether each of some lines is surely its own :func:`identity`, as it stands: nearly all of nearly all feeds are.

    Args:
        lines: As they are sent. One match for all of them takes a tenth of the time.
    """
    together = "\n".join((*lines, ""))
    return together.count("\n") == len(lines) and _KEYS(together) is not None


def known(line: str) -> tuple[IndicatorType | None, frozenset[str]]:
    """What kind of indicator a line is, None for no known one, and its :func:`identity`."""
    kind, _, key, _ = plain(line) or _found(line)
    if kind is None:
        return kind, frozenset((line,))
    if kind == "email":
        return kind, frozenset((key.lower(),))
    return kind, frozenset(key.split(",") if kind == "hashes" else (key,))


def canonical(line: str) -> str:
    """One key for all spellings of an indicator; of a file, for all orders of its hashes.

    Args:
        line: As it is sent (see ``reading.read``), or ``wire.Indicator.value``.
    """
    return ",".join(sorted(identity(line)))


def spellings(line: str) -> list[str]:
    """How an indicator may stand in a pattern, the likeliest first; of the hashes of a file, the longest stands for all.

    Others send what they have: hashes in capitals, internationalized names as they are written.
    """
    kind, sent, key, _ = _found(line)
    if kind is None:
        return [line]
    if kind == "hashes":
        line = sent = max(sent.split(","), key=len)
    other = (sent.lower(),) if kind == "email" else (sent.upper(),) if kind in _HASHES else (key,)
    return list(dict.fromkeys((sent, *other, line)))


def _found(line: str) -> Finding:
    # A host, since a name of a file cannot be the value of a domain's pattern.
    return recognize(line, is_host=True)
