"""The playbook runner: real processes that report over real sockets."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests

from sandbox import Sandbox
from sandbox.playbooks.access import Platform
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
