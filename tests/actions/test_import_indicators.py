"""Import indicators, one by one, against the sandbox."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sandbox import RestFault, Sandbox
from sekoia_cti.actions.common.items import entries_for, read_items
from sekoia_cti.actions.common.validity import ContextByKind
from sekoia_cti.actions.import_indicators import ImportIndicators
from sekoia_cti.client.phases import PhaseFinder
from sekoia_cti.client.wire import Context, KillChainPhase
from sekoia_cti.indicators.kill_chains import KillChain
from tests.conftest import Platform

DOMAINS = [f"d{number}.example.com" for number in range(250)]
OBJECTS = [
    {"value": "a.example.com", "valid_until": "2031-01-01", "description": "first", "confidence": 80},
    {
        "value": "b.example.com",
        "type": "domain",
        "valid_from": "2024-01-01",
        "kill_chain_phases": "Command and Control",
    },
    {"value": "192.0.2.1", "related_threat_refs": ["intrusion-set--00000000-0000-4000-8000-000000000001"]},
    "hxxp://c[.]example/path",
]


def submissions(sandbox: Sandbox) -> list[dict[str, Any]]:
    """The bodies of the requests that added indicators."""
    return [
        json.loads(request.body)
        for request in sandbox.requests
        if request.method == "POST" and request.path.endswith("/indicators")
    ]


def names(sandbox: Sandbox, collection_id: str) -> set[str]:
    """The content of a collection."""
    return {indicator["name"] for indicator in sandbox.indicators(collection_id)}


@pytest.mark.parametrize("as_task", [False, True], ids=["200", "202"])
def test_a_list_goes_in_by_the_hundred(
    sandbox: Sandbox, platform: Platform, collection_id: str, as_task: bool
) -> None:
    """Whether Sekoia answers with the indicators or with a task: all are in, and the results say so."""
    sandbox.faults.indicators_as_task = as_task
    run = platform.run(
        ImportIndicators, collection_id=collection_id, indicators=[*DOMAINS, "D0.example.com", "# x", ""]
    )
    assert run.error is None
    assert run.results
    assert [len(body["indicators"]) for body in submissions(sandbox)] == [100, 100, 50]
    assert (run.results["status"], run.results["submitted"]) == ("completed", 250)
    assert (run.results["imported"], run.results["total"]) == (250, 250)
    assert run.results["confirmed_by"] == ("liveapi" if as_task else "api")
    assert len(run.results["task_ids"]) == (3 if as_task else 0)
    assert (run.results["duplicates"], run.results["by_type"]) == (1, {"domain": 250})
    assert (run.results["missing"], run.results["missing_count"]) == ([], 0)
    assert "were in" not in run.logs and "so before" not in run.logs
    there = sandbox.indicators(collection_id)
    assert {indicator["name"] for indicator in there} == set(DOMAINS)
    assert set(run.results["indicator_ids"]) == (set() if as_task else {indicator["id"] for indicator in there})


@pytest.mark.parametrize("given", [OBJECTS, repr(OBJECTS), json.dumps(OBJECTS), [[OBJECTS[:2]], OBJECTS[2:]]])
def test_objects_bring_their_own_context(
    sandbox: Sandbox, platform: Platform, collection_id: str, given: object
) -> None:
    """What an object says holds for its indicator, the arguments for the rest, however Jinja wrote the list."""
    run = platform.run(
        ImportIndicators,
        collection_id=collection_id,
        indicators=given,
        description="of all",
        valid_until="2030-01-01",
    )
    assert run.error is None
    assert run.results and run.results["status"] == "completed"
    there = {indicator["name"]: indicator for indicator in sandbox.indicators(collection_id)}
    assert there.keys() == {"a.example.com", "b.example.com", "192.0.2.1", "http://c.example/path"}
    assert [there[name]["description"] for name in ("a.example.com", "192.0.2.1")] == ["first", "of all"]
    assert there["a.example.com"]["valid_until"].startswith("2031-01-01")
    assert there["b.example.com"]["valid_until"].startswith("2030-01-01")
    assert there["b.example.com"]["valid_from"].startswith("2024-01-01")
    assert there["b.example.com"]["kill_chain_phases"] == [
        {"kill_chain_name": "lockheed-martin-cyber-kill-chain", "phase_name": "command-and-control"}
    ]
    assert there["192.0.2.1"]["x_ic_related_threat_refs"] == ["intrusion-set--00000000-0000-4000-8000-000000000001"]
    assert run.logs.count("limits the matching of IP addresses to destination.ip") == 1
    # One context a request, and no field in an item that the contract does not publish for items.
    assert all(
        indicator.keys() <= {"value", "type", "valid_from"}
        for body in submissions(sandbox)
        for indicator in body["indicators"]
    )


def test_a_refused_indicator_is_found(sandbox: Sandbox, platform: Platform, collection_id: str) -> None:
    """Halving finds the refused indicators, and the others are imported."""
    bad = ["bad.example.com", "worse.example.com"]
    items = [
        *DOMAINS[:40],
        {"value": bad[0], "type": "url"},
        *DOMAINS[40:90],
        {"value": bad[1], "type": "url"},
        *DOMAINS[90:120],
    ]
    run = platform.run(ImportIndicators, collection_id=collection_id, indicators=items)
    assert run.error is None
    assert run.results
    assert run.results["status"] == "partial"
    assert [missing["value"] for missing in run.results["missing"]] == bad
    assert all("is not a valid indicator" in missing["reason"] for missing in run.results["missing"])
    assert (run.results["submitted"], run.results["imported"], run.results["missing_count"]) == (120, 120, 2)
    assert names(sandbox, collection_id) == set(DOMAINS[:120])
    assert (
        "The import ended, but 2 indicators are not in the collection: “bad.example.com” (Sekoia refused it: "
        in run.logs
    )


def test_unknown_values_keep_nobody_out(sandbox: Sandbox, platform: Platform, collection_id: str) -> None:
    """Unrecognized values are sent separately, so that a refusal does not affect the others."""
    unknown = [f"setup{number}.exe" for number in range(30)]
    run = platform.run(
        ImportIndicators,
        collection_id=collection_id,
        indicators=[*unknown, "192.0.2.0/24", *DOMAINS[:5]],
        send_unrecognized=True,
    )
    assert run.results
    assert run.results["unrecognized_count"] == 31
    assert names(sandbox, collection_id) >= set(DOMAINS[:5])
    # The sandbox takes the names for domains; the network it refuses.
    assert run.results["missing"] == [
        {
            "value": "192.0.2.0/24",
            "reason": "Sekoia refused it: indicators.0.value: '192.0.2.0/24' is not a valid indicator",
        }
    ]


def test_a_request_of_nothing_but_refusals_is_given_up(
    sandbox: Sandbox, platform: Platform, collection_id: str
) -> None:
    """Ten refusals in a row, one by one, and the rest of the request is reported without being tried."""
    items = [{"value": f"192.0.2.{number}", "type": "url"} for number in range(100)]
    run = platform.run(ImportIndicators, collection_id=collection_id, indicators=[*items, *DOMAINS[:3]])
    assert run.error is None
    assert run.results
    assert run.results["missing_count"] == 100
    assert run.results["missing"][-1] == {
        "value": "192.0.2.99",
        "reason": "Sekoia refused the request that contained it, and refused other values of that request one by one",
    }
    assert len(submissions(sandbox)) < 30
    assert names(sandbox, collection_id) == set(DOMAINS[:3])


def test_what_cannot_be_sent_fails_alone(sandbox: Sandbox, platform: Platform, collection_id: str) -> None:
    """An object without a usable value or context is reported with the reason, and the others are imported."""
    run = platform.run(
        ImportIndicators,
        collection_id=collection_id,
        indicators=[
            {"answer": "a.example.com"},
            {"value": "b.example.com", "valid_until": "tomorrow"},
            {"value": "c.example.com", "kill_chain_phases": ["no such phase"]},
            {"value": "# a comment", "description": "x"},
            {"value": "d.example.com"},
        ],
    )
    assert run.error is None
    assert run.results
    assert (run.results["status"], run.results["imported"]) == ("partial", 1)
    reasons = {missing["value"]: missing["reason"] for missing in run.results["missing"]}
    assert reasons.keys() == {"b.example.com", "c.example.com"}
    assert reasons["b.example.com"].startswith("valid_until: it must be an ISO 8601 date")
    assert reasons["c.example.com"].startswith("“no such phase” is not a kill chain phase")
    assert run.results["unrecognized"] == [
        {
            "line": 1,
            "value": "{answer}",
            "reason": "an object that contains no indicator, with the keys answer",
        },
        {"line": 4, "value": "# a comment", "reason": "a comment, but the list should contain values only"},
    ]
    assert names(sandbox, collection_id) == {"d.example.com"}


def test_dates_of_objects_are_read_as_those_of_files(sandbox: Sandbox, platform: Platform, collection_id: str) -> None:
    """Unambiguous dates are converted and reported, no end stays none, and a value with an ambiguous date is not
    sent."""
    run = platform.run(
        ImportIndicators,
        collection_id=collection_id,
        indicators=[
            {"value": "a.example.com", "valid_until": "31/12/2090"},
            {"value": "b.example.com", "valid_until": 3_786_912_000},
            {"Indicator": "c.example.com", "Expires": "12/31/2089 6:00 PM"},
            {"value": "d.example.com", "valid_until": "never"},
            {"value": "e.example.com", "valid_until": "01/02/2090"},
        ],
    )
    assert run.error is None
    assert run.results
    assert [missing["value"] for missing in run.results["missing"]] == ["e.example.com"]
    there = {item["name"]: item["valid_until"][:10] for item in sandbox.indicators(collection_id)}
    year = there.pop("d.example.com")[:4]
    assert int(year) < 2080
    assert there == {"a.example.com": "2090-12-31", "b.example.com": "2090-01-01", "c.example.com": "2089-12-31"}
    assert "3 dates were converted to ISO 8601" in run.logs


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            {},
            "The action's arguments are not valid: at least one of indicators, indicators_path "
            "is required, but all of them are empty: check the step that fills them.",
        ),
        ({"indicators": "[]"}, "There is nothing to import: the list contains no indicator."),
        (
            {"indicators": "['a.example"},
            "The action's arguments are not valid: indicators: it begins like a list but does not end like one.",
        ),
        (
            {"indicators": ["a.example.com", "setup.exe"], "strict": "yes"},
            "Nothing was imported, since strict is set. 1 value is not a recognized indicator: line 2 “setup.exe” "
            "(a file name). Correct them, or run the action without strict.",
        ),
        (
            {"indicators": [{"value": "192.0.2.1", "type": "url"}]},
            "The import ended, but none of the indicators are in the collection: “192.0.2.1” (Sekoia refused it: "
            "indicators.0.value: '192.0.2.1' is not a valid indicator).",
        ),
    ],
)
def test_when_nothing_goes_in(
    sandbox: Sandbox, platform: Platform, collection_id: str, arguments: dict[str, Any], sentence: str
) -> None:
    """An action that imported nothing is an error."""
    run = platform.run(ImportIndicators, collection_id=collection_id, **arguments)
    assert run.error == sentence
    assert names(sandbox, collection_id) == set()


def test_a_file_holds_the_list(sandbox: Sandbox, platform: Platform, collection_id: str) -> None:
    """A JSON file of the storage holds values and objects alike."""
    (platform.storage / "list.json").write_text(json.dumps([OBJECTS, ["d.example.com"]]))
    run = platform.run(
        ImportIndicators, collection_id=collection_id, indicators_path="list.json", indicators="e.example.com"
    )
    assert run.error is None
    assert len(names(sandbox, collection_id)) == 6


def test_the_limit_of_the_community(sandbox: Sandbox, platform: Platform, collection_id: str) -> None:
    """If Sekoia refuses because the community is full, the rest is not tried one by one; the error gives the
    figures."""
    sandbox.faults.collection_limit = 120
    run = platform.run(ImportIndicators, collection_id=collection_id, indicators=DOMAINS)
    assert run.error is not None
    assert "the community holds 0 of at most 120 indicators, and 250 were to be added" in run.error
    assert (
        "The import may exceed the limit: the community holds 0 of at most 120 indicators, and up to 250" in run.logs
    )
    assert run.results
    assert run.results["status"] == "incomplete"
    assert run.results["submitted"] + run.results["missing_count"] == 250
    assert len(names(sandbox, collection_id)) == run.results["imported"] >= 100


def test_what_stops_it_half_way(sandbox: Sandbox, platform: Platform, collection_id: str) -> None:
    """A permission that is lost during an import ends the submissions; the results say what is in and what is not."""
    sandbox.faults.rest = [
        RestFault(method="POST", path="/indicators$"),  # the first passes
        RestFault(method="POST", path="/indicators$", status=403, times=None),
    ]
    run = platform.run(ImportIndicators, collection_id=collection_id, indicators=DOMAINS)
    assert run.error is not None
    done = "Not everything could be submitted: Sekoia has imported 100 of 100 indicators; not in the collection: 150 of the "
    assert run.error.startswith(f"{done}indicators, such as “")
    assert "Sekoia denied permission (HTTP 403) while submitting the" in run.error
    assert run.results
    assert (run.results["status"], run.results["submitted"], run.results["imported"]) == ("incomplete", 100, 100)
    assert {missing["value"] for missing in run.results["missing"]} == set(DOMAINS[100:200])
    assert {missing["reason"] for missing in run.results["missing"]} == {"it was not submitted"}
    assert run.results["missing_count"] == 150
    assert names(sandbox, collection_id) == set(DOMAINS[:100])


def test_a_refusal_of_everything(sandbox: Sandbox, platform: Platform, collection_id: str) -> None:
    """A permission that is missing from the start is the error, with no results to mistake for an import."""
    sandbox.faults.rest = [RestFault(method="POST", path="/indicators$", status=403, times=None)]
    run = platform.run(ImportIndicators, collection_id=collection_id, indicators=DOMAINS)
    assert run.error is not None
    assert run.error.startswith("Sekoia denied permission (HTTP 403) while submitting the indicators")
    assert run.results is None


def test_a_long_list(sandbox: Sandbox, platform: Platform, collection_id: str) -> None:
    """More than a thousand indicators are imported, and the log says which action is faster."""
    domains = [f"d{number}.example.com" for number in range(1_001)]
    run = platform.run(ImportIndicators, collection_id=collection_id, indicators=domains, wait=False)
    assert run.results and (run.results["status"], run.results["imported"]) == ("completed", 1_001)
    assert "“Import indicators from text” is much faster" in run.logs


def test_an_answer_that_lists_less(sandbox: Sandbox, platform: Platform, collection_id: str) -> None:
    """An indicator that Sekoia's answer does not list is reported, not taken for imported."""
    listed = {
        "id": "indicator--00000000-0000-4000-8000-000000000001",
        "pattern": "[domain-name:value = 'a.example.com']",
    }
    sandbox.faults.rest = [
        RestFault(method="POST", path="/indicators$", status=200, body={"items": [listed], "total": 1})
    ]
    run = platform.run(ImportIndicators, collection_id=collection_id, indicators=["A.example.com", "b.example.com"])
    assert run.results
    assert (run.results["status"], run.results["missing_count"]) == ("partial", 1)
    assert run.results["missing"] == [{"value": "b.example.com", "reason": "it is not in the collection"}]
    assert run.results["indicator_ids"] == [listed["id"]]


def test_some_at_once_and_some_in_a_task(sandbox: Sandbox, platform: Platform, collection_id: str) -> None:
    """Immediate answers and tasks add up, and nothing is missing."""
    listed = {
        "id": "indicator--00000000-0000-4000-8000-000000000001",
        "pattern": "[domain-name:value = 'a.example.com']",
    }
    sandbox.faults.indicators_as_task = True
    sandbox.faults.rest = [RestFault(method="POST", path="/indicators$", status=200, body={"items": [listed]})]
    items = [{"value": "a.example.com", "description": "one"}, *DOMAINS[:30]]
    run = platform.run(ImportIndicators, collection_id=collection_id, indicators=items)
    assert run.error is None
    assert run.results
    assert (run.results["status"], run.results["confirmed_by"]) == ("completed", "liveapi")
    assert [run.results[name] for name in ("submitted", "imported", "total")] == [31, 31, 31]
    assert run.results["indicator_ids"] == [listed["id"]]
    assert "Sekoia counted" not in run.logs


def test_kill_chains_are_asked_for_once() -> None:
    """Only a phase that is not known here needs Sekoia's list, and one request is enough for all items."""
    asked = 0

    def look_up() -> list[KillChain]:
        nonlocal asked
        asked += 1
        return []

    entries = [{"value": f"d{number}.example", "kill_chain_phases": "unheard"} for number in range(3)]
    reading = read_items([*entries, {"value": "e.example", "kill_chain_phases": "impact"}], refanging=True)
    (entry,), missing = entries_for(reading, ContextByKind(Context(description="x")), PhaseFinder(look_up))
    assert asked == 1
    assert len(missing) == 3
    assert entry.context == Context(
        description="x", kill_chain_phases=[KillChainPhase(kill_chain_name="mitre-attack", phase_name="impact")]
    )
