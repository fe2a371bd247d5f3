"""Loops, stores, joins and failures, run with real processes."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sandbox import Sandbox
from sandbox.playbooks.access import Platform
from sandbox.playbooks.events import (
    Iteration,
    NodeNotRun,
    NodeOutcome,
    NodeStarted,
    PlaybookRun,
    UndefinedName,
)
from sandbox.playbooks.module import Module
from sandbox.playbooks.playbook import Playbook, PlaybookError
from sandbox.playbooks.process import NodeProcess
from sandbox.playbooks.reporters import Reporter
from sandbox.playbooks.runner import Runner
from sandbox.playbooks.stubs import Stub
from sandbox.playbooks.terminal import TerminalReporter
from tests.sandbox.playbooks.exports import condition, playbook

Run = Callable[..., PlaybookRun]


def _operator(subtype: str, **fields: Any) -> dict[str, Any]:
    return {"type": "operator", "subtype": subtype, "module_uuid": None, "arguments": {}, **fields}


def _store(key: str, kind: str, value: Any, *following: str) -> dict[str, Any]:
    change = {"key": key, "type": kind, "value": value}
    return _operator("store", modifications=[change], outputs={"default": list(following)})


def _loop(items: str = "{{ node.0.names }}") -> dict[str, Any]:
    """A foreach (1) whose body asks for each item (2) and keeps it (3), and a node after it (4)."""
    export = playbook({}, {"got": "{{ node.1.default.value }}", "at": "{{ node.1.default.index }}"}, {}, {})
    export["nodes"]["1"] |= _operator("foreach", items=items, loop=["2"], outputs={"default": ["4"]})
    export["nodes"]["3"] |= _store("seen", "append", "{{ node.2.arguments.got }}")
    export["nodes"]["4"]["arguments"] = {"seen": "{{ store.seen }}", "of": "{{ node.1.default.total }}"}
    return export


def test_body_of_a_loop_runs_once_for_each_item(run: Run) -> None:
    """The body sees the item, its number and how many there are; what it keeps is there after the loop."""
    result = run(_loop(), event={"names": ["a.example", {"b": 1}]})
    assert result.succeeded
    assert [outcome.key for outcome in result.outcomes] == ["1", "2", "3", "2", "3", "4"]
    foreach, first, _, second, _, after = result.outcomes
    assert foreach.results == {"default": {"value": {"b": 1}, "index": 1, "total": 2}}
    assert (first.arguments, first.loop) == ({"got": "a.example", "at": 0}, [Iteration("1", 0, 2)])
    assert (second.arguments, second.loop) == ({"got": {"b": 1}, "at": 1}, [Iteration("1", 1, 2)])
    assert after.arguments == {"seen": ["a.example", {"b": 1}], "of": 2}
    assert result.not_run == []


def test_loop_over_nothing(run: Run) -> None:
    """An empty list is not a failure, and a warning says that the body was not run."""
    result = run(_loop(), event={"names": []})
    assert [outcome.key for outcome in result.outcomes] == ["1", "4"]
    assert result.outcomes[0].warnings == ["its list of items is empty, so its body was not run"]
    assert result.not_run == [NodeNotRun("2", "Step 2"), NodeNotRun("3", "Step 3")]
    assert result.outcomes[1].arguments == {"seen": None, "of": 0}


@pytest.mark.parametrize("names", ["a.example", None, 5, {"a": 1}])
def test_loop_over_what_is_no_list(run: Run, names: Any) -> None:
    """A loop that has no list fails, and neither its body nor what comes after it is run."""
    result = run(_loop(), event={"names": names})
    assert not result.succeeded
    assert [outcome.key for outcome in result.outcomes] == ["1"]
    assert [node.after for node in result.not_run] == ["1", "1", "1"]


def test_item_that_fails(run: Run) -> None:
    """The other items go on, the loop fails, and what comes after it is not run."""
    export = _loop()
    export["nodes"]["2"]["arguments"] = {"do": "{{ node.1.default.value }}", "error": "No.", "results": {}}
    export["nodes"]["3"] |= _store("seen", "append", "{{ node.1.default.index }}")
    result = run(export, event={"names": ["report", "fail", "report"]})
    assert not result.succeeded
    assert [outcome.key for outcome in result.outcomes] == ["1", "2", "3", "2", "2", "3"]
    assert result.outcomes[0].error == "Its body failed for 1 of 3 items."
    assert result.not_run == [NodeNotRun("4", "Step 4", after="1")]


class Stopper(Reporter):
    """Stops the run when a node of a loop ended for the second item."""

    def __init__(self, running: NodeProcess, key: str) -> None:
        self._running = running
        self._key = key

    def node_finished(self, outcome: NodeOutcome) -> None:
        """Stops it there."""
        if outcome.key == self._key and outcome.loop[-1].index == 1:
            self._running.stop()


def test_loop_that_is_stopped(run: Run) -> None:
    """A run that is stopped begins nothing more: no other item, nor a branch that answers failures."""
    export = _loop()
    export["nodes"]["1"]["outputs"]["error"] = ["4"]
    export["nodes"]["3"]["outputs"]["error"] = ["4"]
    running = NodeProcess()
    result = run(
        export,
        event={"names": ["a.example", "b.example", "c.example"]},
        stubs={"2": Stub(), "4": Stub()},
        running=running,
        reporter=Stopper(running, "2"),
    )
    assert [(outcome.key, outcome.status) for outcome in result.outcomes] == [
        ("1", "failed"),
        ("2", "succeeded"),
        ("3", "succeeded"),
        ("2", "succeeded"),
        ("3", "failed"),
    ]
    assert [result.outcomes[0].error, result.outcomes[-1].error] == [
        "The run was stopped.",
        "The run was stopped before this node began.",
    ]
    assert [node.key for node in result.not_run] == ["4"]


def test_long_loop(run: Run) -> None:
    """Ten thousand items are no matter."""
    export = _loop("{{ range(10000) | list }}")
    export["nodes"]["1"]["loop"] = ["3"]
    export["nodes"]["3"] |= _store("sum", "set", "{{ (store.sum or 0) + node.1.default.value }}")
    export["nodes"]["4"]["arguments"] = {"sum": "{{ store.sum }}"}
    result = run(export)
    assert result.outcomes[-1].arguments == {"sum": 49_995_000}
    assert len(result.outcomes) == 10_002


def test_store_that_changes_nothing(run: Run) -> None:
    """A value that is not there to be removed is a warning, and what a store does is shown."""
    export = playbook({})
    export["nodes"]["1"] |= _store("ip", "remove", "{{ node.0.ip }}")
    (outcome,) = run(export, event={"ip": "192.0.2.1"}).outcomes
    assert outcome.warnings == ["'192.0.2.1' was to be removed from store.ip, and is not in it"]
    assert outcome.arguments == {"remove ip": "192.0.2.1"}


# How a failure goes on


def _failing() -> dict[str, Any]:
    export = playbook({"do": "fail", "error": "Sekoia refused."}, {}, {"imported": "{{ node.1.imported }}"})
    export["nodes"]["1"]["outputs"] = {"default": ["2"], "error": ["3"]}
    export["nodes"]["2"]["outputs"] = {}
    return export


def test_failure_takes_its_branch(run: Run) -> None:
    """A failed node with a branch "error" goes on there, with its results, and the run is none that failed."""
    result = run(_failing())
    assert [(outcome.key, outcome.status) for outcome in result.outcomes] == [("1", "handled"), ("3", "succeeded")]
    assert result.outcomes[0].taken == {"error": ["3"]}
    assert result.outcomes[1].arguments == {"imported": 1}
    assert result.not_run == [NodeNotRun("2", "Step 2")]
    assert result.succeeded


def test_branch_of_a_failure_that_leads_nowhere(run: Run) -> None:
    """An output "error" without a node answers nothing."""
    export = _failing()
    export["nodes"]["1"]["outputs"]["error"] = []
    result = run(export)
    assert result.outcomes[0].status == "failed"
    assert not result.succeeded


def test_whatever_fails_takes_the_branch(run: Run) -> None:
    """Refused arguments, templates that cannot be rendered and conditions that cannot be judged are failures too."""
    for first in (
        {"arguments": {"a": "{{ 1 / 0 }}"}},
        condition(("Yes", "x", ">", "1"), Yes=["2"]),
        _operator("foreach", items="x", loop=["2"]),
    ):
        export = _failing()
        export["nodes"]["1"] |= first
        export["nodes"]["1"]["outputs"] = {"default": ["2"], "error": ["3"]}
        assert [outcome.key for outcome in run(export).outcomes] == ["1", "3"]


def test_loop_that_fails_takes_its_branch(run: Run) -> None:
    """A loop of which an item failed goes on at its own branch "error"."""
    export = _loop()
    export["nodes"]["1"]["outputs"] = {"default": [], "error": ["4"]}
    export["nodes"]["2"]["arguments"] = {"do": "fail", "error": "No."}
    result = run(export, event={"names": ["a"]})
    assert [(outcome.key, outcome.status) for outcome in result.outcomes] == [
        ("1", "handled"),
        ("2", "failed"),
        ("4", "succeeded"),
    ]


# Joins


def _join(kind: str, *outputs: str) -> dict[str, Any]:
    """Node 1 sets some of its outputs, of which a leads to 2 and b to 3; the operator 4 joins them before node 5."""
    export = playbook({"do": "choose", "outputs": dict.fromkeys(outputs, True)}, {}, {}, {}, {})
    nodes = export["nodes"]
    nodes["1"]["outputs"] = {"a": ["2"], "b": ["3"]}
    nodes["2"]["outputs"] = nodes["3"]["outputs"] = {"default": ["4"]}
    nodes["4"] |= _operator(kind)
    return export


@pytest.mark.parametrize(
    ("kind", "outputs", "keys"),
    [
        ("any", ["a"], ["1", "2", "4", "5"]),
        ("any", ["a", "b"], ["1", "2", "3", "4", "5"]),
        ("all", ["a", "b"], ["1", "2", "3", "4", "5"]),
        ("all", ["a"], ["1", "2"]),
    ],
)
def test_join(run: Run, kind: str, outputs: list[str], keys: list[str]) -> None:
    """`any` goes on after one of its ways, `all` after each of them."""
    assert [outcome.key for outcome in run(_join(kind, *outputs)).outcomes] == keys


def test_join_that_waits_for_ever(run: Run) -> None:
    """An `all` of which a way was not taken is told with what it waits for."""
    result = run(_join("all", "a"), reporter=TerminalReporter(stream := io.StringIO()))
    assert result.not_run[1] == NodeNotRun("4", "Step 4", waits_for=["3"])
    assert "[4] Step 4: not run, it waits for node 3\n" in stream.getvalue()


# What a node gets


def test_undefined_names_are_warned_of(run: Run) -> None:
    """The node runs, and whoever follows is told at its start and at its end which name was meant."""

    class Starts(Reporter):
        def __init__(self) -> None:
            self.undefined = list[UndefinedName]()

        def node_started(self, node: NodeStarted) -> None:
            self.undefined += node.undefined

    export = playbook({"uuid": "{{ node.0.alert_uid }}"}, {})
    export["nodes"]["2"] |= condition(("Yes", "{{ node.0.urgenci }}", "==", ""), Yes=[])
    event = {"alert_uuid": "one", "urgency": 5}
    result = run(export, event=event, reporter=(starts := Starts()))
    assert result.succeeded
    noted = UndefinedName("The argument uuid", "node.0.alert_uid", "node.0.alert_uuid")
    assert result.outcomes[0].undefined == starts.undefined == [noted]
    assert result.outcomes[1].undefined == [UndefinedName('The case "Yes"', "node.0.urgenci", "node.0.urgency")]


def test_arguments_are_checked_before_the_process_starts(sandbox: Sandbox, module: Module, tmp_path: Path) -> None:
    """What the manifest does not allow is refused by the runner, in the name of the action."""
    schema = '{"properties": {"do": {"type": "string", "enum": ["warn"]}}, "required": ["do"]}'
    (module.folder / "action_obey.json").write_text(
        (module.folder / "action_obey.json").read_text()[:-1] + f', "name": "Obey", "arguments": {schema}}}'
    )
    strict = Module.load(module.folder)
    export = Playbook.model_validate(playbook({"do": "exit", "zzz": 1}))
    for stubs in ({}, {"1": Stub()}):
        run = Runner(export, strict, Platform.of(sandbox), tmp_path, stubs=stubs).run()
        assert run.outcomes[0].error == (
            "Obey does not take these arguments: the action has no argument zzz; "
            'do has to be one of warn, and is "exit".'
        )


def test_sandbox_that_is_not_there(module: Module, tmp_path: Path) -> None:
    """Nobody at the address, or a refused key, is told at once and before anything is run."""
    with Sandbox() as sandbox:
        refused = Runner(Playbook.model_validate(playbook({})), module, Platform.at(sandbox.url, "wrong"), tmp_path)
        with pytest.raises(PlaybookError, match="refuses the API key: give --api-key the one that it printed"):
            refused.run()
    for url in (sandbox.url, "http://.example", "nonsense", "http://127.0.0.1:99999"):
        with pytest.raises(PlaybookError, match=f"^There is no sandbox that can be used at {url}. .*: nobody answers"):
            Runner(Playbook.model_validate(playbook({})), module, Platform.at(url, "key"), tmp_path).run()


def test_a_key_that_may_only_read(module: Module, sandbox: Sandbox, tmp_path: Path) -> None:
    """With the other key of a sandbox that is served elsewhere, nodes are denied what that may not do."""
    export = Playbook.model_validate(playbook({"do": "create", "name": "Denied"}))
    run = Runner(export, module, Platform.at(sandbox.url, sandbox.read_only_key), tmp_path).run()
    assert "403" in (run.outcomes[0].error or "")


def test_a_case_whose_output_is_called_otherwise(run: Run) -> None:
    """A case that holds and leads nowhere is told: no node after it ran, though all is green."""
    export = playbook({}, {})
    export["nodes"]["1"] |= condition(("Yes", "1", "==", "1"), yes=["2"])
    (outcome,) = run(export).outcomes
    assert outcome.warnings == ['its case "Yes" holds, and it has no output of that name to follow']


def test_show_writes_it_all(run: Run) -> None:
    """With `show` arguments, results and log are written in full, and items are numbered."""
    export = _loop()
    export["nodes"]["2"]["arguments"] = {
        "do": "warn",
        "long": "word" + " word" * 40,
        "text": "a\n\nb",
        "list": [{"a": 1}],
    }
    export["nodes"]["1"]["outputs"] = {}
    export["nodes"]["2"]["outputs"] = {}
    run(export, event={"names": ["a", "b"]}, reporter=TerminalReporter(stream := io.StringIO(), show=True))
    output = stream.getvalue()
    assert "[2] Step 2, item 2 of 2\n    arguments\n      do: warn\n      long: word word" in output
    assert "      text: |-\n        a\n\n        b\n      list:\n      - a: 1\n" in output
    assert "\n\n[1] Step 1: through with its items\n    done in " in output
    assert "    log\n      2026-01-01 00:00:00.000000: warning: look here\n" in output
