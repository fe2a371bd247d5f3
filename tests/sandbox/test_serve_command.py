"""`python -m sandbox serve`: what it takes, what it says, and how it ends."""

import os
import re
import shlex
import signal
import subprocess
import sys
import threading
from itertools import takewhile
from pathlib import Path

import pytest
import requests

from sandbox import Faults, RestFault, Sandbox
from sandbox.__main__ import main
from sandbox.serve_command import line_of
from tests.sandbox.conftest import API


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_serve(tmp_path: Path, stop: signal.Signals) -> None:
    """It prints where it serves, and ends well when it is interrupted."""
    code = "from sandbox import Sandbox; from sandbox.serve_command import serve; serve(Sandbox(0, None, 'key', 'read-key'))"
    with subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONWARNINGS": "error"},
    ) as process:
        assert process.stdout is not None
        lines = iter(process.stdout.readline, "")
        said = "".join(line for line in takewhile(lambda line: "Ctrl+C" not in line, lines))
        url = said.partition("REST")[2].split()[0]
        assert (
            requests.get(f"{url}/ioc-collections", headers={"Authorization": "Bearer key"}, timeout=5).status_code
            == 200
        )
        process.send_signal(stop)
        _, errors = process.communicate(timeout=10)
    assert (process.returncode, errors) == (0, "")
    for word in ("ws://", "read-key", "/docs", "MODULE_CONFIGURATION", "URL_CALLBACK", "main.py CreateIOCCollection"):
        assert word in said


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
        (["--storage", "nowhere"], "error: The storage nowhere is not a folder: create it, or omit --storage."),
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
