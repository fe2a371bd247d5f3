"""The three imports, each as a way to put values into a collection."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from sekoia_cti.actions.import_file import ImportIndicatorsFromFile
from sekoia_cti.actions.import_indicators import ImportIndicators
from sekoia_cti.actions.import_text import ImportIndicatorsFromText
from tests.conftest import Platform, Run

Import = Callable[..., Run]
"""Imports values, given the platform, them, and arguments."""


def as_text(platform: Platform, values: Sequence[str], **arguments: Any) -> Run:
    """A line each."""
    return platform.run(ImportIndicatorsFromText, text="\n".join(values), **arguments)


def as_list(platform: Platform, values: Sequence[str], **arguments: Any) -> Run:
    """Values and objects."""
    entries = [{"value": value, "description": "seen"} if at % 2 else value for at, value in enumerate(values)]
    return platform.run(ImportIndicators, indicators=entries, **arguments)


def as_file(platform: Platform, values: Sequence[str], **arguments: Any) -> Run:
    """A row each, below no heading."""
    with (platform.storage / "feed.csv").open("w", newline="") as file:
        csv.writer(file).writerows([value, "seen"] for value in values)
    return platform.run(ImportIndicatorsFromFile, file_path="feed.csv", **arguments)


WAYS = pytest.mark.parametrize("import_", [as_text, as_list, as_file])
