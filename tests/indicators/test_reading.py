"""Reading: every line is sent, a duplicate, blank or a comment, and what looks like no indicator is told."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sekoia_cti.indicators.encodings import decode
from sekoia_cti.indicators.headers import role_of
from sekoia_cti.indicators.reading import Reading, findings, read
from sekoia_cti.indicators.unwrap import clean
from tests.indicators.strategies import defanged, text_like_indicators

FEEDS = Path(__file__).resolve().parents[1] / "data" / "feeds"
MD5 = "d41d8cd98f00b204e9800998ecf8427e"
SHA1 = "da39a3ee5e6b4b0d3255bfef95601890afd80709"


def accounted(reading: Reading) -> int:
    """How many lines a reading accounts for; its counts agree with each other."""
    recognized = sum(reading.by_type.values())
    assert len(reading.values) in (recognized, recognized + reading.unrecognized_count)
    assert len(reading.unrecognized) == min(reading.unrecognized_count, 100)
    assert len(set(reading.values)) == len(reading.values)
    assert reading.given == recognized + reading.unrecognized_count + reading.duplicates + len(reading.damaged)
    return reading.given


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("  evil.example\t\r\n", "evil.example"),
        ("\ufeffevil.example", "evil.example"),
        ("\u200bevil\u200b.example\u2060", "evil.example"),
        ("\u00a0evil.example\u3000", "evil.example"),
        ("evil\u00ad.example", "evil.example"),
        ("\u200fevil.example\u202c", "evil.example"),
        ("\u200cنامه\u200cای.example\u200d", "نامه\u200cای.example"),
        ("a.example\nb.example\u2028c.example", "a.example b.example c.example"),
        # Bullets
        ("- evil.example", "evil.example"),
        ("* evil.example", "evil.example"),
        ("•\tevil.example", "evil.example"),
        ("– evil.example", "evil.example"),
        ("12. evil.example", "evil.example"),
        ("1) evil.example", "evil.example"),
        ("- - 1. evil.example", "evil.example"),
        ("1.evil.example", "1.evil.example"),
        ("*.evil.example", "*.evil.example"),
        ("-evil.example", "-evil.example"),
        ("1234. evil.example", "1234. evil.example"),
        ("-", "-"),
        # Quotes
        ('"evil.example"', "evil.example"),
        ("'evil.example'", "evil.example"),
        ("`evil.example`", "evil.example"),
        ("“evil.example”", "evil.example"),
        ("„evil.example“", "evil.example"),
        ("‘evil.example’", "evil.example"),
        ("« evil.example »", "evil.example"),
        ("<http://evil.example/>", "http://evil.example/"),
        ("- \"'evil.example',\";", "evil.example"),
        ('"a.example","b.example"', '"a.example","b.example"'),
        ('"evil.example', '"evil.example'),
        ('""', ""),
        ('"', '"'),
        # The end of a line
        ("evil.example,", "evil.example"),
        ("evil.example ; ,", "evil.example"),
        # Comments
        ("# evil.example", ""),
        ("#evil.example", ""),
        ("  // evil.example", ""),
        (";evil.example", ""),
        ("- # evil.example", ""),
        ("evil.example # seen in May", "evil.example"),
        ("evil.example\t// seen in May", "evil.example"),
        ("evil.example #", "evil.example"),
        ("'evil.example', # seen in May", "evil.example"),
        ("http://evil.example/#fragment", "http://evil.example/#fragment"),
        ("http://evil.example//path", "http://evil.example//path"),
        ("http://evil.example/#fragment # seen in May", "http://evil.example/#fragment"),
        ("invoice #47528.zip", "invoice #47528.zip"),
        ("PO# 01202021.zip", "PO# 01202021.zip"),
        # Nothing
        ("", ""),
        (" \t\r\n", ""),
        ("\ufeff", ""),
        (",;", ""),
    ],
)
def test_cleaning(line: str, expected: str) -> None:
    """What is written around an indicator goes, and what can be part of one stays."""
    assert clean(line) == expected


@given(st.text() | text_like_indicators())
@example("1. # '")
@example("\u200d \u200d'\u200d")
@example("'a # ',")
def test_cleaning_twice_is_cleaning_once(text: str) -> None:
    """A clean line has nothing left to clean, no blanks around it and no line break in it."""
    once = clean(text)
    assert clean(once) == once == once.strip()
    assert len(once.splitlines()) <= 1


def test_a_list_as_people_write_it() -> None:
    """Headings, comments and blank lines go, values come in their order and once, and line numbers count every line."""
    reading = read(
        [
            "\ufeff# Indicators",
            "",
            "## C2",
            "- hxxps://evil[.]example/a[.]b,",
            "- evil[.]example # the second stage",
            "EVIL.example",
            "setup.exe",
            "192[.]0[.]2[.]1:8080",
            f"{MD5}; {SHA1}",
            f"{MD5.upper()},{SHA1}",
            "setup.exe",
        ]
    )
    expected = Reading(
        values=["https://evil.example/a.b", "evil.example", "192.0.2.1", f"{MD5},{SHA1}"],
        duplicates=3,
        given=8,
        by_type={"url": 1, "domain": 1, "ipv4": 1, "hashes": 1},
    )
    expected.note(7, "setup.exe", "a file name")
    expected.note_adapted(8, "192[.]0[.]2[.]1:8080", "192.0.2.1", "without its port")
    assert reading == expected


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("evil.example", "EVIL.EXAMPLE"),
        ("evil.example", "evil.example."),
        ("Evil.example", "evil[.]example"),
        ("BÜCHER.example", "bücher.example"),
        ("2001:db8::1", "2001:DB8:0:0:0:0:0:1"),
        ("2001:db8::1", "[2001:db8::1]"),
        ("00:00:5e:00:53:0a", "00-00-5E-00-53-0A"),
        ("00:00:5e:00:53:0a", "0000.5e00.530a"),
        (MD5, MD5.upper()),
        (f"{MD5},{SHA1}", f"{MD5.upper()} | {SHA1}"),
        ("user@evil.example", "user@EVIL.example"),
        ("http://evil.example/a", "HTTP://Evil.Example/a"),
        ("http://evil.example/a", "hxxp://evil[.]example/a"),
        ("evil.example", "[domain-name:value = 'evil.example']"),
        ("setup.exe", "'setup.exe',"),
    ],
)
def test_duplicates_go_once(first: str, second: str) -> None:
    """Two ways to write an indicator are one value, written as it came first."""
    reading = read([first, second], send_unrecognized=True)
    assert (reading.values, reading.duplicates) == (read([first], send_unrecognized=True).values, 1)
    assert read([second, first]).duplicates == 1


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("http://evil.example/a", "http://evil.example/A"),
        ("http://evil.example/?a", "http://evil.example/?A"),
        ("http://USER@evil.example/", "http://user@evil.example/"),
        ("user@evil.example", "User@evil.example"),
        ("Form.doc", "form.doc"),
        ("http://evil.example", "https://evil.example"),
        (MD5, f"{MD5},{SHA1}"),
        ("2001:db8::1", "2001:db8::2"),
    ],
)
def test_what_differs_goes_twice(first: str, second: str) -> None:
    """Paths, names before an @ and what is not an indicator are compared letter by letter."""
    assert read([first, second], send_unrecognized=True).values == [first, second]


def test_without_refanging_values_stay_defanged() -> None:
    """Defanged values are sent unchanged, and reported."""
    lines = ["evil[.]example", "hxxp://evil.example/", "[url:value = 'hxxp://a.example']", "evil.example"]
    reading = read(lines, refanging=False, send_unrecognized=True)
    assert reading.values == lines
    assert [entry.reason for entry in reading.unrecognized] == ["written defanged"] * 3
    assert reading.by_type == {"domain": 1}


@pytest.mark.parametrize("line", ["evil\ud83d.example", "http://evil.example/\udc00", "user\ud83d@evil.example"])
def test_what_lost_half_a_character_is_damaged(line: str) -> None:
    """It was an indicator, so it is not told as none; it cannot be sent, whatever is asked for."""
    reading = read([line, "a.example"], send_unrecognized=True)
    assert (reading.values, reading.unrecognized_count) == (["a.example"], 0)
    assert [(one.line, one.value) for one in reading.damaged] == [(1, ascii(line)[1:-1])]


def test_reports_are_bounded() -> None:
    """The first hundred unrecognized values are told, cut to 200 letters, and all are counted and sent whole."""
    reading = read(("x" * 1_000 + str(number) for number in range(250)), send_unrecognized=True)
    assert accounted(reading) == reading.unrecognized_count == 250
    assert [entry.line for entry in reading.unrecognized] == list(range(1, 101))
    assert {len(entry.value) for entry in reading.unrecognized} == {200}
    assert len(reading.values[0]) == 1_001


def test_a_cell_is_told_with_its_row() -> None:
    """What stands in a row beside the indicator is left out, and told."""
    (adapted,) = read(["a.example", "b.example"], rows={2: "b.example,C2"}).adapted
    assert (adapted.line, adapted.written, adapted.sent) == (2, "b.example,C2", "b.example")


@pytest.mark.parametrize(
    "odd",
    [
        ("0a.example",),  # an earlier line
        ("new.example", "new.example"),
        ("new.example", "NEW.example"),
        ("192.0.2.1", "198.51.100.1"),
        (MD5, MD5.upper(), SHA1),
        ("", "# a comment", "no indicator"),
        ("a.example\nb.example",),
        ("a.zip", "co.uk", "readme.md", "a.nothing", f"{'a.' * 126}example"),
        ("hxxp://a[.]example/", "http://a.example/", "a[.]example"),
    ],
)
@pytest.mark.parametrize("judged", [False, True])
def test_lines_are_read_together_as_one_by_one(odd: tuple[str, ...], judged: bool) -> None:
    """Whatever stands among hundreds of plain lines, each is judged, counted and told as it is alone."""

    def reading(rows: dict[int, str] | None) -> tuple[Reading, list[tuple[int, str, str, str]]]:
        asked: list[tuple[int, str, str, str]] = []

        def admits(*finding: *tuple[int, str, str, str]) -> bool:
            asked.append(finding)
            return "9" not in finding[2]

        return read(lines, admits=admits if judged else None, rows=rows, send_unrecognized=True), asked

    for kind in ("{:x}a.example", "203.0.{}.7", "{:032x}"):
        plainly = [kind.format(number) for number in range(256)]
        lines = [*plainly, *plainly[:10], *odd, *(f"b.{line}" for line in plainly), *odd]
        # Rows of a table are read one by one, and there is none that has this number.
        assert reading(rows={0: ""}) == reading(rows=None)


def test_lines_keep_their_numbers_and_repeat_each_other() -> None:
    """Of a feed that is all of one kind a line is told by its place, and one that comes twice goes once."""
    lines = [f"{number // 2}.example" for number in range(1_000)]
    asked: list[int] = []

    def admits(number: int, *_: str) -> bool:
        asked.append(number)
        return True

    reading = read([*lines, "no indicator"], admits=admits)
    assert (len(reading.values), reading.duplicates, reading.unrecognized[0].line) == (500, 500, 1_001)
    assert asked == list(range(1, 1_001, 2))


def test_a_reading_without_what_was_kept_out_has_no_types() -> None:
    """Types are those of the values that are sent."""
    reading = read([f"{number}.example" for number in range(10)], admits=lambda *_: False)
    assert (reading.kept_out, reading.given, reading.by_type) == (10, 10, {})


def test_nothing_is_read_from_nothing() -> None:
    """No lines, and lines without values, are an empty reading."""
    assert read([]) == read(["", "# a comment"]) == Reading()


@given(st.lists(st.text() | text_like_indicators(), max_size=8), st.booleans())
@example(["[url:value = 'http://evil.example/,']"], True)
@example(["'[.]a.example'"], True)
@example(["a[.]zip", "a.zip"], True)
def test_every_line_is_accounted_for(lines: list[str], refanging: bool) -> None:
    """Each value of a line is sent, a duplicate or reported, and reading twice changes nothing more."""
    reading = read(lines, refanging=refanging, send_unrecognized=True)
    assert accounted(reading) == sum(len(findings(line, refanging=refanging)) for line in lines)
    again = read(reading.values, refanging=refanging, send_unrecognized=True)
    assert (again.values, again.duplicates) == (reading.values, 0)


@given(st.lists(defanged(), max_size=8))
def test_what_was_defanged_reads_as_what_it_was(pairs: list[tuple[str, str]]) -> None:
    """A list and its defanged form are read alike."""
    reading = read(written for _, written in pairs)
    reading.notices.clear()  # a live URL among them
    assert reading == read(indicator for indicator, _ in pairs)
    assert set(reading.values) <= {indicator for indicator, _ in pairs}
    assert reading.unrecognized_count == 0


# The shapes of published feeds, with reserved names

COLUMNS = [
    (
        "IOC,Valid From,Valid Until,Link\n"
        "evil[.]example,2023-06-20T00:00:00Z,2023-08-20T00:00:00Z,https://example.com/1\n"
        "198.51.100[.]1,2023-06-20T00:00:00Z,2023-08-20T00:00:00Z,https://example.com/2\n"
        f"{MD5},2023-06-20T00:00:00Z,2023-08-20T00:00:00Z,https://example.com/3\n",
        {"domain": 1, "ipv4": 1, "md5": 1},
        [],
    ),
    (
        "Indicator, Kill chain,Creation date,End of validity,Context\n"
        "user@example.com,Delivery,2021-01-20,2021-02-20,Sender\n"
        "7145-2021.zip,Delivery,2021-01-20,2021-02-20,Sender attachment\n"
        "invoice #47528.zip,Delivery,2021-01-20,2021-02-20,Sender attachment\n"
        '"Form - Jan 20, 2021.doc",Delivery,2021-01-20,2021-02-20,Sender attachment\n'
        "192.0.2.1:8080,Command & Control,2021-01-20,2021-02-20,C2\n"
        '"hxxp://evil[.]example/\n",Delivery,2021-01-20,2021-02-20,"a cell that\nspans lines"\n',
        {"email": 1, "ipv4": 1, "url": 1},
        ["a file name or", "a file name", "a file name"],
    ),
    (
        "type,ioc\nurl,hxxp://evil[.]example/gate.php\nmd5," + MD5 + "\nmd5," + MD5 + "\n",
        {"url": 1, "md5": 1},
        [],
    ),
]


@pytest.mark.parametrize(("content", "by_type", "reasons"), COLUMNS, ids=["validity", "kill chain", "type"])
def test_a_column_of_a_feed(content: str, by_type: dict[str, int], reasons: list[str]) -> None:
    """The observable column is found by its heading, and each of its cells is accounted for."""
    cells = list(observables(content))
    reading = read(cells)
    assert accounted(reading) == len(cells) == len(list(csv.reader(content.splitlines(keepends=True)))) - 1
    assert reading.by_type == by_type
    found = [entry.reason for entry in reading.unrecognized]
    assert all(reason.startswith(start) for reason, start in zip(found, reasons, strict=True))


def observables(content: str) -> Iterator[str]:
    """The cells of a CSV's observable column, or of its STIX patterns."""
    header, *rows = csv.reader(content.splitlines(keepends=True))
    index = next(at for at, heading in enumerate(header) if role_of(heading) == "observable")
    return (row[index] for row in rows)


@pytest.mark.parametrize(
    ("name", "values", "duplicates", "unrecognized", "by_type"),
    [
        ("stix_patterns.csv", 6, 0, 0, {"domain": 2, "hashes": 1, "ipv4": 2, "md5": 1}),
        (
            "validity_and_links.csv",
            8,
            1,
            0,
            {"domain": 1, "ipv4": 1, "md5": 1, "sha256": 1, "sha512": 2, "url": 2},
        ),
        ("ports_and_file_names.csv", 13, 2, 3, {"email": 2, "ipv4": 3, "md5": 1, "sha1": 1, "sha256": 1, "url": 2}),
        ("type_before_value.csv", 5, 1, 0, {"md5": 1, "sha1": 1, "sha256": 1, "url": 2}),
        ("report_headings.txt", 7, 1, 0, {"domain": 1, "ipv4": 2, "sha256": 2, "url": 2}),
    ],
)
def test_shapes_of_published_feeds(
    name: str, values: int, duplicates: int, unrecognized: int, by_type: dict[str, int]
) -> None:
    """Every line is sent, a duplicate or reported; what is not sent as typed is known by count."""
    content = decode((FEEDS / name).read_bytes())
    lines = list(observables(content)) if name.endswith(".csv") else content.splitlines()
    reading = read(lines, send_unrecognized=True)
    assert accounted(reading) == sum(clean(line) != "" for line in lines) == values + duplicates
    assert (len(reading.values), reading.duplicates) == (values, duplicates)
    assert (reading.unrecognized_count, reading.by_type) == (unrecognized, by_type)
    assert read(reading.values, send_unrecognized=True).values == reading.values


@pytest.mark.fault(
    "A line of 100,000 commas and joiners, or of as many incomplete notations",
    "The time to read it grows linearly with the line, and stays within the deadline",
)
@pytest.mark.parametrize(
    "piece", [",\u200d", "a\u200d,", "d.example,", "[.]", "(", "](", " -> ", "http://d.example/;", "hxxp://"]
)
def test_a_long_line_takes_steps_in_proportion(piece: str) -> None:
    """Twice the line takes twice the calls, or hardly more."""
    steps = []
    for pieces in (1_000, 2_000, 4_000):
        count = [0]

        def step(_frame: object, event: str, _argument: object, count: list[int] = count) -> None:
            count[0] += event in ("call", "c_call")

        sys.setprofile(step)
        try:
            read([piece * pieces])
        finally:
            sys.setprofile(None)
        steps.append(count[0])
    assert steps[2] - steps[1] <= 2.5 * max(50, steps[1] - steps[0])


@pytest.mark.parametrize(
    ("text", "values", "skipped"),
    [
        ("C2:\na.example\n\nWhitelist:\nb.example\nc[.]example (ours)", ["a.example"], ["b.example", "c.example"]),
        ("## False positives ##\na.example\nIOCs:\nb.example", ["b.example"], ["a.example"]),
        ("Victims\n- 192.0.2.1\n\n- 192.0.2.2", ["192.0.2.2"], ["192.0.2.1"]),
        ("# Do not block\na.example\n# Block\nb.example", ["b.example"], ["a.example"]),
        ("Faux positifs :\n\na.example", [], ["a.example"]),
        (
            "a[.]example\nReferences:\nhttps://blog.example/1\nhxxps://b[.]example/x\nc.example",
            ["a.example", "https://b.example/x", "c.example"],
            ["https://blog.example/1"],
        ),
        ("Sources:\n192.0.2.1", ["192.0.2.1"], []),
        ("# References:\n# https://blog.example/1\nhttp://a.example/x", ["http://a.example/x"], []),
        ("# Sources:\nhttp://a.example/x", ["http://a.example/x"], []),
        ("Links:\nhttp://a.example/x", ["http://a.example/x"], []),
        ("See the report for victims\na.example", ["a.example"], []),
    ],
)
def test_what_a_heading_says_not_to_block(text: str, values: list[str], skipped: list[str]) -> None:
    """Indicators below such a heading are skipped with the reason, up to the next heading or paragraph."""
    reading = read(text.splitlines())
    assert reading.values == values
    assert [value for value, _ in reading.skipped] == skipped
    assert all(why.startswith("it is listed under “") for _, why in reading.skipped)
    assert reading.given == len(values) + reading.unrecognized_count
    assert set(read(text.splitlines(), heed_headings=False).values) == {*values, *skipped}


def test_a_heading_holds_for_a_long_list() -> None:
    """Also where lines are all of one kind, and are read together."""
    names = [f"a{number}.example" for number in range(1_000)]
    reading = read(["Whitelist:", *names, "", "b.example"])
    assert (reading.values, len(reading.skipped)) == (["b.example"], 1_000)
