"""Results stay small: they contain the first items of a list, and a file in the storage contains all of them."""

import json
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any

from pydantic import Field

from sekoia_cti.indicators.again import Again
from sekoia_cti.indicators.input_errors import InputError
from sekoia_cti.indicators.long_list import LISTED, LongList
from sekoia_cti.platform.action import SekoiaAction
from sekoia_cti.platform.new_file import writing

__all__ = ["IDS", "REASONED", "first_of", "list_files", "path_field", "whole_list", "whole_outcomes"]

REASONED = LISTED
"""How many values results list if each comes with a reason or other details."""

IDS = 1_000
"""How many ids or bare values results list: ten thousand of them are half a megabyte, which every later node carries
along."""

_ENCODE = json.JSONEncoder(ensure_ascii=False).encode
_AT_ONCE = 1_000
"""How many items are written at once: there can be half a million of them."""


def whole_list(action: SekoiaAction, name: str, items: Iterable[Any], *, listed: int) -> str | None:
    """Write a list to a JSON file in the storage if the results cannot contain all of it.

    Args:
        action: The action whose list it is. It warns if the file cannot be written, instead of failing, since what was
            done stays done.
        name: What the file is named after.
        items: Anything that JSON can represent; iterated over twice.
        listed: How many of them the results contain.

    Returns:
        The path of the file within the storage; None if the results list all items, or no file could be written.
    """
    if next(islice(items, listed, None), None) is None:
        return None
    try:
        with writing(action.data_path, name, "json") as (file, path):
            rest, between = map(_ENCODE, items), "["
            while some := list(islice(rest, _AT_ONCE)):
                file.write(between + ",\n".join(some))
                between = ",\n"
            file.write("]\n")
    except InputError as error:
        action.tell(f"Only the first {listed:,} of {name.replace('_', ' ')} are listed: {error}", "warning")
        return None
    return path


def whole_outcomes(
    action: SekoiaAction, lists: Mapping[str, Sequence[str]], failed: Sequence[Mapping[str, str]]
) -> str | None:
    """Write what happened to each value to such a file, if the results cannot contain all of it.

    Args:
        action: The action whose outcomes they are.
        lists: Values by outcome, of which the results contain the first :data:`IDS`.
        failed: Those that failed, each with value and reason, of which the results contain the first :data:`REASONED`.
    """
    if len(failed) <= REASONED and all(len(values) <= IDS for values in lists.values()):
        return None
    outcomes = [
        *({"value": value, "outcome": name, "reason": None} for name, values in lists.items() for value in values),
        *({"value": each["value"], "outcome": "failed", "reason": each["reason"]} for each in failed),
    ]
    return whole_list(action, "outcomes", outcomes, listed=0)


def path_field(title: str) -> Any:
    """The result that names the file of a list, which :func:`list_files` writes.

    Args:
        title: The title of the result that contains the first items.
    """
    return Field(
        default=None,
        title=f"{title} file",
        description=f"All of “{title}” where there are more than {REASONED}, as a JSON list in a file in the "
        "playbook's storage; otherwise null",
    )


def first_of(entries: LongList[Any]) -> list[Any]:
    """The first items of a list, as results contain them."""
    return [_told(entry) for entry in entries]


def list_files(action: SekoiaAction, lists: Mapping[str, LongList[Any] | None]) -> dict[str, Any]:
    """Write lists to such files; the results contain only the first :data:`REASONED` items of each.

    Call this when the import is over: writing files must not delay it.

    Args:
        action: The action whose lists they are.
        lists: Each list by the name of the result that contains its first items; None if there is no list.

    Returns:
        The results ``<name>_path``.
    """

    def path(name: str, entries: LongList[Any] | None) -> str | None:
        if entries is None or entries.total <= REASONED:
            return None
        return whole_list(action, name, Again(lambda: map(_told, entries.whole())), listed=REASONED)

    return {f"{name}_path": path(name, entries) for name, entries in lists.items()}


def _told(entry: Any) -> Any:
    return entry._asdict() if hasattr(entry, "_asdict") else entry
