"""What the cells of a row say of its indicator."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from sekoia_cti.indicators.row_context import RowContext, row_context

COLUMNS = {"observable": 0, "description": 1, "valid_from": 2, "kill_chain_phases": 3}
NEW_YEAR = datetime(2030, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        (["a.example", " one ", "2030-01-01T00:00:00Z", "delivery"], RowContext("one", NEW_YEAR, frozenset({"delivery"}))),
        (["a.example", "", "", ""], RowContext()),
        (["a.example"], RowContext()),
        (["a.example", "one", "no date", "delivery, Command and Control,,of their own,:"], RowContext(
            "one", None, frozenset({"delivery", "command-and-control"})
        )),
    ],
)  # fmt: skip
def test_cells(cells: list[str], said: RowContext) -> None:
    """What cannot be read says nothing, and phases have the names that indicators carry."""
    assert row_context(cells, COLUMNS) == said
