"""What an import says about the collection, whatever Sekoia does: each unknown of the contract is played both ways."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox import RestFault, Sandbox
from sekoia_cti.actions.common.import_action import ImportAction
from sekoia_cti.actions.import_indicators import ImportIndicators
from sekoia_cti.actions.import_text import ImportIndicatorsFromText
from sekoia_cti.client.waiting import Patience
from sekoia_cti.platform.sekoia_item import SekoiaItem
from tests.conftest import Platform

VALUES = [f"d{number}.example.com" for number in range(250)]


def imported(platform: Platform, collection_id: str, values: list[str] = VALUES, **arguments: Any) -> dict[str, Any]:
    """The results of an import of values, and its error."""
    run = platform.run(
        ImportIndicatorsFromText,
        **{"collection_id": collection_id, "text": "\n".join(values), "timeout": 20, **arguments},
    )
    assert run.results is not None, run.error
    return {**run.results, "error": run.error, "logs": run.logs}


def names(sandbox: Sandbox, collection_id: str) -> set[str]:
    """The active values of a collection."""
    return {indicator["name"] for indicator in sandbox.indicators(collection_id) if not indicator["revoked"]}


@pytest.mark.parametrize("wide", [False, True])
@pytest.mark.parametrize("reader", ["served", "absent", "denied", "html", "broken"])
@pytest.mark.fault(
    "Sekoia ignores some values, and the bulk reader is available, absent, denied, broken, or answers with HTML",
    "The collection is read in a way that works; `partial`, and the ignored values are named",
)
def test_what_sekoia_ignored_is_named(
    sandbox: Sandbox, platform: Platform, collection_id: str, reader: Any, wide: bool
) -> None:
    """`ignored` leaves a doubt, and the collection decides, read in whichever way is not refused."""
    if wide:
        imported(platform, collection_id, [f"other{number}.example.net" for number in range(300)])
    sandbox.faults.bulk_reader = reader
    sandbox.faults.refused_values = ["d7.example.com", "d9.example.com"]
    told = imported(platform, collection_id)
    assert (told["status"], told["missing_count"], told["error"]) == ("partial", 2, None)
    assert [missing["value"] for missing in told["missing"]] == ["d7.example.com", "d9.example.com"]
    assert told["submitted"] - told["missing_count"] == len(names(sandbox, collection_id) & set(VALUES))


@pytest.mark.parametrize(
    "faults",
    [
        {"bulk_patterns": False},
        {"bulk_lag_values": 50},
        {"bulk_lag_seconds": 600},
        {"bulk_last_cursor": False},
        {"ignored_counts_unchanged": True},
        {"reimport_modifies": False},
        {"tasks": "unknown"},
        {"tasks": "denied"},
        {"task_events": True},
        {"created_as": "null"},
        {"created_as": "list"},
        {"created_as": "negative"},
        {"created_as": "text"},
        {"import_answer": "numeric_id"},
        {"import_answer": "no_id"},
        {"import_answer": "counts"},
        {"live_greeting": False},
        {"totals_grow_at": [1, 25]},
        {"zero_first": True},
        {"zero_first": True, "zero_total_first": True},
        {"stored_form": "lower"},
        {"stored_form": "canonical"},
        {"stored_form": "given"},
        {"lose_events": "last"},
        {"lose_events": "all"},
        {"lose_events": "all", "tasks": "unknown"},
    ],
    ids=str,
)
@pytest.mark.parametrize("again", [False, True])
@pytest.mark.fault(
    "What is unknown about Sekoia, in every variant: `created` is null, a list, -1 or “n/a”; totals grow; ids are "
    "numbers or missing; values come in other forms; tasks are known or not",
    "Understood; completed",
)
def test_what_is_in_is_completed(
    sandbox: Sandbox, platform: Platform, collection_id: str, faults: dict[str, Any], again: bool
) -> None:
    """New and existing values, in every variant of what is unknown about Sekoia: every value is in, and is reported as
    in."""
    values = [*VALUES[:120], "2001:db8:0:0:0:0:0:1", "http://EXAMPLE.com/Path", "bücher.example", "A" * 64]
    if again:
        assert imported(platform, collection_id, values)["status"] == "completed"
    for name, value in faults.items():
        setattr(sandbox.faults, name, value)
    told = imported(platform, collection_id, values, description="ours")
    assert (told["status"], told["missing"], told["error"]) == ("completed", [], None)
    assert told["missing_count"] == 0


def test_none_is_in(sandbox: Sandbox, platform: Platform, collection_id: str) -> None:
    """An import that ends with nothing in is an error that names three values."""
    sandbox.faults.refused_values = VALUES
    told = imported(platform, collection_id)
    assert (told["status"], told["missing_count"], len(told["missing"])) == ("rejected", 250, 100)
    assert told["error"] == (
        "The import ended, but none of the indicators are in the collection: “d0.example.com” (it is not in the "
        "collection), "
        "“d1.example.com” (it is not in the collection), “d2.example.com” (it is not in the collection)."
    )


def test_a_task_that_fails_says_why(sandbox: Sandbox, platform: Platform, collection_id: str) -> None:
    """A failed task ends the wait; the results say what is in and what is not."""
    sandbox.faults.fail_after = 0.5
    sandbox.faults.task_events = True
    told = imported(platform, collection_id)
    assert told["status"] == "partial"
    assert told["missing_count"] == 250 - len(names(sandbox, collection_id))
    assert "failed" in told["logs"]


@pytest.mark.parametrize("revives", [True, False])
@pytest.mark.fault(
    "A revoked value is imported again", "`completed` only if that revives it; otherwise it is reported as revoked"
)
def test_a_revoked_value_is_in_only_if_it_revives(
    sandbox: Sandbox, platform: Platform, collection_id: str, revives: bool
) -> None:
    """A value that was counted as updated may still be revoked."""
    from sekoia_cti.actions.revoke_indicators import RevokeIndicators

    imported(platform, collection_id, ["a.example.com", "b.example.com"])
    platform.run(RevokeIndicators, collection_id=collection_id, text="a.example.com")
    sandbox.faults.revoked_revive = revives
    told = imported(platform, collection_id, ["a.example.com", "b.example.com"])
    assert told["status"] == ("completed" if revives else "partial")
    assert told["missing"] == (
        [] if revives else [{"value": "a.example.com", "reason": "it is in the collection, but revoked or expired"}]
    )


@pytest.mark.parametrize("shrinks", [True, False])
@pytest.mark.fault(
    "Sekoia does not apply the validity that was sent", "`completed`, with a warning that counts the differences"
)
def test_context_that_differs_is_no_loss(
    sandbox: Sandbox, platform: Platform, collection_id: str, shrinks: bool
) -> None:
    """A validity that Sekoia does not shorten leaves the status, with a warning and a count."""
    imported(platform, collection_id, ["a.example.com"], valid_for=300)
    sandbox.faults.validity_shrinks = shrinks
    told = imported(platform, collection_id, ["a.example.com"], valid_for=3)
    assert (told["status"], told["context_differs_count"]) == ("completed", 0 if shrinks else 1)
    assert ("1 value is in the collection with a different validity" in told["logs"]) is not shrinks


@pytest.mark.parametrize("stored", [False, True])
@pytest.mark.parametrize("action", [ImportIndicatorsFromText, ImportIndicators])
@pytest.mark.fault(
    "Sekoia answers 500 whenever one value is submitted, and stores it or not",
    "The value is found by halving and looked for in the collection: it is missing only if it is not there. The others are in",
)
def test_one_value_that_breaks_sekoia(
    sandbox: Sandbox,
    platform: Platform,
    collection_id: str,
    monkeypatch: pytest.MonkeyPatch,
    action: type[ImportAction],
    stored: bool,
) -> None:
    """A value that is answered with 500 every time is found by halving, and the others are imported."""
    monkeypatch.setattr(SekoiaItem, "patience", Patience.none().but(look_quiet=0.1))
    sandbox.faults.rest = [
        RestFault(path="/(text|indicators)$", status=500, handled=stored, times=None, contains="d13.example.com")
    ]
    told = platform.run(action, collection_id=collection_id, indicators=VALUES[:40], timeout=60).results
    assert told
    missing = [] if stored else [{"value": "d13.example.com", "reason": "Sekoia answered it with HTTP 500 each time"}]
    assert (told["status"], told["missing"]) == ("completed" if stored else "partial", missing)
    assert (told["submitted"], told["missing_count"]) == (40 - len(missing), len(missing))
    assert names(sandbox, collection_id) == set(VALUES[:40]) - {each["value"] for each in missing}
    if action is ImportIndicatorsFromText and not stored:
        assert told["created"] == 39  # Sekoia's counts hold for what it counted


@pytest.mark.fault("Sekoia refuses a text because of one of its lines", "The same")
def test_a_line_that_makes_sekoia_refuse_the_text(sandbox: Sandbox, platform: Platform, collection_id: str) -> None:
    """Whether Sekoia refuses a whole text because of one line is unknown: the others are imported either way."""
    sandbox.faults.invalid_lines = "rejected"
    told = imported(platform, collection_id, [*VALUES[:20], "no indicator"], send_unrecognized=True)
    assert (told["status"], [missing["value"] for missing in told["missing"]]) == ("partial", ["no indicator"])
    assert names(sandbox, collection_id) == set(VALUES[:20])


@pytest.mark.fault(
    "Others write to the collection while LiveAPI is down", "Completed, confirmed by the state of the collection"
)
def test_a_collection_that_others_write_to(sandbox: Sandbox, platform: Platform, collection_id: str) -> None:
    """Without LiveAPI, the values are looked for, whatever else is in the collection."""
    sandbox.faults.live_status = 502
    sandbox.faults.tasks = "unknown"
    imported(platform, collection_id, [f"other{number}.example.net" for number in range(150)], description="theirs")
    told = imported(platform, collection_id, VALUES[:20], description="ours")
    assert (told["status"], told["confirmed_by"], told["missing_count"]) == ("completed", "api", 0)
