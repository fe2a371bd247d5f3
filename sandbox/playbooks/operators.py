"""What the operators of a playbook do: condition, foreach and store. (The plan knows what any and all are about.)"""

import ast
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from sandbox.playbooks.playbook import Case, JSONObject, Modification, Node, NodeError
from sandbox.playbooks.scope import Scope

__all__ = ["COMPARISONS", "MODIFICATIONS", "OPERATORS", "JudgedCase", "choose", "items_of", "keep"]

OPERATORS = frozenset({"condition", "foreach", "store", "any", "all"})
MODIFICATIONS = frozenset({"set", "unset", "append", "remove"})


@dataclass(frozen=True, slots=True)
class JudgedCase:
    """A case of a condition, with the values of its sides and whether it holds."""

    name: str
    left: str
    comparison: str
    right: str
    holds: bool

    def __str__(self) -> str:
        sides = (side if len(side) <= 60 else f"{side[:57]}..." for side in (self.left, self.right))
        return f" {self.comparison} ".join(side or '""' for side in sides)


def choose(node: Node, scope: Scope) -> tuple[str, list[JudgedCase]]:
    """The output that a condition takes, and the cases it looked at.

    Cases are tried in order, as with "if" and "else if", and the first that holds names the output; when none does it
    is `else`. Numbers and lists are compared as such, also where a template made text of them (the vendor's
    documentation of operators, "Comparison types", and the cases of its templates). Raises NodeError for a case that
    cannot be judged.
    """
    judged = list[JudgedCase]()
    for case in node.cases:
        judged.append(_judge(case, scope))
        if judged[-1].holds:
            return case.name, judged
    return "else", judged


def _judge(case: Case, scope: Scope) -> JudgedCase:
    where = f'The case "{case.name}"'
    # What is not defined is empty here, as it is in a text.
    left, right = (scope.render(side, where, undefined="") for side in (case.left, case.right))
    meaning = str if case.value_type == "string" else _meaning
    try:
        holds = bool(COMPARISONS[case.comparison](meaning(left), meaning(right)))
    except (TypeError, ValueError) as error:
        raise NodeError(f"{where} cannot compare {left!r} {case.comparison} {right!r}.") from error
    return JudgedCase(case.name, str(left), case.comparison, str(right), holds)


def _meaning(value: Any) -> Any:
    """The number, list or other literal that a text is, else the text itself; an item of a list likewise."""
    match value:
        case str():
            try:
                return ast.literal_eval(value.strip())
            except (ValueError, SyntaxError, MemoryError, RecursionError):
                return value
        case list():
            return [_meaning(item) for item in value]
        case _:
            return value


def _is_in_range(left: Any, right: Any) -> bool:
    """Whether a value is in [lowest, highest], both included."""
    lowest, highest = right
    return bool(lowest <= left <= highest)


COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = MappingProxyType(
    {
        "==": operator.eq,
        "!=": operator.ne,
        "<": operator.lt,
        ">": operator.gt,
        "<=": operator.le,
        ">=": operator.ge,
        "in": lambda left, right: left in right,
        "not in": lambda left, right: left not in right,
        "range": _is_in_range,
    }
)


def items_of(node: Node, scope: Scope) -> list[Any]:
    """The list that a foreach goes through, also where a template made text of it.

    Raises NodeError for anything else: a text, say, has no items, and a loop over nothing did not run.
    """
    value = scope.render(node.items, "The list of items")
    items = _meaning(value) if isinstance(value, str) else value
    if isinstance(items, list):
        return items
    if value is None or value == "":
        raise NodeError("There is no list of items: what it is read from is empty or not defined.")
    kind = {str: "a text", dict: "an object", bool: "a boolean"}.get(type(items), "a number")
    raise NodeError(f"The items of a foreach are a list, and this is {kind}: {str(value)[:100]}")


def keep(store: JSONObject, change: Modification, value: Any) -> str | None:
    """Changes the store as one modification says; returns a warning when there was nothing to change.

    A key with dots leads into objects, as templates read it: `alert.uuid` is `{{ store.alert.uuid }}`. Raises NodeError
    when what is kept under the key is of another kind.
    """
    *parents, last = change.key.split(".")
    holder = store
    for parent in parents:
        holder = holder.setdefault(parent, {})
        if not isinstance(holder, dict):
            raise NodeError(f"store.{change.key} cannot be kept, because store.{parent} is not an object.")
    kept = holder.get(last)
    match change.type:
        case "set":
            holder[last] = value
        case "unset" if last in holder:
            del holder[last]
        case "append" if kept is None:
            holder[last] = [value]
        case "append" if isinstance(kept, list):
            kept.append(value)
        case "remove" if isinstance(kept, list) and value in kept:
            kept.remove(value)
        case "append" | "remove" if not isinstance(kept, list | None):
            raise NodeError(f"store.{change.key} is not a list, so nothing can be put into it or taken out of it.")
        case "unset":
            return f"store.{change.key} was to be unset, and is not set"
        case _:
            return f"{value!r} was to be removed from store.{change.key}, and is not in it"
    return None
