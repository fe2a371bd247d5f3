"""Headings: mapped when they are certain, and not at all otherwise."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sekoia_cti.client.wire import FILE_COLUMNS
from sekoia_cti.indicators.headers import mapping_for


@pytest.mark.parametrize(
    ("heading", "expected"),
    [
        ("IOC,Valid From,Valid Until,Link", ["observable", "valid_from", "valid_until", None]),
        (
            "Indicator,Kill chain,Creation date,End of validity,Context",
            ["observable", "kill_chain_phases", None, "valid_until", None],
        ),
        ("type,ioc", [None, "observable"]),
        ("Indicators", ["observable"]),
        ("value,description", ["observable", "description"]),
        ("observable, valid_from , VALID-UNTIL", ["observable", "valid_from", "valid_until"]),
        ("\ufeffValue,Comment", ["observable", "description"]),
        (
            "observable,valid_from,valid_until,kill_chain_phases,x_ic_related_threat_refs,description",
            [*FILE_COLUMNS],
        ),
        ("  i o c,value", [None, "observable"]),
    ],
)
def test_known_names_are_mapped(heading: str, expected: list[str | None]) -> None:
    """Each column gets its field or none, whatever the case, and the blanks and underscores around and within."""
    assert mapping_for(heading.split(",")) == expected


@pytest.mark.parametrize(
    "heading",
    [
        "",
        "name,pattern,valid_from,valid_until,kill_chain",
        "id,type,name,pattern,pattern_type",
        "valid_from,valid_until",
        "ioc,indicator",
        "ioc,description,comment",
        "ioc,valid until,end of validity",
        "evil.example,2021-01-20T11:00:00Z",
        "ip,domain,hash",
        "creation date,expiration date",
    ],
)
def test_what_is_not_certain_is_not_mapped(heading: str) -> None:
    """Without an observable column, with two of them, or with any field twice, there is no mapping."""
    assert mapping_for(heading.split(",")) is None


def test_no_columns_are_no_heading() -> None:
    """An empty row maps nothing."""
    assert mapping_for([]) is None


@given(st.lists(st.text(max_size=20) | st.sampled_from([*FILE_COLUMNS, "IOC", "Valid Until", "comment"]), max_size=8))
def test_a_mapping_is_one_that_sekoia_takes(header: list[str]) -> None:
    """Whatever the heading is, a mapping covers all columns, knows only Sekoia's fields, and names each once."""
    if (mapping := mapping_for(header)) is not None:
        fields = [field for field in mapping if field is not None]
        assert len(mapping) == len(header)
        assert "observable" in fields
        assert len(fields) == len(set(fields))
        assert set(fields) <= set(FILE_COLUMNS)
