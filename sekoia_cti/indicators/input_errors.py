"""The errors for unusable input."""

from __future__ import annotations

__all__ = ["InputError", "UnreadableFile"]


class InputError(ValueError):
    """The input from the playbook cannot be used; ``str()`` is one sentence that says why and what to do."""


class UnreadableFile(InputError):
    """A file is not what it should be, because of its format, not its storage. ``str()`` continues a sentence that
    begins with its name."""
