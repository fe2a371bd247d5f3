"""The faults in force, over HTTP: read and set by whoever may."""

from typing import Any

from fastapi import APIRouter, HTTPException, Request
from pydantic import ValidationError

from sandbox.sekoia.controls import Controls
from sandbox.sekoia.faults import Faults, said
from sandbox.sekoia.guard import Guard

__all__ = ["router"]


def router(controls: Controls, guard: Guard) -> APIRouter:
    """The endpoints below /sandbox."""
    router = APIRouter(prefix="/sandbox", tags=["sandbox"])

    @router.get("/faults")
    async def show_faults(request: Request) -> Faults:
        """The faults in force."""
        guard.check(request.headers)
        return controls.faults

    @router.put("/faults")
    async def set_faults(request: Request, faults: dict[str, Any]) -> Faults:
        """Sets the faults that are named; all others are cleared."""
        guard.check_change(request.headers)
        try:
            controls.set(Faults.model_validate(faults))
        except ValidationError as error:
            raise HTTPException(400, said(error)) from error
        return controls.faults

    return router
