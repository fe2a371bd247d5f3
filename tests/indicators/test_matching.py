"""When two spellings are the same indicator."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sekoia_cti.indicators.matching import identity, spellings
from sekoia_cti.indicators.reading import read
from tests.indicators.strategies import defanged, text_like_indicators

MD5, SHA1, SHA256 = "a" * 32, "b" * 40, "c" * 64


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("evil.example", "EVIL.Example."),
        ("invoice.zip", "Invoice.ZIP"),
        ("https://evil.example/A", "HTTPS://Evil.Example/A"),
        ("2001:db8::1", "2001:0DB8:0::0:1"),
        ("aa:bb:cc:dd:ee:ff", "AABB.CCDD.EEFF"),
        ("mallory@evil.example", "Mallory@Evil.example"),
        (MD5, MD5.upper()),
        (f"{MD5},{SHA256}", f"{SHA256.upper()} {MD5}"),
    ],
)
def test_the_same_indicator(one: str, other: str) -> None:
    """Spellings that mean one indicator have one identity."""
    assert identity(one) == identity(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("evil.example", "notevil.example"),
        ("https://evil.example/A", "https://evil.example/a"),
        ("http://evil.example/", "https://evil.example/"),
        ("evil.example", "http://evil.example"),
        ("192.0.2.1", "192.0.2.11"),
        ("[url:value = 'a' AND url:value = 'b']", "[url:value = 'A' AND url:value = 'b']"),
    ],
)
def test_another_indicator(one: str, other: str) -> None:
    """What is not certainly the same is another."""
    assert not identity(one) & identity(other)


def test_a_file_is_known_by_each_hash() -> None:
    """A line with some of a file's hashes is about that file."""
    assert identity(f"{SHA1},{MD5}") < identity(f"{MD5},{SHA1},{SHA256}")
    assert not identity(f"{MD5},{'d' * 64}") <= identity(f"{MD5},{SHA1},{SHA256}")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("evil.example", ["evil.example"]),
        ("EVIL.example", ["evil.example", "EVIL.example"]),
        ("2001:0DB8::0:1", ["2001:db8::1", "2001:0DB8::0:1"]),
        ("AABB.CCDD.EEFF", ["aa:bb:cc:dd:ee:ff", "AABB.CCDD.EEFF"]),
        (f"{MD5},{SHA256.upper()}", [SHA256, SHA256.upper()]),
        (MD5, [MD5, MD5.upper()]),
        ("Mallory@evil.example", ["Mallory@evil.example", "mallory@evil.example"]),
        ("no indicator", ["no indicator"]),
    ],
)
def test_spellings(line: str, expected: list[str]) -> None:
    """In canonical form first, then as others may have sent it."""
    assert spellings(line) == expected


@given(defanged().map(lambda pair: pair[0]) | text_like_indicators() | st.text(max_size=30))
def test_an_indicator_is_itself_in_every_spelling(line: str) -> None:
    """Whatever a line holds, each of its spellings shares its identity."""
    for value in read([line], send_unrecognized=True).values:
        for spelling in spellings(value):
            assert identity(spelling) <= identity(value)
