"""The bulk reader: pages in the order of changes, and everything that can stand in its way."""

import base64
import csv
import io
import json
from typing import Any

import pytest
import requests

from sandbox import Sandbox
from tests.sandbox.conftest import API

PATH = "/collections/{}/objects"
C2 = {"kill_chain_name": "lockheed-martin-cyber-kill-chain", "phase_name": "command-and-control"}


def _import(api: API, sandbox: Sandbox, collection_id: str, text: str, **fields: Any) -> None:
    sandbox.faults.finish_before_answer = True
    api.import_text(collection_id, text, **fields)


def _names(api: API, collection_id: str, **query: Any) -> list[str]:
    """The names in all pages."""
    names, cursor = list[str](), None
    while True:
        page = api("GET", PATH.format(collection_id), params={**query, "cursor": cursor}).json()
        names += [item["name"] for item in page["items"]]
        cursor = page["next_cursor"]
        if not page["items"] or cursor is None:
            return names


@pytest.mark.parametrize("last", [True, False])
@pytest.mark.parametrize("slash", ["", "/"])
def test_pages(api: API, sandbox: Sandbox, collection_id: str, slash: str, last: bool) -> None:
    """Every indicator is on one page, as the listing has it; the last page has a cursor or has not."""
    sandbox.faults.bulk_last_cursor = last
    _import(api, sandbox, collection_id, "\n".join(f"host-{number}.example" for number in range(250)))
    answer = api("GET", PATH.format(collection_id) + slash, params={"return_all_fields": True})
    assert not answer.history
    assert answer.json()["items"] == sandbox.indicators(collection_id)[:100]
    assert _names(api, collection_id, limit=100) == [f"host-{number}.example" for number in range(250)]
    tail = api("GET", PATH.format(collection_id), params={"limit": 251}).json()
    assert (tail["next_cursor"] is None) == (not last)
    assert None not in tail["items"][0].values()


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({}, ["expired.example", "192.0.2.1"]),
        ({"skip_expired": True}, ["192.0.2.1"]),
        ({"include_revoked": True}, ["expired.example", "192.0.2.1", "revoked.example"]),
        ({"match[type]": "malware,indicator"}, ["expired.example", "192.0.2.1"]),
        ({"match[type]": "malware"}, []),
        ({"latest": True}, ["expired.example", "192.0.2.1"]),
    ],
)
def test_filters(api: API, sandbox: Sandbox, collection_id: str, query: Any, names: list[str]) -> None:
    """What is shown can be chosen."""
    past = {"valid_from": "2020-01-01T00:00:00Z", "valid_until": "2021-01-01T00:00:00Z"}
    _import(api, sandbox, collection_id, "expired.example", **past)
    _import(api, sandbox, collection_id, "revoked.example\n192.0.2.1")
    revoked = sandbox.indicators(collection_id)[1]
    api("DELETE", f"/ioc-collections/{collection_id}/indicators/{revoked['id']}")
    assert _names(api, collection_id, **query) == names


def test_modified_after(api: API, sandbox: Sandbox, collection_id: str) -> None:
    """Only what changed later is shown, in the order of the changes."""
    _import(api, sandbox, collection_id, "a.example\nb.example")
    then = sandbox.indicators(collection_id)[1]["modified"]
    assert _names(api, collection_id, modified_after=then) == []
    _import(api, sandbox, collection_id, "c.example")
    _import(api, sandbox, collection_id, "a.example", description="new")
    assert _names(api, collection_id, modified_after=then, limit=1) == ["c.example", "a.example"]


def test_network_traffic(api: API, sandbox: Sandbox, collection_id: str) -> None:
    """Addresses of command and control come as network traffic when that is asked for."""
    _import(api, sandbox, collection_id, "192.0.2.1\na.example", kill_chain_phases=[C2])
    _import(api, sandbox, collection_id, "192.0.2.2")
    plain, name = (f"[{kind}:value = '{{}}']".format for kind in ("ipv4-addr", "domain-name"))
    for convert, first in ((False, plain("192.0.2.1")), (True, "[network-traffic:dst_ref.value = '192.0.2.1']")):
        items = api.items(PATH.format(collection_id), convert_network_traffic=convert)
        assert [item["pattern"] for item in items] == [first, name("a.example"), plain("192.0.2.2")]


def test_other_formats(api: API, sandbox: Sandbox, collection_id: str) -> None:
    """Text has a value a line, also for who shows the key as a password; CSV has a line of names first."""
    _import(api, sandbox, collection_id, "a.example\nb.example")
    path = PATH.format(collection_id)
    basic = requests.get(api.root + path, params={"format": "text"}, auth=("any", sandbox.read_only_key), timeout=5)
    assert basic.text == "a.example\nb.example\n"
    for auth in (("any", "wrong"), ("sandbox-key", "")):
        assert requests.get(api.root + path, auth=auth, timeout=5).status_code == 401
    rows = csv.DictReader(io.StringIO(api("GET", path, params={"format": "csv"}).text))
    assert [row["pattern"] for row in rows] == [f"[domain-name:value = '{name}.example']" for name in "ab"]
    for kind, limit in (("json", 2000), ("csv", 2000), ("text", 10_000)):
        assert api("GET", path, params={"format": kind, "limit": limit}).status_code == 200
        assert api.refused("GET", path, params={"format": kind, "limit": limit + 1}).startswith("limit: ")
    odd = ([1], ["x", 2**70], ["x", -1], ["x", None], ["\ud800", 1], ["x", 1, 1], 7)  # none of which is a place in it
    cursors = ["x", "é", *(base64.urlsafe_b64encode(json.dumps(each).encode()).decode() for each in odd)]
    for wrong in ({"modified_after": "yesterday"}, {"format": "xml"}, *({"cursor": cursor} for cursor in cursors)):
        assert api.refused("GET", path, params=wrong).startswith(next(iter(wrong)))
    assert api("GET", PATH.format("ioc-collection--x")).status_code == 404


@pytest.mark.parametrize(
    ("setting", "status", "kind"),
    [
        ("served", 200, "application/json"),
        ("absent", 404, "application/json"),
        ("denied", 403, "application/json"),
        ("html", 200, "text/html"),
        ("broken", 500, "application/json"),
    ],
)
def test_refusals(api: API, sandbox: Sandbox, collection_id: str, setting: Any, status: int, kind: str) -> None:
    """The reader may be there, or not, or something else in its place."""
    sandbox.faults.bulk_reader = setting
    answer = api("GET", PATH.format(collection_id))
    assert answer.status_code == status
    assert answer.headers["Content-Type"].startswith(kind)


def test_lag(api: API, sandbox: Sandbox, collection_id: str) -> None:
    """What is new may not be there yet, by its age or by its number."""
    _import(api, sandbox, collection_id, "a.example\nb.example\nc.example")
    sandbox.faults.bulk_lag_seconds = 3600
    assert _names(api, collection_id) == []
    sandbox.faults.bulk_lag_seconds = 0
    for newest, names in ((0, ["a", "b", "c"]), (2, ["a"]), (3, []), (4, [])):
        sandbox.faults.bulk_lag_values = newest
        assert _names(api, collection_id) == [f"{name}.example" for name in names]


def test_without_patterns(api: API, sandbox: Sandbox, collection_id: str) -> None:
    """Objects may come without their patterns."""
    _import(api, sandbox, collection_id, "a.example")
    sandbox.faults.bulk_patterns = False
    [item] = api.items(PATH.format(collection_id))
    assert item["name"] == "a.example"
    assert "pattern" not in item
