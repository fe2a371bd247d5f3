"""Tables of indicators: each observable is accounted for, and cleaning changes nothing else."""

from __future__ import annotations

import csv
import io
from datetime import date, datetime

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sekoia_cti.indicators.account import Unrecognized
from sekoia_cti.indicators.errors import InputError
from sekoia_cti.indicators.reading import read
from sekoia_cti.indicators.tables import Column, first_rows, survey, write_cleaned

MD5, SHA1 = "d41d8cd98f00b204e9800998ecf8427e", "da39a3ee5e6b4b0d3255bfef95601890afd80709"


def cleaned(content: bytes, column: Column) -> str:
    """A CSV with its observables cleaned."""
    text = io.StringIO(newline="")
    write_cleaned(io.BytesIO(content), "csv", column, text)
    return text.getvalue()


def test_each_observable_is_accounted_for() -> None:
    """Blank cells aside, each is of a type or reported with its row; those that cleaning changes are counted."""
    content = (
        b"IOC, Comment\n"
        b"evil[.]example.com,a\n"
        b" 192.0.2.1 ,b\n"
        b"\n"
        b'"a.example.com\n",c\n'
        b",nothing here\n"
        b"192.0.2.0/24,d\n"
        b"# later,e\n"
        b"short-row.example.com\n"
    )
    found = survey(io.BytesIO(content), "csv", Column(0, skip_first=True))
    assert (found.values, found.changes) == (6, 3)
    assert found.by_type == {"domain": 3, "ipv4": 1}
    assert found.unrecognized_count == 2
    assert found.unrecognized == [
        Unrecognized(7, "192.0.2.0/24", "a network, not an address"),
        Unrecognized(8, "# later", "a comment"),
    ]
    assert found.sample[0] == "evil.example.com"
    assert found.sample[-1] == "short-row.example.com"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(
            "ioc,note\nhxxp://evil[.]example/a[.]b,x [.] y\n",
            "ioc,note\nhttp://evil.example/a.b,x [.] y\n",
            id="other cells stay",
        ),
        pytest.param('ioc;note\na[.]example;"1;2"\n', 'ioc;note\na.example;"1;2"\n', id="the delimiter stays"),
        pytest.param("ioc\tnote\r\na[.]example\tx\r\n", "ioc\tnote\na.example\tx\n", id="tabs"),
        pytest.param(
            'ioc,note\na[.]example,"two\nlines"\n', 'ioc,note\na.example,"two\nlines"\n', id="cells span lines"
        ),
        pytest.param(f"ioc,x\n{MD5};{SHA1},y\n", f'ioc,x\n"{MD5},{SHA1}",y\n', id="hashes of one file"),
        pytest.param(
            "ioc\nhttp://a.example/?x,y\nb[.]example\n", 'ioc\n"http://a.example/?x,y"\nb.example\n', id="one column"
        ),
        pytest.param("ioc,x\n[domain-name:value = 'a.example'],y\n", "ioc,x\na.example,y\n", id="a STIX pattern"),
        pytest.param(
            "ioc,x\n# a comment,y\n\n ,z\nb[.]example\n", "ioc,x\n# a comment,y\n\n ,z\nb.example\n", id="rows stay"
        ),
        pytest.param("ioc,x\ra[.]example,y\r", "ioc,x\na.example,y\n", id="line ends of old Macs"),
        pytest.param("ïoc,x\na[.]example,é\n", "ïoc,x\na.example,é\n", id="Latin-1"),
    ],
)
def test_only_observables_are_cleaned(before: str, after: str) -> None:
    """All rows and all other cells are there, in any encoding."""
    for encoding in ("utf-8", "utf-8-sig", "utf-16", "latin-1"):
        assert cleaned(before.encode(encoding), Column(0, skip_first=True)) == after


def test_cells_of_many_lines_hide_no_column() -> None:
    """A table whose cells span so many lines that most lines hold no delimiter is still a table."""
    note = "\n".join(["a line; of text"] * 20)
    content = f'ioc,note\na[.]example,"{note}"\nb.example,"{note}"\n'
    assert cleaned(content.encode(), Column(0, skip_first=True, of=2)) == content.replace("[.]", ".")


def test_columns_that_cannot_be_told_apart() -> None:
    """A file of several columns in which no delimiter is found is not ours to rewrite."""
    with pytest.raises(InputError, match="has 3 columns, and it is not clear what separates them"):
        survey(io.BytesIO(b"a.example\nb.example/x,y\nc.example\n"), "csv", Column(0, skip_first=False, of=3))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_marks_within_cells_end_no_row(encoding: str) -> None:
    """Separators that Unicode has for lines belong to the cell they stand in."""
    before = "ioc,x\na[.]example,one\u2028two\x85three\x0cfour\n"
    assert cleaned(before.encode(encoding), Column(0, skip_first=True, of=2)) == before.replace("[.]", ".")


def test_refanging_can_be_left_out() -> None:
    """Without refanging a defanged observable stays, and is reported."""
    content = b"a[.]example,x\n b.example ,y\n"
    column = Column(0, skip_first=False, refanging=False)
    found = survey(io.BytesIO(content), "csv", column)
    assert (found.values, found.changes, found.unrecognized_count) == (2, 1, 1)
    assert cleaned(content, column) == "a[.]example,x\nb.example,y\n"


def test_a_workbook_becomes_csv() -> None:
    """Dates are ISO 8601 in UTC, and whole numbers have no decimal point."""
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    assert sheet is not None
    sheet.append(["IOC", "Until", "Score", "Seen", None])
    until = datetime(2030, 1, 31, 12, 30)  # noqa: DTZ001  # as workbooks have it
    sheet.append(["a[.]example", until, 90.0, date(2024, 2, 29), 1.5])
    content = io.BytesIO()
    workbook.save(content)
    content.seek(0)
    text = io.StringIO(newline="")
    write_cleaned(content, "xlsx", Column(0, skip_first=True), text)
    assert text.getvalue() == "IOC,Until,Score,Seen,\na.example,2030-01-31T12:30:00Z,90,2024-02-29,1.5\n"


@pytest.mark.parametrize("kind", ["xls", "xlsx"])
def test_no_workbook(kind: str) -> None:
    """What is no workbook is an error of the input."""
    with pytest.raises(InputError, match=f"cannot be read as {kind.upper()}"):
        survey(io.BytesIO(b"nothing"), kind, Column(0, skip_first=False))  # type: ignore[arg-type]  # of a list


def test_no_csv() -> None:
    """A cell beyond what the reader takes is an error of the input."""
    with pytest.raises(InputError, match="cannot be read as CSV"):
        survey(io.BytesIO(b"a,b\n" + b"x" * 200_000 + b",y\n"), "csv", Column(0, skip_first=False))


def test_first_rows_of_nothing() -> None:
    """An empty file has no rows."""
    assert first_rows(io.BytesIO(b""), "csv", 1) == []
    assert first_rows(io.BytesIO(b"\n\n"), "csv", 1) == [[]]
    assert first_rows(io.BytesIO(b"a,b\nc,d\ne,f\n"), "csv", 2) == [["a", "b"], ["c", "d"]]


cells = st.text(
    st.characters(codec="utf-8", exclude_characters="\0\r\x85\u2028\u2029\x1c\x1d\x1e\x0b\x0c\ufeff"), max_size=12
)


@given(st.lists(st.tuples(cells, cells), min_size=1, max_size=8))
def test_nothing_is_lost(rows: list[tuple[str, str]]) -> None:
    """Whatever the cells hold: the others stay as they are, and an observable is what it would be in text."""
    text = io.StringIO(newline="")
    csv.writer(text, quoting=csv.QUOTE_ALL).writerows([("ioc", "x"), *rows])
    after = list(csv.reader(io.StringIO(cleaned(text.getvalue().encode(), Column(0, skip_first=True)), newline="")))
    assert [row[1] for row in after[1:]] == [other for _, other in rows]
    for (observable, _), row in zip(rows, after[1:], strict=True):
        assert row[0] == next(iter(read([observable], send_unrecognized=True).values), observable)
