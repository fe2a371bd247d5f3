"""Telemetry reports: which indicators of a collection were seen in events. In the sandbox none ever was."""

import json
from typing import Any

from fastapi import APIRouter, HTTPException
from pydantic import BaseModel, ConfigDict

from sandbox.sekoia import models
from sandbox.sekoia.service import API_KEY, REFUSALS, Here, InCollection
from sandbox.sekoia.times import timestamp

__all__ = ["router"]

router = APIRouter(
    prefix="/ioc-collections/{collection_id}/telemetry/reports",
    tags=["telemetry"],
    dependencies=[API_KEY],
    responses=REFUSALS,
)


class NewReport(BaseModel):
    """Whose events a report is about."""

    model_config = ConfigDict(extra="forbid")

    community_uuids: list[models.CommunityUUID]


@router.post("", status_code=202)
async def make_report(service: Here, collection: InCollection, new: NewReport) -> dict[str, Any]:
    """Has a report made, which is there at once."""
    report = {
        "status": "FINISHED",
        "created_at": timestamp(),
        "community_uuids": new.community_uuids,
        "items": [],
        "total": 0,
    }
    # Kept as a file of the collection: it is forgotten with it, and with the oldest of them.
    return report | {"id": service.store.add_file(collection["number"], json.dumps(report).encode())}


@router.get("/{report_id}")
async def get_report(service: Here, collection: InCollection, report_id: str) -> dict[str, Any]:
    """A report of the indicators that were seen: none."""
    if (content := service.store.file(collection["number"], report_id)) is None:
        raise HTTPException(404, f"Report {report_id} not found")
    report: dict[str, Any] = json.loads(content)
    return report | {"id": report_id}
