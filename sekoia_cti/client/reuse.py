"""One collection of a name: found, or created in a way that two who do so at once end up with the same one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID, uuid5

from sekoia_cti.client.errors import Refused, RequestError
from sekoia_cti.client.rest.endpoints import RestClient
from sekoia_cti.client.wire import Collection, aware

__all__ = ["find_or_create", "named"]

NAMESPACE = UUID("9bfa9393-de61-43fd-a8e4-43f620ec3c88")
"""Of the ids that follow from a community and a name; it never changes, or two versions would make two collections."""

TAKEN = (400, 409, 422)
"""How it may be said that an id is taken, or that Sekoia gives ids of its own (contract: unknown)."""


def named(rest: RestClient, name: str, *, community_uuid: str | None = None) -> list[Collection]:
    """The collections with exactly this name, the oldest first.

    Args:
        rest: The REST client.
        name: The name.
        community_uuid: Who owns them, if that matters.
    """
    listed = rest.collections(term=name, community_uuid=community_uuid)
    # By id, since a page can repeat what the one before had when a collection is added meanwhile.
    fitting = {
        collection.id: collection
        for collection in listed
        if collection.name == name and community_uuid in (None, collection.community_uuid)
    }
    return sorted(fitting.values(), key=_age)


def find_or_create(
    rest: RestClient,
    name: str,
    *,
    description: str | None = None,
    community_uuid: str | None = None,
    available_for_sub_communities: bool = False,
    on_several: Callable[[int], object] = lambda _: None,
) -> tuple[Collection, bool]:
    """The oldest collection with exactly this name, or a new one.

    A new one gets an id that follows from community and name, so that of two who create it at once one is refused, and finds
    what the other created.

    Args:
        rest: The REST client.
        name: Its name.
        description, available_for_sub_communities: Of a new one.
        community_uuid: Who owns it; by default whoever has one of the name, and for a new one the key's own community.
        on_several: Told how many there are of the name, when there are several.

    Returns:
        The collection, and whether it is new.
    """

    def found() -> Collection | None:
        same = named(rest, name, community_uuid=community_uuid)
        if len(same) > 1:
            on_several(len(same))
        return next(iter(same), None)

    def create(collection_id: str | None) -> tuple[Collection, bool]:
        created = rest.create(
            name,
            collection_id=collection_id,
            description=description,
            community_uuid=community_uuid,
            available_for_sub_communities=available_for_sub_communities,
        )
        return created, True

    if existing := found():
        return existing, False
    if (community := community_uuid or _own_community(rest)) is None:
        return create(None)
    try:
        return create(f"ioc-collection--{uuid5(NAMESPACE, f'{community.lower()}/{name}')}")
    except Refused as error:
        if error.status not in TAKEN:
            raise
    # Taken a moment ago by another run, or by a collection that has another name by now.
    return (existing, False) if (existing := found()) else create("")


def _own_community(rest: RestClient) -> str | None:
    try:
        return rest.identity().community_uuid
    except RequestError:
        return None  # it is not certain that Sekoia tells


def _age(collection: Collection) -> datetime:
    return aware(collection.created) if collection.created else datetime.max.replace(tzinfo=UTC)
