"""Renew ``poetry.lock``, and the requirement files for pip, uv and the Dockerfile that are exported from it: ``make
lock``."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from scripts import index
from scripts.ending import failing_as
from scripts.run import ROOT, environment

__all__ = ["main"]

EXPORTED = {
    "requirements.txt": ["--only", "main"],
    "requirements-dev.txt": ["--with", "dev"],
    "requirements-browser.txt": ["--with", "dev,browser"],
    "requirements-poetry.txt": ["--only", "poetry"],
    "requirements-uv.txt": ["--only", "uv"],
}


def main(arguments: list[str]) -> None:
    """Lock the newest versions that pyproject.toml allows; with ``--no-update``, only its new requirements."""
    _, pip = environment("uv")
    _, tools = environment("poetry")
    variables = index.variables(pip / "bin/python")
    poetry: list[str | Path] = [tools / "bin/poetry", "--no-interaction", "--no-ansi"]
    renew = [] if "--no-update" in arguments else ["--regenerate"]
    subprocess.run([*poetry, "lock", *renew], cwd=ROOT, env=variables, check=True)
    for name, groups in EXPORTED.items():
        subprocess.run([*poetry, "export", *groups, "--output", name], cwd=ROOT, env=variables, check=True)


if __name__ == "__main__":
    with failing_as("The lock was not renewed"):
        main(sys.argv[1:])
