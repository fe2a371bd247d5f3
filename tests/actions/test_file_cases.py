"""Files of the shapes that feeds, exports and reports have: what is in the collection afterward is what their authors meant."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from sandbox import Sandbox
from sekoia_cti.actions.import_file import ImportIndicatorsFromFile
from tests.conftest import Platform, Run

FILES = Path(__file__).parent.parent / "data" / "files"
CASES = json.loads((FILES / "expected.json").read_text())


def imported(platform: Platform, collection_id: str, name: str, **arguments: Any) -> Run:
    """The run of an import of a file of the tests' data."""
    shutil.copy(FILES / name, platform.storage / name)
    return platform.run(ImportIndicatorsFromFile, collection_id=collection_id, file_path=name, **arguments)


@pytest.mark.parametrize("case", CASES, ids=[case["file"] for case in CASES])
def test_the_collection_holds_what_the_file_means(
    sandbox: Sandbox, platform: Platform, collection_id: str, case: dict[str, Any]
) -> None:
    """Each value is there with its context, and nothing else is."""
    run = imported(platform, collection_id, case["file"])
    assert run.error is None
    assert run.results
    mostly_unrecognized = run.results["unrecognized_count"] > sum(run.results["by_type"].values())
    assert run.results["status"] == ("partial" if mostly_unrecognized else "completed")
    there = {indicator["name"]: indicator for indicator in sandbox.indicators(collection_id)}
    assert set(there) == {expected["value"] for expected in case["collection"]}
    for expected in case["collection"]:
        indicator = there[expected["value"]]
        assert indicator["x_ic_observable_types"] == [expected["type"]]
        assert (indicator.get("description") or None) == expected.get(
            "description", indicator.get("description") or None
        )
        for name in ("valid_from", "valid_until"):
            if name in expected:
                assert indicator[name].startswith(expected[name])
    if "mapping" in case:
        assert run.results["mapping"] == case["mapping"]
    for said in case.get("told", []):
        assert said in run.logs
