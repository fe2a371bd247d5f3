"""One process, many runs: on Fission the next run shares the process, so a run must leave nothing behind."""

from __future__ import annotations

import gc
import json
import logging
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import flask
import psutil
import pytest
from sekoia_automation import storage

from main import main
from sandbox import RestFault, Sandbox
from sandbox.sekoia.callback import NodeRun
from sekoia_cti.actions.find_ioc_collection import FindIOCCollection
from tests.conftest import ROOT

RUNS = 18
"""A third of them each way; what one of them leaves behind is then there more often than anything else changes."""


@pytest.fixture
def function(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[flask.Flask]:
    """The Flask application in which Fission calls `main`, with its own storage."""
    state = tmp_path / "state.json"
    state.write_text(json.dumps({"filepath": str(ROOT)}))
    monkeypatch.setenv("SYMPHONY_RUNTIME", "fission")
    monkeypatch.setenv("FISSION_STATE_FILE_PATH", str(state))
    monkeypatch.setenv("SUB_FOLDER", str(tmp_path))
    storage.get_data_path.cache_clear()
    application = flask.Flask("fission")
    application.add_url_rule("/", view_func=main, methods=["POST"])
    yield application
    storage.get_data_path.cache_clear()


def call(
    function: flask.Flask,
    sandbox: Sandbox,
    command: str,
    key: str,
    *,
    node_run: NodeRun | None = None,
    sub_folder: Path | None = None,
    **arguments: Any,
) -> dict[str, Any]:
    """One run as Fission makes it: the command in the header, configuration and arguments in the body."""
    node_run = node_run or sandbox.node_run({"api_key": key})
    body = {
        "module_configuration": {"base_url": sandbox.url},
        "arguments": arguments,
        "token": node_run.token,
        "url_callback": node_run.url,
        **({"sub_folder": str(sub_folder)} if sub_folder else {}),
    }
    answer = function.test_client().post("/", headers={"command": command}, json=body)
    assert answer.status_code == 200
    return node_run.received[-1]


def test_actions_run_on_fission(function: flask.Flask, sandbox: Sandbox, tmp_path: Path) -> None:
    """Each action runs inside a request and reports to the callback."""
    created = call(function, sandbox, "CreateIOCCollection", sandbox.api_key, name="Blocklist")
    collection_id = created["results"]["collection_id"]
    (tmp_path / "iocs.csv").write_text("c.example\n")
    for command, arguments in (
        ("ImportIndicatorsFromText", {"text": "a.example\nb.example"}),
        ("ImportIndicatorsFromFile", {"file_path": "iocs.csv", "mapping": "observable", "ignore_first_line": "false"}),
    ):
        given: dict[str, Any] = {"collection_id": collection_id, **arguments}
        told = call(function, sandbox, command, sandbox.api_key, **given)
        assert told["results"]["status"] == "completed"
    assert len(sandbox.indicators(collection_id)) == 3
    found = call(function, sandbox, "FindIOCCollection", sandbox.api_key, name="Blocklist")
    assert found["outputs"] == {"found": True}
    collection = {"collection_id": found["results"]["collection_id"]}
    revoked = call(function, sandbox, "RevokeIndicators", sandbox.api_key, text="a.example", **collection)
    assert revoked["results"]["revoked"] == ["a.example"]
    there = call(function, sandbox, "SearchIndicators", sandbox.api_key, only_active=True, **collection)
    assert there["results"]["count"] == 2
    updated = call(
        function, sandbox, "UpdateIndicators", sandbox.api_key, text="b.example", description="b", **collection
    )
    assert updated["results"]["updated"] == ["b.example"]
    renamed = call(function, sandbox, "UpdateIOCCollection", sandbox.api_key, description="Ours", **collection)
    assert renamed["results"]["description"] == "Ours"
    exported = call(function, sandbox, "ExportIndicators", sandbox.api_key, **collection)
    assert exported["results"]["count"] == 2
    found_in = call(function, sandbox, "ExtractIndicators", sandbox.api_key, text="seen: d[.]example")
    assert [each["value"] for each in found_in["results"]["indicators"]] == ["d.example"]
    followed = call(function, sandbox, "SynchronizeCollection", sandbox.api_key, file_path="iocs.csv", **collection)
    assert followed["results"]["removed"] == ["b.example"]
    deleted = call(function, sandbox, "DeleteIOCCollection", sandbox.api_key, confirm_name="Blocklist", **collection)
    assert deleted["results"]["deleted"] is True
    validated = call(function, sandbox, "validate_module_configuration", sandbox.api_key)
    assert validated["results"] == {"success": True}


@pytest.mark.parametrize(
    ("command", "arguments"),
    [
        ("CreateIOCCollection", {"name": "Blocklist", "reuse_existing": True}),
        ("ImportIndicatorsFromText", {"text": "a.example"}),
        ("ImportIndicatorsFromFile", {"file_path": "iocs.csv", "mapping": ["observable"], "ignore_first_line": False}),
        ("ImportIndicators", {"indicators": ["a.example", {"value": "b.example", "description": "x"}]}),
        ("PreviewIndicatorsFile", {"file_path": "iocs.csv"}),
        ("RevokeIndicators", {"text": "a.example", "indicators_path": "iocs.json"}),
        ("SynchronizeCollection", {"file_path": "iocs.csv", "refresh": "always"}),
    ],
)
@pytest.mark.fault(
    "Many runs in one process, some refused, some with a LiveAPI that drops",
    "No thread, socket, file or handler is left behind, and memory does not grow",
)
def test_many_runs_leave_nothing_behind(
    function: flask.Flask,
    sandbox: Sandbox,
    collection_id: str,
    tmp_path: Path,
    command: str,
    arguments: dict[str, Any],
) -> None:
    """Success, a refused key and a dropped LiveAPI in turn leave no thread, socket, file or handler behind, and memory
    does not grow."""
    (tmp_path / "iocs.csv").write_text("c.example\n")
    (tmp_path / "iocs.json").write_text('["c.example"]')
    if command != "CreateIOCCollection":
        arguments = {**arguments, "collection_id": collection_id}
    process = psutil.Process()

    def runs(count: int) -> None:
        for number in range(count):
            key = "wrong" if number % 3 == 1 else sandbox.api_key
            sandbox.faults.live_close_after = 1 if number % 3 == 2 else None
            sandbox.faults.live_close_code = None
            told = call(function, sandbox, command, key, **arguments)
            assert ("error" in told) == (key == "wrong"), told

    def open_things() -> tuple[int, int, int]:
        gc.collect()
        ours = [thread for thread in threading.enumerate() if thread.name == "liveapi"]
        return process.num_fds(), len(ours), len(logging.getLogger().handlers)

    runs(9)
    sandbox.wait_for(lambda: sandbox.live_connections == 0)
    before, memory = open_things(), process.memory_info().rss
    runs(RUNS)
    # The server in this process ends its side of a connection in its own time.
    sandbox.wait_for(lambda: open_things()[0] <= before[0] + 4)
    assert open_things()[1:] == before[1:]
    assert process.memory_info().rss - memory < RUNS * 150 * 1024


def test_two_runs_at_once_do_not_mix(function: flask.Flask, sandbox: Sandbox) -> None:
    """Two threads import into two collections, and each run reports only its own import."""
    ids = [str(sandbox.create_collection(name=name)["id"]) for name in ("one", "two")]

    def run(collection_id: str, count: int) -> dict[str, Any]:
        text = "\n".join(f"d{number}.{count}.example" for number in range(count))
        return call(
            function, sandbox, "ImportIndicatorsFromText", sandbox.api_key, collection_id=collection_id, text=text
        )

    with ThreadPoolExecutor(2) as pool:
        told = list(pool.map(run, ids, [1_000, 2_000]))
    for collection_id, count, answer in zip(ids, [1_000, 2_000], told, strict=True):
        assert answer["results"]["collection_id"] == collection_id
        assert answer["results"]["imported"] == count
        assert len(sandbox.indicators(collection_id)) == count
        assert ids[1 - ids.index(collection_id)] not in answer["logs"]


@pytest.mark.fault(
    "On Fission, the callback of one run fails while another runs", "Each run's log reports only its own failures"
)
def test_a_run_does_not_hear_of_the_failures_of_another(
    function: flask.Flask, sandbox: Sandbox, collection_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The SDK gives each record of the process to the handlers of all actions that run."""
    monkeypatch.setattr(FindIOCCollection, "_wait_exponent_base", 0)  # the SDK's wait between repetitions
    sandbox.hold_imports()
    failing = sandbox.node_run({"api_key": sandbox.api_key})
    with ThreadPoolExecutor(1) as pool:
        patient = pool.submit(
            call,
            function,
            sandbox,
            "ImportIndicatorsFromText",
            sandbox.api_key,
            collection_id=collection_id,
            text="evil.example",
        )
        sandbox.wait_for(lambda: any(request.path.endswith("/text") for request in sandbox.requests))
        sandbox.faults.callback = [RestFault(path=failing.url.rpartition("/")[2], status=503, times=2)]
        told = call(function, sandbox, "FindIOCCollection", sandbox.api_key, node_run=failing, name="Blocklist")
        sandbox.release_imports()
        undisturbed = patient.result(30)
    assert "HTTP 503" in told["logs"]
    assert undisturbed["results"]["status"] == "completed"
    assert "503" not in undisturbed["logs"]
    assert failing.url not in undisturbed["logs"]


@pytest.mark.fault("On Fission, runs have different storages (`SUB_FOLDER`)", "Each run reads its own files")
def test_each_run_has_its_own_storage(
    function: flask.Flask, sandbox: Sandbox, collection_id: str, tmp_path: Path
) -> None:
    """The SDK finds the storage only once per process."""
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "iocs.txt").write_text(f"{name}.example\n")
        told = call(
            function,
            sandbox,
            "ImportIndicatorsFromText",
            sandbox.api_key,
            sub_folder=tmp_path / name,
            collection_id=collection_id,
            text_path="iocs.txt",
        )
        assert told["results"]["status"] == "completed"
    assert [indicator["name"] for indicator in sandbox.indicators(collection_id)] == ["one.example", "two.example"]
