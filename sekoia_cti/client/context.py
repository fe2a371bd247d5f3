"""What a script says about all the indicators that it sends."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import TypedDict

from sekoia_cti.client.phases import PhaseFinder
from sekoia_cti.client.wire import Context
from sekoia_cti.indicators.kill_chains import KillChain

__all__ = ["AboutAll", "context_of"]


class AboutAll(TypedDict, total=False):
    """What is said about every indicator, as keyword arguments.

    Keys:
        description: At most 500 characters.
        valid_from, valid_until: When they are valid; UTC unless they have an offset.
        valid_for: For how many days from now; not together with `valid_until`.
        kill_chain_phases: Names of phases, such as ``delivery`` or ``mitre-attack:impact``.
        related_threat_refs: STIX ids of threats.
    """

    description: str | None
    valid_from: datetime | None
    valid_until: datetime | None
    valid_for: int | None
    kill_chain_phases: Iterable[str]
    related_threat_refs: Iterable[str]


def context_of(about_all: AboutAll, look_up: Callable[[], Sequence[KillChain]]) -> Context:
    """The same, as an import sends it along.

    Args:
        about_all: What is said.
        look_up: Gives the kill chains that Sekoia knows.

    Raises:
        InputError: A phase is not known.
        ValueError: `valid_for` and `valid_until` are both given.
    """
    until, days = about_all.get("valid_until"), about_all.get("valid_for")
    if days is not None and until is not None:
        raise ValueError("valid_for and valid_until cannot be given together")
    if days is not None:
        until = datetime.now(UTC).replace(microsecond=0) + timedelta(days=days)
    return Context(
        description=about_all.get("description"),
        valid_from=about_all.get("valid_from"),
        valid_until=until,
        kill_chain_phases=PhaseFinder(look_up).find(about_all.get("kill_chain_phases", ())) or None,
        x_ic_related_threat_refs=list(about_all.get("related_threat_refs", ())) or None,
    )
