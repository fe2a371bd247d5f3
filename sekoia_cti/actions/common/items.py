"""Indicators that each bring a context of their own, read, and sorted into requests that one context is enough for."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache

from pydantic import ValidationError, field_validator

from sekoia_cti.actions.common.arguments import ContextArguments
from sekoia_cti.client.errors import RequestError
from sekoia_cti.client.importing.requests import Entry, Missing
from sekoia_cti.client.wire import Context, NewIndicator
from sekoia_cti.indicators.account import Account
from sekoia_cti.indicators.errors import InputError
from sekoia_cti.indicators.kill_chains import KillChain
from sekoia_cti.indicators.reading import judge
from sekoia_cti.indicators.types import plain
from sekoia_cti.platform.forms import complaint

__all__ = ["Item", "ItemReading", "Own", "entries_for", "read_items"]

_STIX_TYPES = {
    "ipv4": "ipv4-addr",
    "ipv6": "ipv6-addr",
    "mac": "mac-addr",
    "domain": "domain-name",
    "email": "email-addr",
    **dict.fromkeys(("md5", "sha1", "sha256", "sha512", "hashes"), "file"),
}
"""What Sekoia calls the types that results count in ``by_type``."""


class Own(ContextArguments):
    """What an object says about its indicator; other fields of it are none that Sekoia takes."""

    value: str
    type: str | None = None

    @field_validator("type")
    @classmethod
    def _is_stix(cls, value: str | None) -> str | None:
        return _STIX_TYPES.get(value, value) if value else None


@dataclass(frozen=True, slots=True)
class Item:
    """An indicator.

    Attributes:
        value: As it is sent.
        recognized: Whether it is of a known kind.
        own: What is said about it alone; None where that is nothing.
    """

    value: str
    recognized: bool
    own: Own | None


@dataclass(slots=True)
class ItemReading(Account):
    """What a list holds. Each entry is blank, one of ``items``, counted in ``duplicates``, or in ``failed``."""

    items: list[Item] = field(default_factory=list)
    duplicates: int = 0
    failed: list[dict[str, str]] = field(default_factory=list)
    """Entries that cannot be sent: value and reason."""


def read_items(entries: Sequence[object], *, refanging: bool) -> ItemReading:
    """Read a list of values and objects; an entry that cannot be used does not keep the others from being read.

    Args:
        entries: Values, which may have several lines, or objects with the fields of :class:`Own`. They are counted from 1.
        refanging: Whether defanged values are to be sent as they were before.
    """
    reading = ItemReading()
    seen: set[tuple[str, str]] = set()
    for number, entry in enumerate(entries, 1):
        for text, own in _split(entry, reading):
            found = plain(text) or judge(text, refanging=refanging)
            if found is None:
                if own:
                    reading.failed.append({"value": text, "reason": "value: it holds no indicator"})
                continue
            kind, value, key = found
            sort = (key if kind else value, own.model_dump_json(exclude={"value"}) if own else "")
            if sort in seen:
                reading.duplicates += 1
                continue
            seen.add(sort)
            reading.items.append(Item(value, kind is not None, own))
            if kind is None:
                reading.note(number, value, key)
            else:
                reading.by_type[kind] = reading.by_type.get(kind, 0) + 1
    return reading


def _split(entry: object, reading: ItemReading) -> Iterator[tuple[str, Own | None]]:
    if not isinstance(entry, dict):
        yield from ((line, None) for line in str(entry).splitlines())
        return
    try:
        own = Own.model_validate(entry)
    except ValidationError as error:
        value = str(entry.get("value") or entry)
        reading.failed.append({"value": value[:200], "reason": complaint(error, show_values=True)})
        return
    bare = not own.model_dump(exclude={"value"}, exclude_none=True)
    yield own.value, None if bare else own


def entries_for(
    reading: ItemReading, default: Context, look_up: Callable[[], Sequence[KillChain]]
) -> tuple[list[Entry], list[Missing]]:
    """Items as the importer takes them, and those that cannot be sent.

    Args:
        reading: From :func:`read_items`.
        default: What holds for those that do not say otherwise.
        look_up: Gives the kill chains that Sekoia knows; called at most once, and only for a phase that is not known here.
    """

    @cache
    def told() -> Sequence[KillChain]:
        try:
            return look_up()
        except RequestError:
            return ()

    entries: list[Entry] = []
    missing = [Missing(failed["value"], failed["reason"]) for failed in reading.failed]
    for item in reading.items:
        if item.own is None:
            entries.append(Entry(NewIndicator(value=item.value), default))
            continue
        try:
            own = item.own.context(told)
        except InputError as error:
            missing.append(Missing(item.value, str(error)))
            continue
        # An item can say its type and when its validity begins; of the rest, the contract knows what holds for a request.
        said = {name: value for name, value in own if value is not None and name != "valid_from"}
        indicator = NewIndicator(value=item.value, type=item.own.type, valid_from=own.valid_from)
        entries.append(Entry(indicator, default.model_copy(update=said)))
    return entries, missing
