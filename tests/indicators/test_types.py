"""Types: what each line is, or why it is nothing that Sekoia takes."""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from publicsuffixlist import PublicSuffixList

from sekoia_cti.indicators.hashes import hashes
from sekoia_cti.indicators.reading import read
from sekoia_cti.indicators.recognize import recognize
from sekoia_cti.indicators.refang import refang
from sekoia_cti.indicators.shapes import plain, plain_defanged, plain_kind
from sekoia_cti.indicators.types import IndicatorType
from sekoia_cti.indicators.unwrap import clean
from tests.indicators.strategies import defanged, hash_lines, text_like_indicators, usually_defanged

MD5 = "d41d8cd98f00b204e9800998ecf8427e"
SHA1 = "da39a3ee5e6b4b0d3255bfef95601890afd80709"
SHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
SHA512 = SHA256 + SHA256

# A line as someone wrote it, its type, and the value that is sent; None where that is the line itself.
RECOGNIZED: list[tuple[str, IndicatorType, str | None]] = [
    # Domains
    ("evil.example", "domain", None),
    ("EVIL.Example", "domain", "evil.example"),
    ("evil.example.", "domain", "evil.example"),
    ("a.b.c.d.e.example.com", "domain", None),
    ("_dmarc.example.com", "domain", None),
    ("evil_host.example", "domain", None),
    ("r3---sn-x.example.com", "domain", None),
    ("1.2.3.example", "domain", None),
    ("192.0.2.1.example", "domain", None),
    ("10.example", "domain", None),
    ("shop.example.co.za", "domain", None),
    ("www.example.org.za", "domain", None),
    ("evil。example", "domain", "evil.example"),
    ("evil[.example", "domain", "evil.example"),
    ("example.co.uk", "domain", None),
    ("bücher.example", "domain", "xn--bcher-kva.example"),
    ("BÜCHER.example", "domain", "xn--bcher-kva.example"),
    ("bu\u0308cher.example", "domain", "xn--bcher-kva.example"),
    ("xn--bcher-kva.example", "domain", None),
    ("example.рф", "domain", "example.xn--p1ai"),
    ("example.xn--p1ai", "domain", None),
    ("उदाहरण.भारत", "domain", "xn--p1b6ci4b4b3a.xn--h2brj9c"),
    ("نامه\u200cای.example", "domain", "xn--mgba3gch31f060k.example"),
    ("💩.example", "domain", "xn--ls8h.example"),
    ("router.local", "domain", None),
    ("intranet.internal", "domain", None),
    ("host.localhost", "domain", None),
    ("host.invalid", "domain", None),
    ("abcdefghijklmnop.onion", "domain", None),
    ("abcdefghijklmnop.b32.i2p", "domain", None),
    ("example.bit", "domain", None),
    ("dead.beef.cafe", "domain", None),
    (f"{'a' * 63}.example", "domain", None),
    # A name that could be a file's, with something that only a domain has
    ("invoice[.]zip", "domain", "invoice.zip"),
    ("www.invoice.zip", "domain", None),
    ("invoice.zip.", "domain", "invoice.zip"),
    ("[domain-name:value = 'invoice.zip']", "domain", "invoice.zip"),
    ("run.com.py", "domain", None),
    ("http://invoice.zip/", "url", None),
    ("user@invoice.zip", "email", None),
    # IPv4
    ("192.0.2.1", "ipv4", None),
    ("198.51.100.255", "ipv4", None),
    ("255.255.255.255", "ipv4", None),
    ("192[.]0[.]2[.]1", "ipv4", "192.0.2.1"),
    ("192.0.2(dot)1", "ipv4", "192.0.2.1"),
    # IPv6
    ("2001:db8::1", "ipv6", None),
    ("2001:DB8:0:0:0:0:0:1", "ipv6", "2001:db8::1"),
    ("::", "ipv6", None),
    ("::ffff:192.0.2.1", "ipv6", None),
    ("[2001:db8::1]", "ipv6", "2001:db8::1"),
    ("2001[:]db8[:][:]1", "ipv6", "2001:db8::1"),
    # MAC addresses
    ("00:00:5e:00:53:01", "mac", None),
    ("00-00-5E-00-53-01", "mac", "00:00:5e:00:53:01"),
    ("0000.5e00.5301", "mac", "00:00:5e:00:53:01"),
    # Email addresses
    ("user@evil.example", "email", None),
    ("User.Name+tag@EVIL.example", "email", "User.Name+tag@evil.example"),
    ("o'user@evil.example", "email", None),
    ("a" * 64 + "@evil.example", "email", None),
    ("user@bücher.example", "email", "user@xn--bcher-kva.example"),
    ("user[@]evil[.]example", "email", "user@evil.example"),
    ("user(at)evil(dot)example", "email", "user@evil.example"),
    # URLs
    ("http://evil.example", "url", None),
    ("https://evil.example/path?query=1#fragment", "url", None),
    ("HTTPS://EVIL.example/Path", "url", "https://evil.example/Path"),
    ("ftp://192.0.2.1/file", "url", None),
    ("tcp://192.0.2.1:443", "url", None),
    ("http://evil.example:8080/", "url", None),
    ("http://evil.example:65535/", "url", None),
    ("http://evil.example./", "url", None),
    ("http://user:secret@evil.example/", "url", None),
    ("http://[2001:db8::1]:8080/", "url", None),
    ("http://localhost:8080/", "url", None),
    ("http://3221225985/", "url", None),
    ("http://0xC0000201/", "url", "http://0xc0000201/"),
    ("http://bücher.example/ü", "url", "http://xn--bcher-kva.example/ü"),
    ("http://evil.example/report.pdf", "url", None),
    ("http://evil.example/a,b;c/", "url", None),
    ("http://evil.example/a[.]b", "url", None),
    (f"http://evil.example/{'a' * 3000}", "url", None),
    ("hxxp://evil[.]example/a[.]b", "url", "http://evil.example/a.b"),
    ("hXXps[://]evil(.)example[:]8080/", "url", "https://evil.example:8080/"),
    # Hashes
    (MD5, "md5", None),
    (MD5.upper(), "md5", MD5),
    (SHA1, "sha1", None),
    (SHA256, "sha256", None),
    (SHA512, "sha512", None),
    ("1" * 32, "md5", None),
    (f"{MD5},{SHA1}", "hashes", None),
    (f"{MD5}, {SHA1}, {SHA256}", "hashes", f"{MD5},{SHA1},{SHA256}"),
    (f"{MD5};{SHA1};{SHA256};{SHA512}", "hashes", f"{MD5},{SHA1},{SHA256},{SHA512}"),
    (f"{SHA256} | {MD5}", "hashes", f"{SHA256},{MD5}"),
    (f"{MD5}\t{SHA1.upper()}", "hashes", f"{MD5},{SHA1}"),
    (f"{MD5}   {SHA1}", "hashes", f"{MD5},{SHA1}"),
    # STIX comparisons
    ("[domain-name:value = 'evil.example']", "domain", "evil.example"),
    ("[domain-name:value='evil[.]example']", "domain", "evil.example"),
    ("[ ipv4-addr:value  =  '192.0.2.1' ]", "ipv4", "192.0.2.1"),
    ("[ipv6-addr:value = '2001:db8::1']", "ipv6", "2001:db8::1"),
    ("[mac-addr:value = '00:00:5e:00:53:01']", "mac", "00:00:5e:00:53:01"),
    ("[email-addr:value = 'user@evil.example']", "email", "user@evil.example"),
    ("[url:value = 'http://evil.example/it\\'s']", "url", "http://evil.example/it's"),
    ("[url:value = 'hxxp://evil[.]example/[.]x=1']", "url", "http://evil.example/.x=1"),
    (f"[file:hashes.MD5 = '{MD5}']", "md5", MD5),
    (f"[file:hashes.'SHA-256' = '{SHA256}']", "sha256", SHA256),
    (f"[file:hashes.\"SHA-1\" = '{SHA1}']", "sha1", SHA1),
    (f"[file:hashes.SHA512 = '{SHA512}']", "sha512", SHA512),
    (f"[file:hashes.MD5 = '{MD5}' OR file:hashes.'SHA-1' = '{SHA1}']", "hashes", f"{MD5},{SHA1}"),
]

# A line that holds several
SEVERAL: list[tuple[str, list[str]]] = [
    ("[ipv4-addr:value = '192.0.2.1' OR ipv4-addr:value = '192.0.2.2']", ["192.0.2.1", "192.0.2.2"]),
    ("[domain-name:value IN ('a.example', 'b.example')]", ["a.example", "b.example"]),
    (f"[file:hashes.MD5 = '{MD5}' OR file:hashes.MD5 = '{MD5[::-1]}']", [MD5, MD5[::-1]]),
    (f"[file:hashes.MD5 = '{MD5}' OR url:value = 'http://a.example']", [MD5, "http://a.example"]),
    (
        "([domain-name:value = 'a[.]example'] OR [url:value = 'hxxp://b.example/x'])",
        ["a.example", "http://b.example/x"],
    ),
    ("http://a.example/x,http://b.example/y", ["http://a.example/x", "http://b.example/y"]),
    ("http://a.example/x|https://b.example/y", ["http://a.example/x", "https://b.example/y"]),
    ("hxxp://a[.]example/x;hxxps[:]//b[.]example/y", ["http://a.example/x", "https://b.example/y"]),
    ("http://a.example/?u=http://b.example/", ["http://a.example/?u=http://b.example/"]),
    (
        "http://a.example/?u=http://b.example/,http://c.example/",
        ["http://a.example/?u=http://b.example/,http://c.example/"],
    ),
    ("http://a.example/a,b|c;d", ["http://a.example/a,b|c;d"]),
]

# A line, and why it is not an indicator.
UNRECOGNIZED: list[tuple[str, str]] = [
    # Files
    ("setup.exe", "a file name"),
    ("report.pdf", "a file name"),
    ("DOC 0125084.zip", "a file name"),
    ("invoice #47528.zip", "a file name"),
    ("PO# 01202021.zip", "a file name"),
    ("Form - Jan 20, 2021.doc", "a file name"),
    ("7145-2021.zip", "a file name or a domain"),
    ("invoice.zip", "a file name or a domain"),
    ("Invoice.ZIP", "a file name or a domain"),
    ("archive.tar.zip", "a file name or a domain"),
    ("script.sh", "a file name or a domain"),
    ("run.py", "a file name or a domain"),
    ("archive.mov", "a file name or a domain"),
    ("libevil.so", "a file name or a domain"),
    (r"C:\Windows\evil.exe", "a file path"),
    (r"\\192.0.2.1\share\evil.exe", "a file path"),
    (r"%TEMP%\evil.exe", "a file path"),
    ("/etc/cron.d/evil", "a file path"),
    ("~/.ssh/id", "a file path"),
    (r"HKLM\Software\Evil", "a registry key"),
    (r"HKEY_CURRENT_USER\Software\Evil", "a registry key"),
    ("[file:name = 'setup.exe']", "a STIX pattern for file:name, which Sekoia does not accept"),
    # Names
    ("co.uk", "a public suffix"),
    ("COM.PY", "a public suffix"),
    ("evil.nosuchtld", "not a domain, since there is no top-level domain “nosuchtld”"),
    ("evil.example/path", "a URL without its scheme"),
    ("evil.example?query", "a URL without its scheme"),
    ("evil[.]example:8080/path[.]x", "a URL without its scheme"),
    ("-evil.example", "not a valid domain name"),
    ("*@evil.example", "not a valid email address"),
    ("README.md", "a file name or a domain"),
    ("build.rs", "a file name or a domain"),
    ("evil-.example", "not a valid domain name"),
    ("evil..example", "not a valid domain name"),
    (f"{'a' * 64}.example", "not a valid domain name"),
    (f"{'a.' * 130}example", "not a valid domain name"),
    ("localhost", "not a known kind of indicator"),
    ("com", "not a known kind of indicator"),
    ("evil dot example", "not a known kind of indicator"),
    # Addresses
    ("192.0.2.0/24", "a network, not an address"),
    ("192.0.2[.]0/24", "a network, not an address"),
    ("192.0.2.0/255.255.255.0", "a network, not an address"),
    ("2001:db8::/32", "a network, not an address"),
    ("192.0.2.1-192.0.2.9", "a range of addresses"),
    ("192.0.2.1 - 192.0.2.9", "a range of addresses"),
    ("192.0.2.1-9", "a range of addresses"),
    ("192.0.2.1/path", "a URL without its scheme"),
    ("//evil.example/x", "a URL without its scheme"),
    ("192.0.2.1:8080/path", "a URL without its scheme"),
    ("192.0.2.01", "an address with leading zeros"),
    ("192.0.2.256", "not an IPv4 address: a number in it is above 255"),
    ("192.0.2", "not a known kind of indicator"),
    ("3221225985", "not a known kind of indicator"),
    ("1.2.3.4.5", "not a known kind of indicator"),
    ("fe80::1%eth0", "an address with a zone"),
    ("2001:db8::1::2", "not a valid IPv6 or MAC address"),
    ("00:00:5e:00:53", "not a valid IPv6 or MAC address"),
    ("00:00:5e:00:53:01:02:03", "eight pairs of hexadecimal digits"),
    ("00:00-5e:00:53:01", "not a known kind of indicator"),
    ("00005e005301", "not a known kind of indicator"),
    # Email addresses
    ("user@evil", "not a valid email address"),
    ("a" * 65 + "@evil.example", "not a valid email address"),
    ("user@192.0.2.1", "not a valid email address"),
    (".user@evil.example", "not a valid email address"),
    ("us..er@evil.example", "not a valid email address"),
    ("a@b@evil.example", "not a known kind of indicator"),
    ("@evil.example", "not a known kind of indicator"),
    # URLs
    ("http://", "a URL without a valid host"),
    ("http:///path", "a URL without a valid host"),
    ("http://192.0.2.256/", "a URL without a valid host"),
    ("http://1.2.3/", "a URL without a valid host"),
    ("http://-evil.example/", "a URL without a valid host"),
    ("http://[2001:db8::g]/", "a URL without a valid host"),
    ("http://evil.example:port/", "a URL without a valid host"),
    ("http://evil.example:65536/", "a URL with an invalid port"),
    ("http://evil.example/a b", "a URL with spaces in it"),
    ("http://evil.example/ #note", "a URL with spaces in it"),
    ("file:///etc/passwd", "a URL without a valid host"),
    # Hashes
    (MD5[:-1], "hexadecimal digits, but not the number"),
    ("a" * 56, "a SHA-224 hash"),
    ("a" * 96, "a SHA-384 hash"),
    (f"{MD5},{SHA1[:-1]}", "a line of hashes, one of which is no"),
    ("g" * 32, "not a known kind of indicator"),
    # STIX patterns
    ("[ipv4-addr:value = '192.0.2.0/24']", "a network, not an address"),
    ("[ipv4-addr:value ISSUBSET '192.0.2.0/24']", "a STIX pattern that says more"),
    ("[domain-name:value = 'a.example'] AND [domain-name:value = 'b.example']", "a STIX pattern that says more"),
    ("[domain-name:value != 'evil.example']", "a STIX pattern that says more"),
    ("[domain-name:value LIKE '%.example']", "a STIX pattern that says more"),
    ("[ipv4-addr:value = 'evil.example']", "a STIX pattern for ipv4-addr:value whose value is of another kind"),
    (f"[file:hashes.MD5 = '{SHA1}']", "a STIX pattern for file:hashes.MD5 whose value is of another kind"),
    ("[file:hashes.SSDEEP = '3:a:b']", "a STIX pattern for file:hashes.SSDEEP, which Sekoia does not accept"),
    ("[url:value = 'http://evil.example/,']", "a STIX pattern whose value cannot be written on a"),
    # Text
    ("CVE-2021-44228", "a vulnerability, not an indicator"),
    ("Indicators", "not a known kind of indicator"),
    ("v1.2.3", "not a known kind of indicator"),
    ("\ud800 and more", "not a known kind of indicator"),
]


def test_the_tables_are_long_enough() -> None:
    """Every type occurs, and no line twice."""
    lines = [line for line, *_ in (*RECOGNIZED, *UNRECOGNIZED)]
    assert len(lines) == len(set(lines)) >= 200
    assert {kind for _, kind, _ in RECOGNIZED} == set(get_args(IndicatorType))


@pytest.mark.parametrize(("line", "kind", "sent"), RECOGNIZED)
def test_recognized(line: str, kind: IndicatorType, sent: str | None) -> None:
    """A line is read as its type, and its value is what is sent."""
    reading = read([line])
    assert (reading.by_type, reading.values) == ({kind: 1}, [sent or line])
    assert reading.unrecognized == []


@pytest.mark.parametrize(("line", "values"), SEVERAL)
def test_several_values(line: str, values: list[str]) -> None:
    """Alternatives of a pattern, and URLs that a mark joins, are each a value; a URL within another one is a part of it."""
    reading = read([line])
    assert (reading.values, reading.adapted, reading.unrecognized) == (values, [], [])


@pytest.mark.parametrize(("line", "reason"), UNRECOGNIZED)
def test_unrecognized(line: str, reason: str) -> None:
    """What is not an indicator is reported with the reason, never taken for something else."""
    reading = read([line])
    assert reading.by_type == {}
    assert reading.unrecognized[0].reason.startswith(reason)


def test_a_value_is_recognized_by_itself() -> None:
    """Either answer holds the value as it is to be sent."""
    assert recognize("evil.example.") == ("domain", "evil.example", "evil.example", None)
    assert recognize("evil[.]example", may_be_defanged=True) == (None, "evil[.]example", "written defanged", None)
    assert recognize("192.0.2.0/24") == (None, "192.0.2.0/24", "a network, not an address", None)


@given(st.text() | text_like_indicators())
@example("[a:b = '")
@example("\x00")
@example("http://[")
def test_any_text_has_an_answer(text: str) -> None:
    """No text makes recognition fail, and a recognized value is recognized as the same again, unless a hint was
    lost."""
    kind, value, _, _ = recognize(text)
    if kind:
        again = recognize(value)
        assert again[:2] == (kind, value) or again[2].startswith("a file name or")


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("hxxps://evil[.]example:8080/a/b", "url", "https://evil.example:8080/a/b"),
        ("hXXp://192[.]0[.]2[.]1/", "url", "http://192.0.2.1/"),
        ("evil[.]example", "domain", "evil.example"),
        ("192[.]0.2[.]1", "ipv4", "192.0.2.1"),
    ],
)
def test_the_usual_defanging_takes_one_look(text: str, kind: IndicatorType, value: str) -> None:
    """What most feeds hold is known without cleaning and refanging it step by step."""
    assert plain_defanged(text) == (kind, value, value, None)


@given(usually_defanged() | defanged().map(lambda pair: pair[1]) | text_like_indicators())
@example("evil[.]example,")
@example("invoice[.]zip")
@example("co[.]uk")
@example("hxxp://evil[.]example/" + "a" * 300)
def test_one_look_says_what_the_steps_say(text: str) -> None:
    """Where one look is enough, cleaning, refanging and typing come to the same."""
    found = plain_defanged(text)
    assert found is None or (clean(text), plain(refang(text))) == (text, found)


KINDS = {"domain": "evil.example", "ipv4": "192.0.2.1", "md5": MD5, "sha1": SHA1, "sha256": SHA256, "sha512": SHA512}


@given(defanged().map(lambda pair: pair[0]) | hash_lines() | text_like_indicators())
@example("co.uk")
@example("invoice.zip")
@example("a.nothing")
@example("a." * 126 + "example")
@example("a.example\nb.example")
@example("EVIL.example")
@example(MD5.upper())
@example(SHA512)
@example("192.0.2.256")
@example("")
def test_many_lines_are_told_as_each_of_them(line: str) -> None:
    """A kind is told of lines that are sent as they stand, whichever of them comes first, and of no others."""
    found = plain(line)
    kind = found[0] if found and found[0] in KINDS and found[1] == line else None
    assert plain_kind([line]) == kind
    for other, value in KINDS.items():
        expected = kind if kind == other else None
        assert (plain_kind([value, line]), plain_kind([line, value])) == (expected, expected)


@given(hash_lines())
def test_a_line_of_hashes_is_the_same_at_a_closer_look(line: str) -> None:
    """Several hashes that are known at first sight are what the closer look takes them for."""
    found = plain(line)
    assert found is None or found[0] != "hashes" or found == hashes(line)


@pytest.mark.parametrize("ending", ["com", "co.uk", "com.py", "рф", "xn--p1ai", "kawasaki.jp", "ck", "museum", "arpa"])
def test_endings_are_those_of_the_public_suffix_list(ending: str) -> None:
    """Our own reading of the list's data says what the package's class says."""
    suffixes = PublicSuffixList(accept_unknown=False, only_icann=True)
    assert suffixes.is_public(ending)
    assert recognize(f"www.example.{ending}")[0] == "domain"
    assert recognize(ending)[0] is None


@pytest.mark.parametrize(
    "text",
    [
        "[.]" * 50_000,
        " [ " * 50_000,
        "- " * 50_000,
        "'\"" * 50_000,
        "a." * 50_000,
        "a@" * 50_000,
        "a.example " * 20_000,
        "[domain-name:value = '" + "\\" * 50_000,
        "[domain-name:value = 'x'" + " OR domain-name:value = 'x'" * 5_000,
        "http://" + "a" * 50_000 + "@",
        ":" * 50_000,
        "a-" * 50_000 + ".example",
        "a.example" + ",\u200d" * 50_000,
        "\u200d, " * 50_000 + "a.example",
    ],
    ids=lambda text: text[:12],
)
def test_no_line_takes_long(text: str) -> None:
    """Time grows with the length of a line and not with its square, whatever it is made of."""
    assert len(read([text], send_unrecognized=True).values) == 1
