"""An action's arguments are checked as its manifest describes them, and as leniently as actions read them."""

from typing import Any

import pytest

from sandbox.playbooks.arguments import faults

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "collection_id": {"type": "string", "pattern": "^ioc-collection--"},
        "valid_for": {"type": "integer", "minimum": 1},
        "wait": {"type": "boolean"},
        "indicators": {"type": "array"},
        "format": {"type": "string", "enum": ["one_per_line", "url.value"]},
    },
    "required": ["collection_id"],
}
GOOD = {"collection_id": "ioc-collection--1"}


@pytest.mark.parametrize(
    "arguments",
    [
        {"valid_for": 5, "wait": True, "indicators": ["a.example"], "format": "url.value"},
        {"collection_id": " ioc-collection--1 "},
        # as Jinja writes them
        {"valid_for": "5", "wait": "True", "indicators": "['a.example']"},
        {"valid_for": " 5 ", "wait": "true"},
        {"indicators": "a.example\nb.example"},
        # as forms and templates leave them
        {"valid_for": "", "wait": None, "indicators": "None", "format": "null"},
    ],
)
def test_what_an_action_takes(arguments: dict[str, Any]) -> None:
    """Values of the right kind, texts that read as such, and what is left empty."""
    assert faults(GOOD | arguments, SCHEMA) == []


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"colection_id": "x"}, "the action has no argument colection_id (did you mean collection_id?)"),
        ({"zzz": "x"}, "the action has no argument zzz"),
        ({"collection_id": ""}, "collection_id is required, and is empty"),
        ({"collection_id": None}, "collection_id is required, and is empty"),
        ({"collection_id": "Blocklist"}, 'collection_id has to look like ^ioc-collection--, and is "Blocklist"'),
        ({"collection_id": 5}, "collection_id has to be a text, and is 5"),
        ({"valid_for": "soon"}, 'valid_for has to be a whole number, and is "soon"'),
        ({"valid_for": [5]}, "valid_for has to be a whole number, and is [5]"),
        ({"valid_for": 0}, "valid_for is refused by minimum: 1, and is 0"),
        ({"valid_for": "x" * 200}, f'valid_for has to be a whole number, and is "{"x" * 96}...'),
        ({"wait": "maybe"}, 'wait has to be true or false, and is "maybe"'),
        ({"indicators": 5}, "indicators has to be a list, and is 5"),
        ({"format": "csv"}, 'format has to be one of one_per_line, url.value, and is "csv"'),
    ],
)
def test_what_an_action_does_not_take(arguments: dict[str, Any], expected: str) -> None:
    """Each fault is told with what is asked for and what it is."""
    assert faults(GOOD | arguments, SCHEMA) == [expected]


def test_what_is_not_given() -> None:
    """All faults are told at once; without a schema there are none."""
    assert faults({"zzz": 1}, SCHEMA) == [
        "the action has no argument zzz",
        "collection_id is required, and is not given",
    ]
    assert faults({"zzz": 1}, {}) == []
