"""What a playbook's templates and conditions come to: Jinja with the platform's jsonpath, and its comparisons."""

import ast
import json
import operator
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from jinja2 import TemplateError, TemplateRuntimeError
from jinja2.sandbox import SandboxedEnvironment
from jsonpath_ng.exceptions import JSONPathError
from jsonpath_ng.ext.parser import parse

from sandbox.playbooks.playbook import Case, JSONObject, Node, NodeError

__all__ = ["JudgedCase", "choose", "jsonpath", "render"]


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
    """Jinja as playbooks have it."""
    environment = SandboxedEnvironment(keep_trailing_newline=True)
    environment.filters["jsonpath"] = jsonpath
    return environment


def jsonpath(value: Any, path: str, return_list: bool = False) -> Any:
    """The platform's filter: what a path finds in a value, or in the JSON that a text holds.

    A single find stands for itself, several are a list, and none is None; with `return_list` it is a list however
    many there are. The library and these rules are those of the vendor's action "Read JSON File", and the vendor's
    templates filter texts and objects alike. Raises TemplateRuntimeError for a path that is none.
    """
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError as error:
            raise TemplateRuntimeError(f"jsonpath got a text that is no JSON ({error})") from error
    try:
        found = [match.value for match in _path(path).find(value)]
    except JSONPathError as error:
        raise TemplateRuntimeError(f"{path} is no JSON path ({error})") from error
    if return_list or len(found) > 1:
        return found
    return found[0] if found else None


@lru_cache(maxsize=64)
def _path(path: str) -> Any:
    return parse(path)


@dataclass(frozen=True, slots=True)
class JudgedCase:
    """A case of a condition, with what its sides came to and whether it holds."""

    name: str
    left: str
    comparison: str
    right: str
    holds: bool

    def __str__(self) -> str:
        sides = (side if len(side) <= 60 else f"{side[:57]}..." for side in (self.left, self.right))
        return f" {self.comparison} ".join(side or '""' for side in sides)


def choose(node: Node, variables: JSONObject) -> tuple[str, list[JudgedCase]]:
    """The output that a condition takes, and the cases it looked at.

    Cases are tried in order, as with "if" and "else if", and the first that holds names the output; when none does it
    is `else`. Numbers and lists are compared as such, also where a template made text of them (the vendor's
    documentation of operators, "Comparison types", and the cases of its templates). Raises NodeError for a case that
    cannot be judged.
    """
    judged = list[JudgedCase]()
    for case in node.cases:
        judged.append(_judge(case, variables))
        if judged[-1].holds:
            return case.name, judged
    return "else", judged


def _judge(case: Case, variables: JSONObject) -> JudgedCase:
    where = f'The case "{case.name}"'
    left, right = (render(side, variables, where=where) for side in (case.left, case.right))
    meaning = str if case.value_type == "string" else _meaning
    try:
        holds = bool(_COMPARISONS[case.comparison](meaning(left), meaning(right)))
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


_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
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
