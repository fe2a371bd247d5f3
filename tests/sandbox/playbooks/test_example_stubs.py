"""Generated stubs have what templates read, so that a playbook runs to its end with them."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from sandbox import Sandbox
from sandbox.__main__ import main
from sandbox.playbooks.access import Platform
from sandbox.playbooks.example_stubs import example_stubs
from sandbox.playbooks.module import Module
from sandbox.playbooks.playbook import Playbook
from sandbox.playbooks.runner import Runner
from sandbox.playbooks.stubs import load_stubs
from tests.conftest import ROOT
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
        ("{{ node.1.tags | map('lower') | select('equalto', 'cert') | list | length }}", {"tags": ["cert"]}),
        ("{{ node.1.a | selectattr('kind', 'equalto', 'ip') | first }}", {"a": [{"kind": "ip"}]}),
        ("{{ node.1.ips }} {{ node.1.source_port }}", {"ips": "192.0.2.1", "source_port": 443}),
    ],
)
def test_example_has_what_templates_read(module: Module, template: str, expected: Any) -> None:
    """Keys, items, texts with JSON and numbers are told by how they are read."""
    assert _results(module, template) == expected


def _given(module: Module, **arguments: str) -> Any:
    """The stub of a node of another module whose results an action of this one gets as these arguments."""
    export = playbook({}, dict(arguments))
    export["nodes"]["1"] |= {"module_uuid": "elsewhere", "name": "Ask"}
    return yaml.safe_load(example_stubs(Playbook.model_validate(export), module))["1"]


def test_example_is_what_an_action_can_use(module: Module) -> None:
    """What says nothing of itself is told by the argument that takes it; a file is there."""
    joined = (
        "{{ (node.1 | jsonpath('$.a[*].name', True) + node.1.b | map(attribute='value') | list) | unique | list }}"
    )
    found = {"a": [{"name": "host.example"}], "b": [{"value": "host.example"}]}
    assert _given(module, indicators=joined) == {"results": found}
    chosen = "{{ node.1.found if node.1.is_found else node.1.other }}"
    either = {"is_found": "example is_found", "found": "host.example", "other": "host.example"}
    assert _given(module, text=chosen) == {"results": either}
    file = {"example.csv": "host.example\n"}
    assert _given(module, file_path="{{ node.1.stored }}") == {"results": {"stored": "example.csv"}, "files": file}
    assert _given(module, name="{{ node.1.title }}") == {"results": {"title": "example title"}}


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
    assert "already exists: choose another file, or remove it." in capsys.readouterr().err
    assert main([*command, "--init-stubs", str(tmp_path / "none" / "x.yaml")]) == 2
    assert "cannot be written: No such file or directory." in capsys.readouterr().err


# One for each way in which indicators reach an action: as a list, in a downloaded file, and in what a trigger gives.
@pytest.mark.parametrize("name", ["alert_to_blocklist", "scheduled_feed", "use_your_own_cti"])
def test_own_playbooks_run_with_generated_stubs(name: str, sandbox: Sandbox, tmp_path: Path) -> None:
    """A playbook of this module runs to its end with what `--init-stubs` writes for it, unedited."""
    playbook, module = Playbook.load(ROOT / "playbooks" / f"{name}.json"), Module.load(ROOT)
    (stubs := tmp_path / "stubs.yaml").write_text(example_stubs(playbook, module))
    (storage := tmp_path / "storage").mkdir()
    answers = load_stubs(stubs, playbook)
    event = answers[playbook.start(None)].results
    run = Runner(playbook, module, Platform.of(sandbox), storage, event=event, stubs=answers).run()
    assert [(outcome.name, outcome.error) for outcome in run.outcomes if outcome.error] == []
    assert run.succeeded
    assert [outcome.undefined for outcome in run.outcomes if outcome.undefined] == []
