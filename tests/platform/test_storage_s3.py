"""Files of the playbook's storage that lie in S3, which moto serves over a socket."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer
from s3path import S3Path, register_configuration_parameter

from sandbox import Sandbox
from sekoia_cti.actions.export_indicators import ExportIndicators
from sekoia_cti.actions.import_file import ImportIndicatorsFromFile
from sekoia_cti.actions.import_indicators import ImportIndicators
from sekoia_cti.actions.import_text import ImportIndicatorsFromText
from sekoia_cti.actions.search_indicators import SearchIndicators
from sekoia_cti.client.waiting import Deadline
from sekoia_cti.platform import storage, watchdog
from sekoia_cti.platform.action import SekoiaAction
from sekoia_cti.platform.new_file import writing
from tests.conftest import Platform
from tests.hostile import Hostile, silence
from tests.s3 import RefusingS3

ROWS = [["IOC", "Comment"], *([f"d{number}.example.com", f"row {number}"] for number in range(5_000))]


def as_csv(rows: list[list[str]]) -> bytes:
    """Rows as CSV."""
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


@pytest.fixture(scope="module")
def bucket() -> Iterator[S3Path]:
    """A bucket, with its endpoint and credentials set the way the SDK sets them (SDK ``storage.py``)."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        session = boto3.Session(aws_access_key_id="id", aws_secret_access_key="secret", region_name="us-east-1")
        resource = session.resource("s3", endpoint_url=f"http://{host}:{port}")
        resource.create_bucket(Bucket="storage")
        bucket = S3Path("/storage")
        register_configuration_parameter(bucket, resource=resource)
        yield bucket / "run"
    finally:
        server.stop()


@pytest.fixture
def platform_on_s3(platform: Platform, bucket: S3Path) -> Platform:
    """The platform, with its storage in S3."""
    platform.storage = bucket
    return platform


@pytest.mark.parametrize(("defanged", "uploads"), [(False, "feed.csv"), (True, "a cleaned CSV")])
def test_a_file_in_s3(
    sandbox: Sandbox, platform_on_s3: Platform, bucket: S3Path, collection_id: str, defanged: bool, uploads: str
) -> None:
    """A file is read from S3 as it goes up, byte for byte when it is clean."""
    content = as_csv(ROWS)
    if defanged:
        content = content.replace(b".example.com", b"[.]example.com")
    (bucket / "feed.csv").write_bytes(content)
    run = platform_on_s3.run(ImportIndicatorsFromFile, collection_id=collection_id, file_path="feed.csv")
    assert run.error is None
    assert run.results and (run.results["status"], run.results["imported"]) == ("completed", 5_000)
    (upload,) = [request for request in sandbox.requests if request.path.endswith("/preview")]
    assert (content in upload.body) is not defanged
    assert uploads in run.logs
    assert {indicator["name"] for indicator in sandbox.indicators(collection_id)} == {row[0] for row in ROWS[1:]}


def test_text_in_s3(sandbox: Sandbox, platform_on_s3: Platform, bucket: S3Path, collection_id: str) -> None:
    """Text and lists are read from S3 too."""
    (bucket / "text").write_text("a[.]example.com\n")
    (bucket / "list.json").write_text('["b.example.com"]')
    run = platform_on_s3.run(
        ImportIndicatorsFromText, collection_id=collection_id, text_path="text", indicators_path="list.json"
    )
    assert run.error is None
    assert {indicator["name"] for indicator in sandbox.indicators(collection_id)} == {"a.example.com", "b.example.com"}


def test_a_list_goes_to_s3_and_back(
    sandbox: Sandbox, platform_on_s3: Platform, collection_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a search finds above a limit is written to S3, and the imports take it from there."""
    monkeypatch.setattr(SearchIndicators, "most_inline", 100)
    names = {f"d{number}.example.com" for number in range(250)}
    run = platform_on_s3.run(
        ImportIndicators, collection_id=collection_id, indicators=sorted(names), description="of an alert"
    )
    assert run.error is None
    found = platform_on_s3.run(SearchIndicators, collection_id=collection_id).results
    assert found and (found["count"], found["indicators"]) == (250, None)
    other = str(sandbox.create_collection(name="Copy")["id"])
    run = platform_on_s3.run(ImportIndicators, collection_id=other, indicators_path=found["indicators_path"])
    assert run.error is None
    there = sandbox.indicators(other)
    assert {indicator["name"] for indicator in there} == names
    assert {indicator["description"] for indicator in there} == {"of an alert"}


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        (
            "missing.csv",
            "file_path names “missing.csv”, which is not in the playbook's storage: check the step that creates it.",
        ),
        (
            "../other/feed.csv",
            "file_path must name a file in the playbook's storage, but “../other/feed.csv” is outside it.",
        ),
        (
            "/storage/other",
            "file_path must name a file in the playbook's storage, but “/storage/other” is outside it.",
        ),
        ("folder", "file_path must name a file, but “folder” is a folder."),
        ("empty.csv", "The file “empty.csv” of file_path is empty: there is nothing to import."),
    ],
)
def test_what_is_no_file_in_s3(
    sandbox: Sandbox, platform_on_s3: Platform, bucket: S3Path, collection_id: str, path: str, sentence: str
) -> None:
    """What cannot be imported is refused in the words that a local storage has, before anything is sent."""
    (bucket / "folder" / "inner.csv").write_bytes(b"x")
    (bucket / "empty.csv").write_bytes(b"")
    run = platform_on_s3.run(ImportIndicatorsFromFile, collection_id=collection_id, file_path=path)
    assert run.error == sentence
    assert sandbox.requests == []


@pytest.fixture(scope="module")
def refusing_s3() -> Iterator[tuple[RefusingS3, S3Path]]:
    """An S3 that can refuse, and a folder of its bucket."""
    with RefusingS3("refusing") as s3:
        yield s3, s3.path / "run"


@pytest.fixture
def refusing(
    platform: Platform, refusing_s3: tuple[RefusingS3, S3Path], monkeypatch: pytest.MonkeyPatch
) -> Iterator[RefusingS3]:
    """The same, with the platform's storage in it."""
    monkeypatch.setattr(storage, "PAUSE", 0.0)
    s3, platform.storage = refusing_s3
    s3.objects["run/feed.csv"] = b"ioc,note\nhxxp://a[.]example/,x\n"
    s3.objects["run/feed.txt"] = b"hxxp://a[.]example/\n"
    s3.objects["run/list.json"] = b'["http://a.example/"]'
    yield s3
    s3.clear()


ARGUMENTS = [
    (ImportIndicatorsFromFile, {"file_path": "feed.csv"}),
    (ImportIndicatorsFromText, {"text_path": "feed.txt"}),
    (ImportIndicatorsFromText, {"indicators_path": "list.json"}),
]


def test_an_object_that_is_replaced(
    sandbox: Sandbox, platform: Platform, collection_id: str, refusing: RefusingS3
) -> None:
    """Another one of the same size, while what was looked at goes up, is another file: no import is started."""

    class Replaced(ImportIndicatorsFromFile):
        def tell(self, message: str, level: Any = "info") -> None:
            super().tell(message, level)
            if message.startswith("Uploading"):
                refusing.modified = "Wed, 25 Nov 2026 10:00:01 GMT"

    run = platform.run(Replaced, collection_id=collection_id, file_path="feed.csv")
    assert run.error and run.error.startswith("The file feed.csv changed while it was being read, and nothing was")
    assert sandbox.indicators(collection_id) == []


@pytest.mark.fault("S3 answers with 403 or 503 once", "The request is repeated; completed")
@pytest.mark.parametrize(("action", "arguments"), ARGUMENTS)
@pytest.mark.parametrize("status", [403, 503])
@pytest.mark.parametrize("method", ["HEAD", "GET"])
def test_s3_refuses_once(
    sandbox: Sandbox,
    platform: Platform,
    refusing: RefusingS3,
    collection_id: str,
    action: type[SekoiaAction],
    arguments: dict[str, str],
    status: int,
    method: str,
) -> None:
    """It is asked again: a defanged file is looked at and cleaned."""
    refusing.refuses = {method: [status, 200]}
    run = platform.run(action, collection_id=collection_id, **arguments)
    assert run.error is None
    assert (method, status) in refusing.answered
    assert [indicator["name"] for indicator in sandbox.indicators(collection_id)] == ["http://a.example/"]


@pytest.mark.fault("S3 keeps answering with 403 or 503", "An error with S3's message; nothing is sent")
@pytest.mark.parametrize(("action", "arguments"), ARGUMENTS)
@pytest.mark.parametrize(
    ("method", "status", "sentence"),
    [
        ("HEAD", 403, "which cannot be read from the playbook's storage (S3 answered 403: Forbidden)."),
        (
            "GET",
            403,
            "cannot be read from the playbook's storage (S3 answered 403: no access today): run the action again later.",
        ),
        (
            "GET",
            503,
            "cannot be read from the playbook's storage (S3 answered 503: no access today): run the action again later.",
        ),
    ],
)
def test_s3_refuses(
    sandbox: Sandbox,
    platform: Platform,
    refusing: RefusingS3,
    collection_id: str,
    action: type[SekoiaAction],
    arguments: dict[str, str],
    method: str,
    status: int,
    sentence: str,
) -> None:
    """The error contains S3's message, and nothing is sent to Sekoia."""
    refusing.refuses = {method: [status]}
    run = platform.run(action, collection_id=collection_id, **arguments)
    assert run.error and run.error.endswith(sentence)
    assert refusing.answered.count((method, status)) == storage.TRIES
    assert not [request for request in sandbox.requests if request.method == "POST"]


@pytest.mark.fault(
    "S3 refuses results at any step", "An error in one sentence with the reason; nothing half-written is left behind"
)
@pytest.mark.parametrize("refuses", [{"POST": [403]}, {"PUT": [403]}, {"PUT": [503]}, {"POST": [200, 403]}])
@pytest.mark.parametrize("action", [SearchIndicators, ExportIndicators])
def test_s3_refuses_a_write(
    sandbox: Sandbox,
    platform: Platform,
    refusing: RefusingS3,
    collection_id: str,
    monkeypatch: pytest.MonkeyPatch,
    action: type[SekoiaAction],
    refuses: dict[str, list[int]],
) -> None:
    """One sentence with the reason, at whichever step it does, and nothing half-written stays."""
    monkeypatch.setattr(SearchIndicators, "most_inline", 1)
    platform.run(ImportIndicators, collection_id=collection_id, indicators=["a.example", "b.example", "c.example"])
    before = set(refusing.objects)
    refusing.refuses = {method: [*statuses] for method, statuses in refuses.items()}
    run = platform.run(action, collection_id=collection_id)
    status = next(iter(refuses.values()))[-1]
    assert run.error and run.error.startswith("The file indicators")
    assert f"could not be written to the playbook's storage (S3 answered {status}: no access today)" in run.error
    assert set(refusing.objects) == before
    assert refusing.parts == {}


def test_an_upload_to_s3_is_given_up(refusing: RefusingS3, platform: Platform) -> None:
    """Where it is not S3 that fails, nothing stays either."""
    before = set(refusing.objects)
    with suppress(RuntimeError), writing(platform.storage, "indicators", "csv") as (file, _):
        file.write("a.example\n")
        raise RuntimeError
    assert set(refusing.objects) == before
    assert refusing.parts == {}
    assert ("POST", 200) in refusing.answered


@pytest.mark.fault(
    "S3 accepts a request and never answers",
    "The node reports shortly after the deadline, no matter how long S3's library waits",
)
def test_s3_hangs(sandbox: Sandbox, platform: Platform, collection_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What reads the file is left behind, and nothing is sent."""
    monkeypatch.setattr(watchdog, "AFTER_DEADLINE", 0.1)
    monkeypatch.setattr(ImportIndicatorsFromText, "deadline", Deadline(0.5))
    with Hostile(silence) as server:
        session = boto3.Session(aws_access_key_id="id", aws_secret_access_key="secret", region_name="us-east-1")
        platform.storage = S3Path("/hangs")
        register_configuration_parameter(platform.storage, resource=session.resource("s3", endpoint_url=server.url))
        run = platform.run(ImportIndicatorsFromText, collection_id=collection_id, text_path="iocs.txt")
    assert run.error and "because something hangs" in run.error
    assert not [request for request in sandbox.requests if request.method == "POST"]
