"""The module whose actions are run: its folder, and what its manifests say of each action."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from sandbox.playbooks.playbook import JSONObject, Node, PlaybookError, read_json_object

__all__ = ["Action", "Module"]


@dataclass(frozen=True, slots=True)
class Action:
    """An action as its manifest has it: what main.py calls it, and the JSON Schemas of its arguments and results."""

    name: str
    command: str
    description: str = ""
    arguments: JSONObject = field(default_factory=dict)
    results: JSONObject = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Module:
    """A module's folder, its uuid, and its actions by their uuids."""

    folder: Path
    uuid: str
    actions: dict[str, Action]

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Reads manifest.json and action_*.json; raises PlaybookError when the folder does not hold a module."""
        actions = dict[str, Action]()
        try:
            uuid = read_json_object(folder / "manifest.json")["uuid"]
            for path in sorted(folder.glob("action_*.json")):
                manifest = read_json_object(path)
                command: str = manifest["docker_parameters"]
                actions[manifest["uuid"]] = Action(
                    manifest.get("name") or command,
                    command,
                    manifest.get("description") or "",
                    manifest.get("arguments") or {},
                    manifest.get("results") or {},
                )
        except KeyError as error:
            raise PlaybookError(f"A manifest in {folder} has no {error.args[0]}.") from error
        return cls(folder.resolve(), uuid, actions)

    def action_of(self, node: Node) -> Action | None:
        """The action that a node is, when it is one of this module's."""
        is_own = node.type == "action" and node.module_uuid == self.uuid
        return self.actions.get(node.action_uuid or "") if is_own else None
