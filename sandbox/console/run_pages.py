"""The pages of runs: each as a graph with what its nodes got, gave and said."""

import re

from fastapi import APIRouter
from fastapi.responses import RedirectResponse, Response
from markupsafe import Markup, escape
from pydantic_core import to_json

from sandbox.console.graph import draw
from sandbox.console.launcher import Launcher, Run
from sandbox.console.page_access import CHANGE, PageError
from sandbox.console.show import show
from sandbox.playbooks.playbook import JSONObject
from sandbox.sekoia.service import Here

__all__ = ["router"]


def router(runs: Launcher) -> APIRouter:
    """The pages; `runs` remembers what was run."""
    router = APIRouter()

    @router.get("/runs/{run_id}")
    async def shown(service: Here, run_id: str, node: str | None = None, visit: int = -1) -> Response:
        run = _run(runs, run_id)
        picture = run.picture()
        key = node if node in picture.nodes else picture.current
        chosen = picture.nodes[key] if key else None
        visits = chosen.visits if chosen else []
        at = visit if -len(visits) <= visit < len(visits) else -1
        return show(
            "run",
            service,
            page="actions" if run.command else "playbooks",
            run=run,
            picture=picture,
            drawing=draw([each.node for each in picture.nodes.values()]),
            chosen=chosen,
            visit=visits[at] if visits else None,
            at=at % len(visits) if visits else 0,
            marked=_marked,
        )

    @router.post("/runs/{run_id}/stop", dependencies=[CHANGE])
    async def stop(run_id: str) -> Response:
        runs.stop(_run(runs, run_id))
        return RedirectResponse(f"/runs/{run_id}", 303)

    return router


def _run(runs: Launcher, run_id: str) -> Run:
    if (run := runs.get(run_id)) is None:
        raise PageError(404, "No such run", "That run is no longer remembered, or belonged to an earlier sandbox.")
    return run


def _marked(template: JSONObject, undefined: list[JSONObject]) -> Markup:
    """A template as JSON, with the names in it marked that are not defined."""
    html = str(escape(to_json(template, indent=2).decode()))
    for each in undefined:
        name = str(escape(each["name"]))
        hint = escape(f"not defined: did you mean {each['nearest']}?" if each["nearest"] else "not defined")
        mark = f'<mark title="{hint}">{name}</mark>'
        html = re.sub(rf"(?<![\w.]){re.escape(name)}(?!\w)", mark.replace("\\", r"\\"), html)
    return Markup(html)  # noqa: S704  # made of escaped parts
