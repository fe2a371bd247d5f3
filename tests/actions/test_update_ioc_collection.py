"""Update IOC collection, against the sandbox."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sandbox import RestFault, Sandbox
from sekoia_cti.actions.update_ioc_collection import UpdateIOCCollection
from tests.conftest import Command, Platform

MISSING = "ioc-collection--99999999-9999-4999-8999-999999999999"


def changes(sandbox: Sandbox) -> int:
    """How often a change was requested."""
    return sum(request.method == "PATCH" for request in sandbox.requests)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"name": " New name "}, {"name": "New name", "description": None, "available_for_sub_communities": False}),
        ({"description": "Our feed"}, {"description": "Our feed", "name": "Blocklist"}),
        ({"available_for_sub_communities": "true"}, {"available_for_sub_communities": True, "name": "Blocklist"}),
        (
            {"name": "A", "description": "B", "available_for_sub_communities": "None"},
            {"name": "A", "description": "B"},
        ),
    ],
)
def test_changes_what_is_given(
    sandbox: Sandbox, platform: Platform, collection_id: str, arguments: dict[str, Any], expected: dict[str, Any]
) -> None:
    """Given fields change, and fields that are left empty stay as they are."""
    run = platform.run(UpdateIOCCollection, collection_id=collection_id, **arguments)

    assert run.error is None
    assert run.results and run.results.items() >= (expected | {"collection_id": collection_id}).items()
    (request,) = [request for request in sandbox.requests if request.method == "PATCH"]
    assert json.loads(request.body).items() <= run.results.items()


def test_withdraws_a_collection(platform: Platform, collection_id: str) -> None:
    """A collection that sub-communities could use can be taken from them: false is a value."""
    for available in (True, False):
        run = platform.run(UpdateIOCCollection, collection_id=collection_id, available_for_sub_communities=available)
        assert run.results and run.results["available_for_sub_communities"] is available


@pytest.mark.parametrize("arguments", [{}, {"name": "", "description": "None"}])
def test_something_must_change(
    sandbox: Sandbox, platform: Platform, collection_id: str, arguments: dict[str, Any]
) -> None:
    """A run that would change nothing is an error, and requests nothing."""
    run = platform.run(UpdateIOCCollection, collection_id=collection_id, **arguments)

    assert run.error == (
        "The action's arguments are not valid: at least one of name, description, available_for_sub_communities "
        "is required, but all of them are empty: check the step that fills them."
    )
    assert changes(sandbox) == 0


def test_a_missing_collection(platform: Platform) -> None:
    """The error names the missing collection."""
    run = platform.run(UpdateIOCCollection, collection_id=MISSING, name="New name")

    assert run.error and MISSING in run.error
    assert run.results is None


@pytest.mark.parametrize("cut", ["before", "after"])
def test_a_lost_answer(sandbox: Sandbox, platform: Platform, collection_id: str, cut: str) -> None:
    """A change whose answer was lost is repeated."""
    sandbox.faults.rest = [RestFault.model_validate({"method": "PATCH", "cut": cut})]
    run = platform.run(UpdateIOCCollection, collection_id=collection_id, name="New name")

    assert run.error is None
    assert run.results and run.results["name"] == "New name"
    assert changes(sandbox) == 2


def test_a_missing_permission(platform: Platform, collection_id: str) -> None:
    """A key with read-only permissions."""
    platform.secrets = {"api_key": platform.sandbox.read_only_key}
    run = platform.run(UpdateIOCCollection, collection_id=collection_id, name="New name")

    assert run.error and run.error.startswith("Sekoia denied permission (HTTP 403) while updating the IOC collection")


def test_as_a_command(command: Command, collection_id: str) -> None:
    """The platform runs it as a command of `main.py`."""
    told = command("UpdateIOCCollection", collection_id=collection_id, name="New name")

    assert told["results"]["name"] == "New name"
