"""What a feed requires of a collection: decisions on lists, without Sekoia."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sekoia_cti.client.synchronizing.comparison import Comparison, Leaving, Refresh, Said, exceeds

NOW = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
MD5, SHA1, SHA256 = "a" * 32, "b" * 40, "c" * 64
PHASE = {"kill_chain_name": "mitre-attack", "phase_name": "impact"}
REF = "intrusion-set--11111111-1111-4111-8111-111111111111"


def days(count: float) -> str:
    """A time so many days from now, as Sekoia tells it."""
    return (NOW + timedelta(days=count)).isoformat().replace("+00:00", "Z")


def held(value: str, *, kind: str = "domain-name:value", **fields: Any) -> dict[str, Any]:
    """An indicator of a collection that is valid for another 170 of 180 days, unless the fields say otherwise."""
    pattern = f"[{kind} = '{value}']"
    return {"id": value, "pattern": pattern, "valid_from": days(-10), "valid_until": days(170)} | fields


def compared(
    values: Sequence[str],
    *indicators: dict[str, Any],
    said: Said | None = None,
    valid_for: int | None = None,
    refresh: Refresh = "when_due",
) -> Comparison:
    """A feed compared with a collection."""
    comparison = Comparison(
        values,
        lambda _: said or Said(),
        lasts=lambda _: timedelta(days=valid_for) if valid_for else None,
        refresh=refresh,
        now=NOW,
    )
    comparison.see(indicators)
    return comparison


def states(comparison: Comparison) -> dict[str, list[int]]:
    """The places in each state that has any."""
    by_state = {name: getattr(comparison, name)() for name in ("new", "due", "revoked", "unchanged")}
    return {name: places for name, places in by_state.items() if places}


def test_new_staying_and_leaving() -> None:
    """Indicators that only the feed has are new, those in both are unchanged, and those that only the collection has
    leave."""
    comparison = compared(["a.example", "b.example"], held("b.example"), held("c.example"))
    assert states(comparison) == {"new": [0], "unchanged": [1]}
    assert comparison.leaving == [Leaving("c.example", "c.example", True)]
    assert comparison.active == 2


@pytest.mark.parametrize(
    ("line", "indicator"),
    [
        ("evil.example", held("EVIL.example")),
        ("bücher.example", held("xn--bcher-kva.example")),
        ("2001:db8::1", held("2001:0DB8:0:0:0:0:0:1", kind="ipv6-addr:value")),
        (MD5.upper(), held(MD5, kind="file:hashes.MD5")),
        (MD5, {**held("x"), "pattern": f"[file:hashes.'SHA-1' = '{SHA1}' OR file:hashes.MD5 = '{MD5}']"}),
        (f"{MD5},{SHA1}", {**held("x"), "pattern": f"[file:hashes.'SHA-1' = '{SHA1}' OR file:hashes.MD5 = '{MD5}']"}),
        ("Someone@evil.example", held("someone@EVIL.example", kind="email-addr:value")),
    ],
)
def test_spellings_are_one(line: str, indicator: dict[str, Any]) -> None:
    """However it is written, and however many more hashes the collection knows, it is the same indicator."""
    comparison = compared([line], indicator)
    assert (states(comparison), comparison.leaving) == ({"unchanged": [0]}, [])


def test_files_that_share_a_hash() -> None:
    """A line is in when an indicator has all of its hashes; one that has fewer is another one, and leaves."""
    both = {**held("both"), "pattern": f"[file:hashes.'SHA-256' = '{SHA256}' OR file:hashes.MD5 = '{MD5}']"}
    one = held(MD5, kind="file:hashes.MD5", id="one")
    comparison = compared([MD5, f"{MD5},{SHA256}", f"{MD5},{SHA1}"], both)
    assert states(comparison) == {"new": [2], "unchanged": [0, 1]}
    # Written as the collection has it, the longer line is not the only one.
    assert states(compared([MD5, f"{SHA256},{MD5}"], both)) == {"unchanged": [0, 1]}
    mail = held("a@evil.example", kind="email-addr:value")
    assert states(compared(["A@evil.example", "a@evil.example"], mail)) == {"unchanged": [0, 1]}
    comparison = compared([f"{MD5},{SHA1}"], one)
    assert states(comparison) == {"new": [0]}
    assert [leaving.id for leaving in comparison.leaving] == ["one"]


@pytest.mark.parametrize(
    ("fields", "state"),
    [
        ({"valid_until": days(-1)}, "new"),
        ({"valid_until": days(0)}, "new"),
        ({"revoked": True}, "revoked"),
        ({"revoked": True, "valid_until": days(-1)}, "revoked"),
        ({"revoked": None, "valid_until": None}, "unchanged"),
        ({"valid_until": "whenever"}, "unchanged"),
        ({"valid_from": days(5)}, "unchanged"),
    ],
)
def test_what_is_not_active(fields: dict[str, Any], state: str) -> None:
    """An expired indicator is added again, a revoked one is reported, and neither of them leaves."""
    assert states(compared(["a.example"], held("a.example", **fields))) == {state: [0]}
    inactive = state != "unchanged"
    unlisted = compared([], held("a.example", **fields))
    assert (bool(unlisted.leaving), unlisted.active) == (not inactive, 0 if inactive else 1)


@pytest.mark.parametrize(
    ("indicator", "valid_for", "due"),
    [
        (held("a.example", valid_until=days(91), valid_from=days(-89)), None, False),
        (held("a.example", valid_until=days(89), valid_from=days(-91)), None, True),
        # Four hours before half of it is over, which a text compared without its offset would not tell.
        (held("a.example", valid_until="2026-08-30T17:00:00+09:00", valid_from=days(-91)), None, True),
        (held("192.0.2.1", kind="ipv4-addr:value", valid_until=days(16), valid_from=days(-14)), None, False),
        (held("192.0.2.1", kind="ipv4-addr:value", valid_until=days(14), valid_from=days(-16)), None, True),
        (held(MD5, kind="file:hashes.MD5", valid_until=days(89), valid_from=days(-300)), None, True),
        # A short validity that has just begun, and a long one that was renewed again and again.
        (held("a.example", valid_until=days(30), valid_from=days(0)), None, False),
        (held("a.example", valid_until=days(14), valid_from=days(-16)), None, True),
        (held("a.example", valid_until=days(91), valid_from=days(-900)), None, False),
        (held("a@evil.example", kind="email-addr:value", valid_until=days(91), valid_from=days(-900)), None, False),
        # As the user says it should be valid.
        (held("a.example", valid_until=days(14), valid_from=days(-100)), 30, True),
        (held("a.example", valid_until=days(16), valid_from=days(-100)), 30, False),
        (held("a.example", valid_until=days(300), valid_from=days(-400)), 30, False),
        (held("a.example", valid_until=None), 30, False),
        (held("a.example", valid_from=None, valid_until=days(14)), 30, True),
    ],
)
def test_half_of_the_validity(indicator: dict[str, Any], valid_for: int | None, due: bool) -> None:
    """What stays is due when half of its validity is over."""
    value = indicator["id"]
    assert states(compared([value], indicator, valid_for=valid_for)) == {"due" if due else "unchanged": [0]}
    assert states(compared([value], indicator, valid_for=valid_for, refresh="never")) == {"unchanged": [0]}
    assert states(compared([value], indicator, valid_for=valid_for, refresh="always")) == {"due": [0]}


@pytest.mark.parametrize(
    ("said", "fields", "due"),
    [
        (Said(description="ours"), {}, True),
        (Said(description="ours"), {"description": " ours\n"}, False),
        (Said(), {"description": "theirs"}, False),
        (Said(phases=(("mitre-attack", "impact"),)), {"kill_chain_phases": [PHASE]}, False),
        (Said(phases=((None, "impact"),)), {"kill_chain_phases": [PHASE]}, False),
        (Said(phases=(("other", "impact"),)), {"kill_chain_phases": [PHASE]}, True),
        (Said(phases=((None, "delivery"),)), {"kill_chain_phases": [PHASE, "odd"]}, True),
        (Said(phases=((None, "impact"),)), {"kill_chain_phases": None}, True),
        (Said(threats=(REF,)), {"x_ic_related_threat_refs": [REF, "more"]}, False),
        (Said(threats=(REF,)), {}, True),
        (Said(valid_until=NOW + timedelta(days=170)), {}, False),
        (Said(valid_until=NOW + timedelta(days=100)), {}, True),
        (Said(valid_until=NOW + timedelta(days=1)), {"valid_until": days(1)}, False),
        (Said(valid_until=NOW - timedelta(days=1)), {"valid_until": days(-2)}, False),
        (Said(valid_from=NOW - timedelta(days=10)), {}, False),
        (Said(valid_from=NOW - timedelta(days=11)), {}, True),
    ],
)
def test_what_the_feed_says_differs(said: Said, fields: dict[str, Any], due: bool) -> None:
    """Description, phases, threats and a validity that the feed names are compared; what it leaves open is not."""
    comparison = compared(["a.example"], held("a.example", **fields), said=said)
    assert states(comparison) == {"due" if due else "unchanged": [0]}


@pytest.mark.parametrize(
    ("indicator", "said", "valid_for", "end"),
    [
        (None, Said(), None, None),
        (None, Said(), 7, 7),
        (None, Said(valid_until=NOW + timedelta(days=3)), 7, None),
        (held("a.example", valid_until=days(-1)), Said(), None, 180),
        (held("192.0.2.1", kind="ipv4-addr:value", valid_until=days(-1)), Said(), None, 30),
        (held("a.example", valid_until=days(5)), Said(), None, 180),
        (held("a.example", valid_until=days(5)), Said(), 60, 60),
        (held("a.example"), Said(description="new"), None, 180),
        (held("a.example", valid_until=days(300)), Said(description="new"), None, 300.5),
        (held("a.example", valid_until=days(300)), Said(description="new"), 10, 10),
        (held("a.example", valid_until=None), Said(description="new"), None, None),
    ],
)
def test_the_end_of_validity_that_is_sent(
    indicator: dict[str, Any] | None, said: Said, valid_for: int | None, end: float | None
) -> None:
    """New indicators get Sekoia's own unless it is told; others get an end, and no earlier one unless it is told."""
    value = indicator["id"] if indicator else "a.example"
    comparison = compared([value], *([indicator] if indicator else []), said=said, valid_for=valid_for)
    assert comparison.end_of(0) == (NOW + timedelta(days=end) if end else None)


@pytest.mark.parametrize(
    "fields",
    [
        {"description": 7},
        {"kill_chain_phases": 7},
        {"x_ic_related_threat_refs": {"a": 1}},
        {"valid_until": 7, "valid_from": []},
        {"valid_until": "9999-99-99T99:99:99Z"},
    ],
)
def test_fields_that_are_not_as_documented(fields: dict[str, Any]) -> None:
    """The bulk reader's fields are not checked: what cannot be read differs from what the feed says, and is not a failure."""
    said = Said(description="ours", phases=((None, "impact"),), threats=(REF,))
    assert states(compared(["a.example"], held("a.example", **fields), said=said)) == {"due": [0]}
    assert states(compared(["a.example"], held("a.example", **fields))) == {"unchanged": [0]}


def test_the_best_of_several_counts() -> None:
    """Of an indicator that is there twice, an active one counts; a revoked one counts before one that expired."""
    revoked, expired = held("A.example", revoked=True), held("a.Example", valid_until=days(-1))
    assert states(compared(["a.example"], expired, revoked)) == {"revoked": [0]}
    assert states(compared(["a.example"], revoked, expired, held("a.example"))) == {"unchanged": [0]}
    assert states(compared(["a.example"], held("a.example"), revoked, expired)) == {"unchanged": [0]}


@pytest.mark.parametrize(
    ("indicator", "by_text"),
    [
        (held("a.example"), True),
        (held("192.0.2.1", kind="ipv4-addr:value"), True),
        ({**held("x"), "pattern": f"[file:hashes.'SHA-1' = '{SHA1}' OR file:hashes.MD5 = '{MD5}']"}, True),
        (held("evil.example", kind="file:name"), False),
        ({**held("x"), "pattern": "[domain-name:value LIKE '%.example']"}, False),
        ({**held("x"), "pattern": "[domain-name:value = 'a.example' AND url:value = 'http://a.example']"}, False),
    ],
)
def test_what_a_text_surely_means(indicator: dict[str, Any], by_text: bool) -> None:
    """Only what reads as an indicator of the same type can be expired by a text: another would be added."""
    (leaving,) = compared([], indicator).leaving
    assert leaving.by_text is by_text


@pytest.mark.parametrize(
    ("removals", "active", "most", "is_empty", "exceeded"),
    [
        (9, 9, 0, False, False),
        (10, 50, 20, False, False),
        (10, 49, 20, False, True),
        (10, 10, 100, False, False),
        (10, 1_000, 0, False, True),
        (0, 0, 0, True, False),
        (1, 1, 99, True, True),
        (9, 9, 100, True, False),
    ],
)
def test_how_much_may_go(removals: int, active: int, most: int, is_empty: bool, exceeded: bool) -> None:
    """From ten removals on their share counts, and an empty feed removes nothing unless all may go."""
    assert exceeds(removals, active, most, is_empty=is_empty) is exceeded
