"""Lines that are not indicators by themselves: formats of lists, several values, notes, labels, wrappings."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sekoia_cti.indicators.reading import findings, read
from tests.indicators.strategies import defanged

MD5 = "d41d8cd98f00b204e9800998ecf8427e"
SHA1 = "da39a3ee5e6b4b0d3255bfef95601890afd80709"
SHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

# A line, and the values that are sent as they were meant.
WHOLE: list[tuple[str, list[str]]] = [
    # Hosts files
    ("0.0.0.0 evil.example", ["evil.example"]),
    ("127.0.0.1\tevil.example # tracker", ["evil.example"]),
    ("127.0.0.1 a.example b.example", ["a.example", "b.example"]),
    ("127.1.2.3 evil.example", ["evil.example"]),
    (":: evil.example", ["evil.example"]),
    ("::1 evil.example", ["evil.example"]),
    ("127.0.0.1 localhost", []),
    ("::1 localhost ip6-localhost", []),
    ("0.0.0.0 0.0.0.0", []),
    ("255.255.255.255 broadcasthost", []),
    # Filter lists
    ("||evil.example^", ["evil.example"]),
    ("||evil.example^$important,third-party", ["evil.example"]),
    ("||evil.example", ["evil.example"]),
    ("[Adblock Plus 2.0]", []),
    ("! Title: a list", []),
    ("|http://evil.example/x|", ["http://evil.example/x"]),
    # dnsmasq, unbound, zones
    ("address=/evil.example/0.0.0.0", ["evil.example"]),
    ("server=/a.example/b.example/", ["a.example", "b.example"]),
    ('local-zone: "evil.example" always_nxdomain', ["evil.example"]),
    ('local-zone: "evil.example." static', ["evil.example"]),
    ('local-data: "evil.example A 0.0.0.0"', ["evil.example"]),
    ('zone "evil.example" { type master; file "null.zone"; };', ["evil.example"]),
    ("evil.example CNAME .", ["evil.example"]),
    ("evil.example. IN CNAME .", ["evil.example"]),
    ("evil.example 60 IN A 0.0.0.0", ["evil.example"]),
    ("$TTL 30", []),
    ("@ SOA localhost. root.localhost. 1 1 1 1 1", []),
    (" NS localhost.", []),
    ("32.1.2.0.192.rpz-ip CNAME .", ["192.0.2.1"]),
    ("128.1.zz.db8.2001.rpz-ip CNAME .", ["2001:db8::1"]),
    # Several values
    ("a.example, b.example, c.example", ["a.example", "b.example", "c.example"]),
    ("a.example,b.example;192.0.2.1", ["a.example", "b.example", "192.0.2.1"]),
    ("a.example\tb.example", ["a.example", "b.example"]),
    ("a.example | b.example", ["a.example", "b.example"]),
    ("a.example b[.]example", ["a.example", "b.example"]),
    ('"a.example","b.example"', ["a.example", "b.example"]),
    ("http://a.example/x, http://b.example/y", ["http://a.example/x", "http://b.example/y"]),
    ("http://a.example/?a=1,2,3", ["http://a.example/?a=1,2,3"]),
    ("http://a.example/x|y", ["http://a.example/x|y"]),
    (f"{MD5} {MD5[::-1]}", [MD5, MD5[::-1]]),
    (f"{MD5}, {SHA1}, {MD5[::-1]}, {SHA1[::-1]}", [f"{MD5},{SHA1}", f"{MD5[::-1]},{SHA1[::-1]}"]),
    (f"{MD5}, {MD5[::-1]}, {SHA1}", [MD5, MD5[::-1], SHA1]),
    (f"{MD5},evil.example", [MD5, "evil.example"]),
    # Lists and line breaks of programs
    ("['a.example', 'b.example']", ["a.example", "b.example"]),
    ('["a.example","b.example"]', ["a.example", "b.example"]),
    ("('a.example',)", ["a.example"]),
    ("{'a.example', 'b.example'}", ["a.example", "b.example"]),
    (r"a.example\nb.example", ["a.example", "b.example"]),
    (r"a.example\r\nb.example\n", ["a.example", "b.example"]),
    ("a.example<br>b.example<br/>c.example<BR />", ["a.example", "b.example", "c.example"]),
    (r"http://a.example/x\nhttps://b.example/y", ["http://a.example/x", "https://b.example/y"]),
    (r"http://a.example/dir\name", [r"http://a.example/dir\name"]),
    ("<li>a.example</li><li>b.example</li>", ["a.example", "b.example"]),
    # Labels
    (f"SHA256: {SHA256}", [SHA256]),
    (f"SHA-1:  {SHA1}", [SHA1]),
    (f"MD5={MD5}", [MD5]),
    (f"MD5 (invoice.exe) = {MD5}", [MD5]),
    (f"sha256 {SHA256}", [SHA256]),
    ("IP - 192.0.2.1", ["192.0.2.1"]),
    ("IP: 192[.]0[.]2[.]1", ["192.0.2.1"]),
    ("Domain: evil[.]example", ["evil.example"]),
    ("- URL: hxxps://evil[.]example/x", ["https://evil.example/x"]),
    ("**IP:** 192.0.2.1", ["192.0.2.1"]),
    ("**Domain**: evil.example", ["evil.example"]),
    ("Email: user@evil.example", ["user@evil.example"]),
    # Wrappings
    ("(evil.example)", ["evil.example"]),
    ("[192.0.2.1]", ["192.0.2.1"]),
    ("(192.0.2.2).", ["192.0.2.2"]),
    ("192.0.2.3.", ["192.0.2.3"]),
    ("evil.example:", ["evil.example"]),
    ("**evil.example**", ["evil.example"]),
    ("`evil.example`", ["evil.example"]),
    ("| evil.example |", ["evil.example"]),
    ("| `evil[.]example` |", ["evil.example"]),
    ("|---|:---:|", []),
    ("----------", []),
    # Networks of one address
    ("198.51.100.65/32", ["198.51.100.65"]),
    ("198.51.100[.]65/32", ["198.51.100.65"]),
    ("2001:db8::1/128", ["2001:db8::1"]),
]

# A line, the value of it that is sent, and why it is only that.
ADAPTED: list[tuple[str, str, str]] = [
    ("*.evil.example", "evil.example", "wildcard"),
    (".evil.example", "evil.example", "wildcard"),
    ("||*.evil.example^", "evil.example", "wildcard"),
    ("*.evil.example CNAME .", "evil.example", "wildcard"),
    ("evil.example 300 IN A 192.0.2.1", "evil.example", "record"),
    ("192.0.2.1|8080", "192.0.2.1", "joined"),
    ("evil.example|192.0.2.1", "evil.example", "joined"),
    (f"invoice.exe|{SHA256}", SHA256, "joined"),
    ("192.0.2.1:8080", "192.0.2.1", "port"),
    ("192[.]0[.]2[.]1:8080", "192.0.2.1", "port"),
    ("192.0.2.1:8080/tcp", "192.0.2.1", "port"),
    ("[2001:db8::1]:443", "2001:db8::1", "port"),
    ("evil.example:8443", "evil.example", "port"),
    ("(evil.example:8443)", "evil.example", "port"),
    (f"{SHA256}  invoice.exe", SHA256, "note"),
    (f"{SHA256} *invoice.exe", SHA256, "note"),
    (f"{MD5}  run.com.example", MD5, "note"),
    (f"{SHA256} - Meterpreter", SHA256, "note"),
    ("192.0.2.1 - C2", "192.0.2.1", "note"),
    ("127.0.0.1 is loopback", "127.0.0.1", "note"),
    ("192.0.2.1 was seen in May", "192.0.2.1", "note"),
    ("- 192.0.2[.]69 port 443 - HTTPS traffic", "192.0.2.69", "note"),
    ("192.0.2.1:8080 - C2", "192.0.2.1", "note"),
    ("203.0.113.9 ; relay", "203.0.113.9", "note"),
    ("evil.example (phish)", "evil.example", "note"),
    ("evil.example - phish", "evil.example", "note"),
    ("evil.example\tphish", "evil.example", "note"),
    ("evil.example  phish", "evil.example", "note"),
    ("evil[.]example was contacted", "evil.example", "note"),
    ("| evil.example | C2 |", "evil.example", "cell"),
    ("| C2 | 192.0.2.1 | 2026 |", "192.0.2.1", "cell"),
]

# A line that stays one value, and why.
LEFT: list[tuple[str, str]] = [
    ("google.com was contacted", "an indicator with text after it"),
    ("http://evil.example/my file", "a URL with spaces in it"),
    ("192.0.2.1 contacted evil.example", "several values on one line"),
    ("192.0.2.1 - 192.0.2.9", "a range of addresses"),
    ("192.0.2.0/24", "a network"),
    ("192.0.2.0/31", "a network"),
    ("192.0.2.0/24 ; SBL000001", "a network"),
    ("2001:db8::/64", "a network"),
    ("192.0.2.1:80800", "an address with a port"),
    ("evil.example:0", "a domain with a port"),
    ("@@||ok.example^", "an exception in a filter list"),
    (r"C:\new\name.exe", "a file path"),
    ("a.example, setup.exe", "a file name"),
    ("Dear colleagues", "not a known kind"),
    ("2026-11-20: EXAMPLE CAMPAIGN", "not a known kind"),
]


@pytest.mark.parametrize(("line", "values"), WHOLE)
def test_values_as_they_were_meant(line: str, values: list[str]) -> None:
    """Each value of the line is sent, and none is left out."""
    reading = read([line])
    assert (reading.values, reading.unrecognized, reading.adapted) == (values, [], [])


@pytest.mark.parametrize(("line", "value", "why"), ADAPTED)
def test_a_value_that_is_a_part_of_its_line(line: str, value: str, why: str) -> None:
    """The value is sent, and the user learns what was left out."""
    reading = read(["# a comment", line])
    (adapted,) = reading.adapted
    assert (reading.values, reading.unrecognized) == ([value], [])
    assert (adapted.line, adapted.sent, adapted.why.find(why) >= 0) == (2, value, True)


@pytest.mark.parametrize(("line", "reason"), LEFT)
def test_a_line_that_says_nothing_for_sure(line: str, reason: str) -> None:
    """It is one value that is not recognized, with its line."""
    reading = read([line])
    (unrecognized,) = reading.unrecognized
    assert reading.values == []
    assert unrecognized.reason.startswith(reason)


@given(
    defanged(),
    st.sampled_from(
        ["{}", "({})", "**{}**", "`{}`", "“{}”", "- {},", "Indicator: {}", "| {} |", r"{}\n", "{}<br>", "[{}]"]
    ),
)
def test_a_decorated_value_is_the_value(pair: tuple[str, str], form: str) -> None:
    """Whatever stands around an indicator, it is read as itself."""
    value, _ = pair
    found = findings(form.format(value))
    assert [(kind is not None, sent) for kind, sent, _, _ in found] == [(True, value)]


@pytest.mark.parametrize("piece", ["(", "| ", "a.example, ", "0.0.0.0 ", "**", "a|", "- ", "\\n", "192.0.2.1:", "  "])
def test_no_line_takes_long(piece: str) -> None:
    """Time grows with the length of a line and not with its square."""
    assert isinstance(findings(f"x{piece * 20_000}x"), tuple)
