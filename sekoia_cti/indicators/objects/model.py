"""What an object can contain, and small helpers to read one without trusting its shape."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Self, TypeAlias

from sekoia_cti.indicators.type_cells import is_harmless

__all__ = [
    "LONGEST_DESCRIPTION",
    "Held",
    "Nested",
    "Passed",
    "Skipped",
    "Unfolded",
    "Unread",
    "context",
    "each",
    "hash_pairs",
    "is_false",
    "is_true",
    "one_file",
    "phase_names",
    "text",
    "why_not_for_detection",
]

LONGEST_DESCRIPTION = 500
"""Characters that a description may have (contract, "Accepted IOC types")."""


@dataclass(frozen=True, slots=True)
class Held:
    """A value, as it is written, and its context.

    Attributes:
        line: What the reader of lines takes for it.
        value: As the object has it, for people.
        said: Context by the names of an import's arguments, and ``type``.
        foreign: Whether another tool wrote the object: what Sekoia does not know of its context then costs that context, not
            the value.
        observed: Whether it is an observable, which may stand beside the indicator that was made of it.
        why: What is left out, if the object says more than the value; otherwise an empty text.
    """

    line: str
    value: str
    said: Mapping[str, Any] = field(default_factory=dict)
    foreign: bool = False
    observed: bool = False
    why: str = ""


@dataclass(frozen=True, slots=True)
class Skipped:
    """A value whose author says that it is not, or no longer, for detection."""

    value: str
    reason: str
    revoked: bool = False


@dataclass(frozen=True, slots=True)
class Unread:
    """An object, or a value in one, that is not an indicator that Sekoia accepts."""

    value: str
    reason: str

    @classmethod
    def of_kind(cls, value: str, kind: str) -> Self:
        """A value whose type names a kind that Sekoia does not accept."""
        return cls(value, f"its type is “{kind}”, a kind that Sekoia does not accept")


@dataclass(frozen=True, slots=True)
class Passed:
    """An object that belongs to indicators but is not one itself: an identity, a relationship."""

    kind: str


@dataclass(frozen=True, slots=True)
class Nested:
    """Something within an object, to be read separately."""

    value: Any


Unfolded: TypeAlias = Held | Skipped | Unread | Passed


def text(value: object) -> str:
    """A text without surrounding whitespace; empty for anything else."""
    return value.strip() if isinstance(value, str) else ""


def each(value: object) -> Iterable[Any]:
    """The items of a list, or a single thing given instead of a list; nothing for null."""
    if value is None:
        return ()
    return value if isinstance(value, list | tuple) else (value,)


def is_false(value: object) -> bool:
    """Whether a flag exists and says no, as JSON, a number or text."""
    return value is False or (isinstance(value, int) and value == 0) or text(value).lower() in ("false", "0", "no")


def is_true(value: object) -> bool:
    """Whether a flag exists and says yes."""
    return value is True or (isinstance(value, int) and value == 1) or text(value).lower() in ("true", "1", "yes")


def why_not_for_detection(item: Mapping[str, Any]) -> str:
    """Why an object's values are not, or no longer, for detection, as it says itself; an empty text where it does not."""
    for name in ("revoked", "deleted", "expired"):
        if is_true(item.get(name)):
            return f"it is {name}"
    if is_false(item.get("to_ids")):
        return "to_ids is false: it is not for detection"
    if is_false(item.get("is_active")):
        return "it is no longer active"
    for name in ("is_malware", "is_malicious", "malicious", "malware"):
        # A number counts engines, or is a score of something else.
        if isinstance(item.get(name), bool | str) and is_false(item[name]):
            return f"{name} is false"
    for name in ("isWhitelisted", "is_whitelisted", "riot"):
        if is_true(item.get(name)):
            return f"{name} is true"
    for name in ("verdict", "classification", "disposition", "reputation", "threat_level"):
        if is_harmless(text(item.get(name))):
            return f"its {name} is “{item[name]}”"
    return ""


_HASH_NAMES = {"md5": 32, "sha1": 40, "sha256": 64, "sha512": 128}


def one_file(hashes: Iterable[tuple[object, object]]) -> str:
    """The hashes of one file as a line; empty when there is none of a kind that Sekoia takes.

    Args:
        hashes: Pairs of an algorithm's name, in any spelling, and a value.
    """
    found: dict[str, str] = {}
    for name, value in hashes:
        known = str(name).lower().replace("-", "").replace("_", "").removeprefix("file").removesuffix("hash")
        if len(text(value)) == _HASH_NAMES.get(known):
            found.setdefault(known, text(value))
    return ",".join(found.values())


def hash_pairs(hashes: object) -> Iterator[tuple[object, object]]:
    """The algorithms and values of an object's hashes: a mapping, or a list of objects as OpenCTI gives it."""
    if isinstance(hashes, dict):
        yield from hashes.items()
        return
    for entry in each(hashes):
        if isinstance(entry, dict):
            yield entry.get("algorithm"), entry.get("hash") or entry.get("value")


def context(item: Mapping[str, Any], *, description: object = None) -> dict[str, Any]:
    """What an object says about its indicator under the names that STIX, Sekoia and OpenCTI give it.

    Args:
        item: The object.
        description: What describes the indicator, if that is not ``description``.
    """
    said = {name: text(item.get(name)) for name in ("valid_from", "valid_until")}
    said["description"] = text(description) or text(item.get("description"))
    phases = item.get("kill_chain_phases") or item.get("killChainPhases")
    refs = item.get("x_ic_related_threat_refs") or item.get("related_threat_refs")
    lists = {
        "kill_chain_phases": list(phase_names(phases)),
        "related_threat_refs": [text(ref) for ref in each(refs) if text(ref)],
    }
    return {name: value for name, value in {**said, **lists}.items() if value}


def phase_names(phases: object) -> Iterator[str]:
    """Kill chain phases as names, ``kill-chain:phase`` where they are objects, in lists or in pages."""
    if isinstance(phases, dict):
        phases = phases.get("edges", [phases])
    for phase in each(phases):
        if isinstance(phase, dict):
            told = phase["node"] if isinstance(phase.get("node"), dict) else phase
            chain, name = text(told.get("kill_chain_name")), text(told.get("phase_name"))
            if name:
                yield f"{chain}:{name}" if chain else name
        elif text(phase):
            yield text(phase)
