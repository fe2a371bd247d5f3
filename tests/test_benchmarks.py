"""The benchmarks run; their figures are not tested."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from benchmarks.__main__ import MEASURE
from benchmarks.measures import MEASURES
from tests.conftest import ROOT

FIGURE = re.compile(r"(-?[0-9.]+) (?:s|ms|µs|MB|calls|×)(?: |$)")


def test_readme_has_a_figure_of_each_measure() -> None:
    """In the order in which they are made, each with its target; and each is told in a sentence."""
    section = (ROOT / "README.md").read_text().partition("## How fast")[2].partition("\n## ")[0]
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in section.splitlines() if line.startswith("| ")]
    heading, rule, *figures = rows
    assert [name.strip("`") for name, *_ in figures if name] == list(MEASURES)
    assert [row for row in figures if len(row) != len(heading) or not row[1] or not row[2] or not row[-1]] == []
    assert {*rule} == {"---"}
    assert all((measure.__doc__ or "").endswith(".") for measure in MEASURES.values())


@pytest.mark.timeout(220)
def test_a_quick_run_gives_figures() -> None:
    """Each measure runs to its end at a small size, ours and what it is compared with."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--quick"],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert done.returncode == 0, done.stderr
    rows = done.stdout.splitlines()[1:]
    assert len(rows) > len(MEASURES)
    for row in rows:
        ours, other, _ = map(float, FIGURE.findall(row[MEASURE:]))
        # What is left of a difference between such small figures can be anything, memory may have been there before,
        # and parsing so few objects can take less than the clock of CPU shows.
        assert (
            "beyond" in row or "memory" in row or (ours > 0 and other > 0) or ("json.loads" in row and ours > 0)
        ), row
