"""A runner for the module that does as it is told."""

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


@pytest.fixture
def run(sandbox: Sandbox, module: Module, storage: Path) -> Callable[..., PlaybookRun]:
    """Runs an export on the sandbox."""

    def run(export: dict[str, Any], **options: Any) -> PlaybookRun:
        return Runner(Playbook.model_validate(export), module, Platform.of(sandbox), storage, **options).run()

    return run
