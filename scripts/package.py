"""Install the module as the platform does, and run it: ``make package``.

The parts of the repository that the platform uses are copied into an empty folder, Poetry installs the locked packages
into an empty environment, and ``main.py`` creates a collection there and imports an indicator, against a sandbox.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from sandbox import Sandbox
from scripts import index
from scripts.ending import failing_as
from scripts.run import ROOT, environment

__all__ = ["main"]

TAKEN = ("main.py", "manifest.json", "pyproject.toml", "poetry.lock", "logo.png")


def main() -> None:
    """Install and run; exits with an error if either fails."""
    with tempfile.TemporaryDirectory(prefix="package-") as name:
        module = _copied(Path(name) / "module")
        python = _installed(module, Path(name) / "environment")
        with Sandbox() as sandbox:
            created = _run(sandbox, python, module, "CreateIOCCollection", name="Package")
            imported = _run(
                *(sandbox, python, module, "ImportIndicatorsFromText"),
                collection_id=created["collection_id"],
                text="malware.example",
            )
        if imported["status"] != "completed":
            sys.exit(f"The import ended as {imported['status']}.")
    print("Installed from poetry.lock alone, main.py created a collection and imported an indicator.")


def _copied(folder: Path) -> Path:
    folder.mkdir()
    for path in [*map(ROOT.joinpath, TAKEN), *ROOT.glob("action_*.json")]:
        shutil.copy(path, folder)
    shutil.copytree(ROOT / "sekoia_cti", folder / "sekoia_cti", ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def _installed(module: Path, path: Path) -> Path:
    """Create an environment with what Poetry installs from the lock; returns its Python."""
    _, pip = environment("uv")
    _, tools = environment("poetry")
    poetry = tools / "bin/poetry"
    subprocess.run([sys.executable, "-m", "venv", path], check=True)
    variables = index.variables(pip / "bin/python")
    variables |= {"VIRTUAL_ENV": str(path), "PATH": f"{path / 'bin'}{os.pathsep}{os.environ['PATH']}"}
    for arguments in (["check", "--lock"], ["install", "--only", "main"]):
        subprocess.run(
            [poetry, "--no-interaction", "--no-ansi", *arguments], cwd=module, env=variables, check=True, timeout=600
        )
    return path / "bin/python"


def _run(sandbox: Sandbox, python: Path, module: Path, command: str, **arguments: str) -> dict[str, str]:
    """The results of an action, run like on the platform: with only the module's folder and environment."""
    node_run = sandbox.node_run()
    variables = {
        "MODULE_CONFIGURATION": json.dumps({"base_url": sandbox.url}),
        "ARGUMENTS": json.dumps(arguments),
        "TOKEN": node_run.token,
        "URL_CALLBACK": node_run.url,
    }
    subprocess.run([python, "main.py", command], cwd=module, env=variables, check=True, timeout=60)
    told = node_run.received[-1]
    if told.get("error"):
        sys.exit(f"{command} failed: {told['error']}")
    results: dict[str, str] = told["results"]
    return results


if __name__ == "__main__":
    with failing_as("The package was not installed and run"):
        main()
