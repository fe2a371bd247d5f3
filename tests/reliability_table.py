"""The fault table of ``docs/reliability.md``, made from the tests that prove it: ``make docs`` renews it."""

from __future__ import annotations

import importlib
from pathlib import Path

__all__ = ["table"]

DOCUMENT = Path(__file__).parent.parent / "docs" / "reliability.md"


def table() -> str:
    """The table in Markdown: situation, what users see, and the test that proves it."""
    module = importlib.import_module("tests.test_reliability")
    rows = ["| situation | what users see | proved by |", "| --- | --- | --- |"]
    for name, test in vars(module).items():
        for mark in getattr(test, "pytestmark", []):
            if mark.name == "fault":
                situation, outcome = mark.args
                rows.append(f"| {situation} | {outcome} | `{name}` |")
    return "\n".join(rows)


def main() -> None:
    """Put the table of today into the document."""
    lines = DOCUMENT.read_text().splitlines()
    first = next(number for number, line in enumerate(lines) if line.startswith("| situation"))
    last = next(
        (number for number, line in enumerate(lines) if number > first and not line.startswith("|")), len(lines)
    )
    DOCUMENT.write_text("\n".join([*lines[:first], table(), *lines[last:]]) + "\n")


if __name__ == "__main__":
    main()
