"""What is drawn: playbooks from left to right, and what expires when."""

from datetime import date, timedelta
from typing import Any

import pytest

from sandbox.console.chart import MOST, chart
from sandbox.console.graph import WIDTH, draw


def _nodes(**outputs: dict[str, list[str]]) -> list[dict[str, Any]]:
    return [{"key": key[1:], "name": f"Node {key} of a playbook", "outputs": each} for key, each in outputs.items()]


def test_a_graph() -> None:
    """Ways lead to the right, however many there are to a node, and no node is drawn upon another."""
    drawing = draw(
        _nodes(
            n0={"default": ["1"]}, n1={"yes": ["2"], "no": ["3"]}, n2={"default": ["4"]}, n3={"default": ["2"]}, n4={}
        )
    )
    at = {box.key: (box.x, box.y) for box in drawing.boxes}
    assert len(set(at.values())) == len(at)
    assert [key for key, _ in sorted(at.items(), key=lambda each: each[1][0])] == ["0", "1", "3", "2", "4"]
    for way in drawing.ways:
        assert at[way.source][0] + WIDTH < at[way.target][0]
        assert not way.back
    assert [way.label for way in drawing.ways] == ["", "yes", "no", "", ""]
    assert all(x + WIDTH < drawing.width and y < drawing.height for x, y in at.values())


def test_a_loop() -> None:
    """A way back to a loop is drawn as one, and moves no node."""
    drawing = draw(_nodes(n0={"default": ["1"]}, n1={"loop": ["2"], "default": ["3"]}, n2={"default": ["1"]}, n3={}))
    assert [(way.source, way.target) for way in drawing.ways if way.back] == [("2", "1")]
    assert draw(_nodes(n0={"default": ["0"]})).ways[0].back
    assert draw([]).boxes == []


TODAY = date(2026, 1, 31)


@pytest.mark.parametrize(
    ("days", "unit", "count"),
    [
        ([], "day", 0),
        ([0], "day", 1),
        ([0, 20], "day", 21),
        ([0, 200], "week", 30),
        ([0, 1, 1000], "month", 34),
        ([0, 6000], "year", 17),
        ([0, (date.max - TODAY).days], "year", 2),
    ],
)
def test_what_expires_when(days: list[int], unit: str, count: int) -> None:
    """The bars hold all that expires, in a unit that leaves few enough of them; centuries show what is in them."""
    ends = {TODAY + timedelta(days=day): day + 1 for day in days}
    drawn = chart(ends)
    assert (drawn.unit, len(drawn.bars)) == (unit, count)
    assert len(drawn.bars) <= MOST
    assert sum(bar.count for bar in drawn.bars) == sum(ends.values())
    assert drawn.highest == max((bar.count for bar in drawn.bars), default=0)
