"""Results stay small, and a file of the storage has the whole of each list."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sandbox import Sandbox
from sekoia_cti.actions.find_ioc_collection import FindIOCCollection
from sekoia_cti.actions.import_indicators import ImportIndicators
from sekoia_cti.actions.import_text import ImportIndicatorsFromText
from sekoia_cti.actions.revoke_indicators import RevokeIndicators
from tests.conftest import Platform

VALUES = [f"d{number}.example" for number in range(1_100)]


def whole(storage: Path, path: str) -> list[Any]:
    """What a file of results holds."""
    held: list[Any] = json.loads((storage / path).read_text())
    return held


def test_what_is_missing(sandbox: Sandbox, platform: Platform, collection_id: str) -> None:
    """A hundred are listed, all are counted, and all are in the file, which can be imported as it is."""
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


def test_ids_of_indicators(platform: Platform, collection_id: str) -> None:
    """A thousand are listed, all are counted, and all are in the file."""
    told = platform.run(ImportIndicators, collection_id=collection_id, indicators=VALUES).results
    assert told
    assert (len(told["indicator_ids"]), told["indicator_ids_count"]) == (1_000, 1_100)
    ids = whole(platform.storage, told["indicator_ids_path"])
    assert len(set(ids)) == 1_100
    assert ids[:1_000] == told["indicator_ids"]


def test_what_was_revoked(platform: Platform, collection_id: str) -> None:
    """A thousand are listed, all are counted, and all are in the file with what became of them."""
    told = platform.run(RevokeIndicators, collection_id=collection_id, indicators=VALUES, dry_run=True).results
    assert told
    assert (told["not_found"], told["not_found_count"]) == (VALUES[:1_000], 1_100)
    assert whole(platform.storage, told["outcomes_path"]) == [
        {"value": value, "outcome": "not_found", "reason": None} for value in VALUES
    ]


def test_collections(sandbox: Sandbox, platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    """As many as there may be are listed, all are counted, and all are in the file."""
    monkeypatch.setattr("sekoia_cti.actions.find_ioc_collection.IDS", 2)
    for _ in range(3):
        sandbox.create_collection(name="Blocklist")
    told = platform.run(FindIOCCollection, name="Blocklist").results
    assert told
    assert (len(told["collections"]), told["count"]) == (2, 3)
    assert whole(platform.storage, told["collections_path"])[:2] == told["collections"]


def test_a_storage_that_takes_no_file(
    sandbox: Sandbox, platform: Platform, collection_id: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was done stays done: the results tell the first, with a warning."""
    gone = Platform(sandbox, tmp_path / "gone", monkeypatch)
    sandbox.faults.refused_values = VALUES[:150]
    run = gone.run(ImportIndicatorsFromText, collection_id=collection_id, indicators=VALUES[:200])
    assert run.results
    assert (run.results["status"], run.results["missing_count"], run.results["missing_path"]) == ("partial", 150, None)
    assert "warning: Only the first 100 of missing are told" in run.logs
