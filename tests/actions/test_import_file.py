"""Import indicators from file, against the sandbox."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import requests
import xlwt

from sandbox import RestFault, Sandbox
from sekoia_cti.actions.import_file import ImportIndicatorsFromFile
from tests.conftest import Platform

HEADER = ["IOC", "Valid until", "Comment"]
UNKNOWN = [["Name", "Valid until"], *([f"setup{number}.exe", "2030-01-31T00:00:00Z"] for number in range(20))]
ROWS = [[f"d{number}.example", "2030-01-31T00:00:00Z", f"row {number}"] for number in range(2_000)]


def as_csv(path: Path, rows: list[list[str]]) -> None:
    """Write rows as CSV."""
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    path.write_text(text.getvalue())


def as_xlsx(path: Path, rows: list[list[str]]) -> None:
    """Write rows as XLSX."""
    workbook = openpyxl.Workbook(write_only=True)
    sheet = workbook.create_sheet()
    for row in rows:
        sheet.append(row)
    workbook.save(path)


def as_xls(path: Path, rows: list[list[str]]) -> None:
    """Write rows as XLS."""
    workbook = xlwt.Workbook()
    sheet = workbook.add_sheet("IOCs")
    for number, row in enumerate(rows):
        for column, cell in enumerate(row):
            sheet.write(number, column, cell)
    workbook.save(str(path))


Writer = Callable[[Path, list[list[str]]], None]


@pytest.mark.parametrize(
    ("name", "write", "mime_type"),
    [
        ("iocs.csv", as_csv, b"text/csv"),
        ("iocs.xls", as_xls, b"application/vnd.ms-excel"),
        ("iocs.xlsx", as_xlsx, b"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ],
)
def test_thousands_of_rows_are_imported(
    sandbox: Sandbox, platform: Platform, collection_id: str, name: str, write: Writer, mime_type: bytes
) -> None:
    """CSV, XLS and XLSX are imported completely, as reading the collection over REST shows."""
    write(platform.storage / name, [HEADER, *ROWS])
    run = platform.run(
        ImportIndicatorsFromFile,
        collection_id=collection_id,
        file_path=name,
        mapping="['observable', 'valid_until', 'description']",
        ignore_first_line="true",
    )
    assert run.error is None
    assert run.results is not None
    assert (run.results["status"], run.results["confirmed_by"]) == ("completed", "liveapi")
    assert (run.results["submitted"], run.results["imported"], run.results["created"]) == (len(ROWS),) * 3
    assert run.results["mapping"] == ["observable", "valid_until", "description"]
    assert run.results["ignore_first_line"] is True
    (upload,) = [request for request in sandbox.requests if request.path.endswith("/preview")]
    assert b"Content-Type: " + mime_type in upload.body
    there = read_back(sandbox, collection_id)
    assert {(indicator["name"], indicator["description"]) for indicator in there} == {(row[0], row[2]) for row in ROWS}


def read_back(sandbox: Sandbox, collection_id: str) -> list[dict[str, str]]:
    """The indicators of a collection, page after page over REST."""
    items: list[dict[str, str]] = []
    with requests.Session() as session:
        session.trust_env = False
        session.headers["Authorization"] = f"Bearer {sandbox.api_key}"
        while True:
            page = session.get(
                f"{sandbox.url}/api/v2/inthreat/ioc-collections/{collection_id}/indicators",
                params={"limit": 100, "offset": len(items)},
                timeout=10,
            ).json()
            items += page["items"]
            if not page["has_more"]:
                return items


@pytest.mark.parametrize("fields", ["mapping", "columns", "detected_mapping", "nested"])
def test_what_sekoia_detected_is_used(sandbox: Sandbox, platform: Platform, collection_id: str, fields: Any) -> None:
    """If no cell is a recognized indicator, the preview's mapping is used, whatever its fields are called."""
    sandbox.faults.preview_fields = fields
    as_csv(platform.storage / "iocs.csv", UNKNOWN)
    run = platform.run(
        ImportIndicatorsFromFile, collection_id=collection_id, file_path="iocs.csv", send_unrecognized=True
    )
    assert run.error is None
    assert run.results
    assert run.results["mapping"] == ["observable", "valid_until"]
    assert run.results["ignore_first_line"] is True
    assert run.results["imported"] == 20


@pytest.mark.parametrize("write", [as_csv, as_xls, as_xlsx])
def test_a_heading_of_known_names_tells_the_columns(
    sandbox: Sandbox, platform: Platform, collection_id: str, write: Writer
) -> None:
    """A clear heading takes precedence over what Sekoia detects, and the log says so."""
    sandbox.faults.preview_fields = "none"
    write(
        platform.storage / "iocs",
        [[" Tags", "IOC ", "End of validity", "COMMENT"], *(["x", *row] for row in ROWS[:20])],
    )
    run = platform.run(ImportIndicatorsFromFile, collection_id=collection_id, file_path="iocs")
    assert run.error is None
    assert run.results
    assert run.results["mapping"] == [None, "observable", "valid_until", "description"]
    assert run.results["ignore_first_line"] is True
    assert {indicator["description"] for indicator in sandbox.indicators(collection_id)} == {
        row[2] for row in ROWS[:20]
    }
    assert (
        "iocs has the heading in row 1 and its indicators in column 2 (“IOC”), since no other column contains indicators; "
        "valid_until in column 3 (“End of validity”), description in column 4 (“COMMENT”)"
    ) in run.logs


def test_a_file_that_only_sekoia_can_read_is_imported(
    sandbox: Sandbox, platform: Platform, collection_id: str
) -> None:
    """A cell that is too large for the reader does not prevent the import."""
    (platform.storage / "iocs.csv").write_text("a.example," + "x" * 200_000 + "\nb.example,y\n")
    sandbox.faults.rest = [
        RestFault(path="/preview$", status=200, body={"file_handle": "h"}),
        RestFault(path="/process$", status=202, body={"task_id": "t"}),
    ]
    run = platform.run(
        ImportIndicatorsFromFile,
        collection_id=collection_id,
        file_path="iocs.csv",
        mapping="observable,ignore",
        ignore_first_line=False,
        send_unrecognized=True,
        wait=False,
    )
    assert run.error is None
    assert (
        "warning: iocs.csv is sent to Sekoia without a check of its indicators: it cannot be read as CSV" in run.logs
    )
    assert run.results and run.results["task_ids"] == ["t"]


def test_without_a_usable_detection_the_mapping_is_asked_for(
    sandbox: Sandbox, platform: Platform, collection_id: str
) -> None:
    """If neither the cells nor the preview help, nothing is processed, and the error asks for the mapping."""
    sandbox.faults.preview_fields = "none"
    as_csv(platform.storage / "iocs.csv", UNKNOWN)
    run = platform.run(
        ImportIndicatorsFromFile, collection_id=collection_id, file_path="iocs.csv", send_unrecognized=True
    )
    assert run.error == (
        "It is not clear what the columns of iocs.csv contain, so nothing was imported: set the mapping, with one "
        "entry per column, exactly one of them observable."
    )
    (platform.storage / "iocs.csv").write_text("setup.exe," + "x" * 200_000 + "\n")
    sandbox.faults.rest = [RestFault(path="/preview$", status=200, body={"file_handle": "h"})]
    run = platform.run(
        ImportIndicatorsFromFile,
        collection_id=collection_id,
        file_path="iocs.csv",
        mapping="observable,ignore",
        send_unrecognized=True,
    )
    assert run.error == (
        "It is not clear whether the first line of iocs.csv is a heading, so nothing was imported: set "
        "ignore_first_line."
    )
    assert not any(request.path.endswith("/process") for request in sandbox.requests)
    assert sandbox.indicators(collection_id) == []


def test_the_context_holds_for_what_no_column_maps(sandbox: Sandbox, platform: Platform, collection_id: str) -> None:
    """Context arguments fill in what the file does not specify."""
    as_csv(platform.storage / "iocs.csv", ROWS[:3])
    run = platform.run(
        ImportIndicatorsFromFile,
        collection_id=collection_id,
        file_path="iocs.csv",
        mapping=["observable", "valid_until", None],
        ignore_first_line=False,
        description="from a feed",
        valid_until="2040-01-01",
    )
    assert run.error is None
    for indicator in sandbox.indicators(collection_id):
        assert indicator["description"] == "from a feed"
        assert indicator["valid_until"].startswith("2030-01-31")


def test_a_given_mime_type_is_told(sandbox: Sandbox, platform: Platform, collection_id: str) -> None:
    """Sekoia receives the MIME type given in the arguments."""
    as_csv(platform.storage / "iocs.txt", ROWS[:3])
    run = platform.run(
        ImportIndicatorsFromFile,
        collection_id=collection_id,
        file_path="iocs.txt",
        mime_type="text/plain",
        mapping="observable,ignore,ignore",
        ignore_first_line=False,
    )
    assert run.results and run.results["imported"] == 3
    (upload,) = [request for request in sandbox.requests if request.path.endswith("/preview")]
    assert b"Content-Type: text/plain" in upload.body


DEFANGED = [[f"hxxps://d{number}[.]example.com/a[.]b", f"row [.] {number}"] for number in range(200)]
REFANGED = {f"https://d{number}.example.com/a.b" for number in range(200)}


@pytest.mark.parametrize("write", [as_csv, as_xls, as_xlsx])
@pytest.mark.parametrize(
    ("heading", "arguments", "uploads"),
    [
        (["IOC", "Description"], {}, 1),
        (["Host name", "Remark"], {"mapping": "observable,description", "ignore_first_line": True}, 1),
        (["Host name", "Remark"], {"mapping": "observable,description"}, 1),
    ],
)
def test_defanged_observables_are_cleaned(
    sandbox: Sandbox,
    platform: Platform,
    collection_id: str,
    write: Writer,
    heading: list[str],
    arguments: dict[str, Any],
    uploads: int,
) -> None:
    """A cleaned CSV is uploaded instead of the file, in one step."""
    write(platform.storage / "feed", [heading, *DEFANGED])
    run = platform.run(ImportIndicatorsFromFile, collection_id=collection_id, file_path="feed", **arguments)
    assert run.error is None
    assert run.results
    assert run.results["status"] == "completed"
    assert (run.results["submitted"], run.results["cleaned"], run.results["unrecognized_count"]) == (200, 200, 0)
    assert run.results["by_type"] == {"url": 200}
    assert "200 of 200 observables of feed need cleaning, such as refanging: a cleaned CSV is uploaded" in run.logs
    bodies = [request.body for request in sandbox.requests if request.path.endswith("/preview")]
    assert len(bodies) == uploads
    assert b'filename="feed.csv"' in bodies[-1]
    assert b"Content-Type: text/csv" in bodies[-1]
    there = sandbox.indicators(collection_id)
    assert {indicator["name"] for indicator in there} == REFANGED
    assert {indicator["description"] for indicator in there} == {row[1] for row in DEFANGED}


def test_a_clean_file_goes_up_byte_for_byte(sandbox: Sandbox, platform: Platform, collection_id: str) -> None:
    """Nothing in a clean file is changed, not even details that a CSV writer would write differently."""
    content = b'\xef\xbb\xbf"IOC" ;Comment\r\n"a.example";x, y\r\n\r\nhost.example;"z"\r\n'
    (platform.storage / "iocs.csv").write_bytes(content)
    run = platform.run(ImportIndicatorsFromFile, collection_id=collection_id, file_path="iocs.csv")
    assert run.results and (run.results["cleaned"], run.results["imported"]) == (0, 2)
    (upload,) = [request for request in sandbox.requests if request.path.endswith("/preview")]
    assert content in upload.body


def test_unknown_observables_of_a_file_are_reported(sandbox: Sandbox, platform: Platform, collection_id: str) -> None:
    """Unrecognized values are not sent unless requested; `strict` refuses them before anything is sent."""
    as_csv(platform.storage / "iocs.csv", [["IOC", "x"], ["a.example", ""], ["192.0.2.0/24", ""], ["setup.exe", ""]])
    run = platform.run(ImportIndicatorsFromFile, collection_id=collection_id, file_path="iocs.csv", strict=True)
    assert run.error and run.error.startswith(
        "Nothing was imported, since strict is set. 2 values are not recognized indicators"
    )
    assert "line 3 “192.0.2.0/24” (a network, not an address), line 4 “setup.exe” (a file name)" in run.error
    assert not [request for request in sandbox.requests if request.method == "POST"]
    for sent in (False, True):
        run = platform.run(
            ImportIndicatorsFromFile, collection_id=collection_id, file_path="iocs.csv", send_unrecognized=sent
        )
        assert run.error is None
        assert run.results
        assert run.results["unrecognized"] == [
            {"line": 3, "value": "192.0.2.0/24", "reason": "a network, not an address"},
            {"line": 4, "value": "setup.exe", "reason": "a file name"},
        ]
        assert (run.results["unrecognized_count"], run.results["by_type"]) == (2, {"domain": 1})
        assert run.results["submitted"] == (3 if sent else 1)
        assert len(sandbox.indicators(collection_id)) == (2 if sent else 1)


def test_what_cannot_be_read_here_is_refused(sandbox: Sandbox, platform: Platform, collection_id: str) -> None:
    """A file whose observables cannot be checked is uploaded only if the user requests it, and never with `strict`."""
    (platform.storage / "iocs.csv").write_text("a.example," + "x" * 200_000 + "\nb.example,y\n")
    known: dict[str, Any] = {"mapping": "observable,ignore", "ignore_first_line": False}
    for arguments, sentence in (
        ({}, "The file iocs.csv cannot be used: it cannot be read as CSV (field larger than field limit (131072))"),
        (known, "The file iocs.csv cannot be used: it cannot be read as CSV (field larger than field limit (131072))"),
        (
            {"send_unrecognized": True},
            "The file iocs.csv cannot be used: it cannot be read as CSV (field larger than field limit (131072))",
        ),
        (
            known | {"send_unrecognized": True, "strict": True},
            "Nothing was imported, since strict is set and iocs.csv",
        ),
    ):
        run = platform.run(ImportIndicatorsFromFile, collection_id=collection_id, file_path="iocs.csv", **arguments)
        assert run.error is not None and run.error.startswith(sentence)
    assert not [request for request in sandbox.requests if request.method == "POST"]


def test_a_mapping_without_indicators_is_refused(sandbox: Sandbox, platform: Platform, collection_id: str) -> None:
    """A slip in the mapping is told, with the columns that hold some, before anything is uploaded or processed."""
    as_csv(platform.storage / "iocs.csv", [["Name", "IOC", "Server"], ["Emotet", "a.example", "192.0.2.1"]])
    run = platform.run(
        ImportIndicatorsFromFile, collection_id=collection_id, file_path="iocs.csv", mapping="observable,ignore,ignore"
    )
    assert run.error == (
        "The mapping says that column 1 (“Name”) is the observable, but it contains no indicators; indicators are in column 2 "
        "(“IOC”) (1), 3 (“Server”) (1): correct the mapping."
    )
    assert not [request for request in sandbox.requests if request.method == "POST"]


def test_rows_within_quotation_marks_are_told(sandbox: Sandbox, platform: Platform, collection_id: str) -> None:
    """A warning names what a missing quotation mark swallows."""
    (platform.storage / "iocs.csv").write_text('ioc,note\na.example,"x\nb.example,y\nc.example,"z\nd.example,z\n')
    run = platform.run(ImportIndicatorsFromFile, collection_id=collection_id, file_path="iocs.csv")
    assert {indicator["name"] for indicator in sandbox.indicators(collection_id)} == {"a.example", "d.example"}
    assert (
        "warning: 1 row contains lines within quotation marks that look like separate rows and are not imported, such "
        "as "
        "row 2, "
        "“b.example,y”: check whether a quotation mark is missing"
    ) in run.logs


@pytest.mark.fault(
    "Sekoia ignores a column of a file, such as `description`, or keeps another description",
    "Completed, since the values are in; a warning and `context_differs_count` say how many differ",
)
@pytest.mark.parametrize(("lost", "again"), [("none", False), ("none", True), ("all", False)])
def test_what_rows_say_is_looked_for(
    sandbox: Sandbox, platform: Platform, collection_id: str, lost: Any, again: bool
) -> None:
    """Whether Sekoia uses the column is unknown, and its counts do not show it, even for new values."""
    sandbox.faults.lose_events = lost
    rows = [["IOC", "Comment", "Kill chain phases"], ["a.example", "one", "delivery"], ["b.example", "", ""]]

    def differ() -> int:
        as_csv(platform.storage / "iocs.csv", rows)
        arguments = {"collection_id": collection_id, "file_path": "iocs.csv", "known_good": "import"}
        run = platform.run(ImportIndicatorsFromFile, **arguments)
        assert (run.error, run.results and run.results["status"]) == (None, "completed")
        assert run.results
        count = run.results["context_differs_count"] or 0
        assert ("with a different validity, description, kill chain phase or threat" in run.logs) is bool(count)
        return int(count)

    if again:
        assert differ() == 0
        rows[1][1] = "other"
    sandbox.faults.ignored_columns = ["description"]
    assert differ() == 1
    sandbox.faults.ignored_columns = ["description", "kill_chain_phases"]
    rows[2][2] = "impact"
    assert differ() == 2


def test_what_rows_say_is_looked_for_in_a_few_of_many(sandbox: Sandbox, platform: Platform) -> None:
    """Where nothing differs, that takes a search for each of five; a collection that cannot be searched is no error."""
    as_csv(
        platform.storage / "iocs.csv", [["IOC", "Comment"], *([f"d{number}.example", "x"] for number in range(450))]
    )
    for fault in ([], [RestFault(path="/indicators$", query="term=", status=403, times=None)]):
        sandbox.faults.rest, before = fault, len(sandbox.requests)
        fresh = str(sandbox.create_collection(name="Fresh")["id"])
        arguments = {"collection_id": fresh, "file_path": "iocs.csv", "known_good": "import"}
        run = platform.run(ImportIndicatorsFromFile, **arguments)
        assert (run.error, run.results and run.results["status"]) == (None, "completed")
        assert run.results and run.results["context_differs_count"] is None
        read = [call for call in sandbox.requests[before:] if call.path.endswith(("/indicators", "/objects"))]
        assert len(read) == (1 if fault else 5)
