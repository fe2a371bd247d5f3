"""Arguments as Jinja leaves them, read as what they mean.

A playbook renders arguments as text, so a number, a boolean or a list can arrive as text, a list can be nested, and an
optional argument can be an empty string (contract, "Playbooks").
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from functools import partial
from typing import Annotated, Any

from pydantic import BeforeValidator

__all__ = ["NOTHING", "TextList", "ValueList", "WordList", "as_list", "literal"]

NOTHING = ("", "None", "null")
"""How Jinja writes a value that is not there."""


def as_list(value: object, *, key: str | None = None, objects: bool = False) -> list[object]:
    """A flat list from a list, a nested one, or the text that Jinja makes of one; plain text gives its lines.

    Args:
        value: What an argument or a file holds.
        key: What objects in the list stand for: the value of theirs that has this name.
        objects: Whether objects are items themselves.

    Raises:
        ValueError: It looks like a list but cannot be read as one, or it holds an object without such a value.
    """
    if isinstance(value, str):
        value = _parsed(value.strip())
    return [_plain(item, key) if isinstance(item, dict) and not objects else item for item in _flat(value)]


def _parsed(text: str) -> object:
    if text.startswith("{") and isinstance(parsed := literal(text, otherwise=None), dict):
        return parsed
    if not (text.startswith("[") and text.endswith("]")):
        # A list that was cut off must not pass for a line of text.
        if re.match(r"\[\s*(['\"{]|\[\s*['\"{])", text):
            raise ValueError("it begins like a list but does not end like one")
        return text.splitlines()
    parsed = literal(text, otherwise=None)
    if parsed is None:
        # A STIX pattern stands in brackets as well.
        if re.match(r"\[\s*[a-z0-9-]+:", text):
            return text.splitlines()
        raise ValueError("it looks like a list but cannot be read as one")
    return parsed


def literal(text: str, *, otherwise: object) -> object:
    """The value that JSON or a Python literal stands for, or something else when it is neither."""
    for read in (json.loads, ast.literal_eval):
        try:
            return read(text)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            continue
    return otherwise


def _flat(value: object) -> Iterator[object]:
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, list | tuple | set):
            stack.extend(reversed(list(item)))
        else:
            yield item


def _plain(item: dict[Any, Any], key: str | None) -> object:
    if key is None:
        raise ValueError("it holds an object where a plain value belongs")
    if not isinstance(item.get(key), str):
        raise ValueError(f"it holds an object without a “{key}”")
    return item[key]


def _texts(value: object, *, key: str | None = None) -> list[str]:
    """Values as text, without blanks around them; what is not there goes."""
    items = [str(item).strip() for item in as_list(value, key=key) if item is not None and not isinstance(item, bool)]
    return [item for item in items if item not in NOTHING]


def _words(value: object) -> list[str]:
    """The same, for values that people also separate by commas."""
    return [word.strip() for item in _texts(value) for word in item.split(",") if word.strip()]


TextList = Annotated[list[str], BeforeValidator(_texts)]
"""A list of values."""

ValueList = Annotated[list[str], BeforeValidator(partial(_texts, key="value"))]
"""The same, where objects may stand for their ``value``, as the ones that Search indicators finds do."""

WordList = Annotated[list[str], BeforeValidator(_words)]
"""A list of names."""
