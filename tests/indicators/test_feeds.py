"""Feeds and exports as vendors, platforms and people write them, with reserved names: what is sent, and what is
reported."""

from __future__ import annotations

import io
from dataclasses import dataclass

import pytest

from sekoia_cti.indicators.cells import read_cell
from sekoia_cti.indicators.layout import Layout, lay_out
from sekoia_cti.indicators.rows import TableRows
from sekoia_cti.indicators.survey import Survey
from sekoia_cti.indicators.tables import look

SHA256, MD5, SHA1 = "00010203" * 8, "04050607" * 4, "08090a0b" * 5
A, B, C, D = (f"{letter}.example.com" for letter in "abcd")
END = "2026-12-31T00:00:00Z"


@dataclass
class Sent:
    """What is sent of a file.

    Attributes:
        layout: How it was read.
        survey: The account.
        rows: For each value its mapped cells, the value first.
    """

    layout: Layout
    survey: Survey
    rows: list[str]


def sent(content: str) -> Sent:
    """What is sent of a file."""
    data = content.encode()

    def recognize(cell: str) -> list[tuple[str, str]]:
        return [(kind, key) for kind, _, key, _ in read_cell(cell) if kind is not None]

    layout = lay_out(look(lambda: io.BytesIO(data)), recognize)
    assert layout
    text = io.StringIO(newline="")
    survey = TableRows(layout).write(text)
    text.seek(0)
    rows = [row for _, row in look(lambda: io.BytesIO(text.getvalue().encode())).rows()]
    named = sorted(
        ((at, name) for at, name in enumerate(layout.mapping) if name),
        key=lambda one: (one[1] != "observable", one[0]),
    )
    cells = [[row[at] for at, _ in named if at < len(row)] for row in rows[0 if layout.heading is None else 1 :]]
    return Sent(layout, survey, [" | ".join(row) for row in cells])


FEEDS: dict[str, tuple[str, list[str], str]] = {
    # A file, the rows that are sent of it, and the lines that are unrecognized, skipped, and whose cells are not used.
    "Spamhaus": (
        "; Spamhaus DROP List - (c) Spamhaus\n; https://drop.example.org/list.txt\n; Last-Modified: Thu, 20 Nov\n"
        "192.0.2.0/24 ; SBL1\n203.0.113.7/32 ; SBL2\n",
        ["203.0.113.7"],
        "4",
    ),
    "AlienVault": (
        "192.0.2.1#4#2#Scanning#US#Ashburn#39.0#-77.4#3\n192.0.2.2#4#2#Spam#CN##34.7#1#1\n",
        ["192.0.2.1", "192.0.2.2"],
        "",
    ),
    "Cortex XDR": (
        f"indicator,type,reputation,expiration_date,comment,vendor.name,vendor.reliability\n{A},DOMAIN_NAME,BAD,"
        f"1798675200000,c2,x,A\n{SHA256},HASH,BAD,Never,loader,x,A\nevil.exe,FILENAME,BAD,,c2,x,A\n",
        [f"{A} | {END} | c2", f"{SHA256} |  | loader"],
        "4",
    ),
    "Defender": (
        f"Id,Indicator type,Indicator value,Expires on (UTC),Action,Description\n1,URL/Domain,{A},2026-12-31,Block,d\n"
        f"2,File hash,{SHA256},Never,Block,e\n",
        [f"{A} | 2026-12-31 | d", f"{SHA256} |  | e"],
        "",
    ),
    "PhishTank": (
        "phish_id,url,phish_detail_url,verified\n1,https://a.example.com/login,https://phish.example.org/1,yes\n",
        ["https://a.example.com/login"],
        "",
    ),
    "OTX": (
        f"Indicator type,Indicator,Title,Description,Expiration,Is Active\nIPv4,192.0.2.1,,x,,1\ndomain,{A},,y,,0\n",
        ["192.0.2.1 | x | "],
        "3",
    ),
    "OpenCTI": (
        f"id;pattern;valid_from;revoked\n1;[domain-name:value = '{A}'];2026-01-01T00:00:00.000Z;false\n"
        f"2;[domain-name:value = '{B}'];2026-01-01T00:00:00.000Z;true\n",
        [f"{A} | 2026-01-01T00:00:00.000Z"],
        "3",
    ),
    "an export of a collection": (
        f"observable,type,status\n{A},domain-name,active\n{B},domain-name,revoked\n{C},domain-name,expired\n",
        [A, C],
        "3",
    ),
    "German states": (f"IOC;Status\n{A};Aktiv\n{B};Widerrufen\n", [A], "3"),
    "French types": (
        f"type;valeur\nnom de domaine;{A}\nnom de fichier;{B}\nclé de registre;{C}\nlien;https://blog.example.org/r\n",
        [A],
        "3 4 5",
    ),
    "German types": (f"Typ;Wert\nDomäne;{A}\nDateiname;{B}\nVerweis;https://blog.example.org/r\n", [A], "3 4"),
    "a heading once more": (f"ioc,note\n{A},x\nioc,note\n{B},y\n", [f"{A} | x", f"{B} | y"], ""),
    "comments": (
        f"ioc,note\n{A},x\n# next, https://blog.example.org/r\n{B},y\n// other, thing\n---,---\n{C},z\n; end, of list\n",
        [f"{A} | x", f"{B} | y", f"{C} | z"],
        "",
    ),
    "tags before indicators": (f"tag,ioc\n#emotet,{A}\n#c2,{B}\n#3,{C}\n", [A, B, C], ""),
    "phases": (
        f"ioc,kill chain\n{A},C2\n{B},\"['delivery', 'installation']\"\n{C},Reconnaissance / Delivery\n"
        f"{D},lockheed-martin-cyber-kill-chain/delivery\n",
        [f"{A} | command-and-control", f"{B} | delivery, installation", f"{C} | Reconnaissance, Delivery", f"{D} | delivery"],
        "",
    ),
    "a footer": (f"ioc;note\n{A};x\nTotal: 35;\n", [f"{A} | x"], "3"),
    "Markdown": (f"| IOC | Note |\n|---|---|\n| {A} | C2 |\n| 192.0.2.1 | relay |\n", [f"{A} |  C2 ", "192.0.2.1 |  relay "], ""),
    "a table in marks": (f"+-------+----+\n| IOC | Type |\n+-------+----+\n| {A} | domain |\n+-------+----+\n", [A], ""),
    "blanks for columns": (f"IOC              Type\n{A}    domain\n192.0.2.1        ip\n", [A, "192.0.2.1"], ""),
    "whole rows in quotation marks": (f'"ioc,note"\n"{A},x"\n"{B},""y, z"""\n', [f"{A} | x", f"{B} | y, z"], ""),
    "lists in quotation marks": (f'ioc\n"{A},{B}"\n"{C},{D}"\n', [A, B, C, D], ""),
    "URLs in quotation marks": (
        '"http://a.example.com/1,2"\n"http://b.example.com/1,2"\n',
        ["http://a.example.com/1,2", "http://b.example.com/1,2"],
        "",
    ),
    "apostrophes": (f"'ioc','note'\n'{A}','x, y'\n'{B}','z'\n", [f"{A} | x, y", f"{B} | z"], ""),
    "backslashes": (
        f'ioc,note\n{A},"he said \\"x, y\\" twice"\n{B},"C:\\temp\\"\n',
        [f'{A} | he said "x, y" twice', f"{B} | C:\\temp\\"],
        "",
    ),
    "references beside what is defanged": (
        "https://blog.example.org/1,a[.]example[.]com\nhttps://blog.example.org/2,b[.]example[.]com\n",
        [A, B],
        "",
    ),
    "one column a kind": (
        f"Domain,IP,MD5,SHA256,Note\n{A},,,,x\n,192.0.2.1,,,y\n,,{MD5},{SHA256},z\n,,,{SHA256[::-1]},w\n",
        [f"{A} | x", "192.0.2.1 | y", f"{MD5},{SHA256} | z", f"{SHA256[::-1]} | w"],
        "",
    ),
    "short rows of hashes": (
        f"name,md5,sha1,sha256\nx,{MD5},{SHA1},{SHA256}\ny,{MD5[::-1]}\n",
        [f"{MD5},{SHA1},{SHA256}", MD5[::-1]],
        "",
    ),
    "hashes in any order": (
        f'ioc\n"{MD5},{SHA1}"\n"{SHA1},{MD5}"\n"{SHA1};{MD5.upper()}"\n"{SHA1}\n{MD5}"\n"\'{SHA1}\' \'{MD5}\'"\n',
        [f"{MD5},{SHA1}"],
        "",
    ),
    "values and words between them": (
        f"ioc,note\n{A} / {B},x\n192.0.2.1 and 192.0.2.2,y\n{C} & {D},z\n",
        [f"{A} | x", f"{B} | x", "192.0.2.1 | y", "192.0.2.2 | y", f"{C} | z", f"{D} | z"],
        "",
    ),
    "hashes and what is none": (
        f"md5,sha1,sha256\n{MD5},n/a,{SHA256}\n-,{SHA1},None\nN/A,N/A,N/A\n", [f"{MD5},{SHA256}", SHA1], "4"
    ),
    "a log": ("src,dst,proto\n198.51.100.1,192.0.2.1,tcp\n198.51.100.2,192.0.2.2,tcp\n", ["192.0.2.1", "192.0.2.2"], ""),
    "networks alone": ("192.0.2.0/24\n198.51.100.1-198.51.100.9\n", [], "1 2"),
    "a description that is not quoted": (
        f"ioc,note\n{A},one, two, three\n{B},x,,\n", [f"{A} | one, two, three", f"{B} | x"], ""
    ),
    "URLs that are not quoted": (
        "url,note\nhttp://a.example.com/1,2.html,x\nhttp://b.example.com/,one, two\nhttp://c.example.com/,y\n"
        "http://d.example.com/,y\nhttp://e.example.com/,y\n",
        [
            "http://a.example.com/1,2.html | x",
            "http://b.example.com/ | one, two",
            *(f"http://{name}.example.com/ | y" for name in "cde"),
        ],
        "",
    ),
    "URLs at the end that are not quoted": (
        f"note,url\nx,http://a.example.com/1,y\nz,{B}\n", ["http://a.example.com/1,y | x", f"{B} | z"], ""
    ),
    "a type above indicators": (f"type\n{A}\n{B}\n", [A, B], ""),
    "the fuller of two descriptions": (f"ioc,description,comment\n{A},,x\n{B},,y\n", [f"{A} | x", f"{B} | y"], ""),
    "dates of another column": (
        f"ioc,valid from,valid until\n{A},01/02/2026,31/12/2026\n", [f"{A} | 2026-02-01T00:00:00Z | {END}"], ""
    ),
    "dates of a heading": (f"ioc,valid until (dd/mm/yyyy)\n{A},05/06/2031\n", [f"{A} | 2031-06-05T00:00:00Z"], ""),
    "dates of no order": (f"ioc,from,until\n{A},,05/06/2031\n", [], "2"),
    "dates of domains": (f"domain,registrar,expiration date\n{A},x,2020-01-01\n", [A], ""),
    "dates of indicators": ("value,creation date,expiration date\n192.0.2.1,x,2026-12-31\n", ["192.0.2.1 | 2026-12-31"], ""),
    "a hosts file": (f"# hosts\n127.0.0.1 localhost\n0.0.0.0 {A}\n0.0.0.0 {B}\n", [A, B], ""),
    "a filter list": (f"! list\n||{A}^\n||{B}^$third-party\n", [A, B], ""),
}  # fmt: skip


@pytest.mark.parametrize("name", FEEDS)
def test_a_feed(name: str) -> None:
    """What its author meant is sent, with its context, and the rest is reported with its line."""
    content, rows, told = FEEDS[name]
    found = sent(content)
    assert found.rows == rows
    survey = found.survey
    lines = [one.line for one in survey.unrecognized]
    lines += [cell.line for cell in (*survey.skipped_rows, *survey.unused_cells)]
    assert sorted(lines) == list(map(int, told.split()))


@pytest.mark.parametrize(
    "heading",
    [
        "Indicateur;Commentaire;Date d'expiration",
        "Indikator;Beschreibung;Gültig bis",
        "Indicador;Descripción;Válido hasta",
        "Indicatore;Descrizione;Valido fino al",
        "Valore;Commento;Data scadenza",
        "Indicador;Descrição;Válido até",
        "Valor;Comentário;Data de expiração",
        "Indicator;Omschrijving;Geldig tot",
        "Waarde;Toelichting;Verloopt op",
        "Wskaźnik;Opis;Ważny do",
        "Индикатор;Описание;Действителен до",
        "IoC (defanged);Comments / Notes;Expiry Date (UTC)",
        "IOC Value*;Description:;Valid Until (dd.mm.yyyy)",
        "Observable Value;Observable Description;valid_until_utc",
        "Network Indicators;Details;Deactivation date",
        "Malicious Domain / IP;Remarks;Expires",
        "file.hash.sha256;short description;good until",
    ],
)
def test_headings(heading: str) -> None:
    """Names of columns in many tongues, with whatever else they say."""
    found = sent(f"{heading}\na[.]example.com;x;31.12.2026\n")
    assert found.rows == [f"{A} | x | {END}"]
    assert found.layout.mapping == ["observable", "description", "valid_until"]


@pytest.mark.parametrize(
    ("content", "row"),
    [
        (f"ioc,note\n{A},x\n\nhash,file,note\n{SHA256},a.exe,y\n", 4),
        (f"Domain,Note\n{A},x\nComment,SHA256\na.exe,{SHA256}\n", 3),
        (f"indicator,data\ndescription,of the incident\ndomain,{A}\n", None),
        (f"ioc,note\n{A},x\nhostname,none\n", None),
    ],
)
def test_a_second_table(content: str, row: int | None) -> None:
    """What looks like the heading of another table is told, since the columns below it can be others."""
    assert sent(content).survey.second_heading == row


def test_rows_that_are_wider_than_the_heading() -> None:
    """Where it is not clear which cells belong together, the first such row is told; where most are, the heading is odd."""
    rows = f"{A},one,two,x\n{B},z,x\n{C},z,x\n"
    survey = sent(f"ioc,note,date\n{rows}").survey
    assert (survey.surplus, survey.first_surplus) == (1, 2)
    assert sent(f"ioc,note\n{rows}").survey.surplus == 0


def test_several_columns_remain_undecided_or_not() -> None:
    """Columns are taken together only where no row has an indicator in two of them."""
    assert sent(f"Domain,IP\n{A},\n,192.0.2.1\n").layout.joined == (0, 1)
    assert sent(f"Domain,resolved\n{A},192.0.2.1\n,192.0.2.2\n").layout.joined == ()
