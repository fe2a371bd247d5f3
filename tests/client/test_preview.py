"""What is found in Sekoia's answer to an upload."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sekoia_cti.client.preview import Preview
from sekoia_cti.client.wire import Mapping

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=15,
)
MAPPING = ["observable", None, "valid_until"]


@pytest.mark.parametrize(
    "fields",
    [
        {"mapping": MAPPING},
        {"detected_mapping": MAPPING},
        {
            "columns": [
                {"name": "IOC", "mapping": "observable"},
                {"name": "TLP", "mapping": None},
                {"type": "valid_until"},
            ]
        },
        {"mapping": {"0": "observable", "1": None, "2": "valid_until"}},
        {"mapping": {"observable": 0, "valid_until": 2}},
        {"columns": {"IOC": "observable", "TLP": None, "Until": "valid_until"}},
        {"columns": ["IOC", "TLP", "Until"], "detected": {"columns_mapping": ["observable", "ignore", "valid_until"]}},
        {"preview": {"lines": [["a"]], "mapping": MAPPING}},
    ],
)
def test_a_detected_mapping_is_found_under_any_plausible_name(fields: dict[str, Any]) -> None:
    """Lists, objects and nested ones are read, whatever their names."""
    assert Preview.model_validate({"file_handle": "h", **fields}).mapping() == MAPPING


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"mapping": None},
        {"mapping": []},
        {"mapping": {}},
        {"mapping": ["ignore", "valid_from"]},
        {"mapping": ["observable", "observable"]},
        {"mapping": {"observable": 5_000_000}},
        {"mapping": {"observable": -1}},
        {"lines": [["observable"]]},
    ],
)
def test_what_is_no_mapping_is_not_taken_for_one(fields: dict[str, Any]) -> None:
    """Without exactly one observable column nothing was detected."""
    assert Preview.model_validate({"file_handle": "h", **fields}).mapping() is None


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"ignore_first_line": True}, True),
        ({"has_header": False}, False),
        ({"detected": {"skip_first_row": True}}, True),
        ({"first_lines": [["a"]]}, None),
        ({}, None),
    ],
)
def test_a_detected_heading_is_found(fields: dict[str, Any], expected: bool | None) -> None:
    """Whether the first line is a heading is read under any plausible name."""
    assert Preview.model_validate({"file_handle": "h", **fields}).ignore_first_line() is expected


@given(st.dictionaries(st.sampled_from(["mapping", "columns", "header", "x"]) | st.text(max_size=5), JSON, max_size=4))
def test_no_preview_breaks_the_detection(fields: dict[str, Any]) -> None:
    """Whatever a preview holds, it gives a mapping with one observable or none."""
    preview = Preview.model_validate({**fields, "file_handle": "h"})
    mapping: Mapping | None = preview.mapping()
    assert mapping is None or mapping.count("observable") == 1
    assert preview.ignore_first_line() in (True, False, None)
