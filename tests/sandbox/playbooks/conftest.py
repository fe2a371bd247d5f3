"""A module that does as it is told, and a runner for it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sandbox import Sandbox
from sandbox.playbooks.access import Platform
from sandbox.playbooks.events import PlaybookRun
from sandbox.playbooks.module import Module
from sandbox.playbooks.playbook import Playbook
from sandbox.playbooks.runner import Runner
from tests.sandbox.playbooks.exports import ACTION_UUID, MAIN, MODULE_UUID


@pytest.fixture
def module(tmp_path: Path) -> Module:
    """The folder of a module whose action does as it is told."""
    folder = tmp_path / "module"
    folder.mkdir()
    (folder / "main.py").write_text(MAIN)
    (folder / "manifest.json").write_text(json.dumps({"uuid": MODULE_UUID}))
    (folder / "action_obey.json").write_text(json.dumps({"uuid": ACTION_UUID, "docker_parameters": "Obey"}))
    return Module.load(folder)


@pytest.fixture
def storage(tmp_path: Path) -> Path:
    """An empty storage folder."""
    folder = tmp_path / "storage"
    folder.mkdir()
    return folder


@pytest.fixture
def run(sandbox: Sandbox, module: Module, storage: Path) -> Callable[..., PlaybookRun]:
    """Runs an export on the sandbox."""

    def run(export: dict[str, Any], **options: Any) -> PlaybookRun:
        return Runner(Playbook.model_validate(export), module, Platform.of(sandbox), storage, **options).run()

    return run
