"""What STIX patterns name."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sekoia_cti.indicators.patterns import alternatives, comparison

MD5 = "00112233445566778899aabbccddeeff"
SHA1 = "00112233445566778899aabbccddeeff00112233"
SHA256 = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"


@pytest.mark.parametrize(
    ("pattern", "lines"),
    [
        ("[domain-name:value = 'a.example']", ["[domain-name:value = 'a.example']"]),
        ("  [ url:value='http://a.example/x' ]  ", ["[url:value = 'http://a.example/x']"]),
        (
            "[ipv4-addr:value = '192.0.2.1' OR ipv4-addr:value = '192.0.2.2']",
            ["[ipv4-addr:value = '192.0.2.1']", "[ipv4-addr:value = '192.0.2.2']"],
        ),
        (
            "[ipv4-addr:value = '192.0.2.1'] OR [domain-name:value = 'a.example']",
            ["[ipv4-addr:value = '192.0.2.1']", "[domain-name:value = 'a.example']"],
        ),
        (
            "([domain-name:value = 'a.example'] OR ([domain-name:value = 'b.example']))",
            ["[domain-name:value = 'a.example']", "[domain-name:value = 'b.example']"],
        ),
        (
            "[domain-name:value IN ('a.example', 'b.example')]",
            ["[domain-name:value = 'a.example']", "[domain-name:value = 'b.example']"],
        ),
        ("[(domain-name:value = 'a.example')]", ["[domain-name:value = 'a.example']"]),
        (f"[file:hashes.MD5 = '{MD5}']", [MD5]),
        (f"[file:hashes.'SHA-256' = '{SHA256}']", [SHA256]),
        (f"[file:hashes.\"SHA-1\" = '{SHA1}']", [SHA1]),
        (f"[file:hashes.MD5 = '{MD5}' AND file:hashes.'SHA-1' = '{SHA1}']", [f"{MD5},{SHA1}"]),
        (f"[file:hashes.MD5 = '{MD5}' OR file:hashes.'SHA-1' = '{SHA1}']", [f"{MD5},{SHA1}"]),
        (f"[file:hashes.MD5 = '{MD5}' OR file:hashes.MD5 = '{MD5[::-1]}']", [MD5, MD5[::-1]]),
        (
            f"[file:hashes.MD5 = '{MD5}' OR domain-name:value = 'a.example']",
            [MD5, "[domain-name:value = 'a.example']"],
        ),
        (
            "[network-traffic:dst_ref.type = 'ipv4-addr' AND network-traffic:dst_ref.value = '192.0.2.1']",
            ["[ipv4-addr:value = '192.0.2.1']"],
        ),
        ("[network-traffic:dst_ref.value = '2001:db8::1']", ["[ipv6-addr:value = '2001:db8::1']"]),
        ("[email-message:from_ref.value = 'a@b.example']", ["[email-addr:value = 'a@b.example']"]),
        ("[hostname:value = 'a.example']", ["[domain-name:value = 'a.example']"]),
        ("[url:value = 'http://a.example/it\\'s']", ["[url:value = 'http://a.example/it\\'s']"]),
        # More than a value
        ("[domain-name:value = 'a.example' AND ipv4-addr:value = '192.0.2.1']", None),
        ("[domain-name:value = 'a.example'] AND [ipv4-addr:value = '192.0.2.1']", None),
        ("[domain-name:value = 'a.example'] FOLLOWEDBY [ipv4-addr:value = '192.0.2.1']", None),
        ("[domain-name:value = 'a.example'] WITHIN 600 SECONDS", None),
        ("[domain-name:value = 'a.example'] REPEATS 5 TIMES", None),
        ("[domain-name:value = 'a.example'] START t'2026-01-01T00:00:00Z' STOP t'2026-02-01T00:00:00Z'", None),
        ("[domain-name:value != 'a.example']", None),
        ("[NOT domain-name:value = 'a.example']", None),
        ("[domain-name:value LIKE '%.example']", None),
        ("[domain-name:value MATCHES '.*']", None),
        ("[ipv4-addr:value ISSUBSET '192.0.2.0/24']", None),
        (f"[file:name = 'a.exe' AND file:hashes.MD5 = '{MD5}']", None),
        (f"[file:hashes.MD5 = '{MD5}' AND file:hashes.MD5 = '{MD5[::-1]}']", None),
        ("[network-traffic:dst_ref.value = '192.0.2.1' AND network-traffic:dst_port = 443]", None),
        ("[file:name = 'a.exe']", None),
        ("[file:hashes.ssdeep = '3:a:b']", None),
        ("[domain-name:value = 'a.example'", None),
        ("[domain-name:value = 'a.example']]", None),
        ("[domain-name:value = ]", None),
        ("[domain-name:value IN ()]", None),
        ("[192.0.2.1]", None),
        ("", None),
        ("(" * 5_000, None),
        ("[" + "(" * 5_000, None),
    ],
)
def test_alternatives(pattern: str, lines: list[str] | None) -> None:
    """A pattern that says one value, or one of several, gives each, and one that says more gives none."""
    named = alternatives(pattern)
    assert (named and named.lines) == lines


@given(st.text())
def test_any_value_stands_in_a_comparison(value: str) -> None:
    """What is written as a comparison is read as that one comparison."""
    written = comparison("url:value", value)
    named = alternatives(written)
    assert named and named.lines == [written]


@given(st.text(alphabet="[]()='ab:,\\ ANDORI"))
def test_any_text_is_read(text: str) -> None:
    """Whatever is given as a pattern, the outcome is lines or none."""
    named = alternatives(text)
    assert named is None or (named.lines and all(named.lines))
