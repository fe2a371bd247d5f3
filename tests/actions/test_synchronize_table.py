"""Synchronize an IOC collection with a table, whose rows say more than a value."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sandbox import Sandbox
from sekoia_cti.actions.synchronize_collection import SynchronizeCollection
from tests.actions.test_synchronize_collection import active, counts, sent
from tests.conftest import Platform, Run

HEADING = "IOC;Valid until;Description;Kill chain phases"
ROWS = [
    "d1.example;2099-01-01;first;delivery",
    "d2.example;;second, third;",
    "hxxp://d3[.]example/x;2099-01-02T03:04:05Z;;Command and Control",
    "192.0.2.4;;;",
]


def synchronize(platform: Platform, collection_id: str, rows: list[str], **arguments: Any) -> Run:
    """A run on a table of these rows."""
    (platform.storage / "feed.csv").write_text("\n".join([HEADING, *rows]) + "\n")
    given = {"collection_id": collection_id, "known_good": "import", "timeout": 20, "file_path": "feed.csv"}
    return platform.run(SynchronizeCollection, **{**given, **arguments})


def held(sandbox: Sandbox, collection_id: str) -> dict[str, tuple[str, str | None, list[str]]]:
    """End of validity as a day, description and phases of the indicators."""
    return {
        each["name"]: (
            each["valid_until"][:10],
            each["description"],
            [phase["phase_name"] for phase in each["kill_chain_phases"]],
        )
        for each in sandbox.indicators(collection_id)
    }


def in_days(days: int) -> str:
    """A day, as Sekoia counts."""
    return (datetime.now(UTC) + timedelta(days=days)).date().isoformat()


def test_each_row_says_something_of_its_own(sandbox: Sandbox, platform: Platform, collection_id: str) -> None:
    """It is sent to Sekoia, and is compared: the second run sends nothing, and the third only what differs."""
    run = synchronize(platform, collection_id, ROWS)
    assert (counts(run), run.results and run.results["status"]) == ({"added": 4}, "completed")
    expected = {
        "d1.example": ("2099-01-01", "first", ["delivery"]),
        "d2.example": (in_days(180), "second, third", []),
        "http://d3.example/x": ("2099-01-02", None, ["command-and-control"]),
        "192.0.2.4": (in_days(30), None, []),
    }
    assert held(sandbox, collection_id) == expected
    before = len(sandbox.requests)
    assert counts(synchronize(platform, collection_id, ROWS)) == {"unchanged": 4}
    assert sent(sandbox, before) == []
    changed = [
        "d1.example;2099-01-01;other;delivery",
        "d2.example;2098-01-01;second, third;",
        *ROWS[2:3],
        "d5.example;;;",
    ]
    assert counts(synchronize(platform, collection_id, changed)) == {
        "added": 1,
        "refreshed": 2,
        "unchanged": 1,
        "removed": 1,
    }
    assert held(sandbox, collection_id) | {"192.0.2.4": ("", None, [])} == {
        "d1.example": ("2099-01-01", "other", ["delivery"]),
        "d2.example": ("2098-01-01", "second, third", []),
        "http://d3.example/x": expected["http://d3.example/x"],
        "192.0.2.4": ("", None, []),
        "d5.example": (in_days(180), None, []),
    }
    assert active(sandbox, collection_id) == {"d1.example", "d2.example", "http://d3.example/x", "d5.example"}
    assert counts(synchronize(platform, collection_id, changed)) == {"unchanged": 4}


@pytest.mark.parametrize(("arguments", "day"), [({"valid_for": 10}, 10), ({"valid_until": in_days(20)}, 20)])
def test_arguments_hold_where_the_cell_is_empty(
    sandbox: Sandbox, platform: Platform, collection_id: str, arguments: dict[str, Any], day: int
) -> None:
    """The validity of a row that does not give one is that of the arguments, with or without a column."""
    assert counts(synchronize(platform, collection_id, ROWS, **arguments)) == {"added": 4}
    ends = {name: end for name, (end, _, _) in held(sandbox, collection_id).items()}
    assert ends["d1.example"] == "2099-01-01"
    assert ends["d2.example"] == ends["192.0.2.4"] == in_days(day)
    assert counts(synchronize(platform, collection_id, ROWS, **arguments)) == {"unchanged": 4}


def test_what_expired_comes_back_with_an_end(sandbox: Sandbox, platform: Platform, collection_id: str) -> None:
    """An empty cell is filled in, in case an import without an end leaves the validity unchanged."""
    sandbox.faults.expired_renew = False
    synchronize(platform, collection_id, ROWS)
    assert counts(synchronize(platform, collection_id, ROWS[:1])) == {"unchanged": 1, "removed": 3}
    assert counts(synchronize(platform, collection_id, ROWS)) == {"added": 3, "unchanged": 1}
    assert len(active(sandbox, collection_id)) == 4
    assert counts(synchronize(platform, collection_id, ROWS)) == {"unchanged": 4}


@pytest.mark.parametrize("shrinks", [True, False])
def test_an_end_that_comes_nearer(sandbox: Sandbox, platform: Platform, collection_id: str, shrinks: bool) -> None:
    """If an import cannot end validities earlier, they are ended one by one, and the next run sends nothing."""
    hashes = "0123456789abcdef0123456789abcdef;{};;"
    rows = [*ROWS, hashes.format("")]
    assert counts(synchronize(platform, collection_id, rows)) == {"added": 5}
    sandbox.faults.validity_shrinks = shrinks
    nearer = [ROWS[0].replace("2099", "2098"), *ROWS[1:], hashes.format("2097-01-01")]
    before = len(sandbox.requests)
    run = synchronize(platform, collection_id, nearer)
    assert counts(run) == {"refreshed": 2, "unchanged": 3}
    assert (run.results and run.results["context_differs_count"], "with a different validity" in run.logs) == (
        0,
        False,
    )
    assert sent(sandbox, before) == ["POST preview", "POST process", *([] if shrinks else ["PUT indicator"] * 2)]
    assert held(sandbox, collection_id)["d1.example"][0] == "2098-01-01"
    assert counts(synchronize(platform, collection_id, nearer)) == {"unchanged": 5}


def test_what_differs_after_an_end_was_cut_is_told(sandbox: Sandbox, platform: Platform, collection_id: str) -> None:
    """The ends that were set one by one are right, but the description of one of them is not."""
    synchronize(platform, collection_id, ROWS)
    sandbox.faults.validity_shrinks, sandbox.faults.ignored_columns = False, ["description"]
    nearer = [
        ROWS[0].replace("2099", "2098").replace("first", "other"),
        ROWS[1],
        ROWS[2].replace("2099", "2098"),
        ROWS[3],
    ]
    run = synchronize(platform, collection_id, nearer)
    assert counts(run) == {"refreshed": 2, "unchanged": 2}
    assert run.results and run.results["context_differs_count"] == 1
    assert "1 value is in the collection with a different validity, description" in run.logs
    assert [held(sandbox, collection_id)[name][0] for name in ("d1.example", "http://d3.example/x")] == [
        "2098-01-01",
        "2098-01-02",
    ]


def test_an_end_that_is_filled_in_and_does_not_take(sandbox: Sandbox, platform: Platform, collection_id: str) -> None:
    """It is told."""
    synchronize(platform, collection_id, ROWS)
    sandbox.faults.validity_shrinks = False
    run = synchronize(platform, collection_id, ROWS, refresh="always", valid_for=10)
    assert counts(run) == {"refreshed": 4}
    assert "2 values are in the collection with a different validity" in run.logs


@pytest.mark.parametrize("column", ["description", "kill_chain_phases"])
def test_what_sekoia_kept_instead_of_the_rows_own_is_told(
    sandbox: Sandbox, platform: Platform, collection_id: str, column: Any
) -> None:
    """The rows are in, so nothing is missing; a warning says that they differ, in each run until they no longer do."""
    synchronize(platform, collection_id, ROWS)
    sandbox.faults.ignored_columns = [column]
    changed = [row.replace("first", "other").replace("Control", "Control, Impact") for row in ROWS]
    for _ in range(2):
        run = synchronize(platform, collection_id, changed)
        assert (run.error, run.results and run.results["status"]) == (None, "completed")
        assert (
            "1 value is in the collection with a different validity, description, kill chain phase or threat"
            in run.logs
        )
    sandbox.faults.ignored_columns = []
    run = synchronize(platform, collection_id, changed)
    assert (counts(run)["refreshed"], "with a different" in run.logs) == (1, False)
    assert counts(synchronize(platform, collection_id, changed)) == {"unchanged": 4}


def test_a_table_of_values_alone_goes_as_text(sandbox: Sandbox, platform: Platform, collection_id: str) -> None:
    """The table says nothing that a text could not."""
    (platform.storage / "feed.csv").write_text("IOC;Source\nd1.example;a\nd2.example;b\nno indicator;c\n")
    before = len(sandbox.requests)
    run = platform.run(SynchronizeCollection, collection_id=collection_id, file_path="feed.csv", known_good="import")
    assert (counts(run), sent(sandbox, before)) == ({"added": 2}, ["POST text"])
    assert run.results and run.results["unrecognized_count"] == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"text": "d1.example"}, "file_path cannot be combined with text"),
        ({"format": "url.value"}, "format applies only to text and lists"),
        (
            {"file_path": None, "text": "a.example", "sheet": "1", "mapping": "observable"},
            "sheet, mapping cannot be used",
        ),
    ],
)
def test_a_collection_follows_one_feed(
    platform: Platform, collection_id: str, arguments: dict[str, Any], said: str
) -> None:
    """What belongs to the other kind of feed is refused."""
    run = synchronize(platform, collection_id, ROWS, **arguments)
    assert run.error is not None
    assert said in run.error


@pytest.mark.parametrize("content", ["IOC;Description\n", "a;b\nnothing;here\n", "", "IOC\n"])
def test_a_table_without_indicators_is_refused(
    sandbox: Sandbox, platform: Platform, collection_id: str, content: str
) -> None:
    """A truncated table removes nothing."""
    synchronize(platform, collection_id, ROWS)
    (platform.storage / "empty.csv").write_text(content)
    run = platform.run(SynchronizeCollection, collection_id=collection_id, file_path="empty.csv", most_removed=100)
    assert run.error is not None
    assert len(active(sandbox, collection_id)) == 4
