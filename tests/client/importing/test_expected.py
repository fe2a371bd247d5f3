"""What an import is expected to have put into a collection: values held as digests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sekoia_cti.client.importing.expected import Again, Expected, Tally
from sekoia_cti.client.wire import Context, KillChainPhase

NOW = datetime(2030, 1, 1, tzinfo=UTC)
VALUES = [f"d{number}.example" for number in range(1_000)]


def indicator(value: str, **fields: Any) -> dict[str, Any]:
    """An indicator as Sekoia's JSON has it."""
    return {"pattern": f"[domain-name:value = '{value}']", **fields}


def seen(context: Context, **fields: Any) -> Tally:
    """The tally of one value that was seen with these fields."""
    expected = Expected(since=NOW - timedelta(hours=1))
    expected.add(["evil.example"], context)
    expected.forget()
    expected.see(indicator("EVIL.example", **fields), NOW)
    return expected.tally()


@pytest.mark.parametrize(
    ("context", "fields", "tally"),
    [
        (Context(), {}, Tally(1, 1, 1, 1, 0)),
        (Context(), {"modified": "2029-12-31T23:30:00Z"}, Tally(1, 1, 1, 1, 1)),
        (Context(), {"modified": "2029-12-31T22:30:00Z"}, Tally(1, 1, 1, 1, 0)),
        (Context(), {"modified": "no time", "valid_until": 7}, Tally(1, 1, 1, 1, 0)),
        (Context(), {"revoked": True}, Tally(1, 1, 0, 0, 0)),
        (Context(), {"valid_until": "2029-12-31T00:00:00Z"}, Tally(1, 1, 0, 0, 0)),
        (
            Context(valid_until=datetime(2029, 12, 31, tzinfo=UTC)),
            {"valid_until": "2029-12-31T00:00:00Z"},
            Tally(1, 1, 1, 1, 0),
        ),
        (Context(description="x"), {"description": " x "}, Tally(1, 1, 1, 1, 0)),
        (Context(description="x"), {"description": None}, Tally(1, 1, 1, 0, 0)),
        (Context(valid_from=NOW), {"valid_from": "2030-01-01T00:00:00.5Z"}, Tally(1, 1, 1, 1, 0)),
        (Context(valid_from=NOW), {}, Tally(1, 1, 1, 0, 0)),
        (
            Context(kill_chain_phases=[KillChainPhase(kill_chain_name="c", phase_name="p")]),
            {"kill_chain_phases": [{"kill_chain_name": "c", "phase_name": "p"}, {"kill_chain_name": "c"}, "odd"]},
            Tally(1, 1, 1, 1, 0),
        ),
        (
            Context(kill_chain_phases=[KillChainPhase(kill_chain_name="c", phase_name="p")]),
            {"kill_chain_phases": [{"kill_chain_name": "c", "phase_name": "q"}]},
            Tally(1, 1, 1, 0, 0),
        ),
        (Context(x_ic_related_threat_refs=["a"]), {"x_ic_related_threat_refs": ["b", "a"]}, Tally(1, 1, 1, 1, 0)),
        (Context(x_ic_related_threat_refs=["a"]), {}, Tally(1, 1, 1, 0, 0)),
    ],
)
def test_what_counts_as_in(context: Context, fields: dict[str, Any], tally: Tally) -> None:
    """Not revoked, not expired unless that was asked for, and with the context to the second."""
    assert seen(context, **fields) == tally


def test_a_file_is_in_with_all_of_its_hashes() -> None:
    """In one indicator or in several, in any order and case."""
    md5, sha1 = "a" * 32, "b" * 40
    expected = Expected()
    expected.add([f"{sha1},{md5}"], Context())
    expected.forget()
    expected.see({"pattern": f"[file:hashes.MD5 = '{md5.upper()}']"}, NOW)
    assert not expected.tally().all_in()
    expected.see({"pattern": f"[file:hashes.'SHA-1' = '{sha1}' OR file:hashes.MD5 = '{md5}']"}, NOW)
    assert expected.tally().all_in()


def test_values_with_contexts_of_their_own() -> None:
    """Each is judged by what was sent along with it; of one that was sent twice, the last counts."""
    expected = Expected()
    expected.add(["a.example", "b.example"], Context(description="one"))
    expected.add(Again(lambda: iter(["b.example", "c.example"])), Context(description="two"))
    expected.forget()
    for name, description in (("a.example", "one"), ("b.example", "two"), ("c.example", "one")):
        expected.see(indicator(name, description=description), NOW)
    assert expected.tally() == Tally(4, 4, 4, 3, 0)
    assert expected.has_context()


def test_a_sample_is_spread_and_judged_alike() -> None:
    """From the first value to the last; what is missing of it is named."""
    expected = Expected()
    expected.add(VALUES, Context(description="x"))
    some = expected.sample(5)
    some.forget()
    asked = [missing.value for missing in some.missing()]
    assert asked == [VALUES[round(step * 999 / 4)] for step in range(5)]
    some.see(indicator(VALUES[0], description="x"), NOW)
    some.see(indicator(VALUES[-1], revoked=True), NOW)
    assert some.tally() == Tally(5, 2, 1, 1, 0)
    assert [missing.reason for missing in some.missing()][-1] == "it is in the collection, but revoked or expired"
