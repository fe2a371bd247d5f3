"""What an answer of Sekoia says: as it came, as an error where it refuses, or as a model."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple, TypeVar
from urllib.parse import urlsplit

from pydantic import BaseModel, ValidationError

from sekoia_cti.client.errors import (
    KeyRefused,
    NotFound,
    PermissionDenied,
    ProxyRefused,
    Refused,
    RequestError,
    Unavailable,
    UnexpectedAnswer,
)
from sekoia_cti.client.rest.clock import http_date
from sekoia_cti.client.rest.subjects import Subject
from sekoia_cti.client.wire import words_of
from sekoia_cti.indicators.display import shown

__all__ = ["RawAnswer", "Refusals", "read_as"]

Answer = TypeVar("Answer", bound=BaseModel)


class RawAnswer(NamedTuple):
    """An answer as it came."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    def is_refusal(self) -> bool:
        """Whether it is not one of the answers that say yes."""
        return not 200 <= self.status < 300


def read_as(model: type[Answer], answer: RawAnswer, doing: str) -> Answer:
    """What an answer says.

    Args:
        model: What it holds.
        answer: One that is not a refusal.
        doing: What the call was for, as errors say it.

    Raises:
        UnexpectedAnswer: It holds something else.
    """
    try:
        return model.model_validate_json(answer.content or b"{}")  # a body may be missing where nothing is told
    except ValidationError as error:
        why = _why(error) if answer.content else "it is empty"
        raise UnexpectedAnswer(doing, status=answer.status, why=why) from None


class Refusals:
    """Makes errors of answers that refuse.

    Args:
        host: Host and port that are asked.
        api_key: Never part of an error.
    """

    def __init__(self, host: str, api_key: str) -> None:
        self._host = host
        self._key = api_key

    def error(self, answer: RawAnswer, subject: Subject, doing: str, now: datetime) -> RequestError:
        """The error that an answer stands for.

        Args:
            answer: The answer.
            subject: What was asked for, or about.
            doing: What for, as errors say it.
            now: The time at Sekoia.
        """
        status, headers, content = answer
        body = _json(content)
        message, foreign = self._message(body), bool(content) and body is None
        if status == 401:
            return KeyRefused(doing, status=status, message=message, foreign=foreign)
        if status == 403:
            return PermissionDenied(doing, status=status, message=message, foreign=foreign)
        if status == 404:
            return NotFound(doing, what=subject.name, check=subject.check, message=message)
        if status == 407:
            return ProxyRefused(doing, status=status, message=message)
        if 300 <= status < 400:
            place = self._without_key(_place(headers.get("Location", "")))
            return UnexpectedAnswer(doing, status=status, why=f"it redirects to {place}")
        if status < 200:
            return UnexpectedAnswer(doing, status=status, why="it is not the answer to a request")
        if status == 429 or status >= 500:
            return Unavailable(
                doing,
                host=self._host,
                status=status,
                message=message,
                retry_after=_retry_after(headers.get("Retry-After"), now),
                undone=status == 429,
            )
        return Refused(doing, status=status, message=message, foreign=foreign)

    def _message(self, body: object) -> str | None:
        """Sekoia's own words from the body of an error, as one line without the key; None if there are none."""
        words = words_of(body) if isinstance(body, dict) else None
        return self._without_key(words).rstrip(".") or None if words else None

    def _without_key(self, text: str) -> str:
        return text.replace(self._key, "…")


def _json(content: bytes) -> object:
    """What a body holds; None if that is not JSON."""
    try:
        body: object = json.loads(content)
    except (ValueError, RecursionError):
        return None
    return body


def _retry_after(value: str | None, now: datetime) -> float | None:
    """Seconds from a ``Retry-After`` in either of its forms; a date is measured by Sekoia's own clock."""
    if value is None:
        return None
    if value.strip().isdecimal():
        return float(value)
    date = http_date(value)
    if date is None:
        return None
    return max(0.0, (date - now).total_seconds())


def _place(location: str) -> str:
    """Where a redirect leads, for people: scheme and host, without a password."""
    try:
        parts = urlsplit(location)
        host = parts.netloc.rpartition("@")[2]
        return shown(f"{parts.scheme}://{host}" if parts.scheme else host) if host else "another address"
    except ValueError:
        return "an address that is not valid"


def _why(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    if first["type"] == "json_invalid":
        return "it is not valid JSON"
    if not first["loc"]:
        return "it is not a JSON object"
    return f"it lacks a usable “{'.'.join(str(part) for part in first['loc'])}”"
