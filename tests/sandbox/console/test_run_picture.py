"""A run as its page shows it, made of what the runner told so far."""

from typing import Any

import pytest

from sandbox.console.launcher import Run

TRIGGER = {"key": "0", "name": "Trigger", "type": "trigger", "outputs": {"default": ["1"]}, "template": {}}
LOOP = {"key": "1", "name": "Each", "type": "operator", "outputs": {"default": ["3"], "loop": ["2"]}, "template": {}}
BODY = {"key": "2", "name": "Body", "type": "action", "outputs": {}, "template": {}}
LAST = {"key": "3", "name": "Last", "type": "action", "outputs": {}, "template": {}}

BEGUN: dict[str, Any] = {
    "type": "run-started",
    "trigger": "0",
    "event": {"names": ["a", "b"]},
    "nodes": [TRIGGER, LOOP, BODY, LAST],
    "warnings": [],
}


def _started(key: str) -> dict[str, Any]:
    return {"type": "node-started", "key": key}


def _finished(key: str, status: str = "succeeded", **taken: list[str]) -> dict[str, Any]:
    return {"type": "node-finished", "key": key, "status": status, "taken": taken}


def _progressed(key: str, imported: int) -> dict[str, Any]:
    return {"type": "node-progressed", "key": key, "imported": imported, "total": 9}


OVER: dict[str, Any] = {"type": "run-finished", "status": "failed", "nodes": [{"key": "3", "status": "not run"}]}


@pytest.mark.parametrize(
    ("events", "state", "states", "current"),
    [
        ([], "waiting", {}, None),
        ([BEGUN], "running", {"0": "succeeded", "1": "waiting"}, "0"),
        ([BEGUN, _started("1")], "running", {"1": "running"}, "1"),
        ([BEGUN, _started("1"), _started("2"), _progressed("2", 4)], "running", {"1": "running", "2": "running"}, "2"),
        (
            [BEGUN, _started("1"), _started("2"), _finished("2", "failed"), _started("2"), _finished("2")],
            "running",
            {"1": "running", "2": "failed"},
            "1",
        ),
        (
            [BEGUN, _started("1"), _started("2"), _finished("2", "failed"), _finished("1", "failed"), OVER],
            "failed",
            {"1": "failed", "2": "failed", "3": "not run"},
            "2",
        ),
        ([BEGUN, _started("1"), _finished("1", "handled", error=["3"])], "running", {"1": "handled"}, "1"),
    ],
)
def test_how_far_a_run_is(
    events: list[dict[str, Any]], state: str, states: dict[str, str], current: str | None
) -> None:
    """Each node has a state at each moment, and one is looked at: what runs, else what failed, else what ran last."""
    run = Run("Example", None, events=events)
    picture = run.picture()
    assert run.state == state
    assert {key: picture.nodes[key].state for key in states} == states
    assert picture.current == current


def test_the_times_that_a_node_ran() -> None:
    """A node in a loop ran once for each item, with the progress and the outcome of each."""
    events = [
        BEGUN,
        _started("1"),
        _started("2"),
        _progressed("2", 9),
        _finished("2"),
        _started("2"),
        _progressed("2", 4),
    ]
    picture = Run("Example", None, events=events).picture()
    first, second = picture.nodes["2"].visits
    assert (first.progress, first.outcome) == ((9, 9), _finished("2"))
    assert (second.progress, second.outcome) == ((4, 9), None)
    assert picture.taken == {("0", "1"), ("1", "2")}


def test_a_run_that_did_not_begin() -> None:
    """What was refused before its first node, and what was stopped, says so."""
    refused, stopped = Run("Example", None, over=True, error="No."), Run("Example", None, over=True)
    stopped.running.stop()
    assert (refused.state, stopped.state) == ("not run", "stopped")
