"""One collection of a name: found, or created so that two runs at the same time end up with the same one."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID, uuid5

from sekoia_cti.client.errors import Refused, RequestError
from sekoia_cti.client.rest.endpoints import RestClient
from sekoia_cti.client.times import aware
from sekoia_cti.client.wire import Collection

__all__ = ["collections_named", "find_or_create"]

NAMESPACE = UUID("9bfa9393-de61-43fd-a8e4-43f620ec3c88")
"""Of the ids that follow from a community and a name; it never changes, or two versions would make two collections."""

TAKEN = (400, 409, 422)
"""Statuses that may mean that an id is taken, or that Sekoia assigns ids of its own (contract: unknown)."""


def collections_named(
    rest: RestClient,
    name: str,
    *,
    contains: bool = False,
    community_uuid: str | None = None,
    with_indicators_count: bool = False,
) -> list[Collection]:
    """The collections with exactly this name, or with names that contain it, the oldest first.

    Args:
        rest: The REST client.
        name: The name, or with `contains` a part of it in upper or lower case.
        contains: Whether a part will do.
        community_uuid: The community that owns them, if that matters.
        with_indicators_count: Whether to ask for ``indicators_count``.
    """

    def fits(collection: Collection) -> bool:
        if community_uuid not in (None, collection.community_uuid):
            return False
        return name.casefold() in collection.name.casefold() if contains else collection.name == name

    listed = rest.collections(term=name, community_uuid=community_uuid, with_indicators_count=with_indicators_count)
    # By id, since a page can repeat what the one before had when a collection is added meanwhile.
    return sorted({collection.id: collection for collection in listed if fits(collection)}.values(), key=_age)


def find_or_create(
    rest: RestClient,
    name: str,
    *,
    description: str | None = None,
    community_uuid: str | None = None,
    available_for_sub_communities: bool = False,
) -> tuple[Collection, int]:
    """The oldest collection with exactly this name, or a new one.

    A new one gets an id that follows from community and name, so that of two runs at the same time one is refused, and finds
    what the other created.

    Args:
        rest: The REST client.
        name: Its name.
        description, available_for_sub_communities: Of a new one.
        community_uuid: The community that owns it; by default any that has one of the name, and for a new one the key's own.

    Returns:
        The collection, and how many had the name: 0 if it is new.
    """

    def found() -> list[Collection]:
        return collections_named(rest, name, community_uuid=community_uuid)

    def create(collection_id: str | None) -> tuple[Collection, int]:
        created = rest.create(
            name,
            collection_id=collection_id,
            description=description,
            community_uuid=community_uuid,
            available_for_sub_communities=available_for_sub_communities,
        )
        return created, 0

    if existing := found():
        return existing[0], len(existing)
    if (community := community_uuid or _own_community(rest)) is None:
        return create(None)
    try:
        return create(f"ioc-collection--{uuid5(NAMESPACE, f'{community.lower()}/{name}')}")
    except Refused as error:
        if error.status not in TAKEN:
            raise
    # Taken a moment ago by another run, or by a collection that has another name by now.
    return (existing[0], len(existing)) if (existing := found()) else create("")


def _own_community(rest: RestClient) -> str | None:
    try:
        return rest.identity().community_uuid
    except RequestError:
        return None  # Sekoia may not say when it was created


def _age(collection: Collection) -> datetime:
    return aware(collection.created) if collection.created else datetime.max.replace(tzinfo=UTC)
