"""Addresses that are not one host on the Internet: private ones, loopback, multicast, documentation, and so on."""

from __future__ import annotations

__all__ = ["SPECIAL"]

_USES = {
    "this network": "0.0.0.0/8",
    "private": "10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 fc00::/7",
    "shared by the customers of a provider": "100.64.0.0/10",
    "loopback": "127.0.0.0/8 ::1",
    "link-local": "169.254.0.0/16 fe80::/10",
    "reserved for protocols": "192.0.0.0/24 2001::/23 5f00::/16",
    "documentation": "192.0.2.0/24 198.51.100.0/24 203.0.113.0/24 2001:db8::/32 3fff::/20",
    "benchmarks": "198.18.0.0/15 2001:2::/48",
    "multicast": "224.0.0.0/4 ff00::/8",
    "reserved": "240.0.0.0/4 fec0::/10",
    "broadcast": "255.255.255.255",
    "unspecified": "::",
    "IPv4 in IPv6": "::ffff:0:0/96 64:ff9b:1::/48",
    "discarded": "100::/64",
}
"""The registries of special-purpose addresses (RFC 6890 and what IANA added since), without the few single addresses in them
that are global after all, and multicast (RFC 5771, RFC 4291)."""

SPECIAL = [
    (network, f"not a global address: {use}") for use, networks in _USES.items() for network in networks.split()
]
"""Networks, and what a user is told about an address in one; where networks overlap, the last one says it best."""
