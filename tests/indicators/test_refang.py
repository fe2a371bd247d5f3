"""Refanging: every form, nowhere but in scheme, host and address."""

from __future__ import annotations

import ioc_fanger
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sekoia_cti.indicators.refang import refang
from tests.indicators.strategies import defanged, text_like_indicators


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # Schemes
        ("hxxp://evil.example/", "http://evil.example/"),
        ("hxxps://evil.example/", "https://evil.example/"),
        ("hXXp://evil.example/", "http://evil.example/"),
        ("HXXPS://EVIL.example/", "https://EVIL.example/"),
        ("fxp://evil.example/", "ftp://evil.example/"),
        ("FXPS://evil.example/", "ftps://evil.example/"),
        ("http[:]//evil.example", "http://evil.example"),
        ("http[://]evil.example", "http://evil.example"),
        ("hxxps(://)evil.example", "https://evil.example"),
        ("hxxp[:][//]evil.example", "http://evil.example"),
        ("HTTP://evil[.]example", "HTTP://evil.example"),
        # Dots
        ("evil[.]example", "evil.example"),
        ("evil(.)example", "evil.example"),
        ("evil{.}example", "evil.example"),
        ("evil[dot]example", "evil.example"),
        ("evil(dot)example", "evil.example"),
        ("evil{DOT}example", "evil.example"),
        ("evil[ dot ]example", "evil.example"),
        ("evil [.] example", "evil.example"),
        ("evil (dot) example", "evil.example"),
        (r"evil\.example", "evil.example"),
        (r"a[.]b(dot)c\.d.example", "a.b.c.d.example"),
        ("192[.]0[.]2[.]1", "192.0.2.1"),
        ("192[.]0.2[.]0/24", "192.0.2.0/24"),
        # Colons
        ("evil.example[:]8080", "evil.example:8080"),
        ("2001[:]db8[:][:]1", "2001:db8::1"),
        ("00[:]00[:]5e[:]00[:]53[:]01", "00:00:5e:00:53:01"),
        # Addresses
        ("user[@]evil.example", "user@evil.example"),
        ("user(at)evil[.]example", "user@evil.example"),
        ("first[.]last [AT] evil [DOT] example", "first.last@evil.example"),
        # Path, query and fragment where the host was defanged
        ("hxxp://evil[.]example/a[.]b", "http://evil.example/a.b"),
        ("hxxp://evil[.]example?a[.]b=hxxp://c[.]d", "http://evil.example?a.b=http://c.d"),
        ("hxxp://evil[.]example#a[.]b", "http://evil.example#a.b"),
        (r"hxxp://evil\.example/\.b(at)c", "http://evil.example/.b@c"),
        ("evil[.]example/a[.]b", "evil.example/a.b"),
        ("hxxps[://]evil[.]example/badfile[.]exe", "https://evil.example/badfile.exe"),
        ("http://e[.]example[.]com[/]x[.]bin", "http://e.example.com/x.bin"),
        # They are part of what was seen where it was not
        ("http://evil.example/a[.]b", "http://evil.example/a[.]b"),
        ("hxxp://evil.example/a[.]b", "http://evil.example/a[.]b"),
        # Other schemes that are known to be defanged, and others that are not
        ("meow://evil.example/a", "http://evil.example/a"),
        ("hxtp://evil.example/a", "http://evil.example/a"),
        ("h**ps://evil.example/a", "https://evil.example/a"),
        ("xxxx://evil.example/a", "http://evil.example/a"),
        ("moo://evil.example/a", "moo://evil.example/a"),
        # Half a bracket, a bracket around a label, and two of them
        ("a.example[.com", "a.example.com"),
        ("b[.example.com", "b.example.com"),
        ("c.example.]com", "c.example.com"),
        ("http://d.example[.com/x", "http://d.example.com/x"),
        ("evil[.example]", "evil.example"),
        ("192.0.2[.1]", "192.0.2.1"),
        ("evil[[.]]example", "evil.example"),
        ("evil<.>example", "evil.example"),
        # Full-width letters and dots
        ("evil。example", "evil.example"),
        ("ｅｖｉｌ．ｅｘａｍｐｌｅ", "evil.example"),
        ("ｈｔｔｐ：／／evil.example/ａ", "http://evil.example/ａ"),
        # IPv6 literals
        ("http://[2001:db8::1]/", "http://[2001:db8::1]/"),
        ("hxxp://[2001:db8::1][:]8080/[::]", "http://[2001:db8::1]:8080/[::]"),
        ("hxxp://[2001[:]db8[:][:]1]/", "http://[2001:db8::1]/"),
        ("http://[::]/", "http://[::]/"),
        ("[2001:db8::1]", "[2001:db8::1]"),
        # The values of STIX comparisons, and nothing else of them
        ("[domain-name:value = 'evil[.]example']", "[domain-name:value = 'evil.example']"),
        ("[url:value='hxxp://evil[.]example/[.]']", "[url:value='http://evil.example/.']"),
        # What is no defanged indicator
        ("", ""),
        ("evil.example", "evil.example"),
        ("hxxp.example", "hxxp.example"),
        ("report (1).pdf", "report (1).pdf"),
        ("see evil (dot) example, or ask", "see evil (dot) example, or ask"),
        ("lunch(at)noon", "lunch(at)noon"),
        (r"C:\.ssh\id", r"C:\.ssh\id"),
        (r"^evil\.example$", r"^evil\.example$"),
        ("evil dot example", "evil dot example"),
        ("[[.]]", "[[.]]"),
        (r"evil[\.]example", r"evil[\.]example"),
    ],
)
def test_forms(text: str, expected: str) -> None:
    """Each form is undone where it can only be defanging, and left where it can be itself."""
    assert refang(text) == expected


@given(defanged())
def test_the_indicator_comes_back(pair: tuple[str, str]) -> None:
    """A valid indicator defanged in any mixture of the forms is itself again."""
    indicator, written = pair
    assert refang(written) == indicator


@given(st.text() | text_like_indicators())
@example("[[.].]")
@example("hxxp://hxxp[:]//")
@example("a[.]b[@][.]c [:] [d]")
def test_refanging_twice_is_refanging_once(text: str) -> None:
    """Refanging twice changes nothing more, whatever the text is."""
    once = refang(text)
    assert refang(once) == once


@pytest.mark.parametrize(
    "text",
    [
        "hxxp://evil[.]example/",
        "hXXps://evil[.]example/path?query=1",
        "hxxp[://]evil(.)example",
        "evil[dot]example",
        "evil(dot)example",
        "evil {.} example",
        r"evil\.example",
        "192[.]0[.]2[.]1",
        "evil.example[:]8080",
        "user(at)evil[.]example",
        "user[@]evil[.]example",
        "http://evil.example/",
        "evil.example",
        "2001[:]db8[:]0[:]0[:]0[:]0[:]0[:]1",
    ],
)
def test_a_second_opinion_agrees(text: str) -> None:
    """``ioc_fanger`` reads the usual forms in the same way."""
    assert ioc_fanger.fang(text) == refang(text)


@pytest.mark.parametrize(
    ("text", "ours", "theirs"),
    [
        # A path is evidence: the server was asked for these very letters.
        ("http://evil.example/a[.]b", "http://evil.example/a[.]b", "http://evil.example/a.b"),
        (r"http://evil.example/a\.b", r"http://evil.example/a\.b", "http://evil.example/a.b"),
        ("http://evil.example/x(dot)y", "http://evil.example/x(dot)y", "http://evil.example/x.y"),
        (
            "http://evil.example/?to=hxxp://b.example",
            "http://evil.example/?to=hxxp://b.example",
            "http://evil.example/?to=http://b.example",
        ),
        # fxp is FTP, a scheme that the other does not know.
        ("fxp://evil[.]example/x", "ftp://evil.example/x", "fxp://evil.example/x"),
        # Upper case is no defanging: only what stands in brackets is.
        ("statATus.example", "statATus.example", "stat@us.example"),
        # A hyphen is a letter of names: this one exists as it is written.
        ("polka-dot-shop.example", "polka-dot-shop.example", "polka.shop.example"),
        # Half a bracket is a slip of the pen, and a slip can be anywhere.
        ("evil[dot.example", "evil[dot.example", "evil..example"),
        # Four numbers with commas are four numbers.
        ("192,0,2,1", "192,0,2,1", "192.0.2.1"),
        # Three slashes in a path are three.
        ("evil[.]example/a:///b", "evil.example/a:///b", "evil.example/a://b"),
    ],
)
def test_a_second_opinion_differs(text: str, ours: str, theirs: str) -> None:
    """Where ``ioc_fanger`` says otherwise, it rewrites what was seen, or guesses."""
    assert refang(text) == ours
    assert ioc_fanger.fang(text) == theirs
