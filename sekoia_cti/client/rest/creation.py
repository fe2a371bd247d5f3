"""Creates exactly one IOC collection, even if an answer is lost."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from sekoia_cti.client.errors import Refused, Unavailable, UnexpectedAnswer
from sekoia_cti.client.rest.subjects import COLLECTIONS
from sekoia_cti.client.rest.transport import Transport
from sekoia_cti.client.times import aware
from sekoia_cti.client.wire import Collection

__all__ = ["Creation"]


class Creation:
    """The attempts at one creation. After an attempt that may have succeeded, the collection is looked for before the next.

    Args:
        transport: Makes the calls.
        body: What to create: a name, an id of our own unless Sekoia is to assign one, and other fields (contract, "Collections").
        namesakes: Lists the collections whose name contains this name.
    """

    def __init__(
        self, transport: Transport, body: dict[str, Any], namesakes: Callable[[], Iterable[Collection]]
    ) -> None:
        self._transport = transport
        self._body = body
        self._namesakes = namesakes
        self._started = transport.deadline.now()
        self._doubtful = False

    def attempt(self) -> Collection:
        """Create the collection, or find it if an earlier attempt created it.

        Raises:
            Unavailable, UnexpectedAnswer: It is not known whether the attempt succeeded, unless ``Unavailable.undone`` says so.
            Refused: Sekoia did not create it.
        """
        if self._doubtful and (found := self._created()):
            return found
        try:
            return self._transport.call_once(
                Collection, "POST", COLLECTIONS, doing="creating the IOC collection", json=self._body
            )
        except (Unavailable, UnexpectedAnswer) as error:
            self._doubtful = self._doubtful or not (isinstance(error, Unavailable) and error.undone)
            raise
        except Refused:
            # The reason for the refusal may be that the collection exists by now.
            if self._doubtful and (found := self._created()):
                return found
            raise

    def _created(self) -> Collection | None:
        """The collection that an earlier attempt created: it has our id, or, if Sekoia assigns ids, our name and a new date."""
        for collection in self._namesakes():
            if collection.id == self._body.get("id"):
                return collection
            if collection.name == self._body["name"] and collection.created and self._is_new(collection.created):
                return collection
        return None

    def _is_new(self, created: datetime) -> bool:
        now = self._transport.server_time() or datetime.now(UTC)
        return aware(created) >= now - timedelta(seconds=self._transport.deadline.now() - self._started + 2)
