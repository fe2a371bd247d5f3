"""Every error that an analyst can meet, word for word, provoked against the sandbox."""

from __future__ import annotations

import gzip
import json
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sandbox import RestFault, Sandbox
from sekoia_cti.actions.create_ioc_collection import CreateIOCCollection
from sekoia_cti.actions.import_file import ImportIndicatorsFromFile
from sekoia_cti.actions.import_indicators import ImportIndicators
from sekoia_cti.actions.import_text import ImportIndicatorsFromText
from sekoia_cti.actions.preview_file import PreviewIndicatorsFile
from sekoia_cti.actions.revoke_indicators import RevokeIndicators
from tests.conftest import Platform, Run

UNKNOWN = "ioc-collection--99999999-9999-4999-8999-999999999999"


def test_a_wrong_key(platform: Platform, collection_id: str) -> None:
    """A key that Sekoia does not know."""
    platform.secrets = {"api_key": "wrong-key"}
    run = platform.run(ImportIndicatorsFromText, collection_id=collection_id, text="evil.example")
    assert run.error is not None
    assert run.error.startswith("Sekoia refused the API key (HTTP 401) while looking up the IOC collection")
    assert run.error.endswith(
        "check that the key is complete, has not expired, and belongs to the region of base_url."
    )
    assert run.results is None


def test_a_missing_permission(sandbox: Sandbox, platform: Platform) -> None:
    """A key with read-only permissions."""
    platform.secrets = {"api_key": sandbox.read_only_key}
    run = platform.run(CreateIOCCollection, name="Blocklist")
    assert run.error is not None
    assert run.error.startswith("Sekoia denied permission (HTTP 403) while creating the IOC collection")
    assert run.error.endswith("give the API key the permissions “View IOC collections” and “Manage IOC collections”.")


def test_an_unknown_collection(platform: Platform) -> None:
    """An id that no collection has."""
    run = platform.run(ImportIndicatorsFromText, collection_id=UNKNOWN, text="evil.example")
    assert run.error is not None
    assert run.error.startswith(
        f"Sekoia has no IOC collection {UNKNOWN} (HTTP 404) while looking up the IOC collection"
    )
    assert run.error.endswith("check collection_id, and that the API key belongs to the same community.")


def test_refused_parameters(sandbox: Sandbox, platform: Platform, collection_id: str) -> None:
    """The error contains what Sekoia says about them."""
    sandbox.faults.rest = [RestFault(path="/text$", status=400, body={"message": "valid_until is in the past."})]
    run = platform.run(ImportIndicatorsFromText, collection_id=collection_id, text="evil.example")
    assert run.error == (
        "The import ended, but none of the indicators are in the collection: “evil.example” (Sekoia refused it: "
        "valid_until is in the past)."
    )


def test_sekoia_unreachable(platform: Platform) -> None:
    """Nobody listens at base_url."""
    platform.module_configuration = {"base_url": "http://127.0.0.1:9"}
    run = platform.run(CreateIOCCollection, name="Blocklist")
    assert run.error == (
        "Sekoia could not be reached at 127.0.0.1:9 while creating the IOC collection (connection refused): check "
        "base_url, the network and the proxy, then try again."
    )


@pytest.mark.parametrize(
    ("fault", "value", "reason"),
    [("live_status", 401, "HTTP 401"), ("live_refuse_by_message", True, "the key was not authenticated")],
)
def test_liveapi_refused(
    sandbox: Sandbox, platform: Platform, collection_id: str, fault: str, value: object, reason: str
) -> None:
    """A key that LiveAPI refuses is an error before anything is submitted."""
    setattr(sandbox.faults, fault, value)
    run = platform.run(ImportIndicatorsFromText, collection_id=collection_id, text="evil.example")
    assert run.error == (
        f"LiveAPI refused the API key at {sandbox.live_url} ({reason}): check that the key is complete, has not expired, and "
        "belongs to the region of base_url."
    )
    assert not any(request.path.endswith("/text") for request in sandbox.requests)


@pytest.mark.parametrize(
    "configuration",
    [{"liveapi_url": "ws://127.0.0.1:9/live/"}, {"liveapi_url": "ws://liveapi.invalid/live/"}],
)
def test_liveapi_unreachable(platform: Platform, collection_id: str, configuration: dict[str, str]) -> None:
    """Without LiveAPI, the import continues: a warning says so, and the state of the collection confirms it."""
    platform.module_configuration |= configuration
    run = platform.run(ImportIndicatorsFromText, collection_id=collection_id, text="evil.example")
    assert run.error is None
    assert run.results
    assert (run.results["status"], run.results["confirmed_by"]) == ("completed", "api")
    assert f"warning: LiveAPI could not be reached at {configuration['liveapi_url']} (" in run.logs
    assert (
        "which must let WebSockets through. The import continues, and will be confirmed over the REST API." in run.logs
    )


@pytest.mark.usefixtures("hasty")
def test_not_finished_in_time(sandbox: Sandbox, platform: Platform, collection_id: str) -> None:
    """The error gives the progress and says that the import continues, and the results say incomplete."""
    sandbox.faults.stall_after = 0.5
    text = "\n".join(f"d{number}.example" for number in range(2_000))
    run = platform.run(ImportIndicatorsFromText, collection_id=collection_id, text=text, timeout=10)
    assert run.error is not None
    assert run.error.startswith(
        "The import was not confirmed within the timeout of 10 seconds: Sekoia has imported 1,000 of 2,000 indicators so far; "
    )
    assert run.error.endswith(
        "the import may continue in Sekoia, so check the collection before running the action again with a longer "
        "timeout."
    )
    assert run.results
    assert (run.results["status"], run.results["imported"], run.results["total"]) == ("incomplete", 1_000, 2_000)
    assert run.results["confirmed_by"] is None


STORED: list[tuple[Callable[[Path], object], str, str]] = [
    (
        lambda _: None,
        "iocs.csv",
        "{argument} names “iocs.csv”, which is not in the playbook's storage: check the step that creates it.",
    ),
    (
        lambda storage: (storage / "iocs.csv").touch(),
        "iocs.csv",
        "The file “iocs.csv” of {argument} is empty: there is nothing to import.",
    ),
    (lambda storage: (storage / "iocs").mkdir(), "iocs", "{argument} must name a file, but “iocs” is a folder."),
    (
        lambda _: None,
        "../iocs.csv",
        "{argument} must name a file in the playbook's storage, but “../iocs.csv” is outside it.",
    ),
    (
        lambda _: None,
        "/etc/hostname",
        "{argument} must name a file in the playbook's storage, but “/etc/hostname” is outside it.",
    ),
    (
        lambda storage: (storage / "link.csv").symlink_to("/etc/hostname"),
        "link.csv",
        "{argument} must name a file in the playbook's storage, but “link.csv” is outside it: links are not followed.",
    ),
    (lambda _: None, "a\0b", "{argument} is “'a\\x00b'”, which is not a valid file path."),
]


@pytest.mark.parametrize(("prepare", "path", "sentence"), STORED)
def test_a_file_that_cannot_be_used(
    sandbox: Sandbox,
    platform: Platform,
    collection_id: str,
    prepare: Callable[[Path], object],
    path: str,
    sentence: str,
) -> None:
    """A file that is missing, empty, a folder, or outside the storage is reported for each path argument, before any
    request."""
    prepare(platform.storage)
    for action, argument in (
        (ImportIndicatorsFromFile, "file_path"),
        (ImportIndicatorsFromText, "text_path"),
        (ImportIndicatorsFromText, "indicators_path"),
    ):
        run = platform.run(action, collection_id=collection_id, **{argument: path})
        assert run.error == sentence.format(argument=argument)
    assert sandbox.requests == []


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser can read every file")
def test_a_file_that_may_not_be_read(platform: Platform, collection_id: str) -> None:
    """A file without permission is named."""
    path = platform.storage / "iocs.csv"
    path.write_text("evil.example")
    path.chmod(0)
    run = platform.run(ImportIndicatorsFromFile, collection_id=collection_id, file_path="iocs.csv")
    assert run.error == "The file iocs.csv cannot be read from the playbook's storage (permission denied)."


@pytest.mark.fault(
    "A login page, a PDF, an image, an email, an archive or binary data is given in place of a list",
    "An error that names what was given; nothing is sent",
)
@pytest.mark.parametrize(
    ("name", "content", "what"),
    [
        ("report.pdf", b"%PDF-1.7\n...", "a PDF document: copy its indicators into a text file"),
        ("iocs.csv", b"\x89PNG\r\n\x1a\n\x00\x00", "an image: type its indicators into a text file"),
        ("letter.docx", b"PK\x03\x04 and no workbook", "damaged and cannot be unpacked: download it again"),
        ("iocs.csv", b"\x00\x01\x02\x03", "binary data, not text: check where it came from"),
        (
            "iocs.xls",
            b"<html><title>Sign in</title></html>",
            "an HTML page with the title “Sign in”, such as a login page or an error, not a list of indicators: check "
            "where it came from",
        ),
        (
            "mail.eml",
            b"Received: from a.example\nFrom: a@b.example\nSubject: x\n\nhxxp://c[.]example/\n",
            "an email: use “Extract indicators” to find the indicators in it",
        ),
        (
            "iocs.csv.gz",
            gzip.compress(b"<!doctype html>", mtime=0)[:-3],
            "damaged and cannot be unpacked: download it again",
        ),
    ],
)
def test_what_is_no_list_and_no_table(
    sandbox: Sandbox, platform: Platform, collection_id: str, name: str, content: bytes, what: str
) -> None:
    """Each argument that takes a path says what the file is, whatever its name says, before anything is uploaded."""
    (platform.storage / name).write_bytes(content)
    for action, argument in (
        (ImportIndicatorsFromFile, "file_path"),
        (PreviewIndicatorsFile, "file_path"),
        (ImportIndicatorsFromText, "text_path"),
        (ImportIndicatorsFromText, "indicators_path"),
        (ImportIndicators, "indicators_path"),
        (RevokeIndicators, "indicators_path"),
    ):
        run = platform.run(action, collection_id=collection_id, **{argument: name})
        of = "" if argument == "file_path" else f" of {argument}"
        assert run.error == f"The file {name}{of} cannot be used: it is {what}."
    assert not [request for request in sandbox.requests if request.method == "POST"]


def test_json_says_which_argument_takes_it(platform: Platform, collection_id: str) -> None:
    """Objects are neither text nor a table; a list of values counts as text, as in the argument itself."""
    (platform.storage / "bundle.json").write_text('{"type": "bundle", "objects": []}')
    run = platform.run(ImportIndicatorsFromText, collection_id=collection_id, text_path="bundle.json")
    assert run.error == ("The file bundle.json of text_path cannot be used: it is JSON: use indicators_path for it.")
    run = platform.run(ImportIndicatorsFromFile, collection_id=collection_id, file_path="bundle.json")
    assert run.error == (
        "The file bundle.json cannot be used: it is JSON: use it as indicators_path of “Import indicators”."
    )
    (platform.storage / "list.json").write_text('[\n  "a.example",\n  "b.example"\n]')
    run = platform.run(ImportIndicatorsFromText, collection_id=collection_id, text_path="list.json")
    assert run.results and (run.results["by_type"], run.results["unrecognized_count"]) == ({"domain": 2}, 0)


def test_packed_text_and_lists(platform: Platform, collection_id: str) -> None:
    """A single packed file is opened, for each argument that takes a path."""
    (platform.storage / "text.gz").write_bytes(gzip.compress(b"a.example\n"))
    with zipfile.ZipFile(platform.storage / "list.zip", "w") as archive:
        archive.writestr("list.json", '["b.example"]')
    run = platform.run(
        ImportIndicatorsFromText, collection_id=collection_id, text_path="text.gz", indicators_path="list.zip"
    )
    assert run.results and run.results["by_type"] == {"domain": 2}


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (
            "evil.example",
            "The file list.json of indicators_path is neither a JSON list nor a JSON object: use text_path for text, "
            "or Import indicators from file for a table.",
        ),
        (
            '{"a": 1}',
            "There is nothing to import: indicators_path contains no recognized indicator: the only value is not one: "
            "line 1 “{a}” (an object that contains no indicator, with the keys a).",
        ),
        (
            '["{{ node.1 }}"]',
            "The file list.json of indicators_path cannot be used: it contains “{{ node.1 }}”, which the playbook did "
            "not render: "
            "check the expression.",
        ),
        (
            '["a.example", "b.exa',
            "The file list.json of indicators_path is not complete JSON: it cannot be read past line 1, column 15 "
            "(unterminated string starting at).",
        ),
        ("[" * 100_000 + "]" * 100_000, "The file list.json of indicators_path is nested too deeply to be read."),
    ],
)
def test_a_list_file_that_holds_no_list(platform: Platform, collection_id: str, content: str, sentence: str) -> None:
    """`indicators_path` must name JSON that contains indicators."""
    (platform.storage / "list.json").write_text(content)
    assert (
        platform.run(ImportIndicatorsFromText, collection_id=collection_id, indicators_path="list.json").error
        == sentence
    )


def test_nothing_to_import(platform: Platform, collection_id: str) -> None:
    """Empty sources are named."""
    (platform.storage / "empty.txt").write_text("\n \n")
    run = platform.run(ImportIndicatorsFromText, collection_id=collection_id, indicators="[]", text_path="empty.txt")
    assert run.error == "There is nothing to import: text_path, indicators contains no indicator."


def test_a_wrong_argument(platform: Platform, collection_id: str) -> None:
    """An argument of the wrong kind is named, without a traceback."""
    run = platform.run(
        ImportIndicatorsFromText, collection_id=collection_id, text="evil.example", timeout="soon", wait="x"
    )
    assert run.error == (
        "The action's arguments are not valid: wait: it must be true or false, not “x”; timeout: it must "
        "be a whole number, not “soon”."
    )


def test_arguments_that_are_no_object(platform: Platform) -> None:
    """Arguments of any other shape are refused in a sentence too."""
    run = platform.run_with(CreateIOCCollection, ["Blocklist"])
    assert run.error is not None
    assert run.error == "The action's arguments are not a JSON object."


@pytest.mark.parametrize(
    ("configuration", "secrets", "sentence"),
    [
        (
            {"base_url": "api.sekoia.io"},
            {"api_key": "k"},
            "The module's configuration is not valid: base_url: it must be a URL that begins with https:// (or http://).",
        ),
        (
            {},
            {"api_key": "two words"},
            "The module's configuration is not valid: api_key: it contains characters that no API key has: copy it "
            "again.",
        ),
        ({}, {}, "The module's configuration has no API key: enter one in the module's account."),
        ({}, {"api_key": None}, "The module's configuration has no API key: enter one in the module's account."),
        ({}, {"api_key": ""}, "The module's configuration has no API key: enter one in the module's account."),
    ],
)
def test_a_wrong_configuration(
    platform: Platform, configuration: dict[str, Any], secrets: dict[str, Any], sentence: str
) -> None:
    """An unusable configuration is reported in a sentence when it is used."""
    platform.module_configuration = configuration
    platform.secrets = secrets
    assert platform.run(CreateIOCCollection, name="Blocklist").error == sentence


@pytest.mark.parametrize("early", [{}, {"api_key": None}, {"api_key": ""}])
def test_the_key_comes_with_the_start(platform: Platform, early: dict[str, Any]) -> None:
    """The key that the platform hands over is used, whether it was absent, null or empty before."""
    platform.module_configuration |= early
    assert platform.run(CreateIOCCollection, name="Blocklist").error is None


def test_the_key_is_in_no_log_result_or_error(sandbox: Sandbox, platform: Platform, capfd: Any) -> None:
    """Whatever the error quotes, the key is not in it, nor in what is printed."""

    def told(run: Run) -> str:
        captured = capfd.readouterr()
        return json.dumps([run.results, run.error, run.logs]) + str(captured.out) + str(captured.err)

    sandbox.faults.rest = [RestFault(status=400, body={"message": f"Bearer {sandbox.api_key} may not"})]
    assert sandbox.api_key not in told(platform.run(CreateIOCCollection, name="Blocklist"))
    run = platform.run(ImportIndicatorsFromText, collection_id=UNKNOWN, text="a.example", description=sandbox.api_key)
    assert sandbox.api_key not in told(run)
