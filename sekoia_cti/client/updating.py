"""Changes fields of indicators of a collection, and keeps their other fields.

It is unknown whether Sekoia keeps fields that a change or an import does not send (contract, "Indicators"). So all writable
fields are sent, with their present values if they are not to change: an import without an end of validity would make 30 days
of 90.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple

from sekoia_cti.client.errors import NotFound, Refused, SekoiaError, Unavailable, UnexpectedAnswer
from sekoia_cti.client.importing.halving import IN_A_ROW
from sekoia_cti.client.importing.outcome import Outcome
from sekoia_cti.client.listing import all_indicators, checked_indicator
from sekoia_cti.client.rest.endpoints import RestClient
from sekoia_cti.client.search import FoundIndicator, Match
from sekoia_cti.client.times import aware
from sekoia_cti.client.wire import Context, Indicator
from sekoia_cti.indicators.matching import known
from sekoia_cti.indicators.stored_patterns import value_of
from sekoia_cti.indicators.types import STIX_TYPES

__all__ = ["EMPTY", "FEW", "MANY", "Change", "ImportTexts", "State", "Target", "Updater"]

FEW = 100
"""Up to so many indicators are changed one by one, since an import takes a while too."""

MANY = 25
"""From so many indicators with the same new fields on, one import takes less time than single requests."""

ATTEMPTS = 5
"""Attempts per indicator, about ten seconds, so that one that always fails does not keep the others waiting."""

EMPTY: dict[str, Any] = {
    "description": "",
    "valid_until": None,
    "kill_chain_phases": [],
    "x_ic_related_threat_refs": [],
}
"""Fields that can be cleared, and their values when they are."""

State = Literal["pending", "updated", "unchanged", "revoked", "not_found", "failed"]
"""What became of an indicator, or of what was asked for."""

ImportTexts = Callable[[Sequence[tuple[Context, Sequence[str]]]], Outcome]
"""Imports groups of lines, each with a context, waits for the end, and returns how it ended."""


@dataclass(slots=True)
class Change:
    """The change of one indicator.

    Attributes:
        indicator: The indicator as it was found.
        target: The fields that it is to have.
        state: What became of it.
        reason: Why it failed; empty if it did not.
    """

    indicator: FoundIndicator
    target: Target
    state: State = "pending"
    reason: str = ""

    @property
    def goes_by_text(self) -> bool:
        """Whether an import of the indicator's value is certain to change this indicator, and can set all of its new fields."""
        kind, _ = known(value_of(self.indicator.pattern))
        # It is unknown whether Sekoia recognizes the hashes of a file as the indicator that exists.
        if kind is None or kind == "hashes" or self.target.context.valid_until is None or self.target.emptied:
            return False
        return self.indicator.pattern.lstrip("[ ").startswith(f"{STIX_TYPES[kind]}:")

    def settle(self, now: Indicator) -> list[str]:
        """Compare the indicator with its target; if they agree, it counts as updated.

        Args:
            now: The indicator as Sekoia has it now.

        Returns:
            The names of the fields that differ.
        """
        wanted = _said(self.target.context)
        other = [name for name, said in _said(now.context()).items() if said != wanted[name]]
        if not other:
            self.state = "updated"
        return other


class Target(NamedTuple):
    """The new fields of all indicators that have the same fields now.

    Attributes:
        context: All writable fields.
        state: The state of such an indicator before anything is done: ``pending``, ``unchanged`` or ``failed``.
        reason: Why it failed; empty if it did not.
        emptied: Fields to empty, which an import cannot do.
    """

    context: Context
    state: State
    reason: str = ""
    emptied: frozenset[str] = frozenset()

    @classmethod
    def of(cls, present: Context, changes: Context, clear: Collection[str] = ()) -> Target:
        """Find the new fields.

        Args:
            present: The fields now.
            changes: The fields to change; None in a field keeps it.
            clear: The names of the fields to clear.
        """
        emptied = frozenset(name for name in clear if getattr(present, name))
        target = present.model_copy(
            update={name: value for name, value in changes if value is not None}
            | {name: EMPTY[name] for name in clear}
        )
        begin, until = target.valid_from, target.valid_until
        if begin and until and aware(begin) >= aware(until):
            if changes.valid_from is not None:
                return cls(target, "failed", "its validity would end before it begins: set valid_until too")
            # An end before the beginning means that the indicator is to be invalid: it gets a beginning that Sekoia can accept.
            target = target.model_copy(update={"valid_from": aware(until) - timedelta(seconds=1)})
        return cls(target, "unchanged" if _said(present) == _said(target) else "pending", emptied=emptied)


class Updater:
    """Changes the indicators that were found, each of them once.

    Args:
        rest: The REST client, whose deadline ends everything.
        collection_id: ``ioc-collection--<uuid>``.
        matches: What was asked for, with the indicators that match.
        changes: The fields to change; None in a field keeps it.
        clear: The names of the fields to clear, of :data:`EMPTY`.
        on_progress: Called with how many indicators are done, and how many there are.
        few: See :data:`FEW`.
        many: See :data:`MANY`.
    """

    def __init__(
        self,
        rest: RestClient,
        collection_id: str,
        matches: Sequence[Match],
        changes: Context,
        *,
        clear: Collection[str] = (),
        on_progress: Callable[[int, int], object],
        few: int = FEW,
        many: int = MANY,
    ) -> None:
        self._few = few
        self._many = many
        self._rest = rest
        self._collection_id = collection_id
        self._matches = matches
        self._on_progress = on_progress
        targets: dict[int, Target] = {}  # by the present context, which many share
        self.updates: dict[str, Change] = {}
        """The changes, by the ids of the indicators."""
        for match in matches:
            for indicator in match.indicators:
                if (target := targets.get(id(indicator.context))) is None:
                    target = targets[id(indicator.context)] = Target.of(indicator.context, changes, clear)
                self.updates[indicator.id] = Change(indicator, target, target.state, target.reason)
        self.failure: SekoiaError | None = None
        """The error that ended it early; None if nothing did."""

    @property
    def pending(self) -> list[Change]:
        """The changes that are not done yet."""
        return [update for update in self.updates.values() if update.state == "pending"]

    def send(self, import_texts: ImportTexts) -> None:
        """Change the indicators: many with the same new fields by an import, the others one by one.

        Args:
            import_texts: Imports lines, each with a context, and waits for the end.
        """
        try:
            if groups := self._groups():
                self._import(groups, import_texts)
            pending = self.pending
            self._one_by_one(pending, done=len(self.updates) - len(pending))
        except SekoiaError as error:
            self.failure = error

    def outcomes(self) -> dict[State, list[str]]:
        """The values and ids by what became of them. If a value has several indicators, the first of these states decides."""
        decides: tuple[State, ...] = ("failed", "pending", "updated", "unchanged", "revoked", "not_found")
        told: dict[State, list[str]] = {state: [] for state in decides}
        for match in self._matches:
            states = {self.updates[indicator.id].state for indicator in match.indicators}
            states |= {"revoked"} if match.revoked else set()
            told[next((state for state in decides if state in states), "not_found")].append(match.asked)
        return told

    def reasons(self) -> dict[str, str]:
        """Why values and ids failed, by value or id."""
        return {
            match.asked: update.reason
            for match in self._matches
            for indicator in match.indicators
            if (update := self.updates[indicator.id]).state == "failed"
        }

    # Inside

    def _groups(self) -> list[tuple[Context, list[Change]]]:
        """The changes that an import can make, grouped by their new fields."""
        pending = self.pending
        if len(pending) <= self._few:
            return []
        by_target: dict[int, list[Change]] = {}
        for update in pending:
            if update.goes_by_text:
                by_target.setdefault(id(update.target), []).append(update)
        # To the second many are to say the same that are not to the microsecond.
        groups: dict[str, tuple[Context, list[Change]]] = {}
        for updates in by_target.values():
            context = _sent(updates[0].target.context)
            groups.setdefault(context.model_dump_json(), (context, []))[1].extend(updates)
        return [group for group in groups.values() if len(group[1]) >= self._many]

    def _import(self, groups: Sequence[tuple[Context, Sequence[Change]]], import_texts: ImportTexts) -> None:
        try:
            outcome = import_texts(
                [(context, [value_of(update.indicator.pattern) for update in updates]) for context, updates in groups]
            )
        except (Refused, UnexpectedAnswer):
            return  # one by one it may be taken
        # Whether an import shortens a validity, or replaces phases, is unknown (contract): the collection has the last word.
        self._look()
        if outcome.failure is not None:
            raise outcome.failure

    def _look(self) -> None:
        for listed in all_indicators(self._rest, self._collection_id):
            for item in listed.items:
                update = self.updates.get(item["id"])
                if update is not None and update.state == "pending":
                    update.settle(checked_indicator(item))

    def _one_by_one(self, updates: Iterable[Change], *, done: int) -> None:
        refused = 0
        for number, update in enumerate(updates, done + 1):
            try:
                told = self._rest.update_indicator(
                    self._collection_id,
                    update.indicator.id,
                    update.target.context,
                    without_end="valid_until" in update.target.emptied,
                    attempts=ATTEMPTS,
                )
            except NotFound:
                update.state = "not_found"
            except (Refused, Unavailable, UnexpectedAnswer) as error:
                update.state, update.reason = "failed", str(error)
                refused += 1
                if refused == IN_A_ROW:  # every two cost a pause
                    raise
                continue
            else:
                if other := update.settle(told):
                    update.state, update.reason = (
                        "failed",
                        f"Sekoia did not change it as requested: check its {', '.join(other)}",
                    )
            refused = 0
            self._on_progress(number, len(self.updates))


def _sent(context: Context) -> Context:
    """A context as imports send it: times to the second, so that indicators of one import stay together, and no empty lists,
    which Sekoia may refuse."""
    return context.model_copy(
        update={
            "valid_from": _second(context.valid_from),
            "valid_until": _second(context.valid_until),
            "kill_chain_phases": context.kill_chain_phases or None,
            "x_ic_related_threat_refs": context.x_ic_related_threat_refs or None,
        }
    )


def _said(context: Context) -> Mapping[str, Any]:
    """A context in the form in which it is compared: times to the second, phases and threats in any order."""
    return {
        "description": (context.description or "").strip(),
        "valid_from": _second(context.valid_from),
        "valid_until": _second(context.valid_until),
        "kill_chain_phases": {(phase.kill_chain_name, phase.phase_name) for phase in context.kill_chain_phases or []},
        "related_threat_refs": {*(context.x_ic_related_threat_refs or [])},
    }


def _second(time: datetime | None) -> datetime | None:
    return aware(time).replace(microsecond=0) if time else None
