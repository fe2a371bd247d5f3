"""What is raised when the input of an action cannot be used."""

from __future__ import annotations

__all__ = ["InputError", "UnreadableFile"]


class InputError(ValueError):
    """What the playbook handed over cannot be used; ``str()`` is one sentence that says why and what to do."""


class UnreadableFile(InputError):
    """A file is not what it should be: its format and not its storage is the reason. ``str()`` follows on its name."""
