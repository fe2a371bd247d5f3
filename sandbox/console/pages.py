"""The pages: collections, imports, requests and faults, as they are when a page is loaded."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Form, HTTPException, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from pydantic import ValidationError
from pydantic_core import to_json

from sandbox.sekoia.faults import Faults, named_value, said
from sandbox.sekoia.gate import Recorded
from sandbox.sekoia.service import Here

__all__ = ["router"]

FOLDER = Path(__file__).parent / "templates"
SHOWN = 200
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
_PAGES = Environment(loader=FileSystemLoader(FOLDER), autoescape=True, undefined=StrictUndefined, trim_blocks=True)
_PAGES.filters["json"] = lambda value: to_json(value).decode()


def router(recorded: Callable[[], list[Recorded]]) -> APIRouter:
    """The pages; `recorded` gives the requests so far."""
    router = APIRouter(include_in_schema=False)

    def show(page: str, service: Here, status: int = 200, **values: Any) -> Response:
        html = _PAGES.get_template(page).render(page=page, token=service.guard.token, **values)
        return HTMLResponse(html, status, HEADERS)

    @router.get("/")
    async def collections(request: Request, service: Here) -> Response:
        service.guard.check(request.headers)
        rows, total = service.store.collections(term="", community_uuid=None, limit=SHOWN, offset=0)
        shown = [(row, service.store.count(row["number"])) for row in rows]
        return show("collections.html", service, collections=shown, total=total)

    @router.get("/imports")
    async def imports(request: Request, service: Here) -> Response:
        service.guard.check(request.headers)
        return show("imports.html", service, imports=service.imports.recent()[:SHOWN])

    @router.get("/requests")
    async def requests(request: Request, service: Here) -> Response:
        service.guard.check(request.headers)
        return show("requests.html", service, requests=recorded()[: -SHOWN - 1 : -1])

    @router.get("/faults")
    async def faults(request: Request, service: Here) -> Response:
        service.guard.check(request.headers)
        return show("faults.html", service, faults=_settings(service.controls.faults), problem=None)

    @router.post("/faults")
    async def set_fault(
        request: Request,
        service: Here,
        token: str = Form(""),
        name: str = Form(),
        value: str = Form(""),
        clear: bool = Form(False),
    ) -> Response:
        service.guard.check_change(request.headers, token)
        if name not in Faults.model_fields:
            raise HTTPException(404, f"There is no fault {name}")
        current = service.controls.faults.model_dump()
        changed = Faults().model_dump()[name] if clear else named_value(f"{name}={value}")[1]
        try:
            service.controls.faults = Faults.model_validate(current | {name: changed})
        except ValidationError as error:
            problem = f"Not set: {said(error)}."
            return show("faults.html", service, 400, faults=_settings(service.controls.faults), problem=problem)
        return RedirectResponse(f"/faults#{name}", 303)

    @router.get("/console.css")
    async def style() -> Response:
        return Response((FOLDER / "console.css").read_text(), media_type="text/css", headers=HEADERS)

    return router


def _settings(faults: Faults) -> list[tuple[str, str, object, bool]]:
    """Each fault: its name, what it does, its value, and whether it is in force."""
    default = Faults()
    return [
        (name, field.description or "", value := getattr(faults, name), value != getattr(default, name))
        for name, field in Faults.model_fields.items()
    ]
