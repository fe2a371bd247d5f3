"""The manifests are what the SDK's generator makes of the code."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

import pytest
from jsonschema import Draft7Validator

from tests.manifests import ROOT, formatted, generate

MANIFEST = json.loads((ROOT / "manifest.json").read_text())
ACTIONS = [json.loads(path.read_text()) for path in sorted(ROOT.glob("action_*.json"))]


def everything(schema: object) -> list[tuple[str, object]]:
    """Every key of a schema with its value, at any depth."""
    if isinstance(schema, list):
        return [pair for item in schema for pair in everything(item)]
    if isinstance(schema, dict):
        return [pair for key, value in schema.items() for pair in [(key, value), *everything(value)]]
    return []


def test_the_manifests_are_in_step_with_the_code(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In all code of the repository, the SDK finds these actions and no others: `make manifests` renews them."""
    generate(tmp_path)
    capsys.readouterr()  # a line for each file, which would hide what this says
    generated = {path.name: formatted(json.loads(path.read_text())) for path in tmp_path.glob("*.json")}
    # Other files beside them, such as a playbook that somebody tries, are nobody's business here.
    ours = [path for path in ROOT.glob("*.json") if path.name in generated or path.name.startswith("action_")]
    committed = {path.name: path.read_text() for path in ours}
    stale = sorted(name for name in generated.keys() | committed.keys() if generated.get(name) != committed.get(name))
    assert (
        not stale
    ), f"not what the code makes of them: {', '.join(stale)}. Run `make manifests`, and commit the result."


@pytest.mark.parametrize("schema", [MANIFEST["configuration"], *(action["arguments"] for action in ACTIONS)])
def test_forms_are_flat(schema: dict[str, Any]) -> None:
    """The platform's forms get draft 7 without references, alternatives or null."""
    Draft7Validator.check_schema(schema)
    for key, value in everything(schema):
        assert key not in ("$ref", "$defs", "anyOf", "allOf", "oneOf")
        assert (key, value) != ("default", None)
        assert not (key == "type" and value == "null")
    for name, field in schema["properties"].items():
        assert field["title"] and field["description"], f"Give the argument {name} a title and a description."


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: str(action["docker_parameters"]))
def test_an_action_is_named_for_ever(action: dict[str, Any]) -> None:
    """The uuid comes from the name, and every result is described."""
    assert action["uuid"] == str(uuid5(UUID(MANIFEST["uuid"]), action["name"])), "Run `make manifests`."
    Draft7Validator.check_schema(action["results"])
    results = action["results"]["properties"]
    bare = [name for name, field in results.items() if not (field["title"] and field["description"])]
    assert not bare, f"Give {', '.join(bare)} a title and a description in the class of the results."


def test_uuids_are_unique() -> None:
    """No two things share a uuid."""
    uuids = [MANIFEST["uuid"], *(action["uuid"] for action in ACTIONS)]
    assert len(set(uuids)) == len(uuids)


def test_one_version_everywhere() -> None:
    """The manifest, the project and the newest entry of the changelog agree."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    versions = [line for line in (ROOT / "CHANGELOG.md").read_text().splitlines() if line.startswith("## 2")]
    assert MANIFEST["version"] == project["version"] == versions[0].split(" - ")[1]


SOURCES = ("text", "text_path", "indicators", "indicators_path", "indicator_ids", "file_path")
OFTEN = ("valid_for", "description", "kill_chain_phases")
RARELY = (
    "mime_type",
    "file_handle",
    "mapping",
    "ignore_first_line",
    "refang",
    "strict",
    "send_unrecognized",
    "format",
)


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: str(action["docker_parameters"]))
def test_a_form_begins_with_what_people_fill_in(action: dict[str, Any]) -> None:
    """Sources come first, then frequently set fields, and rarely set ones come last."""
    fields = list(action["arguments"]["properties"])
    sources = [name for name in fields if name in SOURCES]
    assert fields[: len(sources)] == sources, "Name the sources in `sources` of the arguments' class."
    if "valid_for" not in fields:
        return
    assert tuple(name for name in fields if name in OFTEN) == OFTEN
    rare = [name for name in fields if name in RARELY]
    assert fields[-len(rare) :] == rare, "Mark what is rarely set with RARELY_SET of actions/common/arguments.py."


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: str(action["docker_parameters"]))
def test_a_form_says_that_a_source_is_needed(action: dict[str, Any]) -> None:
    """If there are several sources, the first one names them all, including the uploaded file."""
    fields = action["arguments"]["properties"]
    sources = [name for name in fields if name in (*SOURCES, "file_handle")]
    if len(sources) > 1:
        said = fields[sources[0]]["description"].partition("Required: at least one of ")[2]
        unnamed = [name for name in sources if f"“{fields[name]['title']}”" not in said]
        assert not unnamed, f"The first field does not name {unnamed}: name all in `sources` of the arguments' class."


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: str(action["docker_parameters"]))
def test_a_field_explains_itself(action: dict[str, Any]) -> None:
    """No description depends on the field above it, which a form may show elsewhere."""
    leaning = [
        name
        for name, field in action["arguments"]["properties"].items()
        if field["description"].startswith("The same")
    ]
    assert not leaning, f"Say what {', '.join(leaning)} is, without “The same”."
