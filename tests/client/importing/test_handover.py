"""What the answer to one request means for the following ones, without any I/O."""

from __future__ import annotations

import pytest

from sekoia_cti.client.errors import (
    DeadlinePassed,
    KeyRefused,
    LimitExceeded,
    PermissionDenied,
    Refused,
    SekoiaError,
    Unavailable,
)
from sekoia_cti.client.importing.handover import Handover, Room
from sekoia_cti.client.importing.requests import Request
from sekoia_cti.client.wire import Context, Filling

ENOUGH, SHORT = Room(None, 4), Room(Filling(count=9, max=10), 4)
DOING = "submitting the indicators"


def unavailable(status: int | None = 502, *, retry_after: float | None = None, undone: bool = False) -> Unavailable:
    """An answer that may pass, or none."""
    return Unavailable(DOING, host="example.com", status=status, retry_after=retry_after, undone=undone)


def handed_over(
    requests: list[str],
    answers: list[SekoiaError | None],
    *,
    room: Room = ENOUGH,
    cut: bool = True,
    watched: bool = True,
) -> tuple[Handover, list[str]]:
    """The requests that were made, each a letter a value, with these answers; after them, everything is taken."""
    handover, made = (
        Handover([Request(Context(), list(each)) for each in requests], room=room, cut=cut, watched=watched),
        [],
    )
    waiting = iter(answers)
    while (request := handover.next()) is not None:
        error, said = next(waiting, None), "".join(request.values)
        if error is None:
            handover.taken()
        elif handover.failed(request, error) is not None:
            said += "?"
        made.append(said)
    return handover, made


def missing(handover: Handover) -> dict[str, str]:
    """What is missing of abcd, and why."""
    return {each.value: each.reason for each in handover.missing("abcd")}


@pytest.mark.parametrize("error", [unavailable(), unavailable(None), unavailable(504)])
def test_what_may_be_taken_is_watched(error: Unavailable) -> None:
    """If there is no clear answer, the collection can tell, and the next request is sent."""
    handover, made = handed_over(["ab", "cd"], [error])
    assert (made, missing(handover), handover.failure()) == (["ab?", "cd"], {}, None)


@pytest.mark.parametrize("error", [unavailable(429, undone=True), unavailable(503, retry_after=9), KeyRefused(DOING)])
def test_what_is_surely_not_taken_ends_it(error: SekoiaError) -> None:
    """All that would follow is missing."""
    handover, made = handed_over(["ab", "cd"], [error])
    assert (made, handover.failure()) == (["ab"], error)
    assert missing(handover) == dict.fromkeys("abcd", "it was not submitted")


def test_a_request_that_is_on_its_way_at_the_deadline() -> None:
    """It may have been sent, unlike those that would follow."""
    handover, made = handed_over(["ab", "cd"], [DeadlinePassed(DOING, 60.0)])
    assert (made, isinstance(handover.failure(), DeadlinePassed)) == (["ab"], True)
    assert missing(handover) == dict.fromkeys("ab", "the time was up before Sekoia confirmed it") | dict.fromkeys(
        "cd", "it was not submitted"
    )


def test_what_nobody_watches_is_not_taken_without_an_answer() -> None:
    """An import that is not waited for counts only an answer as acceptance."""
    handover, made = handed_over(["ab", "cd"], [None, unavailable()], watched=False)
    assert (made, set(missing(handover))) == (["ab", "cd"], {"c", "d"})
    assert (handover.tries(), isinstance(handover.failure(), Unavailable)) == ({"attempts_at_500": 2}, True)


def test_refused_values_are_found_and_no_failure() -> None:
    """They are missing with Sekoia's message, in order, and the others are accepted."""
    refusal = Refused(DOING, status=400, message="not a domain")
    handover, made = handed_over(["abcd"], [refusal, None, refusal, refusal, None])
    assert (made, handover.failure()) == (["abcd", "ab", "cd", "c", "d"], None)
    assert missing(handover) == {"c": "Sekoia refused it: not a domain"}


def test_without_cutting_a_refusal_ends_it() -> None:
    """Whoever does not look for the reason is told of it."""
    refusal = Refused(DOING, status=400)
    handover, made = handed_over(["ab", "cd"], [refusal], cut=False)
    assert (made, handover.failure(), set(missing(handover))) == (["ab"], refusal, set("abcd"))


def test_without_cutting_a_500_is_watched() -> None:
    """It may come from anything, and the request may have been taken."""
    handover, made = handed_over(["ab", "cd"], [unavailable(500)], cut=False)
    assert (made, missing(handover), handover.failure()) == (["ab?", "cd"], {}, None)


def test_what_is_answered_500_may_be_in() -> None:
    """The value that is the reason was sent alone and answered 500, so it is in doubt, and not known to be missing."""
    handover, _ = handed_over(["ab"], [unavailable(500), None, *[unavailable(500)] * 3])
    assert (missing(handover), handover.failure()) == ({}, None)
    assert [("".join(each.values), reason) for each, reason in handover.in_doubt()] == [
        ("b", "Sekoia answered it with HTTP 500 each time")
    ]


def test_the_limit_is_the_reason_when_it_may_be_passed() -> None:
    """After three values in a row, nothing more is tried, and the error contains the community's figures."""
    handover, made = handed_over(["abcd"], [Refused(DOING, status=400)] * 9, room=SHORT)
    assert (len(made), isinstance(handover.failure(), LimitExceeded)) == (6, True)
    assert set(missing(handover)) == set("abcd")
    assert not isinstance(SHORT.explained(PermissionDenied(DOING, status=403)), LimitExceeded)
