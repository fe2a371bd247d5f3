"""How actions tell what they read: which values are no indicators of a known kind, and what kinds the others are of."""

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import WithJsonSchema

from sekoia_cti.indicators.errors import InputError
from sekoia_cti.indicators.reading import Account, Unrecognized
from sekoia_cti.platform.forms import objects

__all__ = ["FailedList", "TypeCounts", "UnrecognizedList", "listed", "refuse_unrecognized", "unrecognized_warning"]

NAMED_LINES = 10
"""Lines that an error names."""

UnrecognizedList = Annotated[list[dict[str, Any]], objects(line="integer", value="string", reason="string")]
"""The result of :func:`listed`."""

FailedList = Annotated[list[dict[str, str]], objects(value="string", reason="string")]
"""What Sekoia did not do as asked, and why."""

TypeCounts = Annotated[dict[str, int], WithJsonSchema({"type": "object", "additionalProperties": {"type": "integer"}})]
"""How many values there are of each type."""


def listed(unrecognized: Sequence[Unrecognized]) -> list[dict[str, Any]]:
    """What was not recognised, as results have it."""
    return [{"line": found.line, "value": found.value, "reason": found.reason} for found in unrecognized]


def unrecognized_warning(account: Account) -> str:
    """That values are sent although they were not recognised."""
    count = account.unrecognized_count
    lines, go = ("1 line is no indicator", "goes") if count == 1 else (f"{count:,} lines are no indicators", "go")
    return f"{lines} of a known kind, and {go} to Sekoia all the same: see the result unrecognized"


def refuse_unrecognized(account: Account) -> None:
    """Refuse, for ``strict``, what holds values that were not recognised.

    Raises:
        InputError: There are some; it names the first ten.
    """
    count = account.unrecognized_count
    if not count:
        return
    named = [f"line {found.line} “{found.value}” ({found.reason})" for found in account.unrecognized[:NAMED_LINES]]
    more = f", and {count - len(named):,} more" if count > len(named) else ""
    lines = "1 line is no known indicator" if count == 1 else f"{count:,} lines are no known indicators"
    raise InputError(
        f"Nothing was imported, since strict is set and {lines}: {', '.join(named)}{more}; correct them, or run the action "
        "without strict"
    )
