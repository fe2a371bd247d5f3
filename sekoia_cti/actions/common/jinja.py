"""Restores arguments that Jinja turned into text.

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

from pydantic import BeforeValidator, WithJsonSchema

__all__ = [
    "NOTHING",
    "ObjectList",
    "TextList",
    "WordList",
    "as_list",
    "as_words",
    "check_rendered",
    "check_short",
    "literal",
    "structure",
]

NOTHING = ("", "None", "null")
"""How Jinja renders a value that does not exist."""


def as_list(value: object, *, objects: bool = False) -> list[object]:
    """A flat list from a list, a nested list, one object, or the text that Jinja makes of them; plain text yields its
    lines.

    Args:
        value: The content of an argument or a file.
        objects: Whether objects are allowed as items.

    Raises:
        ValueError: It looks like a list but cannot be read as one, was not rendered, or contains objects that are not
            allowed.
    """
    if isinstance(value, str):
        value = _parsed(value)
    items = list(_flat(value))
    for item in items:
        if isinstance(item, str):
            check_rendered(item, every_line=True)
        elif isinstance(item, dict):
            if not objects:
                raise ValueError("it contains an object where a plain value belongs")
            for inner in _texts_in(item):
                check_rendered(inner)
    return items


def _texts_in(value: object) -> Iterator[str]:
    """All the texts in an object, at any depth."""
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, str):
            yield item
        elif isinstance(item, dict):
            stack.extend(item.values())
        elif isinstance(item, list | tuple | set):
            stack.extend(item)


_LINE_START = r"^[^\S\n]*+"


def check_rendered(text: str, *, every_line: bool = False) -> None:
    """Refuse what Jinja leaves behind if an expression was not evaluated, or not completely.

    Args:
        text: The content of an argument.
        every_line: Whether to check the beginning of every line, or only that of the whole text.

    Raises:
        ValueError: The text contains such a thing.
    """
    if "{{" not in text and "{%" not in text and " at 0x" not in text:
        return
    find = re.search if every_line else re.match
    if unrendered := find(rf"{_LINE_START}(\{{\{{.*?\}}\}}|\{{%.*?%\}})", text, re.DOTALL | re.MULTILINE):
        raise _unrendered(unrendered[1])
    if generator := find(rf"{_LINE_START}(<[^<>]* at 0x[0-9A-Fa-f]+>)", text, re.MULTILINE):
        raise ValueError(
            f"it contains “{_short(generator[1])}”, which is how Jinja writes a list that was not evaluated: end the "
            "expression with “| list”"
        )


_EXPRESSION = re.compile(r"\{\{[^{}]*\b(?:node|store)[.\[][^{}]*\}\}|\{%[^{}]*\b(?:node|store)[.\[][^{}]*%\}")
"""An expression that only a playbook renders: nobody means it literally in a name or a description."""


def check_short(text: str) -> None:
    """The same for a name, an id or a description, where an expression can also stand between words.

    Raises:
        ValueError: It contains an expression that the playbook should have rendered.
    """
    check_rendered(text)
    if unrendered := _EXPRESSION.search(text):
        raise _unrendered(unrendered[0])


def _unrendered(expression: str) -> ValueError:
    return ValueError(f"it contains “{_short(expression)}”, which the playbook did not render: check the expression")


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:59] + "…"


def _parsed(text: str) -> object:
    text = text.strip()
    check_rendered(text, every_line=True)
    if (parsed := structure(text)) is not None:
        return parsed
    # A list that is cut off or malformed must not pass for lines of text; a STIX pattern or an address in brackets
    # may.
    if re.match(r"\[\s*(['\"{]|\[\s*['\"{])", text):
        like = (
            "looks like a list but cannot be read as one"
            if text.endswith("]")
            else "begins like a list but does not end like one"
        )
        raise ValueError(f"it {like}")
    if re.match(r"\{\s*['\"]", text):
        raise ValueError(
            "it begins like an object but cannot be read as one: it is cut off, malformed or nested too deeply"
        )
    return text.splitlines()


_VIEW = re.compile(r"dict_(?:keys|values)\((.*)\)", re.DOTALL)


def structure(text: str) -> object:
    """The list or the object that a text represents, as JSON, JSON lines or a Python literal; None if it is none of
    these."""
    if view := _VIEW.fullmatch(text):
        text = view[1]
    if not text.startswith(("[", "(", "{")):
        return None
    parsed = literal(text, otherwise=None)
    if isinstance(parsed, list | tuple | set | dict):
        return parsed
    if text.startswith("{") and "\n" in text:
        lines = [literal(line, otherwise=None) for line in text.splitlines() if line.strip()]
        return lines if all(isinstance(line, dict) for line in lines) else None
    return None


_UNSEPARATED = re.compile(r"""['"]\s+['"]""")


def literal(text: str, *, otherwise: object) -> object:
    """The value that a text represents as JSON or as a Python literal; ``otherwise`` if it is neither."""
    for read in (json.loads, ast.literal_eval):
        try:
            found = read(text)
        except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
            continue
        if read is ast.literal_eval and _UNSEPARATED.search(text):
            return otherwise  # Python joins strings without a comma between them, which is how NumPy prints arrays
        return found
    return otherwise


def _flat(value: object) -> Iterator[object]:
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, list | tuple | set):
            stack.extend(reversed(list(item)))
        else:
            yield item


def _texts(value: object) -> list[str]:
    """Values as text, without surrounding whitespace, and without those that are absent."""
    items = [str(item).strip() for item in as_list(value) if item is not None]
    return [item for item in items if item not in NOTHING]


def as_words(value: object) -> list[str]:
    """The same, for values that people also separate with commas."""
    return [word.strip() for item in _texts(value) for word in item.split(",") if word.strip()]


TextList = Annotated[list[str], BeforeValidator(_texts)]
"""A list of values."""

ObjectList = Annotated[list[Any], BeforeValidator(partial(as_list, objects=True)), WithJsonSchema({"type": "array"})]
"""A list of values and objects; nothing in it is left out, since every entry is accounted for when it is read."""

WordList = Annotated[list[str], BeforeValidator(as_words)]
"""A list of names."""
