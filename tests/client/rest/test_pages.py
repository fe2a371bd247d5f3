"""What is listed page after page is read to its end, with as few requests as may be."""

from __future__ import annotations

import pytest

from sekoia_cti.client.rest.pages import pages
from sekoia_cti.client.wire import Indicator, IndicatorPage

ITEMS = [Indicator(id=f"indicator--{number}", pattern="[url:value = 'a']") for number in range(6)]


@pytest.mark.parametrize(
    ("hole", "asked_for"), [(None, [0, 2, 4]), (0, [0, 0, 2, 4]), (2, [0, 2, 2, 4]), (4, [0, 2, 4, 4])]
)
def test_a_hole_is_asked_for_again(hole: int | None, asked_for: list[int]) -> None:
    """It, and not all that was read before it: a large collection has thousands of pages."""
    asked: list[int] = []

    def ask(offset: int) -> IndicatorPage:
        asked.append(offset)
        is_hole = offset == hole and asked.count(offset) == 1
        return IndicatorPage(items=[] if is_hole else ITEMS[offset : offset + 2], total=len(ITEMS))

    found = [item for page in pages(ask, doing="reading", again=lambda _: None) for item in page.items]
    assert found == ITEMS
    assert asked == asked_for
