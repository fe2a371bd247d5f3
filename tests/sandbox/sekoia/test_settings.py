"""What nobody knows about Sekoia, and the sandbox does either way: each setting, and what it changes."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from typing import Any

import pytest

from sandbox import RestFault, Sandbox
from tests.sandbox.conftest import API, Listen, import_events

PAST = {"valid_from": "2020-01-01T00:00:00Z", "valid_until": "2021-01-01T00:00:00Z"}
MD5 = "0123456789abcdef0123456789abcdef"


def _counts(api: API, sandbox: Sandbox, collection_id: str, text: str, **fields: Any) -> dict[str, int]:
    """The counts of an import from text that has ended."""
    sandbox.faults.import_answer = "counts"
    path = f"/ioc-collections/{collection_id}/indicators/text"
    answer = api("POST", path, json={"indicators": text, **fields})
    assert answer.status_code == 200, answer.text
    counts: dict[str, int] = answer.json()
    return counts


def _set(sandbox: Sandbox, faults: dict[str, Any]) -> None:
    for name, value in faults.items():
        setattr(sandbox.faults, name, value)


# How an import is answered


@pytest.mark.parametrize(
    ("setting", "status", "answer"),
    [
        ("task_id", 202, {"task_id": str}),
        ("numeric_id", 202, {"task_id": int}),
        ("no_id", 202, {}),
        ("counts", 200, {"created": int, "updated": int, "ignored": int}),
    ],
)
@pytest.mark.parametrize("kind", ["text", "objects", "file"])
def test_import_answer(
    api: API, sandbox: Sandbox, listen: Listen, collection_id: str, setting: Any, status: int, answer: Any, kind: str
) -> None:
    """An import is answered with an id as text or as a number, without one, or with its counts; events agree."""
    _set(sandbox, {"import_answer": setting, "indicators_as_task": True})
    path = f"/ioc-collections/{collection_id}/indicators"
    objects: dict[str, Any] = {"indicators": [{"value": "a.example"}], "default_fields": {}}
    with listen() as connection:
        if kind == "text":
            told = api("POST", f"{path}/text", json={"indicators": "a.example"})
        elif kind == "objects":
            told = api("POST", path, json=objects)
        else:
            preview = api("POST", f"{path}/files/preview", files={"file": ("a.csv", b"a.example", "text/csv")}).json()
            body = {"file_handle": preview["file_handle"], "mapping": ["observable"], "ignore_first_line": False}
            told = api("POST", f"{path}/files/process", json=body)
        end = next(import_events(connection))
    assert told.status_code == status
    assert {name: type(value) for name, value in told.json().items()} == answer
    assert told.json().get("task_id", end["task_id"]) == end["task_id"]
    assert len(sandbox.indicators(collection_id)) == 1


@pytest.mark.parametrize(("setting", "status", "arrived"), [("ignored", 202, 1), ("rejected", 400, 0)])
def test_invalid_lines(
    api: API, sandbox: Sandbox, collection_id: str, setting: Any, status: int, arrived: int
) -> None:
    """A line that is not an indicator is ignored, or has the text rejected."""
    _set(sandbox, {"invalid_lines": setting, "finish_before_answer": True})
    path = f"/ioc-collections/{collection_id}/indicators/text"
    answer = api("POST", path, json={"indicators": "a.example\nno indicator"})
    assert answer.status_code == status
    assert ("'no indicator'" in answer.text) == (status == 400)
    assert len(sandbox.indicators(collection_id)) == arrived


def test_a_request_with_a_text(api: API, sandbox: Sandbox, collection_id: str) -> None:
    """A fault can hit only what has a text in its body."""
    sandbox.faults.rest = [RestFault(method="POST", status=500, contains="evil.example", times=None)]
    path = f"/ioc-collections/{collection_id}/indicators/text"
    texts = ("a.example", "a.example\nevil.example", "evil.example", "x" * 3_000_000)
    assert [api("POST", path, json={"indicators": text}).status_code for text in texts] == [202, 500, 500, 202]


# What becomes of indicators


@pytest.mark.parametrize(
    ("faults", "days"),
    [
        ({}, [30, 30, 180, 180, None, None]),
        ({"days_of_addresses": None, "days_of_names": 7, "days_of_others": 365}, [None, None, 7, 7, 365, 365]),
    ],
)
@pytest.mark.parametrize("later", [0, 1000])
def test_default_validity(
    api: API, sandbox: Sandbox, collection_id: str, faults: dict[str, Any], days: Sequence[int | None], later: int
) -> None:
    """Indicators that are given no end have one by their type, counted from their start when that is to come."""
    _set(sandbox, faults)
    start = datetime.now(UTC) + timedelta(days=later)
    values = ("192.0.2.1", "2001:db8::1", "a.example", "http://a.example/", MD5, "a@a.example")
    given = {"valid_from": start.isoformat()} if later else {}
    _counts(api, sandbox, collection_id, "\n".join(values), **given)
    ends = [indicator["valid_until"] for indicator in sandbox.indicators(collection_id)]
    assert [end and round((datetime.fromisoformat(end) - start) / timedelta(days=1)) for end in ends] == days


@pytest.mark.parametrize(
    ("faults", "first", "then", "end"),
    [
        ({}, {"valid_until": "2031-01-01T00:00:00Z"}, {}, "2031"),
        ({}, {"valid_until": "2031-01-01T00:00:00Z"}, {"valid_until": "2030-01-01T00:00:00Z"}, "2030"),
        ({"validity_shrinks": False}, {"valid_until": "2031-01-01T00:00:00Z"}, {"valid_until": "2030-01-01T00:00:00Z"}, "2031"),
        ({"validity_shrinks": False}, {"valid_until": "2031-01-01T00:00:00Z"}, {"valid_until": "2032-01-01T00:00:00Z"}, "2032"),
        ({"days_of_names": 36500}, PAST, {}, "21"),
        ({"expired_renew": False}, PAST, {}, "2021"),
    ],
)  # fmt: skip
def test_end_of_validity(
    api: API, sandbox: Sandbox, collection_id: str, faults: Any, first: Any, then: Any, end: str
) -> None:
    """An import extends a validity, may shorten it, and may renew one that is over."""
    _set(sandbox, faults)
    for fields in (first, then):
        _counts(api, sandbox, collection_id, "a.example", **fields)
    [indicator] = sandbox.indicators(collection_id)
    assert indicator["valid_until"].startswith(end)


@pytest.mark.parametrize("revive", [True, False])
def test_revoked_values(api: API, sandbox: Sandbox, collection_id: str, revive: bool) -> None:
    """A revoked value that comes again is valid again, or stays revoked."""
    sandbox.faults.revoked_revive = revive
    _counts(api, sandbox, collection_id, "a.example")
    [indicator] = sandbox.indicators(collection_id)
    api("DELETE", f"/ioc-collections/{collection_id}/indicators/{indicator['id']}")
    _counts(api, sandbox, collection_id, "a.example")
    assert [indicator["revoked"] for indicator in sandbox.indicators(collection_id)] == [not revive]


@pytest.mark.parametrize(
    ("faults", "counts"),
    [
        ({}, {"created": 1, "updated": 2, "ignored": 1}),
        ({"ignored_counts_unchanged": True}, {"created": 1, "updated": 1, "ignored": 2}),
        ({"refused_values": ["NEW.example", "no value"]}, {"created": 0, "updated": 2, "ignored": 2}),
    ],
)
@pytest.mark.parametrize("modifies", [True, False])
def test_counts(
    api: API, sandbox: Sandbox, collection_id: str, faults: Any, counts: dict[str, int], modifies: bool
) -> None:
    """What is ignored was refused, or is there already; what does not change is modified anyway, or is not."""
    _counts(api, sandbox, collection_id, "same.example", description="new")
    _counts(api, sandbox, collection_id, "other.example", description="old")
    before = {indicator["name"]: indicator["modified"] for indicator in sandbox.indicators(collection_id)}
    _set(sandbox, {**faults, "reimport_modifies": modifies})
    text = "same.example\nother.example\nnew.example\nno indicator"
    assert _counts(api, sandbox, collection_id, text, description="new") == counts
    after = {indicator["name"]: indicator["modified"] for indicator in sandbox.indicators(collection_id)}
    assert (after["same.example"] > before["same.example"]) == modifies
    assert after["other.example"] > before["other.example"]
    assert ("new.example" in after) == (not faults.get("refused_values"))


def test_refused_objects(api: API, sandbox: Sandbox, collection_id: str) -> None:
    """Indicators sent as objects are refused without a word: they are missing in the answer."""
    sandbox.faults.refused_values = ["a.example"]
    path, body = f"/ioc-collections/{collection_id}/indicators", {"indicators": [{"value": "a.example"}]}
    assert api("POST", path, json=body).json() == {"items": [], "total": 0}


@pytest.mark.parametrize(
    ("value", "given", "lower", "canonical"),
    [
        ("Evil.Example", "Evil.Example", "evil.example", "evil.example"),
        ("Bücher.Example", "Bücher.Example", "bücher.example", "xn--bcher-kva.example"),
        ("2001:DB8:0:0::1", "2001:DB8:0:0::1", "2001:db8:0:0::1", "2001:db8::1"),
        ("Someone@Evil.Example", "Someone@Evil.Example", "someone@evil.example", "someone@evil.example"),
        (
            "HTTP://u@Bücher.Example:80/A%2fb?ü'",
            "HTTP://u@Bücher.Example:80/A%2fb?ü'",
            "HTTP://u@Bücher.Example:80/A%2fb?ü'",
            "http://u@xn--bcher-kva.example:80/A%2Fb?%C3%BC'",
        ),
        ("http://[2001:DB8::0]/", "http://[2001:DB8::0]/", "http://[2001:DB8::0]/", "http://[2001:db8::]/"),
        (MD5.upper(), MD5, MD5, MD5),
        ("AA-BB-CC-00-11-22", "AA-BB-CC-00-11-22", "aa-bb-cc-00-11-22", "aa-bb-cc-00-11-22"),
    ],
)
def test_stored_form(
    api: API, sandbox: Sandbox, collection_id: str, value: str, given: str, lower: str, canonical: str
) -> None:
    """Values are stored as they came, in lowercase, or as DNS and RFC 5952 write them, however they came."""
    path, objects = f"/ioc-collections/{collection_id}/indicators", {"indicators": [{"value": value}]}
    for form, stored in (("given", given), ("lower", lower), ("canonical", canonical)):
        _set(sandbox, {"stored_form": form, "refused_values": []})
        _counts(api, sandbox, collection_id, value)
        assert [item["name"] for item in api("POST", path, json=objects).json()["items"]] == [stored]
        sandbox.faults.refused_values = [value]
        assert _counts(api, sandbox, collection_id, value)["ignored"] == 1


# What events tell


@pytest.mark.parametrize(
    ("faults", "progress"),
    [
        ({}, [(50, 50)]),
        ({"totals_grow_at": [1, 25]}, [(1, 1), (25, 25), (50, 50)]),
        ({"zero_first": True}, [(0, 0), (50, 50)]),
        ({"zero_total_first": True}, [(0, 50), (50, 50)]),
        ({"zero_total_first": True, "zero_first": True}, [(0, 50), (0, 0), (50, 50)]),
        ({"zero_total_first": True, "zero_first": True, "stall_after": 0}, [(0, 50), (0, 0)]),
        ({"stall_after": 0}, []),
        ({"fail_after": 0.5}, [(25, 50)]),
        ({"pause_for": 0.01}, [(25, 50), (50, 50)]),
        ({"pause_for": 0.01, "pause_after": 0.1}, [(5, 50), (50, 50)]),
    ],
)
def test_progress(
    api: API, sandbox: Sandbox, listen: Listen, collection_id: str, faults: Any, progress: list[tuple[int, int]]
) -> None:
    """Totals that grow, nothing of something, a queue that stands still, a failure, a pause."""
    _set(sandbox, {**faults, "finish_before_answer": True})
    with listen() as connection:
        api.import_text(collection_id, "\n".join(f"host-{number}.example" for number in range(50)))
        sandbox.push({"the": "end"})
        messages = (json.loads(connection.recv(timeout=5)) for _ in range(1000))
        events = list(takewhile(lambda message: "the" not in message, messages))
    told = [event["attributes"] for event in events if event.get("type") == "ioc-collection"]
    assert [(attributes["imported"], attributes["total"]) for attributes in told] == progress


@pytest.mark.parametrize(
    ("setting", "created"), [("number", 1), ("null", None), ("list", [1]), ("negative", -1), ("text", "n/a")]
)
def test_created(
    api: API, sandbox: Sandbox, listen: Listen, collection_id: str, setting: Any, created: object
) -> None:
    """The last event's count can be all kinds of things."""
    sandbox.faults.created_as = setting
    with listen() as connection:
        api.import_text(collection_id, "a.example")
        assert next(import_events(connection))["created"] == created
