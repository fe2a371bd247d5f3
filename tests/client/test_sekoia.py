"""The client for scripts, against the sandbox."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pytest

from sandbox import RestFault, Sandbox
from sekoia_cti.client import Sekoia
from sekoia_cti.client.waiting import Patience
from sekoia_cti.indicators.account_of_values import Account
from sekoia_cti.indicators.input_errors import InputError


@pytest.fixture
def sekoia(sandbox: Sandbox) -> Iterator[Sekoia]:
    """A client with next to no waiting."""
    with Sekoia(sandbox.api_key, base_url=sandbox.url, timeout=20, patience=Patience.none()) as client:
        yield client


def test_a_file_goes_in_and_out_again(sekoia: Sekoia, collection_id: str, tmp_path: Path) -> None:
    """Lines of a file are imported, found by exactly their values, and revoked."""
    path = tmp_path / "feed.txt"
    path.write_text("evil[.]example\nevil.example.com\n", "utf-8-sig")
    assert sekoia.import_file(collection_id, path, valid_for=3).status == "completed"
    (match,) = sekoia.find(collection_id, ["evil.example"])
    assert (len(match.active), match.revoked) == (1, [])
    assert sekoia.revoke(collection_id, ["evil.example", "a.example"], dry_run=True)["would_revoke"] == [
        "evil.example"
    ]
    outcomes = sekoia.revoke(collection_id, ["evil.example", "a.example"])
    assert (outcomes["revoked"], outcomes["not_found"]) == (["evil.example"], ["a.example"])
    (match,) = sekoia.find(collection_id, ["evil.example"])
    assert (match.asked, match.active, len(match.revoked)) == ("evil.example", [], 1)


FEED = "ioc;description;note\nevil[.]example;first;\nevil.example.com;;second\nnothing;;\n"


@pytest.mark.parametrize("name", ["feed.csv", "feed.csv.gz", "feed.xlsx"])
def test_a_table(sandbox: Sandbox, sekoia: Sekoia, collection_id: str, tmp_path: Path, name: str) -> None:
    """Its columns are found out, what is not an indicator is told, and what it does not say holds for all."""
    path, read = tmp_path / name, list[Account]()
    rows = [line.split(";") for line in FEED.splitlines()]
    if name.endswith("xlsx"):
        workbook = openpyxl.Workbook(write_only=True)
        sheet = workbook.create_sheet("IOCs")
        for row in rows:
            sheet.append(row)
        workbook.save(path)
    else:
        path.write_bytes(gzip.compress(FEED.encode()) if name.endswith("gz") else FEED.encode())
    outcome = sekoia.import_file(collection_id, path, valid_for=30, on_read=read.append)
    assert (outcome.status, outcome.submitted, read[0].unrecognized_count) == ("completed", 2, 1)
    held = {indicator.value: indicator for indicator in sekoia.search(collection_id)}
    assert [(name, one.description) for name, one in sorted(held.items())] == [
        ("evil.example", "first"),
        ("evil.example.com", None),
    ]


def test_a_table_with_half_a_character(sekoia: Sekoia, collection_id: str, tmp_path: Path) -> None:
    """A value that lost a character along the way is missing, and the others are in."""
    path = tmp_path / "feed.csv"
    path.write_bytes("ioc\nevil\ud83d.example\na.example\n".encode("utf-8", "surrogatepass"))
    outcome = sekoia.import_file(collection_id, path)
    assert (outcome.status, outcome.submitted, outcome.missing_count) == ("partial", 1, 1)


def test_columns_that_are_named(sekoia: Sekoia, collection_id: str, tmp_path: Path) -> None:
    """A mapping makes a table of any file, and wins over what is found out."""
    path = tmp_path / "feed"
    path.write_text("a.example,b.example\n")
    outcome = sekoia.import_file(collection_id, path, mapping=[None, "observable"], ignore_first_line=False)
    assert (outcome.status, [one.value for one in sekoia.search(collection_id)]) == ("completed", ["b.example"])


def test_a_table_without_an_indicator(sekoia: Sekoia, collection_id: str, tmp_path: Path) -> None:
    """Nothing is uploaded."""
    path = tmp_path / "feed.csv"
    path.write_text("name,note\nx,y\n")
    with pytest.raises(ValueError, match="no row contains an indicator"):
        sekoia.import_file(collection_id, path)


LOST = [RestFault(method="DELETE", cut="after"), RestFault(method="DELETE", status=404)]
NOT_DONE = [RestFault(method="DELETE", status=200, body="<html>")]


@pytest.mark.parametrize(("faults", "left"), [(LOST, 0), (NOT_DONE, 1)])
def test_a_revocation_that_no_answer_shows(
    sandbox: Sandbox, sekoia: Sekoia, collection_id: str, faults: list[RestFault], left: int
) -> None:
    """The collection says whether it is revoked."""
    sekoia.import_text(collection_id, "evil.example")
    sandbox.faults.rest = [fault.model_copy() for fault in faults]
    outcomes = sekoia.revoke(collection_id, ["evil.example"])
    assert (len(outcomes["failed"]), len(outcomes["revoked"])) == (left, 1 - left)


def test_a_collection_follows_a_feed(sekoia: Sekoia, collection_id: str) -> None:
    """New indicators are added, and those that left are expired, unless that is too many."""
    feed = [f"{name}.example" for name in "abcdefghijkl"]
    told = sekoia.synchronize(collection_id, feed, valid_for=30, dry_run=True)
    assert (told.added, told.outcome, list(sekoia.search(collection_id))) == (feed, None, [])
    told = sekoia.synchronize(collection_id, feed, valid_for=30)
    assert (told.added, told.outcome and told.outcome.status) == (feed, "completed")
    told = sekoia.synchronize(collection_id, [*feed[1:], "m.example"], valid_for=30)
    assert (told.added, told.unchanged, told.removed) == (["m.example"], feed[1:], ["a.example"])
    for dry_run in (True, False):
        told = sekoia.synchronize(collection_id, feed[1:2], dry_run=dry_run)
        assert (told.removed, len(told.remaining)) == ([], 11)
    assert len(sekoia.synchronize(collection_id, feed[1:2], dry_run=True, most_removed=100).removed) == 11


def test_something_else_is_said(sekoia: Sekoia, collection_id: str) -> None:
    """An update changes what it is given, and leaves the rest."""
    sekoia.import_text(collection_id, "a.example", valid_for=30, description="seen")
    outcomes = sekoia.update(collection_id, ["a.example", "b.example"], description="seen again")
    assert (outcomes["updated"], outcomes["not_found"]) == (["a.example"], ["b.example"])
    (indicator,) = sekoia.search(collection_id, "a.example")
    assert (indicator.description, indicator.valid_until is not None) == ("seen again", True)
    sekoia.update(collection_id, ["a.example"], clear=["description"])
    assert not next(sekoia.search(collection_id)).description


def test_a_collection_is_changed_and_deleted(sekoia: Sekoia, collection_id: str) -> None:
    """By its id; a second deletion finds nothing."""
    assert sekoia.update_collection(collection_id, name="Other").name == "Other"
    assert [found.id for found in sekoia.find_collections("oth", contains=True)] == [collection_id]
    assert sekoia.delete_collection(collection_id, confirm_name="Other")
    assert not sekoia.delete_collection(collection_id, confirm_name="Other")


def test_a_value_that_is_not_recognized_is_looked_for(sekoia: Sekoia, collection_id: str) -> None:
    """Another client may have sent it."""
    assert [match.asked for match in sekoia.find(collection_id, ["what is that"])] == ["what is that"]


def test_not_waited_for(sekoia: Sekoia, collection_id: str) -> None:
    """The outcome says that it was submitted, and not what became of it."""
    outcome = sekoia.import_text(collection_id, ["a.example"], wait=False)
    assert (outcome.status, outcome.submitted, outcome.missing_count) == ("submitted", 1, None)


def test_what_cannot_be_asked_for(sekoia: Sekoia, collection_id: str) -> None:
    """Two ends of validity, and a phase that nobody knows."""
    import datetime

    until = datetime.datetime(2099, 1, 1, tzinfo=datetime.UTC)
    with pytest.raises(ValueError, match="cannot be given together"):
        sekoia.import_text(collection_id, "a.example", valid_for=3, valid_until=until)
    with pytest.raises(ValueError, match="valid_for: it must be a number of days from 1 to 36,500, not 0"):
        sekoia.synchronize(collection_id, "a.example", valid_for=0)
    with pytest.raises(InputError, match="kill chain phase"):
        sekoia.import_text(collection_id, "a.example", kill_chain_phases=["unheard of"])


def test_an_address_with_blanks_around_it() -> None:
    """Both addresses that follow from it have none."""
    sekoia = Sekoia("k", base_url=" https://app.fra2.sekoia.io \n")
    assert (sekoia.rest_root, sekoia.live_url) == (
        "https://app.fra2.sekoia.io/api/v2/inthreat",
        "wss://app.fra2.sekoia.io/live/",
    )


@pytest.mark.parametrize("url", ["sekoia.example", "ftp://sekoia.example", "https://me:pw@sekoia.example"])
def test_an_address_that_is_not_valid(url: str) -> None:
    """It is reported before anything is sent."""
    with pytest.raises(ValueError, match="it must"):
        Sekoia("k", base_url=url)
