"""Finds the playbook's storage of a run.

The SDK finds it once per process, but on Fission, two runs in one process can have different storages.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from sekoia_automation.configuration.base import Configuration
from sekoia_automation.configuration.exception import MissingConfigurationError
from sekoia_automation.module import Module
from sekoia_automation.storage import get_data_path

from sekoia_cti.indicators.input_errors import InputError

__all__ = ["data_path_for"]


class _StorageSettings(Configuration):
    """The settings that decide where a storage is; the SDK caches one path for each distinct value."""

    NAMES = ("file_backend", "sub_folder")

    def __init__(self, module: Module) -> None:
        self._values = tuple(module.load_config(name, non_exist_ok=True) for name in self.NAMES)

    def load(self, name: str, *_type_and_whether_it_may_miss: Any, **_by_name: Any) -> Any:
        """The value, or None."""
        return dict(zip(self.NAMES, self._values, strict=True)).get(name)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _StorageSettings) and self._values == other._values

    def __hash__(self) -> int:
        return hash(self._values)


def data_path_for(module: Module) -> Path:
    """The storage of the run that a module was made for: a local path or an ``S3Path``.

    Raises:
        InputError: It cannot be reached.
    """
    try:
        return get_data_path(_StorageSettings(module))
    except (OSError, ValueError, BotoCoreError, ClientError, MissingConfigurationError) as error:
        why = str(error) if type(error) is ValueError else type(error).__name__  # the SDK's own words
        raise InputError(f"The playbook's storage cannot be reached ({why}): run the action again") from None
