"""Whose key it is, and what becomes of tasks, over REST and over LiveAPI."""

import json
from typing import Any

import pytest
import requests
from websockets.sync.client import ClientConnection

from sandbox import Sandbox
from tests.sandbox.conftest import API, Listen, import_end

ROOTS = ("/v1", "/api/v1")
COMMUNITY = "6d3bd1e0-7f0c-4f5c-9b1a-1d8a4b4e2c10"
TEXT = "\n".join(f"host-{number}.example" for number in range(1000))


def _get(api: API, sandbox: Sandbox, path: str) -> requests.Response:
    return api.session.get(f"{sandbox.url}{path}", timeout=5)


@pytest.mark.parametrize("root", ROOTS)
def test_me(api: API, sandbox: Sandbox, root: str) -> None:
    """The owner of a known key has a community; without one the answer is 401, and the requests are recorded."""
    assert _get(api, sandbox, f"{root}/me").json()["community_uuid"] == COMMUNITY
    assert requests.get(f"{sandbox.url}{root}/me", timeout=5).status_code == 401
    assert [(request.path, request.status) for request in sandbox.requests] == [
        (f"{root}/me", 200),
        (f"{root}/me", 401),
    ]


@pytest.mark.parametrize(("setting", "status"), [("known", 200), ("unknown", 404), ("denied", 403)])
def test_what_is_known(api: API, sandbox: Sandbox, collection_id: str, setting: Any, status: int) -> None:
    """Both can be unknown, or not for this key."""
    task_id = api.import_text(collection_id, "a.example")
    sandbox.faults.me = sandbox.faults.tasks = setting
    assert _get(api, sandbox, "/v1/me").status_code == status
    assert _get(api, sandbox, f"/v1/tasks/{task_id}").status_code == status
    assert _get(api, sandbox, "/v1/tasks/other").status_code == (404 if status == 200 else status)


@pytest.mark.parametrize("root", ROOTS)
def test_task(api: API, sandbox: Sandbox, listen: Listen, collection_id: str, root: str) -> None:
    """A task waits, runs, and is finished."""

    def task(task_id: str) -> tuple[str, int, int]:
        answer = _get(api, sandbox, f"{root}/tasks/{task_id}").json()
        return answer["status"], answer["attributes"]["imported"], answer["attributes"]["total"]

    sandbox.hold_imports()
    waiting = api.import_text(collection_id, TEXT)
    sandbox.wait_for(lambda: _get(api, sandbox, f"{root}/tasks/{waiting}").status_code == 200)
    sandbox.faults.hold_after = 0.5
    running = api.import_text(collection_id, TEXT)
    sandbox.wait_for(lambda: task(running) == ("RUNNING", 500, 1000))
    assert task(waiting) == ("PENDING", 0, 1000)
    with listen() as connection:
        sandbox.release_imports()
        assert {import_end(connection)["task_id"] for _ in range(2)} == {waiting, running}
    assert task(waiting) == task(running) == ("FINISHED", 1000, 1000)
    sandbox.reset()
    assert _get(api, sandbox, f"{root}/tasks/{running}").status_code == 404


def test_failure(api: API, sandbox: Sandbox, collection_id: str) -> None:
    """An import that fails keeps what it took, and says why."""
    sandbox.faults.fail_after, sandbox.faults.finish_before_answer = 0.3, True
    task = _get(api, sandbox, f"/v1/tasks/{api.import_text(collection_id, TEXT)}").json()
    assert (task["status"], task["attributes"]["imported"]) == ("FAILED", 300)
    assert task["attributes"]["error"]
    assert len(sandbox.indicators(collection_id)) == 300


@pytest.mark.parametrize(
    ("faults", "statuses"),
    [
        ({}, []),
        ({"task_events": True}, ["PENDING", "RUNNING", "FINISHED"]),
        ({"task_events": True, "fail_after": 0.5}, ["PENDING", "RUNNING", "FAILED"]),
        ({"task_events": True, "lose_events": "last"}, ["PENDING", "RUNNING"]),
        ({"task_events": True, "lose_events": "all"}, []),
    ],
)
def test_task_events(
    api: API, sandbox: Sandbox, listen: Listen, collection_id: str, faults: dict[str, Any], statuses: list[str]
) -> None:
    """LiveAPI tells what becomes of a task, when it is to, and loses it with the events of imports."""
    sandbox.faults = sandbox.faults.model_copy(update={**faults, "finish_before_answer": True})
    with listen() as connection:
        task_id = api.import_text(collection_id, TEXT)
        told = _tasks(connection, sandbox)
    assert [task["status"] for task in told] == statuses
    assert {task["id"] for task in told} <= {task_id}
    assert all(bool(task["attributes"]) == (task["status"] == "FAILED") for task in told)


def _tasks(connection: ClientConnection, sandbox: Sandbox) -> list[dict[str, Any]]:
    """The attributes of the events of tasks that were sent so far."""
    sandbox.push("the end")
    messages = iter(lambda: connection.recv(timeout=5), "the end")
    events = [json.loads(message) for message in messages]
    return [event["attributes"] for event in events if event.get("type") == "task"]
