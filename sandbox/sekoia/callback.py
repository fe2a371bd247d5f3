"""The playbook callback: where the SDK asks for secrets, and reports how a node ended."""

import json
import threading
import uuid
from dataclasses import dataclass, field
from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, HTTPException, Request, Response, Security
from fastapi.security import HTTPBearer

from sandbox.sekoia.auth import Keys, bearer

__all__ = ["Callbacks", "NodeRun"]


@dataclass(eq=False, slots=True)
class NodeRun:
    """One run of a playbook's node: where it reports, and what it reported."""

    url: str
    token: str
    secrets: dict[str, Any] = field(repr=False)
    received: list[dict[str, Any]] = field(default_factory=list)
    finished: threading.Event = field(default_factory=threading.Event)


class Callbacks:
    """The node runs. One that nobody announced is accepted too: its token is one of the API keys, which it gets."""

    def __init__(self, url: str, keys: Keys) -> None:
        self._url = url
        self._keys = keys
        self._runs: dict[str, NodeRun] = {}

    def open(self, secrets: dict[str, Any] | None = None) -> NodeRun:
        """Announces a node run, with a token of its own."""
        given = {"api_key": self._keys.full} if secrets is None else secrets
        return self._add(str(uuid.uuid4()), str(uuid.uuid4()), given)

    def forget(self) -> None:
        """Forgets all node runs."""
        self._runs.clear()

    def router(self) -> APIRouter:
        """The endpoints."""
        router = APIRouter(prefix="/callback", tags=["playbook callback"], dependencies=[Security(_BEARER)])

        async def known(request: Request, node_run: str) -> NodeRun:
            run = self._runs.get(node_run)
            token = bearer(request.headers)
            if token is None or not (token == run.token if run else self._keys.know(token)):
                raise HTTPException(
                    401,
                    "Authentication failed: TOKEN is missing or wrong. It has to be the API key that the sandbox printed",
                )
            if run is None:
                if request.method == "GET":
                    raise HTTPException(404, "No such node run")
                run = self._add(node_run, token, {"api_key": token})
            return run

        @router.patch("/{node_run}")
        async def report(
            run: Annotated[NodeRun, Depends(known)],
            body: Annotated[
                dict[str, Any], Body(openapi_examples=_EXAMPLES, description="what the SDK of the platform sends")
            ],
        ) -> dict[str, Any]:
            """Takes what a node reports; one that begins gets its secrets, as an account validator does without asking."""
            run.received.append(body)
            if body.get("status") == "finished":
                run.finished.set()
            return {"module_configuration": {"value": run.secrets}} if body.get("status") == "running" else {}

        @router.get("/{node_run}")
        async def reported(run: Annotated[NodeRun, Depends(known)]) -> Response:
            """Shows what a node reported, whatever it holds: in ASCII, half a character is JSON too."""
            return Response(json.dumps({"received": run.received}), media_type="application/json")

        return router

    def _add(self, node_run: str, token: str, secrets: dict[str, Any]) -> NodeRun:
        run = NodeRun(f"{self._url}/callback/{node_run}", token, secrets)
        self._runs[node_run] = run
        return run


_BEARER = HTTPBearer(auto_error=False, scheme_name="token", description="the token of the node run")
_EXAMPLES: Any = {
    "start": {"value": {"status": "running", "need_secrets": True}},
    "end": {"value": {"status": "finished", "results": {}, "error": None, "logs": "", "outputs": {}}},
}
