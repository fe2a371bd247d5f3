"""Whatever bytes a file contains, the outcome is a result or one sentence, and a result accounts for everything
sent."""

from __future__ import annotations

import gzip
import io
import tempfile
import zipfile
from pathlib import Path

import openpyxl
import pytest
import xlwt
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from sekoia_cti.actions.common.sources import read_stored_list
from sekoia_cti.actions.common.stored_table import fetch
from sekoia_cti.actions.common.stored_text import read_text
from sekoia_cti.indicators.cells import read_cell
from sekoia_cti.indicators.input_errors import InputError
from sekoia_cti.indicators.reading import read
from sekoia_cti.local_files import isolated
from sekoia_cti.local_files.outgoing import Outgoing, Wishes, prepare
from sekoia_cti.platform import storage
from tests.indicators.test_file_content import directory

_PIECES = (
    *(
        "ioc",
        "note",
        "until",
        "type",
        "to_ids",
        "md5",
        "sep=;",
        "# ",
        "\n",
        "\r\n",
        "\r",
        ",",
        ";",
        "\t",
        "|",
        '"',
        '""',
        " ",
        "\0",
    ),
    *(
        "a.example",
        "b[.]example",
        "hxxp://c[.]example/x,y",
        "192.0.2.1",
        "0" * 32,
        "1" * 64,
        "192.0.2.2|443",
        "setup.exe",
    ),
    *(
        "2030-01-31",
        "31/12/2030",
        "01/02/2030",
        "never",
        "0",
        "é",
        "\ufeff",
        "{",
        "[",
        "<html>",
        "%PDF-",
        '="',
        "x" * 200,
    ),
)
_TEXTS = st.lists(st.sampled_from(_PIECES), max_size=40).map("".join)
_ENCODINGS = st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252", "utf-32"])
_WRITTEN = st.builds(lambda text, encoding: text.encode(encoding, "replace"), _TEXTS, _ENCODINGS)


def zipped(content: bytes) -> bytes:
    """As the only file of an archive."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo("feed.csv"), content)
    return target.getvalue()


def damaged(content: bytes, at: int, other: bytes, cut: int) -> bytes:
    """With some bytes in the middle replaced, and the end cut off."""
    at %= len(content)
    return (content[:at] + other + content[at + len(other) :])[: len(content) - cut % len(content) or None]


_PLAIN = _WRITTEN | st.binary(max_size=300)
_PACKED = _WRITTEN.map(lambda content: gzip.compress(content, mtime=0)) | _WRITTEN.map(zipped)
_DAMAGED = st.builds(damaged, _PACKED, st.integers(0), st.binary(max_size=8), st.integers(0, 20))
ANY_BYTES = (_PLAIN | _PACKED | _DAMAGED).filter(bool)


def looked_at(content: bytes, folder: Path) -> Outgoing | None:
    """What is to be sent of a file of these bytes."""
    (folder / "feed").write_bytes(content)
    file = storage.find(folder, "feed", "file_path")
    (folder / "scratch").mkdir()
    return prepare(fetch(file, folder / "scratch"), folder / "scratch", Wishes(), seconds=5)


@pytest.mark.fault("Arbitrary bytes as a table", "A result that adds up, or an error in one sentence")
@given(ANY_BYTES)
@example(b"ioc\n" + b"a.example\n" * 3)
@example(b'ioc,note\na.example,"x\n')
@example(b"\0")
@example(b"\xff\xfe")
@example(b"\x1f\x8b")
@example(directory(start=1))
@example(directory(name=0))
@example(b"\r\r\r")
@example(b"sep=,\n")
@example(b'"\n"\n"')
@settings(max_examples=60, deadline=None)
def test_any_bytes_as_a_table(content: bytes) -> None:
    """Everything sent is an indicator, each only once, and as many as the account says."""
    with tempfile.TemporaryDirectory() as name:
        try:
            prepared = looked_at(content, Path(name))
        except InputError as error:
            assert str(error)
            assert "\n" not in str(error)
            return
        if prepared is None:
            return
        values = list(prepared.values())
        assert len(values) == prepared.survey.values == sum(prepared.survey.by_type.values())
        for value in values:
            assert [kind is not None for kind, _, _, _ in read_cell(value)] == [True]
        if prepared.is_original:
            assert prepared.path.read_bytes() == content


@pytest.mark.fault("Arbitrary bytes as text or as a list", "A result that adds up, or an error in one sentence")
@given(ANY_BYTES)
@example(b"[")
@example(b"{" * 3_000)
@example(b'["a.example", {"value": null}]')
@example(b"\xef\xbb\xbf[]")
@settings(max_examples=60, deadline=None)
def test_any_bytes_as_text_and_as_a_list(content: bytes) -> None:
    """The outcome is lines that are accounted for, a list, or one sentence."""
    with tempfile.TemporaryDirectory() as name:
        (Path(name) / "feed").write_bytes(content)
        file = storage.find(Path(name), "feed", "text_path")
        try:
            reading = read(read_text(file, "text_path", "text").splitlines())
        except InputError as error:
            assert str(error).startswith("The file feed of text_path cannot be used: ")
        else:
            assert reading.given == len(reading.values) + reading.duplicates + reading.unrecognized_count
        try:
            assert isinstance(read_stored_list(file), list)
        except InputError as error:
            assert str(error).startswith("The file feed of indicators_path ")


def workbook(kind: str) -> bytes:
    """A small workbook."""
    target = io.BytesIO()
    if kind == "xls":
        old = xlwt.Workbook()
        page = old.add_sheet("IOCs")
        for number in range(20):
            page.write(number, 0, f"d{number}.example" if number else "ioc")
        old.save(target)
    else:
        book = openpyxl.Workbook()
        for number in range(20):
            book.worksheets[0].append([f"d{number}.example" if number else "ioc", number])
        book.save(target)
    return target.getvalue()


WORKBOOKS = {kind: workbook(kind) for kind in ("xls", "xlsx")}


@pytest.mark.parametrize("kind", WORKBOOKS)
@given(st.integers(0), st.binary(min_size=1, max_size=40), st.sampled_from([0, 0, 1, 100, 2_000]))
@example(512, b"\0", 100)  # the parser of XLS panics
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_bytes_as_a_workbook(kind: str, at: int, other: bytes, cut: int) -> None:
    """A damaged workbook is read as far as possible, or causes an error in one sentence."""
    with tempfile.TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patch:
        patch.setattr(isolated, "MOST_MEMORY", 128 * 1024**2)
        try:
            looked_at(damaged(WORKBOOKS[kind], at, other, cut), Path(name))
        except InputError as error:
            assert str(error)
            assert "\n" not in str(error)
