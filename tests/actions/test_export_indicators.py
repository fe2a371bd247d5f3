"""Export indicators, against the sandbox."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from socket import socket
from typing import Any

import pytest

from sandbox import RestFault, Sandbox
from sekoia_cti.actions.common.formats import FILE_FORMATS
from sekoia_cti.actions.export_indicators import ExportIndicators
from sekoia_cti.actions.import_file import ImportIndicatorsFromFile
from sekoia_cti.actions.import_indicators import ImportIndicators
from sekoia_cti.actions.import_text import ImportIndicatorsFromText
from sekoia_cti.actions.revoke_indicators import RevokeIndicators
from sekoia_cti.client.wire import Indicator
from tests.conftest import Command, Platform
from tests.hostile import Hostile, answer

MD5, SHA1 = "0123456789abcdef0123456789abcdef", "0123456789abcdef0123456789abcdef01234567"
THREAT = "intrusion-set--11111111-1111-4111-8111-111111111111"
ITEMS: list[dict[str, Any]] = [
    {"value": "evil.example", "description": 'He said "a, b"\nand c', "valid_until": "2035-01-02T03:04:05Z"},
    {"value": "203.0.113.9", "kill_chain_phases": ["mitre-attack:impact"], "related_threat_refs": [THREAT]},
    {"value": f"{MD5},{SHA1}", "valid_from": "2020-01-01", "valid_until": "2036-01-01"},
    {"value": "https://evil.example/it's?a=\\b", "description": "=1+1"},
    {
        "value": "=cmd!a@evil.example",
        "description": "'-2+3",
        "kill_chain_phases": ["delivery", "mitre-attack:command-and-control"],
    },
    {"value": "xn--bcher-kva.example", "description": "„über“; 500 " + "x" * 488},
    {"value": "2001:db8::9", "description": "'quoted', @SUM(1)"},
    {"value": "d1.example", "description": "@SUM(1)|cmd"},
    {"value": "d2.example", "description": "-1\r\n+2"},
]
STATE = ("pattern", "description", "valid_from", "valid_until", "kill_chain_phases", "x_ic_related_threat_refs")


@pytest.fixture
def held(platform: Platform, collection_id: str) -> str:
    """A collection with indicators of all sorts, one of them revoked."""
    run = platform.run(ImportIndicators, collection_id=collection_id, indicators=[*ITEMS, "gone.example"])
    assert run.error is None
    platform.run(RevokeIndicators, collection_id=collection_id, indicators=["gone.example"])
    return collection_id


def exported(platform: Platform, collection_id: str, **arguments: Any) -> str:
    """The content of the file."""
    run = platform.run(ExportIndicators, collection_id=collection_id, **arguments)
    assert run.error is None
    assert run.results
    return (platform.storage / str(run.results["file_path"])).read_bytes().decode()


def state(sandbox: Sandbox, collection_id: str, *names: str) -> list[list[Any]]:
    """What the collection says of each of its indicators that is not revoked."""
    return sorted(
        [indicator.get(name) for name in names]
        for indicator in sandbox.indicators(collection_id)
        if not indicator["revoked"]
    )


def test_text_imports_again(sandbox: Sandbox, platform: Platform, held: str) -> None:
    """One line per value, which another collection accepts."""
    text = exported(platform, held, format="text")
    assert text.splitlines()[0] == "evil.example"
    other = str(sandbox.create_collection(name="Copy")["id"])
    assert platform.run(ImportIndicatorsFromText, collection_id=other, text=text).error is None

    assert state(sandbox, other, "pattern") == state(sandbox, held, "pattern")


def test_json_imports_again_to_the_same_state(sandbox: Sandbox, platform: Platform, held: str) -> None:
    """The whole context of each indicator comes along."""
    name = platform.run(ExportIndicators, collection_id=held, format="json").results
    assert name
    other = str(sandbox.create_collection(name="Copy")["id"])
    run = platform.run(ImportIndicators, collection_id=other, indicators_path=name["file_path"])
    assert run.error is None

    assert state(sandbox, other, *STATE) == state(sandbox, held, *STATE)


def test_csv_imports_again(sandbox: Sandbox, platform: Platform, held: str) -> None:
    """Values, validity and descriptions come along, quotes, commas and line breaks included; and no cell is a formula."""
    rows = list(csv.DictReader(io.StringIO(exported(platform, held, format="csv"), newline="")))
    assert [{*row["observable"].removeprefix("'").split(",")} for row in rows] == [
        {*item["value"].split(",")} for item in ITEMS
    ]
    assert not [cell for row in rows for cell in row.values() if cell.lstrip().startswith(("=", "+", "-", "@"))]
    assert rows[0]["description"] == ITEMS[0]["description"]
    assert (rows[1]["kill_chain_phases"], rows[1]["threat ids"]) == ("impact", THREAT)
    name = platform.run(ExportIndicators, collection_id=held).results
    assert name
    other = str(sandbox.create_collection(name="Copy")["id"])
    assert platform.run(ImportIndicatorsFromFile, collection_id=other, file_path=name["file_path"]).error is None

    kept = ("pattern", "description", "valid_from", "valid_until")
    assert state(sandbox, other, *kept) == state(sandbox, held, *kept)


def test_a_table_of_others_keeps_its_apostrophes(sandbox: Sandbox, platform: Platform, collection_id: str) -> None:
    """Text from another program is kept unchanged."""
    (platform.storage / "feed.csv").write_text("observable,description\nd1.example,'-x' is a flag\n")
    run = platform.run(
        ImportIndicatorsFromFile, collection_id=collection_id, file_path="feed.csv", known_good="import"
    )
    assert run.error is None
    assert state(sandbox, collection_id, "description") == [["'-x' is a flag"]]


def test_what_is_not_active_imports_again(sandbox: Sandbox, platform: Platform, held: str) -> None:
    """With everything exported, expired values stay expired, and revoked ones are reported and not imported."""
    old = {"value": "old.example", "valid_from": "2020-01-01", "valid_until": "2021-01-01"}
    platform.run(ImportIndicators, collection_id=held, indicators=[old])
    name = platform.run(ExportIndicators, collection_id=held, format="json", which="all").results
    assert name
    other = str(sandbox.create_collection(name="Copy")["id"])
    run = platform.run(ImportIndicators, collection_id=other, indicators_path=name["file_path"])

    assert (run.error, run.results and run.results["status"]) == (None, "completed")
    assert run.results and [skipped["value"] for skipped in run.results["skipped"]] == ["gone.example"]
    assert state(sandbox, other, *STATE) == state(sandbox, held, *STATE)
    rows = list(csv.DictReader(io.StringIO(exported(platform, held, format="csv", which="all"), newline="")))
    assert [row["status"] for row in rows] == ["active"] * len(ITEMS) + ["revoked", "expired"]


def test_stix_is_a_bundle(platform: Platform, held: str) -> None:
    """Each indicator has everything that STIX 2.1 requires."""
    bundle = json.loads(exported(platform, held, format="stix", which="all"))

    assert bundle["type"] == "bundle"
    assert bundle["id"].startswith("bundle--")
    assert len(bundle["objects"]) == len(ITEMS) + 1
    needed = {"type", "spec_version", "id", "created", "modified", "pattern", "pattern_type", "valid_from"}
    assert all(needed <= indicator.keys() for indicator in bundle["objects"])
    assert [indicator["revoked"] for indicator in bundle["objects"]] == [False] * len(ITEMS) + [True]
    assert bundle["objects"][2]["valid_until"] == "2036-01-01T00:00:00Z"
    assert bundle["objects"][1]["kill_chain_phases"] == [{"kill_chain_name": "mitre-attack", "phase_name": "impact"}]


def test_stix_demands_what_sekoia_may_not_tell() -> None:
    """Required times are present even if Sekoia did not provide valid ones."""
    item = json.loads(FILE_FORMATS["stix"]().item(Indicator(id="indicator--1", pattern="[url:value = 'a']"), True))
    assert item["created"] == item["modified"] == item["valid_from"]


@pytest.mark.parametrize("format", ["csv", "text", "json", "stix"])
@pytest.mark.parametrize(("which", "count"), [("active", len(ITEMS)), ("all", len(ITEMS) + 1)])
def test_counts(platform: Platform, held: str, format: str, which: str, count: int) -> None:
    """Inactive indicators are left out unless all are requested, and counted."""
    run = platform.run(ExportIndicators, collection_id=held, format=format, which=which)

    assert run.results
    assert (run.results["count"], run.results["skipped_count"]) == (count, len(ITEMS) + 1 - count)
    assert Path(run.results["file_path"]).suffix == {"csv": ".csv", "text": ".txt"}.get(format, ".json")


@pytest.mark.parametrize("reader", ["served", "absent", "html"])
def test_a_large_collection_is_read_in_bulk(
    sandbox: Sandbox, platform: Platform, collection_id: str, reader: Any
) -> None:
    """The file is the same, whether the collection is read with few requests or page by page."""
    values = [f"d{number}.example" for number in range(450)]
    platform.run(ImportIndicatorsFromText, collection_id=collection_id, text="\n".join(values), known_good="import")
    sandbox.faults.bulk_reader = reader
    before = len(sandbox.requests)
    assert exported(platform, collection_id, format="text").splitlines() == values
    assert len(sandbox.requests) - before == (3 if reader == "served" else 6)


@pytest.mark.parametrize("format", FILE_FORMATS)
@pytest.mark.usefixtures("hasty")
def test_what_was_read_is_written_before_more_is_read(platform: Platform, collection_id: str, format: str) -> None:
    """Memory does not grow with the collection: its second page only comes once the first is in the file."""
    values = [f"{'x' * 50}.{number:03}.{'y' * 60}.{'z' * 60}.example" for number in range(200)]

    def page(start: int) -> dict[str, Any]:
        some = [
            {"id": f"indicator--{number}", "pattern": f"[domain-name:value = '{values[number]}']"}
            for number in range(start, start + 100)
        ]
        return {"items": some, "total": len(values), "has_more": start == 0}

    def once_written(connection: socket) -> None:
        while not any(values[0] in file.read_text() for file in platform.storage.iterdir()):
            if server.closing.wait(0.01):
                return
        answer(body=page(100))(connection)

    with Hostile(answer(body=page(0)), once_written) as server:
        platform.module_configuration["base_url"] = server.url
        run = platform.run(ExportIndicators, collection_id=collection_id, format=format)

    assert run.error is None
    assert run.results and run.results["count"] == len(values)


@pytest.mark.parametrize(("format", "content"), [("json", "[\n\n]\n"), ("text", "")])
def test_an_empty_collection(platform: Platform, collection_id: str, format: str, content: str) -> None:
    """An empty collection becomes a file as well."""
    assert exported(platform, collection_id, format=format) == content


def test_a_failure_leaves_no_file(sandbox: Sandbox, platform: Platform, held: str) -> None:
    """An incomplete file is not left behind, since it could pass for a complete one."""
    sandbox.faults.rest = [RestFault.model_validate({"path": "/indicators$", "status": 403, "times": None})]
    run = platform.run(ExportIndicators, collection_id=held)

    assert run.error and "403" in run.error
    assert run.results is None
    assert list(platform.storage.iterdir()) == []


def test_a_storage_that_refuses(platform: Platform, held: str) -> None:
    """If the storage does not exist, as when an action is run by hand, the error says how to create it."""
    platform.storage = platform.storage / "missing"
    run = platform.run(ExportIndicators, collection_id=held)

    assert run.error and run.error.endswith(
        ".csv could not be written to the playbook's storage (no such file or directory), and no part of it was kept: set "
        f"SUB_FOLDER to a folder that exists, since {platform.storage} does not."
    )


def test_as_a_command(command: Command, collection_id: str, tmp_path: Path) -> None:
    """The platform runs it as a command of `main.py`."""
    told = command("ExportIndicators", tmp_path, collection_id=collection_id, format="stix")

    assert told["results"]["count"] == 0
