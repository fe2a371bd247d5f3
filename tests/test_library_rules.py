"""The rules of the vendor's library for a module's folder (its `_utils/compliance`), so that it can be dropped in."""

from __future__ import annotations

import ast
import importlib
import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from jsonschema import Draft7Validator

from sekoia_cti.platform.action import SekoiaAction
from tests.conftest import ROOT

MANIFEST = json.loads((ROOT / "manifest.json").read_text())
ACTIONS = {path.name: json.loads(path.read_text()) for path in sorted(ROOT.glob("action_*.json"))}
CATEGORIES = {
    "Applicative",
    "Cloud Providers",
    "Collaboration Tools",
    "Email",
    "Endpoint",
    "Generic",
    "IAM",
    "Network",
    "Threat Intelligence",
}
SECTIONS = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


JSON = sorted([*ROOT.glob("*.json"), *(ROOT / "playbooks").rglob("*.json"), *(ROOT / "tests/data").rglob("*.json")])


@pytest.mark.parametrize("path", JSON, ids=lambda path: str(path.relative_to(ROOT)))
def test_json_is_as_the_linter_writes_it(path: Path) -> None:
    """The library's linter accepts JSON only in this format, anywhere in the repository."""
    written = json.dumps(json.loads(path.read_text()), indent=2)
    assert (
        path.read_text() == written
    ), f"Write {path.name} with json.dumps(…, indent=2): no newline at its end, ASCII escapes."


def registered() -> Iterator[tuple[str, str]]:
    """The calls on a variable named `module` in `main.py` that register an action: where its class is, and its name."""
    for node in ast.walk(ast.parse((ROOT / "main.py").read_text())):
        match node:
            case ast.Call(
                func=ast.Attribute(value=ast.Name(id="module"), attr="register"),
                args=[ast.Constant(value=str(path)), ast.Constant(value=str(name))],
            ):
                yield path, name


def test_main_registers_each_action() -> None:
    """Each action is registered once, with the name and place of its class, and belongs to one manifest."""
    classes = list(registered())
    for path, name in classes:
        found = getattr(importlib.import_module(path), name, None)
        assert found and issubclass(found, SekoiaAction), f"main.py registers {name}, which {path} does not have."
    commands = [action["docker_parameters"] for action in ACTIONS.values()]
    names = [name for _, name in classes]
    unregistered, unknown = sorted(set(commands) - set(names)), sorted(set(names) - set(commands))
    assert (
        not unregistered
    ), f'Add module.register("sekoia_cti.actions.…", "{unregistered[0]}") to main.py, with the file of the action.'
    assert not unknown, f"There is no manifest of {', '.join(unknown)}: run `make manifests`, and commit the result."
    assert len(set(commands)) == len(commands), "Two manifests name the same class."
    assert len(set(names)) == len(names), "main.py registers a class twice."


def test_main_registers_what_validates_the_account() -> None:
    """The manifest offers to test the account, and `main.py` registers the validator."""
    assert MANIFEST["supports_validation"] is True
    assert "module.register_account_validator(" in (ROOT / "main.py").read_text()


def test_the_manifest() -> None:
    """The slug, version and categories are ones that the library accepts."""
    assert re.fullmatch(r"[a-z]([a-z_.\-]|\d)*", MANIFEST["slug"])
    assert re.fullmatch(r"\d+\.\d+\.\d+", MANIFEST["version"])
    assert set(MANIFEST["categories"]) <= CATEGORIES
    assert MANIFEST["categories"]
    Draft7Validator.check_schema(MANIFEST["configuration"])


@pytest.mark.parametrize("action", ACTIONS.values(), ids=ACTIONS)
def test_an_action(action: dict[str, Any]) -> None:
    """The manifest of an action has everything that the library requires."""
    assert all(isinstance(action[key], str) for key in ("name", "uuid", "description", "docker_parameters"))
    for key in ("arguments", "results"):
        assert isinstance(action[key], dict)
        Draft7Validator.check_schema(action[key])


def test_the_changelog() -> None:
    """Dated versions in descending order, below the words of the form, with sections of known names and nothing else."""
    header, *versions = re.split(r"^## ", (ROOT / "CHANGELOG.md").read_text(), flags=re.MULTILINE)
    assert header.startswith("# Changelog\n\nAll notable changes to this project will be documented in this file.\n")
    assert "Keep a Changelog" in header
    assert "Semantic Versioning" in header
    titles = [version.split("\n", 1)[0] for version in versions]
    assert titles[0] == "Unreleased"
    dated = [re.fullmatch(r"(\d{4}-\d\d-\d\d) - (\d+)\.(\d+)\.(\d+)", title) for title in titles[1:]]
    numbers = [tuple(map(int, match.groups()[1:])) for match in dated if match]
    assert len(numbers) == len(titles) - 1
    assert numbers == sorted(set(numbers), reverse=True)
    for version in versions:
        text, *sections = re.split(r"^### ", version.partition("\n")[2], flags=re.MULTILINE)
        assert not text.strip()
        assert {section.split("\n", 1)[0] for section in sections} <= SECTIONS


def test_the_logo_is_square() -> None:
    """The logo is an SVG that fills a square."""
    logo = ElementTree.parse(ROOT / "logo.svg").getroot()  # noqa: S314  # our own
    _, _, width, height = logo.attrib["viewBox"].split()
    assert width == height


def test_the_logo_for_the_import_is_a_square_picture() -> None:
    """Sekoia's check of a repository requires a PNG, whose header gives its size."""
    head = (ROOT / "logo.png").read_bytes()[:24]
    assert head[:8] == b"\x89PNG\r\n\x1a\n"
    assert head[16:20] == head[20:24]


def test_the_folder() -> None:
    """Tests, an image, and black's line length are where the library looks for them."""
    assert any((ROOT / "tests").rglob("test_*.py"))
    assert (ROOT / "Dockerfile").is_file()
    assert tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["black"]["line-length"] == 119
