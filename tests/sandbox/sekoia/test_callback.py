"""The playbook callback: who may report there, and what a node is told."""

import requests

from sandbox import RestFault, Sandbox
from tests.sandbox.conftest import API


def test_callback(sandbox: Sandbox) -> None:
    """A node gets its secrets, and its reports are kept; only with its token."""
    run = sandbox.node_run({"api_key": "hidden"})
    key = {"Authorization": f"Bearer {run.token}"}
    start = requests.patch(run.url, json={"status": "running", "need_secrets": True}, headers=key, timeout=5)
    assert start.json() == {"module_configuration": {"value": {"api_key": "hidden"}}}
    assert not run.finished.is_set()
    end = {"status": "finished", "results": {"a": 1}, "error": None}
    assert requests.patch(run.url, json=end, headers=key, timeout=5).json() == {}
    assert run.finished.is_set()
    assert run.received == [{"status": "running", "need_secrets": True}, end]
    assert requests.get(run.url, headers=key, timeout=5).json() == {"received": run.received}
    assert requests.patch(run.url, json=[], headers=key, timeout=5).status_code == 400
    for wrong in ({}, {"Authorization": f"Bearer {sandbox.api_key}"}):
        assert requests.patch(run.url, json=end, headers=wrong, timeout=5).status_code == 401
    assert "hidden" not in repr(run)


def test_callback_of_an_unannounced_node(sandbox: Sandbox) -> None:
    """A new id is accepted with the API key, which is its secret too."""
    url, key = f"{sandbox.url}/callback/new", {"Authorization": f"Bearer {sandbox.api_key}"}
    assert requests.get(url, headers=key, timeout=5).status_code == 404
    start = requests.patch(url, json={"status": "running", "need_secrets": True}, headers=key, timeout=5)
    assert start.json()["module_configuration"]["value"] == {"api_key": sandbox.api_key}
    half = {"status": "finished", "results": {"value": "\ud800"}}  # which JSON can escape
    requests.patch(url, json=half, headers=key, timeout=5)
    assert requests.get(url, headers=key, timeout=5).json()["received"][1:] == [half]


def test_callback_faults(api: API, sandbox: Sandbox) -> None:
    """The callback has faults of its own."""
    run = sandbox.node_run()
    key = {"Authorization": f"Bearer {run.token}"}
    sandbox.faults.callback = [RestFault(status=500)]
    assert api("GET", "/ioc-collections").status_code == 200
    statuses = [requests.patch(run.url, json={}, headers=key, timeout=5).status_code for _ in range(2)]
    assert statuses == [500, 200]
