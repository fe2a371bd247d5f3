"""Lists as they are published, with reserved names: what is sent, and which lines are reported."""

from __future__ import annotations

import pytest

from sekoia_cti.indicators.reading import read

SHA256 = "000102030405060708090a0b0c0d0e0f000102030405060708090a0b0c0d0e0f"
OTHER = SHA256[::-1]

# A list, the values that are sent, and the lines that are not recognized and that are adapted.
LISTS: dict[str, tuple[str, list[str], list[int], list[int]]] = {
    "hosts": (
        "# Title: hosts\n127.0.0.1 localhost\n::1 localhost\n0.0.0.0 0.0.0.0\n0.0.0.0 a.example.com\n"
        "0.0.0.0 b.example.com # tracker\n127.0.0.1\tc.example.com\n",
        ["a.example.com", "b.example.com", "c.example.com"],
        [],
        [],
    ),
    "adblock": (
        "[Adblock Plus]\n! Title: list\n||a.example.com^\n||b.example.com^$important\n@@||ok.example.com^\n",
        ["a.example.com", "b.example.com"],
        [5],
        [],
    ),
    "prose": ("Dear colleagues,\nplease block what is attached.\nRegards\n", [], [1, 2, 3], []),
    "policy zone": (
        "$TTL 30\n@ SOA localhost. root.localhost. 1 1 1 1 1\n NS localhost.\na.example.com CNAME .\n"
        "*.a.example.com CNAME .\n; end\n",
        ["a.example.com"],
        [],
        [],
    ),
    "notes": (
        f"{SHA256} - Meterpreter\n{OTHER}  invoice.exe\n192.0.2.67 - C2 server\n"
        "- 192.0.2[.]69 port 443 - HTTPS traffic\na[.]example[.]com\tCobalt Strike C2\n",
        [SHA256, OTHER, "192.0.2.67", "192.0.2.69", "a.example.com"],
        [],
        [1, 2, 3, 4, 5],
    ),
    "semicolons": (
        "203.0.113.9 ; relay\na.example.com ; C2\n192.0.2.0/24 ; SBL000001\n",
        ["203.0.113.9", "a.example.com"],
        [3],
        [1, 2],
    ),
    "labels": (
        f"SHA256: {SHA256}\nIP: 192.0.2.66\nDomain: a[.]example[.]com\n- URL: hxxps://b[.]example[.]com/x\n",
        [SHA256, "192.0.2.66", "a.example.com", "https://b.example.com/x"],
        [],
        [],
    ),
    "trails": (
        "# Reference: https://blog.example.org/r\n\na.example.com\nhttp://192.0.2.64\n192.0.2.65:8080\n/gate.php?id=\n",
        ["a.example.com", "http://192.0.2.64", "192.0.2.65"],
        [6],
        [5],
    ),
    "one name": ("bücher.example\nxn--bcher-kva.example\nbu\u0308cher.example\n", ["xn--bcher-kva.example"], [], []),
    "escaped": (r"a.example\nb.example", ["a.example", "b.example"], [], []),
    "punctuation": (
        "(evil.example)\n[192.0.2.1]\n(192.0.2.2).\n192.0.2.3.\nevil2.example:\n",
        ["evil.example", "192.0.2.1", "192.0.2.2", "192.0.2.3", "evil2.example"],
        [],
        [],
    ),
}


@pytest.mark.parametrize("name", LISTS)
def test_a_list_as_it_is_published(name: str) -> None:
    """Every value is sent, and every line that is not sent completely is reported."""
    text, values, unrecognized, adapted = LISTS[name]
    reading = read(text.splitlines())
    assert reading.values == values
    assert [entry.line for entry in reading.unrecognized] == unrecognized
    assert [entry.line for entry in reading.adapted] == adapted
