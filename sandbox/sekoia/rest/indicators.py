"""The indicators of a collection: listed, added, changed, and revoked."""

import sqlite3
from typing import Annotated, Any

from fastapi import APIRouter, BackgroundTasks, Body, HTTPException, Query, Response
from fastapi.responses import JSONResponse

from sandbox.sekoia import models
from sandbox.sekoia.context import Context
from sandbox.sekoia.detect import detect
from sandbox.sekoia.rest.imports import accept, check_room
from sandbox.sekoia.service import (
    API_KEY,
    REFUSALS,
    Here,
    InCollection,
    Limit,
    Offset,
    OfIndicator,
    Service,
    known_indicator,
)

__all__ = ["router"]

router = APIRouter(
    prefix="/ioc-collections/{collection_id}/indicators",
    tags=["indicators"],
    dependencies=[API_KEY],
    responses=REFUSALS,
)


@router.get("")
async def list_indicators(
    service: Here,
    collection: InCollection,
    limit: Limit = 20,
    offset: Offset = 0,
    term: Annotated[str, Query(description="the pattern contains it")] = "",
) -> models.IndicatorPage:
    """A page of the indicators of a collection, revoked ones included."""
    if not service.controls.faults.quotes_searched:
        term = term.strip("'")
    rows = service.store.indicators(collection["number"], term=term, limit=limit, offset=offset)
    total = service.store.count_matching(collection["number"], term)
    items = [models.Indicator.of(row, collection["id"]) for row in rows]
    return models.IndicatorPage(items=items, total=total, has_more=offset + len(items) < total)


@router.post("", response_model=models.IndicatorList, responses={202: {"model": models.Accepted}})
@router.post("/", response_model=models.IndicatorList, include_in_schema=False)  # as some clients write it
async def add_indicators(
    service: Here,
    background: BackgroundTasks,
    response: Response,
    collection: InCollection,
    body: models.IndicatorsImport,
) -> models.IndicatorList | JSONResponse:
    """Adds indicators, or updates those that the collection has: all of them, or none."""
    defaults, faults = body.default_fields, service.controls.faults
    default, entries = defaults.context(), list[tuple[Any, Context]]()
    for index, new in enumerate(body.indicators):
        observable, context = detect(new.value, new.type or defaults.type, faults.stored_form), new.context(default)
        if observable is None:
            raise HTTPException(400, f"indicators.{index}.value: {new.value!r} is not a valid indicator")
        if not context.is_consistent:
            raise HTTPException(400, f"indicators.{index}: valid_until must be later than valid_from")
        entries.append((observable, context))
    task = service.imports.new(collection, entries, lambda entry: entry)
    if faults.indicators_as_task:
        accepted = await accept(service, background, response, task)
        return JSONResponse(accepted.model_dump(exclude_none=True), response.status_code or 202)
    await check_room(service, task)
    taken = [entry for entry in entries if not task.refuses(entry)]
    service.store.upsert(collection["number"], taken, faults)
    patterns = dict.fromkeys(observable.pattern for observable, _ in taken)
    rows = [row for pattern in patterns if (row := service.store.by_pattern(collection["number"], pattern))]
    return models.IndicatorList(items=[models.Indicator.of(row, collection["id"]) for row in rows], total=len(rows))


@router.put("/{indicator_id}")
async def change_indicator(
    service: Here, collection: InCollection, indicator: OfIndicator, change: models.IndicatorChange
) -> models.Indicator:
    """Changes what is said about an indicator; absent fields stay, unless a fault says otherwise."""
    faults, told = service.controls.faults, change.stored()
    if faults.changes == "ignored":
        return await _shown(service, collection, indicator)
    held = Context(*(indicator[name] for name in Context._fields))
    before = Context() if faults.changes == "clear" else held
    emptied = {
        name for name, value in told.items() if value in (None, "", "[]") and getattr(held, name) not in (None, "[]")
    }
    if emptied and faults.empty_values == "refuse":
        raise HTTPException(400, f"{min(emptied)}: it must not be empty")
    if faults.empty_values == "keep":
        told |= {name: getattr(held, name) for name in emptied}
    context = before._replace(**told)
    if not context.is_consistent:
        raise HTTPException(400, "valid_until must be later than valid_from")
    service.store.update_indicator(indicator["number"], context)
    return await _shown(service, collection, indicator)


@router.delete("/{indicator_id}")
async def delete_indicator(
    service: Here,
    collection: InCollection,
    indicator: OfIndicator,
    force_deletion: bool = False,
    body: Annotated[models.Deletion | None, Body()] = None,
) -> models.Indicator:
    """Revokes an indicator; with `force_deletion`, deletes one that was revoked over 24 hours ago."""
    if not force_deletion and not (body and body.force_deletion):
        service.store.revoke(indicator["number"])
        return await _shown(service, collection, indicator)
    if not service.store.delete_indicator(indicator["number"]):
        raise HTTPException(400, "Only an indicator that was revoked over 24 hours ago can be deleted")
    return models.Indicator.of(indicator, collection["id"])


async def _shown(service: Service, collection: sqlite3.Row, indicator: sqlite3.Row) -> models.Indicator:
    return models.Indicator.of(await known_indicator(service, collection, indicator["id"]), collection["id"])
