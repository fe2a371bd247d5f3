"""``python -m benchmarks``: measures, and prints a table."""

from __future__ import annotations

import argparse
import math
import sys
import tempfile
from pathlib import Path

from benchmarks.measures import FULL, MEASURES, QUICK, Row, be_alone

__all__ = ["main"]

MEASURE, CELL = 66, 13
"""Widths of the columns."""


def main() -> None:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Measures time, CPU and memory against a straight-line client.",
        epilog="\n".join(["measures:", *(f"  {name:<13}{measure.__doc__}" for name, measure in MEASURES.items())]),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--quick",
        action="store_true",
        help="small sizes, one run each and nearly all in one process: shows that it works, no more",
    )
    parser.add_argument("--only", choices=MEASURES, metavar="NAME", help="one of the measures below")
    options = parser.parse_args()
    be_alone()
    print(_line("", "ours", "compared to", "outcome", "target"))
    with tempfile.TemporaryDirectory() as folder:
        for name, measure in MEASURES.items():
            if options.only in (None, name):
                for row in measure(QUICK if options.quick else FULL, Path(folder)):
                    print(_shown(row, judged=not options.quick), flush=True)


def _shown(row: Row, *, judged: bool) -> str:
    ratio = row.by == "ratio"
    cells = [_figure(row.ours, row.unit), _figure(row.other, row.unit)]
    cells.append(f"{row.outcome:.2f} ×" if ratio else _figure(row.outcome, row.unit))
    if judged and row.limit is not None:
        cells += [f"≤ {row.limit:g} {'×' if ratio else row.unit}", "met" if row.met else "missed"]
    return _line(row.measure, *cells)


def _figure(value: float, unit: str) -> str:
    size = abs(value)
    decimals = 0 if size >= 100 else 1 if size >= 10 else 3 if unit == "s" else 2
    if 0 < size < 0.01:
        decimals = 1 - math.floor(math.log10(size))  # two digits that say something
    return f"{value:.{decimals}f} {unit}"


def _line(measure: str, *cells: str) -> str:
    return measure.ljust(MEASURE) + "".join(cell.rjust(CELL) for cell in cells)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
