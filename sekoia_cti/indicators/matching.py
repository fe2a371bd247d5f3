"""When two spellings are the same indicator, and how to search for one."""

from __future__ import annotations

from ipaddress import IPv6Address

from sekoia_cti.indicators.types import Found, IndicatorType, examine, plain

__all__ = ["canonical", "identity", "known", "spellings"]


def identity(line: str) -> frozenset[str]:
    """What an indicator is known by, however it is written: a file by each of its hashes, anything else by one key.

    An indicator is the one of a line when the line's keys are all among its own: a file can have more hashes than the
    line tells. Case is folded in host names, addresses, email addresses and hashes, and is kept in the rest of URLs
    and in what is no indicator of a known kind.

    Args:
        line: As it is sent (see ``reading.read``), or ``wire.Indicator.value``.
    """
    return known(line)[1]


def known(line: str) -> tuple[IndicatorType | None, frozenset[str]]:
    """What kind of indicator a line is, None for no known one, and its :func:`identity`."""
    kind, _, key = _found(line)
    if kind == "hashes":
        return kind, frozenset(key.split(","))
    if kind == "email":
        return kind, frozenset((key.lower(),))
    return kind, frozenset((line if kind is None else key,))


def canonical(line: str) -> str:
    """One key for all spellings of an indicator; of a file, for all orders of its hashes.

    Args:
        line: As it is sent (see ``reading.read``), or ``wire.Indicator.value``.
    """
    return ",".join(sorted(identity(line)))


def spellings(line: str) -> list[str]:
    """How an indicator may stand in a pattern, the likeliest first; of the hashes of a file, the longest stands for all."""
    kind, sent, key = _found(line)
    if kind is None:
        return [line]
    if kind == "hashes":
        sent = max(sent.split(","), key=len)
        key = sent.lower()
    if kind == "ipv6":
        key = str(IPv6Address(sent))
    if kind == "email":
        key = key.lower()
    # An internationalized name may have been imported as it was written.
    written = () if line.isascii() else (line,)
    return list(dict.fromkeys((sent, key, *written)))


def _found(line: str) -> Found:
    # A host, since a name of a file cannot be the value of a domain's pattern.
    return plain(line) or examine(line, is_host=True, may_be_defanged=False)
