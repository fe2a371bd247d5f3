"""Progress for people: neither silence nor a line for each event."""

from __future__ import annotations

import pytest

from sekoia_cti.actions.common.progress import SECONDS, ProgressLog
from sekoia_cti.client.importing.watch import Progress


@pytest.mark.parametrize(
    ("events", "lines"),
    [
        ([(0, 0, 1_000), (0, 99, 1_000)], []),
        ([(0, 100, 1_000), (0, 150, 1_000), (0, 200, 1_000)], ["100 of 1,000", "200 of 1,000"]),
        ([(SECONDS - 0.1, 1, 1_000), (SECONDS, 2, 1_000), (SECONDS + 1, 3, 1_000)], ["2 of 1,000"]),
        ([(SECONDS, 2, 1_000), (2 * SECONDS, 2, 1_000), (3 * SECONDS, 1, 1_000)], ["2 of 1,000"]),
        ([(SECONDS, 5, None), (SECONDS, 0, 5)], []),
        ([(0, 1, 1)], ["1 of 1"]),
    ],
)
def test_a_line_now_and_then(events: list[tuple[float, int, int | None]], lines: list[str]) -> None:
    """A line is written after another tenth, or after five seconds with any progress."""
    now, told = 0.0, list[str]()
    log = ProgressLog(told.append, clock=lambda: now)
    for now, imported, total in events:  # noqa: B007  # the clock reads it
        log(Progress(imported, total))
    assert [line.removeprefix("Imported ").split(" indicator")[0] for line in told] == lines
