"""How indicators are removed from a collection, whatever Sekoia does with the requests."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sandbox import RestFault, Sandbox
from sekoia_cti.client.errors import DeadlinePassed, PermissionDenied, Refused, SekoiaError
from sekoia_cti.client.importing.outcome import Outcome
from sekoia_cti.client.rest.endpoints import RestClient
from sekoia_cti.client.synchronizing.comparison import Leaving
from sekoia_cti.client.synchronizing.removal import Removal
from sekoia_cti.client.waiting import Deadline, Patience
from sekoia_cti.client.wire import Context, KillChainPhase

VALUES = [f"d{number}.example" for number in range(12)]
REF = "intrusion-set--11111111-1111-4111-8111-111111111111"
CONTEXT = Context(
    description="Seen once",
    kill_chain_phases=[KillChainPhase(kill_chain_name="mitre-attack", phase_name="impact")],
    x_ic_related_threat_refs=[REF],
)
VANISHED = "11111111-1111-4111-8111-111111111111"
Way = Callable[[Removal], None]


@pytest.fixture
def rest(sandbox: Sandbox, collection_id: str) -> Iterator[RestClient]:
    """A client of a sandbox whose collection holds twelve indicators."""
    sandbox.faults.finish_before_answer = True
    root = f"{sandbox.url}/api/v2/inthreat"
    with RestClient(root, sandbox.api_key, deadline=Deadline(20), patience=Patience.none()) as client:
        client.import_text(collection_id, "\n".join(VALUES), context=CONTEXT)
        yield client


def removal(sandbox: Sandbox, rest: RestClient, collection_id: str, *, by_text: bool = False) -> Removal:
    """The removal of all but the last two."""
    leaving = [Leaving(each["id"], each["name"], by_text) for each in sandbox.indicators(collection_id)[:-2]]
    return Removal(rest, collection_id, leaving, patience=Patience.none(), on_progress=lambda _: None)


def one_by_one(removal: Removal) -> None:
    """Without any import."""
    removal.expire(lambda *_: pytest.fail("there is nothing that a text could mean"))


def active(sandbox: Sandbox, collection_id: str) -> int:
    """How many indicators are active."""
    now = datetime.now(UTC)
    shown = sandbox.indicators(collection_id)
    return sum(not each["revoked"] and datetime.fromisoformat(each["valid_until"]) > now for each in shown)


@pytest.mark.parametrize("way", [one_by_one, Removal.revoke])
def test_one_by_one(sandbox: Sandbox, rest: RestClient, collection_id: str, way: Way) -> None:
    """Each takes a request, and all else that is said about it stays."""
    gone = removal(sandbox, rest, collection_id)
    before = len(sandbox.requests)
    way(gone)
    assert (len(gone.removed), gone.remaining, gone.failed, gone.failure) == (10, [], [], None)
    assert active(sandbox, collection_id) == 2
    for indicator in sandbox.indicators(collection_id):
        assert Context.model_validate({**indicator, "valid_from": None, "valid_until": None}) == CONTEXT
    changing = [call for call in sandbox.requests[before:] if call.method != "GET"]
    assert len(changing) == 10


def test_what_is_not_valid_yet_expires(sandbox: Sandbox, rest: RestClient, collection_id: str) -> None:
    """Its validity is made to begin before it ends."""
    rest.import_text(
        collection_id, "\n".join(VALUES), context=Context(valid_from=datetime.now(UTC) + timedelta(days=3))
    )
    gone = removal(sandbox, rest, collection_id)
    one_by_one(gone)
    assert (gone.remaining, active(sandbox, collection_id)) == ([], 2)


@pytest.mark.parametrize(
    ("outcome", "asked"),
    [
        (Outcome("completed", task_ids=("t",), missing_count=0, context_differs_count=0), False),
        (Outcome("completed", task_ids=("t",), missing_count=0, context_differs_count=3), True),
        (Outcome("completed", task_ids=("t",), missing_count=0), True),
        (Outcome("incomplete", task_ids=("t",)), True),
    ],
)
def test_the_collection_decides_what_an_import_has_done(
    sandbox: Sandbox, rest: RestClient, collection_id: str, outcome: Outcome, asked: bool
) -> None:
    """Unless everything was seen to be as it was asked for, what is still active is set one by one."""
    gone = removal(sandbox, rest, collection_id, by_text=True)
    sent: list[tuple[Sequence[str], Context]] = []

    def import_texts(values: Sequence[str], context: Context) -> Outcome:
        rest.import_text(collection_id, "\n".join(values[:4]), context=context)
        sent.append((values, context))
        return outcome

    before = len(sandbox.requests)
    gone.expire(import_texts)
    ((values, context),) = sent
    assert (values, set(context.payload())) == (VALUES[:10], {"valid_until"})
    assert (len(gone.removed), gone.task_ids) == (10, ("t",))
    puts = [call for call in sandbox.requests[before:] if call.method == "PUT"]
    assert len(puts) == (6 if asked else 0)


@pytest.mark.parametrize(
    ("error", "removed"), [(Refused("submitting", status=400), 10), (PermissionDenied("submitting", status=403), 0)]
)
def test_an_import_that_is_refused(
    sandbox: Sandbox, rest: RestClient, collection_id: str, error: SekoiaError, removed: int
) -> None:
    """An end that Sekoia does not take from an import it may take from a request each; a lack of permission ends it."""

    def import_texts(*_: object) -> Outcome:
        raise error

    gone = removal(sandbox, rest, collection_id, by_text=True)
    gone.expire(import_texts)
    assert len(gone.removed) == removed
    assert gone.failure == (None if removed else error)


@pytest.mark.parametrize(
    ("way", "method", "fault", "removed", "failed", "failure"),
    [
        (one_by_one, "PUT", {"status": 400, "times": 2}, 8, 2, None),
        (one_by_one, "PUT", {"status": 400, "times": None}, 0, 10, Refused),
        (one_by_one, "PUT", {"status": 500, "times": 2}, 10, 0, None),
        (one_by_one, "PUT", {"status": 403, "times": None}, 0, 0, PermissionDenied),
        (one_by_one, "PUT", {"status": 404, "times": None}, 0, 10, None),
        (one_by_one, "PUT", {"status": 204}, 9, 1, None),
        (one_by_one, "PUT", {"cut": "after"}, 10, 0, None),
        (Removal.revoke, "DELETE", {"status": 400, "times": 2}, 8, 2, None),
        (Removal.revoke, "DELETE", {"status": 204}, 9, 1, None),
        (Removal.revoke, "DELETE", {"status": 403, "times": None}, 0, 0, PermissionDenied),
        (Removal.revoke, "DELETE", {"cut": "after"}, 10, 0, None),
    ],
)
def test_what_is_not_removed_remains(
    sandbox: Sandbox,
    rest: RestClient,
    collection_id: str,
    way: Way,
    method: str,
    fault: dict[str, Any],
    removed: int,
    failed: int,
    failure: type[SekoiaError] | None,
) -> None:
    """It is told with a reason, the others go on, and ten refusals in a row or a lack of permission end it."""
    gone = removal(sandbox, rest, collection_id)
    sandbox.faults.rest = [RestFault(method=method, **fault)]
    way(gone)
    assert len(gone.removed) == removed
    assert len(gone.remaining) == 10 - removed
    assert len(gone.failed) == failed
    assert all(each.reason for each in gone.failed)
    assert type(gone.failure) is (failure or type(None))
    assert active(sandbox, collection_id) == 12 - removed


@pytest.mark.parametrize("way", [one_by_one, Removal.revoke])
def test_the_time_is_up(sandbox: Sandbox, rest: RestClient, collection_id: str, way: Way) -> None:
    """What was not reached remains, for the next run."""
    gone = removal(sandbox, rest, collection_id)
    sandbox.faults.rest = [RestFault(method="PUT|DELETE".split("|")[way is Removal.revoke], delay=0.2, times=None)]
    rest.renew(Deadline(0.7))
    way(gone)
    assert isinstance(gone.failure, DeadlinePassed)
    assert 0 < len(gone.removed) < 10
    assert len(gone.removed) + len(gone.remaining) == 10


@pytest.mark.parametrize("way", [one_by_one, Removal.revoke])
def test_what_somebody_else_removed_is_gone(sandbox: Sandbox, rest: RestClient, collection_id: str, way: Way) -> None:
    """An indicator that is not there any more need not be removed, and a 404 alone does not say so."""
    gone = removal(sandbox, rest, collection_id)
    gone.leaving = [*gone.leaving, Leaving(f"indicator--{VANISHED}", "vanished.example", False)]
    for each in gone.leaving[:3]:
        rest.revoke(collection_id, each.id)
    before = len(sandbox.requests)
    way(gone)
    assert (len(gone.removed), gone.failed, gone.failure) == (11, [], None)
    assert sum(call.method == "PUT" for call in sandbox.requests[before:]) == (0 if way is Removal.revoke else 7)
