"""The page of imports: each a bar that LiveAPI moves, and what became of it."""

from typing import Annotated

from fastapi import APIRouter, Form
from fastapi.responses import RedirectResponse, Response

from sandbox.console.heard import Heard
from sandbox.console.page_access import CHANGE, PageError
from sandbox.console.show import show
from sandbox.sekoia.service import Here

__all__ = ["router"]

SHOWN = 100


def router(heard: Heard) -> APIRouter:
    """The page; `heard` is what LiveAPI told."""
    router = APIRouter()

    @router.get("/imports")
    async def imports(service: Here) -> Response:
        recent = service.imports.recent()
        return show(
            "imports",
            service,
            imports=[(job, heard.of(job.task_id)) for job in recent[:SHOWN]],
            total=len(recent),
            pace=service.controls.pace,
            held=not service.controls.released.is_set(),
        )

    @router.post("/imports/pace", dependencies=[CHANGE])
    async def set_pace(service: Here, pace: Annotated[str, Form()] = "") -> Response:
        try:
            service.controls.pace = max(0.0, float(pace or 0))
        except ValueError as error:
            raise PageError(400, "No pace", f"{pace!r} is not a number: give indicators a second, or 0.") from error
        service.changes.happened("imports")
        return RedirectResponse("/imports", 303)

    @router.post("/imports/hold", dependencies=[CHANGE])
    async def hold(service: Here, held: Annotated[bool, Form()]) -> Response:
        switch = service.controls.released
        switch.clear() if held else switch.set()
        service.changes.happened("imports")
        return RedirectResponse("/imports", 303)

    return router
