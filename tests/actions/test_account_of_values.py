"""Every given value is accounted for, whatever it is and whatever Sekoia refuses."""

from __future__ import annotations

import csv
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from sandbox import Sandbox
from sekoia_cti.actions.import_file import ImportIndicatorsFromFile
from sekoia_cti.actions.import_indicators import ImportIndicators
from sekoia_cti.actions.import_text import ImportIndicatorsFromText
from tests.conftest import Platform

NUMBER = st.integers(0, 9)
VALUE = st.one_of(
    st.sampled_from(
        ["d{}.example.com", "D{}.Example.com", "http://d{}.example.com/Path", "192.0.2.{}", "2001:db8::{}"]
    ),
    st.sampled_from(["{}" + "a" * 31, "{}" + "A" * 31, "hxxp://e{}[.]example[.]com/", "bücher{}.example.org"]),
    st.sampled_from(["no indicator {}", "excluded{}.example.net", "null"]),
)
"""Two spellings of one value, values that are adapted, known to be good or excluded, and what is not an indicator."""
VALUES = st.lists(st.builds(str.format, VALUE, NUMBER), min_size=1, max_size=25)
REFUSED = st.sets(
    st.builds(str.format, st.sampled_from(["d{}.example.com", "e{}.example.com", "{}" + "a" * 31]), NUMBER)
)
OTHERS = ("duplicates", "unrecognized_count", "missing_count", "excluded_count", "left_out_count")
"""What becomes of a value that is not in."""

few = settings(
    max_examples=8,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def assert_accounted(
    sandbox: Sandbox,
    platform: Platform,
    action: Any,
    values: list[Any],
    refused: set[str],
    more: tuple[str, ...] = (),
    **arguments: Any,
) -> None:
    """Import values into a collection of their own: what is in and what is not adds up to what was given."""
    collection_id = str(sandbox.create_collection()["id"])
    sandbox.faults.refused_values = sorted(refused)
    arguments |= {"collection_id": collection_id, "exclude": ["example.net"], "timeout": 20}
    run = platform.run_with(action, arguments)
    there = len(sandbox.indicators(collection_id))
    if run.results is None:
        assert run.error  # there is nothing to import
        assert not there
        return
    assert run.results["missing_count"] is not None
    assert len(values) == there + sum(run.results[name] for name in (*OTHERS, *more))
    assert (run.results["status"] in ("completed", "partial")) is (there > 0 or run.results["missing_count"] == 0)


@pytest.mark.parametrize("known_good", ["warn", "leave_out"])
@few
@given(VALUES, REFUSED)
@example(["d1.example.com", "\ud83d.example.com"], set())
def test_text(sandbox: Sandbox, platform: Platform, known_good: str, values: list[str], refused: set[str]) -> None:
    """Of lines."""
    text = "\n".join(values)
    assert_accounted(
        sandbox,
        platform,
        ImportIndicatorsFromText,
        values,
        refused,
        ("skipped_count",),
        text=text,
        known_good=known_good,
    )


@pytest.mark.parametrize("action", [ImportIndicators, ImportIndicatorsFromText])
@few
@given(VALUES, REFUSED, st.booleans(), st.integers(0, 3))
@example(["d1.example.com", "\ud83d.example.com", "// no", "# no", "; no", "None", "null"], set(), False, 1)
def test_a_list(
    sandbox: Sandbox,
    platform: Platform,
    action: Any,
    values: list[str],
    refused: set[str],
    as_task: bool,
    skipped: int,
) -> None:
    """Of values and objects, some of which are not for detection."""
    sandbox.faults.indicators_as_task = as_task
    objects = [
        {"value": f"s{number}.example.com", "type": "domain-name", "to_ids": False} for number in range(skipped)
    ]
    entries = [*values, *objects]
    assert_accounted(sandbox, platform, action, entries, refused, ("skipped_count",), indicators=entries)


@few
@given(VALUES, REFUSED, st.booleans())
def test_a_file(
    sandbox: Sandbox, platform: Platform, values: list[str], refused: set[str], with_detection: bool
) -> None:
    """Of rows, some of which are not for detection."""
    rows = [["indicator", "to_ids"]]
    rows += [[value, "0" if with_detection and at % 5 == 4 else "1"] for at, value in enumerate(values)]
    with (platform.storage / "iocs.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)
    assert_accounted(
        sandbox,
        platform,
        ImportIndicatorsFromFile,
        values,
        refused,
        ("skipped_rows_count",),
        file_path="iocs.csv",
        mapping=["observable", None],
        ignore_first_line=True,
    )
