"""What an import is expected to have put into a collection: values stored as digests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sekoia_cti.client.importing.expected import Expected, Tally
from sekoia_cti.client.wire import Context, KillChainPhase
from sekoia_cti.indicators.again import Again
from sekoia_cti.indicators.matching import identity
from sekoia_cti.indicators.row_context import RowContext

ODD: list[Any] = [None, 7, True, ["x"], {"en": "x"}]
NOW = datetime(2030, 1, 1, tzinfo=UTC)
VALUES = [f"d{number}.example" for number in range(1_000)]


def indicator(value: str, **fields: Any) -> dict[str, Any]:
    """An indicator as Sekoia's JSON has it."""
    return {"pattern": f"[domain-name:value = '{value}']", **fields}


def seen(context: Context, **fields: Any) -> Tally:
    """The tally of one value that was seen with these fields."""
    expected = Expected(since=NOW - timedelta(hours=1))
    expected.add(["evil.example"], context)
    sight = expected.look()
    sight.see([indicator("EVIL.example", **fields)], NOW)
    return sight.tally()


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
        *((Context(description="x"), {"description": odd}, Tally(1, 1, 1, 0, 0)) for odd in ODD),
        (Context(valid_from=NOW), {"valid_from": "2030-01-01T00:00:00.5Z"}, Tally(1, 1, 1, 1, 0)),
        (Context(valid_from=NOW), {}, Tally(1, 1, 1, 0, 0)),
        (
            Context(kill_chain_phases=[KillChainPhase(kill_chain_name="c", phase_name="p")]),
            {"kill_chain_phases": [{"kill_chain_name": "c", "phase_name": "p"}, {"kill_chain_name": "c"}, "odd"]},
            Tally(1, 1, 1, 1, 0),
        ),
        *(
            (
                Context(kill_chain_phases=[KillChainPhase(kill_chain_name="c", phase_name="p")]),
                {"kill_chain_phases": odd},
                Tally(1, 1, 1, 0, 0),
            )
            for odd in (
                *ODD,
                [{"kill_chain_name": "c", "phase_name": "q"}],
                [{"kill_chain_name": [], "phase_name": {}}],
            )
        ),
        (Context(x_ic_related_threat_refs=["a"]), {"x_ic_related_threat_refs": ["b", "a"]}, Tally(1, 1, 1, 1, 0)),
        (Context(x_ic_related_threat_refs=["a"]), {}, Tally(1, 1, 1, 0, 0)),
    ],
)
def test_what_counts_as_in(context: Context, fields: dict[str, Any], tally: Tally) -> None:
    """A value is in if it is not revoked, not expired unless requested, and has the requested context to the
    second."""
    assert seen(context, **fields) == tally


def test_a_file_is_in_with_all_of_its_hashes() -> None:
    """In one indicator or in several, in any order and case."""
    md5, sha1 = "a" * 32, "b" * 40
    expected = Expected()
    expected.add([f"{sha1},{md5}"], Context())
    sight = expected.look()
    sight.see([{"pattern": f"[file:hashes.MD5 = '{md5.upper()}']"}], NOW)
    assert not sight.tally().all_in()
    sight.see([{"pattern": f"[file:hashes.'SHA-1' = '{sha1}' OR file:hashes.MD5 = '{md5}']"}], NOW)
    assert sight.tally().all_in()


def test_values_with_contexts_of_their_own() -> None:
    """Each is judged by the context sent with it, and reported with its batch; of a value sent twice, the last
    counts."""
    expected = Expected(since=NOW)
    assert expected.add(["a.example", "b.example"], Context(description="one")) == 0
    assert expected.add(Again(lambda: iter(["b.example", "c.example"])), Context(description="two")) == 1
    sight = expected.look()
    for name, description in (("a.example", "one"), ("b.example", "two"), ("c.example", "one")):
        changed = "2030-01-01T00:00:00Z" if name == "c.example" else "2029-01-01T00:00:00Z"
        sight.see([indicator(name, description=description, modified=changed)], NOW)
    assert sight.tally() == Tally(4, 4, 4, 3, 1)
    assert sight.tally().parts == ((2, 0, 0), (2, 1, 0))
    assert expected.has_context()


def test_rows_that_tell_when_they_end() -> None:
    """A row's own end of validity applies to its value: an end in the past is as requested, any other differs."""
    expected = Expected()
    past, later = datetime(2029, 1, 1, tzinfo=UTC), datetime(2031, 1, 1, tzinfo=UTC)
    values = ["a.example", "b.example", "c.example", "d.example"]
    expected.add(values, Context(), ends=[past, later, None, past])
    sight = expected.look()
    ends = {"a.example": past, "b.example": datetime(2032, 1, 1, tzinfo=UTC), "c.example": past, "d.example": later}
    sight.see([indicator(name, valid_until=end.isoformat()) for name, end in ends.items()], NOW)
    assert sight.tally() == Tally(4, 4, 3, 1, 0)
    assert [missing.value for missing in sight.missing()] == ["c.example"]
    assert expected.has_context()


ROW = RowContext("one", NOW, frozenset({"delivery"}))
AS_IN_ROW: dict[str, Any] = {
    "description": " one",
    "valid_from": "2030-01-01T00:00:00.5Z",
    "kill_chain_phases": [{"kill_chain_name": "any", "phase_name": "delivery"}, {"phase_name": "impact"}],
}


@pytest.mark.parametrize(
    ("row", "fields", "differing"),
    [
        (RowContext(), {"description": "any"}, 0),
        (ROW, AS_IN_ROW, 0),
        *((ROW, AS_IN_ROW | {name: odd}, 1) for name in AS_IN_ROW for odd in [*ODD, "x", []]),
        (RowContext("one"), {"description": "one", "valid_from": "2030-01-01T00:00:00Z"}, 0),
        (RowContext(None, NOW), {"valid_from": "2030-01-01T00:00:01Z"}, 1),
        (RowContext(phases=frozenset({"delivery", "impact"})), AS_IN_ROW, 0),
        (RowContext(phases=frozenset({"delivery", "other"})), AS_IN_ROW, 1),
    ],
)
def test_what_rows_say_besides_is_compared_and_no_proof(
    row: RowContext, fields: dict[str, Any], differing: int
) -> None:
    """What a row says differs or not, and the import is proved either way; a sample knows as much."""
    expected = Expected()
    expected.add(["z.example"], Context())
    expected.add(["a.example", "b.example"], Context(), rows=[RowContext(), row])
    for some in (expected, expected.sample(3)):
        sight = some.look()
        sight.see([indicator(name, **fields) for name in ("a.example", "b.example", "z.example")], NOW)
        assert (sight.tally().as_asked, sight.tally().differing) == (3, differing)
        assert list(sight.differing()) == ["b.example"] * differing
    assert not expected.has_context()


def test_the_row_of_a_file_holds_for_all_of_its_hashes() -> None:
    """Each of its indicators is compared with the row."""
    md5, sha1 = "a" * 32, "b" * 40
    expected = Expected()
    expected.add([f"{md5},{sha1}"], Context(), rows=[RowContext("one")])
    sight = expected.look()
    for name, value, description in (("MD5", md5, "one"), ("'SHA-1'", sha1, "other")):
        sight.see([{"pattern": f"[file:hashes.{name} = '{value}']", "description": description}], NOW)
    assert (sight.tally().active, sight.tally().differing) == (1, 1)


@pytest.mark.parametrize(
    "fields",
    [
        {"description": 7},
        {"kill_chain_phases": "delivery"},
        {"kill_chain_phases": {"a": 1}},
        {"x_ic_related_threat_refs": 7},
        {"x_ic_related_threat_refs": [["a"]]},
        {"valid_until": ["2030"], "modified": 7, "revoked": None},
        {"valid_until": "0001-01-01T00:00:00+02:00"},
    ],
    ids=str,
)
def test_fields_of_odd_types_are_not_what_was_asked_for(fields: dict[str, Any]) -> None:
    """The bulk reader's fields are unchecked: whatever they are, the value is in, and the context is not."""
    phase = KillChainPhase(kill_chain_name="c", phase_name="p")
    context = Context(description="x", kill_chain_phases=[phase], x_ic_related_threat_refs=["a"])
    assert seen(context, **fields) == Tally(1, 1, 1, 0, 0)


@pytest.mark.parametrize(
    "value",
    [
        "EVIL.example",
        "2001:DB8:0:0:0:0:0:1",
        "::ffff:192.0.2.1",
        "192.0.2.1",
        "Bücher.example",
        "http://EVIL.example/A%2fb?c=D",
        "http://bücher.example/ä",
        "User@Example.com",
        "AA-BB-CC-00-11-22",
        "A" * 64,
        f"{'A' * 64},{'B' * 32}",
        "no indicator.exe",
    ],
)
def test_a_key_is_its_own_only_key(value: str) -> None:
    """What is stored in canonical form is found by it at once, without a closer look."""
    for key in identity(value):
        assert identity(key) == {key}


def test_a_sample_is_spread_and_judged_alike() -> None:
    """From the first value to the last; what is missing of it is named."""
    expected = Expected()
    expected.add(VALUES, Context(description="x"))
    some = expected.sample(5).look()
    asked = [missing.value for missing in some.missing()]
    assert asked == [VALUES[round(step * 999 / 4)] for step in range(5)]
    assert [missing.value for missing in expected.sample(1).look().missing()] == VALUES[:1]
    some.see([indicator(VALUES[0], description="x"), indicator(VALUES[-1], revoked=True)], NOW)
    assert some.tally() == Tally(5, 2, 1, 1, 0)
    assert [missing.reason for missing in some.missing()][-1] == "it is in the collection, but revoked or expired"
