"""Create IOC collection, against the sandbox."""

from __future__ import annotations

from sandbox import Sandbox
from sekoia_cti.actions.create_ioc_collection import CreateIOCCollection
from tests.conftest import Platform

COMMUNITY = "33333333-3333-4333-8333-333333333333"


def test_a_collection_is_created(sandbox: Sandbox, platform: Platform) -> None:
    """The results describe the collection that exists afterwards."""
    run = platform.run(
        CreateIOCCollection,
        name=" Blocklist ",
        description="ours",
        available_for_sub_communities="true",
        community_uuid="",
    )
    assert run.error is None
    assert run.results is not None
    assert run.results["collection_id"].startswith("ioc-collection--")
    assert run.results["name"] == "Blocklist"
    assert run.results["description"] == "ours"
    assert run.results["available_for_sub_communities"] is True
    assert run.results["created"] is True
    assert f"Created the IOC collection “Blocklist”: {run.results['collection_id']}" in run.logs


def test_the_same_name_is_another_collection_unless_reused(platform: Platform) -> None:
    """Without `reuse_existing` a second run makes a second collection."""
    first = platform.run(CreateIOCCollection, name="Blocklist")
    second = platform.run(CreateIOCCollection, name="Blocklist")
    assert first.results and second.results
    assert first.results["collection_id"] != second.results["collection_id"]


def test_an_existing_collection_is_reused(sandbox: Sandbox, platform: Platform) -> None:
    """Exactly the name counts, not a part of it."""
    sandbox.create_collection(name="Blocklist of old")
    first = platform.run(CreateIOCCollection, name="Blocklist", reuse_existing="true")
    second = platform.run(CreateIOCCollection, name="Blocklist", reuse_existing=True)
    assert first.results and second.results
    assert first.results["created"] is True
    assert second.results["created"] is False
    assert second.results["collection_id"] == first.results["collection_id"]


def test_of_several_the_oldest_is_reused(sandbox: Sandbox, platform: Platform) -> None:
    """Several collections of the name are told in the log, and the oldest is taken."""
    oldest = sandbox.create_collection(name="Blocklist")
    sandbox.create_collection(name="Blocklist")
    run = platform.run(CreateIOCCollection, name="Blocklist", reuse_existing=True)
    assert run.results
    assert run.results["collection_id"] == oldest["id"]
    assert "warning: 2 IOC collections are named “Blocklist”: the oldest is used" in run.logs


def test_a_community_narrows_what_is_reused(sandbox: Sandbox, platform: Platform) -> None:
    """A collection of another community is not reused when one is given."""
    sandbox.create_collection(name="Blocklist")
    run = platform.run(CreateIOCCollection, name="Blocklist", reuse_existing=True, community_uuid=COMMUNITY)
    assert run.results
    assert (run.results["created"], run.results["community_uuid"]) == (True, COMMUNITY)
