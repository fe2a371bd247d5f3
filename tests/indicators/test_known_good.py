"""Known good values are named, with the lists that contain them."""

import re
import subprocess
import sys
from ipaddress import IPv4Address, IPv6Address, IPv6Network

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sekoia_cti.indicators import known_good, warning_lists
from sekoia_cti.indicators.guard import Guard, KnownGood, Policy
from sekoia_cti.indicators.ip_networks import version_of
from sekoia_cti.indicators.reading import findings
from tests.conftest import ROOT


def told(value: str, policy: Policy = "warn") -> tuple[str, ...]:
    """Who says that a value, as a line holds it, is good."""
    guard = Guard(policy=policy)
    admits = guard.judge()
    assert admits
    ((kind, sent, key, _),) = findings(value)
    assert kind
    assert admits(7, kind, sent, key) is (policy == "warn" or not guard.known_good_count)
    assert all(known.line == 7 and known.value == sent for known in guard.known_good)
    return guard.known_good[0].lists if guard.known_good else ()


EMPTY = "d41d8cd98f00b204e9800998ecf8427e"

KNOWN = [
    ("127.0.0.1", "loopback"),
    ("10.0.0.1", "private"),
    ("0.0.0.0", "this network"),  # noqa: S104  # an indicator, not an interface
    ("169.254.1.1", "link-local"),
    ("224.0.0.251", "multicast"),
    ("255.255.255.255", "broadcast"),
    ("100.64.0.1", "shared"),
    ("192.0.2.1", "documentation"),
    ("::1", "loopback"),
    ("::", "unspecified"),
    ("fe80::1", "link-local"),
    ("FD00::1", "private"),
    ("2001:db8::1", "documentation"),
    ("8.8.8.8", "DNS resolvers"),
    ("1.1.1.1", "DNS resolvers"),
    ("2001:4860:4860:0::8888", "DNS resolvers"),
    ("104.16.1.1", "Cloudflare"),
    ("17.1.2.3", "Apple"),
    ("146.112.61.104", "blockpage"),
    ("google.com", "Tranco"),
    ("GOOGLE.com", "google domains"),
    ("update.microsoft.com", "microsoft"),
    ("www.msftconnecttest.com", "Captive Portal"),
    ("login.microsoftonline.com", "microsoft"),
    ("bit.ly", "Shorteners"),
    ("api.ipify.org", "external IP"),
    ("virustotal.com", "malware analysis"),
    ("github.io", "Second level"),
    ("example.com", "6761"),
    ("www.example.com", "Tranco"),
    (EMPTY, "empty files"),
    (EMPTY.upper(), "empty files"),
    (f"{EMPTY},{'a1' * 20}", "empty files"),
    ("da39a3ee5e6b4b0d3255bfef95601890afd80709", "empty files"),
    ("44d88612fea8a8f36de82e1278abb02f", "EICAR"),
    ("abuse@example.com", "contact"),
    ("https://www.google.com/search?q=a", "Captive Portal"),
    ("hxxps://GOOGLE[.]com:443", "Tranco"),
    ("http://127.0.0.1:8080/x", "loopback"),
    ("http://[::1]/", "loopback"),
    ("http://8.8.8.8/x", "DNS resolvers"),
]

UNKNOWN = [
    "evil.example",
    "google.com.evil.example",
    "notgoogle.com",
    "evil.github.io",  # others publish below these
    "evil.azurewebsites.net",
    "evil.sharepoint.com",
    "evil.duckdns.org",
    "185.199.0.1",
    "2a00::1",
    "http://evil.example/google.com",
    "http://evil.example/?u=https://google.com/",
    "http://google.com@evil.example/",
    "https://evil.google.com/",  # on a known site, but not named itself
    "http://104.16.1.1/x",  # one of many hosts of a network
    "http://3232235777/",
    "someone@google.com",
    "0123456789abcdef0123456789abcdef",
    "00:00:5e:00:53:01",
]


@pytest.mark.parametrize(("value", "by"), KNOWN)
def test_names_what_is_known(value: str, by: str) -> None:
    """A value that is rarely meant to be blocked is reported with the list that contains it."""
    assert any(by.lower() in name.lower() for name in told(value)), told(value)


@pytest.mark.parametrize("value", UNKNOWN)
def test_lets_through_what_is_not(value: str) -> None:
    """A value that only resembles a known one is not held back."""
    assert told(value, "leave_out") == ()


def test_leaves_out_when_told_to() -> None:
    """What is left out is counted as such; what is only warned of is not."""
    for policy, left in (("warn", 0), ("leave_out", 1)):
        guard = Guard(policy=policy)  # type: ignore[arg-type]  # a loop over literals
        admits = guard.judge()
        assert admits
        assert admits(1, "domain", "google.com", "google.com") is not left
        assert (guard.known_good_count, guard.left_out_count) == (1, left)


def test_keeps_a_hundred() -> None:
    """A list of nothing but known values does not fill the results."""
    guard = Guard()
    admits = guard.judge()
    assert admits
    for number in range(250):
        admits(number, "ipv4", f"10.0.0.{number}", f"10.0.0.{number}")

    assert guard.known_good_count == 250
    assert guard.known_good[-1] == KnownGood(99, "10.0.0.99", ("not a global address: private",))
    assert len(guard.known_good) == 100


SIX_TO_FOUR = IPv6Network("2002::/16")
"""IPv4 hosts on the Internet, written in IPv6: IANA does not say whether these are global, and Python denies it since 3.13."""


@given(st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)))
@example(IPv6Address("2002::"))
def test_no_special_address_is_missed(address: IPv4Address | IPv6Address) -> None:
    """Addresses that Python considers not global, or multicast, are reported."""
    names = known_good.known_to(f"ipv{address.version}")(str(address))

    if address.is_multicast or not (address.is_global or address in SIX_TO_FOUR):
        assert names[0].startswith("not a global address")


@pytest.mark.parametrize(
    "address",
    """9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.0 169.253.255.255 169.255.0.0
    172.15.255.255 172.32.0.0 192.167.255.255 192.169.0.0 198.17.255.255 198.20.0.0 223.255.255.255 2000::
    2400::""".split(),
)
def test_a_neighbor_is_not_special(address: str) -> None:
    """The last address before, and the first after, a network that is not global."""
    names = known_good.known_to(f"ipv{version_of(address)}")(address)

    assert not any(name.startswith("not a global address") for name in names)


@pytest.mark.parametrize(
    "name",
    sorted({*warning_lists.ADDRESSES[4], *warning_lists.ADDRESSES[6], *warning_lists.NAMES, *warning_lists.HASHES}),
)
def test_every_list_is_there(name: str) -> None:
    """The package still has each list, under its name, in the form that is read."""
    title, kind, entries = warning_lists.read_list(name)

    assert title
    assert kind in ("cidr", "hostname", "string", "substring")
    assert entries
    assert all(isinstance(entry, str) for entry in entries)


def test_the_documentation_names_every_list() -> None:
    """Analysts read there which lists are used, and no other."""
    text = (ROOT / "docs" / "actions.md").read_text().split("## What not to block", 1)[1].split("\n## ", 1)[0]
    rows = [line.split("|")[2] for line in text.splitlines() if line.startswith("| ") and "`" in line]
    named = {name for row in rows for name in re.findall(r"`([^`]+)`", row)}

    assert named == {
        *warning_lists.ADDRESSES[4],
        *warning_lists.ADDRESSES[6],
        *warning_lists.NAMES,
        *warning_lists.HASHES,
        *warning_lists.EMAILS,
    }


def test_nothing_is_loaded_when_it_is_off() -> None:
    """Without the guard no list is read, nor is the package imported; with it, only the lists of the kinds that occur."""
    program = """
import sys
from sekoia_cti.indicators.exclude import Exclusions
from sekoia_cti.indicators.guard import Guard
parts = {f"sekoia_cti.indicators.{name}" for name in ("known_good", "special", "warning_lists")}
assert Guard(policy="import").judge() is None
assert Guard(Exclusions.read({"exclude": [".corp.example"]}), "import").judge()(1, "domain", "a.test", "a.test")
admits = Guard().judge()
assert not parts & set(sys.modules), parts & set(sys.modules)
from sekoia_cti.indicators import known_good, warning_lists
read = []
whole = known_good.read_list
known_good.read_list = lambda name: read.append(name) or whole(name)
admits(1, "md5", "d41d8cd98f00b204e9800998ecf8427e", "d41d8cd98f00b204e9800998ecf8427e")
assert sorted(read) == sorted(warning_lists.HASHES), read
assert "pymispwarninglists" not in sys.modules
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
