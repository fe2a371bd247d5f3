"""Layouts: where a table's heading is, and which column holds its indicators."""

from __future__ import annotations

import io

import pytest

from sekoia_cti.indicators.cells import read_cell
from sekoia_cti.indicators.input_errors import InputError
from sekoia_cti.indicators.layout import Layout, is_heading, lay_out
from sekoia_cti.indicators.tables import look

SHA256, MD5 = "00010203" * 8, "00010203" * 4


def recognize(cell: str) -> list[tuple[str, str]]:
    """The indicators in a cell."""
    return [(kind, key) for kind, _, key, _ in read_cell(cell) if kind is not None]


def laid_out(text: str, mapping: list[str | None] | None = None) -> Layout | None:
    """The layout of a file."""
    return lay_out(look(lambda: io.BytesIO(text.encode())), recognize, mapping=mapping)


@pytest.mark.parametrize(
    ("text", "heading", "first"),
    [
        ("ioc,note\na.example,x\n", ["ioc", "note"], 2),
        ("a.example,x\nb.example,y\n", None, 1),
        ("\n\nioc,note\na.example,x\n", ["ioc", "note"], 4),
        ("sep=;\nioc;note\na.example;x\n", ["ioc", "note"], 3),
        ("# a feed\n# ioc,note\na.example,x\n", ["ioc", "note"], 3),
        ("Report,,\nof the team,,\n,,\nioc,note,until\na.example,x,\n", ["ioc", "note", "until"], 5),
        ("Source,https://x.example/r,\nioc,note,\na.example,x,\n", ["ioc", "note", ""], 3),
        ("Title,,\nhttps://x.example/r,,\nnote,ioc,\nx,a.example,\n", ["note", "ioc", ""], 4),
        ("a.example,x\nioc,note\nb.example,y\n", None, 1),  # put in order with the rows
        ("Indikator;Bemerkung\na.example;x\n", ["Indikator", "Bemerkung"], 2),
        ("Some,names\na.example,x\nb.example,y\n", ["Some", "names"], 2),
    ],
)
def test_the_heading_is_found(text: str, heading: list[str] | None, first: int) -> None:
    """Below what stands above it, without a row being lost."""
    layout = laid_out(text)
    assert layout
    assert (layout.heading, layout.first) == (heading, first)


@pytest.mark.parametrize(
    ("text", "observable", "joined"),
    [
        ("indicator,data\ndomain,a.example\nip,192.0.2.1\n", 1, ()),
        ("name,hash\nsetup.com,{0}\nrun.zip,{0}\n", 1, ()),
        ("value,ioc,score\nEmotet,a.example,5\n", 1, ()),
        ("url,host\nhttp://a.example/x,a.example\nhttp://b.example/y,b.example\n", 0, ()),
        ("tags,domain\nhttps://x.example/1,a.example\nhttps://x.example/2,b.example\nhttps://x.example/3,\n", 1, ()),
        ("reference,seen\nhttps://x.example/1,a.example\nhttps://x.example/2,b.example\n", 1, ()),
        ("source,ioc\nhttps://x.example/1,a.example\n", 1, ()),
        ("src_ip,dst_ip\n192.0.2.1,198.51.100.1\n", 1, ()),
        ("md5,sha256,name\n{1},{0},x\n", 1, (0, 1)),
        ("md5,sha256,name\n{1},{0},x\n{1},,y\n", 0, (0, 1)),
        ("ioc\na.example\n", 0, ()),
        ("domain,ip\na.example,192.0.2.1\nb.example,192.0.2.2\n", 0, (0, 1)),
        ("IP;Domaine;Commentaire\n192.0.2.1;a.example;x\n;b.example;y\n", 1, (0, 1)),
        ("url,host,ip\nhttp://a.example/x,a.example,192.0.2.1\n", 0, (0, 2)),
        ("domains,ips,md5,sha256\na.example,192.0.2.1,{1},{0}\nb.example,,,\nc.example,,,\n", 0, (0, 1, 2, 3)),
        ("value,domain\n192.0.2.1,a.example\n", 0, ()),
        ("sender,recipient\na@a.example,b@b.example\n", 0, ()),
        ("sha256,c2\n{0},a.example\n", 0, ()),
    ],
)
def test_the_cells_outrank_the_heading(text: str, observable: int, joined: tuple[int, ...]) -> None:
    """The column of the indicators is the one that holds them; its heading decides between several."""
    layout = laid_out(text.format(SHA256, MD5))
    assert layout
    assert (layout.observable, layout.joined) == (observable, joined)


def test_what_is_undecided() -> None:
    """Two columns that are full of different indicators are refused, and named, unless they are named after their kinds."""
    with pytest.raises(
        InputError, match=r"it is not clear which of them to import: 1 \(“query”\), 2 \(“answer”\)\. Set the map"
    ):
        laid_out("query,answer\na.example,192.0.2.1\nb.example,192.0.2.2\n")
    with pytest.raises(InputError, match=r"it is not clear which of them to import: 1 \(“ip”\), 2 \(“dst_ip”\)"):
        laid_out("ip,dst_ip\n192.0.2.1,192.0.2.3\n192.0.2.2,192.0.2.4\n")
    with pytest.raises(InputError, match="it is not clear which of them to import: 1, 2"):
        laid_out("a.example,192.0.2.1\nb.example,192.0.2.2\n")
    assert laid_out("name,size\nsetup,12\n") is None
    assert lay_out(look(io.BytesIO), recognize, has_heading=True) is None


def test_a_mapping_is_obeyed() -> None:
    """The user's word counts, also where the indicators of the column begin below the rows that are looked at."""
    text = "a,b\nx,a.example\n" + "x,b.example\n" * 1_200 + "late.example,c.example\n"
    layout = laid_out(text, mapping=["observable", "description"])
    assert layout and layout.observable == 0
    with pytest.raises(
        InputError, match=r"column 1 \(“a”\) is the observable, but it contains no indicators; indicators are in c"
    ):
        laid_out(text.replace("late.example", "late"), mapping=["observable", "description"])
    with pytest.raises(InputError, match="column 3 is the observable, but the file has only 2: correct the mapping"):
        laid_out(text, mapping=[None, None, "observable"])


@pytest.mark.parametrize(
    ("row", "answer"),
    [
        (["IOC", "x"], True),
        (["a.example", "x"], False),
        ([], False),
        (["URL"], True),
        (["x"], False),
        (["", "IOC", "Note"], True),
    ],
)
def test_a_row_alone(row: list[str], answer: bool) -> None:
    """A row of which nothing else is known is a heading if it has names that are known."""
    assert is_heading(row) is answer


@pytest.mark.parametrize(
    ("text", "others"),
    [
        ("name,ioc\na.example,a.example\nb.example,b.example\n", []),
        ("name,ioc\na.example,a.example\nb.example,c.example\n", ["name"]),
        ("name,pattern\n{1},[file:hashes.MD5 = '{1}' OR file:hashes.'SHA-256' = '{0}']\n", []),
        ("url,host\nhttp://a.example/x,a.example\n", ["host"]),
        ("ioc,name\n,a.example\nb.example,b.example\n", ["name"]),
    ],
)
def test_other_columns_of_indicators(text: str, others: list[str]) -> None:
    """Those that hold nothing else than the observable's are not named."""
    layout = laid_out(text.format(SHA256, MD5))
    assert layout
    assert [column.heading for column in layout.unmapped] == others
