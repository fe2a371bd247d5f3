"""Update indicators, against the sandbox."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import pytest

from sandbox import RestFault, Sandbox
from sekoia_cti.actions.import_indicators import ImportIndicators
from sekoia_cti.actions.import_text import ImportIndicatorsFromText
from sekoia_cti.actions.revoke_indicators import RevokeIndicators
from sekoia_cti.actions.update_indicators import (
    UpdateIndicators,
    UpdateIndicatorsArguments,
    UpdateIndicatorsResults,
)
from sekoia_cti.client.errors import Interrupted
from tests.conftest import Command, Platform, Run

THREAT = "intrusion-set--11111111-1111-4111-8111-111111111111"
UNKNOWN_ID = "indicator--99999999-9999-4999-8999-999999999999"
MANY = [f"d{number}.example" for number in range(12)]
SAID: dict[str, Any] = {
    "description": "seen in March",
    "valid_from": "2026-01-01",
    "valid_until": "2198-01-01",
    "kill_chain_phases": "delivery",
    "related_threat_refs": THREAT,
}
FIELDS = ("description", "valid_from", "valid_until", "kill_chain_phases", "x_ic_related_threat_refs")


class UpdateMany(UpdateIndicators):
    """The action, with a dozen counting as many."""

    few = 5
    many = 3


def held(sandbox: Sandbox, collection_id: str) -> dict[str, dict[str, Any]]:
    """What the collection says about each indicator, by its name; empty fields are left out."""
    return {
        indicator["name"]: {name: indicator[name] for name in FIELDS if indicator.get(name)}
        for indicator in sandbox.indicators(collection_id)
    }


def fill(platform: Platform, collection_id: str, *values: str, **said: Any) -> None:
    """Import indicators."""
    run = platform.run(ImportIndicatorsFromText, collection_id=collection_id, text="\n".join(values), **said)
    assert run.error is None


def told(run: Run) -> dict[str, Any]:
    """The counts that are not 0."""
    assert run.results is not None
    return {name: value for name, value in run.results.items() if value and name.endswith("_count")}


def changes(sandbox: Sandbox) -> list[tuple[str, str]]:
    """The requests that changed something, but for the first import."""
    return [
        (request.method, request.path.rsplit("/", 1)[1].partition("--")[0])
        for request in sandbox.requests
        if "/indicators" in request.path and request.method != "GET"
    ][1:]


@pytest.mark.parametrize("unsaid", ["keep", "clear"])
def test_exactly_these_change_and_only_in_what_is_given(
    sandbox: Sandbox, platform: Platform, collection_id: str, unsaid: Literal["keep", "clear"]
) -> None:
    """Indicators that merely contain a value stay, and so do fields that were not given, whatever Sekoia does with
    missing fields."""
    sandbox.faults.changes = unsaid
    fill(platform, collection_id, "evil.example", "notevil.example", "198.51.100.7", **SAID)
    before = held(sandbox, collection_id)

    run = platform.run(
        UpdateIndicators,
        collection_id=collection_id,
        text="EVIL[.]example\n198.51.100.7\nabsent.example",
        description="seen in April",
    )

    assert run.error is None
    assert told(run) == {"updated_count": 2, "not_found_count": 1}
    assert run.results and run.results["not_found"] == ["absent.example"]
    after = held(sandbox, collection_id)
    assert after["notevil.example"] == before["notevil.example"]
    assert after["evil.example"] == before["evil.example"] | {"description": "seen in April"}
    assert after["198.51.100.7"] == before["198.51.100.7"] | {"description": "seen in April"}
    assert f"warning: Indicators in {collection_id}: 2 updated, 1 not found" in run.logs
    assert changes(sandbox) == [("PUT", "indicator")] * 2


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"kill_chain_phases": "Initial Access"}, {"kill_chain_phases": [("mitre-attack", "initial-access")]}),
        ({"related_threat_refs": THREAT.replace("1", "2")}, {"x_ic_related_threat_refs": [THREAT.replace("1", "2")]}),
        ({"valid_until": "2199-01-31"}, {"valid_until": "2199-01-31T00:00:00"}),
        ({"valid_from": "2026-01-31"}, {"valid_from": "2026-01-31T00:00:00"}),
    ],
)
def test_each_field(
    sandbox: Sandbox, platform: Platform, collection_id: str, given: dict[str, Any], said: dict[str, Any]
) -> None:
    """A field is replaced, and the others are unchanged."""
    fill(platform, collection_id, "evil.example", **SAID)
    before = held(sandbox, collection_id)["evil.example"]

    platform.run(UpdateIndicators, collection_id=collection_id, indicators=["evil.example"], **given)

    after = held(sandbox, collection_id)["evil.example"]
    for name, value in said.items():
        found = after.pop(name)
        del before[name]
        if name == "kill_chain_phases":
            found = [(phase["kill_chain_name"], phase["phase_name"]) for phase in found]
        assert found == value or str(found).startswith(value)
    assert after == before


def test_ids(sandbox: Sandbox, platform: Platform, collection_id: str) -> None:
    """Ids in the collection are found; an unknown one is reported, and each indicator is changed only once."""
    fill(platform, collection_id, "evil.example")
    (indicator,) = sandbox.indicators(collection_id)
    run = platform.run(
        UpdateIndicators,
        collection_id=collection_id,
        text="evil.example",
        indicator_ids=[indicator["id"], UNKNOWN_ID],
        description="new",
    )

    assert run.results and run.results["updated"] == ["evil.example", indicator["id"]]
    assert run.results["not_found"] == [UNKNOWN_ID]
    assert changes(sandbox) == [("PUT", "indicator")]


def test_an_id_in_a_large_collection(sandbox: Sandbox, platform: Platform, collection_id: str) -> None:
    """No search finds an id, so the collection is read as a whole, with the bulk reader and not page by page."""
    fill(platform, collection_id, *(f"d{number}.example" for number in range(600)))
    last = sandbox.indicators(collection_id)[-1]["id"]
    before = len(sandbox.requests)
    run = platform.run(UpdateIndicators, collection_id=collection_id, indicator_ids=last, description="new")

    assert told(run) == {"updated_count": 1}
    read = [request.path for request in sandbox.requests[before:] if request.method == "GET"]
    assert sum(path.endswith("/indicators") for path in read) == 1


def test_what_is_revoked_stays_as_it_is(sandbox: Sandbox, platform: Platform, collection_id: str) -> None:
    """An import would revive it, and a longer validity would mean nothing."""
    fill(platform, collection_id, *MANY, **SAID)
    platform.run(RevokeIndicators, collection_id=collection_id, text=MANY[0])
    run = platform.run(UpdateMany, collection_id=collection_id, text="\n".join(MANY), description="new")

    assert told(run) == {"updated_count": len(MANY) - 1, "revoked_count": 1}
    assert [item["name"] for item in sandbox.indicators(collection_id) if item["revoked"]] == [MANY[0]]
    assert held(sandbox, collection_id)[MANY[0]]["description"] == "seen in March"


def test_many_go_by_import(sandbox: Sandbox, platform: Platform, collection_id: str) -> None:
    """They are imported with their current context, so that their validity is not reset; missing ones are not
    created."""
    fill(platform, collection_id, *MANY, **SAID)
    before = held(sandbox, collection_id)
    absent = [f"absent{number}.example" for number in range(4)]
    run = platform.run(UpdateMany, collection_id=collection_id, text="\n".join([*MANY, *absent]), description="new")

    assert run.error is None
    assert told(run) == {"updated_count": len(MANY), "not_found_count": len(absent)}
    assert changes(sandbox) == [("POST", "text")]
    assert held(sandbox, collection_id) == {name: said | {"description": "new"} for name, said in before.items()}


def test_what_an_import_leaves_is_changed_one_by_one(sandbox: Sandbox, platform: Platform, collection_id: str) -> None:
    """Whether an import shortens a validity is unknown: the collection has the last word."""
    fill(platform, collection_id, *MANY, **SAID)
    sandbox.faults.validity_shrinks = False
    run = platform.run(UpdateMany, collection_id=collection_id, text="\n".join(MANY), valid_for=7)

    assert run.error is None
    assert told(run) == {"updated_count": len(MANY)}
    assert changes(sandbox) == [("POST", "text"), *[("PUT", "indicator")] * len(MANY)]
    in_a_week = (datetime.now(UTC) + timedelta(days=8)).isoformat()
    assert all(said["valid_until"] < in_a_week for said in held(sandbox, collection_id).values())


def test_a_refused_import_is_no_end(sandbox: Sandbox, platform: Platform, collection_id: str) -> None:
    """What cannot be imported is changed one by one."""
    fill(platform, collection_id, *MANY)
    sandbox.faults.rest = [RestFault(method="POST", path="/text$", status=400)]
    run = platform.run(UpdateMany, collection_id=collection_id, text="\n".join(MANY), description="new")

    assert told(run) == {"updated_count": len(MANY)}
    assert changes(sandbox).count(("PUT", "indicator")) == len(MANY)


def test_an_import_that_ends_early(sandbox: Sandbox, platform: Platform, collection_id: str) -> None:
    """What it did is reported; whatever ended it would end the others too, so they remain."""
    fill(platform, collection_id, *MANY[:6], **SAID)
    fill(platform, collection_id, *MANY[6:], **SAID | {"description": "seen in May"})
    sandbox.faults.rest = [RestFault(method="POST", path="/text$", status=401, contains=MANY[6], times=None)]
    run = platform.run(UpdateMany, collection_id=collection_id, text="\n".join(MANY), valid_until="2199-01-01")

    assert told(run) == {"updated_count": 6, "remaining_count": 6}
    assert (
        run.error
        and "The action ended early, and running it again is harmless: 6 updated, 6 not processed" in run.error
    )
    assert ("PUT", "indicator") not in changes(sandbox)


def test_what_has_no_end_is_not_imported(sandbox: Sandbox, platform: Platform, collection_id: str) -> None:
    """An import cannot say that a validity has no end, and would set one."""
    hashes = [f"{number:032x}" for number in range(1, 8)]
    fill(platform, collection_id, *hashes)
    platform.run(UpdateMany, collection_id=collection_id, text="\n".join(hashes), description="new")

    assert changes(sandbox) == [("PUT", "indicator")] * len(hashes)
    assert all(said["description"] == "new" for said in held(sandbox, collection_id).values())


def test_objects_of_several_contexts(sandbox: Sandbox, platform: Platform, collection_id: str) -> None:
    """Indicators with different new fields are not imported together; small groups are changed one by one."""
    several = [{"value": value, "description": f"d{at % 6}"} for at, value in enumerate(MANY)]
    platform.run(ImportIndicators, collection_id=collection_id, indicators=several, valid_until="2198-01-01")
    before = held(sandbox, collection_id)
    run = platform.run(UpdateMany, collection_id=collection_id, text="\n".join(MANY), valid_until="2199-01-01")

    assert told(run) == {"updated_count": len(MANY)}
    after = held(sandbox, collection_id)
    assert {name: said["description"] for name, said in after.items()} == {
        name: said["description"] for name, said in before.items()
    }


def test_a_second_run_sends_nothing(sandbox: Sandbox, platform: Platform, collection_id: str) -> None:
    """Indicators that are already up to date are reported as unchanged."""
    fill(platform, collection_id, "evil.example")
    arguments = {"text": "evil.example", "valid_until": "2199-01-31", "kill_chain_phases": "delivery"}
    platform.run(UpdateIndicators, collection_id=collection_id, **arguments)
    run = platform.run(UpdateIndicators, collection_id=collection_id, **arguments)

    assert told(run) == {"unchanged_count": 1}
    assert len(changes(sandbox)) == 1


def test_a_dry_run_changes_nothing(sandbox: Sandbox, platform: Platform, collection_id: str) -> None:
    """It reports what would be updated."""
    fill(platform, collection_id, "a.example", "b.example", description="new")
    platform.run(RevokeIndicators, collection_id=collection_id, text="b.example")
    before, sent = held(sandbox, collection_id), len(changes(sandbox))
    run = platform.run(
        UpdateIndicators,
        collection_id=collection_id,
        text="a.example\nb.example\nc.example",
        valid_for=10,
        dry_run=True,
    )

    assert told(run) == {"would_update_count": 1, "revoked_count": 1, "not_found_count": 1}
    assert "1 would be updated, 1 revoked and left unchanged, 1 not found" in run.logs
    assert (held(sandbox, collection_id), len(changes(sandbox))) == (before, sent)


@pytest.mark.parametrize("unsent", ["keep", "clear"])
def test_what_is_cleared(
    sandbox: Sandbox, platform: Platform, collection_id: str, unsent: Literal["keep", "clear"]
) -> None:
    """A field is emptied, one by one since an import cannot do that, and the others are unchanged."""
    fill(platform, collection_id, *MANY, **SAID)
    sandbox.faults.changes = unsent
    before = held(sandbox, collection_id)
    names = {"related_threat_refs": "x_ic_related_threat_refs"}
    for name, given in (
        ("description", ["description"]),
        ("kill_chain_phases", "Kill chain phases"),
        ("related_threat_refs", "related_threat_refs"),
        ("valid_until", '["valid_until"]'),
    ):
        clear = {"collection_id": collection_id, "text": "\n".join(MANY), "clear": given}
        run = platform.run(UpdateMany, **clear)
        assert (run.error, told(run)) == (None, {"updated_count": len(MANY)})
        before = {
            value: {at: it for at, it in said.items() if at != names.get(name, name)} for value, said in before.items()
        }
        assert held(sandbox, collection_id) == before
        assert told(platform.run(UpdateMany, **clear)) == {"unchanged_count": len(MANY)}
    assert {change for change, _ in changes(sandbox)} == {"PUT"}


def test_a_field_is_cleared_beside_a_new_value_of_another(
    sandbox: Sandbox, platform: Platform, collection_id: str
) -> None:
    """Both are one change, and indicators without anything to clear can be imported."""
    fill(platform, collection_id, *MANY, description="old", valid_until="2198-01-01")
    given = {"text": "\n".join(MANY), "clear": "kill_chain_phases", "description": "new"}
    assert told(platform.run(UpdateMany, collection_id=collection_id, **given)) == {"updated_count": len(MANY)}
    assert changes(sandbox) == [("POST", "text")]
    given |= {"clear": "valid_until", "description": "newer", "text": MANY[0]}
    assert told(platform.run(UpdateMany, collection_id=collection_id, **given)) == {"updated_count": 1}
    assert held(sandbox, collection_id)[MANY[0]].keys() == {"description", "valid_from"}


@pytest.mark.parametrize(
    ("empty_values", "said"),
    [
        ("keep", "Sekoia did not change it as requested: check its description, valid_until"),
        (
            "refuse",
            "Sekoia refused the request (HTTP 400) while updating the indicator, saying “description: it must not be",
        ),
    ],
)
def test_what_sekoia_does_not_clear(
    sandbox: Sandbox, platform: Platform, collection_id: str, empty_values: Literal["keep", "refuse"], said: str
) -> None:
    """It is reported, with the field that was not cleared; indicators without anything to clear are up to date."""
    fill(platform, collection_id, "evil.example", **SAID)
    fill(platform, collection_id, "0" * 32)
    sandbox.faults.empty_values = empty_values
    run = platform.run(
        UpdateIndicators,
        collection_id=collection_id,
        text=f"evil.example\n{'0' * 32}",
        clear="description, valid_until",
    )
    assert told(run) == {"failed_count": 1, "unchanged_count": 1}
    assert run.error and said in run.error


def test_a_validity_that_is_over(sandbox: Sandbox, platform: Platform, collection_id: str) -> None:
    """An end in the past, even before the beginning, ends the validity; expired indicators can be renewed."""
    fill(platform, collection_id, "evil.example")
    ended = platform.run(UpdateIndicators, collection_id=collection_id, text="evil.example", valid_until="2020-01-01")
    assert told(ended) == {"updated_count": 1}
    assert held(sandbox, collection_id)["evil.example"]["valid_until"].startswith("2020-01-01T00:00:00")

    renewed = platform.run(UpdateIndicators, collection_id=collection_id, text="evil.example", valid_for=30)
    assert told(renewed) == {"updated_count": 1}
    assert held(sandbox, collection_id)["evil.example"]["valid_until"] > datetime.now(UTC).isoformat()


def test_an_end_before_the_beginning_fails(sandbox: Sandbox, platform: Platform, collection_id: str) -> None:
    """A beginning after the current end is not sent, and the error says what to set."""
    fill(platform, collection_id, "evil.example")
    run = platform.run(UpdateIndicators, collection_id=collection_id, text="evil.example", valid_from="2199-01-01")

    assert run.error and "its validity would end before it begins: set valid_until too" in run.error
    assert run.results and run.results["failed"][0]["value"] == "evil.example"
    assert changes(sandbox) == []


@pytest.mark.parametrize(
    ("fault", "counts", "said"),
    [
        ({"status": 400, "times": 1}, {"updated_count": 11, "failed_count": 1}, "Not everything could be updated"),
        ({"status": 404, "times": 1}, {"updated_count": 11, "not_found_count": 1}, None),
        ({"status": 400, "times": None}, {"failed_count": 10, "remaining_count": 2}, "The action ended early"),
        ({"status": 401, "times": None}, {"remaining_count": 12}, "The action ended early"),
    ],
)
def test_what_sekoia_refuses(
    sandbox: Sandbox,
    platform: Platform,
    collection_id: str,
    fault: dict[str, Any],
    counts: dict[str, int],
    said: str | None,
) -> None:
    """One refusal does not stop the others, but ten in a row do; what was not processed is reported."""
    fill(platform, collection_id, *MANY[:12])
    sandbox.faults.rest = [RestFault(method="PUT", **fault)]
    run = platform.run(UpdateIndicators, collection_id=collection_id, text="\n".join(MANY[:12]), description="new")

    assert told(run) == counts
    assert run.error is None if said is None else said in str(run.error)


def test_a_change_that_did_not_take(sandbox: Sandbox, platform: Platform, collection_id: str) -> None:
    """An answer that shows the indicator unchanged is a failure."""
    fill(platform, collection_id, "evil.example")
    sandbox.faults.changes = "ignored"
    run = platform.run(UpdateIndicators, collection_id=collection_id, text="evil.example", description="new")

    assert run.error and "Sekoia did not change it as requested" in run.error
    assert told(run) == {"failed_count": 1}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"text": "evil.example"}, "at least one of valid_for, description,"),
        (
            {"description": "new"},
            "at least one of text, text_path, indicators, indicators_path, indicator_ids "
            "is required, but all of them are empty: check the step that fills them",
        ),
        (
            {"text": "evil.example", "clear": "valid_from"},
            "clear: it must be description, kill_chain_phases, related_threat_refs or valid_until, not “valid_from”",
        ),
        (
            {"text": "evil.example", "clear": "description", "description": "new"},
            "description cannot be both cleared and given a value",
        ),
        (
            {"text": "evil.example", "clear": "valid_until", "valid_for": 9},
            "valid_until cannot be both cleared and given a value",
        ),
        ({"indicator_ids": ["evil.example"], "description": "new"}, "“evil.example” is not an indicator id"),
        ({"text": "# nothing", "description": "new"}, "There is nothing to update: text contains no indicator"),
    ],
)
def test_what_means_nothing_is_refused(
    platform: Platform, collection_id: str, arguments: dict[str, Any], said: str
) -> None:
    """The error says what is needed."""
    run = platform.run(UpdateIndicators, collection_id=collection_id, **arguments)

    assert run.error and said in run.error


def test_work_that_is_left_behind_is_told(sandbox: Sandbox, platform: Platform, collection_id: str) -> None:
    """What was updated before something hung is in the results, and the error says why it ended."""

    class Left(UpdateIndicators):
        """Hangs behind the last change."""

        def run(self, arguments: UpdateIndicatorsArguments) -> UpdateIndicatorsResults:
            super().run(arguments)
            left = self.leave(Interrupted("it is to stop"))
            assert isinstance(left, UpdateIndicatorsResults)
            return left

    fill(platform, collection_id, "evil.example")
    run = platform.run(Left, collection_id=collection_id, text="evil.example", description="new")

    assert told(run) == {"updated_count": 1}
    assert run.error and "The action ended early, and running it again is harmless: 1 updated. " in run.error


def test_as_a_command(command: Command, platform: Platform, collection_id: str) -> None:
    """The platform runs it as a command of `main.py`."""
    fill(platform, collection_id, "evil.example")
    run = command("UpdateIndicators", collection_id=collection_id, text="evil.example", description="new")

    assert run["results"]["updated"] == ["evil.example"]
