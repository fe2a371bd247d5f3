"""The fault table of ``docs/reliability.md``, made from the tests that prove it: ``make docs`` renews it."""

from __future__ import annotations

import importlib
from pathlib import Path

__all__ = ["table"]

ROOT = Path(__file__).parent.parent
DOCUMENT = ROOT / "docs" / "reliability.md"
FIRST = "tests/test_reliability.py"
"""Whose rows come first, and are named without their file."""


def table() -> str:
    """The table in Markdown: situation, what users see, and the test that proves it."""
    rows = ["| situation | what users see | proved by |", "| --- | --- | --- |"]
    for path in _files():
        module = importlib.import_module(path.removesuffix(".py").replace("/", "."))
        for name, test in vars(module).items():
            for mark in getattr(test, "pytestmark", []):
                if mark.name == "fault" and test.__module__ == module.__name__:
                    situation, outcome = mark.args
                    rows.append(f"| {situation} | {outcome} | `{name if path == FIRST else f'{path}::{name}'}` |")
    return "\n".join(rows)


def _files() -> list[str]:
    """The files that hold such tests."""
    paths = sorted(str(path.relative_to(ROOT)) for path in ROOT.glob("tests/**/test_*.py"))
    paths.sort(key=lambda path: path != FIRST)
    return [path for path in paths if "mark.fault(" in (ROOT / path).read_text()]


def main() -> None:
    """Put the current table into the document."""
    lines = DOCUMENT.read_text().splitlines()
    first = next(number for number, line in enumerate(lines) if line.startswith("| situation"))
    last = next(
        (number for number, line in enumerate(lines) if number > first and not line.startswith("|")), len(lines)
    )
    DOCUMENT.write_text("\n".join([*lines[:first], table(), *lines[last:]]) + "\n")


if __name__ == "__main__":
    main()
