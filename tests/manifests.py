"""Renew the manifests from the code: ``make manifests``."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path

from sekoia_automation.action import Action
from sekoia_automation.scripts.files_generator import FilesGenerator

ROOT = Path(__file__).parent.parent


class Generator(FilesGenerator):
    """The SDK's generator, which knows no output branches, with ``outputs`` as the vendor's own manifests have them."""

    def generate_action_manifests(self, actions: set[type[Action]]) -> None:
        """Write the manifests of all actions."""
        super().generate_action_manifests(actions)
        for action in actions:
            if branches := getattr(action, "branches", None):
                path = self.base_path / f"action_{str(action.name).lower().replace(' ', '_')}.json"
                path.write_text(json.dumps({**json.loads(path.read_text()), "outputs": branches}))


def formatted(manifest: object) -> str:
    """JSON in the vendor's format: indented by two, in ASCII, without a newline at the end."""
    return json.dumps(manifest, indent=2)


def generate(copy: Path) -> None:
    """Generate the JSON files into an empty folder, so that the SDK does not replace our ``main.py``.

    It gets all code that the SDK would find in the repository: it imports every package but the tests, in search of actions.
    """
    for item in ("manifest.json", "main.py"):
        shutil.copy(ROOT / item, copy)
    for folder in ROOT.iterdir():
        if folder.name != "tests" and any(folder.glob("*.py")):
            shutil.copytree(folder, copy / folder.name, ignore=shutil.ignore_patterns("__pycache__"))
    Generator(copy).execute()


def main() -> None:
    """Replace the manifests with those generated from the code."""
    with tempfile.TemporaryDirectory() as name:
        copy = Path(name)
        generate(copy)
        for old in ROOT.glob("action_*.json"):
            old.unlink()
        for path in copy.glob("*.json"):
            (ROOT / path.name).write_text(formatted(json.loads(path.read_text())))


if __name__ == "__main__":
    main()
