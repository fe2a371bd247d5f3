"""A list holds its first entries as they are, and gives all of them back in their order and kind."""

from __future__ import annotations

import tracemalloc

from sekoia_cti.indicators.account_of_values import Unrecognized
from sekoia_cti.indicators.long_list import LongList


def test_entries_come_back() -> None:
    """At hand, packed and not packed yet, gone through twice, and with more added in between."""
    entries = [Unrecognized(number, f"“{number}” \ud83d", "no known kind") for number in range(2_345)]
    listed = LongList[Unrecognized]()
    for at, entry in enumerate(entries, 1):
        listed.note(entry)
        if at in (100, 101, 1_100, 1_101):
            assert list(listed.whole()) == entries[:at]
    assert (list(listed), listed.total) == (entries[:100], 2_345)
    assert [entry.reason for entry in listed.whole()] == ["no known kind"] * 2_345


def test_texts_and_objects_come_back() -> None:
    """As they were."""
    for entries in ([str(number) for number in range(1_200)], [{"value": number} for number in range(1_200)]):
        listed = LongList[object]()
        for entry in entries:
            listed.note(entry)
        assert list(listed.whole()) == entries


def test_many_entries_take_little_memory() -> None:
    """A tenth of what they take one by one."""
    listed = LongList[Unrecognized]()
    tracemalloc.start()
    for number in range(20_000):
        listed.note(Unrecognized(number, f"not an indicator {number}", "not a known kind of indicator"))
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held < 20_000 * 20
