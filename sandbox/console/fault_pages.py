"""The page of faults: what can go wrong on purpose, set and cleared by hand."""

from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, get_args, get_origin

from fastapi import APIRouter, Form
from fastapi.responses import RedirectResponse, Response
from pydantic import ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import to_json

from sandbox.console.fault_menu import GROUPS, REHEARSALS
from sandbox.console.page_access import CHANGE, PageError
from sandbox.console.show import show
from sandbox.sekoia.faults import Faults, named_value, said
from sandbox.sekoia.service import Here, Service

__all__ = ["router"]


@dataclass(frozen=True, slots=True)
class _Fault:
    name: str
    description: str
    text: str
    in_force: bool
    choices: list[str] = field(default_factory=list)
    long: bool = False


def router() -> APIRouter:
    """The page."""
    router = APIRouter()

    def page(service: Service, status: int = 200, problem: str | None = None) -> Response:
        groups = {
            group: [_fault(name, Faults.model_fields[name], service.controls.faults) for name in names]
            for group, names in GROUPS.items()
        }
        return show("faults", service, status, groups=groups, rehearsals=REHEARSALS, problem=problem)

    def change(service: Service, values: dict[str, Any]) -> None:
        service.controls.set(Faults.model_validate(service.controls.faults.model_dump() | values))

    @router.get("/faults")
    async def faults(service: Here) -> Response:
        return page(service)

    @router.post("/faults", dependencies=[CHANGE])
    async def set_fault(
        service: Here,
        name: Annotated[str, Form()],
        value: Annotated[str, Form()] = "",
        clear: Annotated[bool, Form()] = False,
    ) -> Response:
        if name not in Faults.model_fields:
            raise PageError(404, "No such fault", f"There is no fault {name}.")
        try:
            change(service, {name: Faults().model_dump()[name] if clear else named_value(f"{name}={value}")[1]})
        except ValidationError as error:
            return page(service, 400, f"Not set: {said(error)}.")
        return RedirectResponse(f"/faults#{name}", 303)

    @router.post("/faults/rehearse", dependencies=[CHANGE])
    async def rehearse(service: Here, title: Annotated[str, Form()]) -> Response:
        if title not in REHEARSALS:
            raise PageError(404, "No such fault", f"There is nothing to rehearse that is called {title}.")
        change(service, REHEARSALS[title])
        return RedirectResponse("/faults", 303)

    @router.post("/faults/clear", dependencies=[CHANGE])
    async def clear_all(service: Here) -> Response:
        change(service, Faults().model_dump())
        return RedirectResponse("/faults", 303)

    return router


def _fault(name: str, about: FieldInfo, faults: Faults) -> _Fault:
    value = getattr(faults, name)
    long = name in {"rest", "callback"}
    text = _rules(faults, name) if long else value if isinstance(value, str) else to_json(value).decode()
    choices = (
        [str(each) for each in get_args(about.annotation)]
        if get_origin(about.annotation) is Literal
        else ["true", "false"] if about.annotation is bool else []
    )
    return _Fault(name, about.description or "", text, value != getattr(Faults(), name), choices, long)


def _rules(faults: Faults, name: str) -> str:
    """Rules as JSON, one a line, without defaults."""
    rules = faults.model_dump(include={name}, exclude_defaults=True).get(name, [])
    return "[]" if not rules else "[" + ",\n ".join(to_json(rule).decode() for rule in rules) + "]"
