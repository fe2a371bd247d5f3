"""A dry run of an import sends nothing, and reports what the import would find, against the sandbox."""

from __future__ import annotations

import pytest

from sandbox import Sandbox
from sandbox.sekoia.faults import RestFault
from sekoia_cti.actions.import_indicators import ImportIndicators
from sekoia_cti.actions.import_text import ImportIndicatorsFromText
from sekoia_cti.actions.revoke_indicators import RevokeIndicators
from tests.actions.ways import WAYS, Import, as_text
from tests.conftest import Platform


def sent(sandbox: Sandbox) -> list[str]:
    """The paths of the requests that could change something."""
    return [request.path for request in sandbox.requests if request.method != "GET" and "callback" not in request.path]


@WAYS
def test_tells_what_is_there(sandbox: Sandbox, platform: Platform, collection_id: str, import_: Import) -> None:
    """Existing, revoked and new values are counted separately; nothing is sent, and LiveAPI is not connected."""
    there = ["a.example.org", "b.example.org", "revoked.example.org"]
    platform.run(ImportIndicatorsFromText, collection_id=collection_id, text="\n".join(there))
    platform.run(RevokeIndicators, collection_id=collection_id, text="revoked.example.org")
    before, already = sandbox.indicators(collection_id), len(sent(sandbox))
    sandbox.faults.live_status = 401  # so that to listen would be an error

    run = import_(
        platform, [*there, "B.example.org", "new.example.org", "run.exe"], collection_id=collection_id, dry_run=True
    )

    assert run.error is None
    assert run.results and run.results["status"] == "dry_run"
    counts = ("would_import", "already_in", "already_inactive", "unrecognized_count", "submitted", "missing_count")
    assert [run.results[name] for name in counts] == [4, 2, 1, 1, 0, 0]
    assert run.results["by_type"] == {"domain": 4}
    assert "Dry run: nothing was imported; 4 indicators would go into" in run.logs
    assert sandbox.indicators(collection_id) == before
    assert sent(sandbox)[already:] == []


def test_another_context_counts(sandbox: Sandbox, platform: Platform, collection_id: str) -> None:
    """Values that exist and would be changed by the import are counted."""
    as_text(platform, ["a.example.org", "b.example.org"], collection_id=collection_id, description="old")
    run = platform.run(
        ImportIndicators,
        collection_id=collection_id,
        indicators=["a.example.org", {"value": "b.example.org", "description": "new"}],
        description="old",
        dry_run=True,
    )

    assert run.results and (run.results["already_in"], run.results["context_differs_count"]) == (2, 1)


def test_what_cannot_be_sent_is_missing(platform: Platform, collection_id: str) -> None:
    """An object whose context cannot be used would not be sent, and a dry run says so."""
    objects = ["a.example.org", {"value": "b.example.org", "valid_from": "yesterday"}]
    run = platform.run(ImportIndicators, collection_id=collection_id, indicators=objects, dry_run=True)

    assert run.results and (run.results["would_import"], run.results["missing_count"]) == (1, 1)
    assert run.results["missing"][0]["value"] == "b.example.org"


@WAYS
def test_nothing_left(sandbox: Sandbox, platform: Platform, collection_id: str, import_: Import) -> None:
    """A dry run in which everything is excluded is still a dry run, with nothing to import."""
    run = import_(platform, ["a.example.org"], collection_id=collection_id, exclude="a.example.org", dry_run=True)

    assert run.error is None
    assert run.results and run.results["status"] == "dry_run"
    assert [run.results[name] for name in ("would_import", "already_in", "excluded_count")] == [0, 0, 1]


def test_a_collection_that_cannot_be_read(sandbox: Sandbox, platform: Platform, collection_id: str) -> None:
    """It is then not known what is there, and the log says so; how much would be imported is known."""
    sandbox.faults.rest = [RestFault(method="GET", path="/indicators$", status=403, times=None)]
    run = as_text(platform, ["a.example.org"], collection_id=collection_id, dry_run=True)

    assert run.error is None
    assert run.results and run.results["would_import"] == 1
    assert [run.results[name] for name in ("already_in", "already_inactive", "context_differs_count")] == [None] * 3
    assert "how many of them are already there is not known" in run.logs


def test_a_collection_that_is_too_large(sandbox: Sandbox, platform: Platform, collection_id: str) -> None:
    """If there is only time for a sample, it does not become a count."""
    values = [f"h{number}.example.org" for number in range(1_100)]
    as_text(platform, values, collection_id=collection_id)
    sandbox.faults.bulk_reader = "absent"
    sandbox.faults.rest = [
        RestFault(method="GET", path="/indicators$", delay=0.5, times=1)
    ]  # eleven pages would take 5.5 s
    run = as_text(platform, values, collection_id=collection_id, dry_run=True, timeout=10)

    assert run.results and run.results["would_import"] == len(values)
    assert run.results["already_in"] is None


@pytest.mark.parametrize("there", [0, 1])
def test_the_limit_is_told(sandbox: Sandbox, platform: Platform, collection_id: str, there: int) -> None:
    """A warning says that the import would exceed the community's limit, counting only new values."""
    values = ["a.example.org", "b.example.org"]
    as_text(platform, values[:there] or ["c.example.org"], collection_id=collection_id)
    sandbox.faults.collection_limit = 2
    run = as_text(platform, values, collection_id=collection_id, dry_run=True)

    assert ("may exceed the limit" in run.logs) is (there == 0)
