"""LiveAPI, and the imports from text that it tells of."""

import json
import time
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosedError, InvalidStatus

from sandbox import Sandbox
from tests.sandbox.conftest import API, Listen, import_end, import_events, listener

# Connections


@pytest.mark.parametrize("key", ["wrong", "", "sandbox-key; other=1", "other=sandbox-key"])
def test_authentication(sandbox: Sandbox, listen: Listen, key: str) -> None:
    """A wrong key is refused at the handshake; other cookies do not matter."""
    if "other=1" in key:
        with listen(key) as connection:
            assert json.loads(connection.recv(timeout=5)) == {"authenticated": True}
            assert sandbox.live_connections == 1
    else:
        key = key or " "
        with pytest.raises(InvalidStatus) as refused, listen(key):
            pass
        assert refused.value.response.status_code == 401
        assert b"message" in refused.value.response.body
    sandbox.wait_for(lambda: sandbox.live_connections == 0)


def test_pushed_messages(sandbox: Sandbox, listen: Listen) -> None:
    """Everyone gets what is pushed, as it is, in order; the read-only key listens as well."""
    sandbox.faults.noise_per_second = 0
    with listen() as first, listen(sandbox.read_only_key) as second:
        assert sandbox.live_connections == 2
        for message in ({"a": 1}, "no JSON", b"\x00\xff", "x" * 5_000_000):
            sandbox.push(message)
        for connection in (first, second):
            assert json.loads(connection.recv(timeout=5)) == {"authenticated": True}
            assert json.loads(connection.recv(timeout=5)) == {"a": 1}
            assert connection.recv(timeout=5) == "no JSON"
            assert connection.recv(timeout=5) == b"\x00\xff"
            assert len(connection.recv(timeout=5)) == 5_000_000


def test_living_community(sandbox: Sandbox, listen: Listen) -> None:
    """Unrelated events come at the rate and size that was asked for; who upgraded gets version 2."""
    sandbox.faults.noise_per_second, sandbox.faults.noise_bytes = 200, 3000
    with listen() as connection:
        connection.recv(timeout=5)
        first = connection.recv(timeout=5)
        event = json.loads(first)
        assert (event["metadata"]["version"], event["type"]) == (1, "alert")
        assert abs(len(first) - 3000) < 100
        for said in ("no JSON", "[]", b"\xff", '{"action": "upgrade"}'):
            connection.send(said)
        sandbox.wait_for(lambda: json.loads(connection.recv(timeout=5))["metadata"]["version"] == 2)


def test_a_client_that_stops_reading(sandbox: Sandbox, listen: Listen) -> None:
    """It disturbs nobody, and leaves nothing behind."""
    sandbox.faults.noise_per_second, sandbox.faults.noise_bytes = 1000, 100_000
    with listen() as connection:
        sandbox.push("x" * 20_000_000)
        sandbox.reset()
        assert sandbox.live_connections == 0
        with listen() as other:
            assert json.loads(other.recv(timeout=5)) == {"authenticated": True}
        with pytest.raises(ConnectionClosedError):
            for _ in connection:
                pass


# Imports


def test_progress(api: API, sandbox: Sandbox, listen: Listen, collection_id: str) -> None:
    """An event at least every 250 lines and 20th part; the last counts what became of the lines."""
    lines = [f"host-{number}.example" for number in range(998)]
    with listen() as connection:
        task_id = api.import_text(collection_id, "\n".join(["", *lines, " no indicator ", "\r", lines[0], ""]))
        message = next(said for said in map(json.loads, connection) if said.get("type") == "ioc-collection")
        assert message["action"] == "updated"
        assert message["attributes"] == {"task_id": task_id, "imported": 250, "total": 1000}
        assert message["metadata"]["version"] == 2
        events = [next(import_events(connection)) for _ in range(3)]
        assert [event["imported"] for event in events] == [500, 750, 1000]
        counts = {"created": 998, "updated": 1, "ignored": 1}
        assert events[-1] == {"task_id": task_id, "imported": 1000, "total": 1000, **counts}

        api.import_text(collection_id, "\n".join(f"host-{number}.example" for number in range(10_000)))
        counted: list[dict[str, Any]] = []
        for event in import_events(connection):
            counted.append(event)
            if event["imported"] == event["total"]:
                break
        assert [event["imported"] for event in counted] == list(range(500, 10_001, 500))
        assert (counted[-1]["created"], counted[-1]["updated"]) == (9002, 998)
    assert len(sandbox.indicators(collection_id)) == 10_000


def test_nothing_is_replayed(api: API, sandbox: Sandbox, listen: Listen, collection_id: str) -> None:
    """Who connects after the end never hears of it."""
    sandbox.faults.noise_per_second = 0
    api.import_text(collection_id, "example.com")
    sandbox.wait_for(lambda: len(sandbox.indicators(collection_id)) == 1)
    with listen() as connection:
        connection.recv(timeout=5)
        with pytest.raises(TimeoutError):
            connection.recv(timeout=0.1)


def test_context(api: API, sandbox: Sandbox, listen: Listen, collection_id: str) -> None:
    """Every indicator gets the context; an import that brings it again changes what it tells, and nothing else."""
    phase = {"kill_chain_name": "mitre-attack", "phase_name": "impact"}
    with listen() as connection:
        context = {"description": "ours", "valid_until": "2031-01-01T00:00:00Z", "kill_chain_phases": [phase]}
        api.import_text(collection_id, "example.com", **context)
        assert import_end(connection)["created"] == 1
        [before] = sandbox.indicators(collection_id)
        assert (before["description"], before["kill_chain_phases"]) == ("ours", [phase])
        api("DELETE", f"/ioc-collections/{collection_id}/indicators/{before['id']}")
        api.import_text(collection_id, "EXAMPLE.com", valid_until="2032-01-01T00:00:00+01:00")
        assert import_end(connection)["updated"] == 1
    [after] = sandbox.indicators(collection_id)
    assert after["modified"] > before["modified"]
    changed = {"valid_until": "2031-12-31T23:00:00.000000Z", "modified": after["modified"]}
    assert after == before | changed


def test_format(api: API, listen: Listen, collection_id: str) -> None:
    """With a format, lines of other types are ignored."""
    text = "\n".join(("example.com", "192.0.2.1", "http://example.com/", f"{'a' * 32},{'b' * 40}", "c" * 64))
    formats = {"one_per_line": 5, "domain-name.value": 1, "ipv4-addr.value": 1, "file.hashes": 2, "ipv6-addr.value": 0}
    with listen() as connection:
        for name, understood in formats.items():
            api.import_text(collection_id, text, format=name)
            end = import_end(connection)
            assert end["created"] + end["updated"] == understood
            assert end["ignored"] == 5 - understood
    path = f"/ioc-collections/{collection_id}/indicators/text"
    assert api.refused("POST", path, json={"indicators": "x", "format": "cidr"}).startswith("format: ")


def test_blank_text(api: API, listen: Listen, collection_id: str) -> None:
    """An import of nothing ends with 0 of 0."""
    with listen() as connection:
        task_id = api.import_text(collection_id, " \n\r\n")
        counts = {"created": 0, "updated": 0, "ignored": 0}
        assert import_end(connection) == {"task_id": task_id, "imported": 0, "total": 0, **counts}


def test_pace() -> None:
    """With a pace, an import takes its time, and others run beside it."""
    with Sandbox(pace=5000) as sandbox, (api := API(sandbox)).session:
        with listener(sandbox)() as connection:
            sandbox.hold_imports()
            long = api.import_text(sandbox.create_collection()["id"], "\n".join(f"h{n}.example" for n in range(1000)))
            short = api.import_text(sandbox.create_collection()["id"], "example.com")
            began = time.monotonic()
            sandbox.release_imports()
            ends = [import_end(connection)["task_id"] for _ in range(2)]
        assert ends == [short, long]
        assert time.monotonic() - began >= 0.2


def test_full_size(api: API, sandbox: Sandbox, listen: Listen, collection_id: str) -> None:
    """As many indicators as the limit allows go in fast, while REST and LiveAPI go on answering."""
    sandbox.faults.collection_limit = 20_000
    text = "\n".join(f"host-{number}.example" for number in range(20_000))
    with listen() as connection:
        api.import_text(collection_id, text)
        counts = iter(lambda: api("GET", "/ioc-collections/count-total-iocs").json()["count"], 20_000)
        assert any(count > 0 for count in list(counts))
        assert import_end(connection)["created"] == 20_000
    assert "limit" in api.refused(
        "POST", f"/ioc-collections/{collection_id}/indicators/text", json={"indicators": f"{text}\nexample.com"}
    )


def test_what_clients_say(sandbox: Sandbox, listen: Listen) -> None:
    """Whatever a client says, its connection goes on."""
    with listen() as connection:
        connection.recv(timeout=5)
        for said in ("{", "[]", b"\xff\x00", '{"action": ["upgrade"]}', "[" * 100_000, "1" * 10_000):
            connection.send(said)
        connection.ping().wait(5)
        sandbox.push("still there")
        assert connection.recv(timeout=5) == "still there"
