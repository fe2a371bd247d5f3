"""IOC collections, and the kill chains."""

from typing import Annotated

from fastapi import APIRouter, HTTPException, Query

from sandbox.sekoia import models
from sandbox.sekoia.kill_chains import KILL_CHAINS
from sandbox.sekoia.service import API_KEY, REFUSALS, Here, InCollection, Limit, Offset, known_collection

__all__ = ["router"]

router = APIRouter(tags=["IOC collections"], dependencies=[API_KEY], responses=REFUSALS)


@router.get("/ioc-collections", response_model_exclude_unset=True)
async def list_collections(
    service: Here,
    limit: Limit = 20,
    offset: Offset = 0,
    term: Annotated[str, Query(description="the name contains it")] = "",
    community_uuid: Annotated[str | None, Query(alias="match[community_uuid]")] = None,
    with_indicators_count: bool = False,
) -> models.CollectionPage:
    """A page of the IOC collections."""
    rows, total = service.store.collections(term=term, community_uuid=community_uuid, limit=limit, offset=offset)
    items = [
        (
            models.Collection.of(row, indicators_count=service.store.count(row["number"]))
            if with_indicators_count
            else models.Collection.of(row)
        )
        for row in rows
    ]
    return models.CollectionPage(items=items, total=total)


@router.post("/ioc-collections", status_code=201, response_model_exclude_unset=True)
async def create_collection(service: Here, new: models.NewCollection) -> models.Collection:
    """Creates an IOC collection."""
    row = service.store.create_collection(author=service.keys.author, **new.model_dump())
    if row is None:
        raise HTTPException(400, f"There is an IOC collection {new.id} already")
    return models.Collection.of(row)


@router.get("/ioc-collections/count-total-iocs")
async def count_total_iocs(
    service: Here,
    community_uuid: str | None = None,
    matching: Annotated[str | None, Query(alias="match[community_uuid]")] = None,
) -> models.CommunityCount:
    """How many indicators a community has, or all have, and how many a community can have."""
    count = service.store.count_community(community_uuid or matching)
    return models.CommunityCount(count=count, max=service.controls.faults.collection_limit)


@router.get("/ioc-collections/{collection_id}", response_model_exclude_unset=True)
async def get_collection(collection: InCollection) -> models.Collection:
    """An IOC collection."""
    return models.Collection.of(collection)


@router.patch("/ioc-collections/{collection_id}", response_model_exclude_unset=True)
async def change_collection(
    service: Here, collection: InCollection, change: models.CollectionChange
) -> models.Collection:
    """Changes the name of an IOC collection, and who sees it."""
    values = change.model_dump(exclude_unset=True)
    service.store.update_collection(collection, author=service.keys.author, **values)
    return models.Collection.of(await known_collection(service, collection["id"]))


@router.delete("/ioc-collections/{collection_id}", status_code=204)
async def delete_collection(service: Here, collection: InCollection) -> None:
    """Deletes an IOC collection with its indicators."""
    service.imports.cancel(collection["id"])
    service.store.delete_collection(collection["number"])


@router.get("/kill-chains", tags=["kill chains"])
async def list_kill_chains() -> models.KillChainPage:
    """The kill chains and their phases."""
    return models.KillChainPage.model_validate({"items": KILL_CHAINS, "total": len(KILL_CHAINS)})
