"""Create IOC collection, against the sandbox."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from sandbox import RestFault, Sandbox
from sekoia_cti.actions.create_ioc_collection import CreateIOCCollection
from sekoia_cti.actions.delete_ioc_collection import DeleteIOCCollection
from sekoia_cti.actions.update_ioc_collection import UpdateIOCCollection
from sekoia_cti.client.rest.endpoints import RestClient
from sekoia_cti.client.reuse import find_or_create
from sekoia_cti.client.waiting import Deadline, Patience
from sekoia_cti.client.wire import Collection
from tests.conftest import Platform

COMMUNITY = "33333333-3333-4333-8333-333333333333"


def test_a_collection_is_created(sandbox: Sandbox, platform: Platform) -> None:
    """The results describe the collection that exists afterward."""
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
    """If several collections have the name, the log says so, and the oldest is used."""
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


@pytest.mark.fault(
    "Two runs find or create a collection with the same name at the same time", "Both get the same collection"
)
def test_two_runs_at_once_get_one_collection(sandbox: Sandbox) -> None:
    """Both look, find nothing, and create: the second is refused the id, which follows from the name, and finds the first's."""
    sandbox.faults.rest = [RestFault(method="GET", path="/ioc-collections$", delay=0.5, times=2)]

    def run() -> tuple[Collection, int]:
        deadline, patience = Deadline(20), Patience.none()
        with RestClient(
            f"{sandbox.url}/api/v2/inthreat", sandbox.api_key, deadline=deadline, patience=patience
        ) as rest:
            return find_or_create(rest, "Blocklist")

    with ThreadPoolExecutor(2) as pool:
        (first, there), (second, there_too) = (future.result() for future in [pool.submit(run), pool.submit(run)])
    assert first.id == second.id
    assert sorted([there, there_too]) == [0, 1]


@pytest.mark.parametrize("me", ["known", "unknown", "denied"])
@pytest.mark.parametrize("community", [None, COMMUNITY])
def test_an_id_follows_where_the_community_is_known(
    sandbox: Sandbox, platform: Platform, me: Any, community: str | None
) -> None:
    """The community comes from the argument or from `/v1/me`; if neither gives it, the id is random, and the
    collection is created anyway."""
    sandbox.faults.me = me
    arguments = {"name": "Blocklist", "reuse_existing": True, "community_uuid": community}
    first = platform.run_with(CreateIOCCollection, arguments)
    assert first.results
    platform.run(DeleteIOCCollection, collection_id=first.results["collection_id"], confirm_name="Blocklist")
    second = platform.run_with(CreateIOCCollection, arguments)
    assert first.results and second.results
    assert first.results["created"] and second.results["created"]
    follows = first.results["collection_id"] == second.results["collection_id"]
    assert follows is (me == "known" or community is not None)


def test_an_id_that_is_taken_by_another_name(sandbox: Sandbox, platform: Platform) -> None:
    """A collection that has another name by now is not reused: one is created whose id Sekoia gives."""
    first = platform.run(CreateIOCCollection, name="Blocklist", reuse_existing=True)
    assert first.results
    renamed = platform.run(UpdateIOCCollection, collection_id=first.results["collection_id"], name="Of old")
    second = platform.run(CreateIOCCollection, name="Blocklist", reuse_existing=True)
    assert (renamed.error, second.error) == (None, None)
    assert second.results
    assert second.results["created"] is True
    assert second.results["collection_id"] != first.results["collection_id"]
    created = [request for request in sandbox.requests if request.path.endswith("/ioc-collections") and request.body]
    assert "id" not in json.loads(created[-1].body)
