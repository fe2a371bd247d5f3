"""STIX patterns as Sekoia stores them for the indicators of a collection, read back as values."""

from __future__ import annotations

import re

__all__ = ["compared_values", "value_of"]

_COMPARISON = r"([a-z0-9-]+:[\w.'\"-]+)\s*+=\s*+'((?:[^'\\]|\\.)*+)'"
_COMPARISONS = re.compile(rf"\s*+\[\s*+{_COMPARISON}(?:\s++(?:OR|AND)\s++{_COMPARISON})*+\s*+\]\s*+", re.DOTALL)
_PATHS = """
    domain-name:value url:value ipv4-addr:value ipv6-addr:value email-addr:value mac-addr:value
    file:hashes.MD5 file:hashes.'MD5' file:hashes.'SHA-1' file:hashes.'SHA-256' file:hashes.'SHA-512'
    """.split()
_STARTS = frozenset(f"[{path} = " for path in _PATHS)  # nearly all patterns of nearly all collections begin so
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


def value_of(pattern: str) -> str:
    """The line with which an import creates the indicator of a pattern: its value, the hashes of one file, or the
    whole pattern."""
    parts = pattern.rsplit("'", 2)
    if len(parts) == 3 and parts[0] in _STARTS and parts[2] == "]" and "\\" not in parts[1]:
        return parts[1]
    if _COMPARISONS.fullmatch(pattern):
        comparisons = compared_values(pattern)
        if len(comparisons) == 1 or all(path.startswith("file:hashes.") for path, _ in comparisons):
            return ",".join(value for _, value in comparisons)
    return pattern


def compared_values(pattern: str) -> list[tuple[str, str]]:
    """The properties and values that a pattern compares: ``("domain-name:value", "evil.example")``."""
    return [(path, _ESCAPED.sub(r"\1", value)) for path, value in re.findall(_COMPARISON, pattern)]
