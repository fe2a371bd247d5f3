"""Results stay small: they tell the first items of a list, and a file of the storage has the whole of it."""

import json
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any

from sekoia_cti.indicators.errors import InputError
from sekoia_cti.platform.action import SekoiaAction
from sekoia_cti.platform.writing import writing

__all__ = ["IDS", "REASONED", "whole_list", "whole_outcomes"]

REASONED = 100
"""Values that results list with what is said about each."""

IDS = 1_000
"""Ids, or bare values, that results list: ten thousand of them are half a megabyte, which every later node carries along."""


def whole_list(action: SekoiaAction, name: str, items: Iterable[Any], *, listed: int) -> str | None:
    """Write a list into a JSON file of the storage, where results tell only the first of it.

    Args:
        action: Whose list it is; it warns where the storage does not take the file, since what was done stays done.
        name: What the file is named after.
        items: What JSON can hold; gone through twice.
        listed: How many of them the results tell.

    Returns:
        The path of the file below the storage; None when there are no more items than are told, or no file.
    """
    if next(islice(items, listed, None), None) is None:
        return None
    try:
        with writing(action.data_path, name, "json") as (file, path):
            between = "["
            for item in items:
                file.write(between + json.dumps(item, ensure_ascii=False))
                between = ",\n"
            file.write("]\n")
    except InputError as error:
        action.tell(f"Only the first {listed:,} of {name.replace('_', ' ')} are told: {error}", "warning")
        return None
    return path


def whole_outcomes(
    action: SekoiaAction, lists: Mapping[str, Sequence[str]], failed: Sequence[Mapping[str, str]]
) -> str | None:
    """Write what became of each value into such a file, where results cannot tell all of them.

    Args:
        action: Whose outcomes they are.
        lists: Values by outcome, of which the results tell the first :data:`IDS`.
        failed: Those that failed, each with value and reason, of which the results tell the first :data:`REASONED`.
    """
    if len(failed) <= REASONED and all(len(values) <= IDS for values in lists.values()):
        return None
    outcomes = [
        *({"value": value, "outcome": name, "reason": None} for name, values in lists.items() for value in values),
        *({"value": each["value"], "outcome": "failed", "reason": each["reason"]} for each in failed),
    ]
    return whole_list(action, "outcomes", outcomes, listed=0)
