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
        raise UnexpectedAnswer(doing, status=answer.status, why=_why(error)) from None


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
        message = self._message(content)
        if status == 401:
            return KeyRefused(doing, status=status, message=message)
        if status == 403:
            return PermissionDenied(doing, status=status, message=message)
        if status == 404:
            return NotFound(doing, what=subject.name, check=subject.check, message=message)
        if status == 407:
            return ProxyRefused(doing, status=status, message=message)
        if 300 <= status < 400:
            return UnexpectedAnswer(doing, status=status, why=f"it redirects to {_place(headers.get('Location', ''))}")
        if status == 429 or status >= 500:
            return Unavailable(
                doing,
                host=self._host,
                status=status,
                message=message,
                retry_after=_retry_after(headers.get("Retry-After"), now),
                undone=status == 429,
            )
        return Refused(doing, status=status, message=message)

    def _message(self, content: bytes) -> str | None:
        """Sekoia's own words from the body of an error, as one short line without the key; None if there are none."""
        try:
            body = json.loads(content)
        except (ValueError, RecursionError):
            return None
        said = body.get("message") or body.get("error") or body.get("detail") if isinstance(body, dict) else None
        if not isinstance(said, str):
            return None
        line = " ".join(said.replace(self._key, "…").split()).rstrip(".")
        return line[:300] or None


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
    try:
        return urlsplit(location).netloc or "another address"
    except ValueError:
        return "an address that is not valid"


def _why(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    if first["type"] == "json_invalid":
        return "it is not valid JSON"
    if not first["loc"]:
        return "it is not a JSON object"
    return f"it lacks a usable “{'.'.join(str(part) for part in first['loc'])}”"
