"""Faults over HTTP, for whoever has the token."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from sandbox import Faults, Sandbox
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
def test_misspelled_faults(sandbox: Sandbox, body: Any, message: str) -> None:
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
