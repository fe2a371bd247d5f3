"""Results stay small, and a file in the storage contains each list in full."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sandbox import RestFault, Sandbox
from sekoia_cti.actions.find_ioc_collection import FindIOCCollection
from sekoia_cti.actions.import_file import ImportIndicatorsFromFile
from sekoia_cti.actions.import_indicators import ImportIndicators
from sekoia_cti.actions.import_text import ImportIndicatorsFromText
from sekoia_cti.actions.preview_file import PreviewIndicatorsFile
from sekoia_cti.actions.revoke_indicators import RevokeIndicators
from sekoia_cti.actions.search_indicators import SearchIndicators
from sekoia_cti.actions.synchronize_collection import SynchronizeCollection
from sekoia_cti.platform.action import SekoiaAction
from tests.conftest import Platform

VALUES = [f"d{number}.example" for number in range(1_100)]


def whole(storage: Path, path: str) -> list[Any]:
    """The content of a results file."""
    held: list[Any] = json.loads((storage / path).read_text())
    return held


def test_what_is_missing(sandbox: Sandbox, platform: Platform, collection_id: str) -> None:
    """A hundred are listed, all are counted, and all are in the file, which can be imported unchanged."""
    sandbox.faults.refused_values = VALUES[:150]
    told = platform.run(ImportIndicatorsFromText, collection_id=collection_id, indicators=VALUES[:200]).results
    assert told
    assert (len(told["missing"]), told["missing_count"]) == (100, 150)
    assert whole(platform.storage, told["missing_path"]) == [
        {"value": value, "reason": "it is not in the collection"} for value in VALUES[:150]
    ]
    sandbox.faults.refused_values = []
    again = platform.run(ImportIndicators, collection_id=collection_id, indicators_path=told["missing_path"]).results
    assert again
    assert (again["status"], again["submitted"], again["missing_path"]) == ("completed", 150, None)


def test_what_a_dry_run_would_miss(platform: Platform, collection_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same for what a dry run reports."""
    monkeypatch.setattr("sekoia_cti.actions.common.import_action.REASONED", 1)
    cut = ["a.example", "b\ud83d.example", "c\ud83d.example"]
    told = platform.run(ImportIndicatorsFromText, collection_id=collection_id, indicators=cut, dry_run=True).results
    assert told
    assert (len(told["missing"]), told["missing_count"], len(whole(platform.storage, told["missing_path"]))) == (
        1,
        2,
        2,
    )


def test_what_a_synchronization_could_not_do(
    sandbox: Sandbox, platform: Platform, collection_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same for values that were not added, and for values that were not removed."""
    monkeypatch.setattr("sekoia_cti.actions.synchronize_collection.REASONED", 1)
    platform.run(ImportIndicatorsFromText, collection_id=collection_id, indicators=VALUES[:3])
    sandbox.faults.refused_values = VALUES[3:5]
    sandbox.faults.rest = [RestFault(method="DELETE", status=400, times=3)]
    told = platform.run(
        SynchronizeCollection, collection_id=collection_id, indicators=VALUES[3:6], removed="revoke", most_removed=100
    ).results
    assert told
    for name, count in (("missing", 2), ("failed", 3)):
        assert (len(told[name]), told[f"{name}_count"], len(whole(platform.storage, told[f"{name}_path"]))) == (
            1,
            count,
            count,
        )


def test_ids_of_indicators(platform: Platform, collection_id: str) -> None:
    """A thousand are listed, all are counted, and all are in the file."""
    told = platform.run(ImportIndicators, collection_id=collection_id, indicators=VALUES).results
    assert told
    assert (len(told["indicator_ids"]), told["indicator_ids_count"]) == (1_000, 1_100)
    ids = whole(platform.storage, told["indicator_ids_path"])
    assert len(set(ids)) == 1_100
    assert ids[:1_000] == told["indicator_ids"]
    found = platform.run(SearchIndicators, collection_id=collection_id).results
    assert found and (found["indicators"], found["count"]) == (None, 1_100)
    assert len(whole(platform.storage, found["indicators_path"])) == 1_100


@pytest.mark.parametrize("action", [ImportIndicatorsFromText, SynchronizeCollection])
def test_ids_of_tasks(
    platform: Platform, collection_id: str, action: type[SekoiaAction], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Up to the limit, all are listed and counted."""
    monkeypatch.setattr("sekoia_cti.actions.common.import_action.IDS", 1)
    monkeypatch.setattr("sekoia_cti.actions.synchronize_collection.IDS", 1)
    given = {"text": "a.example\nhttp://a.example/", "validity_by_type": "url: 3"}
    told = platform.run(action, collection_id=collection_id, **given).results
    assert told and (len(told["task_ids"]), told["task_ids_count"]) == (1, 2)


def test_what_was_revoked(platform: Platform, collection_id: str) -> None:
    """A thousand are listed, all are counted, and all are in the file with their outcome."""
    told = platform.run(RevokeIndicators, collection_id=collection_id, indicators=VALUES, dry_run=True).results
    assert told
    assert (told["not_found"], told["not_found_count"]) == (VALUES[:1_000], 1_100)
    assert whole(platform.storage, told["outcomes_path"]) == [
        {"value": value, "outcome": "not_found", "reason": None} for value in VALUES
    ]


def test_what_could_not_be_revoked(
    sandbox: Sandbox, platform: Platform, collection_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fewer are listed with reasons than without, and all are in the file."""
    monkeypatch.setattr("sekoia_cti.actions.common.bounds.REASONED", 1)
    platform.run(ImportIndicatorsFromText, collection_id=collection_id, indicators=VALUES[:2])
    sandbox.faults.rest = [RestFault(method="DELETE", status=400, times=2)]
    told = platform.run(RevokeIndicators, collection_id=collection_id, indicators=VALUES[:2]).results
    assert told
    assert [each["outcome"] for each in whole(platform.storage, told["outcomes_path"])] == ["failed", "failed"]


def test_collections(sandbox: Sandbox, platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the allowed number is listed, all are counted, and all are in the file."""
    monkeypatch.setattr("sekoia_cti.actions.find_ioc_collection.IDS", 2)
    for _ in range(3):
        sandbox.create_collection(name="Blocklist")
    told = platform.run(FindIOCCollection, name="Blocklist").results
    assert told
    assert (len(told["collections"]), told["count"]) == (2, 3)
    assert whole(platform.storage, told["collections_path"])[:2] == told["collections"]


MANY = 101
LINES = [
    *(f"no indicator {number}" for number in range(MANY)),
    *(f"p{number}.example:80" for number in range(MANY)),
    *(f"x{number}.corp.example" for number in range(MANY)),
    *(f"10.0.0.{number}" for number in range(MANY)),
]
REVOKED = [
    {"type": "indicator", "pattern": f"[domain-name:value = 'r{number}.example']", "revoked": True}
    for number in range(MANY)
]


@pytest.mark.parametrize("action", [ImportIndicatorsFromText, ImportIndicators, SynchronizeCollection])
def test_how_lines_were_read(platform: Platform, collection_id: str, action: type[SekoiaAction]) -> None:
    """Whatever was left out or adapted: a hundred are listed, all are counted, and all are in the file, in the same form."""
    told = platform.run(
        action, collection_id=collection_id, indicators=[*LINES, *REVOKED], exclude=".corp.example"
    ).results
    for name in ("unrecognized", "adapted", "skipped", "excluded", "known_good"):
        assert_whole(platform.storage, told, name)


@pytest.mark.parametrize("action", [ImportIndicatorsFromFile, SynchronizeCollection, PreviewIndicatorsFile])
def test_how_rows_were_read(platform: Platform, collection_id: str, action: type[SekoiaAction]) -> None:
    """The same for a table, which is read twice where it cannot be sent as it is."""
    rows = [f"{line},1," for line in LINES]
    rows += [f"d{number}.example,0," for number in range(MANY)]
    rows += [f"c{number}.example,1,{'x' * 600}" for number in range(MANY)]
    (platform.storage / "iocs.csv").write_text("\n".join(["ioc,to_ids,description", *rows]))
    guarded = {} if action is PreviewIndicatorsFile else {"exclude": ".corp.example"}
    told = platform.run(action, collection_id=collection_id, file_path="iocs.csv", **guarded).results
    for name in (
        "unrecognized",
        "adapted",
        "skipped_rows",
        "unused_cells",
        *(("excluded", "known_good") * bool(guarded)),
    ):
        assert_whole(platform.storage, told, name)


def assert_whole(storage: Path, told: dict[str, Any] | None, name: str) -> None:
    """The results contain a hundred of the entries; the count and the file cover all."""
    assert told
    entries = whole(storage, told[f"{name}_path"])
    assert (told[f"{name}_count"], len(entries), entries[:100]) == (MANY, MANY, told[name]), name
    assert type(entries[-1]) is type(entries[0]), name


def test_a_storage_that_takes_no_file(
    sandbox: Sandbox, platform: Platform, collection_id: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was done stays done: the results list the first ones, with a warning."""
    gone = Platform(sandbox, tmp_path / "gone", monkeypatch)
    sandbox.faults.refused_values = VALUES[:150]
    run = gone.run(ImportIndicatorsFromText, collection_id=collection_id, indicators=VALUES[:200])
    assert run.results
    assert (run.results["status"], run.results["missing_count"], run.results["missing_path"]) == ("partial", 150, None)
    assert "warning: Only the first 100 of missing are listed" in run.logs
