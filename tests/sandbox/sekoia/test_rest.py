"""REST: collections, indicators and kill chains, with their status codes."""

import json
import re
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import requests

from sandbox import Sandbox
from tests.sandbox.conftest import API, Listen, import_end

UNKNOWN = f"ioc-collection--{uuid4()}"
COMMUNITY = str(uuid4())
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")


def _indicators(collection_id: str, indicator_id: str | None = None) -> str:
    path = f"/ioc-collections/{collection_id}/indicators"
    return f"{path}/{indicator_id}" if indicator_id else path


def _add(api: API, collection_id: str, *values: str, **default_fields: Any) -> list[dict[str, Any]]:
    body = {"indicators": [{"value": value} for value in values], "default_fields": default_fields}
    answer = api("POST", _indicators(collection_id), json=body)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


# Who may do what


@pytest.mark.parametrize("key", ["", "Bearer", "Bearer wrong", "sandbox-key", "Basic sandbox-key"])
def test_wrong_key(sandbox: Sandbox, key: str) -> None:
    """Without a known key the answer is 401, whatever else is wrong."""
    url = f"{sandbox.url}/v2/inthreat/ioc-collections"
    for method, data in (("GET", None), ("POST", b"no JSON")):
        answer = requests.request(method, url, headers={"Authorization": key}, data=data, timeout=5)
        assert answer.status_code == 401
        assert "Authentication failed" in answer.json()["message"]


def test_read_only_key(sandbox: Sandbox, collection_id: str) -> None:
    """The read-only key reads, and gets 403 for every write."""
    root, headers = f"{sandbox.url}/v2/inthreat", {"Authorization": f"bearer {sandbox.read_only_key}"}
    for path in ("/ioc-collections", "/kill-chains", _indicators(collection_id)):
        assert requests.get(root + path, headers=headers, timeout=5).status_code == 200
    writes = [
        ("POST", "/ioc-collections"),
        ("PATCH", f"/ioc-collections/{collection_id}"),
        ("DELETE", f"/ioc-collections/{collection_id}"),
        ("POST", _indicators(collection_id, "text")),
        ("POST", _indicators(collection_id, "files/preview")),
        ("POST", _indicators(collection_id, "files/process")),
        ("POST", _indicators(collection_id)),
    ]
    for method, path in writes:
        answer = requests.request(method, root + path, headers=headers, json={"name": "x"}, timeout=5)
        assert answer.status_code == 403
        assert "permissions" in answer.json()["message"]
    assert len(sandbox.indicators(collection_id)) == 0


def test_both_roots(sandbox: Sandbox, api: API) -> None:
    """Hosts named api.… and others have different roots, and the sandbox has both."""
    api("POST", "/ioc-collections", json={"name": "Blocklist"})
    api.root = f"{sandbox.url}/api/v2/inthreat"
    assert [item["name"] for item in api.items("/ioc-collections")] == ["Blocklist"]


def test_answers_have_a_date(api: API) -> None:
    """The Date header tells the second in which the answer was made."""
    before = datetime.now(UTC).replace(microsecond=0)
    dates = api("GET", "/ioc-collections").headers["Date"]
    assert before <= parsedate_to_datetime(dates) <= datetime.now(UTC)


def test_what_does_not_exist(api: API, collection_id: str) -> None:
    """Unknown paths, collections and indicators are answered with 404, and a message."""
    for path in (
        "/nothing",
        f"/ioc-collections/{UNKNOWN}",
        _indicators(UNKNOWN),
        _indicators(collection_id, f"indicator--{uuid4()}"),
    ):
        answer = api("DELETE" if "indicator--" in path else "GET", path)
        assert answer.status_code == 404
        assert answer.json()["message"]
    assert api("PUT", "/ioc-collections").status_code == 405


# Collections


def test_create_collection(api: API) -> None:
    """The answer is 201 and the collection with all its fields."""
    given = {"description": "ours", "community_uuid": COMMUNITY, "available_for_sub_communities": True}
    answer = api("POST", "/ioc-collections", json={"name": " Blocklist ", "id": UNKNOWN, **given})
    assert answer.status_code == 201
    collection = answer.json()
    assert collection.items() >= {"id": UNKNOWN, "name": "Blocklist", **given}.items()
    assert TIME.fullmatch(collection["created"])
    assert collection["created"] == collection["modified"]
    assert collection["created_by"] == collection["modified_by"]
    assert "indicators_count" not in collection
    assert api("GET", f"/ioc-collections/{UNKNOWN}").json() == collection
    assert "already" in api.refused("POST", "/ioc-collections", json={"name": "again", "id": UNKNOWN})


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "name: Field required"),
        ({"name": " "}, "name: "),
        ({"name": 1}, "name: "),
        ({"name": "x", "id": "1"}, "id: "),
        ({"name": "x", "community_uuid": "1"}, "community_uuid: "),
        ({"name": "x", "available_for_sub_communities": "true"}, "available_for_sub_communities: "),
        ({"name": "x", "nmae": "y"}, "nmae: "),
        ({"name": "\ud800"}, "name: "),
        ([], ""),
    ],
)
def test_create_collection_with_invalid_parameters(api: API, body: Any, message: str) -> None:
    """Invalid parameters are answered with 400 and their names."""
    assert api.refused("POST", "/ioc-collections", json=body).startswith(message)


def test_no_json(api: API) -> None:
    """A body that is not JSON is an invalid parameter too."""
    assert api.refused("POST", "/ioc-collections", data="{", headers={"Content-Type": "application/json"})
    assert api.refused("POST", "/ioc-collections", data="name=x")


def test_list_collections(api: API, sandbox: Sandbox) -> None:
    """Pages, a term in any case, a community, and counts on request."""
    for number in range(25):
        sandbox.create_collection(name=f"List {number}", community_uuid=COMMUNITY if number < 3 else None)
    _add(api, sandbox.create_collection(name="100 % full")["id"], "example.com", "example.org")

    page = api("GET", "/ioc-collections").json()
    assert (len(page["items"]), page["total"]) == (20, 26)
    page = api("GET", "/ioc-collections", params={"limit": 100, "offset": 20}).json()
    assert [item["name"] for item in page["items"]][-2:] == ["List 24", "100 % full"]
    page = api("GET", "/ioc-collections", params={"term": "LIST 1", "limit": 2}).json()
    assert ([item["name"] for item in page["items"]], page["total"]) == (["List 1", "List 10"], 11)
    assert len(api.items("/ioc-collections", **{"match[community_uuid]": COMMUNITY})) == 3
    found = api.items("/ioc-collections", term="%", with_indicators_count="true")
    assert [item["indicators_count"] for item in found] == [2]
    assert "indicators_count" not in api.items("/ioc-collections", term="%")[0]


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=x", "offset=-1", "with_indicators_count=x"])
def test_list_collections_with_invalid_parameters(api: API, query: str) -> None:
    """Limits go from 1 to 100, offsets from 0."""
    assert api.refused("GET", f"/ioc-collections?{query}").startswith(query.partition("=")[0])


def test_change_collection(api: API, collection_id: str) -> None:
    """PATCH changes what is given and leaves the rest."""
    path = f"/ioc-collections/{collection_id}"
    before = api("GET", path).json()
    after = api("PATCH", path, json={"description": "new", "available_for_sub_communities": True}).json()
    assert after["modified"] > before["modified"]
    given = {"description": "new", "available_for_sub_communities": True, "modified": after["modified"]}
    assert after == before | given
    assert api("PATCH", path, json={"name": "Other"}).json()["description"] == "new"
    assert api.refused("PATCH", path, json={"name": ""})


def test_delete_collection(api: API, sandbox: Sandbox, collection_id: str) -> None:
    """DELETE takes the indicators along, and ends imports that are on their way."""
    _add(api, collection_id, "example.com")
    sandbox.hold_imports()
    api.import_text(collection_id, "example.org")
    answer = api("DELETE", f"/ioc-collections/{collection_id}")
    assert (answer.status_code, answer.content) == (204, b"")
    sandbox.release_imports()
    assert api("GET", f"/ioc-collections/{collection_id}").status_code == 404
    assert api("GET", "/ioc-collections/count-total-iocs").json()["count"] == 0


def test_count_and_limit(api: API, sandbox: Sandbox, listen: Listen) -> None:
    """The count is a community's or of all, and what would exceed the limit is refused; updates are not."""
    ours = sandbox.create_collection(name="a", community_uuid=COMMUNITY)["id"]
    _add(api, ours, "example.com", "example.net")
    _add(api, sandbox.create_collection(name="b")["id"], "example.org")
    count = "/ioc-collections/count-total-iocs"
    assert api("GET", count).json() == {"count": 3, "max": 500_000}
    for name in ("community_uuid", "match[community_uuid]"):
        assert api("GET", count, params={name: COMMUNITY}).json()["count"] == 2
    assert api("GET", count, params={"community_uuid": str(uuid4())}).json()["count"] == 0

    sandbox.faults.collection_limit = 3
    text = {"indicators": "example.com\na.example\nb.example"}
    message = api.refused("POST", _indicators(ours, "text"), json=text)
    assert message == "The limit of 3 IOCs would be exceeded: there are 2, and 3 were sent"
    assert api.refused(
        "POST", _indicators(ours), json={"indicators": [{"value": "a.example"}, {"value": "b.example"}]}
    )
    with listen() as connection:
        api.import_text(ours, "example.com\nexample.net\na.example\nno indicator")
        assert import_end(connection)["created"] == 1


# Indicators


def test_indicators_as_objects(api: API, collection_id: str) -> None:
    """Objects are added with their own fields before the default ones, as STIX indicators."""
    phase = {"kill_chain_name": "mitre-attack", "phase_name": "initial-access"}
    threat = f"intrusion-set--{uuid4()}"
    body = {
        "indicators": [
            {"value": "example.com", "description": "own", "valid_until": "2031-01-01T00:00:00+02:00"},
            {"value": "192.0.2.1", "type": "ipv4-addr"},
        ],
        "default_fields": {
            "description": "default",
            "valid_from": "2030-01-01T00:00:00Z",
            "kill_chain_phases": [phase],
            "x_ic_related_threat_refs": [threat],
        },
    }
    answer = api("POST", _indicators(collection_id), json=body)
    assert answer.status_code == 200
    first, second = answer.json()["items"]
    assert (first["description"], second["description"]) == ("own", "default")
    assert (first["valid_until"], second["valid_until"]) == (
        "2030-12-31T22:00:00.000000Z",
        "2030-01-31T00:00:00.000000Z",
    )
    assert re.fullmatch(r"indicator--[0-9a-f-]{36}", second.pop("id"))
    assert second.pop("created") == second.pop("modified")
    assert second == {
        "type": "indicator",
        "spec_version": "2.1",
        "name": "192.0.2.1",
        "description": "default",
        "pattern": "[ipv4-addr:value = '192.0.2.1']",
        "pattern_type": "stix",
        "valid_from": "2030-01-01T00:00:00.000000Z",
        "valid_until": "2030-01-31T00:00:00.000000Z",
        "kill_chain_phases": [phase],
        "revoked": False,
        "x_ic_observable_types": ["ipv4-addr"],
        "x_ic_collection_ref": collection_id,
        "x_ic_related_threat_refs": [threat],
    }


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"indicators": []}, "indicators: "),
        ({"indicators": [{"value": "example.com"}] * 101}, "indicators: "),
        ({"indicators": [{"value": "example.com"}, {"value": "no indicator"}]}, "indicators.1.value: 'no indicator'"),
        ({"indicators": [{"value": "example.com", "type": "url"}]}, "indicators.0.value: "),
        ({"indicators": [{"value": "example.com", "type": "cidr"}]}, "indicators.0.type: "),
        ({"indicators": [{"value": "example.com", "description": "x" * 501}]}, "indicators.0.description: "),
        ({"indicators": [{"value": "example.com", "valid_from": "2030-01-01"}]}, "indicators.0.valid_from: "),
        ({"indicators": [{"value": "example.com", "valid_from": "0001-01-01T00:00:00+14:00"}]}, "indicators.0.valid"),
        ({"indicators": [{"value": "example.com", "x_ic_related_threat_refs": ["APT"]}]}, "indicators.0.x_ic"),
        ({"indicators": [{"value": "example.com", "kill_chain_phases": ["delivery"]}]}, "indicators.0.kill_chain"),
    ],
)
def test_invalid_objects(api: API, sandbox: Sandbox, collection_id: str, body: Any, message: str) -> None:
    """One invalid object, and none is added."""
    assert api.refused("POST", _indicators(collection_id), json=body).startswith(message)
    assert sandbox.indicators(collection_id) == []


def test_validity_ends_after_it_begins(api: API, collection_id: str) -> None:
    """A validity that ends before it begins is refused, wherever its two ends come from."""
    early, late = "2030-01-01T00:00:00Z", "2031-01-01T00:00:00Z"
    path = _indicators(collection_id)
    assert "valid_until" in api.refused(
        "POST", f"{path}/text", json={"indicators": "example.com", "valid_from": late, "valid_until": early}
    )
    body = {"indicators": [{"value": "example.com", "valid_from": late}], "default_fields": {"valid_until": early}}
    assert "valid_until" in api.refused("POST", path, json=body)
    [indicator] = _add(api, collection_id, "example.com", valid_until=late)
    assert "valid_until" in api.refused("PUT", f"{path}/{indicator['id']}", json={"valid_from": late})


def test_list_indicators(api: API, sandbox: Sandbox, collection_id: str) -> None:
    """Pages in the order of arrival, and a term in any case."""
    _add(api, collection_id, *(f"host-{number}.example" for number in range(25)))
    page = api("GET", _indicators(collection_id)).json()
    assert (len(page["items"]), page["total"], page["has_more"]) == (20, 25, True)
    page = api("GET", _indicators(collection_id), params={"offset": 20}).json()
    assert [item["name"] for item in page["items"]] == [f"host-{number}.example" for number in range(20, 25)]
    assert not page["has_more"]
    page = api("GET", _indicators(collection_id), params={"term": "'HOST-1.EXAMPLE'"}).json()
    assert ([item["name"] for item in page["items"]], page["total"]) == (["host-1.example"], 1)
    assert api.items(_indicators(collection_id), term="host_1") == []
    assert len(sandbox.indicators(collection_id)) == 25
    assert api.refused("GET", _indicators(collection_id), params={"limit": 101})


def test_change_indicator(api: API, collection_id: str) -> None:
    """PUT changes what is given, takes null as nothing, and leaves the rest."""
    [before] = _add(api, collection_id, "example.com", description="old", valid_until="2031-01-01T00:00:00Z")
    path = _indicators(collection_id, before["id"])
    after = api("PUT", path, json={"description": "new", "valid_until": None}).json()
    assert after == before | {"description": "new", "valid_until": None, "modified": after["modified"]}
    assert after["modified"] > before["modified"]
    assert api.refused("PUT", path, json={"value": "example.org"})


def test_revoke_indicator(api: API, collection_id: str) -> None:
    """DELETE revokes, once; being sent again takes that back, and keeps the id."""
    [indicator] = _add(api, collection_id, "example.com")
    path = _indicators(collection_id, indicator["id"])
    revoked = api("DELETE", path)
    assert (revoked.status_code, revoked.json()["revoked"]) == (200, True)
    assert api("DELETE", path).json() == revoked.json()
    [again] = _add(api, collection_id, "example.com")
    assert (again["id"], again["revoked"]) == (indicator["id"], False)
    assert again["modified"] > revoked.json()["modified"]


def test_delete_indicator(tmp_path: Path) -> None:
    """Only what was revoked over 24 hours ago can be deleted."""
    db = tmp_path / "sandbox.db"
    with Sandbox(db=db) as sandbox, (api := API(sandbox)).session:
        collection_id = sandbox.create_collection(name="Blocklist")["id"]
        indicators = _add(api, collection_id, "example.com", "example.net", "example.org")
        paths = [_indicators(collection_id, indicator["id"]) for indicator in indicators]
        for path in paths[:2]:
            api("DELETE", path)
        for path in paths:
            assert "24 hours" in api.refused("DELETE", path, json={"force_deletion": True})
    yesterday = (datetime.now(UTC) - timedelta(hours=24, seconds=1)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    connection = sqlite3.connect(db)
    connection.execute("UPDATE indicators SET revoked = ? WHERE revoked IS NOT NULL", [yesterday])
    connection.commit()
    connection.close()
    with Sandbox(db=db) as sandbox, (api := API(sandbox)).session:
        assert api("DELETE", paths[0], json={"force_deletion": True}).json()["revoked"] is True
        assert api("DELETE", f"{paths[1]}?force_deletion=true").status_code == 200
        assert [indicator["name"] for indicator in sandbox.indicators(collection_id)] == ["example.org"]


def test_kill_chains(api: API) -> None:
    """Both kill chains have their phases, with names and display names."""
    lockheed, mitre = api.items("/kill-chains")
    assert (lockheed["name"], len(lockheed["phases"])) == ("lockheed-martin-cyber-kill-chain", 7)
    assert (mitre["name"], len(mitre["phases"])) == ("mitre-attack", 14)
    assert {"name": "command-and-control", "display_name": "Command and Control"} in lockheed["phases"]
    assert lockheed.keys() == {"id", "name", "display_name", "description", "phases"}


# What some clients need besides


def test_trailing_slash(api: API, collection_id: str) -> None:
    """Indicators can be sent to the path with a slash at its end, without a redirect that would lose them."""
    body = {"indicators": [{"value": "example.com"}], "default_fields": {}}
    answer = api("POST", _indicators(collection_id) + "/", json=body, allow_redirects=False)
    assert [item["name"] for item in answer.json()["items"]] == ["example.com"]


def test_telemetry(api: API, sandbox: Sandbox, collection_id: str) -> None:
    """A report is accepted, and can be read: nothing was seen."""
    path = f"/ioc-collections/{collection_id}/telemetry/reports"
    answer = api("POST", path, json={"community_uuids": [COMMUNITY]})
    assert answer.status_code == 202
    report = api("GET", f"{path}/{answer.json()['id']}").json()
    assert report == answer.json()
    assert (report["community_uuids"], report["items"]) == ([COMMUNITY], [])
    assert api("GET", f"{path}/{uuid4()}").status_code == 404
    assert api.refused("POST", path, json={"community_uuids": ["x"]}).startswith("community_uuids")
    other = sandbox.create_collection(name="Other")["id"]
    assert api("GET", f"/ioc-collections/{other}/telemetry/reports/{report['id']}").status_code == 404


# What nobody should send


@pytest.mark.parametrize(
    ("method", "path", "body", "message"),
    [
        ("POST", "", {"name": "x", "description": "\ud800"}, "description: has half a character"),
        ("PATCH", "/{}", {"description": "\ud800"}, "description: has half a character"),
        (
            "POST",
            "/{}/indicators/text",
            {"indicators": "https://a.example/\ud800"},
            "indicators: has half a character",
        ),
        (
            "POST",
            "/{}/indicators/files/process",
            {"file_handle": "\ud800", "mapping": ["observable"], "ignore_first_line": False},
            "file_handle: has half a character",
        ),
        (
            "POST",
            "/{}/indicators",
            {"indicators": [{"value": "a.example", "description": "\ud800"}]},
            "indicators.0: ",
        ),
        ("POST", "", [], ""),
        ("POST", "", "x", ""),
    ],
)
def test_half_a_character(api: API, collection_id: str, method: str, path: str, body: Any, message: str) -> None:
    """What JSON can escape and nobody can store is refused by name, and what is no object as well."""
    data = json.dumps(body)
    path = "/ioc-collections" + path.format(collection_id)
    assert api.refused(method, path, data=data, headers={"Content-Type": "application/json"}).startswith(message)


def test_a_defect_of_the_sandbox(tmp_path: Path) -> None:
    """Whatever goes wrong, the answer is JSON with a message, as all others are."""
    with Sandbox(db=tmp_path / "db") as sandbox, (api := API(sandbox)).session:
        with closing(sqlite3.connect(tmp_path / "db")) as other:
            other.execute("DROP TABLE collections")
        answer = api("GET", "/ioc-collections")
    assert (answer.status_code, answer.json()["message"].partition(":")[0]) == (500, "Internal Server Error")


# The page


def test_openapi_page(sandbox: Sandbox) -> None:
    """The page describes every endpoint with a summary, and none with an answer that never comes."""
    assert "swagger" in requests.get(f"{sandbox.url}/docs", timeout=5).text
    schema = requests.get(f"{sandbox.url}/openapi.json", timeout=5).json()
    operations = {
        f"{method.upper()} {path.removeprefix('/v2/inthreat')}": operation
        for path, operations in schema["paths"].items()
        for method, operation in operations.items()
    }
    assert len(operations) == 23
    assert operations.keys() >= {"POST /ioc-collections", "PATCH /callback/{node_run}", "GET /kill-chains"}
    for operation in operations.values():
        assert operation["description"]
        assert "422" not in operation["responses"]
    assert "/live/" in schema["info"]["description"]
    assert "ValidationError" not in schema["components"]["schemas"]


def test_documentation_without_internet(sandbox: Sandbox) -> None:
    """The page of the API needs nothing from elsewhere, and what it needs is there."""
    page = requests.get(f"{sandbox.url}/docs", timeout=5).text
    needed = re.findall(r"""(?:src|href)=["']([^"']+)""", page) + re.findall(r"url: '([^']+)'", page)
    assert len(needed) == 4
    for path in needed:
        assert path.startswith("/")
        assert requests.head(sandbox.url + path, timeout=5).status_code in (200, 405)
