"""VirusTotal: objects of its API v3, and the reports of v2 that the vendor's module gives.

Facts: VirusTotal's public documentation; ``results`` of the vendor's ``action_virustotal_scan….json``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sekoia_cti.indicators.objects.model import Held, Nested, Passed, Skipped, Unfolded, each, is_false, one_file, text

__all__ = ["read"]

_V3 = ("domain", "ip_address", "url", "file")
_DETECTED = "detected_"
_UNDETECTED = "undetected_"
_UNDETECTED_BY_ALL = "no engine of VirusTotal detects it"
_ONLY_RELATED = "VirusTotal relates it to what was looked up, but does not say that it is malicious"
_ANALYZED = ("file_info", "url_info")
_RELATED = {"resolutions": ("hostname", "ip_address"), "subdomains": (), "domain_siblings": ()}


def read(item: Mapping[str, Any]) -> Iterator[Unfolded | Nested] | None:
    """What an object of VirusTotal contains; None for anything else."""
    meta = item.get("meta")
    if isinstance(meta, dict) and any(isinstance(meta.get(name), dict) for name in _ANALYZED):
        return (Nested(meta[name]) for name in _ANALYZED if isinstance(meta.get(name), dict))
    attributes = item.get("attributes")
    if isinstance(attributes, dict) and isinstance(item.get("type"), str) and "id" in item:
        return _object(item, attributes) if item["type"] in _V3 else _other(item, attributes)
    if (
        item.get("type") in _V3
        and isinstance(item.get("id"), str)
        and item.keys() <= {"type", "id", "links", "context_attributes"}
    ):
        # The id of a URL is a digest of it, and no file's.
        return iter((Skipped(item["id"], _ONLY_RELATED) if item["type"] != "url" else Passed("url"),))
    if any(name.startswith((_DETECTED, _UNDETECTED)) for name in item):
        return _report(item)
    if "positives" in item or "scan_id" in item or "response_code" in item:
        return _scanned(item)
    return None


def _object(item: Mapping[str, Any], attributes: Mapping[str, Any]) -> Iterator[Unfolded]:
    kind = item["type"]
    if kind == "file":
        value = one_file((name, attributes.get(name)) for name in ("md5", "sha1", "sha256")) or text(item["id"])
    elif kind == "url":
        # The id of a URL is a digest of it, and no file's.
        value = text(attributes.get("url")) or text(attributes.get("last_final_url"))
    else:
        value = text(item["id"])
    stats = attributes.get("last_analysis_stats")
    if value and isinstance(stats, dict) and not stats.get("malicious") and not stats.get("suspicious"):
        yield Skipped(value, _UNDETECTED_BY_ALL)
    elif value:
        yield Held(value, value, foreign=True)


def _other(item: Mapping[str, Any], attributes: Mapping[str, Any]) -> Iterator[Unfolded | Nested]:
    if item["type"] == "resolution":
        yield from _all_related((attributes,), ("host_name", "ip_address"))
    else:
        yield Passed(item["type"])


def _report(item: Mapping[str, Any]) -> Iterator[Unfolded | Nested]:
    for name, found in item.items():
        if name.startswith(_DETECTED):
            yield from map(Nested, each(found))
        elif name.startswith(_UNDETECTED):
            for other in each(found):
                value = _value(other) if isinstance(other, dict) else text(other)
                yield Skipped(value, _UNDETECTED_BY_ALL)
        elif name in _RELATED:
            yield from _all_related(each(found), _RELATED[name])


def _all_related(found: Any, names: tuple[str, ...]) -> Iterator[Unfolded]:
    for other in found:
        values = [text(other.get(name)) for name in names] if isinstance(other, dict) else [text(other)]
        for value in filter(None, values):
            yield Skipped(value, _ONLY_RELATED)


def _scanned(item: Mapping[str, Any]) -> Iterator[Unfolded]:
    value = _value(item)
    if value and "response_code" in item and is_false(item["response_code"]):
        yield Skipped(value, "VirusTotal does not know it")
    elif value and "positives" in item and is_false(item["positives"]):
        yield Skipped(value, _UNDETECTED_BY_ALL)
    elif value:
        yield Held(value, value, foreign=True)


def _value(item: Mapping[str, Any]) -> str:
    hashes = one_file((name, item.get(name)) for name in ("md5", "sha1", "sha256"))
    return hashes or text(item.get("url")) or text(item.get("resource"))
