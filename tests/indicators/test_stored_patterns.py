"""Patterns of a collection, read back as values."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sekoia_cti.indicators.patterns import comparison
from sekoia_cti.indicators.stored_patterns import value_of

PATHS = ["domain-name:value", "url:value", "file:hashes.MD5", "file:hashes.'SHA-256'", "x-other:name", "file:name"]


@given(
    st.sampled_from(PATHS),
    st.text("a'\\[]= \n", max_size=8) | st.sampled_from(["evil.example", "https://evil.example/"]),
)
def test_a_value_is_read_back_from_its_pattern(path: str, value: str) -> None:
    """Whatever marks it has, of the usual properties or of others."""
    assert value_of(comparison(path, value)) == value
