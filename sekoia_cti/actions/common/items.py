"""Reads indicators that can each have their own context, and prepares them for the importer."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from pydantic import ValidationError

from sekoia_cti.actions.common.context_arguments import ContextArguments, is_stix_id
from sekoia_cti.actions.common.gathered import COMMENT, ObjectAccount, is_comment, unfold_all
from sekoia_cti.actions.common.validity import ContextByKind
from sekoia_cti.client.importing.missing import Missing
from sekoia_cti.client.importing.requests import Entry
from sekoia_cti.client.phases import PhaseFinder
from sekoia_cti.client.wire import NewIndicator
from sekoia_cti.indicators.account_of_values import Account
from sekoia_cti.indicators.dates import read_date
from sekoia_cti.indicators.display import shown
from sekoia_cti.indicators.input_errors import InputError
from sekoia_cti.indicators.notation import Notation
from sekoia_cti.indicators.objects import LONGEST_DESCRIPTION, Held, Unread
from sekoia_cti.indicators.reading import Finding, Judge, findings
from sekoia_cti.indicators.recognize import DAMAGED
from sekoia_cti.indicators.types import STIX_TYPES, IndicatorType
from sekoia_cti.platform.complaints import complaint

__all__ = ["Item", "ItemReading", "entries_for", "read_items"]

TYPES = frozenset(STIX_TYPES.values())
"""All types that Sekoia accepts (contract, "Accepted IOC types")."""


@dataclass(frozen=True, slots=True)
class Item:
    """An indicator.

    Attributes:
        value: The value as it is sent.
        type: The type as it is sent; None if the object has none.
        own: Its own context; None if it has none.
        foreign: Whether the context comes from another tool: then what Sekoia does not know is left out.
    """

    value: str
    type: str | None
    own: ContextArguments | None
    foreign: bool = False


@dataclass(slots=True)
class ItemReading(Account):
    """What a list contains. Each entry is blank or yields values: ``items``, ``duplicates``, ``failed``, not for
    detection, or kept out."""

    items: list[Item] = field(default_factory=list)
    given: int = 0
    """How many values the entries contain, plus objects without a value."""

    duplicates: int = 0
    failed: list[dict[str, str]] = field(default_factory=list)
    """Entries that cannot be sent: value and reason."""

    objects: ObjectAccount = field(default_factory=ObjectAccount)
    left_out_phases: Counter[str] = field(default_factory=Counter)
    """Kill chain phases of other tools that Sekoia does not know."""

    def unknown_phases(self) -> str:
        """Which kill chain phases were left out, as a sentence without its period; empty if none was."""
        if not self.left_out_phases:
            return ""
        named = ", ".join(f"“{name}”" for name, _ in self.left_out_phases.most_common(3))
        times = self.left_out_phases.total()
        return f"Kill chain phases that Sekoia does not know were left out, {times:,} times: {named}"


def read_items(
    entries: Sequence[object], *, refanging: bool, send_unrecognized: bool = False, admits: Judge | None = None
) -> ItemReading:
    """Read a list of values and objects; an unusable entry does not prevent the others from being read.

    Args:
        entries: Values, which may have several lines, or objects (see :mod:`sekoia_cti.indicators.objects`). Their
            values are numbered from 1.
        refanging: Whether defanged values are to be restored.
        send_unrecognized: Whether values that are not indicators are to be sent anyway; an object without one never
            is.
        admits: Judges each indicator (see :meth:`~sekoia_cti.indicators.guard.Guard.judge`).
    """
    reading = ItemReading()
    reader = _Reader(reading, refanging=refanging, send_unrecognized=send_unrecognized, admits=admits)
    for number, finding in enumerate(unfold_all(entries), 1):
        if isinstance(finding, Held):
            reader.hold(number, finding)
        elif isinstance(finding, Unread):
            reading.given += 1
            reading.note(number, finding.value, finding.reason)
        elif finding is not None:
            reading.objects.note(finding)
    reader.close()
    return reading


class _Reader:
    """Reads the values of a list, one by one."""

    def __init__(
        self, reading: ItemReading, *, refanging: bool, send_unrecognized: bool, admits: Judge | None
    ) -> None:
        self._reading = reading
        self._refanging = refanging
        self._send_unrecognized = send_unrecognized
        self._admits = admits
        self._admitted: dict[str, bool] = {}
        self._now = datetime.now(UTC)
        self._expired = 0
        self._cut = 0
        self._converted = 0
        self._seen: set[tuple[str, str]] = set()
        self._keys: set[str] = set()
        self._observed: list[tuple[int, Held]] = []
        self._notation = Notation()

    def hold(self, number: int, held: Held) -> None:
        """Read a value; an observable waits, since it adds nothing to an indicator made from it."""
        if held.observed:
            self._observed.append((number, held))
        else:
            self._read(number, held)

    def close(self) -> None:
        """Read the observables, and complete the account."""
        for number, held in self._observed:
            self._read(number, held)
        reading = self._reading
        reading.given += reading.objects.skipped_count
        reading.notices += [*reading.objects.notices(), *self._notation.notices()]
        if self._expired:
            what = "1 of the indicators is" if self._expired == 1 else f"{self._expired:,} of the indicators are"
            reading.notices.append(f"{what} valid until a time in the past: expired indicators detect nothing")
        if self._converted:
            what = "1 date was" if self._converted == 1 else f"{self._converted:,} dates were"
            reading.notices.append(f"{what} converted to ISO 8601, such as 31/12/2030 to 2030-12-31T00:00:00Z")
        if self._cut:
            what = "1 description is" if self._cut == 1 else f"{self._cut:,} descriptions are"
            reading.notices.append(f"{what} truncated, since Sekoia accepts at most {LONGEST_DESCRIPTION} characters")

    def _read(self, number: int, held: Held) -> None:
        reading = self._reading
        try:
            own = self._own(held)
        except ValidationError as error:
            reading.given += 1
            reading.failed.append({"value": shown(held.value), "reason": complaint(error, show_values=True)})
            return
        for line in held.line.splitlines():
            found = findings(line, refanging=self._refanging)
            reading.given += len(found)
            for finding in found:
                self._take(number, held, line, finding, own)
            if not found and (held.said or is_comment(held.line)):
                reading.given += 1
                reading.note(number, held.value, COMMENT)

    def _own(self, held: Held) -> ContextArguments | None:
        said = {name: value for name, value in held.said.items() if name != "type"}
        if not said:
            return None
        description = said.get("description")
        if isinstance(description, str) and len(description) > LONGEST_DESCRIPTION:
            said["description"] = description[: LONGEST_DESCRIPTION - 1] + "…"
            self._cut += 1
        self._read_dates(said)
        if held.foreign:
            said["related_threat_refs"] = [
                ref for ref in said.get("related_threat_refs", ()) if is_stix_id(ref)
            ] or None
            said["kill_chain_phases"] = [
                name for name in said.get("kill_chain_phases", ()) if name.strip(" :")
            ] or None
        own = ContextArguments.model_validate(said)
        if own.valid_until and own.valid_until < self._now:
            self._expired += 1
        return own if own.model_dump(exclude_none=True) else None

    def _read_dates(self, said: dict[str, Any]) -> None:
        """Convert unambiguous dates to ISO 8601, as in files; what is not a date stays unchanged, so that the error
        can quote it."""
        for name in ("valid_from", "valid_until"):
            written = said.get(name)
            if isinstance(written, bool) or not isinstance(written, str | int | float) or written == "":
                continue
            date = read_date(str(written))
            if date.reason is None:
                said[name] = date.text or None
                self._converted += bool(date.text) and date.text != written

    def _take(self, number: int, held: Held, line: str, finding: Finding, own: ContextArguments | None) -> None:
        reading = self._reading
        kind, value, key, why = finding
        if kind is None:
            key, reason = value, key
        said = own.model_dump_json() if own else ""
        if (key, said) in self._seen or (held.observed and key in self._keys):
            reading.duplicates += 1
            return
        self._seen.add((key, said))
        self._keys.add(key)
        if kind is None and reason == DAMAGED:
            reading.failed.append({"value": shown(value), "reason": reason})
            return
        if kind is None:
            # The line may have been made from the fields of an object.
            reading.note(number, held.value if held.value != held.line else value, reason)
        elif not self._is_admitted(number, kind, value, key):
            reading.kept_out += 1
            return
        else:
            reading.by_type[kind] = reading.by_type.get(kind, 0) + 1
            if value is not line or kind == "url":
                self._notation.note(number, line, kind, value)
            if why := why or held.why:
                reading.note_adapted(number, line, value, why)
        if kind is not None or self._send_unrecognized:
            reading.items.append(Item(value, _type(kind, held), own, held.foreign))

    def _is_admitted(self, number: int, kind: IndicatorType, value: str, key: str) -> bool:
        if self._admits is None:
            return True
        # A value with several contexts is judged only once, so that it is reported only once.
        if (known := self._admitted.get(key)) is None:
            known = self._admitted[key] = self._admits(number, kind, value, key)
        return known


def _type(kind: IndicatorType | None, held: Held) -> str | None:
    """The type to send: the object's own type if Sekoia knows it, otherwise the type of the value."""
    told = held.said.get("type")
    if not told or (told in TYPES and not held.foreign):
        return told
    return STIX_TYPES[kind] if kind else None


def entries_for(
    reading: ItemReading, contexts: ContextByKind, phases: PhaseFinder
) -> tuple[list[Entry], list[Missing]]:
    """Items in the form that the importer takes, and those that cannot be sent.

    Args:
        reading: The result of :func:`read_items`; phases that are left out are counted there.
        contexts: The context of items that do not say otherwise.
        phases: Finds the kill chain phases.
    """
    entries: list[Entry] = []
    missing = [Missing(failed["value"], failed["reason"]) for failed in reading.failed]
    for item in reading.items:
        context, valid_from = contexts.of(item.value), None
        if item.own:
            own_context = _without_unknown_phases(item.own, phases, reading) if item.foreign else item.own
            try:
                own = own_context.context(phases)
            except InputError as error:
                missing.append(Missing(item.value, str(error)))
                continue
            # In a request, only the type and valid_from can differ for each item; the rest applies to the whole
            # request (contract).
            valid_from = own.valid_from
            said = {name: value for name, value in own if value is not None and name != "valid_from"}
            context = context.model_copy(update=said)
        entries.append(Entry(NewIndicator(value=item.value, type=item.type, valid_from=valid_from), context))
    return entries, missing


def _without_unknown_phases(own: ContextArguments, phases: PhaseFinder, reading: ItemReading) -> ContextArguments:
    """The context from another tool, without phases of kill chains that only this tool has."""
    known: list[str] = []
    for name in own.kill_chain_phases or []:
        if phases.knows(name):
            known.append(name)
        else:
            reading.left_out_phases[name] += 1
    return own.model_copy(update={"kill_chain_phases": known or None})
