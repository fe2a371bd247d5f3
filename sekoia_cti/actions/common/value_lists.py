"""Values as results have them: how many, the first hundred, and all of them in a file where there are more."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sekoia_cti.indicators.account import LISTED
from sekoia_cti.indicators.display import shown
from sekoia_cti.platform.writing import writing

__all__ = ["listed_values"]


def listed_values(name: str, values: Sequence[str], storage: Path | None) -> dict[str, Any]:
    """The three results of a list.

    Args:
        name: Of the result with the first values; the others are called ``<name>_count`` and ``<name>_path``.
        values: All of them.
        storage: Where the file goes, the action's ``data_path``; None where there is to be none.

    Raises:
        InputError: The storage does not take the file.
    """
    told: dict[str, Any] = {name: [shown(value) for value in values[:LISTED]], f"{name}_count": len(values)}
    if storage is None:
        return told
    path = None
    if len(values) > LISTED:
        with writing(storage, name.replace("_", "-"), "json") as (file, path):
            file.write("[\n" + ",\n".join(json.dumps(value, ensure_ascii=False) for value in values) + "\n]\n")
    return told | {f"{name}_path": path}
