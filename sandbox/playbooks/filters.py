"""The filters that the platform adds to Jinja's own, as the vendor's documentation and templates show them."""

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from jinja2 import TemplateRuntimeError, Undefined
from jsonpath_ng.exceptions import JSONPathError
from jsonpath_ng.ext.parser import parse

__all__ = ["FILTERS", "fromjson", "jsonpath", "regex_match", "time_with_delta", "timestamp_to_iso8601"]


def jsonpath(value: Any, path: str, return_list: bool = False) -> Any:
    """What a path finds in a value, or in the JSON that a text holds.

    A single find stands for itself, several are a list, and none is None; with `return_list` it is a list however
    many there are. Nothing is found in what is not defined. The library and these rules are those of the vendor's
    action "Read JSON File", and the vendor's templates filter texts and objects alike. Raises TemplateRuntimeError for
    a path that is not valid.
    """
    if isinstance(value, Undefined):
        value = value or None  # never true, and asking notes the name
    elif isinstance(value, str):
        value = fromjson(value, named="jsonpath")
    try:
        found = [match.value for match in _path(path).find(value)]
    except JSONPathError as error:
        raise TemplateRuntimeError(f"{path} is not a JSON path ({error})") from error
    if return_list or len(found) > 1:
        return found
    return found[0] if found else None


@lru_cache(maxsize=64)
def _path(path: str) -> Any:
    return parse(path)


def fromjson(value: Any, *, named: str = "fromjson") -> Any:
    """The value of a text as JSON. Raises TemplateRuntimeError when it is not JSON."""
    try:
        return json.loads(value)
    except TypeError as error:
        raise TemplateRuntimeError(f"{named} takes a text, and this is {_kind(value)}") from error
    except ValueError as error:
        raise TemplateRuntimeError(f"{named} got a text that is not valid JSON ({error})") from error
    except RecursionError as error:
        raise TemplateRuntimeError(f"{named} got JSON that is nested too deep") from error


def timestamp_to_iso8601(value: Any) -> str:
    """A time in seconds since 1970, as a number or as text, in ISO 8601 and UTC: 2026-01-05T08:12:44Z.

    Raises TemplateRuntimeError for anything else. How the platform writes fractions of a second is not known.
    """
    try:
        return _iso(datetime.fromtimestamp(float(value), UTC))
    except (TypeError, ValueError, OverflowError, OSError) as error:
        raise TemplateRuntimeError(f"timestamp_to_iso8601 takes seconds since 1970, and this is {value!r}") from error


def time_with_delta(value: Any) -> str:
    """The time that many seconds from now (before now, when negative), in ISO 8601 and UTC.

    Raises TemplateRuntimeError for what is not a number.
    """
    try:
        return _iso(datetime.now(UTC) + timedelta(seconds=float(value)))
    except (TypeError, ValueError, OverflowError) as error:
        raise TemplateRuntimeError(f"time_with_delta takes a number of seconds, and this is {value!r}") from error


def regex_match(value: Any, pattern: str, ignore_case: bool = False) -> bool:
    """Whether a text begins with what the pattern describes. Raises TemplateRuntimeError for a pattern that is not valid."""
    try:
        return re.match(pattern, str(value), re.IGNORECASE if ignore_case else 0) is not None
    except re.error as error:
        raise TemplateRuntimeError(f"{pattern} is not a regular expression ({error})") from error


def _iso(time: datetime) -> str:
    return time.isoformat(timespec="seconds").replace("+00:00", "Z")


def _kind(value: Any) -> str:
    return {bool: "a boolean", int: "a number", float: "a number", list: "a list", dict: "an object"}.get(
        type(value), "nothing"
    )


FILTERS: Mapping[str, Callable[..., Any]] = MappingProxyType(
    {
        function.__name__: function
        for function in (jsonpath, fromjson, timestamp_to_iso8601, time_with_delta, regex_match)
    }
)
