"""Clients of others: the calls that they make, in the shapes in which they make them, are answered as they expect."""

import pytest
import requests
from websockets.sync.client import connect

from sandbox import Sandbox
from tests.sandbox.conftest import API, import_end, listener

FEED = b"ioc,from,until,comment,phases,threats\n192.0.2.9,2026-01-01T00:00:00Z,2031-01-01T00:00:00Z,x,reconnaissance,APT-29\n"


def test_the_samples() -> None:
    """The vendor's samples submit first and connect then: with a delay, as `serve` has it, they hear how it ends."""
    with Sandbox(delay=0.5) as sandbox, (api := API(sandbox)).session:
        collection_id = api("POST", "/ioc-collections", json={"name": "My IOC Collection"}).json()["id"]
        lines = "\nevil.example\n198.51.100.57\nd41d8cd98f00b204e9800998ecf8427e,da39a3ee5e6b4b0d3255bfef95601890afd80709\n"
        text = api.import_text(
            collection_id, lines, x_ic_related_threat_refs=[f"intrusion-set--{'0' * 8}-0000-4000-8000-{'0' * 12}"]
        )
        with listener(sandbox)() as connection:
            assert import_end(connection).items() >= {"task_id": text, "imported": 3, "total": 3}.items()
        path = f"/ioc-collections/{collection_id}/indicators/files"
        handle = api("POST", f"{path}/preview", files={"file": ("file", FEED, "text/csv")}).json()["file_handle"]
        columns = ["observable", "valid_from", "valid_until", None, "kill_chain_phases", "x_ic_related_threat_refs"]
        body = {"file_handle": handle, "mapping": columns, "ignore_first_line": True}
        task = api("POST", f"{path}/process", json=body).json()["task_id"]
        with listener(sandbox)() as connection:
            assert import_end(connection).items() >= {"task_id": task, "imported": 1, "total": 1}.items()


def test_a_reader_of_feeds(api: API, sandbox: Sandbox, collection_id: str) -> None:
    """The vendor's trigger writes booleans as Python does, and goes on from the cursor."""
    sandbox.faults.finish_before_answer = True
    api.import_text(collection_id, "a.example\nb.example")
    query = "limit=1&include_revoked=False&skip_expired=true"
    found, cursor = [], ""
    for _ in range(2):
        page = api("GET", f"/collections/{collection_id}/objects?{query}{cursor}").json()
        found += [each["name"] for each in page["items"]]
        cursor = f"&cursor={page['next_cursor']}"
    assert found == ["a.example", "b.example"]


def test_an_action_that_adds_indicators(api: API, sandbox: Sandbox, collection_id: str) -> None:
    """The vendor's action hands in lines of one type with an end in whole seconds, below /api, and looks at the status."""
    for form, lines in (
        ("ipv4-addr.value", "192.0.2.1\n192.0.2.2"),
        ("ipv6-addr.value", "2001:db8::1"),
        ("domain-name.value", "a.example"),
        ("url.value", "https://a.example/x"),
        ("email-addr.value", "a@b.example"),
        ("file.hashes", "d41d8cd98f00b204e9800998ecf8427e"),
    ):
        answer = api.session.post(
            f"{sandbox.url}/api/v2/inthreat/ioc-collections/{collection_id}/indicators/text",
            json={"format": form, "indicators": lines, "valid_until": "2031-01-01T00:00:00Z"},
            timeout=5,
        )
        assert answer.ok
    sandbox.wait_for(lambda: len(sandbox.indicators(collection_id)) == 7)


@pytest.mark.parametrize("end", ["/", ""])
def test_a_trigger(api: API, sandbox: Sandbox, collection_id: str, end: str) -> None:
    """The vendor's trigger checks the key below /api, asks for events of version 2 once it is connected, and pings."""
    me = f"{sandbox.url}/api/v1/me"
    assert api.session.get(me, timeout=5).status_code == 200
    assert requests.get(me, headers={"Authorization": "Bearer wrong"}, timeout=5).status_code == 401
    cookie = {"Cookie": f"access_token_cookie={sandbox.api_key}"}
    with connect(sandbox.live_url.rstrip("/") + end, additional_headers=cookie, proxy=None) as connection:
        connection.send('{"action": "upgrade"}')
        assert connection.ping().wait(5)
        task = api.import_text(collection_id, "a.example")
        assert import_end(connection)["task_id"] == task


def test_a_connector_that_follows_a_stream(api: API, sandbox: Sandbox, collection_id: str) -> None:
    """OpenCTI's connector adds indicators one by one, with phases as OpenCTI has them, and revokes what it finds again."""
    sandbox.faults.finish_before_answer = True
    path = f"/ioc-collections/{collection_id}"
    assert api("GET", path).status_code == 200
    phase = {"kill_chain_name": "mitre-attack", "phase_name": "initial-access"}
    api.import_text(
        collection_id,
        "evil.example",
        format="domain-name.value",
        valid_from="2026-01-01T00:00:00.000Z",
        valid_until="2031-01-01T00:00:00.000Z",
        kill_chain_phases=[{**phase, "x_opencti_order": 3}],
        description="https://opencti.example/dashboard/observations/indicators/1",
    )
    (found,) = api.items(f"{path}/indicators", term="evil.example")
    assert (found["kill_chain_phases"], found["revoked"]) == ([phase], False)
    assert api("DELETE", f"{path}/indicators/{found['id']}", headers={"Content-Type": "application/json"}).ok
    assert api.items(f"{path}/indicators", term="evil.example")[0]["revoked"]
    assert api("DELETE", f"{path}/indicators/indicator--unknown").status_code == 404
