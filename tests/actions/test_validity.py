"""How long indicators are valid, by kind, and what is reported about ends in the past, against the sandbox."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from sandbox import Sandbox
from sekoia_cti.actions.common.import_action import ImportArguments
from sekoia_cti.actions.import_file import ImportIndicatorsFromFile
from sekoia_cti.actions.import_indicators import ImportIndicators
from tests.actions.ways import WAYS, Import, as_file, as_list, as_text
from tests.conftest import Platform

MD5, SHA256 = "0123456789abcdef0123456789abcdef", "ab" * 32
VALUES = ["198.51.100.7", "evil.example", "https://evil.example/x", SHA256, "2001:db8::7", f"{MD5},{'cd' * 20}"]
RULES = "ipv4: 30, ipv6: 30, domain: 180 days; sha256: 1 year"


def days(sandbox: Sandbox, collection_id: str) -> dict[str, int | None]:
    """For how many days from now each indicator is valid."""
    now = datetime.now(UTC)
    return {
        str(indicator["name"]): indicator["valid_until"]
        and round((datetime.fromisoformat(indicator["valid_until"]) - now) / timedelta(days=1))
        for indicator in sandbox.indicators(collection_id)
    }


@WAYS
def test_each_kind_has_its_own(sandbox: Sandbox, platform: Platform, collection_id: str, import_: Import) -> None:
    """Other kinds get the general validity; the import is confirmed with the validities that were sent."""
    run = import_(platform, VALUES, collection_id=collection_id, validity_by_type=RULES, valid_for=7)

    assert run.error is None
    assert run.results and (run.results["status"], run.results["submitted"]) == ("completed", len(VALUES))
    assert not run.results["context_differs_count"]
    assert sorted(days(sandbox, collection_id).values(), key=str) == [180, 30, 30, 365, 7, 7]
    assert days(sandbox, collection_id)["evil.example"] == 180


def test_one_task_a_validity(sandbox: Sandbox, platform: Platform, collection_id: str) -> None:
    """Text is sent in only as many parts as there are validities, and without one, Sekoia sets its own."""
    run = as_text(platform, VALUES, collection_id=collection_id, validity_by_type={"ipv4": 30, "ipv6": "30"})

    assert run.results and len(run.results["task_ids"]) == 2
    bodies = [json.loads(request.body) for request in sandbox.requests if request.path.endswith("/text")]
    assert [body["indicators"].split("\n") for body in bodies] == [
        ["198.51.100.7", "2001:db8::7"],
        ["evil.example", "https://evil.example/x", SHA256, f"{MD5},{'cd' * 20}"],
    ]
    assert "valid_until" not in bodies[1]
    assert days(sandbox, collection_id)["evil.example"] == 180


def test_an_object_has_the_last_word(sandbox: Sandbox, platform: Platform, collection_id: str) -> None:
    """The validity of an object takes precedence over that of its kind."""
    until = (datetime.now(UTC) + timedelta(days=3)).isoformat()
    platform.run(
        ImportIndicators,
        collection_id=collection_id,
        indicators=["a.example", {"value": "b.example", "valid_until": until}],
        validity_by_type="domain: 90",
    )

    assert days(sandbox, collection_id) == {"a.example": 90, "b.example": 3}


FEED = "ioc;note\nevil.example;seen\n198.51.100.7\nhxxp://evil[.]example;seen;by;many\nno indicator;x\n"


def test_a_file_gets_a_column(sandbox: Sandbox, platform: Platform, collection_id: str) -> None:
    """The new column comes after the columns of the file, however long a row is, and is empty if no validity
    applies."""
    (platform.storage / "feed.csv").write_text(FEED)
    run = platform.run(
        ImportIndicatorsFromFile,
        collection_id=collection_id,
        file_path="feed.csv",
        mapping=["observable", "description"],
        validity_by_type="domain: 60, url: 10",
    )

    assert run.error is None
    assert run.results and run.results["mapping"] == ["observable", "description", None, None, "valid_until"]
    assert run.results["status"] == "completed"
    assert days(sandbox, collection_id) == {"evil.example": 60, "198.51.100.7": 30, "http://evil.example": 10}
    described = {str(held["name"]): held.get("description") for held in sandbox.indicators(collection_id)}
    assert (described["evil.example"], described["198.51.100.7"]) == ("seen", None)


@pytest.mark.parametrize("mapping", [None, ["observable", "valid_until"]])
def test_a_file_with_its_own_column_is_refused(
    sandbox: Sandbox, platform: Platform, collection_id: str, mapping: list[str] | None
) -> None:
    """A column of ends, found or mapped, rules out validities by type."""
    (platform.storage / "feed.csv").write_text("ioc,valid until\nevil.example,2030-01-01\n")
    run = platform.run(
        ImportIndicatorsFromFile,
        collection_id=collection_id,
        file_path="feed.csv",
        mapping=mapping,
        validity_by_type="domain: 60",
    )

    assert run.error and "Column 2 (“valid until”) of feed.csv contains the end of validity" in run.error
    assert not sandbox.indicators(collection_id)


def test_an_upload_alone_has_no_room_for_it(platform: Platform, collection_id: str) -> None:
    """A column cannot be added to a file that is not given."""
    run = platform.run(
        ImportIndicatorsFromFile,
        collection_id=collection_id,
        file_handle="uploaded",
        mapping=["observable"],
        ignore_first_line=False,
        validity_by_type="domain: 60",
    )

    assert run.error and "validity_by_type needs the file itself" in run.error


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("ipv4: 30, domain: 180", {"ipv4": 30, "domain": 180}),
        ("ipv4=30; domain = 26 weeks\n", {"ipv4": 30, "domain": 182}),
        ('{"IPv4": 30, "sha256": "1 year"}', {"ipv4": 30, "sha256": 365}),
        ("{'ipv4': 30}", {"ipv4": 30}),
        ({"hashes": "90"}, {"hashes": 90}),
        ("", None),
        ({}, {}),
    ],
)
def test_is_read_as_it_is_written(written: object, read: object) -> None:
    """A mapping, the text that JSON or Jinja makes of one, and pairs."""
    assert ImportArguments(validity_by_type=written).validity_by_type == read  # type: ignore[arg-type]  # on purpose


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            {"validity_by_type": "ip: 30"},
            "“ip” is not a kind of indicator: the kinds are ipv4, ipv6, mac, domain, url, email, md5,",
        ),
        ({"validity_by_type": "ipv4 30"}, "such as ipv4: 30, domain: 180, sha256: 365, not “ipv4 30”"),
        ({"validity_by_type": "30"}, "it must list kinds with days"),
        ({"validity_by_type": ["ipv4"]}, "it must list kinds with days"),
        ({"validity_by_type": "ipv4: 0"}, "ipv4 must be valid for 1 to 36,500 days, not “0”"),
        ({"validity_by_type": "ipv4: soon"}, "ipv4 must be valid for 1 to 36,500 days, not “soon”"),
        ({"validity_by_type": {"ipv4": None}}, "ipv4 must be valid for 1 to 36,500 days, not “None”"),
        ({"validity_by_type": {"ipv4": 1.5}}, "ipv4 must be valid for 1 to 36,500 days, not “1.5”"),
        ({"validity_by_type": {"ipv4": True}}, "it must be a number of days"),
        ({"validity_by_type": "ipv4: 3, ipv4: 4"}, "it names ipv4 twice"),
        ({"validity_by_type": "{{ store.days }}"}, "which the playbook did not render"),
        ({"validity_by_type": "ipv4: 3", "valid_until": "2199-01-01"}, "use valid_for for the other kinds"),
        ({"validity_by_type": "ipv4: 3", "valid_from": "2199-01-01"}, "before the end of the validity of ipv4"),
    ],
)
def test_what_means_nothing_is_refused(
    platform: Platform, collection_id: str, arguments: dict[str, object], said: str
) -> None:
    """The error names the argument, and what it may be."""
    run = as_text(platform, ["evil.example"], collection_id=collection_id, **arguments)

    assert run.error and said in run.error


@pytest.mark.parametrize(
    ("import_", "until", "warned"),
    [
        (as_text, "2020-01-01", True),
        (as_list, "2020-01-01", True),
        (as_file, "2020-01-01", True),
        (as_text, "2199-01-01", False),
    ],
)
def test_expired_on_arrival(platform: Platform, collection_id: str, import_: Import, until: str, warned: bool) -> None:
    """Indicators that detect nothing from the first moment on are imported, with a warning."""
    run = import_(platform, ["evil.example"], collection_id=collection_id, valid_until=until)

    assert run.error is None
    assert run.results and run.results["status"] == "completed"
    assert ("valid_until is in the past" in run.logs) is warned
