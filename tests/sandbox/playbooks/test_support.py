"""What cannot be run is refused before the first node runs, by name."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sandbox import Sandbox
from sandbox.__main__ import main
from sandbox.playbooks.events import PlaybookRun
from sandbox.playbooks.module import Module
from sandbox.playbooks.playbook import Playbook, PlaybookError
from sandbox.playbooks.stubs import Stub
from tests.sandbox.playbooks.exports import condition, playbook

Run = Callable[..., PlaybookRun]
FOREACH: dict[str, Any] = {"type": "operator", "subtype": "foreach", "items": "[1]", "outputs": {"loop": ["3"]}}


def _case(comparison: str, left: str = "1") -> dict[str, Any]:
    return condition(("Yes", left, comparison, "1"), Yes=["3"])


@pytest.mark.parametrize(
    ("node", "reason"),
    [
        ({"type": "comment"}, "Node 2 (Step 2) is of a type that is not supported: comment."),
        ({"outputs": {"default": ["9"]}}, "Node 9 (Other) is a trigger to which another node leads."),
        ({"type": "operator", "subtype": "delay"}, "Node 2 (Step 2) is an operator that is not supported: delay."),
        ({"type": "operator", "subtype": None}, "Node 2 (Step 2) is an operator that is not supported: None."),
        (_case("~"), "Node 2 (Check) has a comparison that is not supported, in its case Yes: ~."),
        (
            {"type": "operator", "subtype": "store", "modifications": [{"key": "a", "type": "add", "value": 1}]},
            "Node 2 (Step 2) has a modification that is not supported, of store.a: add.",
        ),
        (FOREACH | {"outputs": {}}, "Node 2 (Step 2) is a loop without a body: no node hangs on its output loop."),
        (FOREACH | {"items": ""}, "Node 2 (Step 2) is a loop without a list of items."),
        (FOREACH | {"items": None}, "Node 2 (Step 2) is a loop without a list of items."),
        ({"outputs": {"default": ["1"]}}, "Nodes lead in a circle, which would run forever: "),
        (
            {"arguments": {"a": "{{ x | nope }}"}},
            "The argument a is not a template that can be used: there is no filter",
        ),
        (_case("==", left="{{"), 'Node 2 (Check): The case "Yes" is not a template that can be used: '),
        (FOREACH | {"items": "{{ x | nope }}"}, "The list of items is not a template that can be used: there is no"),
        (
            {
                "type": "operator",
                "subtype": "store",
                "modifications": [{"key": "a", "type": "set", "value": "{% x %}"}],
            },
            "Node 2 (Step 2): The value of store.a is not a template that can be used: Encountered unknown tag 'x'.",
        ),
        ({"action_uuid": "unknown"}, "does not have: unknown."),
        ({"action_uuid": None}, "does not have: None."),
        ({"module_uuid": "elsewhere"}, "Without a stub: 2 (Step 2)."),
        ({"module_uuid": None}, "Without a stub: 2 (Step 2)."),
    ],
)
def test_what_is_refused(run: Run, sandbox: Sandbox, node: dict[str, Any], reason: str) -> None:
    """Whatever cannot be run is named, and the node before it has not run."""
    export = playbook({"do": "create", "name": "Made"}, {}, {})
    export["nodes"]["9"] = {"name": "Other", "type": "trigger", "outputs": {}}
    export["nodes"]["2"] |= node
    with pytest.raises(PlaybookError, match=re.escape(reason)):
        run(export, start="0")
    assert sandbox.requests == []


def test_a_trigger_that_leads_nowhere(run: Run) -> None:
    """No run is green in which nothing could run; a playbook that is a trigger alone holds no more."""
    export = playbook({"do": "say nothing"})
    export["nodes"]["0"]["outputs"] = {"error": ["1"]}
    with pytest.raises(PlaybookError, match="leads nowhere by its output default, so nothing would run"):
        run(export)
    del export["nodes"]["1"]
    export["nodes"]["0"]["outputs"] = {}
    assert run(export).succeeded


def test_all_is_refused_at_once(run: Run) -> None:
    """Who has to change a playbook is told everything that is to be changed."""
    export = playbook({}, {}, {})
    export["nodes"]["1"] |= {"module_uuid": "elsewhere"}
    export["nodes"]["2"] |= {"type": "operator", "subtype": "delay"}
    export["nodes"]["3"] |= {"module_uuid": "elsewhere"}
    with pytest.raises(PlaybookError) as raised:
        run(export)
    assert str(raised.value) == (
        "The playbook cannot be run as it is. Node 2 (Step 2) is an operator that is not supported: delay.\n"
        "Actions of other modules are not run here: say in the stubs what they answer, or have them written by "
        "--init-stubs FILE. Without a stub: 1 (Step 1), 3 (Step 3)."
    )


@pytest.mark.parametrize(
    "node",
    [{"module_uuid": "elsewhere"}, {"type": "operator", "subtype": "delay"}, _case("~"), {"action_uuid": "unknown"}],
)
def test_stub_answers_for_what_is_not_supported(run: Run, node: dict[str, Any]) -> None:
    """What a stub stands for is not run, so it need not be supported."""
    export = playbook({}, {}, {})
    export["nodes"]["2"] |= node | {"outputs": {}}
    assert [outcome.stub for outcome in run(export, stubs={"2": Stub()}).outcomes] == [False, True]


def test_stub_of_a_loop_is_refused(run: Run) -> None:
    """A stub that stood for a loop would make a green run of a body that did not run."""
    export = playbook({}, {}, {})
    export["nodes"]["2"] |= FOREACH
    with pytest.raises(PlaybookError, match=r"Node 2 \(Step 2\) is a loop, and has a stub"):
        run(export, stubs={"2": Stub()})


def test_what_no_way_leads_to_may_be_anything(run: Run) -> None:
    """A node beside the ways is not run, so it need not be supported."""
    export = playbook({}, {})
    export["nodes"]["1"]["outputs"] = {}
    export["nodes"]["2"] |= {"type": "operator", "subtype": "delay"}
    assert run(export).succeeded


# Triggers


def _two_triggers() -> dict[str, Any]:
    export = playbook({"from": "{{ node.0.name }}"}, {"from": "{{ node.9.name }}"})
    export["nodes"]["1"]["outputs"] = {}
    export["nodes"]["9"] = {"name": "Alert", "type": "trigger", "outputs": {"default": ["2"]}}
    return export


@pytest.mark.parametrize(("start", "key"), [("0", "1"), ("Start", "1"), ("9", "2"), ("Alert", "2")])
def test_one_of_several_triggers_is_chosen(run: Run, start: str, key: str) -> None:
    """The trigger is chosen by number or name, and the event is what that one gives."""
    (outcome,) = run(_two_triggers(), start=start, event={"name": "it"}).outcomes
    assert (outcome.key, outcome.arguments) == (key, {"from": "it"})


@pytest.mark.parametrize(
    ("start", "reason"),
    [
        (None, "The playbook has several triggers, so choose the one that starts it: 0 (Start), 9 (Alert)."),
        ("1", "Node 1 is not a trigger. What can start the playbook: 0 (Start), 9 (Alert)."),
        ("Alrt", "The playbook has no node Alrt. Did you mean Alert?"),
    ],
)
def test_choice_that_is_none(start: str | None, reason: str) -> None:
    """Who does not choose, or chooses another node, is told what there is."""
    with pytest.raises(PlaybookError) as raised:
        Playbook.model_validate(_two_triggers()).start(start)
    assert str(raised.value) == reason


def _write(tmp_path: Path, module: Module, export: dict[str, Any]) -> list[str]:
    path = tmp_path / "playbook.json"
    path.write_text(json.dumps(export))
    return ["run", str(path), "--module-dir", str(module.folder), "--json"]


def test_command_chooses_the_trigger(module: Module, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--start` names it, and its event may be in the stubs."""
    command = _write(tmp_path, module, _two_triggers())
    assert main(command) == 2
    assert "choose the one that starts it" in capsys.readouterr().err
    (tmp_path / "playbook.stubs.yaml").write_text("Alert: {results: {name: stub}}")
    assert main([*command, "--start", "Alert"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["nodes"][0]["arguments"] == {"from": "stub"}
    assert document["warnings"] == []


def test_missing_event_is_told(module: Module, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a file or a stub the trigger gives nothing, which a warning says, as it does of each name that lacks."""
    command = _write(tmp_path, module, playbook({"from": "{{ node.0.name }}"}))
    assert main(command) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["warnings"] == [
        "nothing says what the trigger gives, node 0 (Start): --trigger FILE does, a JSON object"
    ]
    (node,) = document["nodes"]
    assert node["undefined"] == [{"where": "The argument from", "name": "node.0.name", "nearest": None}]
    assert main(command[:-1]) == 0
    output = capsys.readouterr().out
    assert "    warning: nothing says what the trigger gives, node 0 (Start)" in output
    assert "    warning: The argument from uses node.0.name, which is not defined.\n" in output
