"""Raising the version, in a copy."""

from __future__ import annotations

import json
import shutil
import tomllib
from pathlib import Path

import pytest

from scripts.bump import BumpError, bump
from tests.conftest import ROOT

FILES = ("manifest.json", "pyproject.toml", "CHANGELOG.md")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The files that name the version."""
    for name in FILES:
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


def read(folder: Path) -> list[str]:
    """Their texts."""
    return [(folder / name).read_text() for name in FILES]


def test_the_version_rises_everywhere(copy: Path) -> None:
    """All three name it, the changelog's entry is dated, and nothing else changes."""
    before = read(copy)
    bump(copy, "98.0.1")
    assert json.loads((copy / "manifest.json").read_text())["version"] == "98.0.1"
    assert tomllib.loads((copy / "pyproject.toml").read_text())["project"]["version"] == "98.0.1"
    unreleased, newest = [line for line in (copy / "CHANGELOG.md").read_text().splitlines() if line[:3] == "## "][:2]
    assert unreleased == "## Unreleased"
    assert newest.endswith(" - 98.0.1")
    added = [len(set(now.splitlines()) - set(old.splitlines())) for old, now in zip(before, read(copy), strict=True)]
    assert added == [1, 1, 1]


def test_it_rises_again(copy: Path) -> None:
    """A version that was made by the command can be raised by it."""
    bump(copy, "98.0.1")
    bump(copy, "98.1.0")
    with pytest.raises(BumpError, match=r"^98\.0\.9 is not higher than 98\.1\.0, the current version\.$"):
        bump(copy, "98.0.9")


@pytest.mark.parametrize(
    ("version", "why"),
    [
        ("0.0.1", "0.0.1 is not higher than "),
        ("", "“” is not a version such as 1.2.3: run make bump VERSION=1.2.3."),
        ("v99.0.0", "“v99.0.0” is not a version"),
        ("99.0", "“99.0” is not a version"),
        ("99.0.0\n", "“99.0.0\n” is not a version"),
    ],
)
def test_what_is_no_higher_version(copy: Path, version: str, why: str) -> None:
    """It is refused in a sentence, and nothing changes."""
    before = read(copy)
    with pytest.raises(BumpError) as refused:
        bump(copy, version)
    assert str(refused.value).startswith(why)
    assert read(copy) == before


@pytest.mark.parametrize("name", FILES)
def test_a_place_that_is_missing(copy: Path, name: str) -> None:
    """No file is changed when one of them cannot be."""
    text = (copy / name).read_text()
    (copy / name).write_text(
        text.replace('"version": ', '"version":  ').replace("\nversion", "\n#version").replace("## Unr", "# Unr")
    )
    before = read(copy)
    with pytest.raises(BumpError, match="0 times, but it must occur exactly once"):
        bump(copy, "98.0.1")
    assert read(copy) == before
