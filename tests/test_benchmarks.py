"""The benchmarks run; how fast is not for tests to say."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.measures import MEASURES, Scale

TINY = Scale(file_size=1_000, lines=(10, 20, 30), noise_rate=500, noise_seconds=0.1, repeat=0.01)


@pytest.mark.parametrize("name", MEASURES)
def test_each_measure_gives_figures(name: str, tmp_path: Path) -> None:
    """Each measure runs to its end at a tiny size, ours and what it is compared with."""
    rows = list(MEASURES[name](TINY, tmp_path))
    assert rows
    # What is left of a difference between such small figures can be anything.
    assert all(row.ours > 0 and row.other > 0 for row in rows if "beyond" not in row.measure)
