"""Deletes a collection, and checks that it is gone."""

from __future__ import annotations

from sekoia_cti.client.errors import NotFound, SekoiaError
from sekoia_cti.client.rest.endpoints import RestClient
from sekoia_cti.client.waiting import Patience
from sekoia_cti.indicators.input_errors import InputError

__all__ = ["delete"]

LOOKS = 3
"""How often the collections are listed to see whether it is gone."""


def delete(rest: RestClient, collection_id: str, *, confirm_name: str, patience: Patience) -> bool:
    """Delete a collection with all of its indicators. It is not an error if it does not exist.

    Args:
        rest: The REST client.
        collection_id: ``ioc-collection--<uuid>``.
        confirm_name: Its exact name.
        patience: How long to wait before another look.

    Returns:
        Whether it existed.

    Raises:
        InputError: It has another name, or still exists.
        SekoiaError: Sekoia refused, or could not be reached.
    """
    try:
        name = rest.collection(collection_id).name
        if name != confirm_name:
            raise InputError(
                f"Nothing was deleted: the IOC collection {collection_id} is named “{name}”, not “{confirm_name}”: "
                "check collection_id and confirm_name"
            )
        told = rest.delete(collection_id)
    except NotFound:
        next(rest.collections(), None)  # raises unless Sekoia answers: before that, nothing is known to be gone
        return False
    if not _is_gone(rest, collection_id, name, patience, told=told):
        raise InputError(
            f"Sekoia accepted the deletion, but the IOC collection {collection_id} still exists: check it in Sekoia, "
            "and try again"
        )
    return True


def _is_gone(rest: RestClient, collection_id: str, name: str, patience: Patience, *, told: bool) -> bool:
    """Whether the collection is no longer listed, whatever the answer to the deletion was."""
    try:
        for look in range(LOOKS):
            if look:
                rest.deadline.pause(patience.look_first)
            if all(collection.id != collection_id for collection in rest.collections(term=name)):
                return True
    except SekoiaError:
        if not told:
            raise
        return True  # Sekoia confirmed the deletion, and nothing contradicts it
    return False
