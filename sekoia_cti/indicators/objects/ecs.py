"""Documents of the Elastic Common Schema, which Sekoia's events follow: what they say about the other side.

Facts: the schema's public field reference. Fields of one's own side (``source.…``, ``host.…``, ``client.…``, ``related.…``) are
not read: in an event, they are about the machine to be protected.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sekoia_cti.indicators.objects.model import Held, Skipped, Unfolded, each, one_file, text
from sekoia_cti.indicators.patterns import comparison

__all__ = ["is_own_side", "read", "read_common_values"]

_ADDRESSES = ("destination.ip", "threat.indicator.ip")
_HOSTS = ("destination.domain", "dns.question.name", "threat.indicator.url.domain")
_URLS = (("url.full", "url.original", "url.domain"), ("threat.indicator.url.full", "threat.indicator.url.original"))
_SENDERS = ("email.from.address", "email.sender.address", "threat.indicator.email.address")
_FILES = ("file.hash", "process.hash", "dll.hash", "threat.indicator.file.hash", "email.attachments.file.hash")
_HASHES = ("md5", "sha1", "sha256", "sha512")
_OWN_SIDE = frozenset(
    "agent client cloud container device host observer orchestrator process related source user".split()
)
_READ = frozenset(
    (
        *_ADDRESSES,
        *_HOSTS,
        *(name for names in _URLS for name in names),
        *_SENDERS,
        *(f"{file}.{name}" for file in _FILES for name in _HASHES),
    )
)
_ROOTS = frozenset(name.partition(".")[0] for name in _READ)


def read(item: Mapping[str, Any]) -> Iterator[Unfolded] | None:
    """What a document says about the other side; None if it is not such a document, or says nothing about it."""
    if not any(_is_root(name, value) for name, value in item.items()):
        return None
    found = list(_findings(item))
    return iter(found) if found else None


def is_own_side(name: str, value: object) -> bool:
    """Whether a field is about the machine or the person to be protected, whatever it looks like."""
    root, dot, _ = name.partition(".")
    return root in _OWN_SIDE and name not in _READ and (bool(dot) or isinstance(value, dict))


def read_common_values(item: Mapping[str, Any]) -> Iterator[Unfolded] | None:
    """What events have most in a field, as *Get Event Field Common Values* of the vendor's module gives it."""
    values = item.get("common_values")
    if not isinstance(values, list) or not isinstance(item.get("name"), str):
        return None
    names = [text(value.get("name")) if isinstance(value, dict) else text(value) for value in values]
    field = item["name"]
    if not is_own_side(field, None):
        return (Held(name, name, foreign=True) for name in names if name)
    return (Skipped(name, f"{field} describes your own side") for name in names if name)


def _is_root(name: str, value: object) -> bool:
    return name in _READ or (name in _ROOTS and isinstance(value, dict | list))


def _findings(item: Mapping[str, Any]) -> Iterator[Unfolded]:
    for field in _ADDRESSES:
        yield from map(_held, _values(item, field))
    for field in _HOSTS:
        yield from map(_host, _values(item, field))
    for choices in _URLS:
        # Where the whole URL is given, its host alone would cover more than was seen.
        for field in choices:
            values = _values(item, field)
            if field.endswith(".original"):
                values = [value for value in values if "://" in value]
            if values:
                yield from map(_host if field.endswith(".domain") else _held, values)
                break
    for field in _SENDERS:
        yield from map(_held, _values(item, field))
    for field in _FILES:
        for hashes in _objects(item, field):
            if line := one_file((name, hashes.get(name)) for name in _HASHES):
                yield _held(line)


def _held(value: str) -> Unfolded:
    return Held(value, value, foreign=True, observed=True)


def _host(value: str) -> Unfolded:
    # A field for names holds no name of a file, whatever its ending.
    line = comparison("domain-name:value", value) if value.isascii() and not value[-1:].isdigit() else value
    return Held(line, value, foreign=True, observed=True)


def _values(item: Mapping[str, Any], field: str) -> list[str]:
    return [text(value) for value in _at(item, field) if text(value)]


def _objects(item: Mapping[str, Any], field: str) -> Iterator[Mapping[str, Any]]:
    """The objects of a field, also where the document has its fields under their whole names."""
    yield from (value for value in _at(item, field) if isinstance(value, dict))
    flat = {name: next(iter(each(item[f"{field}.{name}"])), None) for name in _HASHES if f"{field}.{name}" in item}
    if flat:
        yield flat


def _at(item: object, field: str) -> Iterable[Any]:
    """Everything at a path, whose parts may be written together or nested, one thing or a list."""
    if isinstance(item, list):
        for other in item:
            if isinstance(other, dict):
                yield from _at(other, field)
        return
    if not isinstance(item, dict):
        return
    if field in item:
        yield from each(item[field])
    parts = field.split(".")
    for cut in range(1, len(parts)):
        head, rest = ".".join(parts[:cut]), ".".join(parts[cut:])
        if head in item:
            yield from _at(item[head], rest)
