"""A playbook in Sekoia's export format: its nodes, and the ways between them."""

import json
from collections.abc import Iterable
from difflib import get_close_matches
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, Field, ValidationError, model_validator

__all__ = [
    "DEEPEST",
    "Case",
    "JSONObject",
    "Modification",
    "Node",
    "NodeError",
    "Playbook",
    "PlaybookError",
    "first_reason",
    "is_deep",
    "read_json_object",
]

JSONObject = dict[str, Any]
# Levels of lists and objects in each other.
DEEPEST = 100


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
        raise PlaybookError(f"{path} is not valid JSON: {error}.") from error
    except RecursionError as error:
        raise PlaybookError(f"{path} is nested too deep to be read.") from error
    if not isinstance(content, dict):
        raise PlaybookError(f"{path} holds no JSON object.")
    if is_deep(content):
        raise PlaybookError(f"{path} is nested deeper than {DEEPEST} levels.")
    return content


def is_deep(value: Any) -> bool:
    """Whether a value has more levels than anybody means, so that Python would give up on the way."""
    level = _containers([value])
    for _ in range(DEEPEST):
        level = _containers(item for each in level for item in (each.values() if isinstance(each, dict) else each))
    return bool(level)


def _containers(values: Iterable[Any]) -> list[Any]:
    """The lists and objects among values, each once, for YAML can name one several times, and itself inside of it."""
    return list({id(each): each for each in values if isinstance(each, dict | list)}.values())


def first_reason(error: ValidationError) -> str:
    """The first thing that is wrong, with where it is."""
    first = error.errors()[0]
    where = ".".join(map(str, first["loc"]))
    return f"{where + ': ' if where else ''}{first['msg'].removeprefix('Value error, ')}"


class Case(BaseModel):
    """One case of a condition: when it holds, the output of its name is taken."""

    name: str
    left: Any = None
    comparison: str
    right: Any = None
    value_type: str | None = None


class Modification(BaseModel):
    """One change that a store makes: what it does (`type`) to what is kept under a key, with which value."""

    key: str
    type: str
    value: Any = None


class Node(BaseModel):
    """One node of an exported playbook.

    What a foreach does for each item hangs on `loop`, beside the outputs as in the vendor's templates, or among them.
    """

    name: str
    type: str
    subtype: str | None = None
    outputs: dict[str, list[str]]
    module_uuid: str | None = None
    action_uuid: str | None = None
    trigger_uuid: str | None = None
    arguments: JSONObject = Field(default_factory=dict)
    cases: list[Case] = Field(default_factory=list)
    items: Any = None
    loop: list[str] = Field(default_factory=list)
    modifications: list[Modification] = Field(default_factory=list)

    @property
    def operator(self) -> str | None:
        """What kind of operator it is; None for other nodes."""
        return self.subtype if self.type == "operator" else None

    def following(self, output: str) -> list[str]:
        """The nodes that an output leads to, each once."""
        also = self.loop if output == "loop" else []
        return list(dict.fromkeys([*self.outputs.get(output, []), *also]))

    @property
    def branches(self) -> dict[str, list[str]]:
        """Every output, the loop of a foreach among them, and the nodes that it leads to."""
        return {output: self.following(output) for output in [*self.outputs, *(["loop"] if self.loop else [])]}

    @property
    def followers(self) -> list[str]:
        """The nodes that any output leads to, each once."""
        return list(dict.fromkeys(key for keys in self.branches.values() for key in keys))

    @property
    def template(self) -> JSONObject:
        """What the node has before anything is rendered: an action's arguments, or what an operator works on."""
        match self.operator:
            case "condition":
                return {"cases": [case.model_dump(exclude_none=True) for case in self.cases]}
            case "foreach":
                return {"items": self.items}
            case "store":
                return {"modifications": [change.model_dump(exclude_none=True) for change in self.modifications]}
            case _:
                return self.arguments


class Playbook(BaseModel):
    """An exported playbook. Its shape is that of the vendor's public templates."""

    name: str
    nodes: dict[str, Node]

    @model_validator(mode="after")
    def _graph_is_whole(self) -> Self:
        if not self.triggers:
            raise ValueError("it has no trigger, so nothing starts it")
        for key, node in self.nodes.items():
            for target in node.followers:
                if target not in self.nodes:
                    raise ValueError(f"node {key} leads to node {target}, which does not exist")
        return self

    @classmethod
    def load(cls, path: Path) -> Self:
        """Reads an export; raises PlaybookError when the file is not one."""
        try:
            return cls.model_validate(read_json_object(path))
        except ValidationError as error:
            raise PlaybookError(f"{path} is not a playbook: {first_reason(error)}.") from error

    @property
    def triggers(self) -> list[str]:
        """The keys of its triggers."""
        return [key for key, node in self.nodes.items() if node.type == "trigger"]

    def key(self, named: str) -> str:
        """The key of the node that has this key or this name; raises PlaybookError when none or several have it."""
        if named in self.nodes:
            return named
        match [key for key, node in self.nodes.items() if node.name == named]:
            case [key]:
                return key
            case []:
                near = get_close_matches(named, [*self.nodes, *(node.name for node in self.nodes.values())], 1)
                hint = f" Did you mean {near[0]}?" if near else ""
                raise PlaybookError(f"The playbook has no node {named}.{hint}")
            case keys:
                raise PlaybookError(f"Nodes {' and '.join(keys)} are all called {named}: give the number.")

    def start(self, named: str | None = None) -> str:
        """The key of the trigger that starts it: its only one, or the one of this key or name.

        Raises PlaybookError when it has several and none is named, and when another node is named.
        """
        listed = ", ".join(f"{key} ({self.nodes[key].name})" for key in self.triggers)
        if named is None:
            if len(self.triggers) > 1:
                raise PlaybookError(f"The playbook has several triggers, so choose the one that starts it: {listed}.")
            return self.triggers[0]
        if (key := self.key(named)) not in self.triggers:
            raise PlaybookError(f"Node {key} is not a trigger. What can start the playbook: {listed}.")
        return key

    def reached(self, start: str) -> list[str]:
        """The nodes that a way leads to from this one, itself first, each once."""
        found, waiting = dict.fromkeys([start]), [start]
        while waiting:
            for key in self.nodes[waiting.pop()].followers:
                if key not in found:
                    found[key] = None
                    waiting.append(key)
        return list(found)

    def circle(self, start: str) -> list[str] | None:
        """Nodes that lead in a circle, the first of them again at the end; None when there is none.

        A way from the body of a foreach back to it is not one: there the next item begins.
        """
        followers = {key: set(self.nodes[key].followers) for key in self.reached(start)}
        for key in followers:
            if self.nodes[key].operator == "foreach":
                for body in self._body(key):
                    followers[body].discard(key)
        try:
            TopologicalSorter(followers).prepare()
        except CycleError as error:
            circle: list[str] = error.args[1]
            return circle[::-1]
        return None

    def _body(self, foreach: str) -> set[str]:
        """The nodes between a foreach and itself or the ends of its loop."""
        found, waiting = set[str](), list(self.nodes[foreach].following("loop"))
        while waiting:
            if (key := waiting.pop()) not in found and key != foreach:
                found.add(key)
                waiting.extend(self.nodes[key].followers)
        return found
