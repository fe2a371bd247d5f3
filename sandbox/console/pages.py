"""All pages, what they need, and the stream that tells them when something changed."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, FastAPI, HTTPException, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response, StreamingResponse
from starlette.exceptions import HTTPException as StarletteHTTPException

from sandbox.console import (
    action_pages,
    collection_pages,
    fault_pages,
    import_pages,
    playbook_pages,
    request_pages,
    run_pages,
)
from sandbox.console.heard import Heard
from sandbox.console.launcher import Launcher
from sandbox.console.page_access import LOOK, PageError
from sandbox.console.show import HEADERS, show, static
from sandbox.playbooks.access import AnyNodeRun, HeldCollection
from sandbox.playbooks.playbook import PlaybookError
from sandbox.sekoia.auth import is_api
from sandbox.sekoia.request_log import Recorded
from sandbox.sekoia.service import Here

__all__ = ["Console"]

# Seconds after which a stream says something when nothing moves, so that one is noticed whose page is gone.
HEARTBEAT = 15


class Console:
    """The pages, and what they run.

    Args:
        url, api_key, open_run, count: The sandbox as what is run sees it.
        module: The folder of the module whose actions and playbooks are run.
        storage: The folder for their files.
        heard: What LiveAPI told.
        recorded: Gives the requests so far, the newest first.
        moved: To be called when a run moved, in any thread.
    """

    def __init__(
        self,
        *,
        url: str,
        api_key: str,
        open_run: Callable[[], AnyNodeRun],
        count: Callable[[str], HeldCollection | None],
        module: Path,
        storage: Path,
        heard: Heard,
        recorded: Callable[[], Iterator[Recorded]],
        moved: Callable[[], None],
    ) -> None:
        self.runs = Launcher(url, api_key, open_run, count, heard.listening, module, storage, moved)
        self._heard = heard
        self._recorded = recorded

    def forget(self) -> None:
        """Forgets what was heard and run."""
        self._heard.forget()
        self.runs.forget()

    def add_to(self, app: FastAPI) -> None:
        """Adds the pages to an application."""
        pages = APIRouter(include_in_schema=False, dependencies=[LOOK])
        pages.include_router(collection_pages.router())
        pages.include_router(import_pages.router(self._heard))
        pages.include_router(action_pages.router(self.runs))
        pages.include_router(playbook_pages.router(self.runs))
        pages.include_router(run_pages.router(self.runs))
        pages.include_router(request_pages.router(self._recorded))
        pages.include_router(fault_pages.router())
        pages.add_api_route("/changes", _changes)
        app.include_router(pages)
        app.add_api_route("/static/{name}", _static_file, include_in_schema=False)
        app.add_exception_handler(PageError, _error)
        app.add_exception_handler(PlaybookError, _unusable)
        for kind in (StarletteHTTPException, RequestValidationError):
            app.add_exception_handler(kind, _told_as_page(app.exception_handlers[kind]))


async def _changes(service: Here, of: Annotated[list[str], Query()]) -> Response:
    """Server-sent events without content: something about these topics changed."""

    async def events() -> AsyncIterator[str]:
        moves = service.changes.watch(of)
        yield "data:\n\n"  # what changed before the stream began
        while True:
            move = asyncio.ensure_future(anext(moves))
            try:
                while not (await asyncio.wait([move], timeout=HEARTBEAT))[0]:
                    yield ":\n\n"
            finally:
                move.cancel()
            yield "data:\n\n"

    return StreamingResponse(events(), media_type="text/event-stream", headers=HEADERS)


async def _static_file(name: str) -> Response:
    try:
        return static(name)
    except (OSError, KeyError) as error:
        raise HTTPException(404, "Not found") from error


_Teller = Callable[[Request, Any], Response | Awaitable[Response]]


def _told_as_page(tell: _Teller) -> _Teller:
    """Shows browsers in a page what `tell` says in JSON; clients of the API, and strangers, get the JSON."""

    async def told(request: Request, error: Exception) -> Response:
        said = tell(request, error)
        answer = await said if isinstance(said, Awaitable) else said
        is_browser = "text/html" in request.headers.get("accept", "")
        if not is_browser or is_api(request.url.path) or answer.status_code == 403:
            return answer
        if answer.status_code == 404:
            return await _error(request, PageError(404, "No such page", f"There is no page {request.url.path}."))
        message = json.loads(bytes(answer.body))["message"]
        return await _error(request, PageError(answer.status_code, "Not understood", f"{message}."))

    return told


async def _unusable(request: Request, error: Exception) -> Response:
    return await _error(request, PageError(404, "Not usable", str(error)))


async def _error(request: Request, error: Exception) -> Response:
    assert isinstance(error, PageError)  # noqa: S101  # what it is registered for
    service: Here = request.app.state.service
    return show("error", service, error.status, title=error.title, message=error.message)
