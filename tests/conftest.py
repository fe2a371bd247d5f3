"""What all tests share: a sandbox, and the platform's part in running an action."""

from __future__ import annotations

import gc
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from main import main
from sandbox import Sandbox
from sandbox.sekoia.callback import NodeRun
from sekoia_cti.client.waiting import Deadline, Patience
from sekoia_cti.platform.action import SekoiaAction
from sekoia_cti.platform.module import SekoiaCTIModule
from sekoia_cti.platform.sekoia_item import SekoiaItem

ROOT = Path(__file__).parent.parent

INHERITED = ("PATH", "HOME", "LANG", "LC_", "TZ", "TMPDIR", "LD_", "PY", "COV", "PIP_", "VIRTUAL_ENV")
"""What the names of variables start with that tests need from whoever runs them."""

# The examples of Hypothesis are the same in each run, so that a change alone decides whether the tests pass; those that
# nobody has seen yet are looked for with --hypothesis-profile=search. How long one takes is the machine's business.
UNHURRIED: dict[str, Any] = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("repeatable", derandomize=True, **UNHURRIED)
settings.register_profile("search", max_examples=1_000, print_blob=True, **UNHURRIED)
settings.load_profile("repeatable")


def pytest_configure() -> None:
    """Leave a proxy, certificates and keys of the person who runs the tests out of them.

    Each call over HTTP reads through the whole environment besides, twice.
    """
    for name in set(os.environ):
        if not name.startswith(INHERITED):
            del os.environ[name]
    if (
        signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    ):  # as of a job in the background: what tests start would inherit it
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_finish() -> None:
    """Keep the thousands of test objects, which live until the end, out of each garbage collection."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def _sandbox() -> Iterator[Sandbox]:
    # Its thread runs nothing of what coverage measures, and following it line by line would cost as much again.
    trace = threading.gettrace()
    threading.settrace(None)
    with Sandbox() as sandbox:
        threading.settrace(trace)
        yield sandbox


@pytest.fixture
def sandbox(_sandbox: Sandbox) -> Iterator[Sandbox]:
    """A local Sekoia, empty and without faults."""
    yield _sandbox
    _sandbox.reset()


@pytest.fixture(autouse=True, scope="session")
def _no_waiting() -> None:
    """The switch that removes waiting from everything that runs in this process."""
    SekoiaItem.patience = Patience.none()


@dataclass(frozen=True)
class Run:
    """What the platform received at the end of a run."""

    results: dict[str, Any] | None
    error: str | None
    logs: str
    outputs: dict[str, bool]


class Platform:
    """Runs actions in this process the way the platform does: configuration, arguments, and the callback."""

    def __init__(self, sandbox: Sandbox, storage: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.sandbox = sandbox
        self.storage = storage
        self.module_configuration: dict[str, Any] = {"base_url": sandbox.url}
        self.secrets: dict[str, Any] = {"api_key": sandbox.api_key}
        self._monkeypatch = monkeypatch

    def run(self, action: type[SekoiaAction], **arguments: Any) -> Run:
        """Run an action to its end."""
        return self.run_with(action, arguments)

    def run_with(self, action: type[SekoiaAction], arguments: object) -> Run:
        """The same with arguments of any shape."""
        node_run = self.sandbox.node_run(self.secrets)
        self._monkeypatch.setenv("MODULE_CONFIGURATION", json.dumps(self.module_configuration))
        self._monkeypatch.setenv("ARGUMENTS", json.dumps(arguments))
        self._monkeypatch.setenv("TOKEN", node_run.token)
        self._monkeypatch.setenv("URL_CALLBACK", node_run.url)
        action(SekoiaCTIModule(), self.storage).execute()
        told = node_run.received[-1]
        return Run(told.get("results"), told.get("error"), told.get("logs") or "", told.get("outputs") or {})


def _environment(
    sandbox: Sandbox, node_run: NodeRun, storage: Path | None, arguments: dict[str, Any]
) -> dict[str, str]:
    return {
        "MODULE_CONFIGURATION": json.dumps({"base_url": sandbox.url}),
        "ARGUMENTS": json.dumps(arguments),
        "TOKEN": node_run.token,
        "URL_CALLBACK": node_run.url,
        "SUB_FOLDER": str(storage or ""),
    }


def run_as_process(sandbox: Sandbox, command: str, storage: Path | None = None, **arguments: Any) -> dict[str, Any]:
    """Run a command of `main.py` in a separate process, like the platform; returns what the platform received at the
    end."""
    node_run = sandbox.node_run()
    done = subprocess.run(
        [sys.executable, "main.py", command],
        cwd=ROOT,
        env={**os.environ, **_environment(sandbox, node_run, storage, arguments)},
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        timeout=30,
    )
    assert (
        not done.returncode
    ), f"`main.py {command}` failed; is the action registered in main.py? It said: {done.stderr}"
    return node_run.received[-1]


Command = Callable[..., dict[str, Any]]


@pytest.fixture
def command(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Runs a command of `main.py` in this process; the same as :func:`run_as_process`, for a tenth of the time."""

    def run(command: str, storage: Path | None = None, **arguments: Any) -> dict[str, Any]:
        node_run = sandbox.node_run()
        for name, value in _environment(sandbox, node_run, storage, arguments).items():
            monkeypatch.setenv(name, value)
        monkeypatch.chdir(ROOT)
        monkeypatch.setattr(sys, "argv", ["main.py", command])
        main()
        return node_run.received[-1]

    return run


@pytest.fixture
def platform(sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Platform:
    """The platform, in front of the sandbox, with an empty storage."""
    monkeypatch.chdir(ROOT)  # where the SDK looks for the manifest
    return Platform(sandbox, tmp_path, monkeypatch)


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs end after three seconds, although the argument ``timeout`` must be at least ten."""
    deadline = cached_property(lambda _action: Deadline(3.0))
    deadline.__set_name__(SekoiaAction, "deadline")
    monkeypatch.setattr(SekoiaAction, "deadline", deadline)


@pytest.fixture
def collection_id(sandbox: Sandbox) -> str:
    """The id of an empty IOC collection."""
    return str(sandbox.create_collection(name="Blocklist")["id"])
