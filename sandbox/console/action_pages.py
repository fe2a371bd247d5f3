"""The pages of actions: each as the form that an analyst gets, and the files of the storage."""

from pathlib import Path
from urllib.parse import quote

from fastapi import APIRouter, Request, UploadFile
from fastapi.responses import FileResponse, RedirectResponse, Response

from sandbox.console import forms, storage
from sandbox.console.launcher import Launcher
from sandbox.console.page_access import CHANGE, PageError
from sandbox.console.show import HEADERS, show
from sandbox.playbooks.module import Action
from sandbox.sekoia.service import Here

__all__ = ["router"]

# Names of the parts of a form, apart from those of the page itself.
ARGUMENT, FILE = "argument:", "file:"
# Collections that are offered.
OFFERED = 100


def router(runs: Launcher) -> APIRouter:
    """The pages; `runs` runs what is filled in."""
    router = APIRouter()

    @router.get("/actions")
    async def actions(service: Here) -> Response:
        known = sorted(runs.module.actions.values(), key=lambda action: action.name)
        return show("actions", service, actions=known, runs=runs.recent(""), files=storage.listed(runs.storage))

    @router.get("/actions/{command}")
    async def form(request: Request, service: Here, command: str, run: str = "") -> Response:
        _, action = _known(runs, command)
        before = runs.get(run)
        given = dict(request.query_params) | (forms.filled_in(before.arguments) if before else {})
        collections, _ = service.store.collections(term="", community_uuid=None, limit=OFFERED, offset=0)
        if collections:
            given.setdefault("collection_id", collections[-1]["id"])
        return show(
            "action",
            service,
            page="actions",
            action=action,
            fields=forms.fields(action.arguments, given),
            collections=collections,
            files=storage.listed(runs.storage),
            runs=runs.recent(command),
        )

    @router.post("/actions/{command}", dependencies=[CHANGE])
    async def run(request: Request, command: str) -> Response:
        uuid, action = _known(runs, command)
        given = await _given(request, runs.storage)
        started = runs.start_action(action, uuid, forms.arguments(action.arguments, given))
        return RedirectResponse(f"/runs/{started.id}", 303)

    @router.post("/storage", dependencies=[CHANGE])
    async def upload(file: UploadFile) -> Response:
        if file.filename:
            await storage.keep(runs.storage, file)
        return RedirectResponse("/actions#storage", 303)

    @router.get("/storage/{path:path}")
    async def stored(path: str) -> Response:
        if (found := storage.inside(runs.storage, path)) is None:
            raise PageError(404, "No such file", f"There is no file {path} in the storage.")
        # Never shown inline: its content can be anything.
        disposition = f"attachment; filename*=UTF-8''{quote(found.name)}"
        return FileResponse(
            found, media_type="application/octet-stream", headers=HEADERS | {"Content-Disposition": disposition}
        )

    return router


async def _given(request: Request, folder: Path) -> dict[str, str]:
    """What the form holds; a file is put into the storage, and stands for its path."""
    given, files = dict[str, str](), dict[str, str]()
    for name, value in (await request.form()).multi_items():
        if isinstance(value, str):
            if name.startswith(ARGUMENT):
                given[name.removeprefix(ARGUMENT)] = value
        elif name.startswith(FILE) and value.filename:
            files[name.removeprefix(FILE)] = await storage.keep(folder, value)
    return given | files


def _known(runs: Launcher, command: str) -> tuple[str, Action]:
    """An action and its uuid, by its command."""
    for uuid, action in runs.module.actions.items():
        if action.command == command:
            return uuid, action
    raise PageError(404, "No such action", f"The module has no action {command}.")
