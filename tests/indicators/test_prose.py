"""What people write: which of the indicators in it are meant."""

from __future__ import annotations

import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sekoia_cti.indicators.documents import document
from sekoia_cti.indicators.prose import mentions
from tests.indicators.strategies import defanged

SHA256 = "000102030405060708090a0b0c0d0e0f000102030405060708090a0b0c0d0e0f"
MD5 = SHA256[:32]


def taken(text: str, *, defanged_only: bool = False) -> list[str]:
    """What is meant, each once."""
    found = mentions(text, defanged_only=defanged_only)
    return list(dict.fromkeys(one.value for one in found if not one.reason))


def others(text: str) -> dict[str, str]:
    """What is not meant, and why."""
    return {one.value: one.reason for one in mentions(text) if one.reason}


@pytest.mark.parametrize(
    ("text", "values"),
    [
        # In a sentence
        ("We saw evil.example.", ["evil.example"]),
        ("(evil.example)", ["evil.example"]),
        ("evil.example, bad.example; worse.example!", ["evil.example", "bad.example", "worse.example"]),
        ("“evil.example”", ["evil.example"]),
        ("'evil.example'", ["evil.example"]),
        ("evil.example's server", ["evil.example"]),
        ("evil.example’s server", ["evil.example"]),
        ("at http://evil.example/a.php?x=(1).", ["http://evil.example/a.php?x=(1)"]),
        ("(see below: http://evil.example/a)", ["http://evil.example/a"]),
        ("It connects to 192.0.2.1:443.", ["192.0.2.1"]),
        ("[2001:db8::1]:443", ["2001:db8::1"]),
        ("2001:db8::1", ["2001:db8::1"]),
        ("from <user@evil.example>,", ["user@evil.example"]),
        ("mailto:user@evil.example", ["user@evil.example"]),
        ("00:00:5e:00:53:01 and 00-00-5e-00-53-02", ["00:00:5e:00:53:01", "00:00:5e:00:53:02"]),
        (f"{MD5}, {SHA256}.", [MD5, SHA256]),
        (f"{MD5},{SHA256}", [MD5, SHA256]),
        ("C2=192.0.2.1", ["192.0.2.1"]),
        ("evil.example(192.0.2.1)", ["evil.example", "192.0.2.1"]),
        ("203.0.113.5/192.0.2.9", []),
        ("http://evil.example/ http://evil.example/", ["http://evil.example/"]),
        (f"{SHA256[:40]}\n{SHA256[40:]}", [SHA256]),
        (f"{SHA256[:40]}\r\n  {SHA256[40:]}", [SHA256]),
        (f"{MD5}\n{SHA256[:40]}", [MD5, SHA256[:40]]),
        ("[url]http://evil.example/x[/url] [b]bad.example[/b]", ["http://evil.example/x", "bad.example"]),
        (
            "evil.example—bad.example; worse.example→192.0.2.1",
            ["evil.example", "bad.example", "worse.example", "192.0.2.1"],
        ),
        # Code and versions
        ("it calls foo.bar() and reads self.name", []),
        ("os.evil.example", ["os.evil.example"]),
        ("kernel 5.10.0.1, Chrome 120.0.0.0 and section 1.1.1.1; 192.0.2.1", ["192.0.2.1"]),
        # Defanged
        ("evil[.]example", ["evil.example"]),
        ("evil [.] example", ["evil.example"]),
        ("evil (dot) example", ["evil.example"]),
        ("evil[dot]example and bad{.}example", ["evil.example", "bad.example"]),
        ("evil<.>example", ["evil.example"]),
        ("hxxps://evil[.]example/a)", ["https://evil.example/a"]),
        ("hxxp[:]//evil[.]example", ["http://evil.example"]),
        ("user[at]evil[.]example", ["user@evil.example"]),
        ("user [@] evil [.] example", ["user@evil.example"]),
        ("192[.]0[.]2[.]1:8080", ["192.0.2.1"]),
        # Markdown
        ("**evil.example** and `bad.example`", ["evil.example", "bad.example"]),
        ("| evil[.]example | C2 |", ["evil.example"]),
        ("* [text](http://evil.example/)", ["http://evil.example/"]),
        ("<http://evil.example/>", ["http://evil.example/"]),
        ("> evil[.]example", ["evil.example"]),
        ("evil[.]example\\n192.0.2[.]1", ["evil.example", "192.0.2.1"]),
        # STIX
        ("[domain-name:value = 'evil.example']", ["evil.example"]),
        ("[url:value = 'http://evil.example/a']", ["http://evil.example/a"]),
        # What only looks like an indicator
        ("invoice.exe and README.md and C:\\temp\\evil.com", []),
        ("e.g. this, i.e. that, U.S. and so on.", []),
        ("It was an attack.It began at 10:20:30, see ASP.NET and std::dec.", []),
        ("Chrome/120.0.0.0 has Firefox versions 10.0.2.4 through 10.0.2.9, v10.0.3.5 and build 10.0.0.1.", []),
        ("This is version\n10.0.2.4", []),
        ("com.example.app", []),
        ("CVE-2024-12345, T1059.001", []),
        ("192.0.2.0/24", []),
        (f"imphash: {MD5} and commit {MD5}00112233", []),
        ("setup.py, lib.rs, bins.sh and form.zip", []),
        ("", []),
    ],
)
def test_what_a_text_means(text: str, values: list[str]) -> None:
    """Values are found in sentences, however they are written, and what only looks like one is left out."""
    assert taken(text) == values


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("evil[.]example, see https://blog.example.org/post", ["evil.example"]),
        ("evil[.]example\nMore at blog.example.org or desk@example.org", ["evil.example"]),
        ("evil[.]example and evil.example", ["evil.example"]),
        ("evil[.]example has 192.0.2.1", ["evil.example", "192.0.2.1"]),
        ("192.0.2[.]1, not 192.0.2.2, and 2001:db8::1", ["192.0.2.1", "2001:db8::1"]),
        (f"evil[.]example {SHA256}", ["evil.example", SHA256]),
        ("evil.example\nReferences\nhttps://blog.example.org/a", ["evil.example"]),
        (
            "evil.example\n## References\n* https://blog.example.org/a\n## IOCs\nbad.example",
            ["evil.example", "bad.example"],
        ),
        ("Sources:\nhttps://blog.example.org/a\nbad[.]example", ["bad.example"]),
        ("Quellen\nblog.example.org\n\nIndicators of compromise\nevil.example", ["evil.example"]),
        ("[1]: https://blog.example.org/a\nevil.example", ["evil.example"]),
        ("Source: https://blog.example.org/a (evil.example)", ["evil.example"]),
        ("evil.example\n-- \nhttps://desk.example.org", ["evil.example"]),
        ("-- \na.example\n----- Forwarded message -----\nevil.example", ["evil.example"]),
        ("version 10.0.2.4 of 10[.]0[.]2[.]4", ["10.0.2.4"]),
    ],
)
def test_references_are_not_meant(text: str, values: list[str]) -> None:
    """Defanged values are meant, and then live ones of the same sort are not; nor is anything below References."""
    assert taken(text) == values


@pytest.mark.parametrize("address", ["2001:db8:0:1:5d53:a800::", "::5d53:a800:1"])
@pytest.mark.parametrize("sentence", ["We saw {}.", "{}: a server", "* {}, and", "“{}”!"])
def test_an_address_keeps_its_colons(address: str, sentence: str) -> None:
    """An IPv6 address can begin and end with two colons, before or behind those of a sentence."""
    assert taken(sentence.format(address)) == [address]


def test_only_what_is_defanged_on_demand() -> None:
    """Names and addresses count where they are defanged, and hashes, which nobody defangs, in any case."""
    assert taken(f"a[.]example b.example 192.0.2.1 {SHA256}", defanged_only=True) == ["a.example", SHA256]


def test_what_is_not_taken_is_told() -> None:
    """Each with a reason; what is clearly no indicator, such as a file's name, is not worth telling."""
    text = f"a[.]example b.example c[.]example/d setup.py invoice.exe 192.0.2.0/24 version 10.0.2.4 imphash {MD5}"
    assert others(text) == {
        "b.example": "a reference: it is not defanged, but other names in the text are",
        "c.example/d": "a URL without its scheme (http:// or another)",
        "setup.py": "a file name or a domain: to import it as a domain, write it as [.]py or as a URL",
        "192.0.2.0/24": "a network, not an address",
        "10.0.2.4": "a version number",
        MD5: "it follows “imphash”, so it is not a file hash that Sekoia accepts",
    }


@given(defanged(), st.sampled_from(["We saw {}.", "({})", "C2: {}, port 80", "“{}”", "- {} (C2)", "| {} | x |"]))
def test_a_value_is_found_in_a_sentence(value_and_written: tuple[str, str], sentence: str) -> None:
    """However it is defanged, and whatever stands around it."""
    value, written = value_and_written
    # No word around a mark that is written apart: "0 [dot] -@a.example" is a sum as well, and "[2001:db8: [:] ]" ends in a mark.
    assume(not ("@" in value and re.search(r"\.[+-]|[+-][.@]", value)) and " ]" not in written)
    assert taken(f"Hello,\n{sentence.format(written)}\n") == [value]


# Documents


@pytest.mark.parametrize(
    ("page", "text"),
    [
        ("<p>evil[.]<b>example</b></p>", "evil[.]example"),
        ("<p>a.example<br>b.example</p>", "a.example b.example"),
        ("<table><tr><td>a.example</td><td>b.example</td></tr></table>", "a.example b.example"),
        ("<p>evil&#91;.&#93;example &amp; more</p>", "evil[.]example & more"),
        ("<style>a.example{}</style><script>b.example</script><p>c.example</p>", "c.example"),
        ("<p>evil<wbr>.example</p>", "evil.example"),
        ('<p><a href="https://blog.example.org">evil[.]example</a></p>', "evil[.]example"),
        ("<p>evil<dot>example, <https://evil.example/></p>", "evil<dot>example, <https://evil.example/>"),
        ("<html><head><title>a</title><body><h2>References</h2>b", "a # References b"),
        ("<!-- a.example --><p>b.example</p>", "b.example"),
        ("<p>unclosed <b>a.example", "unclosed a.example"),
        ("if a < b and c > d: see evil.example", "if a < b and c > d: see evil.example"),
        ("<evil.example>", "<evil.example>"),
    ],
)
def test_what_a_page_shows(page: str, text: str) -> None:
    """The text of a page is what a person sees of it: neither code nor the targets of links."""
    assert document(page).text.split() == text.split()


HEADERS = "From: a@cert.example\r\nDate: Mon, 05 Jan 2026 08:00:00 +0000\r\nMIME-Version: 1.0\r\n"


def mail(body: str, kind: str = "text/plain; charset=utf-8", more: str = "") -> bytes:
    """A mail as it is stored."""
    return f"{HEADERS}{more}Content-Type: {kind}\r\n\r\n{body}".encode()


def parts(*parts: str, kind: str = "mixed") -> bytes:
    """A mail of several parts, each with its headers."""
    return mail("".join(f"--x\r\n{part}\r\n" for part in parts) + "--x--\r\n", f'multipart/{kind}; boundary="x"')


PLAIN = "Content-Type: text/plain\r\n\r\nevil[.]example and more of what it says"
PAGE = "Content-Type: text/html\r\n\r\n<p>evil[.]example and more</p>"


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (mail("evil[.]example"), "evil[.]example"),
        (mail("x", more="Subject: =?utf-8?q?evil=5B=2E=5Dexample?=\r\n"), "evil[.]example x"),
        (mail("ev=\r\nil[.]ex=61mple", more="Content-Transfer-Encoding: quoted-printable\r\n"), "evil[.]example"),
        (mail("ZXZpbFsuXWV4YW1wbGU=", more="Content-Transfer-Encoding: base64\r\n"), "evil[.]example"),
        (mail("<p>evil[.]example</p>", "text/html"), "evil[.]example"),
        (mail("evil[.]example", "text/plain; charset=nonsense"), "evil[.]example"),
        (mail("bücher evil[.]example", "text/plain; charset=us-ascii"), "bücher evil[.]example"),
        (parts(PLAIN, PAGE, kind="alternative"), "evil[.]example and more of what it says"),
        (
            parts(
                "Content-Type: text/plain\r\n\r\nIt is a page", PAGE.replace("more", "more " * 9), kind="alternative"
            ),
            None,
        ),
        (parts(PLAIN, "Content-Type: text/csv; name=a.csv\r\n\r\na[.]example,C2"), None),
        (parts(f"Content-Type: message/rfc822\r\n\r\n{mail('evil[.]example').decode()}"), "evil[.]example"),
        (mail("evil[.]example").replace(b"\r\n", b"\n"), "evil[.]example"),
    ],
)
def test_what_a_mail_says(content: bytes, text: str | None) -> None:
    """Subject, text, attached texts and forwarded mails; a page in it only where the text does not say the same."""
    said = document(content).text.split()
    assert "evil[.]example" in said
    assert text is None or said == text.split()
    assert "cert.example" not in " ".join(said)


def test_attachments_that_are_not_read_are_named() -> None:
    """A PDF in a mail is told, with its name."""
    content = parts(
        PLAIN, "Content-Type: application/pdf; name=report.pdf\r\n\r\nx", "Content-Type: image/png\r\n\r\nx"
    )
    assert document(content).not_read == ["report.pdf (application/pdf)", "without a name (image/png)"]


@pytest.mark.parametrize(("name", "is_mail"), [("a.eml", True), ("a.txt", False), ("", False)])
def test_a_name_tells_what_a_file_is(name: str, is_mail: bool) -> None:
    """A mail without its usual headers is one by its name."""
    assert ("x: evil.example" not in document(b"x: evil.example\n\nbody", name).text) == is_mail
