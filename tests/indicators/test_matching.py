"""When two spellings are the same indicator."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sekoia_cti.indicators.matching import are_keys, identity, spellings
from sekoia_cti.indicators.reading import read
from tests.indicators.strategies import defanged, text_like_indicators

MD5, SHA1, SHA256 = "a" * 32, "b" * 40, "c" * 64
VALUES = ["evil.example", "192.0.2.1", MD5, SHA256, "https://evil.example/A?b=C", "http://192.0.2.1:8080/x"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("evil.example", "EVIL.Example."),
        ("invoice.zip", "Invoice.ZIP"),
        ("https://evil.example/A", "HTTPS://Evil.Example/A"),
        ("https://evil.example/%2fA|ä", "https://evil.example/%2FA%7C%c3%A4"),
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
        ("https://evil.example/%41", "https://evil.example/A"),
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
        ("http://evil.example/%2f", ["http://evil.example/%2f", "http://evil.example/%2F"]),
        ("Mallory@evil.example", ["Mallory@evil.example", "mallory@evil.example"]),
        ("no indicator", ["no indicator"]),
    ],
)
def test_spellings(line: str, expected: list[str]) -> None:
    """In canonical form first, then as others may have sent it."""
    assert spellings(line) == expected


WORDS = [
    "dead.beef.cafe",
    "beef.dead.1234",
    "aa-bb-cc-00-11-22",
    "evil.example",
    "www.evil.example",
    "invoice.zip",
    "com",
]
WORDS += [
    "192.0.2.1",
    "192.0.2.01",
    MD5,
    SHA1,
    "no_indicator",
    "a-b",
    "http://192.0.2.1:8080",
    "https://evil.example/a?b#c",
    "https://evil.example/%2f%2F",
]


@given(
    st.sampled_from(WORDS)
    | st.from_regex(r"[0-9a-f]{4}\.[0-9a-f]{4}\.[0-9a-f]{4}|([0-9a-f]{2}-){5}[0-9a-f]{2}", fullmatch=True)
    | st.from_regex(
        r"([a-z0-9._-]{1,12}|https?://[a-z0-9._-]{1,12}[.]example(:[0-9]{1,5})?[/?#].{0,12})", fullmatch=True
    )
)
def test_what_is_surely_a_key_is_its_own_only_key(line: str) -> None:
    """Told at once, for many lines or one, and never of a line that means the indicator of another text."""
    surely = are_keys([line])
    assert not surely or identity(line) == {line}
    assert are_keys([*VALUES, line, *VALUES]) is surely


@pytest.mark.parametrize("line", VALUES)
def test_common_shapes_are_surely_keys(line: str) -> None:
    """So that nearly no line takes a closer look."""
    assert are_keys([line])


@pytest.mark.parametrize(
    "line",
    [
        "EVIL.example",
        "evil.example.",
        "http://evil.example/%2f",
        "http://evil.example/{id}",
        "aa-bb-cc-00-11-22",
        "beef.dead.1234",
        f"{MD5},{SHA1}",
        "",
        "a.test\nb.test",
    ],
)
def test_others_take_a_closer_look(line: str) -> None:
    """Another spelling of an indicator, several keys, a blank, and two lines that look like one."""
    assert not are_keys([line])
    assert not are_keys([*VALUES, line])


@given(defanged().map(lambda pair: pair[0]) | text_like_indicators() | st.text(max_size=30))
def test_an_indicator_is_itself_in_every_spelling(line: str) -> None:
    """Whatever a line holds, each of its spellings shares its identity."""
    for value in read([line], send_unrecognized=True).values:
        for spelling in spellings(value):
            assert identity(spelling) <= identity(value)
