"""What an answer to one request of an import means for those that follow: decisions without I/O."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sekoia_cti.client.errors import LimitExceeded, Refused, RequestError, SekoiaError, Unavailable
from sekoia_cti.client.importing.halving import Halving
from sekoia_cti.client.importing.missing import Missing
from sekoia_cti.client.importing.requests import Request
from sekoia_cti.client.rest.repetition import Tries
from sekoia_cti.client.wire import Filling

__all__ = ["Handover", "Room"]

ATTEMPTS_IN_DOUBT = 4
"""Attempts at a submission that may have been taken each time, before the collection is looked at as well."""

BY_THE_LIMIT = 3
"""Values refused one by one after which the community's limit, if it may be passed, is taken for the reason."""

NOT_SUBMITTED = "it was not submitted"


@dataclass(frozen=True)
class Room:
    """What the community can still hold.

    Attributes:
        held: What it holds, and can hold; None where Sekoia does not tell, or nothing is to be added.
        new: How many indicators are to be added, at the most.
    """

    held: Filling | None
    new: int

    def is_short(self) -> bool:
        """Whether the limit may be passed."""
        return self.held is not None and self.held.count + self.new > self.held.max

    def explained(self, error: SekoiaError) -> SekoiaError:
        """The refusal of more than the community can hold, with its figures; any other error as it is."""
        if not isinstance(error, Refused) or self.held is None or not self.is_short():
            return error
        return LimitExceeded(
            error.doing,
            status=error.status,
            message=error.message,
            count=self.held.count,
            limit=self.held.max,
            new=self.new,
        )


class Handover:
    """Steers the submission of requests: which one goes next, how often, and when the rest is given up.

    Args:
        requests: In the order in which they are to go.
        room: What the community can still hold.
        cut: Whether a request that is refused is cut in halves, to find the values that are the reason.
        watched: Whether the collection can tell what became of a request without an answer.
    """

    def __init__(self, requests: Iterable[Request], *, room: Room, cut: bool, watched: bool) -> None:
        self._room = room
        self._cut = cut
        self._watched = watched
        self._halving = Halving(requests, in_a_row=BY_THE_LIMIT if room.is_short() else None)
        self._failure: SekoiaError | None = None

    def next(self) -> Request | None:
        """The request to make now; None when nothing is left."""
        return self._halving.next()

    def tries(self) -> Tries:
        """How often it is to be made."""
        return {"attempts_at_500": self._halving.attempts, **tries_in_doubt(self._watched)}

    def taken(self) -> None:
        """Sekoia took the last request."""
        self._halving.taken()

    def failed(self, request: Request, error: SekoiaError) -> Unavailable | None:
        """The last request came to nothing.

        Args:
            request: The last one.
            error: What came of it.

        Returns:
            The error, if Sekoia may have taken the request, so that the collection is to be watched for it.
        """
        breaks = isinstance(error, Unavailable) and error.status == 500  # perhaps for one of its values
        if isinstance(error, Unavailable) and may_be_seen(error, self._watched) and not (self._cut and breaks):
            return error
        if not (self._cut and isinstance(error, RequestError) and (breaks or isinstance(error, Refused))):
            self._failure = error
            self._halving.stop(request, NOT_SUBMITTED)
            return None
        self._failure = self._failure or error
        gave_up = self._halving.refused(request, _refusal(error), surely=isinstance(error, Refused))
        if gave_up and self._room.is_short():
            self._halving.stop(self._halving.next(), NOT_SUBMITTED)
        return None

    def failure(self) -> SekoiaError | None:
        """What kept values from being submitted; None where values were refused one by one, and are missing."""
        if self._room.is_short() and isinstance(self._failure, Refused):
            return self._room.explained(self._failure)
        return self._failure if self._halving.stopped else None

    def in_doubt(self) -> Sequence[tuple[Request, str]]:
        """Requests that were given up after an answer of 500, and why: Sekoia may have taken them all the same."""
        return self._halving.in_doubt

    def missing(self, values: Iterable[str]) -> Sequence[Missing]:
        """The values that were not submitted, or refused.

        Args:
            values: All values, in the order in which they were given, which is that of the missing ones.
        """
        missing = self._halving.missing
        named = {each.value for each in missing}
        places = {value: place for place, value in enumerate(values) if value in named} if named else {}
        return sorted(missing, key=lambda each: places[each.value])


def tries_in_doubt(watched: bool) -> Tries:
    """How often a submission is made that may have been taken each time.

    What is not watched is repeated until the deadline, since nothing else would tell that it was taken.
    """
    return {"attempts_in_doubt": ATTEMPTS_IN_DOUBT} if watched else {}


def may_be_seen(failure: Unavailable, watched: bool) -> bool:
    """Whether the collection can tell what became of a submission without an answer."""
    return watched and failure.may_be_done()


def _refusal(error: RequestError) -> str:
    if not isinstance(error, Refused):
        return f"Sekoia answered it with HTTP {error.status} each time"
    if error.message:
        return f"Sekoia refused it: {error.message}"
    return f"Sekoia refused it (HTTP {error.status})"
