"""A playbook in Sekoia's export format, and the module it is for."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, Field, ValidationError, model_validator

__all__ = [
    "Case",
    "JSONObject",
    "Module",
    "Node",
    "NodeError",
    "Playbook",
    "PlaybookError",
    "first_reason",
    "read_json_object",
]

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


def first_reason(error: ValidationError) -> str:
    """The first thing that is wrong, with where it is."""
    first = error.errors()[0]
    where = ".".join(map(str, first["loc"]))
    return f"{where + ': ' if where else ''}{first['msg'].removeprefix('Value error, ')}"


class Case(BaseModel):
    """One case of a condition: when it holds, the output of its name is taken."""

    name: str
    left: Any
    comparison: Literal["==", "!=", "<", ">", "<=", ">=", "in", "not in", "range"]
    right: Any
    value_type: str | None = None


class Node(BaseModel):
    """One node of an exported playbook."""

    name: str
    type: Literal["trigger", "action", "operator"]
    subtype: str | None = None
    outputs: dict[str, list[str]]
    module_uuid: str | None = None
    action_uuid: str | None = None
    trigger_uuid: str | None = None
    arguments: JSONObject = Field(default_factory=dict)
    cases: list[Case] = Field(default_factory=list)

    def following(self, output: str) -> list[str]:
        """The nodes that an output leads to."""
        return self.outputs.get(output, [])

    @property
    def template(self) -> JSONObject:
        """What the node has before anything is rendered: an action's arguments, a condition's cases."""
        return {"cases": [case.model_dump(exclude_none=True) for case in self.cases]} if self.cases else self.arguments

    @property
    def followers(self) -> list[str]:
        """The nodes that any output leads to."""
        return [key for keys in self.outputs.values() for key in keys]


class Playbook(BaseModel):
    """An exported playbook. Its shape is that of the vendor's public templates."""

    name: str
    nodes: dict[str, Node]

    @model_validator(mode="after")
    def _graph_is_whole(self) -> Self:
        if len(triggers := [key for key, node in self.nodes.items() if node.type == "trigger"]) != 1:
            raise ValueError(f"it has {len(triggers)} triggers instead of one")
        for key, node in self.nodes.items():
            for target in node.followers:
                if target not in self.nodes:
                    raise ValueError(f"node {key} leads to node {target}, which does not exist")
        return self

    @classmethod
    def load(cls, path: Path) -> Self:
        """Reads an export; raises PlaybookError when the file is none."""
        try:
            return cls.model_validate(read_json_object(path))
        except ValidationError as error:
            raise PlaybookError(f"{path} is no playbook: {first_reason(error)}.") from error

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
