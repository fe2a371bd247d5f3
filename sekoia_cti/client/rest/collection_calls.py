"""The calls about IOC collections (contract, "Collections")."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

from sekoia_cti.client.rest import subjects
from sekoia_cti.client.rest.call_family import CallFamily
from sekoia_cti.client.rest.creation import Creation
from sekoia_cti.client.rest.pages import PAGE, pages
from sekoia_cti.client.rest.repeatable_deletion import RepeatableDeletion
from sekoia_cti.client.wire import Collection, CollectionPage

__all__ = ["CollectionCalls"]


class CollectionCalls(CallFamily):
    """The IOC collections that an API key can see."""

    def collection(self, collection_id: str) -> Collection:
        """``GET /ioc-collections/{id}``.

        Args:
            collection_id: ``ioc-collection--<uuid>``.

        Raises:
            NotFound: There is no such collection.
        """
        return self._transport.call(
            Collection, "GET", subjects.collection(collection_id), doing="looking up the IOC collection"
        )

    def collections(
        self, *, term: str | None = None, community_uuid: str | None = None, with_indicators_count: bool = False
    ) -> Iterator[Collection]:
        """``GET /ioc-collections``, page after page.

        Args:
            term: Only those whose name contains it.
            community_uuid: Only those of this community.
            with_indicators_count: Whether to ask for ``indicators_count``.

        Returns:
            Each collection once.

        Raises:
            NotFound: There is no API at this address.
            ListingIncomplete: Fewer came than there are.
        """
        query: dict[str, Any] = {"limit": PAGE}
        if with_indicators_count:
            query["with_indicators_count"] = "true"
        if term:
            query["term"] = term
        if community_uuid:
            query["match[community_uuid]"] = community_uuid
        doing = "listing the IOC collections"

        def ask(offset: int) -> CollectionPage:
            return self._transport.call(
                CollectionPage, "GET", subjects.COLLECTIONS, doing=doing, params=query | {"offset": offset}
            )

        for page in pages(ask, doing=doing, again=self._transport.back_off):
            yield from page.items

    def create(
        self,
        name: str,
        *,
        collection_id: str | None = None,
        description: str | None = None,
        community_uuid: str | None = None,
        available_for_sub_communities: bool = False,
    ) -> Collection:
        """``POST /ioc-collections``, so that exactly one collection is created, even if the answer is lost.

        The collection gets an id of our making. Unless a failed request certainly had no effect, the collection
        is looked for before the request is repeated: by that id, or, if Sekoia assigns ids of its own, by its name and by
        having been created since.

        Args:
            name: Its name.
            collection_id: Its id; a random one when None; left to Sekoia when empty.
            description: What it is for.
            community_uuid: The community that owns it; by default the key's own community.
            available_for_sub_communities: Whether sub-communities can use it.

        Returns:
            The collection that was created.
        """
        body = {
            "id": f"ioc-collection--{uuid4()}" if collection_id is None else collection_id or None,
            "name": name,
            "description": description,
            "community_uuid": community_uuid,
            "available_for_sub_communities": available_for_sub_communities,
        }
        creation = Creation(
            self._transport,
            {field: value for field, value in body.items() if value is not None},
            lambda: self.collections(term=name, community_uuid=community_uuid),
        )
        return self._transport.repeat(creation.attempt)

    def update(self, collection_id: str, **changes: str | bool) -> Collection:
        """``PATCH /ioc-collections/{id}``. Repeated, since making the same changes again changes nothing.

        Args:
            collection_id: ``ioc-collection--<uuid>``.
            changes: New values of ``name``, ``description`` and ``available_for_sub_communities``; the others stay.

        Returns:
            The collection as it is now.

        Raises:
            NotFound: There is no such collection.
        """
        return self._transport.call(
            Collection, "PATCH", subjects.collection(collection_id), doing="updating the IOC collection", json=changes
        )

    def delete(self, collection_id: str) -> bool:
        """``DELETE /ioc-collections/{id}``, with all of its indicators; repeated.

        Args:
            collection_id: ``ioc-collection--<uuid>``.

        Returns:
            Whether the answer is as in the contract; otherwise the caller has to check that the collection is gone.

        Raises:
            NotFound: There was no such collection at the first attempt.
        """
        deletion = RepeatableDeletion(
            self._transport, subjects.collection(collection_id), doing="deleting the IOC collection"
        )
        answer = self._transport.repeat(deletion.attempt)
        return answer is not None and answer.status == 204
