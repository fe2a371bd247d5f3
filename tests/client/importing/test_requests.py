"""Long lists in parts."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sekoia_cti.client.importing.requests import parts as cut


def test_parts_are_bounded_by_lines_and_by_bytes() -> None:
    """Neither limit is exceeded, and a line that is longer than a part is a part by itself."""
    assert [list(part) for part in cut(["a"] * 5, lines=2)] == [["a", "a"], ["a", "a"], ["a"]]
    assert [list(part) for part in cut(["éé", "aaaa", "a" * 20, "b"], size=10)] == [
        ["éé", "aaaa"],
        ["a" * 20],
        ["b"],
    ]
    assert list(cut([])) == []


@given(st.lists(st.text(max_size=6), max_size=40), st.integers(1, 10), st.integers(1, 40))
def test_nothing_is_lost_in_parts(values: list[str], lines: int, size: int) -> None:
    """All parts together are the list, in its order."""
    parts = list(cut(values, lines=lines, size=size))
    assert [value for part in parts for value in part] == values
    for part in parts:
        assert len(part) <= lines
        assert len(part) == 1 or len("\n".join(part).encode()) < size
