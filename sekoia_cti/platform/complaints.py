"""What is wrong with arguments or a configuration, in sentences for analysts instead of pydantic's."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from sekoia_cti.indicators.display import counted, shown

__all__ = ["HALF_A_CHARACTER", "complaint"]

HALF_A_CHARACTER = "it contains an incomplete character: copy it again"
"""What is wrong with a text with a lone surrogate, which can be neither sent nor shown."""

_NUMBER = "it must be a whole number"
_YES_OR_NO = "it must be true or false"
_TEXT = "it must be text"

_SENTENCES: Mapping[str, str] = {
    "bool_parsing": _YES_OR_NO,
    "bool_type": _YES_OR_NO,
    "dict_type": "it must be an object",
    "greater_than_equal": "it must be at least {ge:,}",
    "int_from_float": _NUMBER,
    "int_parsing": _NUMBER,
    "int_parsing_size": _NUMBER,
    "int_type": _NUMBER,
    "less_than_equal": "it must be at most {le:,}",
    "list_type": "it must be a list",
    "literal_error": "it must be {expected}",
    "string_type": _TEXT,
}
"""Sentences by pydantic's types of errors; what stands in braces is its context of the error."""


def complaint(error: ValidationError, *, show_values: bool) -> str:
    """Which value is wrong, and why, in one line: ``timeout: it must be at least 10, not 5``.

    Args:
        error: The error from pydantic.
        show_values: Whether values may be shown; those of a configuration may not.
    """
    said: dict[str, str] = {}
    for problem in error.errors(include_url=False):
        name = next((part for part in problem["loc"] if isinstance(part, str)), "")
        said.setdefault(name, _sentence(problem, show_values=show_values))
    whole = "; ".join(f"{name}: {text}" if name else text for name, text in said.items())
    return " ".join(whole.split())


def _sentence(problem: ErrorDetails, *, show_values: bool) -> str:
    kind, context = problem["type"], problem.get("ctx", {})
    if kind == "missing":
        return "it is required, but is empty: check the step that fills it" if show_values else "it is required"
    if kind == "string_unicode":
        return HALF_A_CHARACTER
    if kind == "string_too_long":
        return f"it must have at most {counted(context['max_length'], 'character')}, not {len(problem['input']):,}"
    if kind not in _SENTENCES:
        return problem["msg"].removeprefix("Value error, ")  # the sentence of a validator of ours
    if kind == "literal_error":
        context = {"expected": context["expected"].replace("'", "")}
    text = _SENTENCES[kind].format_map(context)
    return f"{text}, not {_quoted(problem['input'])}" if show_values else text


def _quoted(value: Any) -> str:
    """A value for people: text in quotation marks, numbers with commas, everything else as JSON."""
    if isinstance(value, str):
        return f"“{shown(value, 40)}”"
    if isinstance(value, int | float) and not isinstance(value, bool):
        return f"{value:,}"
    return shown(json.dumps(value, ensure_ascii=False, default=str), 40)
