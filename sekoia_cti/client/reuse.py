"""Finds a collection by its name, or creates it so that two runs at the same time end up with the same collection."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID, uuid5

from sekoia_cti.client.errors import Refused, RequestError
from sekoia_cti.client.rest.endpoints import RestClient
from sekoia_cti.client.times import aware
from sekoia_cti.client.wire import Collection

__all__ = ["collections_named", "find_or_create"]

NAMESPACE = UUID("9bfa9393-de61-43fd-a8e4-43f620ec3c88")
"""For ids derived from a community and a name. It never changes, since two versions would then create two collections."""

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
    """List the collections with a name.

    Args:
        rest: The REST client.
        name: The exact name, or, with `contains`, a part of it in any case.
        contains: Whether the name only has to contain this text.
        community_uuid: Only collections of this community.
        with_indicators_count: Whether to request ``indicators_count``.

    Returns:
        The collections, the oldest first.

    Raises:
        SekoiaError: The collections could not be listed completely.
    """

    def fits(collection: Collection) -> bool:
        if community_uuid not in (None, collection.community_uuid):
            return False
        return name.casefold() in collection.name.casefold() if contains else collection.name == name

    listed = rest.collections(term=name, community_uuid=community_uuid, with_indicators_count=with_indicators_count)
    # By id, since a page can repeat collections of the page before if one is added in the meantime.
    return sorted({collection.id: collection for collection in listed if fits(collection)}.values(), key=_age)


def find_or_create(
    rest: RestClient,
    name: str,
    *,
    description: str | None = None,
    community_uuid: str | None = None,
    available_for_sub_communities: bool = False,
) -> tuple[Collection, int]:
    """Find the oldest collection with exactly this name, or create one.

    The id of a new collection is derived from its community and name. Of two runs at the same time, one is therefore refused, and
    then finds the collection of the other.

    Args:
        rest: The REST client.
        name: The name.
        description, available_for_sub_communities: For a new collection.
        community_uuid: The community that owns it; by default, any if the collection exists, and that of the key if it is new.

    Returns:
        The collection, and how many collections had the name: 0 if it is new.

    Raises:
        SekoiaError: It could neither be found nor created.
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
    # Another run has just created it, or a collection with this id was renamed.
    return (existing[0], len(existing)) if (existing := found()) else create("")


def _own_community(rest: RestClient) -> str | None:
    try:
        return rest.identity().community_uuid
    except RequestError:
        return None  # without the community, the id is random


def _age(collection: Collection) -> datetime:
    return aware(collection.created) if collection.created else datetime.max.replace(tzinfo=UTC)
