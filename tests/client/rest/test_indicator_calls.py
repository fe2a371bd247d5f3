"""The calls about indicators."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from sandbox import Sandbox
from sekoia_cti.client.errors import (
    NotFound,
    Unavailable,
)
from sekoia_cti.client.rest.endpoints import RestClient
from sekoia_cti.client.wire import Context, KillChainPhase
from tests.client.rest.conftest import LISTING, client
from tests.hostile import Hostile, Script, answer, reset


def test_an_unknown_indicator_is_named() -> None:
    """The error tells the indicator, the collection and which arguments to check."""
    with (
        Hostile(answer(404), LISTING) as server,
        client(server.url) as collections,
        pytest.raises(
            NotFound,
            match=r"has no indicator indicator--1 in IOC collection c .* check indicator_ids and collection_id, and",
        ),
    ):
        collections.revoke("c", "indicator--1")


def test_a_revocation_gives_up_after_its_attempts() -> None:
    """One that always fails does not use up the time of the others."""
    with Hostile(answer(500)) as server, client(server.url) as collections:
        with pytest.raises(Unavailable):
            collections.revoke("c", "indicator--1", attempts=3)
        assert len(server.requests) == 3


def test_a_revocation_gives_the_indicator_if_it_is_told(sandbox: Sandbox, sekoia: RestClient) -> None:
    """Its new state is in the answer of the sandbox."""
    collection_id = str(sandbox.create_collection()["id"])
    sekoia.import_text(collection_id, "evil.example", context=Context())
    sandbox.wait_for(lambda: bool(sandbox.indicators(collection_id)))
    (indicator,) = sandbox.indicators(collection_id)
    revoked = sekoia.revoke(collection_id, indicator["id"])
    assert revoked is not None
    assert (revoked.id, revoked.revoked) == (indicator["id"], True)


INDICATOR = {"id": "indicator--1", "pattern": "[]"}


@pytest.mark.parametrize(
    "said",
    [
        answer(204, ""),
        answer(200, "<html>"),
        answer(200, INDICATOR),
        answer(200, INDICATOR | {"revoked": False}),
        answer(200, INDICATOR | {"id": "indicator--2", "revoked": True}),
    ],
)
def test_an_answer_that_shows_no_revocation_has_to_be_looked_at(said: Script) -> None:
    """Only an answer with this very indicator, revoked, shows that it is."""
    with Hostile(said) as server, client(server.url) as collections:
        assert collections.revoke("c", "indicator--1") is None


def test_an_indicator_is_changed_in_every_field(sandbox: Sandbox, sekoia: RestClient) -> None:
    """What is sent is what it says of itself afterward, emptied lists included."""
    collection_id = str(sandbox.create_collection()["id"])
    phase = KillChainPhase(kill_chain_name="mitre-attack", phase_name="impact")
    ref = "intrusion-set--11111111-1111-4111-8111-111111111111"
    sekoia.import_text(collection_id, "evil.example", context=Context(x_ic_related_threat_refs=[ref]))
    sandbox.wait_for(lambda: bool(sandbox.indicators(collection_id)))
    (indicator,) = sandbox.indicators(collection_id)
    context = Context(
        description="Seen again",
        valid_from=datetime(2026, 1, 1, tzinfo=UTC),
        valid_until=datetime(2030, 1, 1, tzinfo=UTC),
        kill_chain_phases=[phase],
        x_ic_related_threat_refs=[],
    )
    told = sekoia.update_indicator(collection_id, indicator["id"], context)
    assert told.model_dump(include=set(Context.model_fields)) == context.model_dump()
    (changed,) = sandbox.indicators(collection_id)
    assert Context.model_validate(changed) == context


def test_a_change_is_repeated_as_often_as_it_may() -> None:
    """What may pass is waited out; one that always fails does not use up the time of the others; a 404 names it."""
    indicator = {"id": "indicator--1", "pattern": "[domain-name:value = 'evil.example']"}
    with Hostile(reset, answer(503), answer(200, indicator)) as server, client(server.url) as collections:
        assert collections.update_indicator("c", "indicator--1", Context(description="x")).value == "evil.example"
        assert server.requests[-1].startswith(b"PUT /api/v2/inthreat/ioc-collections/c/indicators/indicator--1 ")
    with Hostile(answer(500)) as server, client(server.url) as collections:
        with pytest.raises(Unavailable):
            collections.update_indicator("c", "indicator--1", Context(), attempts=3)
        assert len(server.requests) == 3
    with (
        Hostile(answer(404), LISTING) as server,
        client(server.url) as collections,
        pytest.raises(NotFound, match="indicator--1"),
    ):
        collections.update_indicator("c", "indicator--1", Context())
