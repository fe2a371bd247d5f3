"""The application: the endpoints of Sekoia, LiveAPI, and the playbook callback."""

from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi_offline import FastAPIOffline
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.websockets import WebSocket

from sandbox.sekoia import fault_endpoint
from sandbox.sekoia.auth import API_ROOTS, ROOTS, Authentication
from sandbox.sekoia.rest import account, collections, imports, indicators, objects, telemetry
from sandbox.sekoia.service import REFUSALS, Service

__all__ = ["create_app"]

DESCRIPTION = f"""
[Pages of the sandbox](/)

IOC collections as Sekoia's Intelligence Center serves them, for trying out clients: below `{ROOTS[0]}`, and below
`{ROOTS[1]}` alike.

**LiveAPI** is a WebSocket at `/live/` that wants the header `Cookie: access_token_cookie=<API key>`. It pushes events
as JSON texts, replays nothing, and takes `{{"action": "upgrade"}}`. The progress of an import:

    {{"type": "ioc-collection", "action": "updated", "metadata": {{…}},
     "attributes": {{"task_id": "…", "imported": 250, "total": 1000}}}}

The last one, where `imported` is `total`, also counts `created`, `updated` and `ignored`.
"""


def create_app(service: Service) -> FastAPI:
    """The application that serves all of it."""
    # Its page of documentation comes with all that it needs, for networks without a way out.
    app = FastAPIOffline(title="Sekoia sandbox", description=DESCRIPTION, version="1", redoc_url=None)
    app.state.service = service
    # Routes are tried in their order, and clients of a host that is not named api.… call below the second root.
    for root in reversed(ROOTS):
        for router in (collections.router, imports.router, indicators.router, objects.router, telemetry.router):
            app.include_router(router, prefix=root, include_in_schema=root == ROOTS[0])
    for root in API_ROOTS:
        app.include_router(account.router, prefix=root, include_in_schema=root == API_ROOTS[0])
    app.include_router(service.callbacks.router(), responses={401: REFUSALS[401], 404: REFUSALS[404]})

    app.include_router(fault_endpoint.router(service.controls, service.guard))

    @app.websocket("/live")  # how Sekoia answers without the slash is not known
    @app.websocket("/live/")
    async def live(socket: WebSocket) -> None:
        await service.live.serve(socket)

    app.add_middleware(Authentication, keys=service.keys)
    app.exception_handler(RequestValidationError)(_invalid)
    app.exception_handler(StarletteHTTPException)(_refused)
    app.exception_handler(Exception)(_failed)
    _describe_400_for_422(app)
    return app


async def _invalid(_request: Request, error: RequestValidationError) -> JSONResponse:
    said = (
        f"{'.'.join(str(part) for part in problem['loc'][1:])}: {problem['msg'].removeprefix('Value error, ')}".removeprefix(
            ": "
        )
        for problem in error.errors()
    )
    return JSONResponse({"message": "; ".join(said)}, 400)


async def _failed(_request: Request, _error: Exception) -> JSONResponse:
    """Answers as Sekoia would; what went wrong is in the log of the server."""
    return JSONResponse({"message": "Internal Server Error: this is a defect of the sandbox"}, 500)


async def _refused(_request: Request, error: StarletteHTTPException) -> JSONResponse:
    return JSONResponse({"message": error.detail}, error.status_code, error.headers)


def _describe_400_for_422(app: FastAPI) -> None:
    """Takes FastAPI's own answer to invalid parameters out of the OpenAPI page, since it is never given."""
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
