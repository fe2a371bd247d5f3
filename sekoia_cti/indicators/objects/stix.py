"""STIX 2: bundles, indicators, observables, and what the vendor's other modules make of them.

Facts: the STIX 2.1 specification; Sekoia's ``x_ic_…`` and OpenCTI's ``x_opencti_…`` fields are in what they export.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sekoia_cti.indicators.objects.model import (
    Held,
    Nested,
    Passed,
    Skipped,
    Unfolded,
    Unread,
    context,
    each,
    hash_pairs,
    is_true,
    one_file,
    text,
)
from sekoia_cti.indicators.patterns import alternatives

__all__ = ["read"]

_ABOUT_OTHERS = frozenset("""
    attack-pattern campaign course-of-action extension-definition grouping identity incident infrastructure intrusion-set
    language-content location malware malware-analysis marking-definition note opinion relationship report sighting
    threat-actor tool vulnerability x-mitre-tactic x-mitre-matrix kill-chain
    """.split())
"""Objects that say something about indicators, or that indicators are about."""

_NOT_TAKEN = {
    "artifact": "an artifact",
    "autonomous-system": "an autonomous system",
    "cryptocurrency-wallet": "a wallet",
    "directory": "a directory",
    "email-message": "an email message",
    "mutex": "a mutex",
    "process": "a process",
    "software": "software",
    "user-account": "a user account",
    "user-agent": "a user agent",
    "windows-registry-key": "a registry key",
    "x509-certificate": "a certificate",
}
_NAMES = ("name", "key", "subject", "number", "value", "user_id", "display_name", "path", "id")


def read(item: Mapping[str, Any]) -> Iterator[Unfolded | Nested] | None:
    """What an object of STIX contains; None for anything else."""
    kind = item.get("type")
    if not isinstance(kind, str):
        return None
    if kind == "bundle" and "objects" in item:
        return _bundle(item)
    if kind == "indicator" and "pattern" in item:
        return _indicator(item)
    if kind == "observed-data":
        objects = item.get("objects")
        return (Nested(inner) for inner in (objects.values() if isinstance(objects, dict) else each(objects)))
    if kind == "file" and isinstance(item.get("hashes"), dict | list):
        return _file(item)
    if kind == "network-traffic":
        return iter((Passed(kind),))
    if kind in _ABOUT_OTHERS and "--" in text(item.get("id")):
        return iter((Passed(kind),))
    if kind in _NOT_TAKEN:
        return iter((Unread(_name(item), f"{_NOT_TAKEN[kind]}, a kind that Sekoia does not accept"),))
    return None


def _bundle(bundle: Mapping[str, Any]) -> Iterator[Unfolded | Nested]:
    # An early version named the objects, and Sekoia's observables still come so now and then.
    objects = bundle["objects"]
    yield from (Nested(item) for item in (objects.values() if isinstance(objects, dict) else each(objects)))


def _indicator(item: Mapping[str, Any]) -> Iterator[Unfolded]:
    pattern = text(item["pattern"])
    if is_true(item.get("revoked")):
        yield from (Skipped(line, "it is revoked", revoked=True) for line in _lines(pattern) or [pattern])
        return
    if "benign" in map(text, each(item.get("indicator_types"))):
        yield Skipped(pattern, "it says that it is benign")
        return
    language = text(item.get("pattern_type")).lower() or "stix"
    if language != "stix":
        yield Unread(
            text(item.get("name")) or pattern, f"a pattern in the language {language}, which is not a single value"
        )
        return
    named = alternatives(pattern)
    if named is None:
        yield Unread(pattern, "a STIX pattern that says more than a value")
        return
    said, why = context(item), f"without {named.without}" if named.without else ""
    yield from (Held(line, line, said, foreign=True, why=why) for line in named.lines)


def _lines(pattern: str) -> list[str]:
    named = alternatives(pattern)
    return named.lines if named else []


def _file(item: Mapping[str, Any]) -> Iterator[Unfolded]:
    line = one_file(hash_pairs(item["hashes"]))
    if is_true(item.get("revoked")):
        yield Skipped(line or _name(item), "it is revoked", revoked=True)
    elif line:
        said = context(item, description=item.get("x_opencti_description"))
        yield Held(line, line, said, foreign=True, observed=True)
    else:
        yield Unread(_name(item), "a file without a hash of a kind that Sekoia accepts")


def _name(item: Mapping[str, Any]) -> str:
    return next(
        (str(item[name]) for name in _NAMES if item.get(name) and isinstance(item[name], str | int)),
        text(item.get("type")),
    )
