"""From anything that a playbook holds to values: which family an object is of, and what it holds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from sekoia_cti.indicators.objects import ecs, mappings, misp, opencti, records, sheet_row, stix, virustotal
from sekoia_cti.indicators.objects.model import Held, Nested, Unfolded, Unread

__all__ = ["DEEPEST", "unfold"]

DEEPEST = 50
"""Objects and lists within each other that are followed; what tools write stays far below."""

_MOST_KEYS = 10

_FAMILIES: tuple[Callable[[Mapping[str, Any]], Iterator[Unfolded | Nested] | None], ...] = (
    stix.read,
    misp.read,
    opencti.read,
    virustotal.read,
    ecs.read_common_values,
    records.read,
    sheet_row.read,
    ecs.read,
    mappings.read,
)
"""In the order in which they are tried: those that recognize their objects by several signs come first."""


def unfold(entry: object) -> Iterator[Unfolded]:
    """What an entry of a list contains, in order.

    An object in which nothing is found yields an :class:`Unread` that names its keys, and null yields nothing.

    Args:
        entry: Anything that JSON can represent; objects and lists may be nested.
    """
    count = 0
    stack: list[tuple[object, Iterator[Unfolded | Nested], int]] = [(None, iter((Nested(entry),)), 0)]
    while stack:
        source, rest, before = stack[-1]
        finding = next(rest, None)
        if finding is None:
            stack.pop()
            if count > before or not isinstance(source, dict):
                continue
            finding = _nothing(source)
        elif isinstance(finding, Nested):
            if len(stack) <= DEEPEST:
                stack.append((finding.value, _read(finding.value), count))
                continue
            finding = Unread("…", f"objects nested more than {DEEPEST} levels deep, which are not read")
        count += 1
        yield finding


def _read(value: Any) -> Iterator[Unfolded | Nested]:
    if value is None:
        return iter(())
    if isinstance(value, list | tuple | set | frozenset):
        return map(Nested, value)
    if isinstance(value, dict):
        item = {str(name): inner for name, inner in value.items()}
        return next((found for read in _FAMILIES if (found := read(item)) is not None), iter(()))
    if isinstance(value, bool):
        return iter((Unread(str(value).lower(), "true or false, not an indicator"),))
    return iter((Held(str(value), str(value)),))


def _nothing(item: Mapping[Any, Any]) -> Unread:
    keys = [str(key) for key in item]
    named = ", ".join(keys[:_MOST_KEYS]) + (", …" if len(keys) > _MOST_KEYS else "")
    with_keys = f", with the keys {named}" if keys else ""
    return Unread(f"{{{named}}}", f"an object that contains no indicator{with_keys}")
