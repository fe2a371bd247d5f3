"""Find IOC collection, against the sandbox."""

from __future__ import annotations

import pytest

from sandbox import Sandbox
from sekoia_cti.actions.find_ioc_collection import FindIOCCollection
from sekoia_cti.actions.import_text import ImportIndicatorsFromText
from tests.conftest import Platform, run_as_process

COMMUNITY = "33333333-3333-4333-8333-333333333333"


def test_one_collection_is_found(sandbox: Sandbox, platform: Platform, collection_id: str) -> None:
    """Only the exact name matches; the result describes the collection, including its number of indicators."""
    sandbox.create_collection(name="Blocklist of old")
    sandbox.create_collection(name="blocklist")
    platform.run(ImportIndicatorsFromText, collection_id=collection_id, text="a.example\nb.example")
    run = platform.run(FindIOCCollection, name=" Blocklist ")
    assert run.error is None
    assert run.results is not None
    (found,) = run.results["collections"]
    assert found.pop("community_uuid")
    assert found == {"id": collection_id, "name": "Blocklist", "description": None, "indicators_count": 2}
    assert (run.results["collection_id"], run.results["count"]) == (collection_id, 1)
    assert run.outputs == {"found": True}


def test_none_is_found(platform: Platform, collection_id: str) -> None:
    """Part of a name is not enough unless requested, and finding nothing is not an error."""
    run = platform.run(FindIOCCollection, name="Block")
    assert run.error is None
    assert run.results == {"collection_id": None, "collections": [], "collections_path": None, "count": 0}
    assert run.outputs == {"not_found": True}


def test_a_part_of_the_name_is_found(sandbox: Sandbox, platform: Platform, collection_id: str) -> None:
    """With `match` set to contains, a part in any case is enough."""
    run = platform.run(FindIOCCollection, name="BLOCK", match="contains")
    assert run.results and run.results["collection_id"] == collection_id


@pytest.mark.parametrize("match", ["exact", "contains"])
def test_several_are_found(sandbox: Sandbox, platform: Platform, match: str) -> None:
    """More than one page of collections is returned completely, without a single collection_id."""
    ids = [str(sandbox.create_collection(name="Feed")["id"]) for _ in range(120)]
    run = platform.run(FindIOCCollection, name="Feed", match=match)
    assert run.results
    assert (run.results["collection_id"], run.results["count"]) == (None, 120)
    assert [found["id"] for found in run.results["collections"]] == ids
    assert run.outputs == {"several": True}


def test_a_community_narrows_the_search(sandbox: Sandbox, platform: Platform, collection_id: str) -> None:
    """Of two collections with the same name, the one in the community is found."""
    ours = sandbox.create_collection(name="Blocklist", community_uuid=COMMUNITY)["id"]
    run = platform.run(FindIOCCollection, name="Blocklist", community_uuid=COMMUNITY)
    assert run.results and run.results["collection_id"] == ours


def test_an_error_follows_no_branch(platform: Platform) -> None:
    """A refused key is an error, not a collection that is not there."""
    platform.secrets = {"api_key": "wrong-key"}
    run = platform.run(FindIOCCollection, name="Blocklist")
    assert run.error is not None
    assert run.error.startswith("Sekoia refused the API key (HTTP 401) while listing the IOC collections")
    assert (run.results, run.outputs) == (None, {})


def test_in_a_process_of_its_own(sandbox: Sandbox, collection_id: str) -> None:
    """The platform runs it as a command of `main.py`, and gets the branch."""
    told = run_as_process(sandbox, "FindIOCCollection", name="Blocklist")
    assert told["results"]["collection_id"] == collection_id
    assert told["outputs"] == {"found": True}
