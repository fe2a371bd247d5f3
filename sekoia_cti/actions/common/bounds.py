"""Results stay small: they tell the first items of a list, and a file of the storage has the whole of it."""

import json
from collections.abc import Iterable
from itertools import islice
from typing import Any

from sekoia_cti.indicators.errors import InputError
from sekoia_cti.platform.action import SekoiaAction
from sekoia_cti.platform.writing import writing

__all__ = ["IDS", "REASONED", "whole_list"]

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
