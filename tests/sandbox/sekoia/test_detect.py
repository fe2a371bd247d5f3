"""Detection of types, and the STIX patterns."""

import pytest

from sandbox.sekoia.detect import detect

MD5, SHA1, SHA256, SHA512 = "a" * 32, "b" * 40, "c" * 64, "d" * 128


@pytest.mark.parametrize(
    ("line", "pattern"),
    [
        ("192.0.2.1", "[ipv4-addr:value = '192.0.2.1']"),
        ("2001:DB8::1", "[ipv6-addr:value = '2001:db8::1']"),
        ("00-00-5E-00-53-01", "[mac-addr:value = '00-00-5e-00-53-01']"),
        ("Sub_1.Example.COM", "[domain-name:value = 'sub_1.example.com']"),
        ("xn--bcher-kva.example", "[domain-name:value = 'xn--bcher-kva.example']"),
        ("bücher.example", "[domain-name:value = 'bücher.example']"),
        ("http://example.com", "[url:value = 'http://example.com']"),
        ("HTTPS://user:pw@Example.com:8443/A,b?c#d", "[url:value = 'HTTPS://user:pw@Example.com:8443/A,b?c#d']"),
        ("http://192.0.2.1/x", "[url:value = 'http://192.0.2.1/x']"),
        ("http://[2001:db8::1]:80/", "[url:value = 'http://[2001:db8::1]:80/']"),
        ("http://example.com/it's\\here", "[url:value = 'http://example.com/it\\'s\\\\here']"),
        ("Someone+x@Mail.Example.com", "[email-addr:value = 'someone+x@mail.example.com']"),
        (MD5, f"[file:hashes.MD5 = '{MD5}']"),
        (SHA1.upper(), f"[file:hashes.'SHA-1' = '{SHA1}']"),
        (SHA512, f"[file:hashes.'SHA-512' = '{SHA512}']"),
        (f"{MD5}, {SHA256}", f"[file:hashes.'SHA-256' = '{SHA256}' OR file:hashes.MD5 = '{MD5}']"),
    ],
)
def test_pattern(line: str, pattern: str) -> None:
    """A line becomes a STIX comparison with its value, quoted."""
    observable = detect(line)
    assert observable is not None
    assert observable.pattern == pattern
    assert observable.pattern[1:].startswith(observable.type)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "example",
        "no indicator",
        "192.0.2.256",
        "192.0.2.0/24",
        "192.0.2.1:80",
        "2001:db8::/32",
        "fe80::1%eth0",
        "::g",
        "00:00-5E:00:53:01",
        "-a.example",
        "a..example",
        "example.123",
        f"{'a' * 64}.example",
        ".".join(["a" * 60] * 5),
        "hxxp://example.com",
        "http://example[.]com",
        "http://",
        "http://exam ple.com",
        "http://192.0.2.256/",
        "http://[::g]/",
        "@example.com",
        "someone@",
        MD5[1:],
        f"{MD5},",
        f"{MD5},{'e' * 32}",
        f"{MD5},example.com",
        "* " * 50_000,
        "a." * 50_000,
        "http://" + "a." * 50_000,
    ],
)
def test_no_indicator(line: str) -> None:
    """What is none of the accepted types is nothing, and never guessed into something else."""
    assert detect(line) is None


def test_asked_type() -> None:
    """Only the type that was asked for counts."""
    assert detect("example.com", "domain-name")
    assert detect("example.com", "url") is None
