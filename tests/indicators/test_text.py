"""Indicators as text: decoding and samples."""

from __future__ import annotations

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sekoia_cti.indicators.text import decode, sample, thin

TEXT = "bücher.example\nevil.example\n"


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (TEXT.encode(), TEXT),
        (codecs.BOM_UTF8 + TEXT.encode(), TEXT),
        (TEXT.encode("utf-16"), TEXT),
        (codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"), TEXT),
        (TEXT.encode("utf-32"), TEXT),
        (TEXT.encode("latin-1"), TEXT),
        (b"", ""),
    ],
)
def test_text_is_decoded_whatever_its_encoding(content: bytes, text: str) -> None:
    """Byte order marks are obeyed and removed, and what is no UTF-8 is Windows-1252."""
    assert decode(content) == text


@given(st.binary(max_size=200))
def test_any_bytes_are_text(content: bytes) -> None:
    """No bytes make decoding fail."""
    assert isinstance(decode(content), str)


def test_a_sample_is_spread_and_begins_with_the_last() -> None:
    """First and last value are in a sample, the last at its head."""
    values = [f"d{number}.example" for number in range(1_000)]
    taken = sample(values)
    assert taken[0] == values[-1]
    assert taken[-1] == values[0]
    assert len(taken) == 8


def test_a_sample_holds_only_what_can_be_searched() -> None:
    """Sentences, quotes and words that can be no indicator stand in no sample; of hashes the first does."""
    md5, sha1 = "0" * 32, "1" * 40
    assert sample(["# a heading", "it's.example", f"{md5},{sha1}", "word", "evil.example"]) == ["evil.example", md5]


@given(st.lists(st.text(max_size=20), max_size=50), st.integers(1, 10))
def test_a_sample_comes_from_the_values(values: list[str], size: int) -> None:
    """Whatever the values are, a sample holds at most as many as asked for, each once."""
    taken = sample(values, size)
    assert len(taken) == len(set(taken)) <= size


@given(st.integers(0, 5_000), st.integers(2, 64))
def test_thinning_keeps_the_ends(count: int, most: int) -> None:
    """Of many values few are kept, in their order, with the first and the last among them."""
    kept = thin((str(number) for number in range(count)), most)
    assert len(kept) <= most + 1
    assert [int(value) for value in kept] == sorted({int(value) for value in kept})
    assert (kept[:1], kept[-1:]) == (["0"], [str(count - 1)]) if count else kept == []
