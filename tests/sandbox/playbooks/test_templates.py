"""Templates and conditions mean what they mean on the platform."""

from typing import Any

import pytest

from sandbox.playbooks.playbook import Node, NodeError
from sandbox.playbooks.templates import choose, render

RESULTS = {
    "count": 3,
    "a b": "x",
    "list": [1, 2],
    "none": None,
    "text": '{"Answer": [{"data": "192.0.2.1"}, {"data": "192.0.2.2"}]}',
    "fields": [
        {"name": "dns.question.name", "common_values": [{"name": "a.example"}, {"name": "b.example"}]},
        {"name": "destination.ip", "common_values": [{"name": "192.0.2.1"}]},
    ],
    "events": [{"sekoiaio.intake.dialect": "edr", "agent.id": "one"}, {"agent.id": "two"}],
}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("plain", "plain"),
        ("{{ node.1.count }}", "3"),
        ("{{ node.1['a b'] }}!", "x!"),
        ("{{ node.1.missing }}", ""),
        ("{% for i in node.1.list %}{{ i }};{% endfor %}", "1;2;"),
        (5, 5),
        (None, None),
        ([{"k": "{{ node.1.count }}"}, False], [{"k": "3"}, False]),
        ("line\n", "line\n"),
        # jsonpath, as the vendor's templates use it
        ("{{ node.1 | jsonpath('$.list[*]', True) }}", "[1, 2]"),
        ("{{ node.1| jsonpath(\"$.fields[*].common_values[*]['name']\", True) | length }}", "3"),
        (
            "{{ node.1 | jsonpath(\"$.fields[?(@.name == 'dns.question.name')].common_values[*]['name']\", True) }}",
            "['a.example', 'b.example']",
        ),
        ("{{ node.1 | jsonpath(\"$.events[?(@['sekoiaio.intake.dialect']=='edr')]['agent.id']\", True) }}", "['one']"),
        ("{{ node.1['text'] | jsonpath('$.Answer..data', True) | join(', ') }}", "192.0.2.1, 192.0.2.2"),
        # a list only when asked for, or when there are several
        ("{{ node.1 | jsonpath('$.count') }}", "3"),
        ("{{ node.1 | jsonpath('$.count', True) }}", "[3]"),
        ("{{ node.1 | jsonpath('$.list[*]') }}", "[1, 2]"),
        ("{{ node.1 | jsonpath('$.missing') }}", "None"),
        ("{{ node.1 | jsonpath('$.missing', True) }}", "[]"),
        ("{{ node.1.none | jsonpath('$.x', True) }}", "[]"),
    ],
)
def test_render(value: Any, expected: Any) -> None:
    """Strings are rendered to strings, at any depth, and everything else stays."""
    assert render(value, {"node": {1: RESULTS}}) == expected


@pytest.mark.parametrize(
    ("template", "reason"),
    [
        ("{{ node.9.x }}", "dict object has no element 9"),
        ("{{ node.1 | nonesuch }}", "No filter named 'nonesuch'"),
        ("{{ node.1 ", "unexpected end of template, expected 'end of print statement'"),
        ("{{ ''.__class__.__mro__ }}", "access to attribute '__class__' of 'str' object is unsafe"),
        ("{{ 1 / 0 }}", "division by zero"),
        ("{{ node.1.missing | jsonpath('$.x') }}", "'dict object' has no attribute 'missing'"),
        ("{{ node.1 | jsonpath('$[') }}", r"$[ is no JSON path (Parse error near the end of string!)"),
        (
            "{{ 'x' | jsonpath('$') }}",
            "jsonpath got a text that is no JSON (Expecting value: line 1 column 1 (char 0))",
        ),
    ],
)
def test_render_refuses_in_one_sentence(template: str, reason: str) -> None:
    """A template that cannot be rendered, or that reaches for the interpreter, is a node error."""
    with pytest.raises(NodeError) as raised:
        render([template], {"node": {1: {}}}, where="The argument text")
    assert str(raised.value) == f"The argument text cannot be rendered: {reason}."


def _holds(left: Any, comparison: str, right: Any, **more: str) -> bool:
    """Whether a case holds, with the results above as those of node 1."""
    case = {"name": "Case", "left": left, "comparison": comparison, "right": right, **more}
    node = Node.model_validate(
        {"name": "Condition", "type": "operator", "subtype": "condition", "outputs": {}, "cases": [case]}
    )
    output, (judged,) = choose(node, {"node": {1: RESULTS}})
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
        ("{{ node.2.x }}", "==", "3", 'The case "Case" cannot be rendered: dict object has no element 2.'),
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
    output, judged = choose(node, {"node": {1: RESULTS}})
    assert output == "3"
    assert [(case.name, case.holds, str(case)) for case in judged] == [("9", False, "3 >= 9"), ("3", True, "3 >= 3")]
