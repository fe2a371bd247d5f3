"""Forms of actions: made as their schemas say, and read as an analyst means them."""

from typing import Any

import pytest

from sandbox.console.forms import arguments, fields, filled_in

SCHEMA: dict[str, Any] = {
    "properties": {
        "collection_id": {"type": "string", "title": "IOC collection", "description": "Where to"},
        "text": {"type": "string"},
        "file_path": {"type": "string"},
        "which": {"type": "string", "enum": ["active", "all"], "default": "active"},
        "wait": {"type": "boolean", "default": True},
        "first": {"type": "boolean"},
        "days": {"type": "integer", "minimum": 1, "maximum": 36500},
        "phases": {"type": "array", "items": {"type": "string", "enum": ["a", "b"]}},
        "note": {"type": "string", "maxLength": 500},
        "name": {"type": "string", "maxLength": 80, "description": "Its name, at most 80 characters"},
    },
    "required": ["collection_id"],
}


def test_a_form() -> None:
    """Titles, descriptions, defaults, enumerations and order are those of the schema."""
    form = fields(SCHEMA, {"text": "a.example"})
    assert [field.name for field in form] == list(SCHEMA["properties"])
    assert [field.control for field in form] == (
        "collection text file choice switch choice number list line line".split()
    )
    first, text, _, which, wait, unset, days, phases, note, name = form
    assert (first.title, first.description, first.required) == ("IOC collection", "Where to", True)
    assert (text.title, text.value, text.required) == ("text", "a.example", False)
    assert (which.choices, which.value) == (["active", "all"], "active")
    assert (wait.value, unset.value, unset.choices) == ("true", "", ["true", "false"])
    assert days.notes == ["1 to 36,500"]
    assert phases.notes == ["one a line, or JSON", "a, b"]
    assert note.notes == ["at most 500 characters"]
    assert name.notes == []  # its description says so


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("days", "30", 30),
        ("days", "{{ node.1.days }}", "{{ node.1.days }}"),
        ("days", "many", "many"),
        ("wait", "false", False),
        ("text", "30", "30"),
        ("text", " a.example\nb.example", " a.example\nb.example"),
        ("phases", "a\n\n b ", ["a", "b"]),
        ("phases", '["a", {"b": 1}]', ["a", {"b": 1}]),
        ("phases", '{"a": 1}', '{"a": 1}'),
        ("phases", "{{ node.1.phases }}", "{{ node.1.phases }}"),
        ("which", "all", "all"),
    ],
)
def test_what_is_filled_in(name: str, text: str, value: object) -> None:
    """A value has its type where it can; what is none stays the text that it is, for the action to judge."""
    assert arguments(SCHEMA, {name: text}) == {name: value}
    assert arguments(SCHEMA, filled_in({name: value})) == {name: value}


def test_what_is_left_empty() -> None:
    """What is empty is not given, and neither is what the action does not know."""
    assert arguments(SCHEMA, {"text": "", "note": "  ", "unknown": "x"}) == {}
