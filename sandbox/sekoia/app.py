"""The endpoints: IOC collections as the contract has them, LiveAPI, and the playbook callback."""

import asyncio
import re
import sqlite3
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any

from fastapi import (
    APIRouter,
    BackgroundTasks,
    Body,
    Depends,
    FastAPI,
    HTTPException,
    Query,
    Request,
    Response,
    Security,
    UploadFile,
)
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.security import HTTPBearer
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.websockets import WebSocket

from sandbox.sekoia import models, tables
from sandbox.sekoia.auth import ROOTS, Authentication, Keys
from sandbox.sekoia.callback import Callbacks
from sandbox.sekoia.detect import detect
from sandbox.sekoia.faults import Controls
from sandbox.sekoia.kill_chains import KILL_CHAINS
from sandbox.sekoia.live import LiveAPI
from sandbox.sekoia.store import Context, Store
from sandbox.sekoia.tasks import Entry, Import, Imports

__all__ = ["Service", "create_app"]

PREVIEW_ROWS = 10

DESCRIPTION = f"""
IOC collections as Sekoia's Intelligence Center serves them, for trying out clients: below `{ROOTS[0]}`, and below
`{ROOTS[1]}` alike.

**LiveAPI** is a WebSocket at `/live/` that wants the header `Cookie: access_token_cookie=<API key>`. It pushes events
as JSON texts, replays nothing, and takes `{{"action": "upgrade"}}`. The progress of an import:

    {{"type": "ioc-collection", "action": "updated", "metadata": {{…}},
     "attributes": {{"task_id": "…", "imported": 250, "total": 1000}}}}

The last one, where `imported` is `total`, also counts `created`, `updated` and `ignored`.
"""


@dataclass(frozen=True, slots=True)
class Service:
    """The parts that the endpoints bring together."""

    keys: Keys
    controls: Controls
    store: Store
    live: LiveAPI
    imports: Imports
    callbacks: Callbacks


async def _service(request: Request) -> Service:
    service: Service = request.app.state.service
    return service


Here = Annotated[Service, Depends(_service)]


async def _collection(service: Here, collection_id: str) -> sqlite3.Row:
    if (row := service.store.collection(collection_id)) is None:
        raise HTTPException(404, f"IOC collection {collection_id} not found")
    return row


InCollection = Annotated[sqlite3.Row, Depends(_collection)]


async def _indicator(service: Here, collection: InCollection, indicator_id: str) -> sqlite3.Row:
    if (row := service.store.indicator(collection["number"], indicator_id)) is None:
        raise HTTPException(404, f"Indicator {indicator_id} not found")
    return row


OfIndicator = Annotated[sqlite3.Row, Depends(_indicator)]
Limit = Annotated[int, Query(ge=1, le=100)]
Offset = Annotated[int, Query(ge=0, le=2**53)]

_REFUSALS: dict[int | str, dict[str, Any]] = {
    400: {"model": models.Error, "description": "Invalid parameters"},
    401: {"model": models.Error, "description": "Authentication failed"},
    403: {"model": models.Error, "description": "Insufficient permissions"},
    404: {"model": models.Error, "description": "Unknown object"},
}
_API_KEY = HTTPBearer(auto_error=False, scheme_name="API key", description="checked before all else")
collections = APIRouter(tags=["IOC collections"], dependencies=[Security(_API_KEY)], responses=_REFUSALS)
indicators = APIRouter(
    prefix="/ioc-collections/{collection_id}/indicators",
    tags=["indicators"],
    dependencies=[Security(_API_KEY)],
    responses=_REFUSALS,
)


# Collections


@collections.get("/ioc-collections", response_model_exclude_unset=True)
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


@collections.post("/ioc-collections", status_code=201, response_model_exclude_unset=True)
async def create_collection(service: Here, new: models.NewCollection) -> models.Collection:
    """Creates an IOC collection."""
    row = service.store.create_collection(author=service.keys.author, **new.model_dump())
    if row is None:
        raise HTTPException(400, f"There is an IOC collection {new.id} already")
    return models.Collection.of(row)


@collections.get("/ioc-collections/count-total-iocs")
async def count_total_iocs(service: Here, community_uuid: str | None = None) -> models.CommunityCount:
    """How many indicators a community has, or all have, and how many a community can have."""
    count = service.store.count_community(community_uuid)
    return models.CommunityCount(count=count, max=service.controls.faults.collection_limit)


@collections.get("/ioc-collections/{collection_id}", response_model_exclude_unset=True)
async def get_collection(collection: InCollection) -> models.Collection:
    """An IOC collection."""
    return models.Collection.of(collection)


@collections.patch("/ioc-collections/{collection_id}", response_model_exclude_unset=True)
async def change_collection(
    service: Here, collection: InCollection, change: models.CollectionChange
) -> models.Collection:
    """Changes what an IOC collection is called, and who sees it."""
    values = change.model_dump(exclude_unset=True)
    service.store.update_collection(collection, author=service.keys.author, **values)
    return models.Collection.of(await _collection(service, collection["id"]))


@collections.delete("/ioc-collections/{collection_id}", status_code=204)
async def delete_collection(service: Here, collection: InCollection) -> None:
    """Deletes an IOC collection with its indicators."""
    service.imports.cancel(collection["id"])
    service.store.delete_collection(collection["number"])


@collections.get("/kill-chains", tags=["kill chains"])
async def list_kill_chains() -> models.KillChainPage:
    """The kill chains and their phases."""
    return models.KillChainPage.model_validate({"items": KILL_CHAINS, "total": len(KILL_CHAINS)})


# Imports


async def _accept(service: Service, background: BackgroundTasks, job: Import) -> models.Accepted:
    await _check_room(service, job)
    if service.controls.faults.finish_before_answer:
        await asyncio.wait([await service.imports.start(job)])
    else:
        background.add_task(service.imports.start, job)  # once the answer is on its way
    return models.Accepted(task_id=job.task_id)


async def _check_room(service: Service, job: Import) -> None:
    if not await service.imports.has_room(job):
        count = service.store.count_community(job.collection["community_uuid"])
        limit = service.controls.faults.collection_limit
        raise HTTPException(
            400, f"The limit of {limit} IOCs would be exceeded: there are {count}, and {job.total} were sent"
        )


@indicators.post("/text", status_code=202)
async def import_text(
    service: Here, background: BackgroundTasks, collection: InCollection, text: models.TextImport
) -> models.Accepted:
    """Imports indicators from text, in the background."""
    only = None if text.format in (None, "one_per_line") else str(text.format).partition(".")[0]
    context = text.context()

    def read(line: str) -> Entry:
        observable = detect(line, only)
        return (observable, context) if observable else None

    lines = [line for raw in re.split(r"[\r\n]+", text.indicators) if (line := raw.strip())]
    return await _accept(service, background, Import(collection, lines, read))


@indicators.post("/files/preview")
async def preview_file(service: Here, collection: InCollection, file: UploadFile) -> dict[str, Any]:
    """Takes a CSV, XLS or XLSX file, and tells what it seems to hold; nothing is imported yet."""
    kind = tables.MIME_TYPES.get((file.content_type or "").partition(";")[0].strip().lower())
    if kind is None:
        raise HTTPException(400, f"file: the MIME type {file.content_type} is not accepted")
    content = await file.read()
    if tables.kind_of(content) != kind:
        raise HTTPException(400, f"file: the MIME type {file.content_type} does not fit its content")
    try:
        table = await asyncio.to_thread(tables.read, content)
    except tables.UnreadableFileError as error:
        raise HTTPException(400, f"file: {error}") from error
    mapping, ignore_first_line = table.detect()
    rows, handle = table.rows[:PREVIEW_ROWS], service.store.add_file(collection["number"], content)
    return {"file_handle": handle} | _preview(
        service.controls.faults.preview_fields, rows, list(mapping), ignore_first_line
    )


def _preview(fields: str, rows: Any, mapping: list[str | None], ignore_first_line: bool) -> dict[str, Any]:
    match fields:
        case "mapping":
            return {"preview": rows, "mapping": mapping, "ignore_first_line": ignore_first_line}
        case "columns":
            columns = [{"index": index, "type": column} for index, column in enumerate(mapping)]
            return {"rows": rows, "columns": columns, "has_header": ignore_first_line}
        case "detected_mapping":
            return {"lines": rows, "detected_mapping": mapping, "first_line_is_header": ignore_first_line}
        case "nested":
            by_column = {str(index): column for index, column in enumerate(mapping)}
            return {"preview": {"rows": rows, "mapping": by_column, "ignore_first_line": ignore_first_line}}
        case _:
            return {"lines": rows}


@indicators.post("/files/process", status_code=202)
async def process_file(
    service: Here, background: BackgroundTasks, collection: InCollection, file: models.FileImport
) -> models.Accepted:
    """Imports a file that was previewed, in the background."""
    content = service.store.file(collection["number"], file.file_handle)
    if content is None:
        raise HTTPException(404, f"File {file.file_handle} not found")
    table = await asyncio.to_thread(tables.read, content)
    rows = table.rows[1:] if file.ignore_first_line else table.rows
    read = partial(tables.entry, mapping=file.mapping, default=file.context())
    return await _accept(service, background, Import(collection, rows, read))


# Indicators


@indicators.get("")
async def list_indicators(
    service: Here,
    collection: InCollection,
    limit: Limit = 20,
    offset: Offset = 0,
    term: Annotated[str, Query(description="the pattern contains it")] = "",
) -> models.IndicatorPage:
    """A page of the indicators of a collection, revoked ones included."""
    rows = service.store.indicators(collection["number"], term=term, limit=limit, offset=offset)
    total = service.store.count_matching(collection["number"], term)
    items = [models.Indicator.of(row, collection["id"]) for row in rows]
    return models.IndicatorPage(items=items, total=total, has_more=offset + len(items) < total)


@indicators.post("", responses={202: {"model": models.Accepted}})
async def add_indicators(
    service: Here,
    background: BackgroundTasks,
    response: Response,
    collection: InCollection,
    body: models.IndicatorsImport,
) -> models.IndicatorList | models.Accepted:
    """Adds indicators, or updates those that the collection has: all of them, or none."""
    defaults = body.default_fields
    default, entries = defaults.context(), list[tuple[Any, Context]]()
    for index, new in enumerate(body.indicators):
        observable, context = detect(new.value, new.type or defaults.type), new.context(default)
        if observable is None:
            raise HTTPException(400, f"indicators.{index}.value: {new.value!r} is no valid indicator")
        if not context.is_consistent:
            raise HTTPException(400, f"indicators.{index}: valid_until must be later than valid_from")
        entries.append((observable, context))
    task = Import(collection, entries, lambda entry: entry)
    if service.controls.faults.indicators_as_task:
        response.status_code = 202
        return await _accept(service, background, task)
    await _check_room(service, task)
    service.store.upsert(collection["number"], entries)
    patterns = dict.fromkeys(observable.pattern for observable, _ in entries)
    rows = [row for pattern in patterns if (row := service.store.by_pattern(collection["number"], pattern))]
    return models.IndicatorList(items=[models.Indicator.of(row, collection["id"]) for row in rows], total=len(rows))


@indicators.put("/{indicator_id}")
async def change_indicator(
    service: Here, collection: InCollection, indicator: OfIndicator, change: models.IndicatorChange
) -> models.Indicator:
    """Changes what is said about an indicator; absent fields stay."""
    context = Context(*(indicator[name] for name in Context._fields))._replace(**change.stored())
    if not context.is_consistent:
        raise HTTPException(400, "valid_until must be later than valid_from")
    service.store.update_indicator(indicator["number"], context)
    return await _shown(service, collection, indicator)


@indicators.delete("/{indicator_id}")
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
    return models.Indicator.of(await _indicator(service, collection, indicator["id"]), collection["id"])


# The application


def create_app(service: Service) -> FastAPI:
    """The application that serves all of it."""
    app = FastAPI(title="Sekoia sandbox", description=DESCRIPTION, version="1", redoc_url=None)
    app.state.service = service
    for root in ROOTS:
        for router in (collections, indicators):
            app.include_router(router, prefix=root, include_in_schema=root == ROOTS[0])
    app.include_router(service.callbacks.router(), responses={401: _REFUSALS[401], 404: _REFUSALS[404]})

    @app.websocket("/live/")
    async def live(socket: WebSocket) -> None:
        await service.live.serve(socket)

    app.add_middleware(Authentication, keys=service.keys)
    app.exception_handler(RequestValidationError)(_invalid)
    app.exception_handler(StarletteHTTPException)(_refused)
    _describe_400_for_422(app)
    return app


async def _invalid(_request: Request, error: RequestValidationError) -> JSONResponse:
    said = (
        f"{'.'.join(str(part) for part in problem['loc'][1:])}: {problem['msg']}".removeprefix(": ")
        for problem in error.errors()
    )
    return JSONResponse({"message": "; ".join(said)}, 400)


async def _refused(_request: Request, error: StarletteHTTPException) -> JSONResponse:
    return JSONResponse({"message": error.detail}, error.status_code, error.headers)


def _describe_400_for_422(app: FastAPI) -> None:
    """Takes FastAPI's own answer to invalid parameters out of the OpenAPI page, for it is never given."""
    original = app.openapi

    def openapi() -> dict[str, Any]:
        schema = original()
        for operations in schema["paths"].values():
            for operation in operations.values():
                operation["responses"].pop("422", None)
        for name in ("HTTPValidationError", "ValidationError"):
            schema["components"]["schemas"].pop(name, None)
        return schema

    app.openapi = openapi  # type: ignore[method-assign]  # the way FastAPI documents to change the page
