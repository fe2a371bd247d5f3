"""Faults from outside: over HTTP for whoever has the token, and on the command line."""

import re
import shlex
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from sandbox import Faults, RestFault, Sandbox
from sandbox.__main__ import main
from sandbox.serve_command import line_of
from tests.sandbox.conftest import API


@pytest.fixture(scope="module")
def named() -> Iterator[Sandbox]:
    """A sandbox that has another name as well."""
    with Sandbox(allowed_hosts=["sandbox.test"]) as sandbox:
        yield sandbox


def _faults(sandbox: Sandbox, method: str = "PUT", body: Any = None, **headers: str) -> requests.Response:
    headers = {"X-Sandbox-Token": sandbox.token, **{name.replace("_", "-"): value for name, value in headers.items()}}
    return requests.request(method, f"{sandbox.url}/sandbox/faults", json=body, headers=headers, timeout=5)


def test_faults_at_run_time(api: API, sandbox: Sandbox) -> None:
    """What is put is in force at once, and nothing else; it can be read."""
    rest = {"path": "collections$", "status": 429, "headers": {"Retry-After": "1"}}
    assert _faults(sandbox, body={"tasks": "denied", "stall_after": 0.5, "rest": [rest]}).status_code == 200
    assert (sandbox.faults.tasks, sandbox.faults.stall_after) == ("denied", 0.5)
    assert api("GET", "/ioc-collections").headers["Retry-After"] == "1"
    assert _faults(sandbox, "GET").json() == sandbox.faults.model_dump()
    _faults(sandbox, body={})
    assert sandbox.faults == Faults()


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"task": "denied"}, "task: Extra"),
        ({"tasks": "no"}, "tasks: Input should be 'known', 'unknown' or 'denied'"),
        ({"rest": [{"status": 42}]}, "rest.0.status: "),
        ([], ""),
    ],
)
def test_misspelt_faults(sandbox: Sandbox, body: Any, message: str) -> None:
    """What is no fault is refused, and changes nothing."""
    answer = _faults(sandbox, body=body)
    assert answer.status_code == 400
    assert answer.json()["message"].startswith(message)
    assert sandbox.faults == Faults()


@pytest.mark.parametrize(
    ("headers", "allowed"),
    [
        ({}, True),
        ({"Host": "localhost:8000"}, True),
        ({"Host": "[::1]:8000", "Origin": "http://127.0.0.1:8000"}, True),
        ({"Host": "sandbox.test"}, True),
        ({"Host": "rebound.example"}, False),
        ({"Host": "127.0.0.1.example"}, False),
        ({"Host": "[x"}, False),
        ({"Host": ""}, False),
        ({"Origin": "https://evil.example"}, False),
        ({"Origin": "null"}, False),
        ({"X_Sandbox_Token": "wrong"}, False),
        ({"X_Sandbox_Token": ""}, False),
    ],
)
def test_who_may_change_faults(named: Sandbox, headers: dict[str, str], allowed: bool) -> None:
    """Only who has the token, by a name of this machine or one that is allowed, and not from another site's page."""
    named.reset()
    answer = _faults(named, body={"tasks": "denied"}, **headers)
    assert answer.status_code == (200 if allowed else 403)
    assert named.faults.tasks == ("denied" if allowed else "known")
    reading = {name: value for name, value in headers.items() if name != "X_Sandbox_Token"}
    answer = _faults(named, "GET", X_Sandbox_Token="", **reading)
    assert answer.status_code == (200 if allowed or not reading else 403)


def test_faults_from_the_start() -> None:
    """A sandbox can begin with faults, to which a reset returns."""
    with Sandbox(faults=Faults(tasks="unknown"), token="t") as sandbox:
        assert sandbox.token == "t"
        sandbox.faults.me = "denied"
        sandbox.reset()
        assert sandbox.faults == Faults(tasks="unknown")


@pytest.mark.parametrize("port", ["80801", "-1", "x", "٣"])
def test_no_port(capsys: pytest.CaptureFixture[str], port: str) -> None:
    """What is not a port is said, with what is one."""
    with pytest.raises(SystemExit):
        main(["serve", f"--port={port}"])
    assert f"{port} is not a port: choose one from 1 to 65535, or 0 for a free one" in capsys.readouterr().err


def test_an_action_by_hand_names_the_interpreter(capsys: pytest.CaptureFixture[str]) -> None:
    """What the sandbox prints can be pasted where there is no command `python`, or where it knows no SDK."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})  # kept for the sandbox, which ends at once
    signal.pthread_kill(threading.get_ident(), signal.SIGTERM)
    try:
        assert main(["serve", "--port", "0"]) == 0
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
    (command,) = (
        line for line in capsys.readouterr().out.splitlines() if line.endswith(" main.py CreateIOCCollection")
    )
    interpreter = Path(shlex.split(command)[-3])
    assert interpreter.absolute() == Path(sys.executable)


def test_a_port_in_use(capsys: pytest.CaptureFixture[str], sandbox: Sandbox) -> None:
    """Whoever starts a second sandbox is told what to do."""
    port = sandbox.url.rpartition(":")[2]
    assert main(["serve", "--port", port]) == 2
    said = f"error: Port {port} is in use, perhaps by another sandbox: end that, or choose another with --port.\n"
    assert capsys.readouterr().err == said


def test_no_database(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """A file that holds something else is left alone."""
    (file := tmp_path / "notes.txt").write_text("no database " * 100)
    assert main(["serve", "--port", "0", "--db", str(file)]) == 2
    assert f"cannot keep its state in {file}: " in capsys.readouterr().err
    assert file.read_text().startswith("no database")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("tasks", "'tasks' is not of the form NAME=VALUE."),
        ("tasks=no", "tasks: Input should be 'known', 'unknown' or 'denied'. The faults are rest, callback, "),
        ("task=1", "task: Extra inputs are not permitted"),
        ("stall_after=2", "stall_after: "),
    ],
)
def test_faults_of_the_command_line(capsys: pytest.CaptureFixture[str], given: str, said: str) -> None:
    """What is no fault is said before anything is served."""
    assert main(["serve", "--port", "0", "--fault", given]) == 2
    assert capsys.readouterr().err.startswith(f"error: --fault: {said}")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--pace=x"], "x is not a pace: give indicators a second, or 0 for no limit"),
        (["--pace=-1"], "-1 is not a pace"),
        (["--pace=nan"], "nan is not a pace"),
        (["--storage", "nowhere"], "error: The storage nowhere is not a folder: make it, or leave --storage out."),
        (["--module-dir", "nowhere"], "Give --module-dir the folder that holds a module's manifest.json."),
    ],
)
def test_what_cannot_be_served(capsys: pytest.CaptureFixture[str], arguments: list[str], said: str) -> None:
    """What is wrong with an option is said in a sentence before anything is served."""
    try:
        assert main(["serve", "--port", "0", *arguments]) == 2
    except SystemExit as ended:
        assert ended.code == 2
    assert said in capsys.readouterr().err


def test_a_line_for_each_request(capsys: pytest.CaptureFixture[str]) -> None:
    """Who serves sees what came in, from nodes too: status, time and size, with no key in it."""
    with Sandbox(told=line_of, faults=Faults(rest=[RestFault(path="cut", cut="before")])) as sandbox:
        api = API(sandbox)
        with api.session:
            api("POST", "/ioc-collections", json={"name": "Blocklist"})
            api("GET", "/ioc-collections?limit=1&term=a b")
            with pytest.raises(requests.ConnectionError):
                api("GET", "/cut")
            key = {"Authorization": f"Bearer {sandbox.api_key}"}
            requests.patch(f"{sandbox.url}/callback/1", json={"status": "finished"}, headers=key, timeout=5)
        sandbox.wait_for(lambda: sandbox.requests[-1].seconds is not None)
    said = capsys.readouterr().out
    lines = [re.sub(r"^[\d:]{8}|[\d.]+ m?s", "…", line) for line in said.splitlines()]
    assert [" ".join(line.split()) for line in lines] == [
        "… 201 … 21 B POST /v2/inthreat/ioc-collections",
        "… 200 … 0 B GET /v2/inthreat/ioc-collections?limit=1&term=a+b",
        "… none … 0 B GET /v2/inthreat/cut",
        "… 200 … 22 B PATCH /callback/1 (platform)",
    ]
    assert sandbox.api_key not in said


def test_documentation_without_internet(sandbox: Sandbox) -> None:
    """The page of the API needs nothing from elsewhere, and what it needs is there."""
    page = requests.get(f"{sandbox.url}/docs", timeout=5).text
    needed = re.findall(r"""(?:src|href)=["']([^"']+)""", page) + re.findall(r"url: '([^']+)'", page)
    assert len(needed) == 4
    for path in needed:
        assert path.startswith("/")
        assert requests.head(sandbox.url + path, timeout=5).status_code in (200, 405)
