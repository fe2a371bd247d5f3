"""`python -m sandbox run`: what it takes, and what it prints."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sandbox import Sandbox
from sandbox.__main__ import main
from sandbox.playbooks.module import Module
from tests.sandbox.playbooks.exports import condition, playbook

ROOT = Path(__file__).resolve().parents[2]


def _files(module: Module, tmp_path: Path, export: dict[str, Any]) -> list[str]:
    path = tmp_path / "playbook.json"
    path.write_text(json.dumps(export))
    return ["run", str(path), "--module-dir", str(module.folder)]


def test_runs_on_a_sandbox_that_is_served(
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


def test_reports_in_plain_lines(module: Module, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
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


def test_reports_stubs_and_branches(module: Module, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
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


def test_reports_to_programs(module: Module, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
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


def test_takes_other_examples(module: Module, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--trigger` and `--stubs` win over the files beside the playbook."""
    files = _files(module, tmp_path, _branching(tmp_path))
    (stubs := tmp_path / "other.yaml").write_text("1: {results: {score: 3}}")
    (event := tmp_path / "other.json").write_text('{"names": []}')
    assert main([*files, "--stubs", str(stubs), "--trigger", str(event), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["inputs"] == {"trigger": str(event), "stubs": str(stubs)}
    assert document["event"] == {"names": []}
    assert [node["key"] for node in document["nodes"] if node["status"] == "not run"] == ["3"]
    stubs.write_text("0: {results: {names: [stub.example]}}\n1: {results: {score: 3}}")
    assert main([*files, "--stubs", str(stubs), "--json"]) == 0  # the trigger's stub, not the file beside the playbook
    document = json.loads(capsys.readouterr().out)
    assert (document["event"], document["inputs"]) == ({"names": ["stub.example"]}, {"stubs": str(stubs)})
    assert main([*files, "--stubs", str(stubs), "--trigger", str(event), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["event"] == {"names": []}


def test_refuses_stubs_for_another_playbook(
    module: Module, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Stubs that name a node which is not there are exit status 2, and nothing is run."""
    files = _files(module, tmp_path, playbook({}))
    (stubs := tmp_path / "other.yaml").write_text("Elsewhere: {}")
    assert main([*files, "--stubs", str(stubs), "--json"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err == f"error: {stubs} cannot be used: The playbook has no node Elsewhere.\n"


def test_refuses_what_it_cannot_use(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Unusable files are exit status 2 and a sentence on standard error."""
    assert main(["run", str(tmp_path / "none.json")]) == 2
    assert main(["run", "x.json", "--storage", str(tmp_path / "none")]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert re.fullmatch(
        r"error: .+none\.json cannot be read: .+\.\nerror: The storage .+none is not a folder: create it, .+\.\n", err
    )


def test_ends_its_nodes_when_it_is_ended(module: Module, tmp_path: Path, storage: Path) -> None:
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
