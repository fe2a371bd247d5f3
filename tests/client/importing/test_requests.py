"""Long lists in parts, and which request goes next when Sekoia refuses some."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sekoia_cti.client.importing.requests import Halving, Request
from sekoia_cti.client.importing.requests import parts as cut
from sekoia_cti.client.wire import Context


def test_parts_are_bounded_by_lines_and_by_bytes() -> None:
    """Neither limit is passed, and a line that is longer than a part stands alone."""
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


def submit(requests: list[str], bad: str, in_a_row: int) -> tuple[str, str]:
    """The values that were taken and those that are missing, where Sekoia refuses a request with a bad letter in it."""
    halving = Halving([Request(Context(), list(values)) for values in requests], in_a_row)
    taken = ""
    while (request := halving.next()) is not None:
        if set(request.values) & set(bad):
            halving.refused(request, "bad")
        else:
            halving.taken()
            taken += "".join(request.values)
    return taken, "".join(missing.value for missing in halving.missing)


def test_refusals_are_found_one_by_one() -> None:
    """Each is named, and everything else goes in, in its order."""
    assert submit(["abcdefgh"], "cf", 3) == ("abdegh", "cf")


def test_the_rest_of_a_request_is_given_up_after_refusals_in_a_row() -> None:
    """What was taken before is in, and the next request is tried anew."""
    assert submit(["abcdefgh", "ijkl"], "efg", 3) == ("abcdijkl", "efgh")


def test_refusals_in_a_row_end_with_what_is_taken() -> None:
    """As many that are not in a row do not make the rest hopeless."""
    assert submit(["abcdefgh"], "ace", 2) == ("bdfgh", "ace")


def test_refusals_in_a_row_end_with_the_request() -> None:
    """The last of one request and the first of the next have nothing in common."""
    assert submit(["abcd", "efgh"], "de", 2) == ("abcfgh", "de")
