"""Files of the playbook's storage that lie in S3, which moto serves over a socket."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

import boto3
import pytest
from moto.server import ThreadedMotoServer
from s3path import S3Path, register_configuration_parameter

from sandbox import Sandbox
from sekoia_cti.actions.import_file import ImportIndicatorsFromFile
from sekoia_cti.actions.import_indicators import ImportIndicators
from sekoia_cti.actions.import_text import ImportIndicatorsFromText
from sekoia_cti.actions.search_indicators import SearchIndicators
from tests.conftest import Platform

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
            "file_path names “missing.csv”, which is not in the playbook's storage: check the earlier action.",
        ),
        (
            "../other/feed.csv",
            "file_path must name a file of the playbook's storage, and “../other/feed.csv” leads out of it.",
        ),
        (
            "/storage/other",
            "file_path must name a file of the playbook's storage, and “/storage/other” leads out of it.",
        ),
        ("folder", "file_path must name a file, and “folder” is a folder."),
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
