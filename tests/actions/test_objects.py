"""Objects from other actions are imported and revoked as the values that they contain."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sandbox import Sandbox
from sekoia_cti.actions.import_indicators import ImportIndicators
from sekoia_cti.actions.import_text import ImportIndicatorsFromText
from sekoia_cti.actions.revoke_indicators import RevokeIndicators
from sekoia_cti.actions.search_indicators import SearchIndicators
from tests.conftest import Command, Platform

SHA256 = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
ID = "00000000-0000-4000-8000-000000000001"
INDICATOR = {
    "type": "indicator",
    "id": f"indicator--{ID}",
    "pattern": "[domain-name:value = 'a.example.com']",
    "pattern_type": "stix",
    "valid_from": "2026-01-01T00:00:00Z",
    "valid_until": "2031-01-01T00:00:00Z",
    "description": "x" * 600,
    "kill_chain_phases": [
        {"kill_chain_name": "mitre-attack", "phase_name": "impact"},
        {"kill_chain_name": "misp-category", "phase_name": "Network activity"},
    ],
    "x_ic_related_threat_refs": [f"intrusion-set--{ID}", "APT"],
}
BUNDLE = {
    "type": "bundle",
    "id": f"bundle--{ID}",
    "objects": [
        {"type": "identity", "id": f"identity--{ID}", "name": "Example"},
        {"type": "domain-name", "id": f"domain-name--{ID}", "value": "a.example.com"},
        INDICATOR,
        {**INDICATOR, "pattern": "[domain-name:value = 'old.example.com']", "revoked": True},
        {"type": "indicator", "pattern": "[ipv4-addr:value = '192.0.2.1' OR ipv4-addr:value = '192.0.2.2']"},
        {"type": "indicator", "pattern": "[ipv4-addr:value = '192.0.2.3'] REPEATS 5 TIMES"},
    ],
}


def there(sandbox: Sandbox, collection_id: str) -> dict[str, dict[str, Any]]:
    """What is in a collection, by value."""
    return {str(indicator["name"]): indicator for indicator in sandbox.indicators(collection_id)}


@pytest.mark.parametrize(
    "given", [BUNDLE, [BUNDLE], [[BUNDLE, None]], repr(BUNDLE), json.dumps(BUNDLE), [json.dumps(BUNDLE)]]
)
def test_a_bundle_is_imported(sandbox: Sandbox, platform: Platform, collection_id: str, given: object) -> None:
    """However the playbook passes it, its indicators are imported with their context, and the rest is reported."""
    run = platform.run(ImportIndicators, collection_id=collection_id, indicators=given)
    assert run.error is None
    assert run.results
    found = there(sandbox, collection_id)
    assert found.keys() == {"a.example.com", "192.0.2.1", "192.0.2.2"}
    indicator = found["a.example.com"]
    assert indicator["valid_from"].startswith("2026-01-01")
    assert indicator["valid_until"].startswith("2031-01-01")
    assert indicator["description"] == "x" * 499 + "…"
    assert indicator["kill_chain_phases"] == [{"kill_chain_name": "mitre-attack", "phase_name": "impact"}]
    assert indicator["x_ic_related_threat_refs"] == [f"intrusion-set--{ID}"]
    assert run.results["duplicates"] == 1  # the observable that an indicator is there for
    assert run.results["skipped"] == [{"value": "[domain-name:value = 'old.example.com']", "reason": "it is revoked"}]
    assert run.results["skipped_count"] == 1
    assert [entry["reason"] for entry in run.results["unrecognized"]] == ["a STIX pattern that says more than a value"]
    for told in (
        "1 value is left out as not for detection, such as “[domain-name:value = 'old.example.com']”: it is revoked",
        "The objects also contain things that are not indicators: 1 identity",
        "Kill chain phases that Sekoia does not know were left out, 1 times: “misp-category:Network activity”",
        "1 description is truncated, since Sekoia accepts at most 500 characters",
    ):
        assert told in run.logs


@pytest.mark.parametrize("name", ["bundle.json", "lines.json", "python.json"])
def test_a_file_holds_objects(sandbox: Sandbox, platform: Platform, collection_id: str, name: str) -> None:
    """A file in the storage contains one object, one object per line, or what Python prints."""
    texts = {
        "bundle.json": json.dumps(BUNDLE),
        "lines.json": "\n".join(map(json.dumps, BUNDLE["objects"])),
        "python.json": repr(BUNDLE["objects"]),
    }
    (platform.storage / name).write_text(texts[name])
    run = platform.run(ImportIndicators, collection_id=collection_id, indicators_path=name)
    assert run.error is None
    assert there(sandbox, collection_id).keys() == {"a.example.com", "192.0.2.1", "192.0.2.2"}


@pytest.mark.parametrize("argument", ["indicators", "text", "indicators_path"])
def test_objects_in_a_text_import(sandbox: Sandbox, platform: Platform, collection_id: str, argument: str) -> None:
    """The values of objects are imported; the log says that their context is not, and what was left out."""
    given = json.dumps(BUNDLE)
    if argument == "indicators_path":
        (platform.storage / "bundle.json").write_text(given)
        given = "bundle.json"
    run = platform.run(ImportIndicatorsFromText, collection_id=collection_id, **{argument: given})
    assert run.error is None
    assert run.results
    assert there(sandbox, collection_id).keys() == {"a.example.com", "192.0.2.1", "192.0.2.2"}
    assert (run.results["skipped_count"], run.results["unrecognized_count"], run.results["duplicates"]) == (1, 1, 1)
    assert "1 object says more about the indicator than its value" in run.logs


TYPES = [
    {"value": "a.example.com", "type": "Domain"},
    {"value": SHA256, "type": "FileHash-SHA256"},
    {"value": "192.0.2.1", "type": "ip-dst"},
    {"value": "http://b.example.com/x", "type": "URL"},
    {"value": "www.c.example.com", "type": "hostname"},
    {"value": "2001:db8::1", "type": "IPv6-Addr"},
    {"value": "a@b.example.com", "type": "email-src"},
    {"value": SHA256[:32], "type": "StixFile"},
    {"value": "192.0.2.2", "type": "no type that anyone knows"},
]


def test_types_in_any_tongue(sandbox: Sandbox, platform: Platform, collection_id: str) -> None:
    """Type names are understood, and none is sent that Sekoia does not know."""
    run = platform.run(ImportIndicators, collection_id=collection_id, indicators=TYPES)
    assert run.error is None
    assert run.results and run.results["status"] == "completed"
    assert there(sandbox, collection_id).keys() == {str(item["value"]) for item in TYPES}
    sent = [
        indicator
        for request in sandbox.requests
        if request.method == "POST" and request.path.endswith("/indicators")
        for indicator in json.loads(request.body)["indicators"]
    ]
    assert {indicator["value"]: indicator["type"] for indicator in sent} == {
        "a.example.com": "domain-name",
        SHA256: "file",
        "192.0.2.1": "ipv4-addr",
        "http://b.example.com/x": "url",
        "www.c.example.com": "domain-name",
        "2001:db8::1": "ipv6-addr",
        "a@b.example.com": "email-addr",
        SHA256[:32]: "file",
        "192.0.2.2": "ipv4-addr",
    }


def test_phases_as_objects(sandbox: Sandbox, platform: Platform, collection_id: str) -> None:
    """Kill chain phases can be objects too, in an object and as an argument."""
    run = platform.run(
        ImportIndicators,
        collection_id=collection_id,
        indicators=[
            {
                "value": "a.example.com",
                "kill_chain_phases": [{"kill_chain_name": "mitre-attack", "phase_name": "impact"}],
            },
            "b.example.com",
        ],
        kill_chain_phases='[{"kill_chain_name": "mitre-attack", "phase_name": "discovery"}]',
    )
    assert run.error is None
    assert {
        name: indicator["kill_chain_phases"][0]["phase_name"]
        for name, indicator in there(sandbox, collection_id).items()
    } == {"a.example.com": "impact", "b.example.com": "discovery"}


@pytest.mark.parametrize("action", [ImportIndicators, ImportIndicatorsFromText])
def test_entries_are_counted_like_lines(sandbox: Sandbox, platform: Platform, collection_id: str, action: Any) -> None:
    """What is not a value in a list keeps its position, and is reported; null is ignored."""
    entries = ["a.example.com", None, "# b.example.com", "; c", "", "None", "null", True, {"x": 1}, "no indicator"]
    run = platform.run(action, collection_id=collection_id, indicators=entries)
    assert run.results
    assert [
        (entry["line"], entry["value"])
        for entry in sorted(run.results["unrecognized"], key=lambda entry: entry["line"])
    ] == [
        (3, "# b.example.com"),
        (4, "; c"),
        (6, "None"),
        (7, "null"),
        (8, "true"),
        (9, "{x}"),
        (10, "no indicator"),
    ]
    assert run.results["unrecognized_count"] == 7


@pytest.mark.parametrize("action", ["ImportIndicators", "ImportIndicatorsFromText", "RevokeIndicators"])
def test_an_object_of_too_many_levels(command: Command, collection_id: str, action: str) -> None:
    """The error is one sentence, even if the arguments come from the platform."""
    deep = (
        '{"a": ' * 13_000 + "1" + "}" * 13_000
    )  # some versions of Python read 10,000 levels; the environment holds 128 KiB
    report = command(action, collection_id=collection_id, indicators=deep)
    assert report["error"] == (
        "The action's arguments are not valid: indicators: it begins like an object but cannot be read as one: it is cut off, "
        "malformed or nested too deeply."
    )


def test_an_expired_indicator(sandbox: Sandbox, platform: Platform, collection_id: str) -> None:
    """A warning mentions an end of validity in the past."""
    run = platform.run(
        ImportIndicators,
        collection_id=collection_id,
        indicators={"value": "a.example.com", "valid_until": "2020-01-01"},
    )
    assert "1 of the indicators is valid until a time in the past" in run.logs


def test_only_what_is_left_out(platform: Platform, collection_id: str) -> None:
    """A list of nothing but revoked indicators is an error that says so."""
    run = platform.run(
        ImportIndicators, collection_id=collection_id, indicators=[{"value": "a.example.com", "revoked": True}]
    )
    assert run.error == (
        "There is nothing to import: in the list, 1 value is left out as not for detection, such as “a.example.com”: it is "
        "revoked."
    )


def test_what_search_finds_is_revoked(sandbox: Sandbox, platform: Platform, collection_id: str) -> None:
    """Revoke accepts what Search returns, including indicators that are already revoked."""
    platform.run(ImportIndicators, collection_id=collection_id, indicators=["a.example.com", "b.example.com"])
    platform.run(RevokeIndicators, collection_id=collection_id, indicators="a.example.com")
    found = platform.run(SearchIndicators, collection_id=collection_id)
    assert found.results
    run = platform.run(
        RevokeIndicators,
        collection_id=collection_id,
        indicators=[found.results, {"x": 1}, {"value": "c.example", "to_ids": 0}],
    )
    assert run.error is None
    assert run.results
    assert (run.results["revoked"], run.results["already_revoked"]) == (["b.example.com"], ["a.example.com"])
    assert "1 entry contains no indicator, such as entry 3, “{x}”: an object that contains no indicator" in run.logs
    assert "1 value is left out as not for detection, such as “c.example”: to_ids is false" in run.logs
