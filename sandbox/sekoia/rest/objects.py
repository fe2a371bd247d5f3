"""The bulk reader: a collection as firewalls read it, a page of up to 10,000 at a time."""

import base64
import csv
import io
import json
import re
import sqlite3
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, HTTPException, Query
from fastapi.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response

from sandbox.sekoia import models
from sandbox.sekoia.faults import Faults
from sandbox.sekoia.service import API_KEY, REFUSALS, Here, InCollection
from sandbox.sekoia.unicode import is_unicode

__all__ = ["router"]

LARGEST_PAGE = {"json": 2_000, "csv": 2_000, "text": 10_000}
CSV_FIELDS = ("id", "type", "name", "pattern", "valid_from", "valid_until", "modified", "revoked")
Latest = Annotated[bool, Query(description="changes nothing: each object has one version here")]
# That SQLite can give to a row.
LAST_NUMBER = 2**63 - 1
# Before all times that there are.
_BEGINNING = ("", 0)

router = APIRouter(tags=["bulk reader"], dependencies=[API_KEY], responses=REFUSALS)


@router.get("/collections/{collection_id}/objects/", include_in_schema=False)
@router.get("/collections/{collection_id}/objects")
async def read_objects(
    service: Here,
    collection: InCollection,
    format: Literal["json", "csv", "text"] = "json",
    limit: Annotated[int, Query(ge=1, description="at most 10,000 for text, and 2,000 otherwise")] = 100,
    cursor: Annotated[str | None, Query(description="`next_cursor` of the page before")] = None,
    modified_after: models.Time | None = None,
    skip_expired: bool = False,
    include_revoked: bool = False,
    types: Annotated[str | None, Query(alias="match[type]", description="STIX types, separated by commas")] = None,
    return_all_fields: Annotated[bool, Query(description="those without a value too")] = False,
    convert_network_traffic: Annotated[
        bool, Query(description="addresses of the phase command-and-control come as `network-traffic:dst_ref.value`")
    ] = False,
    latest: Latest = False,  # noqa: ARG001  # as Sekoia takes it; each object is listed once here anyway
) -> Response:
    """Reads a collection in the order of its changes. Pages end when there is no further item."""
    faults = service.controls.faults
    if refusal := _refusal(faults):
        return refusal
    if limit > LARGEST_PAGE[format]:
        raise HTTPException(400, f"limit: Input should be less than or equal to {LARGEST_PAGE[format]}")
    after = max(_position(cursor), (modified_after or "", LAST_NUMBER) if modified_after else _BEGINNING)
    rows = service.store.changes(
        collection["number"],
        after=after,
        until=datetime.now(UTC) - timedelta(seconds=faults.bulk_lag_seconds),
        highest=service.store.number_of_newest(collection["number"], faults.bulk_lag_values),
        limit=limit if types is None or "indicator" in types.split(",") else 0,
        revoked=include_revoked,
        expired=not skip_expired,
    )
    objects = [_object(row, collection["id"], network_traffic=convert_network_traffic) for row in rows]
    if format == "text":
        return PlainTextResponse("".join(f"{each['name']}\n" for each in objects))
    if format == "csv":
        return PlainTextResponse(_as_csv(objects), media_type="text/csv")
    if not faults.bulk_patterns:
        for each in objects:
            del each["pattern"], each["pattern_type"]
    if not return_all_fields:
        objects = [{name: value for name, value in each.items() if value not in (None, [])} for each in objects]
    ended = len(rows) < limit and (not rows or not faults.bulk_last_cursor)
    position = (rows[-1]["modified"], rows[-1]["number"]) if rows else after
    return JSONResponse({"items": objects, "next_cursor": None if ended else _cursor(position)})


def _refusal(faults: Faults) -> Response | None:
    """What is answered instead of the objects, if anything."""
    match faults.bulk_reader:
        case "absent":
            raise HTTPException(404, "Not found")
        case "denied":
            raise HTTPException(403, "Insufficient permissions")
        case "broken":
            raise HTTPException(500, "Internal Server Error")
        case "html":
            return HTMLResponse("<!doctype html><title>Sign in</title><p>Please sign in.</p>")
        case "served":
            return None


def _object(row: sqlite3.Row, collection_id: str, *, network_traffic: bool) -> dict[str, Any]:
    """An indicator as the reader shows it."""
    shown = models.Indicator.of(row, collection_id).model_dump()
    phases = {phase["phase_name"] for phase in shown["kill_chain_phases"]}
    if network_traffic and "command-and-control" in phases:
        shown["pattern"] = re.sub(r"^\[ipv[46]-addr:value", "[network-traffic:dst_ref.value", shown["pattern"])
    return shown


def _as_csv(objects: list[dict[str, Any]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, CSV_FIELDS, extrasaction="ignore")
    writer.writeheader()
    writer.writerows(objects)
    return text.getvalue()


def _cursor(position: tuple[str, int]) -> str:
    return base64.urlsafe_b64encode(json.dumps(position).encode()).decode()


def _position(cursor: str | None) -> tuple[str, int]:
    """The change that a cursor points behind."""
    if cursor is None:
        return _BEGINNING
    try:
        match json.loads(base64.urlsafe_b64decode(cursor)):
            case [str() as modified, int() as number] if is_unicode(modified) and 0 <= number <= LAST_NUMBER:
                return modified, number
    except (ValueError, RecursionError):  # neither base64 nor JSON
        pass
    raise HTTPException(400, "cursor: it is none of this reader's")
