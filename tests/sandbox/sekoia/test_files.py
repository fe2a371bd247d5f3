"""Files: preview and processing of CSV, XLS and XLSX."""

import csv
import io
from datetime import UTC, date, datetime
from typing import Any

import openpyxl
import pytest
import xlwt

from sandbox import Sandbox
from sandbox.sekoia.store import KEPT_FILES
from tests.sandbox.conftest import API, Listen, import_end

CSV, XLS = "text/csv", "application/vnd.ms-excel"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
THREAT = "threat-actor--1bd0e9b4-8a5c-4a0e-9d0c-3c8a2e6f7b11"


def as_csv(rows: list[list[Any]], encoding: str = "utf-8", **form: Any) -> bytes:
    """A CSV file."""
    text = io.StringIO(newline="")
    csv.writer(text, **form).writerows(rows)
    return text.getvalue().encode(encoding)


def as_xlsx(rows: list[list[Any]]) -> bytes:
    """An XLSX workbook, its rows in the first of two sheets."""
    workbook, file = openpyxl.Workbook(), io.BytesIO()
    sheet = workbook.active
    assert sheet is not None
    for row in rows:
        sheet.append(row)
    workbook.create_sheet().append(["second.example"])
    workbook.save(file)
    return file.getvalue()


def as_xls(rows: list[list[Any]]) -> bytes:
    """An XLS workbook."""
    workbook, file = xlwt.Workbook(), io.BytesIO()
    sheet = workbook.add_sheet("Sheet")
    for number, row in enumerate(rows):
        for column, value in enumerate(row):
            sheet.write(number, column, value)
    workbook.save(file)
    return file.getvalue()


class Files:
    """The calls for files of one collection."""

    def __init__(self, api: API, collection_id: str) -> None:
        self.api = api
        self.path = f"/ioc-collections/{collection_id}/indicators/files"

    def preview(self, content: bytes, mime: str = CSV) -> dict[str, Any]:
        """What the preview of a file tells."""
        answer = self.api("POST", f"{self.path}/preview", files={"file": ("feed", content, mime)})
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def refused(self, content: bytes, mime: str | None = CSV) -> str:
        """Why a file is refused."""
        return self.api.refused("POST", f"{self.path}/preview", files={"file": ("feed", content, mime)})

    def process(self, content: bytes, mapping: list[str | None], mime: str = CSV, **more: Any) -> None:
        """Imports a file."""
        body = {"file_handle": self.preview(content, mime)["file_handle"], "mapping": mapping}
        answer = self.api("POST", f"{self.path}/process", json={**body, "ignore_first_line": False, **more})
        assert answer.status_code == 202, answer.text


@pytest.fixture
def files(api: API, collection_id: str) -> Files:
    """The calls for files of the collection."""
    return Files(api, collection_id)


# Preview


@pytest.mark.parametrize(
    ("rows", "mapping", "has_heading"),
    [
        ([["example.com"], ["example.org"]], ["observable"], False),
        ([["anything"], ["example.org"]], ["observable"], True),
        ([["example.com"]], ["observable"], False),
        ([["IOC", "Valid From", "valid-until"], ["x", "y", "z"]], ["observable", "valid_from", "valid_until"], True),
        ([["observable", "observable"], ["x.example", "y.example"]], ["observable", None], True),
        (
            [["seen", "note", "2030-01-01", "2031-01-01T00:00:00Z", "delivery, Installation", "192.0.2.1"]] * 2,
            [None, None, "valid_from", "valid_until", "kill_chain_phases", "observable"],
            False,
        ),
        ([["a", "b"], ["c"], ["d", "e", "f"]], [None, None, None], True),
        ([["example.com", ""], ["", "2030-01-01"], ["x", ""]], [None, "valid_from"], False),
    ],
)
def test_detection(files: Files, rows: list[list[str]], mapping: list[str | None], has_heading: bool) -> None:
    """Columns are found by their headings first and by their cells second."""
    found = files.preview(as_csv(rows))
    assert (found["mapping"], found["ignore_first_line"]) == (mapping, has_heading)
    assert found["preview"] == rows
    assert found["file_handle"]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiters(files: Files, delimiter: str) -> None:
    """The delimiter is detected, and quoted ones belong to the cell."""
    rows = [["http://example.com/a,b;c", f"one{delimiter} two"], ["http://example.org/", "three"]]
    assert files.preview(as_csv(rows, delimiter=delimiter))["preview"] == rows


def test_one_column_with_delimiters_in_it(files: Files) -> None:
    """URLs with commas are not cut."""
    lines = [b"http://example.com/a,b", b"http://example.com/c", b"http://example.com/", b"http://example.com/;,"]
    assert files.preview(b"\n".join(lines))["preview"] == [[line.decode()] for line in lines]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252", "latin-1"])
def test_encodings(files: Files, encoding: str) -> None:
    """The encoding is detected."""
    notes = [
        "Überprüft von der Zentrale für gefährliche Domänen",
        "Déjà vu à l’été".replace("’", "'"),
        "ça va être là",
    ]
    rows = [["http://example.com/", note] for note in notes]
    assert files.preview(as_csv(rows, encoding))["preview"] == rows


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("mapping", {"mapping": ["observable", None], "ignore_first_line": True}),
        ("columns", {"columns": [{"index": 0, "type": "observable"}, {"index": 1, "type": None}], "has_header": True}),
        ("detected_mapping", {"detected_mapping": ["observable", None], "first_line_is_header": True}),
        ("nested", {"mapping": {"0": "observable", "1": None}, "ignore_first_line": True}),
        ("none", {}),
    ],
)
def test_names_of_what_was_detected(files: Files, sandbox: Sandbox, name: Any, told: dict[str, Any]) -> None:
    """The names are unknown, so clients can be tried with several."""
    sandbox.faults.preview_fields = name
    rows = [["IOC", "note"], ["example.com", "x"]]
    found = files.preview(as_csv(rows))
    assert found.pop("file_handle")
    found = found["preview"] if name == "nested" else found
    assert found.items() >= told.items()
    assert [found[field] for field in found.keys() - told.keys()] == [rows]


@pytest.mark.parametrize(
    ("content", "mime", "message"),
    [
        (b"", CSV, "no rows"),
        (b" \n,,\n", CSV, "no rows"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", CSV, "neither CSV"),
        (b'"' + b"x" * 200_000, CSV, "no CSV"),
        (b"example.com", XLSX, "does not fit"),
        (b"example.com", "application/json", "not accepted"),
        (b"example.com", None, "not accepted"),
        (b"PK\x03\x04 and nothing else", XLSX, "cannot be read"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 and nothing else", XLS, "cannot be read"),
        (as_xlsx([]), XLSX, "no rows"),
        (as_xlsx([["example.com"]]), CSV, "does not fit"),
        (as_xlsx([["example.com"]])[:-500], XLSX, "cannot be read"),
    ],
)
def test_unusable_files(files: Files, content: bytes, mime: str | None, message: str) -> None:
    """A file that is not a table, or not of the kind that its MIME type says, is refused with the reason."""
    said = files.refused(content, mime)
    assert said.startswith("file: ")
    assert message in said


def test_no_file(files: Files) -> None:
    """A preview needs the part `file`."""
    path = f"{files.path}/preview"
    assert files.api.refused("POST", path, files={"other": b"x"}).startswith("file: ")
    assert files.api.refused("POST", path, json={})
    assert files.api.refused("POST", path, data=b"x", headers={"Content-Type": "multipart/form-data; boundary=y"})


# Processing


ROWS: list[list[Any]] = [
    ["value", "from", "until", "phases", "threats", "note"],
    ["example.com", "2030-01-01", "2031-01-01T00:00:00+01:00", "Delivery,impact", f"APT 0,{THREAT}", "own"],
    ["192.0.2.1", "", "", "", "", ""],
    ["no indicator", "", "", "", "", ""],
    ["example.org", "soon", "", "", "", ""],
    ["example.net", "", "", "", "", "x" * 501],
    ["late.example", "2032-01-01", "", "", "", ""],
]
MAPPING = ["observable", "valid_from", "valid_until", "kill_chain_phases", "x_ic_related_threat_refs", "description"]


@pytest.mark.parametrize(("write", "mime"), [(as_csv, CSV), (as_xls, XLS), (as_xlsx, XLSX)])
def test_process(files: Files, sandbox: Sandbox, listen: Listen, collection_id: str, write: Any, mime: str) -> None:
    """Cells come first, defaults second; rows that cannot be understood are ignored."""
    with listen() as connection:
        defaults = {"description": "default", "valid_until": "2031-06-01T00:00:00Z"}
        files.process(write(ROWS), [*MAPPING], mime, ignore_first_line=True, **defaults)
        end = import_end(connection)
    assert (end["total"], end["created"], end["ignored"]) == (6, 2, 4)
    first, second = sandbox.indicators(collection_id)
    assert first["valid_from"] == "2030-01-01T00:00:00.000000Z"
    assert first["valid_until"] == "2030-12-31T23:00:00.000000Z"
    assert first["kill_chain_phases"] == [
        {"kill_chain_name": "lockheed-martin-cyber-kill-chain", "phase_name": "delivery"},
        {"kill_chain_name": "mitre-attack", "phase_name": "impact"},
    ]
    assert first["x_ic_related_threat_refs"][0].startswith("intrusion-set--")
    assert first["x_ic_related_threat_refs"][1] == THREAT
    assert (first["description"], second["description"]) == ("own", "default")
    assert (second["valid_from"], second["valid_until"]) == (second["created"], "2031-06-01T00:00:00.000000Z")


def test_columns_that_are_ignored(files: Files, sandbox: Sandbox, listen: Listen, collection_id: str) -> None:
    """Though they are mapped, they say nothing."""
    sandbox.faults.ignored_columns = ["description", "valid_until"]
    with listen() as connection:
        files.process(as_csv(ROWS), [*MAPPING], CSV, ignore_first_line=True)
        import_end(connection)
    first = sandbox.indicators(collection_id)[0]
    # The default end of a name: 180 days after it begins.
    assert (first["description"], first["valid_from"][:7], first["valid_until"][:7]) == (None, "2030-01", "2030-06")


def test_typed_cells(files: Files, sandbox: Sandbox, listen: Listen, collection_id: str) -> None:
    """Dates and numbers of a workbook are understood."""
    rows = [["example.com", datetime(2030, 1, 1, 12, tzinfo=UTC).replace(tzinfo=None), date(2031, 1, 1), 7]]
    with listen() as connection:
        files.process(as_xlsx(rows), ["observable", "valid_from", "valid_until", "description"], XLSX)
        import_end(connection)
    [indicator] = sandbox.indicators(collection_id)
    assert indicator["valid_from"] == "2030-01-01T12:00:00.000000Z"
    assert indicator["valid_until"] == "2031-01-01T00:00:00.000000Z"
    assert indicator["description"] == "7"


def test_mapping_and_first_line(files: Files, sandbox: Sandbox, listen: Listen, collection_id: str) -> None:
    """Null ignores a column, a short mapping the rest, and the first line counts unless it is to be ignored."""
    content = as_csv([["a.example", "b.example"], ["c.example", "d.example", "e.example"], ["f.example"]])
    with listen() as connection:
        files.process(content, [None, "observable"])
        end = import_end(connection)
        assert (end["total"], end["created"], end["ignored"]) == (3, 2, 1)
        files.process(content, ["observable"], ignore_first_line=True)
        assert import_end(connection)["total"] == 2
    names = [indicator["name"] for indicator in sandbox.indicators(collection_id)]
    assert names == ["b.example", "d.example", "c.example", "f.example"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"mapping": [None]}, "mapping must have one observable column"),
        ({"mapping": ["observable", "observable"]}, "mapping must have one observable column"),
        ({"mapping": ["observable", "description", "description"]}, "mapping has a column twice"),
        ({"mapping": ["observable", "ignore"]}, "mapping.1: "),
        ({"mapping": None}, "mapping: "),
        ({"ignore_first_line": "true"}, "ignore_first_line: "),
        ({"file_handle": None}, "file_handle: "),
    ],
)
def test_invalid_processing(files: Files, change: dict[str, Any], message: str) -> None:
    """Invalid parameters are refused before anything is imported."""
    handle = files.preview(b"example.com\n")["file_handle"]
    body = {"file_handle": handle, "mapping": ["observable"], "ignore_first_line": False}
    assert message in files.api.refused("POST", f"{files.path}/process", json=body | change)


def test_unknown_handle(files: Files, api: API, sandbox: Sandbox) -> None:
    """A handle is known in its own collection only, and as often as one likes."""
    body = {"mapping": ["observable"], "ignore_first_line": False}
    handle = files.preview(b"example.com\n")["file_handle"]
    other = Files(api, sandbox.create_collection()["id"])
    for path, known in ((files.path, handle), (files.path, handle)):
        assert api("POST", f"{path}/process", json={**body, "file_handle": known}).status_code == 202
    for path, unknown in ((files.path, "unknown"), (other.path, handle)):
        assert api("POST", f"{path}/process", json={**body, "file_handle": unknown}).status_code == 404


def test_old_handles(files: Files) -> None:
    """Only the latest files are kept."""
    handles = [files.preview(b"example.com\n")["file_handle"] for _ in range(KEPT_FILES + 1)]
    body = {"mapping": ["observable"], "ignore_first_line": False}
    answers = [
        files.api("POST", f"{files.path}/process", json={**body, "file_handle": handle}) for handle in handles[:2]
    ]
    assert [answer.status_code for answer in answers] == [404, 202]


@pytest.mark.parametrize(
    ("write", "mime", "count"), [(as_csv, CSV, 10_000), (as_xls, XLS, 2_000), (as_xlsx, XLSX, 2_000)]
)
def test_thousands_of_rows(
    files: Files, sandbox: Sandbox, listen: Listen, collection_id: str, write: Any, mime: str, count: int
) -> None:
    """A larger file of each kind arrives whole."""
    rows = [[f"host-{number}.example", f"row {number}"] for number in range(count)]
    with listen() as connection:
        files.process(write(rows), ["observable", "description"], mime)
        assert import_end(connection)["created"] == count
    indicators = sandbox.indicators(collection_id)
    assert [[indicator["name"], indicator["description"]] for indicator in indicators] == rows
