"""The pages of playbooks: what can be run, and with which files."""

import re
import tempfile
from pathlib import Path
from typing import Annotated, Any

import yaml
from fastapi import APIRouter, Form, UploadFile
from fastapi.responses import RedirectResponse, Response
from pydantic import ValidationError
from pydantic_core import from_json

from sandbox.console.graph import draw
from sandbox.console.launcher import Launcher
from sandbox.console.page_access import CHANGE, PageError
from sandbox.console.show import show
from sandbox.example_data import example_event
from sandbox.playbooks.example_stubs import example_stubs
from sandbox.playbooks.playbook import DEEPEST, JSONObject, Playbook, PlaybookError, first_reason, is_deep
from sandbox.playbooks.stubs import Stub, load_stubs
from sandbox.sekoia.service import Here

__all__ = ["router"]

EXAMPLE = "use_your_own_cti"
# Playbooks that were uploaded and are remembered; the oldest go first.
REMEMBERED = 50


class _Shelf:
    """The playbooks that can be run: those that came with the module, and those that were uploaded."""

    def __init__(self, runs: Launcher) -> None:
        self._runs = runs
        self._uploaded = dict[str, Playbook]()

    def known(self, name: str) -> tuple[Playbook, Path | None]:
        """A playbook by the name in its address, and its file when it came with the module."""
        if name in self._uploaded:
            return self._uploaded[name], None
        for path in self._runs.playbooks:
            if path.stem == name:
                return Playbook.load(path), path
        raise PageError(
            404, "No such playbook", f"There is no playbook {name}: was it uploaded to an earlier sandbox?"
        )

    def readable(self) -> tuple[list[tuple[str, Playbook]], list[str]]:
        """All playbooks by their names, and why some of them cannot be read."""
        readable, problems = list[tuple[str, Playbook]](), list[str]()
        for name in [path.stem for path in self._runs.playbooks] + list(self._uploaded):
            try:
                readable.append((name, self.known(name)[0]))
            except PlaybookError as error:
                problems.append(str(error))
        return readable, problems

    def add(self, filename: str, content: bytes) -> str:
        """Keep an uploaded playbook; the name in its address."""
        try:
            if is_deep(export := from_json(content)):
                raise PageError(400, "No playbook", f"{filename} is nested deeper than {DEEPEST} levels.")
            playbook = Playbook.model_validate(export)
        except ValidationError as error:
            raise PageError(400, "No playbook", f"{filename} is not a playbook: {first_reason(error)}.") from error
        except ValueError as error:
            raise PageError(400, "No playbook", f"{filename} is not valid JSON: {error}.") from error
        name = re.sub(r"\W+", "_", Path(filename).stem).strip("_") or "uploaded"
        self._uploaded[name] = playbook
        if len(self._uploaded) > REMEMBERED:
            del self._uploaded[next(iter(self._uploaded))]
        return name


def router(runs: Launcher) -> APIRouter:
    """The pages; `runs` runs what is chosen."""
    router = APIRouter()
    shelf = _Shelf(runs)

    @router.get("/playbooks")
    async def playbooks(service: Here) -> Response:
        readable, problems = shelf.readable()
        return show("playbooks", service, playbooks=readable, problems=problems, runs=runs.recent(None))

    @router.post("/playbooks", dependencies=[CHANGE])
    async def upload(file: UploadFile) -> Response:
        name = shelf.add(file.filename or "uploaded", await file.read())
        return RedirectResponse(f"/playbooks/{name}", 303)

    @router.post("/playbooks/example", dependencies=[CHANGE])
    async def example() -> Response:
        playbook, _ = shelf.known(EXAMPLE)
        run = runs.start(playbook, event=example_event(runs.storage))
        return RedirectResponse(f"/runs/{run.id}", 303)

    @router.get("/playbooks/{name}")
    async def playbook(service: Here, name: str) -> Response:
        chosen, path = shelf.known(name)
        nodes: list[Any] = [
            {"key": key, "name": node.name, "outputs": node.branches} for key, node in chosen.nodes.items()
        ]
        return show(
            "playbook",
            service,
            page="playbooks",
            name=name,
            playbook=chosen,
            drawing=draw(nodes),
            event=_beside(path, ".trigger.json") or "",
            stubs=_beside(path, ".stubs.yaml") or example_stubs(chosen, runs.module),
        )

    @router.post("/playbooks/{name}", dependencies=[CHANGE])
    async def run(
        name: str,
        event: Annotated[str, Form()] = "",
        stubs: Annotated[str, Form()] = "",
        start: Annotated[str | None, Form()] = None,
    ) -> Response:
        chosen, _ = shelf.known(name)
        try:
            trigger, answers = chosen.start(start), _stubs(stubs, chosen)
        except PlaybookError as error:
            raise PageError(400, "Not run", str(error)) from error
        given = _event(event) if event.strip() else answers[trigger].results if trigger in answers else {}
        run = runs.start(chosen, start=trigger, event=given or {}, stubs=answers)
        return RedirectResponse(f"/runs/{run.id}", 303)

    return router


def _beside(path: Path | None, suffix: str) -> str | None:
    """The content of the file of this kind beside a playbook, if there is one."""
    file = path.with_suffix(suffix) if path else None
    return file.read_text() if file and file.is_file() else None


def _event(text: str) -> JSONObject:
    try:
        event = from_json(text)
    except ValueError as error:
        raise PageError(400, "Not run", f"What the trigger gives is not valid JSON: {error}.") from error
    if is_deep(event):
        raise PageError(400, "Not run", f"What the trigger gives is nested deeper than {DEEPEST} levels.")
    if not isinstance(event, dict):
        raise PageError(400, "Not run", "What the trigger gives has to be a JSON object.")
    return event


def _stubs(text: str, playbook: Playbook) -> dict[str, Stub]:
    """The stubs in a text; raises PlaybookError. An empty text, or one of comments alone, holds none."""
    try:
        if not yaml.safe_load(text):
            return {}
    except (yaml.YAMLError, RecursionError):
        pass  # of which `load_stubs` makes a sentence
    with tempfile.TemporaryDirectory(prefix="stubs-") as folder:
        (file := Path(folder) / "The YAML of stubs").write_text(text)
        try:
            return load_stubs(file, playbook)
        except PlaybookError as error:
            raise PlaybookError(str(error).replace(f"{folder}/", "")) from error
