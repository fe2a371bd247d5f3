"""Cells of tables: what spreadsheets wrap around values, and several of them in lines."""

from __future__ import annotations

import pytest

from sekoia_cti.indicators.cells import read_cell

MD5, SHA256 = "00010203" * 4, "00010203" * 8
OTHER = MD5[::-1]


@pytest.mark.parametrize(
    ("cell", "values", "adapted"),
    [
        ("a.example", ["a.example"], 0),
        ("", [], 0),
        ("# a comment", [], 0),
        ("'a.example", ["a.example"], 0),
        ("'a.example'", ["a.example"], 0),
        ('="a.example"', ["a.example"], 0),
        ('= "hxxp://a[.]example/"', ["http://a.example/"], 0),
        ('=HYPERLINK("http://a.example/x","a link")', ["http://a.example/x"], 1),
        ('=hyperlink("http://a.example/x"; "a.example")', ["http://a.example/x"], 1),
        ("a.example\nb[.]example\n\n192.0.2.1", ["a.example", "b.example", "192.0.2.1"], 0),
        ("a.example\r\nb.example", ["a.example", "b.example"], 0),
        ("a.example\n192.0.2.1:443", ["a.example", "192.0.2.1"], 1),
        ("192.0.2.1, 192.0.2.2", ["192.0.2.1", "192.0.2.2"], 0),
        ("- a.example\n- b.example", ["a.example", "b.example"], 0),
        (f"MD5: {MD5}\nSHA256: {SHA256}", [f"{MD5},{SHA256}"], 0),
        (f"{MD5}\n{OTHER}", [MD5, OTHER], 0),
        ("192.0.2.1|443", ["192.0.2.1"], 1),
        (f"setup.exe|{SHA256}", [SHA256], 1),
    ],
)
def test_values_of_a_cell(cell: str, values: list[str], adapted: int) -> None:
    """Each value is found, and reported if only a part is used."""
    found = read_cell(cell)
    assert [value for _, value, _, _ in found] == values
    assert all(kind is not None for kind, _, _, _ in found)
    assert sum(why is not None for _, _, _, why in found) == adapted


@pytest.mark.parametrize(
    ("cell", "known", "unknown"),
    [
        ("setup.exe", [], ["setup.exe"]),
        ("a.example\nsetup.exe", ["a.example"], ["setup.exe"]),
        ('="setup.exe"', [], ["setup.exe"]),
        ("'", [], ["'"]),
        ("=SUM(A1:A2)", [], ["=SUM(A1:A2)"]),
    ],
)
def test_the_rest_of_a_cell(cell: str, known: list[str], unknown: list[str]) -> None:
    """What is not an indicator is reported separately."""
    found = read_cell(cell)
    assert [value for kind, value, _, _ in found if kind] == known
    assert [value for kind, value, _, _ in found if not kind] == unknown
