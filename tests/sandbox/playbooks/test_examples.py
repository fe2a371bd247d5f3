"""Generated stubs have what templates read, so that a playbook runs to its end with them."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from sandbox.__main__ import main
from sandbox.playbooks.examples import example_stubs
from sandbox.playbooks.module import Module
from sandbox.playbooks.playbook import Playbook
from tests.sandbox.playbooks.exports import condition, playbook


def _results(module: Module, *templates: Any) -> Any:
    """The example for a node of another module, of which these templates are read."""
    export = playbook({}, {"read": list(templates)})
    export["nodes"]["1"] |= {"module_uuid": "elsewhere", "name": "Ask"}
    stubs = yaml.safe_load(example_stubs(Playbook.model_validate(export), module))
    assert set(stubs) == {"0", "1"}
    return stubs["1"]["results"]


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("plain", {}),
        ("{{ node.1.title }}", {"title": "example title"}),
        ("{{ node.1['a b'].uuid }}", {"a b": {"uuid": "00000000-0000-4000-8000-000000000000"}}),
        ("{{ node.1.events[0]['source.ip'] }}", {"events": [{"source.ip": "192.0.2.1"}]}),
        (
            "{% for c in node.1.comments %}{{ c.by.name }}{% endfor %}",
            {"comments": [{"by": {"name": "example name"}}]},
        ),
        ("{{ node.1 | jsonpath('$.a[*].b', True) | join }}", {"a": [{"b": "example b"}]}),
        ("{{ node.1.a | jsonpath('$.b..c', True) }}", {"a": {"b": {"c": "example c"}}}),
        ("{{ node.1 | jsonpath(\"$.a[?(@.k=='v')].b\", True) }}", {"a": [{"k": "v", "b": "example b"}]}),
        ("{{ (node.1.a | fromjson).b }}", {"a": '{"b": "example b"}'}),
        ("{{ node.1.a | timestamp_to_iso8601 }}", {"a": 1767600764}),
        ("{% if node.1.a > 3 %}x{% endif %}", {"a": 4}),
        ("{{ node.1.a.split('--')[1] }}", {"a": "example--example"}),
        ("{{ node.1.a | map(attribute='b') | list }}", {"a": [{"b": "example b"}]}),
        ("{{ node.1.a[node.1.b].c }}", {"a": {"example": {"c": "example c"}}, "b": "example"}),
    ],
)
def test_example_has_what_templates_read(module: Module, template: str, expected: Any) -> None:
    """Keys, items, texts with JSON and numbers are told by how they are read."""
    assert _results(module, template) == expected


def _export() -> dict[str, Any]:
    """An action of another module whose results are looped over, kept, compared and read; its branch has to be set."""
    export = playbook({}, {}, {}, {}, {"kept": "{{ store.kept | unique | join(',') }}"})
    nodes = export["nodes"]
    nodes["1"] |= {"module_uuid": "elsewhere", "name": "Ask", "outputs": {"default": [], "known": ["2"]}}
    nodes["1"]["arguments"] = {"uuid": "{{ node.0.alert_uuid }}"}
    nodes["2"] |= {"type": "operator", "subtype": "foreach", "items": "{{ node.1.events }}", "loop": ["3"]}
    nodes["2"]["outputs"] = {"default": ["4"]}
    change = {"key": "kept", "type": "append", "value": "{{ node.2.default.value['host.name'] }}"}
    nodes["3"] |= {"type": "operator", "subtype": "store", "modifications": [change], "outputs": {}}
    nodes["4"] |= condition(("High", "{{ node.1.urgency['value'] }}", ">=", "{{ 70 }}"), High=["5"])
    return export


def test_playbook_runs_to_its_end_with_generated_stubs(
    module: Module, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`--init-stubs` writes a file once, with which every node runs and no name is undefined."""
    (path := tmp_path / "playbook.json").write_text(json.dumps(_export()))
    stubs = tmp_path / "playbook.stubs.yaml"
    command = ["run", str(path), "--module-dir", str(module.folder)]
    assert main([*command, "--init-stubs", str(stubs)]) == 0
    assert "# Ask (action 00000000-0000-4000-8000-000000000002)\n" in stubs.read_text()
    capsys.readouterr()
    assert main([*command, "--json"]) == 0
    nodes = json.loads(capsys.readouterr().out)["nodes"]
    assert [node["key"] for node in nodes] == ["1", "2", "3", "4", "5"]
    assert all(node["status"] == "succeeded" and not node["undefined"] and not node["warnings"] for node in nodes)
    assert nodes[-1]["arguments"] == {"kept": "example host.name"}
    assert main([*command, "--init-stubs", str(stubs)]) == 2
    assert "is there already: name another file, or remove it." in capsys.readouterr().err
    assert main([*command, "--init-stubs", str(tmp_path / "none" / "x.yaml")]) == 2
    assert "cannot be written: No such file or directory." in capsys.readouterr().err
