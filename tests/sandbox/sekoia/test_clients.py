"""Clients of others: the calls that they make, in the shapes in which they make them, are answered as they expect."""

import requests
from websockets.sync.client import connect

from sandbox import Sandbox
from tests.sandbox.conftest import API, import_end


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


def test_a_trigger(api: API, sandbox: Sandbox, collection_id: str) -> None:
    """The vendor's trigger checks the key below /api, asks for events of version 2 once it is connected, and pings."""
    me = f"{sandbox.url}/api/v1/me"
    assert api.session.get(me, timeout=5).status_code == 200
    assert requests.get(me, headers={"Authorization": "Bearer wrong"}, timeout=5).status_code == 401
    cookie = {"Cookie": f"access_token_cookie={sandbox.api_key}"}
    with connect(sandbox.live_url, additional_headers=cookie, proxy=None) as connection:
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
