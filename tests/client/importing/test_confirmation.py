"""The second witness: what in a collection confirms a task, and what does not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from sekoia_cti.client.errors import KeyRefused
from sekoia_cti.client.importing.confirmation import Confirmation, Verdict
from sekoia_cti.client.rest.endpoints import RestClient
from sekoia_cti.client.waiting import Deadline, Patience
from sekoia_cti.client.wire import Context, KillChainPhase
from tests.hostile import Hostile, Script, answer

NOW = datetime(2026, 1, 1, 12, 0, 0, tzinfo=UTC)
VALUE = "evil.example"
CONTEXT = Context(
    description="ours",
    valid_from=NOW,
    valid_until=NOW + timedelta(days=90),
    kill_chain_phases=[KillChainPhase(kill_chain_name="mitre-attack", phase_name="impact")],
    x_ic_related_threat_refs=["intrusion-set--1"],
)


def there(value: str = VALUE, *, modified: datetime | None = NOW, **fields: Any) -> dict[str, Any]:
    """An indicator as Sekoia sends it."""
    quoted = value.replace("'", "\\'")
    return {
        "id": f"indicator--{value}",
        "pattern": f"[domain-name:value = '{quoted}']",
        "modified": modified.isoformat() if modified else None,
        "revoked": False,
        **fields,
    }


def page(*indicators: dict[str, Any], total: int | None = None, date: datetime = NOW) -> Script:
    """A page of indicators, sent at a time of Sekoia's clock."""
    body = {"items": list(indicators), "total": len(indicators) if total is None else total}
    return answer(200, body, Date=format_datetime(date, usegmt=True))


@contextmanager
def confirming(
    *scripts: Script, context: Context | None = None, sample: list[str] | None = None, last: str | None = VALUE
) -> Iterator[Confirmation]:
    """A confirmation whose server answers in this order."""
    with (
        Hostile(*scripts) as server,
        RestClient(server.url, "k", deadline=Deadline(30), patience=Patience.none().but(attempts=1)) as rest,
    ):
        yield Confirmation(
            rest,
            "c",
            context=context or Context(),
            sample=lambda: [VALUE] if sample is None else sample,
            last=last,
        )


EARLIER, LATER = there(modified=NOW - timedelta(hours=1)), there(modified=NOW + timedelta(seconds=1))


def test_a_new_value_and_a_count_that_stands_still_confirm() -> None:
    """The value was not there before; three looks see the same count."""
    with confirming(page(), page(LATER), page(total=9), page(total=9), page(total=9)) as confirmation:
        assert [confirmation.look() for _ in range(3)] == [Verdict.SEEN, Verdict.SEEN, Verdict.CONFIRMED]


def test_a_count_that_moves_does_not_confirm() -> None:
    """As long as the count moves, the task goes on."""
    counts = [page(total=count) for count in (7, 8, 9, 9, 9)]
    with confirming(page(), page(LATER), *counts) as confirmation:
        assert [confirmation.look() for _ in range(5)] == [*[Verdict.SEEN] * 4, Verdict.CONFIRMED]


@pytest.mark.parametrize(
    ("before", "after", "context"),
    [
        (page(), page(), Context()),
        (page(EARLIER), page(EARLIER), Context()),
        (page(there()), page(there()), Context()),
        (page(EARLIER), page(there(modified=None)), Context()),
        (page(), page(there(modified=NOW + timedelta(seconds=1), revoked=True)), Context()),
        (page(), page(there("not" + VALUE, modified=NOW + timedelta(seconds=1))), Context()),
        (page(EARLIER), page(EARLIER | {"description": "others"}), CONTEXT),
        (page(EARLIER), page(EARLIER | {"description": "ours"}), CONTEXT),
    ],
    ids=[
        "not there",
        "there before",
        "there before, in this very second",
        "without a time",
        "revoked",
        "a look-alike",
        "another context",
        "a part of the context",
    ],
)
def test_what_proves_nothing(before: Script, after: Script, context: Context) -> None:
    """A value that was there before, is revoked, or only looks alike does not confirm."""
    with confirming(before, after, after, context=context) as confirmation:
        assert confirmation.look() is Verdict.UNSEEN


@pytest.mark.parametrize(
    ("before", "after", "context", "value"),
    [
        (page(EARLIER), page(LATER), Context(), VALUE),
        (page(there(revoked=True)), page(there()), Context(), VALUE),
        (page(EARLIER), page(EARLIER | CONTEXT.payload()), CONTEXT, VALUE),
        (page(), page(there("IT'S.example")), Context(), "it's.example"),
    ],
    ids=["modified since", "no longer revoked", "with the context", "quoted and in another case"],
)
def test_what_counts(before: Script, after: Script, context: Context, value: str) -> None:
    """A value that was modified since, or carries the context, is in the state that was asked for."""
    with confirming(before, after, page(total=1), context=context, sample=[value], last=value) as confirmation:
        assert confirmation.look() is Verdict.SEEN


def test_a_last_value_that_was_not_looked_at_has_to_be_clearly_later() -> None:
    """Without a look before the submission, the lag of the ``Date`` header must not make a doubt."""
    soon, clear = (page(there(modified=NOW + timedelta(seconds=seconds))) for seconds in (1, 3))
    with (
        Hostile(page(), soon, clear, page(total=1)) as server,
        RestClient(server.url, "k", deadline=Deadline(30), patience=Patience.none()) as rest,
    ):
        rest.indicators("c")
        confirmation = Confirmation(rest, "c", context=Context(), sample=lambda: [VALUE], last=None)
        assert confirmation.look() is Verdict.UNSEEN
        assert confirmation.look() is Verdict.SEEN


def test_without_a_clock_only_the_context_tells() -> None:
    """When Sekoia sends no ``Date``, a time of modification cannot be compared with anything."""
    undated = answer(200, {"items": [LATER], "total": 1})
    with confirming(answer(200, {"items": [], "total": 0}), undated) as confirmation:
        assert confirmation.look() is Verdict.UNSEEN


def test_no_sample_confirms_nothing() -> None:
    """A task without a value that can be searched for is never confirmed here."""
    with confirming(page(), sample=[], last=None) as confirmation:
        assert confirmation.look() is Verdict.UNSEEN


def test_a_failure_that_may_pass_is_no_verdict() -> None:
    """A server error while looking is not seen as anything; a refused key is told."""
    with confirming(page(), answer(503)) as confirmation:
        assert confirmation.look() is Verdict.UNSEEN
    with confirming(page(), answer(401)) as confirmation, pytest.raises(KeyRefused):
        confirmation.look()
