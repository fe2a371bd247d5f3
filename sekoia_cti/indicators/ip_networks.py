"""Many networks at once: which of them an IP address is in, found in the time of one search in a sorted list."""

from __future__ import annotations

import socket
from bisect import bisect_right
from collections.abc import Iterable
from typing import Literal, TypeAlias

__all__ = ["Names", "Networks", "Version", "version_of"]

Version: TypeAlias = Literal[4, 6]

Names: TypeAlias = tuple[str, ...]
"""What names a value: networks that hold an address, or lists."""

_FAMILIES: dict[Version, socket.AddressFamily] = {4: socket.AF_INET, 6: socket.AF_INET6}
_BITS: dict[Version, int] = {4: 32, 6: 128}


class Networks:
    """Named networks of one version of IP, which may overlap.

    Half a million addresses have to be looked up within a second, and thousands of networks read within milliseconds. So
    there is neither a loop over networks nor the classes of ``ipaddress``: the address space is cut at the ends of all
    networks, and each piece knows the names that hold in it.

    Args:
        version: 4 or 6.
        networks: Networks (``192.0.2.0/24``) and addresses of this version, each with its name.

    Raises:
        ValueError: One of them is neither.
    """

    def __init__(self, version: Version, networks: Iterable[tuple[str, str]]) -> None:
        self._family = _FAMILIES[version]
        starts, self._names = _pieces(version, networks)
        # As bytes, which sort as their numbers do, and which an address need not be made a number for. What starts behind
        # the last address has none.
        length, behind = _BITS[version] // 8, 1 << _BITS[version]
        self._starts = [start.to_bytes(length) for start in starts if start < behind]

    def __bool__(self) -> bool:
        return bool(self._starts)

    def names(self, address: str) -> Names:
        """The names of the networks that hold an address, each once, in the order in which they were given.

        Args:
            address: Of this version, as text.

        Raises:
            OSError: It is no such address.
        """
        place = bisect_right(self._starts, socket.inet_pton(self._family, address))
        return self._names[place - 1] if place else ()


def version_of(network: str) -> Version:
    """The version of a network or an address, if it is one."""
    return 6 if ":" in network else 4


def _bounds(version: Version, network: str) -> tuple[int, int]:
    """The first address of a network, and the first one after it; what lies below its prefix does not matter."""
    address, slash, prefix = network.partition("/")
    bits = _BITS[version]
    length = int(prefix) if slash else bits
    if not 0 <= length <= bits:
        raise ValueError(f"a prefix of {length} bits, where there can be {bits}")
    try:
        number = int.from_bytes(socket.inet_pton(_FAMILIES[version], address))
    except (OSError, UnicodeError) as error:
        raise ValueError(f"no IPv{version} address") from error
    size = 1 << (bits - length)
    first = number & -size
    return first, first + size


def _pieces(version: Version, networks: Iterable[tuple[str, str]]) -> tuple[list[int], list[Names]]:
    """Where each piece of the address space starts, in order, and the names of the networks that hold all of it."""
    names: list[str] = []
    ends: list[tuple[int, int]] = []
    for place, (network, name) in enumerate(networks):
        first, after = _bounds(version, network)
        ends.append((first, place))
        ends.append((after, place))
        names.append(name)
    ends.sort()
    starts: list[int] = []
    held: list[Names] = []
    inside: set[int] = set()
    for start, place in ends:
        # A network begins at one of its ends and stops at the other.
        inside ^= {place}
        here = tuple(dict.fromkeys([names[place] for place in sorted(inside)])) if inside else ()
        if starts and starts[-1] == start:
            held[-1] = here
        else:
            starts.append(start)
            held.append(here)
    return starts, held
