"""Raise the version in every place that names it: ``make bump VERSION=1.2.3``.

The entries below *Unreleased* in the changelog become those of the new version, dated today. The platform restarts a
module only when ``manifest.json`` and ``CHANGELOG.md`` name a higher version than before.
"""

from __future__ import annotations

import json
import re
import sys
from datetime import UTC, datetime
from pathlib import Path

__all__ = ["BumpError", "bump"]

ROOT = Path(__file__).resolve().parent.parent


class BumpError(Exception):
    """Why the version was not raised, in a sentence."""


def bump(root: Path, version: str) -> None:
    """Raise the version of the module in a folder. If it raises BumpError, nothing was changed."""
    manifest, project, changelog = root / "manifest.json", root / "pyproject.toml", root / "CHANGELOG.md"
    old = str(json.loads(manifest.read_text())["version"])
    if not re.fullmatch(r"\d+\.\d+\.\d+", version):
        raise BumpError(f"“{version}” is not a version such as 1.2.3: run make bump VERSION=1.2.3.")
    if _numbers(version) <= _numbers(old):
        raise BumpError(f"{version} is not higher than {old}, the current version.")
    title = f"## Unreleased\n\n## {datetime.now(UTC):%Y-%m-%d} - {version}\n"
    changed = {
        manifest: _replaced(manifest, rf'"version": "{re.escape(old)}"', f'"version": "{version}"'),
        project: _replaced(project, rf'^version = "{re.escape(old)}"$', f'version = "{version}"'),
        changelog: _replaced(changelog, r"^## Unreleased\n", title),
    }
    for path, text in changed.items():
        path.write_text(text)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


def _replaced(path: Path, old: str, new: str) -> str:
    """The text of a file, with its only match replaced."""
    text, count = re.subn(old, new, path.read_text(), flags=re.MULTILINE)
    if count != 1:
        raise BumpError(f"{path.name} contains {old} {count} times, but it must occur exactly once.")
    return text


if __name__ == "__main__":
    try:
        bump(ROOT, "".join(sys.argv[1:]))
    except BumpError as error:
        sys.exit(str(error))
