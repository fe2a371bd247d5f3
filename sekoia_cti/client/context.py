"""The context that a script gives for all indicators that it sends."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import TypedDict

from sekoia_cti.client.phases import PhaseFinder
from sekoia_cti.client.times import aware
from sekoia_cti.client.wire import Context
from sekoia_cti.indicators.kill_chains import KillChain

__all__ = ["LONGEST", "AboutAll", "checked_days", "context_of"]

LONGEST = 36_500
"""Days that indicators can be valid at most: a century, beyond which a number is a mistake."""


class AboutAll(TypedDict, total=False):
    """What applies to every indicator, as keyword arguments (contract, "Importing").

    Keys:
        description: At most 500 characters.
        valid_from, valid_until: When the indicators begin and cease to be valid, in UTC unless the time has an offset.
        valid_for: How many days from now the indicators are valid, 1 to 36,500; cannot be combined with `valid_until`.
        kill_chain_phases: Names of phases, such as ``delivery`` or ``mitre-attack:impact``.
        related_threat_refs: STIX ids of threats, such as ``intrusion-set--<uuid>``.
    """

    description: str | None
    valid_from: datetime | None
    valid_until: datetime | None
    valid_for: int | None
    kill_chain_phases: Iterable[str]
    related_threat_refs: Iterable[str]


def checked_days(days: int | None) -> int | None:
    """Check `valid_for`.

    Raises:
        ValueError: It is not a number of days from 1 to 36,500.
    """
    if days is None or (isinstance(days, int) and 1 <= days <= LONGEST):
        return days
    raise ValueError(f"valid_for: it must be a number of days from 1 to {LONGEST:,}, not {days!r}")


def context_of(about_all: AboutAll, look_up: Callable[[], Sequence[KillChain]]) -> Context:
    """Make a context of these arguments.

    Args:
        about_all: The arguments.
        look_up: Returns the kill chains that Sekoia knows; called only for a phase that is not known here.

    Returns:
        The context as an import sends it. `valid_for` counts from now.

    Raises:
        InputError: A kill chain phase is not known.
        ValueError: `valid_for` is not a number of days, or `valid_for` and `valid_until` are both given.
    """
    until, days = about_all.get("valid_until"), checked_days(about_all.get("valid_for"))
    if days is not None and until is not None:
        raise ValueError("valid_for and valid_until cannot be given together")
    if days is not None:
        until = datetime.now(UTC).replace(microsecond=0) + timedelta(days=days)
    return Context(
        description=about_all.get("description"),
        valid_from=_in_utc(about_all.get("valid_from")),
        valid_until=_in_utc(until),
        kill_chain_phases=PhaseFinder(look_up).find(about_all.get("kill_chain_phases", ())) or None,
        x_ic_related_threat_refs=list(about_all.get("related_threat_refs", ())) or None,
    )


def _in_utc(time: datetime | None) -> datetime | None:
    """A time with an offset, without which Sekoia could take it for any zone's."""
    return aware(time) if time else None
