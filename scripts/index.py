"""Where packages come from on this machine according to pip's configuration, which uv and Poetry do not read."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

__all__ = ["variables"]


def variables(python: Path) -> dict[str, str]:
    """The environment of this process, with the index and certificates of a Python's pip under the names of uv and Poetry.

    Variables that are already set stay. Poetry asks an index for JSON unless it has a mirror, and few indexes support
    that, so the index is declared as a mirror.
    """
    settings = _pip(python, "config", "list")
    index, certificates = _setting(settings, "index-url"), _setting(settings, "cert")
    names = {
        "UV_DEFAULT_INDEX": index,
        "UV_SYSTEM_CERTS": "true",
        "POETRY_PYPI_MIRROR_URL": index or _default_index(python),
        "REQUESTS_CA_BUNDLE": certificates,
        "SSL_CERT_FILE": certificates,
    }
    return {**{name: value for name, value in names.items() if value}, **os.environ}


def _setting(settings: str, name: str) -> str:
    """A setting, from the environment or pip's files; if there are several, the one that pip prefers."""
    by_section = dict(re.findall(rf"^(:env:|global|install)\.{name}='([^'\s]*)", settings, re.MULTILINE))
    return by_section.get(":env:") or by_section.get("install") or by_section.get("global") or ""


def _default_index(python: Path) -> str:
    """The index that pip uses without any setting, according to its help."""
    text = "".join(_pip(python, "install", "--help").split())
    match = re.search(r"\(default(https://[^)]+)\)", text)
    return match.group(1) if match else ""


def _pip(python: Path, *arguments: str) -> str:
    return subprocess.run([python, "-m", "pip", *arguments], capture_output=True, text=True, check=True).stdout
