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
    """Nothing is imported until the second action gets the upload, which is cleaned, with what the first one told."""
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
            "why": "no other column holds indicators",
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
    assert (run.results["status"], run.results["imported"]) == ("completed", 2)
    assert (run.results["submitted"], run.results["cleaned"], run.results["by_type"]) == (None, None, None)
    there = {indicator["name"]: indicator for indicator in sandbox.indicators(collection_id)}
    assert there["a.example.com"]["valid_from"].startswith("2030-01-31")


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
    """Given the file as well, rows that are not to be sent go up nowhere: the file is uploaded anew without them."""
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
    """Nothing is uploaded that could not be shown."""
    (platform.storage / "feed.csv").write_text("a.example," + "x" * 200_000 + "\n")
    run = platform.run(PreviewIndicatorsFile, collection_id=collection_id, file_path="feed.csv")
    assert run.error and run.error.startswith("The file feed.csv cannot be used: it cannot be read as CSV")
    assert sandbox.requests == []


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"file_handle": "h"}, "file_handle must come with mapping and ignore_first_line"),
        ({}, "at least one of file_path, file_handle is required"),
        (
            {"file_handle": "h", "mapping": "observable", "ignore_first_line": "no", "strict": "yes"},
            "strict needs the file itself: give file_path besides file_handle",
        ),
    ],
)
def test_arguments_of_an_upload(
    sandbox: Sandbox, platform: Platform, collection_id: str, arguments: dict[str, Any], sentence: str
) -> None:
    """An upload needs what a preview told, and cannot be looked at again."""
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
    assert run.error.startswith("Sekoia knows no such uploaded file (HTTP 404) while starting the import of the file")
