"""How actions report what they read: which values are not indicators, and which were adapted."""

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import WithJsonSchema

from sekoia_cti.indicators.account_of_values import Account
from sekoia_cti.indicators.input_errors import InputError
from sekoia_cti.platform.forms import objects

__all__ = [
    "AdaptedList",
    "FailedList",
    "TypeCounts",
    "UnrecognizedList",
    "refuse_doubtful",
    "refuse_without_indicators",
    "warnings",
]

NAMED = 10
"""How many values the error of ``strict`` names."""

UnrecognizedList = Annotated[list[dict[str, Any]], objects(line="integer", value="string", reason="string")]
"""What was not recognized."""

AdaptedList = Annotated[list[dict[str, Any]], objects(line="integer", written="string", sent="string", why="string")]
"""What was adapted."""

FailedList = Annotated[list[dict[str, str]], objects(value="string", reason="string")]
"""What Sekoia did not do as requested, and why."""

TypeCounts = Annotated[dict[str, int], WithJsonSchema({"type": "object", "additionalProperties": {"type": "integer"}})]
"""How many values there are of each type."""


def warnings(account: Account, *, sent: bool) -> list[str]:
    """What users should know about how values were read, as warnings.

    Args:
        account: How they were read.
        sent: Whether values that are not indicators are sent anyway.
    """
    said = []
    if count := account.unrecognized_count:
        values, are = (
            ("1 value", "is not a recognized indicator")
            if count == 1
            else (f"{count:,} values", "are not recognized indicators")
        )
        goes = f"{'is' if count == 1 else 'are'} still sent to Sekoia, since send_unrecognized is set"
        fate = goes if sent else f"{'is' if count == 1 else 'are'} not sent"
        said.append(f"{values} {are}, and {fate}: {_unrecognized(account, 3)}")
    if count := account.adapted_count:
        values = "1 value is" if count == 1 else f"{count:,} values are"
        said.append(f"{values} sent only in part or in a different form: {_adapted(account, 3)}")
    if account.damaged:
        said.append(f"{_are_damaged(account)}, and cannot be sent: {_damaged(account, 3)}")
    return [*said, *account.notices]


def refuse_doubtful(account: Account) -> None:
    """Refuse, for ``strict``, sources with values that were not recognized or were adapted.

    Raises:
        InputError: There are some; the error names the first ten of each.
    """
    complaints = []
    if count := account.unrecognized_count:
        values = (
            "1 value is not a recognized indicator"
            if count == 1
            else f"{count:,} values are not recognized indicators"
        )
        complaints.append(f"{values}: {_unrecognized(account, NAMED)}")
    if count := account.adapted_count:
        values = "1 value" if count == 1 else f"{count:,} values"
        complaints.append(f"{values} would be sent only in part or in a different form: {_adapted(account, NAMED)}")
    if account.damaged:
        complaints.append(f"{_are_damaged(account)}: {_damaged(account, NAMED)}")
    if complaints:
        raise InputError(
            f"Nothing was imported, since strict is set. {'. '.join(map(_sentence, complaints))}. Correct them, or run the "
            "action without strict"
        )


def refuse_without_indicators(account: Account, sources: str) -> None:
    """Refuse sources without any indicator, including indicators that are kept out.

    Args:
        account: How the values were read.
        sources: Where they came from.

    Raises:
        InputError: There is none; the error names the first three values that are not indicators, and why.
    """
    if account.by_type or account.kept_out:
        return
    if account.damaged and not account.unrecognized_count:
        raise InputError(
            f"There is nothing to import: every value in {sources} is damaged: {_damaged(account, 3)}. "
            "Check the program that wrote it"
        )
    if not account.unrecognized_count:
        raise InputError(f"There is nothing to import: {sources} contains no indicator")
    count = account.unrecognized_count
    values = "the only value is not one" if count == 1 else f"none of {count:,} values is one"
    raise InputError(
        f"There is nothing to import: {sources} contains no recognized indicator: {values}: "
        f"{_unrecognized(account, 3)}"
    )


def _unrecognized(account: Account, most: int) -> str:
    named = [f"line {found.line} “{found.value}” ({found.reason})" for found in account.unrecognized[:most]]
    return ", ".join(named) + _more(account.unrecognized_count, named)


def _are_damaged(account: Account) -> str:
    return "1 value is damaged" if len(account.damaged) == 1 else f"{len(account.damaged):,} values are damaged"


def _damaged(account: Account, most: int) -> str:
    named = [f"line {found.line} “{found.value}” ({found.reason})" for found in account.damaged[:most]]
    return ", ".join(named) + _more(len(account.damaged), named)


def _adapted(account: Account, most: int) -> str:
    named = [f"line {one.line} “{one.written}” as “{one.sent}” ({one.why})" for one in account.adapted[:most]]
    return ", ".join(named) + _more(account.adapted_count, named)


def _more(count: int, named: Sequence[str]) -> str:
    return f", and {count - len(named):,} more" if count > len(named) else ""


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:]
