"""What a playbook's templates see as its run goes on."""

from typing import Any

from sandbox.playbooks.playbook import JSONObject
from sandbox.playbooks.templates import Templates, UndefinedName

__all__ = ["Scope"]


class Scope:
    """The results of the nodes that ran, by their number, and what stores keep: `{{ node.1.x }}`, `{{ store.y }}`."""

    def __init__(self) -> None:
        self.templates = Templates()
        self._results = dict[int | str, JSONObject]()
        self.store = JSONObject()

    def render(self, value: Any, where: str, *, undefined: Any = None) -> Any:
        """A value with its templates rendered, as `Templates.render` does it."""
        variables = {"node": self._results, "store": self.store}
        return self.templates.render(value, variables, where=where, undefined=undefined)

    def take_undefined(self) -> list[UndefinedName]:
        """The undefined names that were used since this was asked last."""
        return self.templates.take_undefined()

    def results(self, key: str) -> JSONObject | None:
        """What a node gave, if anything was kept of it."""
        return self._results.get(_jinja_key(key))

    def keep(self, key: str, results: JSONObject) -> None:
        """Keeps what a node gave, instead of what it gave before."""
        self._results[_jinja_key(key)] = results

    def turn_to(self, foreach: str, value: Any, index: int, total: int) -> None:
        """Shows the item that a loop is at, as the vendor's documentation of foreach has it."""
        self.keep(foreach, {"default": {"value": value, "index": index, "total": total}})


def _jinja_key(key: str) -> int | str:
    """A node's key as templates write it: `node.1` looks for the number."""
    return int(key) if key.isdecimal() else key
