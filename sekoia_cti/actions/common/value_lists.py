"""Values in the form of results: how many, the first hundred, and, if there are more, all of them in a file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sekoia_cti.actions.common.bounds import REASONED, whole_list
from sekoia_cti.indicators.display import shown
from sekoia_cti.platform.action import SekoiaAction

__all__ = ["first_values", "listed_values"]


def listed_values(action: SekoiaAction, name: str, values: Sequence[str], *, keep: bool = True) -> dict[str, Any]:
    """The results of a list: the first values, ``<name>_count``, and ``<name>_path``, the file with all.

    Args:
        action: Whose list it is.
        name: The name of the result with the first values.
        values: All of them.
        keep: Whether they are written to the storage; no if the storage may be what hangs.
    """
    path = whole_list(action, name, values, listed=REASONED) if keep else None
    return first_values(name, values) | {f"{name}_path": path}


def first_values(name: str, values: Sequence[str]) -> dict[str, Any]:
    """The same without a file."""
    return {name: [shown(value) for value in values[:REASONED]], f"{name}_count": len(values)}
