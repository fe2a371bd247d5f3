"""What Sekoia sends, and what may come instead."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sekoia_cti.client.wire import Context, ImportEvent, Indicator, KillChainPhase

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=15,
)


def test_an_import_event_is_understood() -> None:
    """The contract's example, and the same with its numbers as text and its counts."""
    raw = b'{"type": "ioc-collection", "attributes": {"task_id": "t", "imported": 250, "total": 1000}}'
    assert ImportEvent.parse(raw) == ImportEvent(task_id="t", imported=250, total=1_000)
    raw = (
        b'{"metadata": {"version": 2}, "type": "ioc-collection", "action": "updated", "attributes": {"task_id": "t", '
        b'"imported": "3", "total": "3", "created": 1, "updated": "1", "ignored": 1}}'
    )
    assert ImportEvent.parse(raw) == ImportEvent(task_id="t", imported=3, total=3, created=1, updated=1, ignored=1)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"no json",
        b"\xff\x00",
        b"[]",
        b"[1, 2]",
        b'"text"',
        b"null",
        b"{}",
        b'{"authenticated": true}',
        b'{"type": "ioc-collection"}',
        b'{"type": "ioc-collection", "attributes": null}',
        b'{"type": "ioc-collection", "attributes": []}',
        b'{"type": "ioc-collection", "attributes": {"task_id": "t"}}',
        b'{"type": "ioc-collection", "attributes": {"task_id": "t", "imported": null, "total": 5}}',
        b'{"type": "ioc-collection", "attributes": {"task_id": "t", "imported": -1, "total": 5}}',
        b'{"type": "ioc-collection", "attributes": {"task_id": "t", "imported": "many", "total": 5}}',
        b'{"type": "alert", "attributes": {"task_id": "t", "imported": 5, "total": 5}}',
        b"[" * 10_000,
    ],
)
def test_what_is_no_import_event_is_none(raw: bytes) -> None:
    """Other events, broken ones and what is not an event at all are told apart."""
    assert ImportEvent.parse(raw) is None


@given(st.binary(max_size=300) | JSON.map(lambda value: json.dumps(value).encode()))
def test_no_message_breaks_the_parser(raw: bytes) -> None:
    """Whatever comes, it is either an event or not."""
    parsed = ImportEvent.parse(raw)
    assert parsed is None or (parsed.imported >= 0 and parsed.total >= 0)


def test_a_context_sends_what_is_set() -> None:
    """Times go out in RFC 3339 in UTC, and what is unset does not go out."""
    context = Context(
        valid_until=datetime(2030, 1, 31, tzinfo=UTC),
        kill_chain_phases=[KillChainPhase(kill_chain_name="mitre-attack", phase_name="impact")],
    )
    assert context.payload() == {
        "valid_until": "2030-01-31T00:00:00Z",
        "kill_chain_phases": [{"kill_chain_name": "mitre-attack", "phase_name": "impact"}],
    }
    assert Context().payload() == {}


HASHES = f"file:hashes.'SHA-256' = '{'c' * 64}' OR file:hashes.MD5 = '{'a' * 32}'"


@pytest.mark.parametrize(
    ("pattern", "value", "observable_type"),
    [
        ("[domain-name:value = 'evil.example']", "evil.example", "domain-name"),
        (" [ ipv4-addr:value='192.0.2.1' ] ", "192.0.2.1", "ipv4-addr"),
        (r"[url:value = 'http://evil.example/it\'s\\a']", "http://evil.example/it's\\a", "url"),
        (f"[{HASHES}]", f"{'c' * 64},{'a' * 32}", "file"),
        ("[domain-name:value = 'a.example' OR domain-name:value = 'b.example']", None, "domain-name"),
        ("[domain-name:value = 'a.example' AND url:value = 'b']", None, None),
        (f"[{HASHES} OR file:name = 'evil.exe']", None, "file"),
        ("[domain-name:value != 'evil.example']", None, None),
        ("[domain-name:value IN ('a.example', 'b.example')]", None, None),
        ("[domain-name:value = 'a.example'] FOLLOWEDBY [url:value = 'b']", None, None),
        ("", None, None),
    ],
)
def test_an_indicator_as_a_line(pattern: str, value: str | None, observable_type: str | None) -> None:
    """A pattern of one value is that value; one that says more is told as a whole."""
    indicator = Indicator(id="indicator--1", pattern=pattern)
    assert indicator.value == (pattern if value is None else value)
    assert indicator.observable_type == observable_type


def test_sekoia_tells_the_type_of_an_observable() -> None:
    """Where it is told, the pattern is not asked."""
    assert Indicator(id="i", pattern="[]", x_ic_observable_types=["url"]).observable_type == "url"


@pytest.mark.parametrize(
    ("fields", "active"),
    [
        ({}, True),
        ({"revoked": None}, True),
        ({"revoked": True}, False),
        ({"valid_until": datetime(2026, 1, 1, tzinfo=UTC)}, False),
        ({"valid_until": datetime(2026, 1, 2)}, True),  # noqa: DTZ001  # Sekoia may leave the offset out
        ({"valid_from": datetime(2027, 1, 1, tzinfo=UTC)}, True),
    ],
)
def test_what_is_active(fields: dict[str, Any], active: bool) -> None:
    """What is neither revoked nor expired; a time without an offset means UTC."""
    indicator = Indicator(id="i", pattern="[]", **fields)
    assert indicator.is_active(datetime(2026, 1, 1, 12, tzinfo=UTC)) is active
