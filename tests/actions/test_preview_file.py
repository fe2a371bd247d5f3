"""Preview indicators file, and importing what it uploaded, against the sandbox."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox import Sandbox
from sekoia_cti.actions.import_file import ImportIndicatorsFromFile
from sekoia_cti.actions.preview_file import PreviewIndicatorsFile
from tests.conftest import Platform

FEED = "Host name;Until\na[.]example.com;2030-01-31\nsetup.exe;\nb.example.com;2030-01-31\n"


@pytest.mark.parametrize("as_text", [False, True])
def test_a_preview_is_imported_later(sandbox: Sandbox, platform: Platform, collection_id: str, as_text: bool) -> None:
    """Nothing is imported until the second action gets the upload, which is cleaned, with what the first one
    returned."""
    (platform.storage / "feed.csv").write_text(FEED)
    run = platform.run(PreviewIndicatorsFile, collection_id=collection_id, file_path="feed.csv")
    assert run.error is None
    preview = run.results
    assert preview
    assert preview["rows"] == [
        ["Host name", "Until"],
        ["a[.]example.com", "2030-01-31"],
        ["setup.exe", ""],
        ["b.example.com", "2030-01-31"],
    ]
    assert (preview["mapping"], preview["ignore_first_line"]) == (["observable", "valid_until"], True)
    assert preview["columns"] == [
        {
            "column": 1,
            "heading": "Host name",
            "kinds": {"domain": 2},
            "mapped_to": "observable",
            "why": "no other column contains indicators",
        },
        {"column": 2, "heading": "Until", "kinds": {}, "mapped_to": "valid_until", "why": "its heading says so"},
    ]
    assert (preview["values"], preview["cleaned"], preview["by_type"]) == (2, 1, {"domain": 2})
    assert preview["unrecognized"] == [{"line": 3, "value": "setup.exe", "reason": "a file name"}]
    assert sandbox.indicators(collection_id) == []
    told: dict[str, Any] = {name: preview[name] for name in ("file_handle", "mapping", "ignore_first_line")}
    told["mapping"] = ["observable", "valid_from"]  # what the person who was asked put right
    if as_text:
        told = {name: str(value) for name, value in told.items()}
    run = platform.run(ImportIndicatorsFromFile, collection_id=collection_id, **told)
    assert run.error is None
    assert run.results
    assert "warning: The rows of the uploaded file are not checked, because file_path is not set" in run.logs
    assert (run.results["status"], run.results["imported"]) == ("completed", 2)
    assert (run.results["submitted"], run.results["cleaned"], run.results["by_type"]) == (None, None, None)
    there = {indicator["name"]: indicator for indicator in sandbox.indicators(collection_id)}
    assert there["a.example.com"]["valid_from"].startswith("2030-01-31")


TABLE = f"""type,indicator,sha256,c2,reference,comment,to_ids,until,expires,md5,tags
domain,a.example.com,{'0' * 63}1,c.example.com,https://x.example.com/r,note,1,2020-01-01,2031-01-01,x,x
ip,192.0.2.1,{'0' * 63}2,d.example.com,https://x.example.com/r,{'n' * 501},1,01/02/2030,2031-01-01,,y
url,http://b.example.com/,,,,,1,never,,,z
"""


def test_each_column_is_described(platform: Platform, collection_id: str) -> None:
    """What each column contains, what it is mapped to and why, and everything that is lost along the way, for a person
    to decide."""
    (platform.storage / "feed.csv").write_text(TABLE)
    run = platform.run(PreviewIndicatorsFile, collection_id=collection_id, file_path="feed.csv")
    preview = run.results
    assert preview
    told = {column["heading"]: (column["kinds"], column["mapped_to"], column["why"]) for column in preview["columns"]}
    holds = "it contains indicators, but another column is the observable"
    assert told == {
        "type": ({}, None, "its heading says that it contains the types of the indicators"),
        "indicator": (
            {"domain": 1, "ipv4": 1, "url": 1},
            "observable",
            "its cells are indicators, and its heading says so",
        ),
        "sha256": ({"sha256": 2}, None, holds),
        "c2": ({"domain": 2}, None, holds),
        "reference": ({"url": 2}, None, "its heading says that it contains references"),
        "comment": ({}, "description", "its heading says so"),
        "to_ids": ({}, None, "its heading says that it marks what is for detection"),
        "until": ({}, "valid_until", "its heading says so"),
        "expires": ({}, None, "another column is used for this"),
        "md5": ({}, None, "another column is used for this"),
        "tags": ({}, None, "its heading is not known"),
    }
    assert [column["column"] for column in preview["columns"]] == list(range(1, 12))
    assert preview["values"] == 2
    assert (
        "Column 4 (“c2”) of feed.csv contains 2 indicators in its first rows, which are not imported: to import "
        "these, run" in run.logs
    )
    assert (
        "ignore, ignore, ignore, observable, ignore, description, ignore, valid_until, ignore, ignore, ignore"
        in run.logs
    )
    assert (
        "Column 5 (“reference”) of feed.csv contains 2 indicators in its first rows, which are not imported, since"
        in run.logs
    )
    assert "1 row has an end of validity that is in the past (the first in line 2)" in run.logs


def test_columns_of_different_kinds_are_described(platform: Platform, collection_id: str) -> None:
    """Columns that are named after different kinds are all imported, and a warning says how to import only one."""
    (platform.storage / "feed.csv").write_text("domain,ip\na.example.com,192.0.2.1\nb.example.com,\n")
    run = platform.run(PreviewIndicatorsFile, collection_id=collection_id, file_path="feed.csv")
    assert run.results
    assert run.results["values"] == 3
    why = "these columns are named after different kinds of indicators"
    assert [(column["mapped_to"], column["why"]) for column in run.results["columns"]] == [
        ("observable", why),
        (None, f"its indicators are used too, since {why}"),
    ]
    assert (
        "1 (“domain”), 2 (“ip”) of feed.csv hold indicators of different kinds, and all of these are impo" in run.logs
    )


def test_the_same_twice_is_described(platform: Platform, collection_id: str) -> None:
    """A column that repeats the indicators is not a loss, and is described as a repetition."""
    (platform.storage / "feed.csv").write_text("ioc,name\na.example.com,a.example.com\n")
    run = platform.run(PreviewIndicatorsFile, collection_id=collection_id, file_path="feed.csv")
    assert run.results
    assert [column["why"] for column in run.results["columns"]] == [
        "its cells are indicators, and its heading says so",
        "it contains the same indicators as the observable column",
    ]
    assert "not imported" not in run.logs


def test_hashes_of_one_file_are_described(platform: Platform, collection_id: str) -> None:
    """Columns of hashes that are sent together say so."""
    (platform.storage / "feed.csv").write_text(f"md5,sha256\n{'1' * 32},{'2' * 64}\n")
    preview = platform.run(PreviewIndicatorsFile, collection_id=collection_id, file_path="feed.csv").results
    assert preview
    assert [(column["mapped_to"], column["why"]) for column in preview["columns"]] == [
        (None, "its hashes are joined with the strongest hash in their row"),
        ("observable", "the hash columns describe one file in each row"),
    ]


def test_an_upload_is_confirmed_by_its_file(sandbox: Sandbox, platform: Platform, collection_id: str) -> None:
    """Without LiveAPI, the file that was uploaded tells what to look for; it is not uploaded again, as it is sent as it is."""
    (platform.storage / "feed.csv").write_text("IOC\na.example.com\nb.example.com\nc.example.com\n")
    preview = platform.run(PreviewIndicatorsFile, collection_id=collection_id, file_path="feed.csv").results
    assert preview
    sandbox.faults.live_status = 502
    uploads = sum(request.path.endswith("/preview") for request in sandbox.requests)
    run = platform.run(
        ImportIndicatorsFromFile,
        collection_id=collection_id,
        file_path="feed.csv",
        valid_until="2031-01-01",
        **{name: preview[name] for name in ("file_handle", "mapping", "ignore_first_line")},
    )
    assert run.error is None
    assert run.results
    assert (run.results["status"], run.results["confirmed_by"]) == ("completed", "api")
    assert (run.results["submitted"], run.results["unrecognized_count"]) == (3, 0)
    assert uploads == sum(request.path.endswith("/preview") for request in sandbox.requests)


def test_an_upload_with_rows_to_leave_out(sandbox: Sandbox, platform: Platform, collection_id: str) -> None:
    """If the file is given as well, excluded rows are never imported: the file is uploaded again without them."""
    (platform.storage / "feed.csv").write_text(FEED)
    run = platform.run(
        ImportIndicatorsFromFile,
        collection_id=collection_id,
        file_path="feed.csv",
        file_handle="an upload of another program",
        mapping="observable,ignore",
        ignore_first_line=True,
    )
    assert run.error is None
    assert {indicator["name"] for indicator in sandbox.indicators(collection_id)} == {"a.example.com", "b.example.com"}


def test_a_file_that_cannot_be_read(sandbox: Sandbox, platform: Platform, collection_id: str) -> None:
    """A file that cannot be previewed is not uploaded."""
    (platform.storage / "feed.csv").write_text("a.example," + "x" * 200_000 + "\n")
    run = platform.run(PreviewIndicatorsFile, collection_id=collection_id, file_path="feed.csv")
    assert run.error and run.error.startswith("The file feed.csv cannot be used: it cannot be read as CSV")
    assert sandbox.requests == []


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"file_handle": "h"}, "file_handle must come with mapping and ignore_first_line"),
        (
            {},
            "at least one of file_path, file_handle is required, but all of them are empty: check the step that "
            "fills them",
        ),
        (
            {"file_handle": "h", "mapping": "observable", "ignore_first_line": "no", "strict": "yes"},
            "strict needs the file itself: set file_path in addition to file_handle",
        ),
    ],
)
def test_arguments_of_an_upload(
    sandbox: Sandbox, platform: Platform, collection_id: str, arguments: dict[str, Any], sentence: str
) -> None:
    """An upload needs what the preview returned, and cannot be read again."""
    run = platform.run(ImportIndicatorsFromFile, collection_id=collection_id, **arguments)
    assert run.error == f"The action's arguments are not valid: {sentence}."
    assert sandbox.requests == []


def test_an_unknown_upload(platform: Platform, collection_id: str) -> None:
    """An upload that Sekoia forgot is an error that says so."""
    run = platform.run(
        ImportIndicatorsFromFile,
        collection_id=collection_id,
        file_handle="h",
        mapping="observable",
        ignore_first_line=True,
    )
    assert run.error is not None
    assert run.error.startswith("Sekoia has no such uploaded file (HTTP 404) while starting the import of the file")


def test_what_is_doubtful_is_told(platform: Platform, collection_id: str) -> None:
    """Joined columns, dates whose order the table shows, wide rows, and a second heading are reported."""
    (platform.storage / "feed.csv").write_text(
        "Domain,IP,Note,Valid until (dd/mm/yyyy)\na.example.com,,x,05/06/2031\n,192.0.2.1,one,two,x\nDomain,Type,Note\n"
    )
    run = platform.run(PreviewIndicatorsFile, collection_id=collection_id, file_path="feed.csv")
    assert run.results
    assert [column["why"] for column in run.results["columns"]][:2] == [
        "each row has its indicator in one of these columns",
        "its indicators are used too, since each row has its indicator in one of these columns",
    ]
    for said in (
        "in column 1 (“Domain”), joined with column 2 (“IP”), since each row has its indicator in one of these columns;",
        "valid_until: 1 date was converted to ISO 8601 in the column “Valid until (dd/mm/yyyy)”, read day first",
        "1 row has more cells than the heading (the first in line 3), and the surplus cells are not used",
        "Row 4 looks like the heading of another table",
    ):
        assert said in run.logs
