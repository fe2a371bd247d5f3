"""Every import reports what must not be blocked, or keeps it out of the collection, against the sandbox."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox import Sandbox
from sekoia_cti.actions.import_file import ImportIndicatorsFromFile
from sekoia_cti.actions.import_indicators import ImportIndicators
from tests.actions.ways import WAYS, Import, as_file, as_list, as_text
from tests.conftest import Command, Platform

EMPTY = "d41d8cd98f00b204e9800998ecf8427e"
BENIGN = ["127.0.0.1", "10.0.0.1", "8.8.8.8", ".".join("0000"), "google.com", EMPTY]
EVIL = ["evil.example", "0123456789abcdef0123456789abcdef"]


def patterns(sandbox: Sandbox, collection_id: str) -> str:
    """Everything in the collection, as one text."""
    return "\n".join(str(indicator["pattern"]) for indicator in sandbox.indicators(collection_id))


@WAYS
def test_warns_by_default(sandbox: Sandbox, platform: Platform, collection_id: str, import_: Import) -> None:
    """Known good values are imported, the log names each of them, and the results say once who lists it."""
    run = import_(platform, BENIGN + EVIL, collection_id=collection_id)

    assert run.error is None
    assert run.results and run.results["known_good_count"] == len(BENIGN)
    assert [found["line"] for found in run.results["known_good"]] == [1, 2, 3, 4, 5, 6]
    assert run.results["known_good"][2]["lists"] == ["List of known IPv4 public DNS resolvers"]
    assert run.results["left_out"] == []
    (warning,) = [line for line in run.logs.splitlines() if "known to be good" in line]
    assert all(value in warning for value in BENIGN)
    assert not any(value in warning for value in EVIL)
    assert len(sandbox.indicators(collection_id)) == len(BENIGN) + len(EVIL)


@WAYS
def test_leaves_out_what_is_known_to_be_good(
    sandbox: Sandbox, platform: Platform, collection_id: str, import_: Import
) -> None:
    """With leave_out, none of them is sent, and each is counted once, although a file is read twice."""
    run = import_(platform, BENIGN + EVIL, collection_id=collection_id, known_good="leave_out")

    assert run.error is None
    assert run.results and run.results["left_out"] == BENIGN
    assert (run.results["left_out_count"], run.results["submitted"]) == (len(BENIGN), len(EVIL))
    assert run.results["by_type"] == {"domain": 1, "md5": 1}
    assert len(sandbox.indicators(collection_id)) == len(EVIL)


@WAYS
def test_does_not_look_when_told_not_to(platform: Platform, collection_id: str, import_: Import) -> None:
    """With import, nothing is reported."""
    run = import_(platform, BENIGN, collection_id=collection_id, known_good="import")

    assert run.results and run.results["known_good_count"] == 0
    assert "known to be good" not in run.logs


@pytest.mark.parametrize(
    ("import_", "way"), [(as_text, "exclude"), (as_text, "exclude_path"), (as_list, "exclude"), (as_file, "exclude")]
)
def test_excludes(sandbox: Sandbox, platform: Platform, collection_id: str, import_: Import, way: str) -> None:
    """Excluded values are never sent, whether they are given in the argument or in a file."""
    rules = ["# ours", ".corp.test", "10.0.0.0/8", EMPTY]
    (platform.storage / "rules.txt").write_text("\n".join(rules))
    values = ["mail.corp.test", "10.1.2.3", "hxxps://corp[.]test/x", EMPTY, "evil.example"]
    argument = {way: rules if way == "exclude" else "rules.txt"}
    run = import_(platform, values, collection_id=collection_id, **argument)

    assert run.error is None
    assert run.results and run.results["excluded"] == ["mail.corp.test", "10.1.2.3", "https://corp.test/x", EMPTY]
    assert (run.results["excluded_count"], run.results["known_good_count"]) == (4, 0)
    assert patterns(sandbox, collection_id) == "[domain-name:value = 'evil.example']"


@WAYS
@pytest.mark.parametrize(
    ("arguments", "values", "left_out"),
    [({"exclude": ".example"}, ["a.example", "b.example"], 0), ({"known_good": "leave_out"}, BENIGN, len(BENIGN))],
    ids=["excluded", "known to be good"],
)
def test_nothing_left_is_no_error(
    sandbox: Sandbox,
    platform: Platform,
    collection_id: str,
    import_: Import,
    arguments: dict[str, str],
    values: list[str],
    left_out: int,
) -> None:
    """A feed of nothing but such values must not turn its playbook off: it completes, with a warning and without a request."""
    run = import_(platform, values, collection_id=collection_id, **arguments)

    assert run.error is None
    assert run.results and run.results["status"] == "completed"
    assert [run.results[name] for name in ("submitted", "total", "missing_count", "left_out_count")] == [
        0,
        0,
        0,
        left_out,
    ]
    assert "Nothing was imported: every indicator is excluded" in run.logs
    assert not [request for request in sandbox.requests if request.method == "POST" and "/indicators" in request.path]


@WAYS
def test_nothing_left_of_mostly_garbage_is_partial(platform: Platform, collection_id: str, import_: Import) -> None:
    """An excluded value does not hide that most values are not indicators."""
    run = import_(
        platform, ["a.example", "no indicator", "setup.exe"], collection_id=collection_id, exclude="a.example"
    )

    assert run.error is None
    assert run.results and run.results["status"] == "partial"
    assert (run.results["excluded_count"], run.results["unrecognized_count"]) == (1, 2)


@WAYS
def test_what_is_kept_out_was_recognized(platform: Platform, collection_id: str, import_: Import) -> None:
    """An import does not count as misread because most of it is excluded and some of it is not an indicator."""
    values = ["a.corp.test", "b.corp.test", "evil.example", "setup.exe", "run.exe"]
    run = import_(platform, values, collection_id=collection_id, exclude=".corp.test")

    assert run.results and run.results["status"] == "completed"


@pytest.mark.parametrize(
    ("import_", "arguments", "said"),
    [
        (as_text, {"exclude": "10.0.0.0/33"}, "exclude, line 1: “10.0.0.0/33”"),
        (as_list, {"exclude": "['a.example', 'our mail server']"}, "exclude, line 2: “our mail server”"),
        (as_file, {"exclude_path": "missing.txt"}, "exclude_path names “missing.txt”"),
    ],
)
def test_refuses_before_anything_is_sent(
    sandbox: Sandbox, platform: Platform, collection_id: str, import_: Import, arguments: dict[str, str], said: str
) -> None:
    """A rule that cannot be read could let through what was meant to stay out."""
    run = import_(platform, ["evil.example"], collection_id=collection_id, **arguments)

    assert run.error and said in run.error
    assert run.results is None
    assert not sandbox.indicators(collection_id)


def test_a_value_with_several_contexts_is_told_once(sandbox: Sandbox, platform: Platform, collection_id: str) -> None:
    """A list may contain a value several times, each time with a different context."""
    entries = [{"value": "8.8.8.8", "description": str(number)} for number in range(3)]
    run = platform.run(ImportIndicators, collection_id=collection_id, indicators=entries, known_good="leave_out")

    assert run.results and run.results["left_out"] == ["8.8.8.8"]
    assert run.results["left_out_count"] == 1
    assert not sandbox.indicators(collection_id)


def test_the_other_rows_keep_their_cells(sandbox: Sandbox, platform: Platform, collection_id: str) -> None:
    """An excluded row is not in the file that is sent, and its neighbors are unchanged."""
    (platform.storage / "feed.csv").write_text("ioc,description\n8.8.8.8,resolver\nevil.example,seen in March\n")
    run = platform.run(
        ImportIndicatorsFromFile, collection_id=collection_id, file_path="feed.csv", known_good="leave_out"
    )

    assert run.results and run.results["left_out"] == ["8.8.8.8"]
    assert run.results["known_good"][0]["line"] == 2
    (indicator,) = sandbox.indicators(collection_id)
    assert (indicator["name"], indicator["description"]) == ("evil.example", "seen in March")


def test_the_cells_of_what_is_kept_out_do_not_count(platform: Platform, collection_id: str) -> None:
    """Unusable cells are reported only if their row is sent."""
    cells = f"no phase,2020-01-01,{'x' * 501}"
    rows = [
        "ioc,phase,valid until,description",
        f"a.corp.test,{cells}",
        f"8.8.8.8,{cells}",
        f"b.test,{cells}",
        f"b.test,{cells}",
    ]
    (platform.storage / "feed.csv").write_text("\n".join(rows))
    arguments = {
        "collection_id": collection_id,
        "file_path": "feed.csv",
        "exclude": ".corp.test",
        "known_good": "leave_out",
    }
    run = platform.run(ImportIndicatorsFromFile, **arguments)

    assert run.results and [cell["line"] for cell in run.results["unused_cells"]] == [4]
    assert run.results["unused_cells_count"] == 1
    assert "1 row has an end of validity that is in the past (the first in line 4)" in run.logs


@pytest.mark.parametrize("arguments", [{"exclude": "10.0.0.0/8"}, {"known_good": "leave_out"}, {"dry_run": True}])
def test_what_cannot_be_looked_at_is_not_sent_unguarded(
    sandbox: Sandbox, platform: Platform, collection_id: str, arguments: dict[str, str]
) -> None:
    """An upload whose file is not given, and a file that cannot be read, are refused where every row
    has to be looked at."""
    layout = {"mapping": ["observable"], "ignore_first_line": False}
    handle = platform.run(
        ImportIndicatorsFromFile, collection_id=collection_id, file_handle="uploaded", **layout, **arguments
    )
    (platform.storage / "feed.xls").write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2_000))
    damaged = platform.run(
        ImportIndicatorsFromFile,
        collection_id=collection_id,
        file_path="feed.xls",
        send_unrecognized=True,
        **layout,
        **arguments,
    )

    assert handle.error and "needs the file itself: set file_path in addition to file_handle" in handle.error
    assert damaged.error and "requires reading feed.xls, which failed" in damaged.error
    assert not sandbox.indicators(collection_id)


def test_as_a_command(command: Command, collection_id: str, tmp_path: Path) -> None:
    """The platform runs it as a command of `main.py`."""
    told = command(
        "ImportIndicatorsFromText",
        tmp_path,
        collection_id=collection_id,
        text="8.8.8.8\nevil.example",
        known_good="leave_out",
    )

    assert told["results"]["left_out"] == ["8.8.8.8"]
