"""Which request goes next when Sekoia refuses some."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest

from sekoia_cti.client.importing.halving import Halving
from sekoia_cti.client.importing.requests import Request
from sekoia_cti.client.waiting import Patience
from sekoia_cti.client.wire import Context


def submit(requests: list[str], bad: str, in_a_row: int) -> tuple[str, str]:
    """The values that were accepted and those that are missing, in alphabetical order, if Sekoia refuses requests with
    a bad letter."""
    halving = Halving([Request(Context(), list(values)) for values in requests], in_a_row)
    taken = ""
    while (request := halving.next()) is not None:
        if set(request.values) & set(bad):
            halving.refused(request, "bad")
        else:
            halving.taken()
            taken += "".join(request.values)
    return "".join(sorted(taken)), "".join(sorted(missing.value for missing in halving.missing))


def test_refusals_are_found_one_by_one() -> None:
    """Each is named, and everything else is imported."""
    assert submit(["abcdefgh"], "cf", 3) == ("abdegh", "cf")


def test_the_rest_of_a_request_is_given_up_after_refusals_in_a_row() -> None:
    """What was accepted before is in, and the next request is tried from scratch."""
    assert submit(["abcdefgh", "ijkl"], "e", 1) == ("abcdghijkl", "ef")


def test_refusals_in_a_row_end_with_what_is_taken() -> None:
    """The same number of refusals, if not in a row, does not make the rest hopeless."""
    assert submit(["abcdefgh"], "ace", 2) == ("bdfgh", "ace")


def test_refusals_in_a_row_end_with_the_request() -> None:
    """The last of one request and the first of the next have nothing in common."""
    assert submit(["abcd", "efgh"], "de", 2) == ("abcfgh", "de")
    assert submit(["a", "bc"], "ab", 2) == ("c", "ab")


def test_nothing_but_refusals_is_given_up_soon() -> None:
    """Where a request and both of its halves are refused, it goes straight for the values, without trying all of one size."""
    halving = Halving([Request(Context(), [f"{number}" for number in range(100_000)])])
    made = 1
    while (request := halving.next()) is not None and not halving.refused(request, "bad"):
        made += 1
    assert (made, len(halving.missing)) == (34, 100_000)


@pytest.mark.parametrize(("count", "seconds"), [(1, 20), (10, 30), (1_000, 60), (100_000, 100)])
def test_one_value_that_is_always_answered_500(count: int, seconds: int) -> None:
    """Wherever it stands, it takes two errors for the whole, one a level, and two for itself; two cost a pause of 10 s."""
    for bad in {0, count // 3, count - 1}:
        halving = Halving([Request(Context(), [f"{number}" for number in range(count)]), Request(Context(), ["next"])])
        errors, taken = 0, list[list[str]]()
        while (request := halving.next()) is not None:
            if str(bad) in request.values:
                errors += halving.attempts
                halving.refused(request, "HTTP 500", surely=False)
            else:
                halving.taken()
                taken.append(list(request.values))
        assert errors <= 3 + math.ceil(math.log2(count))
        assert errors // 2 * Patience().pause_after_errors <= seconds
        assert [list(request.values) for request, _ in halving.in_doubt] == [[str(bad)]]
        assert sum(map(len, taken)) == count
        # What may be taken goes first: the other request, and then the larger pieces.
        assert taken[0] == ["next"]
        assert all(len(before) + 1 >= len(after) for before, after in pairwise(taken[1:]))


def test_values_are_not_blamed_for_an_outage_that_passes() -> None:
    """An answer of 500 whatever is sent is no proof against the first value that stands alone."""
    halving, errors = Halving([Request(Context(), ["a", "b"])]), 4
    taken = list[str]()
    while (request := halving.next()) is not None:
        errors -= halving.attempts
        if errors >= 0:
            halving.refused(request, "HTTP 500", surely=False)
        else:
            halving.taken()
            taken += request.values
    assert (sorted(taken), halving.missing, halving.in_doubt) == (["a", "b"], [], [])


def test_what_is_given_up_after_a_500_may_be_in() -> None:
    """A request and its halves may have been taken each time; what was refused for sure, or never sent, was not."""
    halving = Halving([Request(Context(), list("ab")), Request(Context(), list("cd"))])
    request = halving.next()
    assert request
    halving.refused(request, "HTTP 500", surely=False)
    halving.stop(halving.next(), "it was not submitted", rest="it was not submitted")
    assert [missing.value for missing in halving.missing] == ["c", "d"]
    assert [(list(request.values), reason) for request, reason in halving.in_doubt] == [
        (["a"], "it was not submitted"),
        (["b"], "it was not submitted"),
    ]
