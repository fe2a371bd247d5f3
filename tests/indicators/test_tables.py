"""Tables: how files of rows are written."""

from __future__ import annotations

import io

import pytest

from sekoia_cti.indicators.input_errors import UnreadableFile
from sekoia_cti.indicators.tables import Row, look


def rows(text: str) -> list[Row]:
    """The rows of a file."""
    return [row for _, row in look(lambda: io.BytesIO(text.encode())).rows()]


@pytest.mark.parametrize("mark", [",", ";", "\t", "|", "^"])
def test_delimiters(mark: str) -> None:
    """The mark that cuts rows is found, whatever marks are in the cells."""
    text = "ioc~note\na.example~x, y; z\nb.example~\n".replace("~", mark)
    expected = [["ioc", "note"], ["a.example", "x, y; z"], ["b.example", ""]]
    if mark in ",;":
        text = text.replace("x, y; z", '"x, y; z"')
    assert rows(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "http://a.example/?a=1,2\nhttp://b.example/?a=1,2,3\n",
        "URL\nhttp://a.example/1,2\nhttp://b.example/1,2\n",
        "hxxp://a[.]example/?a=1;b\nhxxps://b[.]example/\nhxxps://c[.]example/?x;y\n",
        "||a.example^\n||b.example^$third-party\n",
    ],
)
def test_one_column(text: str) -> None:
    """Marks that are part of what a single column holds cut nothing."""
    assert all(len(row) == 1 for row in rows(text))
    assert not look(lambda: io.BytesIO(text.encode())).is_plain  # as another program may cut it


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("http://a.example/x,malware\nhttp://b.example/y,malware\n", 2),
        ("http://a.example/?x=1,malware\nhttp://b.example/?y=2,malware\n", 2),
        ("ioc,note\na.example,x\n# end, of, the, feed\n# 1 row\n", 2),
    ],
)
def test_several_columns(text: str, columns: int) -> None:
    """What is the same in each row cuts it; comments have no say."""
    assert len(rows(text)[0]) == columns


@pytest.mark.parametrize(
    ("text", "row"),
    [('ioc,note\na.example,"x\nb.example,y\n', 2), ('"', 1), ('ioc,note\na.example,x\n"b.example', 3)],
)
def test_a_quotation_mark_that_is_never_closed(text: str, row: int) -> None:
    """It would swallow all rows that follow, and is an error that names its row."""
    with pytest.raises(UnreadableFile, match=f"row {row} has a quotation mark that is never closed"):
        rows(text)


@pytest.mark.parametrize(
    ("text", "swallowed"),
    [
        ('ioc,note\na.example,"x\nb.example,y\nc.example,"z\nd.example,z\n', {2: "b.example,y"}),
        ('ioc,note\na.example,"x\n""b.example"",y\n"\n', {2: '"b.example",y'}),
        ('ioc,note\na.example,"first, second\nthird, fourth"\nb.example,y\n', {}),
        ('ioc,note\na.example,"see b.example\nand c.example, too"\n', {}),
        ('ioc,note\n"192.0.2.1,192.0.2.2\n192.0.2.3,192.0.2.4",x\n', {}),
        ('ioc\n"a.example\nb.example"\n', {}),
    ],
)
def test_rows_within_quotation_marks(text: str, swallowed: dict[int, str]) -> None:
    """Lines of a cell that look like rows are noted, as a quotation mark may be missing; those of prose and lists are not."""
    table = look(lambda: io.BytesIO(text.encode()))
    assert len(list(table.rows())) > 1
    assert table.swallowed == swallowed


def test_a_last_row_without_an_end() -> None:
    """A quotation mark in a cell and a missing end of the last line are no fault."""
    assert rows('ioc,note\na.example,5" disk\nb.example,"x ""y"""') == [
        ["ioc", "note"],
        ["a.example", '5" disk'],
        ["b.example", 'x "y"'],
    ]
