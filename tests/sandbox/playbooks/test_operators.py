"""What a foreach goes through, and what a store keeps."""

from typing import Any

import pytest

from sandbox.playbooks.operators import items_of, keep
from sandbox.playbooks.playbook import JSONObject, Modification, Node, NodeError
from sandbox.playbooks.templates import Templates

VARIABLES = {"node": {1: {"list": ["a", {"b": 1}], "none": None, "text": "abc", "object": {"a": 1}}}, "store": {}}


def _items(items: Any) -> list[Any]:
    node = Node(name="Each", type="operator", subtype="foreach", items=items, loop=["2"], outputs={})
    return items_of(node, Templates(), VARIABLES)


@pytest.mark.parametrize(
    ("items", "expected"),
    [
        ("{{ node.1.list }}", ["a", {"b": 1}]),
        ("{{ node.1.object | list }}", ["a"]),
        ("{{ node.1.list | reject('equalto', 'a') }}", [{"b": 1}]),
        ("['a', 'b']", ["a", "b"]),
        ('["{{ node.1.text }}"]', ["abc"]),
        (["{{ node.1.text }}", 5], ["abc", 5]),
        ([], []),
        ("{{ [] }}", []),
    ],
)
def test_items(items: Any, expected: list[Any]) -> None:
    """A list is a list, also where a template made text of it."""
    assert _items(items) == expected


@pytest.mark.parametrize(
    ("items", "reason"),
    [
        ("{{ node.1.none }}", "There is no list of items: what it is read from is empty or not defined."),
        ("{{ node.1.missing }}", "There is no list of items: what it is read from is empty or not defined."),
        ("-{{ node.1.text }}", "The items of a foreach are a list, and this is a text: -abc"),
        ("{{ node.1.object }}", "The items of a foreach are a list, and this is an object: {'a': 1}"),
        ("5", "The items of a foreach are a list, and this is a number: 5"),
        (True, "The items of a foreach are a list, and this is a boolean: True"),
        ("{{ node.2.x }}", "There is no list of items: what it is read from is empty or not defined."),
        ("{{ 1 / 0 }}", "The list of items cannot be rendered: division by zero."),
    ],
)
def test_what_is_no_list(items: Any, reason: str) -> None:
    """A loop over anything else would not run, so it is an error that says what it is."""
    with pytest.raises(NodeError) as raised:
        _items(items)
    assert str(raised.value) == reason


@pytest.mark.parametrize(
    ("store", "change", "value", "kept", "warning"),
    [
        ({}, "set ip", [1], {"ip": [1]}, None),
        ({"ip": 1}, "set ip", 2, {"ip": 2}, None),
        ({}, "set alert.uuid", "x", {"alert": {"uuid": "x"}}, None),
        ({"alert": {"a": 1}}, "set alert.uuid", "x", {"alert": {"a": 1, "uuid": "x"}}, None),
        ({"ip": 1}, "unset ip", None, {}, None),
        ({}, "unset ip", None, {}, "store.ip was to be unset, and is not set"),
        ({}, "append ip", "a", {"ip": ["a"]}, None),
        ({"ip": ["a"]}, "append ip", "a", {"ip": ["a", "a"]}, None),
        ({"ip": None}, "append ip", None, {"ip": [None]}, None),
        ({"ip": ["a", "b", "a"]}, "remove ip", "a", {"ip": ["b", "a"]}, None),
        ({"ip": ["b"]}, "remove ip", "a", {"ip": ["b"]}, "'a' was to be removed from store.ip, and is not in it"),
        ({}, "remove ip", "a", {}, "'a' was to be removed from store.ip, and is not in it"),
    ],
)
def test_store(store: JSONObject, change: str, value: Any, kept: JSONObject, warning: str | None) -> None:
    """Values are set, unset, put into lists and taken out of them, also in objects; what changes nothing is told."""
    kind, _, key = change.partition(" ")
    assert keep(store, Modification(key=key, type=kind, value=value), value) == warning
    assert store == kept


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("append ip", "store.ip is not a list, so nothing can be put into it or taken out of it."),
        ("remove ip", "store.ip is not a list, so nothing can be put into it or taken out of it."),
        ("set ip.address", "store.ip.address cannot be kept, because store.ip is not an object."),
    ],
)
def test_store_of_another_kind(change: str, reason: str) -> None:
    """What is not a list takes no values, and what is not an object has no keys."""
    kind, _, key = change.partition(" ")
    with pytest.raises(NodeError) as raised:
        keep({"ip": "192.0.2.1"}, Modification(key=key, type=kind), "x")
    assert str(raised.value) == reason
