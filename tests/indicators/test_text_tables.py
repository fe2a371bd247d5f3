"""Rows of a table that come as text: which of them are a table, and which cells are read."""

from __future__ import annotations

import pytest

from sekoia_cti.indicators.text_tables import table_in

MD5, SHA256 = "0" * 32, "2" * 64


@pytest.mark.parametrize(
    ("text", "cells"),
    [
        # Below a heading
        ("url,type,date\nhttp://a.example/x,malware,2026-11-01", ["http://a.example/x"]),
        ("url;type\nhttp://a.example/x;malware\nhttp://b.example/;C2", ["http://a.example/x", "http://b.example/"]),
        ("domain\tfirst seen\na.example\t2026-01-01", ["a.example"]),
        ("indicator | note\n192.0.2.1 | C2", ["192.0.2.1"]),
        ("id,indicator\n1,a.example\n2,b[.]example", ["a.example", "b[.]example"]),
        ('indicator,description\na.example,"C2, and more"', ["a.example"]),
        ("# feed\n\nioc,tag\na.example,x", ["a.example"]),
        (
            '#\n# "id","url","urlhaus_link"\n"1","http://a.example/x","http://b.example/1"\n2,http://a.example/y,\n',
            ["http://a.example/x", "http://a.example/y"],
        ),
        ("#ip,ioc\n192.0.2.3,Possible C2 IP\n192.0.2.4,Possible C2 IP", ["192.0.2.3", "192.0.2.4"]),
        ("url,tag\nhttp://a.example/?a=1,2,x", ["http://a.example/?a=1,2"]),
        ("id,url\n1,http://a.example/a,b\n2,http://b.example/x, C2", ["http://a.example/a,b", "http://b.example/x"]),
        (f"md5,sha256,name\n{MD5},{SHA256},a.exe", [f"{MD5},{SHA256}"]),
        ("Domaine;Commentaire\na.example;serveur C2", ["a.example"]),
        ("value,to_ids\na.example,1\nb.example,0", ["a.example"]),
        ("domain,ip\na.example,192.0.2.1\nb.example,", ["a.example; 192.0.2.1", "b.example"]),
        ("url;ip\nhttp://a.example/?x=1,2;192.0.2.1\n", ["http://a.example/?x=1,2; 192.0.2.1"]),
        ("value,type,action\na.example,domain,block\nb.example,domain,Allowed", ["a.example"]),
        ("ioc,verdict\na.example,malicious\nb.example,clean", ["a.example"]),
        ("dst ip,action\n192.0.2.1,allow\n192.0.2.2,deny", ["192.0.2.1", "192.0.2.2"]),
        ("type,value\nlink,http://a.example/report\nurl,http://b.example/x", ["http://b.example/x"]),
        # Without one
        ("a.example,C2 server\nb.example,phishing page\nc.example,C2 server", ["a.example", "b.example", "c.example"]),
        (
            "2026-11-01,a.example,C2\n2026-11-02,b.example,C2\n2026-11-03,192.0.2.9,x",
            ["a.example", "b.example", "192.0.2.9"],
        ),
        ("1;192.0.2.1;C2\n2;192.0.2.2;C2\n3;192.0.2.3;relay", ["192.0.2.1", "192.0.2.2", "192.0.2.3"]),
    ],
)
def test_a_table(text: str, cells: list[str]) -> None:
    """The cells of the column of indicators are read, each in its line."""
    lines = text.splitlines()
    table = table_in(lines)
    assert table is not None
    assert [cell for cell in table.lines if cell] == cells
    assert len(table.lines) == len(lines)
    assert table.rows == len(cells)


@pytest.mark.parametrize(
    "text",
    [
        "a.example\nb.example\nc.example",
        "a.example, b.example\nc.example, d.example\ne.example, f.example",
        f"{MD5},{SHA256}\n{MD5},{SHA256}\n{MD5},{SHA256}",
        "http://a.example/?a=1,2\nhttp://b.example/?a=1,2\nhttp://c.example/?a=3,4",
        "http://a.example/x|y\nhttp://b.example/x|y\nhttp://c.example/x|y",
        "Dear all,\nplease block, at once,\nregards, us",
        "0.0.0.0 a.example\n0.0.0.0 b.example\n0.0.0.0 c.example",
        "a.exe|" + MD5 + "\nb.exe|" + MD5 + "\nc.exe|" + MD5,
        "192.0.2.1|443\n192.0.2.2|443\n192.0.2.3|80",
        "query,answer\na.example,192.0.2.1\nb.example,192.0.2.2",
        "url,type,date",
        "name,description\nx,y\nz,w",
        "",
        "," * 5_000 + "\n" + "," * 5_000,
        '"' * 5_000 + ",\n" + '"' * 5_000 + ",",
    ],
)
def test_no_table(text: str) -> None:
    """Lists stay lists, of several values in a line too, and so does what holds indicators in several columns."""
    assert table_in(text.splitlines()) is None


def test_rows_that_are_not_for_detection_are_told() -> None:
    """A row whose type is a link, or that is not for detection, is left out with the reason."""
    table = table_in(
        "type,value,to_ids\nlink,http://a.example/,1\nurl,http://b.example/,0\nurl,http://c.example/,1".splitlines()
    )
    assert table is not None
    assert table.skipped == [
        ("http://a.example/", "its row says that it is a reference"),
        ("http://b.example/", "its row says that it is not for detection"),
    ]
