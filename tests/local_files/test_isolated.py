"""Workbooks that crash their reader, or try to: each causes one sentence, within limits, and this process survives."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest
import xlwt

from sandbox import Sandbox
from sekoia_cti.actions.import_file import ImportIndicatorsFromFile
from sekoia_cti.indicators.input_errors import UnreadableFile
from sekoia_cti.local_files import isolated
from tests.conftest import ROOT, Platform

ROW = '<row r="1"><c r="A1" t="inlineStr"><is><t>ioc</t></is></c></row>'


def sheet(rows: str) -> dict[str, str]:
    """A worksheet of these rows, by its name in a workbook."""
    namespace = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    return {
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{namespace}"><sheetData>{ROW}{rows}</sheetData></worksheet>'
    }


def xlsx(parts: dict[str, str]) -> bytes:
    """A workbook some of whose parts are replaced."""
    plain = io.BytesIO()
    openpyxl.Workbook().save(plain)
    target = io.BytesIO()
    with zipfile.ZipFile(plain) as source, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as made:
        for name in {*source.namelist(), *parts}:
            made.writestr(name, parts[name] if name in parts else source.read(name))
    return target.getvalue()


def xls(cut: float) -> bytes:
    """An old workbook that is cut short."""
    workbook, target = xlwt.Workbook(), io.BytesIO()
    page = workbook.add_sheet("IOCs")
    for number in range(500):
        page.write(number, 0, f"d{number}.example")
    workbook.save(target)
    return target.getvalue()[: int(len(target.getvalue()) * cut)]


def days() -> bytes:
    """A duration that no calendar has room for."""
    workbook, target = xlwt.Workbook(), io.BytesIO()
    workbook.add_sheet("IOCs").write(0, 0, 1e9, xlwt.easyxf(num_format_str="[h]:mm:ss"))
    workbook.save(target)
    return target.getvalue()


def strings() -> bytes:
    """Some kilobytes that become many megabytes."""
    text = f"<si><t>{'a' * 10_000}</t></si>"
    return xlsx({"xl/sharedStrings.xml": f"<sst>{text * 10_000}</sst>"})


HOSTILE: dict[str, tuple[Callable[[], bytes], str]] = {
    "an XLS cut short": (lambda: xls(0.5), "it cannot be read as a workbook ("),
    "its first sector alone": (lambda: xls(0.02), "it cannot be read as a workbook ("),
    "an XLSX cut short": (lambda: xlsx({})[:-100], "it is damaged"),
    "a sheet that is no XML": (lambda: xlsx({"xl/worksheets/sheet1.xml": "<worksheet"}), "it "),
    "an XLS with a duration of 1e9 days": (days, "it cannot be read as a workbook (days=1000000000"),
    "a cell at XFD1048576": (
        lambda: xlsx(sheet('<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>')),
        "it is damaged, or takes more memory than allowed",
    ),
    "too many columns": (
        lambda: xlsx(sheet('<row r="2"><c r="XFD2"><v>1</v></c></row>')),
        "it cannot be read as a workbook (it has 16,384 columns, but at most 1,000 are read)",
    ),
    "a bomb": (strings, "it is damaged, or takes more memory than allowed"),
}


@pytest.mark.fault(
    "A workbook is truncated, has a cell at XFD1048576 or a duration of 1e9 days, or is a zip bomb",
    "An error in one sentence, within the limits on memory and time",
)
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_workbook(
    sandbox: Sandbox, platform: Platform, collection_id: str, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """The error says what it is or what to do, and nothing is sent."""
    monkeypatch.setattr(isolated, "MOST_MEMORY", 96 * 1024**2)
    make, sentence = HOSTILE[name]
    (platform.storage / "iocs").write_bytes(make())
    run = platform.run(ImportIndicatorsFromFile, collection_id=collection_id, file_path="iocs")
    assert run.error and run.error.startswith(f"The file iocs cannot be used: {sentence}")
    assert run.error.count(". ") == 0
    assert not [request for request in sandbox.requests if request.method == "POST"]


@pytest.mark.fault("A workbook takes too long to read", "The reader process is killed; an error in one sentence")
def test_a_workbook_that_takes_too_long(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Its reader is ended."""
    (tmp_path / "bomb.xlsx").write_bytes(strings())
    monkeypatch.setattr(isolated, "MOST_SECONDS", 0.01)
    with pytest.raises(UnreadableFile, match="takes more time than allowed"):
        isolated.sheets(tmp_path / "bomb.xlsx", seconds=900)


def test_the_reader_limits_itself(tmp_path: Path) -> None:
    """The kernel ends it, whatever its parser does, and though nobody waits for it any more."""
    (tmp_path / "iocs.xlsx").write_bytes(xlsx({}))
    program = (
        "import resource as r, sys; from sekoia_cti.indicators import workbook; workbook.main(sys.argv[1], '7', '1000000000'); "
        "print(*r.getrlimit(r.RLIMIT_CPU), r.getrlimit(r.RLIMIT_AS)[0], r.getrlimit(r.RLIMIT_CORE)[0])"
    )
    told = subprocess.run(
        [sys.executable, "-P", "-c", program, tmp_path / "iocs.xlsx"],
        env={"PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])},
        capture_output=True,
        check=True,
        text=True,
    ).stdout.splitlines()
    assert told[-1] == "7 8 1000000000 0"


def test_a_reader_that_the_kernel_ends(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Of the time of the processor, nobody is told that it was memory."""
    reader = tmp_path / "reader"
    reader.write_text("#!/bin/sh\nkill -XCPU $$\n")
    reader.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(reader))
    with pytest.raises(UnreadableFile, match="takes more time than allowed"):
        isolated.sheets(tmp_path / "iocs.xlsx", seconds=900)


def test_a_sheet_that_becomes_too_large(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No more is written than allowed."""
    (tmp_path / "iocs.xls").write_bytes(xls(1))
    monkeypatch.setattr(isolated, "MOST_BYTES", 1_000)
    with pytest.raises(UnreadableFile, match="its sheet “IOCs” is too large: save it as CSV"):
        isolated.write_sheet(tmp_path / "iocs.xls", "IOCs", tmp_path / "iocs.csv", seconds=9)
    assert (tmp_path / "iocs.csv").stat().st_size <= 1_000


def test_the_reader_imports_little() -> None:
    """It starts within a tenth of a second, as it loads neither the SDK nor what talks to Sekoia."""
    program = "import sys, sekoia_cti.indicators.workbook; print(*{name.partition('.')[0] for name in sys.modules})"
    told = subprocess.run(
        [sys.executable, "-P", "-c", program],
        env={"PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])},
        capture_output=True,
        check=True,
        text=True,
    ).stdout.split()
    assert "python_calamine" in told
    assert not {"requests", "urllib3", "pydantic", "boto3", "sekoia_automation", "websockets", "ssl"} & set(told)
