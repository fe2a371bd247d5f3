"""Extract indicators, which needs no Sekoia."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sandbox import Sandbox
from sekoia_cti.actions.extract_indicators import ExtractIndicators
from sekoia_cti.actions.import_indicators import ImportIndicators
from tests.conftest import Command, Platform

SHA256, MD5 = "2" * 64, "0" * 32
TEXT = f"See https://blog.example.org.\n- evil[.]example, 192.0.2[.]1\n- hxxp://evil[.]example/a\n- {SHA256} and evil[.]example"


def test_a_report_is_read(sandbox: Sandbox, platform: Platform) -> None:
    """Each value is listed once, in order; what is not an indicator is reported; and nothing is sent."""
    run = platform.run(ExtractIndicators, text=TEXT)
    assert run.error is None
    assert run.results == {
        "count": 4,
        "by_type": {"ipv4": 1, "domain": 1, "url": 1, "sha256": 1},
        "indicators": [
            {"value": "evil.example", "type": "domain"},
            {"value": "192.0.2.1", "type": "ipv4"},
            {"value": "http://evil.example/a", "type": "url"},
            {"value": SHA256, "type": "sha256"},
        ],
        "indicators_path": None,
        "ipv4": ["192.0.2.1"],
        "ipv6": [],
        "domain": ["evil.example"],
        "url": ["http://evil.example/a"],
        "email": [],
        "mac": [],
        "md5": [],
        "sha1": [],
        "sha256": [SHA256],
        "sha512": [],
        "skipped": [{"value": "https://blog.example.org", "reason": "a reference"}],
        "skipped_count": 1,
        "skipped_path": None,
    }
    assert sandbox.requests == []
    assert "Found 4 indicators: 1 ipv4, 1 domain, 1 url, 1 sha256" in run.logs


@pytest.mark.parametrize(
    ("kinds", "values"),
    [
        (["domain"], ["evil.example"]),
        ("IPv4, hashes", ["192.0.2.1", SHA256]),
        ("['ip', 'url']", ["192.0.2.1", "http://evil.example/a"]),
        ("domain-name", None),
        ("", ["evil.example", "192.0.2.1", "http://evil.example/a", SHA256]),
    ],
)
def test_kinds(platform: Platform, kinds: object, values: list[str] | None) -> None:
    """Only the requested kinds are extracted, in singular or plural; an unknown kind is an error that names all
    kinds."""
    run = platform.run(ExtractIndicators, text=TEXT, kinds=kinds)
    if values is None:
        assert run.error is not None
        assert "kinds: “domain-name” is not a kind of indicator: it must be one of ipv4, ipv6" in run.error
    else:
        assert run.results and [found["value"] for found in run.results["indicators"]] == values


def test_what_is_found_is_imported_as_it_is(sandbox: Sandbox, platform: Platform, collection_id: str) -> None:
    """Import indicators accepts the result, and the kinds are Sekoia's."""
    found = platform.run(ExtractIndicators, text=TEXT).results
    assert found
    run = platform.run(ImportIndicators, collection_id=collection_id, indicators=found["indicators"])
    assert run.error is None
    assert {indicator["name"] for indicator in sandbox.indicators(collection_id)} == {
        "evil.example",
        "192.0.2.1",
        "http://evil.example/a",
        SHA256,
    }


def test_many_are_in_a_file(platform: Platform) -> None:
    """More than 1,000 indicators are in a file in the storage, which the imports accept; the counts are reported."""
    run = platform.run(ExtractIndicators, text=" ".join(f"a{number}[.]example" for number in range(1_001)))
    assert run.results
    assert (run.results["count"], run.results["by_type"]) == (1_001, {"domain": 1_001})
    assert (run.results["indicators"], run.results["domain"], run.results["md5"]) == (None, None, None)
    listed = json.loads((platform.storage / run.results["indicators_path"]).read_text())
    assert listed[1_000] == {"value": "a1000.example", "type": "domain"}
    assert len(listed) == 1_001


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("report.html", "<table><tr><td>evil[.]example</td></tr></table>"),
        ("report", "<!DOCTYPE html><p>evil[.]example</p>"),
        ("report.md", "| evil[.]example | C2 |"),
        ("mail.eml", "Subject: Warning\nContent-Type: text/html\n\n<p>evil[.]example</p>"),
        ("mail", "From: a@cert.example\nDate: x\n\nevil[.]example"),
        ("report.txt", "Seen: evil[.]example"),
    ],
)
def test_a_file_is_read(platform: Platform, name: str, content: str) -> None:
    """The kind of a file is recognized by its name or its content."""
    (platform.storage / name).write_text(content)
    run = platform.run(ExtractIndicators, text_path=name)
    assert run.results and run.results["indicators"] == [{"value": "evil.example", "type": "domain"}]


def test_text_and_file_are_joined(platform: Platform) -> None:
    """A value in both sources is reported once, and each source is judged separately."""
    (platform.storage / "more.txt").write_text("evil.example and http://live.example/")
    run = platform.run(ExtractIndicators, text=TEXT, text_path="more.txt", kinds="url, domain")
    assert run.results
    assert run.results["domain"] == ["evil.example"]
    assert run.results["url"] == ["http://evil.example/a", "http://live.example/"]


@pytest.mark.parametrize("text", [["a[.]example", {"body": "b[.]example"}], "['a[.]example', 'b[.]example']"])
def test_text_can_be_a_list(platform: Platform, text: object) -> None:
    """The texts in a list or an object that Jinja rendered are read."""
    run = platform.run(ExtractIndicators, text=text)
    assert run.results and run.results["domain"] == ["a.example", "b.example"]


def test_attachments_that_are_not_read_are_told(platform: Platform) -> None:
    """A PDF attached to an email is named in a warning."""
    (platform.storage / "mail.eml").write_text(
        'Content-Type: multipart/mixed; boundary="x"\n\n--x\nContent-Type: application/pdf; name=a.pdf\n\nx\n--x--\n'
    )
    run = platform.run(ExtractIndicators, text_path="mail.eml")
    assert run.results and run.results["count"] == 0
    assert "warning: These attachments were not read: a.pdf (application/pdf)" in run.logs


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({}, "at least one of text, text_path is required, but all of them are empty: check the step that fills them"),
        (
            {"text": "None"},
            "at least one of text, text_path is required, but all of them are empty: check the step that fills them",
        ),
        ({"text": "{{ node.1.body }}"}, "text: it contains “{{ node.1.body }}”, which the playbook did not render"),
        ({"text_path": "gone.txt"}, "text_path names “gone.txt”, which is not in the playbook's storage"),
        ({"text_path": "report.pdf"}, "The file report.pdf of text_path cannot be used: it is a PDF document"),
    ],
)
def test_what_cannot_be_read(platform: Platform, arguments: dict[str, Any], error: str) -> None:
    """A source that is missing or is not text causes an error in one sentence."""
    (platform.storage / "report.pdf").write_bytes(b"%PDF-1.7\n")
    run = platform.run(ExtractIndicators, **arguments)
    assert run.error is not None
    assert error in run.error
    assert run.results is None


def test_as_a_command(command: Command) -> None:
    """The platform runs it as a command of `main.py`."""
    assert command("ExtractIndicators", text="evil[.]example")["results"]["count"] == 1
