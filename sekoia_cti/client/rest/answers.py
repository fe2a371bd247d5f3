"""What an answer of Sekoia says, in three layers: the answer as it came, the error that a refusal stands for, and a model."""

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
    """An answer as it came.

    Attributes:
        status: HTTP status.
        headers: Its headers, by names in any case.
        content: The whole body, unpacked.
    """

    status: int
    headers: Mapping[str, str]
    content: bytes

    def is_refusal(self) -> bool:
        """Whether the status is anything but 2xx."""
        return not 200 <= self.status < 300


def read_as(model: type[Answer], answer: RawAnswer, doing: str) -> Answer:
    """Read an answer as a model.

    Args:
        model: The model of what the contract says that Sekoia answers.
        answer: An answer that is not a refusal.
        doing: What the call was for, as errors say it.

    Returns:
        The model with what the answer says. An empty body is read as an object without fields.

    Raises:
        UnexpectedAnswer: The answer is not JSON, or not what the model describes.
    """
    try:
        return model.model_validate_json(answer.content or b"{}")
    except ValidationError as error:
        why = _why(error) if answer.content else "it is empty"
        raise UnexpectedAnswer(doing, status=answer.status, why=why) from None


class Refusals:
    """Makes errors of answers that refuse (contract, "Errors").

    Args:
        host: Host and port of the API.
        api_key: Removed from everything that an error quotes.
    """

    def __init__(self, host: str, api_key: str) -> None:
        self._host = host
        self._key = api_key

    def error(self, answer: RawAnswer, subject: Subject, doing: str, now: datetime) -> RequestError:
        """The error that a refusal stands for.

        Args:
            answer: An answer whose status is not 2xx.
            subject: What the call was about; named by the error for a 404.
            doing: What the call was for, as errors say it.
            now: The time at Sekoia, from which a date in ``Retry-After`` counts.
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
            place = _place(headers.get("Location", "").replace(self._key, "…"))
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
        words = words_of(body, secret=self._key) if isinstance(body, dict) else None
        return words.rstrip(".") or None if words else None


def _json(content: bytes) -> object:
    """What a body holds; None if that is not JSON."""
    try:
        body: object = json.loads(content)
    except (ValueError, RecursionError):
        return None
    return body


def _retry_after(value: str | None, now: datetime) -> float | None:
    """Seconds to wait, from a ``Retry-After`` in seconds or as a date; None if it is absent or cannot be read."""
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
