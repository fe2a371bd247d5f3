"""Deletes something, even if an answer is lost."""

from __future__ import annotations

from sekoia_cti.client.errors import NotFound, Unavailable
from sekoia_cti.client.rest.answers import RawAnswer
from sekoia_cti.client.rest.subjects import Subject
from sekoia_cti.client.rest.transport import Transport

__all__ = ["RepeatableDeletion"]


class RepeatableDeletion:
    """The attempts at one deletion. A 404 after an attempt that may have succeeded is not an error, and does not prove it either.

    Args:
        transport: Makes the calls.
        subject: What to delete.
        doing: What the call is for, as errors say it.
    """

    def __init__(self, transport: Transport, subject: Subject, doing: str) -> None:
        self._transport = transport
        self._subject = subject
        self._doing = doing
        self._doubtful = False

    def attempt(self) -> RawAnswer | None:
        """Delete it.

        Returns:
            Sekoia's answer; None for a 404 after an attempt that may have succeeded.

        Raises:
            NotFound: There was nothing to delete.
            Unavailable: It is not known whether the attempt succeeded, unless its ``undone`` says that it did not.
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
