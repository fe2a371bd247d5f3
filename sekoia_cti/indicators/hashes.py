"""Hashes of files: one, or several of one file."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from sekoia_cti.indicators.types import Finding, IndicatorType

__all__ = ["HASHES", "hashes", "of_one_file"]

HASHES: dict[int, IndicatorType] = {32: "md5", 40: "sha1", 64: "sha256", 128: "sha512"}
"""The kinds, by how many digits they have."""

_LINE = re.compile(r"[0-9A-Fa-f]{24,}+(?:[\s,;|]++[0-9A-Fa-f]{24,}+)*+", re.ASCII)
_BETWEEN = re.compile(r"[\s,;|]+")
_NOT_TAKEN = {56: "SHA-224", 96: "SHA-384"}


def hashes(value: str) -> Finding | None:
    """The hash, or the hashes of one file, that a text is; a finding without a kind if they are not usable."""
    if not _LINE.fullmatch(value):
        return None
    words = _BETWEEN.split(value.lower())
    if len(words) > 1:
        return of_one_file(words, value)
    if kind := HASHES.get(len(value)):
        return kind, words[0], words[0], None
    if name := _NOT_TAKEN.get(len(value)):
        return None, value, f"a {name} hash, a kind that Sekoia does not accept", None
    return None, value, "hexadecimal digits, but not the number that an MD5, SHA-1, SHA-256 or SHA-512 hash has", None


def of_one_file(words: Sequence[str], written: str) -> Finding:
    """Several hashes of one file, of different kinds, in whatever order.

    Args:
        words: The hashes, in lowercase.
        written: What they are in.
    """
    why, is_sorted = _judged(tuple(map(len, words)))
    if why:
        return None, written, why, None
    joined = ",".join(words)
    if joined == written:
        joined = written  # the same object: half a million of them are kept
    return "hashes", joined, joined if is_sorted else ",".join(sorted(words, key=len)), None


@lru_cache(maxsize=256)  # the lines of a feed have few forms
def _judged(sizes: tuple[int, ...]) -> tuple[str, bool]:
    """Why words of such sizes are not the hashes of one file, an empty text where they are; and whether these are in order."""
    kinds = set(sizes)
    if not kinds <= HASHES.keys():
        return "a line of hashes, one of which is not an MD5, SHA-1, SHA-256 or SHA-512 hash", False
    if len(kinds) < len(sizes):
        return "two hashes of the same kind, but a line may contain only the hashes of one file", False
    return "", sizes == tuple(sorted(sizes))
