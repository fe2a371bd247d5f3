"""A playbook in Sekoia's export format, the module it is for, and the templates in its arguments."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self

from jinja2 import TemplateError
from jinja2.sandbox import SandboxedEnvironment
from pydantic import BaseModel, Field, ValidationError, model_validator

__all__ = ["JSONObject", "Module", "Node", "NodeError", "Playbook", "PlaybookError", "read_json_object", "render"]

JSONObject = dict[str, Any]


class PlaybookError(Exception):
    """The playbook, its module or its event cannot be used: one sentence that names the file and says why."""


class NodeError(Exception):
    """A node could not do its work: one sentence for who wrote the playbook."""


def read_json_object(path: Path) -> JSONObject:
    """The JSON object in a file; PlaybookError when there is none."""
    try:
        content = json.loads(path.read_bytes())
    except OSError as error:
        raise PlaybookError(f"{path} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise PlaybookError(f"{path} is no JSON: {error}.") from error
    if not isinstance(content, dict):
        raise PlaybookError(f"{path} holds no JSON object.")
    return content


class Node(BaseModel):
    """One node of an exported playbook."""

    name: str
    type: Literal["trigger", "action", "operator"]
    subtype: str | None = None
    outputs: dict[str, list[str]]
    module_uuid: str | None = None
    action_uuid: str | None = None
    arguments: JSONObject = Field(default_factory=dict)


class Playbook(BaseModel):
    """An exported playbook. Its shape is that of the vendor's public templates."""

    name: str
    nodes: dict[str, Node]

    @model_validator(mode="after")
    def _graph_is_whole(self) -> Self:
        if len(triggers := [key for key, node in self.nodes.items() if node.type == "trigger"]) != 1:
            raise ValueError(f"it has {len(triggers)} triggers instead of one")
        for key, node in self.nodes.items():
            for target in (target for targets in node.outputs.values() for target in targets):
                if target not in self.nodes:
                    raise ValueError(f"node {key} leads to node {target}, which does not exist")
        return self

    @classmethod
    def load(cls, path: Path) -> Self:
        """Reads an export; raises PlaybookError when the file is none."""
        try:
            return cls.model_validate(read_json_object(path))
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"]))
            reason = first["msg"].removeprefix("Value error, ")
            raise PlaybookError(f"{path} is no playbook: {where + ': ' if where else ''}{reason}.") from error

    @property
    def trigger(self) -> str:
        """The key of the trigger node."""
        return next(key for key, node in self.nodes.items() if node.type == "trigger")


@dataclass(frozen=True, slots=True)
class Module:
    """A module's folder: its uuid, and the docker_parameters of each action by the action's uuid."""

    folder: Path
    uuid: str
    actions: dict[str, str]

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Reads manifest.json and action_*.json; raises PlaybookError when the folder is no module's."""
        manifests = [read_json_object(path) for path in sorted(folder.glob("action_*.json"))]
        try:
            actions = {manifest["uuid"]: manifest["docker_parameters"] for manifest in manifests}
            return cls(folder.resolve(), read_json_object(folder / "manifest.json")["uuid"], actions)
        except KeyError as error:
            raise PlaybookError(f"A manifest in {folder} has no {error.args[0]}.") from error


def render(value: Any, variables: JSONObject, *, where: str = "The arguments") -> Any:
    """Renders each string in a value with Jinja, in a sandbox.

    As on the platform what comes out of a string is a string, whatever the expression gave, and what was no
    string stays as it is. Raises NodeError, which begins with `where`, when a template cannot be rendered.
    """
    match value:
        case str():
            try:
                return _environment().from_string(value).render(variables)
            except (TemplateError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
                reason = str(error).rstrip(".")
                raise NodeError(f"{where} cannot be rendered: {reason}.") from error
        case list():
            return [render(item, variables, where=where) for item in value]
        case dict():
            return {key: render(item, variables, where=where) for key, item in value.items()}
        case _:
            return value


def _environment() -> SandboxedEnvironment:
    """Jinja as playbooks have it: the place for the platform's own filters."""
    return SandboxedEnvironment(keep_trailing_newline=True)
