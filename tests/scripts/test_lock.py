"""The lock, and what is exported from it, are in step; nothing is asked of an index."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from scripts.lock import EXPORTED
from tests.conftest import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


@cache
def packages() -> list[dict[str, Any]]:
    """What the lock holds, which takes a while to read."""
    found: list[dict[str, Any]] = tomllib.loads((ROOT / "poetry.lock").read_text())["package"]
    return found


def asked_for() -> dict[str, dict[str, Requirement]]:
    """What pyproject.toml asks for, by group and name."""
    main: dict[str, Requirement] = {
        canonicalize_name(one.name): one for one in map(Requirement, PROJECT["project"]["dependencies"])
    }
    groups = {"main": main}
    for group, content in PROJECT["tool"]["poetry"]["group"].items():
        wanted = {
            canonicalize_name(name): wish if isinstance(wish, str) else wish["version"]
            for name, wish in content["dependencies"].items()
        }
        groups[group] = {name: Requirement(name + version.replace("*", "")) for name, version in wanted.items()}
    return groups


def exported(name: str) -> dict[tuple[str, str], set[str]]:
    """The packages of a requirement file, with their hashes."""
    entries = re.sub(r"\\\n\s*", " ", (ROOT / name).read_text()).splitlines()
    found: dict[tuple[str, str], set[str]] = {}
    for entry in entries:
        if match := re.match(r"([\w.-]+)(?:\[.*?\])?==([^\s;]+)", entry):
            found[canonicalize_name(match[1]), match[2]] = set(re.findall(r"--hash=(\S+)", entry))
    return found


def locked(groups: set[str]) -> dict[tuple[str, str], set[str]]:
    """The packages that the lock has for some groups."""
    return {
        (canonicalize_name(package["name"]), package["version"]): {file["hash"] for file in package["files"]}
        for package in packages()
        if groups & set(package["groups"])
    }


def test_the_lock_names_no_host() -> None:
    """Whoever installs from it asks an index of their own."""
    assert not [package["name"] for package in packages() if "source" in package]
    assert {key for package in packages() for file in package["files"] for key in file} == {"file", "hash"}
    assert not [name for name in EXPORTED if "://" in (ROOT / name).read_text()]


@pytest.mark.parametrize("group", asked_for())
def test_the_lock_has_what_is_asked_for(group: str) -> None:
    """Each dependency is locked, for its group and in a version that it may have."""
    versions: dict[str, list[str]] = {}
    for name, version in locked({group}):
        versions.setdefault(name, []).append(version)
    lacking = [
        str(wanted)
        for name, wanted in asked_for()[group].items()
        if not any(wanted.specifier.contains(version) for version in versions.get(name, []))
    ]
    assert not lacking, f"poetry.lock lacks {', '.join(lacking)} for {group}: run `make lock ARGS=--no-update`."


@pytest.mark.parametrize("name", EXPORTED)
def test_the_requirement_files_are_exported_from_the_lock(name: str) -> None:
    """The same packages in the same versions, each with all of its hashes."""
    groups = {group for option in EXPORTED[name][1:] for group in option.split(",")}
    if "--with" in EXPORTED[name]:
        groups.add("main")
    assert exported(name) == locked(
        groups
    ), f"{name} is not in step with poetry.lock: run `make lock ARGS=--no-update`."
