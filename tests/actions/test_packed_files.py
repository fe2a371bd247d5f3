"""Files that are packed, and workbooks with several sheets."""

from __future__ import annotations

import gzip
import io
import zipfile

import openpyxl
import pytest

from sandbox import Sandbox
from sekoia_cti.actions.import_file import ImportIndicatorsFromFile
from tests.conftest import Platform

TABLE = b"indicator,description\nevil.example,one\n192.0.2.1,two\n"


def packed(platform: Platform, name: str, members: dict[str, bytes]) -> None:
    """Put an archive into the storage."""
    if name.endswith(".gz"):
        (content,) = members.values()
        (platform.storage / name).write_bytes(gzip.compress(content))
        return
    with zipfile.ZipFile(platform.storage / name, "w") as archive:
        for member, content in members.items():
            archive.writestr(member, content)


@pytest.mark.parametrize("name", ["feed.csv.gz", "feed.zip"])
def test_a_single_packed_file_is_opened(sandbox: Sandbox, platform: Platform, collection_id: str, name: str) -> None:
    """Its table is imported as if it had never been packed."""
    packed(platform, name, {"feed.csv": TABLE})
    run = platform.run(ImportIndicatorsFromFile, collection_id=collection_id, file_path=name)
    assert run.error is None
    assert {indicator["name"] for indicator in sandbox.indicators(collection_id)} == {"evil.example", "192.0.2.1"}


def test_what_cannot_be_unpacked_is_one_sentence(sandbox: Sandbox, platform: Platform, collection_id: str) -> None:
    """A truncated or empty archive, or one with several files: nothing is sent."""
    (platform.storage / "cut.csv.gz").write_bytes(gzip.compress(TABLE)[:-12])
    packed(platform, "empty.csv.gz", {"empty.csv": b""})
    packed(platform, "two.zip", {"a.csv": TABLE, "b.csv": TABLE})
    for name in ("cut.csv.gz", "empty.csv.gz", "two.zip"):
        run = platform.run(ImportIndicatorsFromFile, collection_id=collection_id, file_path=name)
        assert run.error is not None
        assert name in run.error
        assert "Traceback" not in run.logs
    assert sandbox.indicators(collection_id) == []


@pytest.mark.parametrize(
    ("sheet", "expected"), [(None, {"a.example"}), ("second", {"b.example"}), ("2", {"b.example"}), ("third", None)]
)
def test_a_sheet_is_chosen(
    sandbox: Sandbox, platform: Platform, collection_id: str, sheet: str | None, expected: set[str] | None
) -> None:
    """A sheet is chosen by its name or number; a missing one is refused, with the names of the existing sheets."""
    book = openpyxl.Workbook()
    for number, (title, value) in enumerate((("First", "a.example"), ("Second", "b.example"))):
        page = book.active if number == 0 else book.create_sheet()
        assert page is not None
        page.title = title
        page.append(["indicator"])
        page.append([value])
    book.save(platform.storage / "book.xlsx")
    arguments = {"sheet": sheet} if sheet else {}
    run = platform.run(ImportIndicatorsFromFile, collection_id=collection_id, file_path="book.xlsx", **arguments)
    if expected is None:
        assert run.error is not None
        assert "its sheets are “First”, “Second”" in run.error
    else:
        assert run.error is None
        assert {indicator["name"] for indicator in sandbox.indicators(collection_id)} == expected


def book(*sheets: tuple[str, list[str]], hidden: str = "", chart: bool = False) -> bytes:
    """A workbook of sheets of one column."""
    made, target = openpyxl.Workbook(), io.BytesIO()
    made.remove(made.worksheets[0])
    if chart:
        made.create_chartsheet("Chart")
    for title, cells in sheets:
        page = made.create_sheet(title)
        page.sheet_state = "hidden" if title == hidden else "visible"
        for cell in cells:
            page.append([cell])
    made.save(target)
    return target.getvalue()


IOCS = ["IOC", "a.example"]


@pytest.mark.parametrize(
    "content",
    [
        book(("Empty", []), ("IOCs", IOCS)),
        book(("Hidden", ["IOC", "b.example"]), ("IOCs", IOCS), hidden="Hidden"),
        book(("Read me", ["See https://x.example/", "Version 1"]), ("IOCs", [*IOCS, "c.example"])),
        book(("IOCs", IOCS), chart=True),
        book(("Summary", ["b@example.com", "https://x.example/"]), ("IOCs", IOCS)),
    ],
    ids=["empty", "hidden", "prose", "chart", "contacts"],
)
def test_another_sheet_comes_first(sandbox: Sandbox, platform: Platform, collection_id: str, content: bytes) -> None:
    """The first visible sheet with indicators is imported, as a CSV, since other programs may read another one."""
    (platform.storage / "book.xlsx").write_bytes(content)
    run = platform.run(ImportIndicatorsFromFile, collection_id=collection_id, file_path="book.xlsx")
    assert run.error is None
    there = {indicator["name"] for indicator in sandbox.indicators(collection_id)}
    assert "a.example" in there
    assert not there & {"b.example", "b@example.com", "https://x.example/"}
    (upload,) = [request for request in sandbox.requests if request.path.endswith("/preview")]
    assert b'filename="book.csv"' in upload.body


def test_indicators_in_a_hidden_sheet(platform: Platform, collection_id: str) -> None:
    """A hidden sheet is not read unless requested, and the error says how to request it."""
    content = book(("Old", IOCS), ("Notes", ["nothing"]), hidden="Old")
    (platform.storage / "book.xlsx").write_bytes(content)
    run = platform.run(ImportIndicatorsFromFile, collection_id=collection_id, file_path="book.xlsx")
    assert run.error == (
        "No visible sheet of book.xlsx contains a recognized indicator, and hidden ones are not read: to read one, "
        "set the argument sheet to “Old”."
    )
    run = platform.run(ImportIndicatorsFromFile, collection_id=collection_id, file_path="book.xlsx", sheet="Old")
    assert run.results and (run.results["status"], run.results["sheet"]) == ("completed", "Old")


def shifted() -> bytes:
    """A workbook whose column A is empty."""
    made, target = openpyxl.Workbook(), io.BytesIO()
    for cells in (["IOC", "Note"], ["a.example", "x"]):
        made.worksheets[0].append([None, *cells])
    made.save(target)
    return target.getvalue()


def merged() -> bytes:
    """A workbook in which one note belongs to two rows, and a duration is beyond all calendars."""
    made, target = openpyxl.Workbook(), io.BytesIO()
    page = made.worksheets[0]
    for cells in (["IOC", "Note", "Age"], ["a.example", "x", 1e9], ["b.example", None, 1]):
        page.append(cells)
    page.merge_cells("B2:B3")
    page["C2"].number_format = "[h]:mm:ss"
    made.save(target)
    return target.getvalue()


def ods() -> bytes:
    """A workbook of LibreOffice."""
    names = "urn:oasis:names:tc:opendocument:xmlns"
    cell = '<table:table-cell office:value-type="string"><text:p>{}</text:p></table:table-cell>'
    rows = (("IOC", "Note"), ("a.example", "x"))
    cells = "".join(f"<table:table-row>{''.join(map(cell.format, row))}</table:table-row>" for row in rows)
    content = (
        f'<office:document-content xmlns:office="{names}:office:1.0" xmlns:table="{names}:table:1.0" '
        f'xmlns:text="{names}:text:1.0"><office:body><office:spreadsheet><table:table table:name="IOCs">{cells}'
        "</table:table></office:spreadsheet></office:body></office:document-content>"
    )
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", content)
        archive.writestr("META-INF/manifest.xml", "<manifest/>")
    return target.getvalue()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("feed.xlsx", shifted()),
        ("feed.xlsx", merged()),
        ("feed.xlsx", book(("IOCs", ["IOC;Note", "a.example;x"]))),
        ("feed.ods", ods()),
        ("feed.xls", b"IOC\tNote\na.example\tx\n"),
        ("feed.csv", book(("IOCs", IOCS))),
        ("feed.txt", b"IOC^Note\na.example^x\n"),
        ("feed.tsv", "IOC\tNote\na.example\té\n".encode("utf-16")),
    ],
    ids=[
        *("an empty column A", "merged cells", "rows in column A", "ODS"),
        *("text called xls", "a workbook called csv", "another delimiter", "another encoding"),
    ],
)
def test_what_programs_read_differently(
    sandbox: Sandbox, platform: Platform, collection_id: str, name: str, content: bytes
) -> None:
    """It is uploaded as a CSV that every program reads in the same way, although each row could be sent unchanged."""
    (platform.storage / name).write_bytes(content)
    run = platform.run(ImportIndicatorsFromFile, collection_id=collection_id, file_path=name)
    assert run.results and (run.results["status"], run.results["cleaned"]) == ("completed", 0)
    assert {indicator.get("description") or "x" for indicator in sandbox.indicators(collection_id)} <= {"x", "é"}
    (upload,) = [request for request in sandbox.requests if request.path.endswith("/preview")]
    assert b'filename="feed.csv"' in upload.body
    assert b"Content-Type: text/csv" in upload.body
