"""What is raised when the input of an action cannot be used."""

from __future__ import annotations

__all__ = ["InputError"]


class InputError(ValueError):
    """What the playbook handed over cannot be used; ``str()`` is one sentence that says why and what to do."""
