"""Whether an action takes its arguments, as its manifest describes them: checked before its process starts."""

import ast
import json
from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any

from jsonschema import Draft7Validator

from sandbox.playbooks.playbook import JSONObject

__all__ = ["faults"]

NOTHING = (None, "", "None", "null")


def faults(arguments: JSONObject, schema: JSONObject) -> list[str]:
    """What is wrong with the arguments of an action, a sentence each without its full stop; nothing when it takes them.

    Jinja makes texts of values, so a text does where it reads as what is asked for ("365", "true"), and for a list or an
    object in any case, for actions split texts. An argument that is empty, or that Jinja wrote as None, is not given.
    """
    if not schema:
        return []
    return list(_check(arguments, schema))


def _check(arguments: JSONObject, schema: JSONObject) -> Iterator[str]:
    known: JSONObject = schema.get("properties", {})
    for name in arguments:
        if name not in known:
            near = get_close_matches(name, known, 1)
            yield f"the action has no argument {name}" + (f" (did you mean {near[0]}?)" if near else "")
    given = {name: value for name, value in arguments.items() if value not in NOTHING}
    for name in schema.get("required", []):
        if name not in given:
            yield f"{name} is required, and is {'empty' if name in arguments else 'not given'}"
    for name, value in given.items():
        if name in known and (reason := _reason(value, known[name])):
            yield f"{name} {reason}"


def _reason(value: Any, schema: JSONObject) -> str | None:
    """Why a value is not what its schema asks for, however it is read; None when it is."""
    if isinstance(value, str) and schema.get("type") in {"array", "object"}:
        return None
    reasons = list[str]()
    for reading in _readings(value):
        first = next(Draft7Validator(schema).iter_errors(reading), None)
        if first is None:
            return None
        text = json.dumps(first.instance, ensure_ascii=False)
        text = text if len(text) <= 100 else f"{text[:97]}..."
        match first.validator:
            case "type":
                wanted = first.validator_value
                reasons.append(f"has to be {_KINDS.get(str(wanted), wanted)}, and is {text}")
            case "enum":
                reasons.append(f"has to be one of {', '.join(map(str, first.validator_value))}, and is {text}")
            case "pattern":
                reasons.append(f"has to look like {first.validator_value}, and is {text}")
            case _:
                reasons.append(f"is refused by {first.validator}: {first.validator_value}, and is {text}")
    return reasons[0]


def _readings(value: Any) -> Iterator[Any]:
    """A value as it is and, where it is a text, as what the text says."""
    yield value
    if isinstance(value, str):
        yield (text := value.strip())
        for read in (json.loads, ast.literal_eval):
            try:
                yield read(text)
            except (ValueError, SyntaxError, MemoryError, RecursionError):
                continue
        if text.lower() in {"true", "false"}:
            yield text.lower() == "true"


_KINDS = {
    "array": "a list",
    "boolean": "true or false",
    "integer": "a whole number",
    "number": "a number",
    "object": "an object",
    "string": "a text",
}
