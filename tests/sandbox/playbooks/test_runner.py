"""The playbook runner: real processes that report over real sockets."""

import io
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from sandbox import Sandbox
from sandbox.__main__ import main
from sandbox.demo import demo
from sandbox.example_data import example_event, example_file, example_text
from sandbox.playbooks.access import HeldCollection, Platform
from sandbox.playbooks.events import (
    NodeNotRun,
    NodeOutcome,
    NodeProgress,
    NodeStarted,
    PlaybookRun,
)
from sandbox.playbooks.module import Module
from sandbox.playbooks.playbook import Playbook, PlaybookError
from sandbox.playbooks.reporters import Feed, Reporter
from sandbox.playbooks.stubs import Stub
from sandbox.playbooks.terminal import TerminalReporter
from tests.sandbox.playbooks.exports import condition, playbook

ROOT = Path(__file__).resolve().parents[3]


def _results(outcome: NodeOutcome) -> dict[str, Any]:
    assert outcome.error is None, outcome.error
    assert outcome.results is not None
    return outcome.results


# What a node gets


def test_node_is_a_process_with_the_platforms_settings(
    run: Callable[..., PlaybookRun], sandbox: Sandbox, storage: Path
) -> None:
    """An action gets its command, its arguments, the storage, and secrets only through the callback."""
    (storage / "feed.csv").touch()
    first, second = map(_results, run(playbook({"limit": 3}, {})).outcomes)
    assert first["command"] == "Obey"
    assert first["arguments"] == {"limit": 3}
    assert first["configuration"] == {"base_url": sandbox.url}
    assert first["secrets"] == ["api_key"]
    assert first["storage"] == second["storage"] == str(storage)
    assert first["files"] == ["feed.csv"]
    assert first["process"] != second["process"]


def test_settings_of_the_shell_do_not_reach_the_node(
    run: Callable[..., PlaybookRun], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy and the SDK's own variables in the environment change nothing."""
    monkeypatch.setenv("HTTP_PROXY", "http://192.0.2.1:9")
    monkeypatch.setenv("ARGUMENTS", '{"do": "exit"}')
    assert run(playbook({})).succeeded


def test_arguments_are_rendered_from_earlier_nodes(run: Callable[..., PlaybookRun]) -> None:
    """Templates see the trigger's event as node.0 and results as node.1; one that is a whole argument keeps its type."""
    export = playbook(
        {"n": 7, "names": ["{{ node.0.name }}"]},
        {
            "a": "{{ node.1.arguments.n }}",
            "b": "{{ node[1]['arguments']['names'] }}",
            "c": "{{ node.0['a b'] }}",
            "d": "{{ node.1.arguments.n }} names",
        },
    )
    outcomes = run(export, event={"name": "example.com", "a b": True}).outcomes
    assert _results(outcomes[0])["arguments"] == {"n": 7, "names": ["example.com"]}
    assert _results(outcomes[1])["arguments"] == {"a": 7, "b": ["example.com"], "c": True, "d": "7 names"}


# Progress


class Pusher(Reporter):
    """Sends LiveAPI messages once the node runs, and lets the node go when the last of them is told."""

    def __init__(self, sandbox: Sandbox, gate: Path, messages: list[dict[str, Any] | str | bytes]) -> None:
        self.sandbox, self.gate, self.messages = sandbox, gate, messages
        self.told: list[tuple[int, int]] = []

    def node_started(self, node: NodeStarted) -> None:
        """Sends all."""
        assert (node.key, node.name) == ("1", "Step 1")
        for message in self.messages:
            self.sandbox.push(message)

    def node_progressed(self, progress: NodeProgress) -> None:
        """Notes the figures; (20, 30) is the last that the messages lead to."""
        self.told.append((progress.imported, progress.total))
        if self.told[-1] == (20, 30):
            self.gate.write_text("go")


def test_progress_comes_over_liveapi(run: Callable[..., PlaybookRun], sandbox: Sandbox, storage: Path) -> None:
    """While a node runs the tasks' progress adds up, noise is ignored, and the results have the last word."""
    os.mkfifo(gate := storage / "gate")

    def event(task: str, imported: Any, total: Any) -> dict[str, Any]:
        return {"type": "ioc-collection", "attributes": {"task_id": task, "imported": imported, "total": total}}

    alert = {"type": "alert", "attributes": {"total": 5}}
    noise: list[dict[str, Any] | str | bytes] = ["hello", b"\xff\x00", "[]", alert, {"type": "ioc-collection"}]
    messages = [event("one", 0, 10), *noise, event("one", "10", "10"), event("two", "x", 3), event("two", 10, 20)]
    reporter = Pusher(sandbox, gate, messages)
    outcome = run(playbook({"do": "wait"}), reporter=reporter).outcomes[0]
    assert outcome.error is None
    assert reporter.told == [(0, 10), (10, 10), (20, 30), (30, 30)]


def test_feed_tells_all_as_json(run: Callable[..., PlaybookRun]) -> None:
    """Whoever draws a run gets the graph, then each node with its arguments and its end, then the whole, numbered."""
    told = list[dict[str, Any]]()
    result = run(playbook({"do": "warn"}, {"do": "fail", "error": "No."}), reporter=Feed(told.append))
    assert json.loads(json.dumps(told)) == told
    events = [
        "run-started",
        "node-started",
        "node-finished",
        "node-started",
        "node-finished",
        "run-finished",
        "closed",
    ]
    assert [message["type"] for message in told if message["type"] != "node-progressed"] == events
    assert [message["number"] for message in told] == list(range(len(told)))
    assert len({message["run"] for message in told}) == 1
    started, first, ended, *_, last, _ = (message for message in told if message["type"] != "node-progressed")
    assert [node["key"] for node in started["nodes"]] == ["0", "1", "2"]
    assert started["nodes"][1]["outputs"] == {"default": ["2"]}
    assert first["arguments"] == started["nodes"][1]["template"] == {"do": "warn"}
    assert (ended["status"], ended["warnings"], ended["taken"]) == ("succeeded", ["look here"], {"default": ["2"]})
    assert last["nodes"][1]["error"] == "No."
    assert (last["status"], result.succeeded) == ("failed", False)


# Which way it goes


def _fork(first: dict[str, Any]) -> dict[str, Any]:
    """An export whose node 1 can lead to nodes 2 and 3, of which each leads to node 4."""
    export = playbook({}, {}, {}, {})
    export["nodes"]["1"] |= first
    export["nodes"]["2"]["outputs"] = export["nodes"]["3"]["outputs"] = {"default": ["4"]}
    return export


@pytest.mark.parametrize(("urgency", "taken", "other"), [(80, "2", "3"), (20, "3", "2")])
def test_condition_takes_one_branch(run: Callable[..., PlaybookRun], urgency: int, taken: str, other: str) -> None:
    """One of a condition's branches is taken; the other's node is not run, and that is not a failure."""
    export = _fork(condition(("urgent", "{{ node.0.urgency }}", ">=", "{{ 70 }}"), urgent=["2"], **{"else": ["3"]}))
    result = run(export, event={"urgency": urgency})
    assert [outcome.key for outcome in result.outcomes] == ["1", taken, "4"]
    assert result.not_run == [NodeNotRun(other, f"Step {other}")]
    assert result.succeeded
    (case,) = result.outcomes[0].cases
    assert (case.left, case.right, case.holds) == (str(urgency), "70", urgency == 80)
    assert result.outcomes[0].taken == {"urgent" if case.holds else "else": [taken]}


@pytest.mark.parametrize(
    ("set_outputs", "keys"),
    [
        ({"found": True, "not_found": False}, ["1", "2", "4"]),
        ({"found": False, "not_found": True}, ["1", "3", "4"]),
        ({"found": True, "not_found": True}, ["1", "2", "3", "4"]),
        ({"unheard-of": True}, ["1"]),
        ({}, ["1"]),
    ],
)
def test_action_sets_its_outputs(
    run: Callable[..., PlaybookRun], set_outputs: dict[str, bool], keys: list[str]
) -> None:
    """Those of an action's outputs are followed that it sets, all of them, and one that leads nowhere ends there."""
    export = _fork({"arguments": {"do": "choose", "outputs": set_outputs}})
    export["nodes"]["1"]["outputs"] = {"default": [], "found": ["2"], "not_found": ["3"]}
    result = run(export)
    assert [outcome.key for outcome in result.outcomes] == keys
    assert result.succeeded


@pytest.mark.parametrize(
    ("is_set", "keys", "taken"), [(True, ["1", "2", "4"], "found"), (False, ["1", "3", "4"], "default")]
)
def test_output_that_is_set_replaces_default(
    run: Callable[..., PlaybookRun], is_set: bool, keys: list[str], taken: str
) -> None:
    """The default output is taken unless an action sets another."""
    export = _fork({"arguments": {"do": "choose", "outputs": {"found": is_set}}})
    export["nodes"]["1"]["outputs"] = {"found": ["2"], "default": ["3"]}
    result = run(export)
    assert [outcome.key for outcome in result.outcomes] == keys
    assert list(result.outcomes[0].taken) == [taken]


def test_why_a_node_was_not_run(run: Callable[..., PlaybookRun]) -> None:
    """What comes after a failure is told from what was on a branch that was not taken."""
    export = playbook({}, {"do": "fail", "error": "No."}, {}, {})
    export["nodes"]["1"] |= condition(("yes", "1", "==", "1"), yes=["2"], **{"else": ["4"]})
    assert run(export).not_run == [NodeNotRun("3", "Step 3", after="2"), NodeNotRun("4", "Step 4", after="2")]
    export["nodes"]["3"]["outputs"] = {}
    assert run(export).not_run == [NodeNotRun("3", "Step 3", after="2"), NodeNotRun("4", "Step 4")]


def test_condition_that_cannot_be_judged(run: Callable[..., PlaybookRun]) -> None:
    """Sides that cannot be compared make the condition fail, and no branch is taken."""
    export = _fork(condition(("high", "{{ node.0.urgency }}", ">", "5"), high=["2"], **{"else": ["3"]}))
    result = run(export, event={"urgency": "very"})
    assert [outcome.error for outcome in result.outcomes] == ["The case \"high\" cannot compare 'very' > '5'."]
    assert result.outcomes[0].taken == {}


# What stubs answer


def test_stub_answers_instead_of_a_node(run: Callable[..., PlaybookRun], storage: Path) -> None:
    """A stubbed node is not run: its arguments are rendered, its results go on, its outputs are taken, its files there."""
    export = playbook({"do": "exit", "about": "{{ node.0.alert_uuid }}"}, {"got": "{{ node.1.verdict }}"}, {})
    export["nodes"]["1"] |= {"module_uuid": "elsewhere", "outputs": {"default": [], "known": ["2"], "unknown": ["3"]}}
    export["nodes"]["2"]["outputs"] = {}
    stub = Stub(results={"verdict": "bad"}, outputs={"known": True}, files={"feed/a.csv": "x"})
    result = run(export, event={"alert_uuid": "one"}, stubs={"1": stub})
    first, second = result.outcomes
    assert first.stub
    assert first.arguments == {"do": "exit", "about": "one"}
    assert not second.stub
    assert _results(second)["arguments"] == second.arguments == {"got": "bad"}
    assert _results(second)["files"] == ["feed"]
    assert (storage / "feed" / "a.csv").read_text() == "x"
    assert result.not_run == [NodeNotRun("3", "Step 3")]


def test_stub_can_fail(run: Callable[..., PlaybookRun]) -> None:
    """An error of a stub is the node's."""
    stub = Stub(error="No such alert.", results={"code": 404}, outputs={"known": True})
    result = run(playbook({}, {}), stubs={"1": stub})
    assert result.outcomes[0].taken == {}
    assert [(outcome.error, outcome.results) for outcome in result.outcomes] == [("No such alert.", {"code": 404})]
    assert result.not_run == [NodeNotRun("2", "Step 2", after="1")]


def test_trigger_brings_its_files(run: Callable[..., PlaybookRun], storage: Path) -> None:
    """The files of the trigger's stub are there for the first node."""
    (outcome,) = run(playbook({}), stubs={"0": Stub(files={"feed.csv": "x"})}).outcomes
    assert _results(outcome)["files"] == ["feed.csv"]


def test_collections_that_are_told(run: Callable[..., PlaybookRun], sandbox: Sandbox) -> None:
    """The report has the collections that nodes worked on, not one that is deleted or that a stub made up."""
    made, deleted, stubbed = ({"do": "create", "name": name} for name in ("Made", "Deleted", "Stubbed"))
    export = playbook(made, deleted, stubbed)
    first = run(export, stubs={"3": Stub(results={"collection_id": "ioc-collection--x"})})
    assert [collection.name for collection in first.collections] == ["Made", "Deleted"]
    kept, gone = (collection.id for collection in first.collections)
    url = f"{sandbox.url}/v2/inthreat/ioc-collections/{gone}"
    assert requests.delete(url, headers={"Authorization": f"Bearer {sandbox.api_key}"}, timeout=10).status_code == 204
    reports = ({"do": "report", "results": {"collection_id": collection_id}} for collection_id in (gone, kept, kept))
    assert [collection.name for collection in run(playbook(*reports)).collections] == ["Made"]


# How a node ends


def test_failing_node_stops_its_branch(run: Callable[..., PlaybookRun]) -> None:
    """What comes after a failed node is not run, and its results so far are kept."""
    result = run(playbook({}, {"do": "fail", "error": "Sekoia refused."}, {}))
    assert [outcome.error for outcome in result.outcomes] == [None, "Sekoia refused."]
    assert result.outcomes[1].results == {"imported": 1, "total": 4}
    assert result.not_run == [NodeNotRun("3", "Step 3", after="2")]
    assert not result.succeeded


def test_other_branches_go_on(run: Callable[..., PlaybookRun]) -> None:
    """A failure ends only its own branch, and a node that two others lead to runs once."""
    export = playbook({}, {"do": "fail", "error": "No."}, {}, {})
    nodes = export["nodes"]
    nodes["1"]["outputs"] = {"default": ["2", "3", "4"]}
    nodes["2"]["outputs"], nodes["3"]["outputs"] = {"default": []}, {"default": ["4"]}
    result = run(export)
    assert [outcome.key for outcome in result.outcomes] == ["1", "2", "3", "4"]
    assert result.not_run == []
    assert not result.succeeded


@pytest.mark.parametrize(
    ("action", "error"),
    [
        ("exit", "main.py Obey ended with exit status 3; the last it said was: something broke"),
        ("say nothing", "main.py Obey ended well without reporting its results."),
    ],
)
def test_process_that_reports_nothing(run: Callable[..., PlaybookRun], action: str, error: str) -> None:
    """A process that ends without results is an error with its own last words."""
    assert run(playbook({"do": action})).outcomes[0].error == error


@pytest.mark.parametrize("action", ["hang", "ignore SIGTERM"])
def test_process_that_does_not_end(
    run: Callable[..., PlaybookRun], action: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process is terminated at its deadline, and killed when that does not help."""
    monkeypatch.setattr("sandbox.playbooks.process.GRACE_SECONDS", 0.2)
    outcome = run(playbook({"do": action}), timeout=0.8).outcomes[0]
    assert outcome.error == "It was ended because it ran for more than 0.8 s."
    assert outcome.seconds < 3


# Files that cannot be used


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "cannot be read: No such file or directory."),
        ("{", "is not valid JSON: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)."),
        ("[]", "holds no JSON object."),
        ('{"name": "x"}', "is not a playbook: nodes: Field required."),
        ('{"name": "x", "nodes": {}}', "is not a playbook: it has no trigger, so nothing starts it."),
        (
            '{"name": "x", "nodes": {"0": {"name": "t", "type": "trigger", "outputs": {"default": ["5"]}}}}',
            "is not a playbook: node 0 leads to node 5, which does not exist.",
        ),
    ],
)
def test_playbook_that_cannot_be_used(tmp_path: Path, content: str | None, reason: str) -> None:
    """What is wrong with a file is said in one sentence that begins with its name."""
    path = tmp_path / "playbook.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(PlaybookError) as raised:
        Playbook.load(path)
    assert str(raised.value) == f"{path} {reason}"


def test_module_that_cannot_be_used(tmp_path: Path) -> None:
    """A folder without manifest, or with one that lacks its uuid, is no module."""
    with pytest.raises(PlaybookError, match=r"manifest\.json cannot be read: No such file"):
        Module.load(tmp_path)
    (tmp_path / "manifest.json").write_text("{}")
    with pytest.raises(PlaybookError, match="has no uuid"):
        Module.load(tmp_path)


def test_sandbox_that_cannot_be_used(sandbox: Sandbox) -> None:
    """A sandbox that refuses or is gone is a sentence, too."""
    with pytest.raises(PlaybookError, match="does not give /v2/inthreat/ioc-collections/x: it refuses the key"):
        Platform.at(sandbox.url, "wrong").collection("x")
    with pytest.raises(PlaybookError, match="it answered 404"):
        Platform.of(sandbox).collection("x")
    with Sandbox() as other:
        gone = other.url
    with pytest.raises(PlaybookError, match="nobody answers"):
        Platform.at(gone, "key").collection("x")


# The command line and what it prints


def _files(module: Module, tmp_path: Path, export: dict[str, Any]) -> list[str]:
    path = tmp_path / "playbook.json"
    path.write_text(json.dumps(export))
    return ["run", str(path), "--module-dir", str(module.folder)]


def test_command_runs_on_a_sandbox_that_is_served(
    sandbox: Sandbox, module: Module, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`run --url … --json` uses the sandbox at that address, and prints one document."""
    (event := tmp_path / "event.json").write_text('{"name": "From the trigger"}')
    files = _files(module, tmp_path, playbook({"do": "create", "name": "{{ node.0.name }}"}))
    target = ["--url", sandbox.url, "--api-key", sandbox.api_key]
    assert main([*files, "--trigger", str(event), *target, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["status"] == "succeeded"
    assert [node["status"] for node in document["nodes"]] == ["succeeded"]
    (collection,) = document["collections"]
    assert collection["name"] == "From the trigger"
    assert collection["total"] == 0


def test_command_reports_in_plain_lines(module: Module, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a terminal: short lines without control characters, with warnings, the error, and what was not run."""
    error = "It went wrong \x1b[31m" + "for a long reason " * 12
    files = _files(module, tmp_path, playbook({"do": "warn"}, {"do": "fail", "error": error}, {}))
    assert main(files) == 1
    output = capsys.readouterr().out
    assert output.isascii()
    assert all(line.isprintable() and len(line) < 100 and line == line.rstrip() for line in output.splitlines())
    assert output.count("    warning: look here\n") == 1
    assert re.search(r"^    failed after \d\.\d s: It went wrong", output, re.MULTILINE)
    assert "    imported: 1; total: 4\n" in output
    assert "[3] Step 3: not run, node 2 failed before\n" in output
    assert output.endswith("see node 2.\n")


def _branching(tmp_path: Path) -> dict[str, Any]:
    """An export with a stubbed node, a condition and a branch that is not taken; its examples lie beside it."""
    export = playbook({}, {}, {}, {})
    export["nodes"]["1"] |= {"name": "Comment", "module_uuid": "elsewhere"}
    export["nodes"]["1"]["arguments"] = {"content": "Seen:\n{{ node.0.names }}", "author": None, "long": "word " * 600}
    export["nodes"]["2"] |= condition(("Yes", "{{ node.1.score }}", ">=", "70"), Yes=["3"], **{"else": ["4"]})
    export["nodes"]["3"] |= {"arguments": {"do": "report", "results": {"revoked": ["a.example"] * 20, "empty": []}}}
    export["nodes"]["3"]["outputs"] = {"default": []}
    (tmp_path / "playbook.stubs.yaml").write_text("Comment: {results: {score: 80}}")
    (tmp_path / "playbook.trigger.json").write_text('{"names": ["a.example", "b.example"], "count": 2}')
    return export


def test_command_reports_stubs_and_branches(
    module: Module, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The examples beside a playbook are used and named; what a stub would get, and the way taken, are plain to see."""
    assert main(_files(module, tmp_path, _branching(tmp_path))) == 0
    output = capsys.readouterr().out
    assert all(line.isprintable() and len(line) < 100 for line in output.splitlines() if str(tmp_path) not in line)
    # A long path has a line of its own.
    assert f"trigger: {tmp_path}/playbook.trigger.json stubs: {tmp_path}/playbook.stubs.yaml" in " ".join(
        output.split()
    )
    assert "[0] Start\n    names: a.example, b.example; count: 2\n" in output
    assert (
        "[1] Comment\n    stub: this node is not run, and would get\n"
        "      content: Seen:\n      ['a.example', 'b.example']\n      author: null\n" in output
    )
    assert "... (3,000 characters)\n    answers score: 80\n" in output
    assert '[2] Check\n    Yes: yes, 80 >= 70\n    branch "Yes" is taken, followed by node 3\n' in output
    assert f"    revoked: {', '.join(['a.example'] * 6)}, ... (20)\n" in output
    assert "[4] Step 4: not run, its branch was not taken\n" in output


def test_command_reports_to_programs(module: Module, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--json` tells the same: the files, the event, rendered arguments, stubs, cases, branches, and what was not run."""
    assert main([*_files(module, tmp_path, _branching(tmp_path)), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["inputs"] == {
        "trigger": str(tmp_path / "playbook.trigger.json"),
        "stubs": str(tmp_path / "playbook.stubs.yaml"),
    }
    assert document["event"] == {"names": ["a.example", "b.example"], "count": 2}
    comment, check, step, not_run = document["nodes"]
    assert (comment["stub"], comment["results"]) == (True, {"score": 80})
    assert comment["arguments"]["content"] == "Seen:\n['a.example', 'b.example']"
    assert check["cases"] == [{"name": "Yes", "left": "80", "comparison": ">=", "right": "70", "holds": True}]
    assert (check["taken"], check["stub"], check["status"]) == ({"Yes": ["3"]}, False, "succeeded")
    assert step["arguments"]["do"] == "report"
    assert not_run == {"key": "4", "name": "Step 4", "after": None, "waits_for": [], "status": "not run"}


def test_command_takes_other_examples(module: Module, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--trigger` and `--stubs` win over the files beside the playbook."""
    files = _files(module, tmp_path, _branching(tmp_path))
    (stubs := tmp_path / "other.yaml").write_text("1: {results: {score: 3}}")
    (event := tmp_path / "other.json").write_text('{"names": []}')
    assert main([*files, "--stubs", str(stubs), "--trigger", str(event), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["inputs"] == {"trigger": str(event), "stubs": str(stubs)}
    assert document["event"] == {"names": []}
    assert [node["key"] for node in document["nodes"] if node["status"] == "not run"] == ["3"]


def test_command_refuses_stubs_for_another_playbook(
    module: Module, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Stubs that name a node which is not there are exit status 2, and nothing is run."""
    files = _files(module, tmp_path, playbook({}))
    (stubs := tmp_path / "other.yaml").write_text("Elsewhere: {}")
    assert main([*files, "--stubs", str(stubs), "--json"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err == f"error: {stubs} cannot be used: The playbook has no node Elsewhere.\n"


def test_command_refuses_what_it_cannot_use(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Unusable files are exit status 2 and a sentence on standard error."""
    assert main(["run", str(tmp_path / "none.json")]) == 2
    assert main(["run", "x.json", "--storage", str(tmp_path / "none")]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert re.fullmatch(
        r"error: .+none\.json cannot be read: .+\.\nerror: The storage .+none is not a folder: make it, .+\.\n", err
    )


def test_command_does_not_serve_twice(sandbox: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    """A port that is taken is exit status 2 and a sentence."""
    assert main(["serve", "--port", str(urlsplit(sandbox.url).port)]) == 2
    assert re.fullmatch(r"error: Port \d+ is in use, .* choose another with --port\.\n", capsys.readouterr().err)


def test_command_ends_its_nodes_when_it_is_ended(module: Module, tmp_path: Path, storage: Path) -> None:
    """SIGTERM to the runner ends the process of the node that runs."""
    os.mkfifo(gate := storage / "gate")
    files = _files(module, tmp_path, playbook({"do": "hang"}))
    command = [sys.executable, "-m", "sandbox", *files, "--storage", str(storage), "--json"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL) as runner:
        node = int(gate.read_text())
        runner.terminate()
        assert runner.wait(10) == 128 + signal.SIGTERM
    with pytest.raises(ProcessLookupError):
        os.kill(node, 0)


def test_progress_in_plain_lines() -> None:
    """Progress is a line each 10 %, whatever the number of events, and 100 % is told once."""
    stream = io.StringIO()
    reporter = TerminalReporter(stream)
    for imported in (*range(0, 2001, 7), 2000, 2000):
        reporter.node_progressed(NodeProgress("1", imported, 2000))
    lines = stream.getvalue().splitlines()
    assert len(lines) == 11
    assert lines[0] == "      0 %  0 of 2,000 indicators"
    assert lines[-1] == "    100 %  2,000 of 2,000 indicators"


def test_one_indicator_is_one() -> None:
    """Its progress, and the collection that holds it."""
    reporter = TerminalReporter(stream := io.StringIO())
    reporter.node_progressed(NodeProgress("1", 1, 1))
    reporter.run_finished(PlaybookRun("Test", {}, {}, 1, [], [], [HeldCollection("1", "Feed", 1, 0, {"url": 1})]))
    assert stream.getvalue().splitlines()[::2] == [
        "    100 %  1 of 1 indicator",
        'Collection "Feed" holds 1 indicator',
        "Finished in 1.0 s.",
    ]


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        """Yes."""
        return True


def test_progress_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal there is a bar, which ends at 100 %, and the error is red."""
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    reporter = TerminalReporter(stream := Terminal())
    reporter.node_progressed(NodeProgress("1", 500, 1000))
    reporter.node_progressed(NodeProgress("1", 1000, 1000))
    reporter.node_finished(NodeOutcome("2", "Import", results={"status": "completed"}))
    reporter.node_finished(NodeOutcome("3", "Import", error="No."))
    assert "100%" in stream.getvalue()
    assert "1,000 of 1,000 indicators" in stream.getvalue()
    assert re.search(r"\x1b\[1;31m.*No\.", stream.getvalue())


def test_json_names_what_was_not_run() -> None:
    """The document has each node once, and says of each whether it ran."""
    outcomes = [NodeOutcome("1", "A", results={"x": 1}), NodeOutcome("2", "B", error="No.")]
    run = PlaybookRun("Test", {}, {}, 1.23456, outcomes, [NodeNotRun("3", "C", after="2")], [])
    document = run.as_json()
    assert [(node["key"], node["status"]) for node in document["nodes"]] == [
        ("1", "succeeded"),
        ("2", "failed"),
        ("3", "not run"),
    ]
    assert document["status"] == "failed"
    assert document["seconds"] == 1.235


# The module itself


def test_examples_are_distinct_and_the_same_each_time(tmp_path: Path) -> None:
    """The demo's indicators are deterministic, none is there twice, and the text fits into an argument."""
    values = [*example_text(), *(row[0] for row in example_file())]
    assert len(set(values)) == len(values) > 3000
    assert values == [*example_text(), *(row[0] for row in example_file())]
    assert len(json.dumps(example_event(tmp_path))) < 120 * 1024
    assert len((tmp_path / "indicators.csv").read_text().splitlines()) == 1 + len(list(example_file()))


def test_demo(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The demo runs this module for real, finds every indicator again, and shows what it does on an alert."""
    monkeypatch.setattr("sandbox.demo.PACE", 0)
    status = demo()
    output = capsys.readouterr().out
    assert status == 0, output
    own, alert = output.split('Playbook "Alert to blocklist"')
    assert own.count("100 %  ") == 2
    assert "status: completed" in own
    assert 'Collection "Our own CTI" holds 3,800 indicators' in own
    assert "content: Imported into the IOC collection" in alert
    assert 'Collection "Alert blocklist" holds 5 indicators' in alert
    assert "    [ipv4-addr:value = '203.0.113.7'] until 20" in alert
    assert "[8] Comment that there is nothing: not run, its branch was not taken" in alert
    assert all(len(line) < 100 for line in output.splitlines())


def test_demo_notices_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The demo fails when indicators did not arrive, here because nothing imports them."""
    nodes = {"0": {"name": "Start", "type": "trigger", "outputs": {}}}
    (path := tmp_path / "playbook.json").write_text(json.dumps({"name": "Nothing", "nodes": nodes}))
    monkeypatch.setattr("sandbox.demo.PLAYBOOK", path)
    monkeypatch.setattr("sandbox.demo.PACE", 0)
    assert demo() == 1
    assert "Sent 3,800 indicators: 3,800 are missing, 0 were not sent" in capsys.readouterr().out
