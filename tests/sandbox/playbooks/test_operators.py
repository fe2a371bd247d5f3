"""Which case of a condition holds, what a foreach goes through, and what a store keeps."""

from typing import Any

import pytest

from sandbox.playbooks.operators import choose, items_of, keep
from sandbox.playbooks.playbook import JSONObject, Modification, Node, NodeError
from sandbox.playbooks.scope import Scope

RESULTS = {"count": 3, "a b": "x", "list": ["a", {"b": 1}], "none": None, "text": "abc", "object": {"a": 1}}


def _scope() -> Scope:
    """What templates see after node 1."""
    scope = Scope()
    scope.keep("1", RESULTS)
    return scope


def _items(items: Any) -> list[Any]:
    node = Node(name="Each", type="operator", subtype="foreach", items=items, loop=["2"], outputs={})
    return items_of(node, _scope())


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


def _holds(left: Any, comparison: str, right: Any, **more: str) -> bool:
    """Whether a case holds, with the results above as those of node 1."""
    case = {"name": "Case", "left": left, "comparison": comparison, "right": right, **more}
    node = Node.model_validate(
        {"name": "Condition", "type": "operator", "subtype": "condition", "outputs": {}, "cases": [case]}
    )
    output, (judged,) = choose(node, _scope())
    assert output == ("Case" if judged.holds else "else")
    return judged.holds


@pytest.mark.parametrize(
    ("left", "comparison", "right", "holds"),
    [
        ("{{ node.1['a b'] }}", "==", "x", True),
        ("{{ node.1['a b'] }}", "!=", "x", False),
        # numbers, whether a template made text of them or not
        ("{{ node.1.count }}", "==", "{{ 3 }} ", True),
        ("{{ node.1.count }}", ">=", "3", True),
        ("{{ node.1.count }}", ">", "{{ 3 }}", False),
        ("{{ node.1.count }}", "<", "{{ 10 }}", True),
        ("{{ node.1.count }}", "<=", 2, False),
        # lists
        ("{{ node.1 | jsonpath('$.nothing[*]', True) }}", "!=", "[]", False),
        ("x", "in", '["x", "y"]', True),
        ("{{ node.1.count }}", "in", "{{ node.1.list }}", False),
        ("{{ node.1.count }}", "not in", [1, 2], True),
        ("b", "in", "abc", True),
        # ranges hold their edges
        ("{{ node.1.count }}", "range", "[{{ 3 }}, {{ 9 }}]", True),
        ("{{ node.1.count }}", "range", [0, 3], True),
        ("{{ node.1.count }}", "range", [4, 9], False),
        # text
        ("2026-01-05", "<", "2026-02-01", True),
        ("{{ node.1.missing }}", "==", "", True),
    ],
)
def test_comparison(left: Any, comparison: str, right: Any, holds: bool) -> None:
    """Each comparison of the vendor's documentation, with sides as its templates have them."""
    assert _holds(left, comparison, right) is holds


def test_text_stays_text_where_the_case_says_so() -> None:
    """A case of the type string compares no numbers."""
    assert _holds("1.0", "==", "1")
    assert not _holds("1.0", "==", "1", value_type="string")


@pytest.mark.parametrize(
    ("left", "comparison", "right", "reason"),
    [
        ("many", ">", "3", "The case \"Case\" cannot compare 'many' > '3'."),
        ("1", "range", "[1, 2, 3]", "The case \"Case\" cannot compare '1' range '[1, 2, 3]'."),
    ],
)
def test_case_that_cannot_be_judged(left: str, comparison: str, right: str, reason: str) -> None:
    """Sides that cannot be compared are an error that shows them."""
    with pytest.raises(NodeError) as raised:
        _holds(left, comparison, right)
    assert str(raised.value) == reason


def test_first_case_that_holds_is_taken() -> None:
    """Cases are tried in order, and those after the first that holds are not looked at."""
    cases = [
        {"name": str(least), "left": "{{ node.1.count }}", "comparison": ">=", "right": least} for least in (9, 3, 1)
    ]
    node = Node.model_validate(
        {"name": "Size", "type": "operator", "subtype": "condition", "outputs": {}, "cases": cases}
    )
    output, judged = choose(node, _scope())
    assert output == "3"
    assert [(case.name, case.holds, str(case)) for case in judged] == [("9", False, "3 >= 9"), ("3", True, "3 >= 3")]
