"""The client for scripts, against the sandbox."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox import RestFault, Sandbox
from sekoia_cti.client import Sekoia
from sekoia_cti.client.waiting import Patience
from sekoia_cti.indicators.errors import InputError


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
    for match in (*sekoia.revoke(collection_id, ["evil.example"]), *sekoia.find(collection_id, ["evil.example"])):
        assert (match.asked, match.active, len(match.revoked)) == ("evil.example", [], 1)


LOST = [RestFault(method="DELETE", cut="after"), RestFault(method="DELETE", status=404)]
NOT_DONE = [RestFault(method="DELETE", status=200, body="<html>")]


@pytest.mark.parametrize(("faults", "left"), [(LOST, 0), (NOT_DONE, 1)])
def test_a_revocation_that_no_answer_shows(
    sandbox: Sandbox, sekoia: Sekoia, collection_id: str, faults: list[RestFault], left: int
) -> None:
    """The collection says whether it is revoked."""
    sekoia.import_text(collection_id, "evil.example")
    sandbox.faults.rest = [fault.model_copy() for fault in faults]
    (match,) = sekoia.revoke(collection_id, ["evil.example"])
    assert (len(match.active), len(match.revoked)) == (left, 1 - left)


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
    with pytest.raises(InputError, match="kill chain phase"):
        sekoia.import_text(collection_id, "a.example", kill_chain_phases=["unheard of"])


@pytest.mark.parametrize("url", ["sekoia.example", "ftp://sekoia.example", "https://me:pw@sekoia.example"])
def test_an_address_that_is_not_valid(url: str) -> None:
    """It is told before anything is sent."""
    with pytest.raises(ValueError, match="it must"):
        Sekoia("k", base_url=url)
