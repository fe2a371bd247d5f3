"""Whose API key it is, and what becomes of tasks: what clients ask outside of the Intelligence Center."""

import uuid
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Path

from sandbox.sekoia.faults import Known
from sandbox.sekoia.progress import FAILURE
from sandbox.sekoia.service import API_KEY, REFUSALS, Here
from sandbox.sekoia.store import DEFAULT_COMMUNITY
from sandbox.sekoia.times import timestamp

__all__ = ["router"]

router = APIRouter(tags=["account and tasks"], dependencies=[API_KEY], responses=REFUSALS)


@router.get("/me")
async def me(service: Here) -> dict[str, Any]:
    """Whose API key it is."""
    _refuse(service.controls.faults.me, "Not found")
    user = str(uuid.uuid5(uuid.NAMESPACE_URL, service.keys.full))
    return {"uuid": user, "name": "Sandbox", "type": "apikey", "community_uuid": DEFAULT_COMMUNITY}


@router.get("/tasks/{task_id}")
async def task(service: Here, task_id: Annotated[str, Path(description="what the import was answered with")]) -> Any:
    """What became of an import."""
    _refuse(service.controls.faults.tasks, f"Task {task_id} not found")
    if (job := service.imports.known(task_id)) is None:
        raise HTTPException(404, f"Task {task_id} not found")
    attributes: dict[str, object] = {"collection": job.collection["id"], "imported": job.done, "total": job.total}
    if job.status == "FAILED":
        attributes["error"] = FAILURE
    return {
        "id": job.task_id,
        "status": job.status,
        "created_at": timestamp(job.submitted),
        "ended_at": timestamp(job.ended) if job.ended else None,
        "attributes": attributes,
    }


def _refuse(known: Known, message: str) -> None:
    """Raises what the settings want to be answered instead."""
    if known == "denied":
        raise HTTPException(403, "Insufficient permissions")
    if known == "unknown":
        raise HTTPException(404, message)
