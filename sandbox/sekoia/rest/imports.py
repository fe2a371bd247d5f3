"""Imports: from text, and from files that are previewed first."""

import asyncio
import re
from functools import partial
from typing import Any

from fastapi import APIRouter, BackgroundTasks, HTTPException, Response, UploadFile

from sandbox.sekoia import models, tables
from sandbox.sekoia.detect import detect
from sandbox.sekoia.job import Entry, ImportJob
from sandbox.sekoia.service import API_KEY, REFUSALS, Here, InCollection, Service

__all__ = ["accept", "check_room", "router"]

PREVIEW_ROWS = 10

router = APIRouter(
    prefix="/ioc-collections/{collection_id}/indicators",
    tags=["imports"],
    dependencies=[API_KEY],
    responses=REFUSALS,
)


async def accept(service: Service, background: BackgroundTasks, response: Response, job: ImportJob) -> models.Accepted:
    """Lets an import run, and answers it in the way that the settings say. Raises 400 when there is no room for it."""
    await check_room(service, job)
    faults = service.controls.faults
    if faults.finish_before_answer or faults.import_answer == "counts":
        await asyncio.wait([await service.imports.start(job)])
    else:
        background.add_task(service.imports.start, job)  # once the answer is on its way
    match faults.import_answer:
        case "counts":
            response.status_code = 200
            return models.Accepted(created=job.created, updated=job.updated, ignored=job.ignored)
        case "no_id":
            return models.Accepted()
        case _:
            return models.Accepted(task_id=job.task_id)


async def check_room(service: Service, job: ImportJob) -> None:
    """Raises 400 when an import would exceed what a community can hold."""
    if not await service.imports.has_room(job):
        count = service.store.count_community(job.collection["community_uuid"])
        limit = service.controls.faults.collection_limit
        raise HTTPException(
            400, f"The limit of {limit} IOCs would be exceeded: there are {count}, and {job.total} were sent"
        )


@router.post("/text", status_code=202, response_model_exclude_none=True)
async def import_text(
    service: Here,
    background: BackgroundTasks,
    response: Response,
    collection: InCollection,
    text: models.TextImport,
) -> models.Accepted:
    """Imports indicators from text, in the background."""
    only = None if text.format in (None, "one_per_line") else str(text.format).partition(".")[0]
    context, faults = text.context(), service.controls.faults

    def read(line: str) -> Entry:
        observable = detect(line, only, faults.stored_form)
        return (observable, context) if observable else None

    lines = [line for raw in re.split(r"[\r\n]+", text.indicators) if (line := raw.strip())]
    if faults.invalid_lines == "rejected" and (invalid := [line for line in lines if read(line) is None]):
        raise HTTPException(400, f"indicators: {invalid[0]!r} is not a valid indicator")
    return await accept(service, background, response, service.imports.new(collection, lines, read))


@router.post("/files/preview")
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


@router.post("/files/process", status_code=202, response_model_exclude_none=True)
async def process_file(
    service: Here,
    background: BackgroundTasks,
    response: Response,
    collection: InCollection,
    file: models.FileImport,
) -> models.Accepted:
    """Imports a file that was previewed, in the background."""
    content = service.store.file(collection["number"], file.file_handle)
    if content is None:
        raise HTTPException(404, f"File {file.file_handle} not found")
    table = await asyncio.to_thread(tables.read, content)
    rows = table.rows[1:] if file.ignore_first_line else table.rows
    faults = service.controls.faults
    mapping = [None if column in faults.ignored_columns else column for column in file.mapping]
    read = partial(tables.entry, mapping=mapping, default=file.context(), form=faults.stored_form)
    return await accept(service, background, response, service.imports.new(collection, rows, read))
