"""An address is found in exactly the networks that contain it."""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sekoia_cti.indicators.ip_networks import Networks, version_of

NEAR = 0xC0000200  # 192.0.2.0, so that random networks hold random addresses and each other


@st.composite
def networks(draw: st.DrawFn) -> IPv4Network:
    length = draw(st.integers(0, 32))
    address = IPv4Address(NEAR ^ draw(st.integers(0, 1 << 10)))
    return IPv4Network((address, length), strict=False)


@given(st.lists(networks(), max_size=12), st.integers(0, 1 << 11))
def test_names_what_ipaddress_finds(held: list[IPv4Network], offset: int) -> None:
    """Overlapping, repeated and nested networks are told as a loop over them tells them."""
    address = IPv4Address(NEAR ^ offset)
    expected = dict.fromkeys(str(network) for network in held if address in network)

    found = Networks(4, [(str(network), str(network)) for network in held])

    assert found.names(str(address)) == tuple(expected)
    assert bool(found) == bool(held)


@pytest.mark.parametrize(
    ("network", "address", "inside"),
    [
        ("2001:db8::/32", "2001:DB8:0:1::1", True),
        ("2001:db8::/32", "2001:db9::", False),
        ("::1", "0:0:0:0:0:0:0:1", True),
        ("::/0", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", True),
        ("2001:db8::ffff/127", "2001:db8::fffe", True),
        ("2001:db8::ffff/128", "2001:db8::fffe", False),
    ],
)
def test_ipv6(network: str, address: str, inside: bool) -> None:
    """An IPv6 address is found however it is written, and a network by any address in it."""
    assert version_of(network) == 6
    assert bool(Networks(6, [(network, "name")]).names(address)) is inside
    whole = IPv6Network(network, strict=False)
    assert (IPv6Address(address) in whole) is inside


@pytest.mark.parametrize(
    "network", ["192.0.2.0/33", "192.0.2.0/-1", "192.0.2/24", "192.0.2.0/x", "", "a.example", "é"]
)
def test_refuses_what_is_no_network(network: str) -> None:
    """Half a network would hold other addresses than its author meant."""
    with pytest.raises(ValueError, match=r"."):
        Networks(4, [(network, "name")])
