"""Rows of tables as they are sent: other cells stay, and each value is accounted for."""

from __future__ import annotations

import io

import pytest

from sekoia_cti.indicators.context_cells import LONGEST_DESCRIPTION
from sekoia_cti.indicators.layout import lay_out
from sekoia_cti.indicators.reading import findings
from sekoia_cti.indicators.rows import TableRows
from sekoia_cti.indicators.survey import Survey
from sekoia_cti.indicators.tables import look


def recognize(cell: str) -> list[tuple[str, str]]:
    """The indicators in a cell."""
    return [(kind, key) for kind, _, key, _ in findings(cell) if kind is not None]


def sent(content: bytes) -> tuple[str, Survey]:
    """The CSV that is sent, and the account."""
    layout = lay_out(look(lambda: io.BytesIO(content)), recognize)
    assert layout is not None
    text = io.StringIO(newline="")
    survey = TableRows(layout).write(text)
    return text.getvalue(), survey


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "ioc,note\nhxxp://evil[.]example/,x [.] y\n",
            "ioc,note\nhttp://evil.example/,x [.] y\n",
        ),
        ('ioc;note\na[.]example;"1;2"\n', 'ioc;note\na.example;"1;2"\n'),
        ("ioc\tnote\r\na[.]example\tx\r\n", "ioc\tnote\na.example\tx\n"),
        ('ioc,note\na[.]example,"two\nlines"\n', 'ioc,note\na.example,"two\nlines"\n'),
        ("ioc,x\ra[.]example,y\r", "ioc,x\na.example,y\n"),
        ('ioc,note\na[.]example,"two\rlines"\n', 'ioc,note\na.example,"two\rlines"\n'),
        ("ioc,x\na.example,one\nA.example,two\nsetup.exe,z\n# end\n", "ioc,x\na.example,one\n"),
    ],
)
def test_other_cells_stay(before: str, after: str) -> None:
    """In any encoding, what is not an observable is sent character for character."""
    for encoding in ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"):
        assert sent(before.encode(encoding))[0] == after


def test_columns_of_different_kinds() -> None:
    """Each value of a row has a row of its own, whatever marks are in it, and an empty word is none."""
    text, survey = sent(
        b'url,ip,sha256,note\n"http://a.example/?x=1,2",192.0.2.1,' + 32 * b"0a" + b",x\nhttp://b.example/,N/A,,y\n"
        b",192.0.2.0/24,,z\n"
    )
    assert [row.split(",")[-1] for row in text.splitlines()] == ["note", "x", "x", "x", "y"]
    assert survey.by_type == {"url": 2, "ipv4": 1, "sha256": 1}
    assert [told.value for told in survey.unrecognized] == ["192.0.2.0/24"]


@pytest.mark.parametrize(
    ("heading", "cell", "reason"),
    [
        ("verdict", "Benign", "not to be blocked, as this cell says"),
        ("Reputation", "whitelisted", "not to be blocked, as this cell says"),
        ("Statut", "faux positif", "not to be blocked, as this cell says"),
        ("status", "revoked", "revoked or not active, as this cell says"),
        ("action", "Allow", "not to be blocked, as this cell says"),
        ("action", "no_action", "not to be blocked, as this cell says"),
        ("is_malicious", "false", "revoked or not active, as this cell says"),
        ("verdict", "unknown", None),
        ("action", "detect", None),
        ("action", "Alert", None),
    ],
)
def test_what_is_not_to_be_blocked(heading: str, cell: str, reason: str | None) -> None:
    """A row whose verdict or action says so is skipped with the reason, and no other one is."""
    text, survey = sent(f"value,{heading}\na.example,{cell}\nb.example,\n".encode())
    assert ("a.example" in text) is (reason is None)
    assert [told.reason for told in survey.skipped_rows] == ([reason] if reason else [])


def test_what_a_firewall_allowed_is_not_allowed() -> None:
    """In a log of addresses, an action is what was done, and not what to do."""
    _, survey = sent(b"dst_ip,action\n192.0.2.1,allow\n")
    assert (survey.values, survey.skipped_rows_count) == (1, 0)


def test_each_value_is_accounted_for() -> None:
    """Values are sent, duplicates, unrecognized or skipped, by the numbers of their rows."""
    text, survey = sent(
        b"# a feed\nioc,type,to_ids,until\na.example,domain,1,01/02/2030\nb.example,domain,1,never\nb.example,domain,1,\n"
        b"c.example,link,1,\nd.example,domain,0,\nsetup.exe,filename,1,\ne.example,domain,1,soon\n"
    )
    assert text == "ioc,type,to_ids,until\nb.example,domain,1,\ne.example,domain,1,\n"
    assert (survey.values, survey.duplicates, survey.unrecognized_count, survey.skipped_rows_count) == (2, 1, 1, 3)
    assert [cell.line for cell in survey.skipped_rows] == [3, 6, 7]
    assert [(cell.line, cell.value) for cell in survey.unused_cells] == [(9, "soon")]


def test_rows_that_say_the_same() -> None:
    """Each of them counts, be they expired, converted or short."""
    text, survey = sent(
        b"ioc,until,kill chain\na.example,2020-01-01,delivery\nb.example,2020-01-01,delivery\nc.example,31/12/2030,soon\n"
        b"d.example,31/12/2030,soon\ne.example\nf.example,2031-01-01\n"
    )
    assert (survey.expired, survey.first_expired, survey.converted) == (2, 2, {"until": 2})
    assert [(cell.line, cell.value) for cell in survey.unused_cells] == [(4, "soon"), (5, "soon")]
    assert text.splitlines()[3:] == [
        "c.example,2030-12-31T00:00:00Z,",
        "d.example,2030-12-31T00:00:00Z,",
        "e.example",
        "f.example,2031-01-01",
    ]


UNTIL = "2030-01-31T12:00:00Z"
ROWS = [f"{letter}.example,{UNTIL},delivery" for letter in "abcd"]


@pytest.mark.parametrize(
    ("heading", "rows", "row", "after"),
    [
        ("ioc,valid_until,kill_chain_phases", ROWS, f"o.example,{UNTIL},soon", f"o.example,{UNTIL},"),
        (
            "ioc,valid_until,kill_chain_phases",
            ROWS,
            "o.example,31/12/2031,delivery",
            "o.example,2031-12-31T00:00:00Z,delivery",
        ),
        (
            "ioc,valid_until,description",
            [row.replace("delivery", "seen") for row in ROWS],
            f"o.example,{UNTIL},{'d' * 2 * LONGEST_DESCRIPTION}",
            f"o.example,{UNTIL},{'d' * LONGEST_DESCRIPTION}",
        ),
        ("ioc,type", ["a.example,domain", "b.example,domain"], "o.example,link", None),
        ("ioc,description", ["a.example,seen", "b.example,seen"], "", None),
        ("ioc,description", ["a.example,seen", "b.example,seen"], "o.example,one, two", 'o.example,"one, two"'),
        (
            "ioc,valid_from,valid_until",
            [row.replace(",", ",2029-01-01T00:00:00Z,", 1).removesuffix(",delivery") for row in ROWS],
            f"o.example,31/12/2031,{UNTIL}",
            None,
        ),
    ],
)
def test_a_row_among_others_that_all_say_the_same(heading: str, rows: list[str], row: str, after: str | None) -> None:
    """What is looked at together is looked at one by one where a row asks for it, and no row is told for another."""
    half = len(rows) // 2
    text, survey = sent("\n".join([heading, *rows[:half], row, *rows[half:], ""]).encode())
    assert text.splitlines() == [heading, *rows[:half], *([] if after is None else [after]), *rows[half:]]
    assert survey.values == len(rows) + (after is not None)
    assert survey.converted == ({"valid_until": 1} if after and "2031" in after else {})
