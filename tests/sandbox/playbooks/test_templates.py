"""Templates mean what they mean on the platform."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sandbox.playbooks.playbook import NodeError
from sandbox.playbooks.templates import Templates, UndefinedName

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
        ("{{ node.1.count }}", 3),
        ("{{- node.1.list -}}", [1, 2]),
        ("{{ node.1.count }} ", "3 "),
        ("{{ node.1.count }}{{ node.1.count }}", "33"),
        ("{{ '}}{{' }}", "}}{{"),
        ("{{ node.1.list | map('string') }}", ["1", "2"]),
        ("{{ (1, [node.1.none]) }}", [1, [None]]),
        ("{{ node.1['a b'] }}!", "x!"),
        ("{{ node.1.missing }}", None),
        ("{{ [node.1.missing] }}", [None]),
        ("-{{ node.1.missing }}-", "--"),
        ("{% for i in node.1.list %}{{ i }};{% endfor %}", "1;2;"),
        (5, 5),
        (None, None),
        ([{"k": "{{ node.1.count }}"}, False], [{"k": 3}, False]),
        ("line\n", "line\n"),
        # jsonpath, as the vendor's templates use it
        ("{{ node.1 | jsonpath('$.list[*]', True) }}", [1, 2]),
        ("{{ node.1| jsonpath(\"$.fields[*].common_values[*]['name']\", True) | length }}", 3),
        (
            "{{ node.1 | jsonpath(\"$.fields[?(@.name == 'dns.question.name')].common_values[*]['name']\", True) }}",
            ["a.example", "b.example"],
        ),
        ("{{ node.1 | jsonpath(\"$.events[?(@['sekoiaio.intake.dialect']=='edr')]['agent.id']\", True) }}", ["one"]),
        ("{{ node.1['text'] | jsonpath('$.Answer..data', True) | join(', ') }}", "192.0.2.1, 192.0.2.2"),
        # a list only when asked for, or when there are several
        ("{{ node.1 | jsonpath('$.count') }}", 3),
        ("{{ node.1 | jsonpath('$.count', True) }}", [3]),
        ("{{ node.1 | jsonpath('$.list[*]') }}", [1, 2]),
        ("{{ node.1 | jsonpath('$.missing') }}", None),
        ("{{ node.1 | jsonpath('$.missing', True) }}", []),
        ("{{ node.1.none | jsonpath('$.x', True) }}", []),
        # the platform's other filters, as its templates use them
        ("{{ 1767600764 | timestamp_to_iso8601 }}", "2026-01-05T08:12:44Z"),
        ("{{ '1767600764.25' | timestamp_to_iso8601 }}", "2026-01-05T08:12:44Z"),
        ("{{ 'http://a.example/' | regex_match('^http.*', ignore_case=False) }}", True),
        ("{{ 'see http://a.example/' | regex_match('http') }}", False),
        ("{% if 'A.EXAMPLE' | regex_match('a', ignore_case=True) %}yes{% endif %}", "yes"),
        ("{{ node.1.text | fromjson }}", {"Answer": [{"data": "192.0.2.1"}, {"data": "192.0.2.2"}]}),
        ("{{ (node.1.text | fromjson).Answer[1].data }}", "192.0.2.2"),
        # what is not defined, and what is below it
        ("{{ node.9.x }}", None),
        ("{{ node.9.x | jsonpath('$.y', True) }}", []),
        ("{{ node.9['a b'].x[0] }} and {{ nobody.y }}.", " and ."),
        ("{{ node.9.x | int }} {{ node.9.x | float(7) }}", "0 7"),
        ("{{ 'x' * 3 }}{{ 2 ** 8 }}{{ 2 * 2.5 }}", "xxx2565.0"),
    ],
)
def test_render(value: Any, expected: Any) -> None:
    """A text that is one expression keeps its type, every other is a text, at any depth, and what is not a text stays."""
    assert Templates().render(value, {"node": {1: RESULTS}}, where="It") == expected


@pytest.mark.parametrize(
    ("template", "reason"),
    [
        ("{{ 'x' * 10 ** 9 }}", "it makes a value that is too large"),
        ("{{ [0] * 10 ** 9 }}", "it makes a value that is too large"),
        ("{{ 9 ** 99999999 }}", "it makes a value that is too large"),
        ("{{ node.1 | nonesuch }}", "there is no filter nonesuch"),
        ("{{ node.1 | jsonpth('$') }}", "there is no filter jsonpth (did you mean jsonpath?)"),
        ("{{ node.1 ", "unexpected end of template, expected 'end of print statement'"),
        ("{{ ''.__class__.__mro__ }}", "access to attribute '__class__' of 'str' object is unsafe"),
        ("{{ 1 / 0 }}", "division by zero"),
        ("{{ node.1 | jsonpath('$[') }}", r"$[ is not a JSON path (Parse error near the end of string!)"),
        (
            "{{ 'x' | fromjson }}",
            "fromjson got a text that is not valid JSON (Expecting value: line 1 column 1 (char 0))",
        ),
        ("{{ 5 | fromjson }}", "fromjson takes a text, and this is a number"),
        ("{{ 'soon' | timestamp_to_iso8601 }}", "timestamp_to_iso8601 takes seconds since 1970, and this is 'soon'"),
        ("{{ 1e300 | timestamp_to_iso8601 }}", "timestamp_to_iso8601 takes seconds since 1970, and this is 1e+300"),
        ("{{ none | time_with_delta }}", "time_with_delta takes a number of seconds, and this is None"),
        ("{{ 1e300 | time_with_delta }}", "time_with_delta takes a number of seconds, and this is 1e+300"),
        (
            "{{ 'x' | regex_match('(') }}",
            "( is not a regular expression (missing ), unterminated subpattern at position 0)",
        ),
        ("{{ range }}", "it gives no JSON but a function"),
        ("{% macro a() %}{{ a() }}{% endmacro %}{{ a() }}", "its templates call each other without end"),
        (
            "{{ 'x' | jsonpath('$') }}",
            "jsonpath got a text that is not valid JSON (Expecting value: line 1 column 1 (char 0))",
        ),
        (
            "{{ node.1.values }}",
            "it gives the method values, and not a value: write ['values'] instead of .values to "
            "read what is there under that name",
        ),
        (
            "{{ ('[' * 120 + ']' * 120) | fromjson }}",
            "it gives a value that is nested deeper than 100 levels",
        ),
        ("{{ ('[' * 99999) | fromjson }}", "fromjson got JSON that is nested too deep"),
        ("{{ [10 ** 5000] }}", "it gives a number that is too large"),
        ("{{ 1e308 * 10 }}", "it gives no number that JSON has"),
    ],
)
def test_render_refuses_in_one_sentence(template: str, reason: str) -> None:
    """A template that cannot be rendered, or that reaches for the interpreter, is a node error."""
    with pytest.raises(NodeError) as raised:
        Templates().render([template], {"node": {1: {}}}, where="The argument text")
    assert str(raised.value) == f"The argument text cannot be rendered: {reason}."


def test_time_with_delta() -> None:
    """A time is told so many seconds from now, before or after."""
    before, after = (
        datetime.fromisoformat(Templates().render(f"{{{{ ({delta}) | time_with_delta }}}}", {}, where="It"))
        for delta in (-3600, "'3600'")
    )
    assert timedelta(seconds=7195) < after - before < timedelta(seconds=7205)
    assert before < datetime.now(UTC) < after


@pytest.mark.parametrize(
    "template",
    [
        "{% for a in range(9999) %}{% for b in range(9999) %}{% set c = b %}{% endfor %}{% endfor %}",
        "{% macro f(n) %}{% if n %}{{ f(n - 1) }}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(60) }}",
    ],
)
def test_template_that_does_not_end(template: str) -> None:
    """Loops in loops and macros that call each other end when their time is over."""
    with pytest.raises(NodeError, match=r"^It cannot be rendered: it takes longer than 0\.2 s\.$"):
        Templates(0.2).render(template, {}, where="It")


@pytest.mark.parametrize(
    ("template", "name", "nearest"),
    [
        ("{{ node.1.cuont }}", "node.1.cuont", "node.1.count"),
        ("x{{ node.1['a c'] }}", "node.1['a c']", "node.1['a b']"),
        ("{{ node.1.fields[1].nam }}", "node.1.fields[1].nam", "node.1.fields[1].name"),
        ("{{ node.1.fields[7] }}", "node.1.fields[7]", None),
        ("{{ node.1.none.x }}", "x", None),
        ("{{ nod }}", "nod", "node"),
        ("{{ store.ips | join }}", "store.ips", "store.ip"),
        ("{% if node.1.cuont %}x{% endif %}", "node.1.cuont", "node.1.count"),
        ("{% if node.1.cuont == 3 %}x{% endif %}", "node.1.cuont", "node.1.count"),
        ("{% if 3 != node.1.cuont %}x{% endif %}", "node.1.cuont", "node.1.count"),
        ("{% for x in node.1.lst %}x{% endfor %}", "node.1.lst", "node.1.list"),
        ("{{ node.1.lst | length }}", "node.1.lst", "node.1.list"),
        ("{{ [[node.1.lst]] }}", "node.1.lst", "node.1.list"),
    ],
)
def test_undefined_name_is_noted(template: str, name: str, nearest: str | None) -> None:
    """However an undefined name is used, it is noted once, with the nearest that is there."""
    templates = Templates()
    templates.render([template, template], {"node": {1: RESULTS}, "store": {"ip": []}}, where="It")
    assert templates.take_undefined() == [UndefinedName("It", name, nearest)]
    assert templates.take_undefined() == []


@pytest.mark.parametrize(
    "template",
    [
        "{% if node.1.cuont is defined %}x{% endif %}",
        "{{ node.1.cuont | default('x') }}",
        "{% if node.1.cuont is not defined or node.1.cuont %}x{% endif %}",
    ],
)
def test_asking_whether_a_name_is_defined_is_no_use(template: str) -> None:
    """Templates that know that a name can be missing are not warned."""
    templates = Templates()
    templates.render(template, {"node": {1: RESULTS}}, where="It")
    assert templates.take_undefined() == []


@pytest.mark.parametrize(
    "template", ["{{ node.1 ", "{{ x | nonesuch }}", "{% if x is nonesuch %}{% endif %}", "{% x %}"]
)
def test_templates_are_checked_before_they_are_rendered(template: str) -> None:
    """What is not a template, and filters and tests that nobody has, are found without any value."""
    with pytest.raises(NodeError, match=r"^It is not a template that can be used: "):
        Templates().check({"a": ["{{ node.9.x }}", template]}, where="It")


def test_undefined_name_reads_as_a_sentence() -> None:
    """The warning says where the name is used and what was meant."""
    assert str(UndefinedName("The argument uuid", "node.1.uid", "node.1.uuid")) == (
        "The argument uuid uses node.1.uid, which is not defined: did you mean node.1.uuid?"
    )
    assert str(UndefinedName("It", "x")) == "It uses x, which is not defined."
