"""The pages: what they show, whom they refuse, and what can be changed from them."""

import re

import pytest
import requests

from sandbox import Faults, Sandbox
from tests.sandbox.conftest import API

PAGES = ["/", "/imports", "/actions", "/actions/ImportIndicatorsFromText", "/playbooks", "/requests", "/faults"]


def _page(sandbox: Sandbox, path: str, **headers: str) -> requests.Response:
    return requests.get(sandbox.url + path, headers=headers, timeout=5)


@pytest.mark.parametrize("path", PAGES)
def test_pages_are_for_this_machine(sandbox: Sandbox, path: str) -> None:
    """Each page opens here, with no scripts but our own, and for no other name."""
    answer = _page(sandbox, path)
    assert answer.status_code == 200
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert "aria-current" in answer.text
    assert _page(sandbox, path, Host="rebound.example").status_code == 403


def test_what_is_there(api: API, sandbox: Sandbox) -> None:
    """Collections, imports and requests are shown, and nothing that they hold is taken for HTML."""
    sandbox.faults.finish_before_answer = True
    collection = sandbox.create_collection(name="<b>Blocklist</b>")["id"]
    task = api.import_text(collection, "a.example\nb.example\n<i>")
    assert "&lt;b&gt;Blocklist" in _page(sandbox, "/").text
    imports = _page(sandbox, "/imports").text
    assert task in imports
    assert "3 of 3" in re.sub("<[^>]+>", "", imports)
    requests_page = _page(sandbox, "/requests").text
    assert "indicators/text" in requests_page
    assert "&lt;i&gt;" in requests_page
    assert sandbox.api_key not in requests_page
    for path in PAGES:
        assert not re.search("<[bi]>", _page(sandbox, path).text)


def test_a_fault_by_hand(sandbox: Sandbox) -> None:
    """A fault is set and cleared with the page's own token, and with no other; a wrong value is explained."""
    match = re.search('name="token" value="([^"]+)"', _page(sandbox, "/faults").text)
    assert match is not None

    def post(token: str = match[1], **fields: str) -> requests.Response:
        return requests.post(f"{sandbox.url}/faults", data={"token": token, **fields}, timeout=5)

    assert "in force" in post(name="tasks", value="denied").text
    assert sandbox.faults == Faults(tasks="denied")
    assert "Not set: tasks: " in post(name="tasks", value="no").text
    assert post("wrong", name="tasks", clear="true").status_code == 403
    assert post(name="task", value="denied").status_code == 404
    assert sandbox.faults == Faults(tasks="denied")
    post(name="tasks", clear="true")
    assert sandbox.faults == Faults()
