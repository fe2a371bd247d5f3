"""Decides, without I/O, what the answer to one request of an import means for the requests that follow."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sekoia_cti.client.errors import DeadlinePassed, LimitExceeded, Refused, RequestError, SekoiaError, Unavailable
from sekoia_cti.client.importing.halving import Halving
from sekoia_cti.client.importing.missing import Missing
from sekoia_cti.client.importing.requests import Request
from sekoia_cti.client.rest.repetition import Tries
from sekoia_cti.client.wire import Filling

__all__ = ["Handover", "Room"]

ATTEMPTS_IN_DOUBT = 4
"""Attempts at a submission that may have been accepted each time, before the collection is watched as well."""

BY_THE_LIMIT = 3
"""How many values Sekoia refuses one by one before the community's limit is taken for the reason, if the import may exceed it."""

NOT_SUBMITTED = "it was not submitted"
NOT_CONFIRMED = "the time was up before Sekoia confirmed it"


@dataclass(frozen=True)
class Room:
    """How much the community can still hold.

    Attributes:
        held: How much it holds, and can hold; None if Sekoia does not report it, or nothing is to be added.
        new: How many indicators are to be added, at most.
    """

    held: Filling | None
    new: int

    def is_short(self) -> bool:
        """Whether the import may exceed the limit."""
        return self.held is not None and self.held.count + self.new > self.held.max

    def explained(self, error: SekoiaError) -> SekoiaError:
        """The error with the community's figures, if the limit may be the reason for a refusal; any other error unchanged."""
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
    """Controls the submission of requests: which one is sent next, how often, and when the rest is given up.

    Args:
        requests: The requests in the order in which to send them.
        room: How much the community can still hold.
        cut: Whether to halve a request that Sekoia refuses, in order to find the values that are the reason.
        watched: Whether the collection is watched for requests that are not answered.
    """

    def __init__(self, requests: Iterable[Request], *, room: Room, cut: bool, watched: bool) -> None:
        self._room = room
        self._cut = cut
        self._watched = watched
        self._halving = Halving(requests, in_a_row=BY_THE_LIMIT if room.is_short() else None)
        self._failure: SekoiaError | None = None

    def next(self) -> Request | None:
        """The request to send now; None when nothing is left."""
        return self._halving.next()

    def tries(self) -> Tries:
        """How often to send it."""
        return {"attempts_at_500": self._halving.attempts, **tries_in_doubt(self._watched)}

    def taken(self) -> None:
        """Sekoia accepted the last request."""
        self._halving.taken()

    def failed(self, request: Request, error: SekoiaError) -> Unavailable | None:
        """The last request failed.

        Args:
            request: The last request.
            error: Why it failed.

        Returns:
            The error, if Sekoia may have accepted the request, so that the collection has to be watched for it.
        """
        breaks = isinstance(error, Unavailable) and error.status == 500  # perhaps because of one of its values
        if isinstance(error, Unavailable) and may_be_seen(error, self._watched) and not (self._cut and breaks):
            return error
        if not (self._cut and isinstance(error, RequestError) and (breaks or isinstance(error, Refused))):
            self._failure = error
            # At the deadline, a request may be on its way.
            reason = NOT_CONFIRMED if isinstance(error, DeadlinePassed) else NOT_SUBMITTED
            self._halving.stop(request, reason, rest=NOT_SUBMITTED)
            return None
        self._failure = self._failure or error
        gave_up = self._halving.refused(request, _refusal(error), surely=isinstance(error, Refused))
        if gave_up and self._room.is_short():
            self._halving.stop(self._halving.next(), NOT_SUBMITTED, rest=NOT_SUBMITTED)
        return None

    def failure(self) -> SekoiaError | None:
        """What kept values from being submitted. Values that were refused one by one are missing, which is no failure."""
        if self._room.is_short() and isinstance(self._failure, Refused):
            return self._room.explained(self._failure)
        return self._failure if self._halving.stopped else None

    def in_doubt(self) -> Sequence[tuple[Request, str]]:
        """Requests that were given up after HTTP 500, and why. Sekoia may have accepted them anyway."""
        return self._halving.in_doubt

    def missing(self, values: Iterable[str]) -> Sequence[Missing]:
        """The values that were refused or not submitted, in the order in which they were given.

        Args:
            values: All values in that order.
        """
        missing = self._halving.missing
        named = {each.value for each in missing}
        places = {value: place for place, value in enumerate(values) if value in named} if named else {}
        return sorted(missing, key=lambda each: places[each.value])


def tries_in_doubt(watched: bool) -> Tries:
    """How often to send a submission that may have been accepted each time.

    If the collection is not watched, only an answer can show that Sekoia accepted it, so it is repeated until the deadline.
    """
    return {"attempts_in_doubt": ATTEMPTS_IN_DOUBT} if watched else {}


def may_be_seen(failure: Unavailable, watched: bool) -> bool:
    """Whether the collection can show if Sekoia accepted a submission that it did not answer."""
    return watched and failure.may_be_done()


def _refusal(error: RequestError) -> str:
    if not isinstance(error, Refused):
        return f"Sekoia answered it with HTTP {error.status} each time"
    if error.message:
        return f"Sekoia refused it: {error.message}"
    return f"Sekoia refused it (HTTP {error.status})"
