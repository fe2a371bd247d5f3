"""Reading lines into indicators, with and without the guard."""

from __future__ import annotations

from pathlib import Path

from sekoia_cti.indicators.guard import Guard, Policy
from sekoia_cti.indicators.reading import read

__all__ = ["with_guard", "without_guard"]


def with_guard(_url: str, path: Path) -> None:
    """As an import does by default: each value is looked up in MISP's lists, which are read for it."""
    _read_with(path, "warn")


def without_guard(_url: str, path: Path) -> None:
    """The same, where nothing is to be looked up."""
    _read_with(path, "import")


def _read_with(path: Path, policy: Policy) -> None:
    reading = read(path.read_text().splitlines(), admits=Guard(policy=policy).judge())
    if reading.unrecognized_count or not reading.values:
        raise RuntimeError(f"{reading.unrecognized_count:,} lines are not indicators")
