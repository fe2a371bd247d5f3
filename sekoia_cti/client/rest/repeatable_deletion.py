"""A deletion that is made once, although an answer can be lost."""

from __future__ import annotations

from sekoia_cti.client.errors import NotFound, Unavailable
from sekoia_cti.client.rest.answers import RawAnswer
from sekoia_cti.client.rest.subjects import Subject
from sekoia_cti.client.rest.transport import Transport

__all__ = ["RepeatableDeletion"]


class RepeatableDeletion:
    """Attempts at one deletion. A repetition that finds nothing proves nothing, and is not an error either.

    Args:
        transport: Makes the calls.
        subject: What to delete.
        doing: What for, as errors say it.
    """

    def __init__(self, transport: Transport, subject: Subject, doing: str) -> None:
        self._transport = transport
        self._subject = subject
        self._doing = doing
        self._doubtful = False

    def attempt(self) -> RawAnswer | None:
        """Delete it.

        Returns:
            Sekoia's answer; None if nothing was found after an attempt that may have worked.

        Raises:
            NotFound: There was nothing to delete.
        """
        try:
            return self._transport.exchange("DELETE", self._subject, doing=self._doing)
        except Unavailable as error:
            self._doubtful = self._doubtful or not error.undone
            raise
        except NotFound:
            if self._doubtful:
                return None
            raise
