"""Delete IOC collection, against the sandbox."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox import RestFault, Sandbox
from sekoia_cti.actions.delete_ioc_collection import DeleteIOCCollection
from tests.conftest import Command, Platform
from tests.hostile import Hostile, answer

MISSING = "ioc-collection--99999999-9999-4999-8999-999999999999"


def deletions(sandbox: Sandbox) -> int:
    """How often a deletion was requested."""
    return sum(request.method == "DELETE" for request in sandbox.requests)


def test_a_collection_is_deleted(sandbox: Sandbox, platform: Platform, collection_id: str) -> None:
    """It is gone afterward, and the results say what it was."""
    run = platform.run(DeleteIOCCollection, collection_id=collection_id, confirm_name="Blocklist")
    assert run.error is None
    assert run.results == {"collection_id": collection_id, "name": "Blocklist", "deleted": True}
    with pytest.raises(KeyError):
        sandbox.indicators(collection_id)


@pytest.mark.parametrize("name", ["blocklist", "Blocklist ", "Block"])
def test_another_name_deletes_nothing(sandbox: Sandbox, platform: Platform, collection_id: str, name: str) -> None:
    """The name must be exactly that of the collection."""
    run = platform.run(DeleteIOCCollection, collection_id=collection_id, confirm_name=name)
    assert run.error == (
        f"Nothing was deleted: the IOC collection {collection_id} is named “Blocklist”, not “{name}”: "
        "check collection_id and confirm_name."
    )
    assert run.results is None
    assert deletions(sandbox) == 0


def test_the_name_is_required(platform: Platform, collection_id: str) -> None:
    """Without a name, nothing is requested."""
    run = platform.run(DeleteIOCCollection, collection_id=collection_id, confirm_name="")
    assert (
        run.error
        == "The action's arguments are not valid: confirm_name: it is required, but is empty: check the step that "
        "fills it."
    )


def test_a_second_run_finds_it_done(sandbox: Sandbox, platform: Platform, collection_id: str) -> None:
    """A collection that is gone is not an error; the results and a warning say so."""
    for _ in range(2):
        run = platform.run(DeleteIOCCollection, collection_id=collection_id, confirm_name="Blocklist")
    assert run.error is None
    assert run.results == {"collection_id": collection_id, "name": None, "deleted": False}
    assert (
        f"warning: There is no IOC collection {collection_id} to delete: it has already been deleted, or the id is"
        in run.logs
    )


def test_where_nothing_is_found_nothing_is_done(platform: Platform) -> None:
    """A server that does not know any collections means a wrong base_url, not a deleted collection."""
    with Hostile(answer(404, "<html>Not found</html>")) as server:
        platform.module_configuration = {"base_url": server.url}
        run = platform.run(DeleteIOCCollection, collection_id=MISSING, confirm_name="Blocklist")
    assert run.error is not None
    assert "check base_url" in run.error
    assert run.results is None


@pytest.mark.parametrize("cut", ["before", "after"])
def test_a_lost_answer(sandbox: Sandbox, platform: Platform, collection_id: str, cut: str) -> None:
    """A deletion whose answer was lost is repeated; finding nothing means that it worked."""
    sandbox.faults.rest = [RestFault.model_validate({"method": "DELETE", "cut": cut})]
    run = platform.run(DeleteIOCCollection, collection_id=collection_id, confirm_name="Blocklist")
    assert run.error is None
    assert run.results and run.results["deleted"] is True
    assert deletions(sandbox) == 2


@pytest.mark.parametrize(
    "answers",
    [
        [{"status": 204, "body": ""}],
        [{"status": 200, "body": "<html>Welcome</html>"}],
        [{"status": 503}, {"status": 404}],
    ],
)
@pytest.mark.fault(
    "Sekoia confirms the deletion of a collection, but it is still there",
    "The collections are checked: a deletion counts only if the collection is gone",
)
def test_a_collection_that_stays(
    sandbox: Sandbox, platform: Platform, collection_id: str, answers: list[dict[str, Any]]
) -> None:
    """A collection that is still listed was not deleted, whatever the answer was."""
    sandbox.faults.rest = [RestFault.model_validate({"method": "DELETE", **answer}) for answer in answers]
    run = platform.run(DeleteIOCCollection, collection_id=collection_id, confirm_name="Blocklist")
    assert run.results is None
    assert run.error == (
        f"Sekoia accepted the deletion, but the IOC collection {collection_id} still exists: check it in Sekoia, and "
        "try again."
    )


@pytest.mark.parametrize(("answers", "deleted"), [([], True), ([{"status": 200, "body": "<html>"}], None)])
def test_a_look_that_fails(
    sandbox: Sandbox, platform: Platform, collection_id: str, answers: list[dict[str, Any]], deleted: bool | None
) -> None:
    """Sekoia's own answer is enough where nothing speaks against it; another's is not."""
    sandbox.faults.rest = [
        *(RestFault.model_validate({"method": "DELETE", **answer}) for answer in answers),
        RestFault(method="GET", path="/ioc-collections$", status=403),
    ]
    run = platform.run(DeleteIOCCollection, collection_id=collection_id, confirm_name="Blocklist")
    assert (run.results or {}).get("deleted") == deleted
    assert (run.error is None) == bool(deleted)


def test_a_missing_permission(platform: Platform, collection_id: str) -> None:
    """A key with read-only permissions."""
    platform.secrets = {"api_key": platform.sandbox.read_only_key}
    run = platform.run(DeleteIOCCollection, collection_id=collection_id, confirm_name="Blocklist")
    assert run.error is not None
    assert run.error.startswith("Sekoia denied permission (HTTP 403) while deleting the IOC collection")


def test_as_a_command(command: Command, collection_id: str) -> None:
    """The platform runs it as a command of `main.py`."""
    told = command("DeleteIOCCollection", collection_id=collection_id, confirm_name="Blocklist")
    assert told["results"]["deleted"] is True
