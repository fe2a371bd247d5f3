"""What a run is expected to do, compared with what it did."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests

from sandbox import Sandbox
from sandbox.__main__ import main
from sandbox.playbooks.access import Platform
from sandbox.playbooks.events import PlaybookRun
from sandbox.playbooks.expect import Expectations
from sandbox.playbooks.playbook import Playbook, PlaybookError
from tests.sandbox.playbooks.exports import condition, playbook

Run = Callable[..., PlaybookRun]
EXPORT = playbook({}, {"do": "report", "results": {"status": "partial", "counts": {"in": 2, "out": 1}, "ids": [1, 2]}})
EXPORT["nodes"]["3"] = condition(("Any", "2", ">", "1"), Any=["4"], **{"else": ["5"]})
EXPORT["nodes"]["2"]["outputs"] = {"default": ["3"]}
for key, name, node in (("4", "Comment", {"do": "fail", "error": "Sekoia said no."}), ("5", "Give up", {})):
    EXPORT["nodes"][key] = {**EXPORT["nodes"]["1"], "name": name, "arguments": node, "outputs": {"default": []}}


def _differences(run: PlaybookRun, sandbox: Sandbox, tmp_path: Path, expected: str) -> list[str]:
    path = tmp_path / "test.expect.yaml"
    path.write_text(expected)
    return Expectations.load(path, Playbook.model_validate(EXPORT)).differences(run, Platform.of(sandbox))


@pytest.mark.parametrize(
    ("expected", "differences"),
    [
        ("{}", []),
        ("status: failed", []),
        ("status: succeeded", ["the run failed, expected: succeeded"]),
        ("nodes: {1: succeeded, Step 2: , Comment: failed, Give up: not run}", []),
        ("nodes: {1: not run}", ["node 1 (Step 1): was run, which was not expected"]),
        ("nodes: {Give up: }", ["node 5 (Give up): was not run"]),
        ("nodes: {4: succeeded}", ["node 4 (Comment): failed (Sekoia said no.), expected: succeeded"]),
        ("nodes: {4: {error: said no}}", []),
        (
            "nodes: {4: {error: timed out}}",
            ["node 4 (Comment): error: 'Sekoia said no.', expected to contain 'timed out'"],
        ),
        ("nodes: {2: {results: {status: partial, counts: {in: 2}}}}", []),
        (
            "nodes: {2: {results: {status: completed, counts: {in: 3, more: 1}, ids: [1]}}}",
            [
                "node 2 (Step 2): results.status: 'partial', expected: 'completed'",
                "node 2 (Step 2): results.counts.in: 2, expected: 3",
                "node 2 (Step 2): results.counts.more: not there, expected: 1",
                "node 2 (Step 2): results.ids: [1, 2], expected: [1]",
            ],
        ),
        ("nodes: {1: {times: 2}}", ["node 1 (Step 1): was run once, expected: 2 times"]),
        ("nodes: {Check: {outputs: [Any]}}", []),
        ("nodes: {Check: {outputs: [else]}}", ["node 3 (Check): outputs: ['Any'], expected: ['else']"]),
    ],
)
def test_nodes(run: Run, sandbox: Sandbox, tmp_path: Path, expected: str, differences: list[str]) -> None:
    """What is expected of a node is compared, and what is not mentioned may be as it likes."""
    assert _differences(_once(run), sandbox, tmp_path, expected) == differences


_RUNS: list[PlaybookRun] = []


def _once(run: Run) -> PlaybookRun:
    """The same run for all that is compared with it."""
    if not _RUNS:
        _RUNS.append(run(EXPORT))
    return _RUNS[0]


@pytest.mark.parametrize(
    ("expected", "differences"),
    [
        ("Feed: [a.example, b.example]", []),
        ("Feed: {count: 2, revoked: [c.example]}", []),
        ("Other: absent", []),
        ("Feed: absent", ["collection 'Feed': is there, expected: absent"]),
        ("Other: ", ["collection 'Other': is not there"]),
        ("Twice: ", ["collection 'Twice': there are 2"]),
        ("Feed: {count: 3}", ["collection 'Feed': holds 2 indicators, expected: 3"]),
        (
            "Feed: {indicators: [a.example, c.example], revoked: []}",
            [
                "collection 'Feed': indicators missing: c.example",
                "collection 'Feed': indicators not expected: b.example",
                "collection 'Feed': revoked not expected: c.example",
            ],
        ),
    ],
)
def test_collections(run: Run, sandbox: Sandbox, tmp_path: Path, expected: str, differences: list[str]) -> None:
    """A collection is known by its name, and what is in it is compared in any order."""
    _fill(sandbox, sandbox.create_collection("Feed")["id"])
    for name in ("Twice", "Twice", "Feeds"):
        sandbox.create_collection(name)
    assert _differences(_once(run), sandbox, tmp_path, f"collections: {{{expected}}}") == differences


def _fill(sandbox: Sandbox, collection_id: str) -> None:
    """Puts three domains into a collection, and revokes the last."""
    url = f"{sandbox.url}/v2/inthreat/ioc-collections/{collection_id}/indicators"
    headers = {"Authorization": f"Bearer {sandbox.api_key}"}
    body = {"indicators": [{"value": f"{name}.example"} for name in "abc"], "default_fields": {}}
    added = requests.post(url, json=body, headers=headers, timeout=5).json()["items"]
    requests.delete(f"{url}/{added[-1]['id']}", headers=headers, timeout=5).raise_for_status()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("[]", "holds no expectations: it must have status, nodes or collections."),
        ("nodes: {Comments: failed}", "cannot be used: The playbook has no node Comments. Did you mean Comment?"),
        ("nodes: {4: failed, Comment: failed}", "says twice what one node is to do, once by its key and once by its "),
        ("nodes: {4: fine}", "cannot be used: nodes.4.status: Input should be 'succeeded', 'handled', 'failed' or "),
        ("node: {}", "cannot be used: node: Extra inputs are not permitted."),
    ],
)
def test_expectations_that_cannot_be_used(tmp_path: Path, content: str, reason: str) -> None:
    """Whatever is wrong is said before anything runs, in one sentence that begins with the file's name."""
    path = tmp_path / "x.expect.yaml"
    path.write_text(content)
    with pytest.raises(PlaybookError) as raised:
        Expectations.load(path, Playbook.model_validate(EXPORT))
    assert str(raised.value).startswith(f"{path} {reason}")


def test_playbook_is_a_test(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The exit status says whether all was as expected, and the difference is printed."""
    export, stubs, expected = (tmp_path / name for name in ("x.json", "x.stubs.yaml", "x.expect.yaml"))
    content: dict[str, Any] = playbook({})
    content["nodes"]["1"]["module_uuid"] = "elsewhere"
    export.write_text(json.dumps(content))
    stubs.write_text("Step 1: {error: It is down.}")
    command = ["run", str(export), "--expect", str(expected)]
    expected.write_text("nodes: {1: failed}")
    assert main(command) == 0
    assert f"Everything is as {expected} expects.\n" in capsys.readouterr().out
    expected.write_text("nodes: {1: succeeded}")
    assert main(command) == 1
    assert capsys.readouterr().out.endswith(
        f"Not as {expected} expects:\n    node 1 (Step 1): failed (It is down.), expected: succeeded\n"
    )
    assert main([*command, "--json"]) == 1
    assert '"differences": [\n    "node 1 (Step 1)' in capsys.readouterr().out
