"""What users exclude is left out, and nothing else is."""

import pytest

from sekoia_cti.indicators.exclude import Exclusions
from sekoia_cti.indicators.guard import Guard
from sekoia_cti.indicators.input_errors import InputError
from sekoia_cti.indicators.reading import findings, read

MD5 = "0123456789abcdef0123456789abcdef"
SHA1 = "0123456789abcdef0123456789abcdef01234567"


def leaves_out(rule: str, value: str) -> bool:
    """Whether a rule keeps a value, as a line holds it, out of an import."""
    admits = Guard(Exclusions.read({"exclude": [rule]}), "import").judge()
    ((kind, sent, key, _),) = findings(value)
    assert admits
    assert kind
    return not admits(1, kind, sent, key)


COVERED = [
    # a value, however either of them is written
    ("192.0.2.1", "192.0.2.1"),
    ("192.0.2[.]1", "192.0.2.1"),
    ("2001:db8::1", "2001:DB8:0::1"),
    ("2001:DB8::1", "2001:db8::1"),
    ("Corp.Example.com", "corp.example.com"),
    ("corp.example.com  # our own", "CORP.example.com"),
    ("hxxps://Corp.example.com/a", "https://corp.example.com/a"),
    ("Someone@Example.com", "someone@example.com"),
    (MD5.upper(), MD5),
    (MD5, MD5.upper()),
    ("00:00:5e:00:53:01", "00-00-5E-00-53-01"),
    # a file, by any of its hashes
    (MD5, f"{MD5},{SHA1}"),
    (f"{MD5}, {SHA1}", SHA1),
    # a domain with what is below it
    (".example.com", "example.com"),
    (".example.com", "a.b.EXAMPLE.com"),
    ("*.example.com", "a.example.com"),
    ("*.example.com", "example.com"),
    (".example.com.", "a.example.com"),
    (".corp", "https://intranet.corp/"),
    (".bücher.example", "xn--bcher-kva.example"),
    (".example.com", "http://a.example.com:8080/b?c"),
    (".example.com", "https://user@example.com./"),
    (".example.com", "someone@mail.example.com"),
    # a network
    ("10.0.0.0/8", "10.255.0.1"),
    ("10.1.2.3/8", "10.255.0.1"),
    ("192.0.2.7/32", "192.0.2.7"),
    ("2001:db8::/32", "2001:db8:ffff::1"),
    ("10.0.0.0/8", "http://10.1.2.3:8080/x"),
    ("192.0.2.1, .example.com; 10.0.0.0/8", "a.example.com"),
    ("192.0.2.1, .example.com; 10.0.0.0/8", "10.0.0.1"),
    ("https://example.com/a,b", "https://example.com/a,b"),
    ("2001:db8::/32", "http://[2001:db8::1]/x"),
    # as people write them elsewhere
    (".corp[.]example", "a.corp.example"),
    ("*.corp[.]example", "a.corp.example"),
    ("10[.]0[.]0[.]0/8", "10.1.1.1"),
    ("||corp.example^", "a.corp.example"),
    (".straße.example", "a.straße.example"),
    ("corp.example.", "corp.example"),
    ("10.0.0.250-10.0.1.3", "10.0.1.3"),
    ("10.0.0.0 – 10.0.0.255", "http://10.0.0.255/"),
    ("2001:db8::-2001:db8::ff", "2001:db8::ff"),
    ("10.0.0.0/255.0.0.0", "10.2.3.4"),
    ("@corp.example", "Someone@Corp.example"),
    ("*@bücher[.]example", "someone@xn--bcher-kva.example"),
    ("https://corp.example", "https://corp.example/"),
    ("https://corp.example:8443/", "https://CORP.example:8443"),
    # in a list of another program
    ('"*.corp.example"', "a.corp.example"),
    ("- '.corp.example'", "a.corp.example"),
    ("• *.corp.example", "a.corp.example"),
    ("* ||corp.example^", "a.corp.example"),
    ("12. *.corp.example", "a.corp.example"),
    ("“@corp.example”", "someone@corp.example"),
    ("[10.0.0.0/8]", "10.1.1.1"),
    ("(10.0.0.0 - 10.0.0.255)", "10.0.0.7"),
    ("[2001:db8::1]", "2001:db8::1"),
    ("*.corp.example // ours", "a.corp.example"),
    ("corp.example/", "corp.example"),
]

NOT_COVERED = [
    ("192.0.2.1", "192.0.2.10"),
    ("example.com", "a.example.com"),  # a value is that value alone
    ("example.com", "https://example.com/"),
    (".example.com", "badexample.com"),
    (".example.com", "example.com.evil.example"),
    (".example.com", "https://evil.example/?u=example.com"),
    (".example.com", "https://evil.example/.example.com"),
    (".example.com", "example.com@evil.example"),
    (".example.com", "https://example.com@evil.example/"),
    (".2", "192.0.2.2"),
    ("10.0.0.0/8", "11.0.0.1"),
    ("10.0.0.0/8", "10.example.com"),
    ("10.0.0.0/8", "http://evil.example/10.0.0.1"),
    ("10.0.0.0/8", "2001:db8::1"),
    ("2001:db8::/32", "192.0.2.1"),
    (MD5, f"{MD5[:-1]}0"),
    ("https://example.com/A", "https://example.com/a"),
    ("https://example.com/a,b.example", "b.example"),
    ("10.0.0.250-10.0.1.3", "10.0.1.4"),
    ("10.0.0.250-10.0.1.3", "10.0.0.249"),
    ("@corp.example", "someone@a.corp.example"),
    ("@corp.example", "corp.example"),
    ("@corp.example", "https://someone@corp.example/"),
    ("https://corp.example", "https://corp.example/a"),
    ("https://corp.example/a", "https://corp.example/a/"),
    ("https://corp.example/(a)", "https://corp.example/(a"),
    ("10.0.0.1 - 10.0.0.3", "10.0.0.4"),
]


@pytest.mark.parametrize(("rule", "value"), COVERED)
def test_leaves_out(rule: str, value: str) -> None:
    """A rule covers what its author meant."""
    assert leaves_out(rule, value)


@pytest.mark.parametrize(("rule", "value"), NOT_COVERED)
def test_lets_through(rule: str, value: str) -> None:
    """A rule covers nothing that only resembles what its author meant."""
    assert not leaves_out(rule, value)


def test_joins_its_sources() -> None:
    """Rules of the argument and of the file hold together, and blank lines and comments are none."""
    rules = Exclusions.read(
        {
            "exclude": ["", "192.0.2.1"],
            "exclude_path": ["# ours", "10.0.0.0/8", " .corp.example ", "; old", "// old", "! old"],
        }
    )

    assert rules.values == {"192.0.2.1"}
    assert rules.below == {"corp.example"}
    assert list(rules.networks) == [4]


@pytest.mark.parametrize(
    "rule",
    [
        "10.0.0.0/33",
        "10.0.0/8",
        "corp example",
        "our mail server",
        "*",
        ".",
        "..example.com",
        "a.*.example.com",
        "10.0.0.9-10.0.0.1",
        "10.0.0.1-2001:db8::1",
        "10.0.0.*",
        "10.0.0.0/255.0.0.255",
        "@",
        "//corp.example",
        "!corp.example",
        "https://corp.example/*",
        "http://*.corp.example/",
        ".corp.example/a",
        "corp.example|10.0.0.0/8",
        "10.0.0.0/8 | corp.example",
        "ours: *.corp.example",
    ],
)
def test_refuses_what_it_cannot_read(rule: str) -> None:
    """A rule that is not understood would let through what was meant to stay out."""
    with pytest.raises(InputError) as caught:
        Exclusions.read({"exclude": ["192.0.2.1", rule]})

    assert f"exclude, line 2: “{rule}”" in str(caught.value)


def test_names_three_of_many() -> None:
    """A completely different file does not fill the screen."""
    with pytest.raises(InputError, match=r"line 3: .*, and 7 more$"):
        Exclusions.read({"exclude_path": ["not a rule"] * 10})


def test_what_is_not_admitted_is_not_sent() -> None:
    """A value that is excluded is neither among the values nor counted by type, and its repetition is a duplicate."""
    guard = Guard(Exclusions.read({"exclude": [".corp.example"]}), "import")
    reading = read(["a.corp.example", "evil.example", "A.corp.example", "no indicator"], admits=guard.judge())

    assert reading.values == ["evil.example"]
    assert reading.by_type == {"domain": 1}
    assert (reading.given, reading.duplicates, reading.unrecognized_count) == (4, 1, 1)
    assert (guard.excluded, guard.excluded_count) == (["a.corp.example"], 1)
