"""The page of requests: what came in, the newest first, with bodies and answers."""

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import islice

from fastapi import APIRouter
from fastapi.responses import Response

from sandbox.console.show import cut, show
from sandbox.sekoia.request_log import Recorded
from sandbox.sekoia.service import Here

__all__ = ["readable", "router"]

SHOWN = 100
_SECRET = {"authorization", "cookie"}


def router(recorded: Callable[[], Iterator[Recorded]]) -> APIRouter:
    """The page; `recorded` gives the requests so far, the newest first."""
    router = APIRouter()

    @router.get("/requests")
    async def requests(service: Here, term: str = "", failed: bool = False) -> Response:
        found = (call for call in recorded() if _is_asked_for(call, term.strip(), failed))
        return show(
            "requests",
            service,
            calls=list(islice(found, SHOWN)),
            term=term,
            failed=failed,
            readable=readable,
            answer_of=_answer,
            headers_of=_headers,
            longest=SHOWN,
        )

    return router


def _is_asked_for(call: Recorded, term: str, failed: bool) -> bool:
    if failed and call.status is not None and call.status < 400:
        return False
    return term.lower() in f"{call.method} {call.path} {call.status or ''}".lower()


def readable(body: bytes) -> str:
    """A body as people read it: JSON indented, anything else as text, without the end if it is long."""
    text = body.decode("utf-8", "replace")
    with suppress(ValueError, RecursionError):  # no JSON, the beginning of one, or one that is nested too deep
        # Line breaks within texts are shown as such: what is imported as text has one after each indicator.
        text = json.dumps(json.loads(text), indent=2, ensure_ascii=False).replace("\\n", "\n")
    return cut(text)


def _answer(call: Recorded) -> str:
    """The answer to a call, without the secrets that a node gets from the platform."""
    if call.is_callback:
        with suppress(
            ValueError, RecursionError, KeyError, TypeError
        ):  # an answer without secrets, or what a fault made of it
            told = json.loads(call.answer)
            given = told["module_configuration"]
            given["value"] = dict.fromkeys(given["value"], "…")
            return readable(json.dumps(told).encode())
    return readable(call.answer)


def _headers(call: Recorded) -> str:
    """The headers of a request, a line each, without the keys in them."""
    return "\n".join(f"{name}: {'…' if name in _SECRET else value}" for name, value in call.headers.items())
