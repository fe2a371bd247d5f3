"""The form of an action as an analyst gets it, made from the JSON Schema of its arguments, and what was filled in."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from sandbox.playbooks.playbook import JSONObject, is_deep

__all__ = ["Field", "arguments", "fields", "filled_in"]

Control = Literal["line", "text", "list", "switch", "choice", "number", "collection", "file"]


@dataclass(frozen=True, slots=True)
class Field:
    """An argument in a form: `value` is what stands in it, and `notes` say what its schema asks for besides."""

    name: str
    title: str
    description: str
    control: Control
    required: bool
    value: str
    choices: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def fields(schema: JSONObject, given: Mapping[str, str]) -> list[Field]:
    """The form, in the order of the schema; what is `given` replaces the defaults."""
    required = schema.get("required", [])
    return [
        Field(
            name=name,
            title=each.get("title", name),
            description=each.get("description", ""),
            control=(control := _control(name, each)),
            required=name in required,
            value=given.get(name, _text(each.get("default"))),
            choices=_choices(control, each),
            notes=list(_notes(each)),
        )
        for name, each in schema.get("properties", {}).items()
    ]


def filled_in(arguments: JSONObject) -> dict[str, str]:
    """What the form held from which these arguments were made."""
    return {
        name: (
            "\n".join(value)
            if isinstance(value, list) and all(isinstance(each, str) for each in value)
            else _text(value)
        )
        for name, value in arguments.items()
    }


def arguments(schema: JSONObject, given: Mapping[str, str]) -> JSONObject:
    """What the action gets: empty fields are left out, and what is not a value of its type stays text."""
    properties: JSONObject = schema.get("properties", {})
    return {
        name: _value(given[name], properties[name])
        for name in properties
        if name in given and given[name].strip() != ""
    }


def _control(name: str, schema: JSONObject) -> Control:
    match schema:
        case {"enum": _}:
            return "choice"
        case {"type": "boolean", "default": _}:
            return "switch"
        case {"type": "boolean"}:
            return "choice"
        case {"type": "integer" | "number"}:
            return "number"
        case {"type": "array" | "object"}:
            return "list"
        case _ if name == "collection_id":
            return "collection"
        case _ if name.endswith("_path"):
            return "file"
        case _:
            return "text" if name == "text" else "line"


def _choices(control: Control, schema: JSONObject) -> list[str]:
    return [_text(each) for each in schema.get("enum", [True, False])] if control == "choice" else []


def _notes(schema: JSONObject) -> list[str]:
    notes = []
    if "default" in schema:
        notes.append(f"default: {_text(schema['default'])}")
    if (low := schema.get("minimum")) is not None and (high := schema.get("maximum")) is not None:
        notes.append(f"{low:,} to {high:,}")
    if "maxLength" in schema:
        notes.append(f"at most {schema['maxLength']:,} characters")
    if schema.get("type") == "array":
        notes.append("one a line, or JSON")
    if choices := schema.get("items", {}).get("enum"):
        notes.append(", ".join(choices))
    return [note for note in notes if note not in schema.get("description", "")]  # which may say so itself


def _text(value: Any) -> str:
    return "" if value is None else value if isinstance(value, str) else json.dumps(value)


def _value(text: str, schema: JSONObject) -> Any:
    kind = schema.get("type")
    if kind == "string":
        return text
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = None
    if is_deep(value):
        return text  # of which the action says that it cannot use it
    match kind, value:
        case ("integer", int()) | ("number", int() | float()) | ("boolean", bool()):
            return value
        case ("array", list()) | ("object", dict()):
            return value
        case "array", None if "{{" not in text:
            return [line.strip() for line in text.splitlines() if line.strip()]
    return text
