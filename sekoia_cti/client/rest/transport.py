"""One call of the REST API: bounded in time and size, repeated where that is harmless, and never with the key in an error."""

from __future__ import annotations

import json
import math
import ssl
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar
from urllib.parse import urlsplit

import requests
import urllib3
from pydantic import BaseModel, ValidationError
from requests.auth import AuthBase
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt

from sekoia_cti.client.errors import (
    AuthoritiesUnusable,
    CertificateRejected,
    DeadlinePassed,
    KeyRefused,
    NotFound,
    PermissionDenied,
    ProxyRefused,
    ProxyUnusable,
    Refused,
    RequestError,
    Unavailable,
    UnexpectedAnswer,
)
from sekoia_cti.client.network import tls_failure, unusable_authorities, unusable_proxy
from sekoia_cti.client.times import aware
from sekoia_cti.client.waiting import Deadline, Pace, Patience

__all__ = ["JSONBody", "Transport"]

Answer = TypeVar("Answer", bound=BaseModel)
Result = TypeVar("Result")

ANSWER_LIMIT = 64 * 1024 * 1024
"""Bytes of an answer that are read; the largest page of indicators is far below."""

PIECE = 64 * 1024
"""Bytes that are sent at once. urllib3 leaves the timeout for connecting on the socket while it sends, and each piece has to
be sent within it: in one piece, 8 MiB would never get through a line of 500 kB/s."""


class JSONBody:
    """A JSON object as a request's body, sent in pieces.

    Args:
        value: What JSON can hold, without lone surrogates, which UTF-8 has no bytes for.
    """

    def __init__(self, value: dict[str, Any]) -> None:
        self._content = json.dumps(value, ensure_ascii=False).encode()

    def __len__(self) -> int:
        return len(self._content)

    def __iter__(self) -> Iterator[memoryview]:
        content = memoryview(self._content)
        yield from (content[start : start + PIECE] for start in range(0, len(content), PIECE))


class Transport:
    """Calls to one root, through one session. For one thread at a time; to be closed.

    Proxies and ``REQUESTS_CA_BUNDLE`` are taken from the environment, as requests does. Redirects are refused: the API
    has none, and a key must not travel to another host.

    Args:
        root: Where the API is, without a trailing slash (contract, "Where it lives").
        api_key: Sent as bearer token.
        deadline: Ends everything, retries included.
        patience: Timeouts, backoff and rate.
        user_agent: Sent with each request.
        subject: Names what a path is about, and the argument to look at, for a 404.
    """

    def __init__(
        self,
        root: str,
        api_key: str,
        *,
        deadline: Deadline,
        patience: Patience,
        user_agent: str,
        subject: Callable[[str], tuple[str, str]],
    ) -> None:
        self.deadline = deadline
        self.patience = patience
        self._root = root
        self._host = urlsplit(root).netloc
        self._key = api_key
        self._subject = subject
        self._pace = Pace(patience)
        self._session = _Session()
        self._session.auth = _Bearer(api_key)
        self._session.headers.update({"User-Agent": user_agent, "Accept": "application/json"})
        self._clock: tuple[datetime, float] | None = None

    def close(self) -> None:
        """Close the session and its connections."""
        self._session.close()

    def server_time(self) -> datetime | None:
        """Sekoia's clock, never ahead of it, from the last ``Date`` header and the time that went by; None before one."""
        if self._clock is None:
            return None
        date, at = self._clock
        return date + timedelta(seconds=self.deadline.now() - at)

    def call(
        self,
        model: type[Answer],
        method: str,
        path: str,
        *,
        doing: str,
        attempts: int | None = None,
        attempts_at_500: int | None = None,
        attempts_in_doubt: int | None = None,
        **request: Any,
    ) -> Answer:
        """Make a call that is harmless to repeat.

        Args:
            model: What the answer holds.
            method, path: Of the request; the path is below the root, or a whole URL.
            doing: What it is for, as errors say it.
            attempts: The most there can be; by default the deadline ends them.
            attempts_at_500: The same, while the answer is 500.
            attempts_in_doubt: The same, while each may have been taken (:attr:`Unavailable.may_be_done`), for who can find out
                otherwise; not more of them either than a quarter of the time that is left takes. What is raised then is such a
                failure, whatever came of the other attempts.
            request: What requests takes besides: ``params``, ``json``, ``data``, ``headers``; and ``within``, the seconds that
                an answer may take which is not worth all of the time that is left, or ``silent``, the seconds that it may take
                to begin once the request was sent.

        Raises:
            RequestError, CertificateRejected, AuthoritiesUnusable, DeadlinePassed: See :mod:`~sekoia_cti.client.errors`.
        """
        return self.repeat(
            lambda: self.call_once(model, method, path, doing=doing, **request),
            attempts=attempts,
            attempts_at_500=attempts_at_500,
            attempts_in_doubt=attempts_in_doubt,
        )

    def call_once(self, model: type[Answer], method: str, path: str, *, doing: str, **request: Any) -> Answer:
        """The same, not repeated."""
        status, content = self.exchange(method, path, doing=doing, **request)
        try:
            return model.model_validate_json(content or b"{}")  # a body may be missing where nothing is told
        except ValidationError as error:
            raise UnexpectedAnswer(doing, status=status, why=_why(error)) from None

    def exchange(self, method: str, path: str, *, doing: str, **request: Any) -> tuple[int, bytes]:
        """One request; status and body of an answer that is no refusal."""
        status, headers, content = self._send(method, path, doing, **request)
        if not 200 <= status < 300:
            raise self._error(status, headers, content, path, doing)
        return status, content

    def repeat(
        self,
        once: Callable[[], Result],
        *,
        attempts: int | None = None,
        attempts_at_500: int | None = None,
        attempts_in_doubt: int | None = None,
    ) -> Result:
        """Do it until it works, while what prevents it may pass and the deadline lets another attempt in.

        An address where nobody was ever reached is more often wrong than out of order: that is tried a few times only.
        """
        patient = self.deadline.remaining() / 4

        failure: Unavailable | None = None
        doubt: Unavailable | None = None

        def most(error: Unavailable) -> int | None:
            if attempts or error.is_unreached():
                return attempts or self.patience.attempts
            if error.status == 500 and attempts_at_500:
                return attempts_at_500
            return attempts_in_doubt if error.may_be_done() else None

        def backoff(state: RetryCallState) -> float:
            asked = failure.retry_after if failure else None
            return max(asked or 0.0, self.patience.backoff(state.attempt_number))

        def in_vain(state: RetryCallState) -> bool:
            limit = most(failure) if failure else None
            too_often = limit is not None and stop_after_attempt(limit)(state)
            in_doubt = bool(attempts_in_doubt and failure and failure.may_be_done())
            too_long = in_doubt and (state.seconds_since_start or 0.0) >= patient
            return too_long or too_often or state.upcoming_sleep >= self.deadline.remaining()

        retrying = Retrying(
            retry=retry_if_exception(lambda error: isinstance(error, Unavailable)),
            wait=backoff,
            stop=in_vain,
            sleep=self.deadline.pause,
            reraise=True,
        )

        def attempt() -> Result:
            nonlocal failure, doubt
            try:
                return once()
            except Unavailable as error:
                failure = error
                doubt = error if attempts_in_doubt and error.may_be_done() else doubt
                raise

        try:
            return retrying(attempt)
        except (DeadlinePassed, NotFound, Unavailable) as error:
            if doubt is not None and not (isinstance(error, Unavailable) and error.status == 500):
                raise doubt from None  # such as an uploaded file that is not there any more once its import began
            if failure is None or not isinstance(error, DeadlinePassed):
                raise
            raise failure from None  # what kept it from being done says more than that the time is up

    def back_off(self, failures: int) -> None:
        """Wait before something is asked once more that failed so many times in a row."""
        self.deadline.pause(self.patience.backoff(failures))

    def _send(
        self,
        method: str,
        path: str,
        doing: str,
        *,
        within: float = math.inf,
        silent: float = math.inf,
        **request: Any,
    ) -> tuple[int, Any, bytes]:
        self.deadline.check(doing)
        self._pace.before(self.deadline)
        self.deadline.check(doing)
        patience, left = self.patience, min(self.deadline.remaining(), within)
        until = self.deadline.now() + within
        try:
            with self._session.request(
                method,
                path if "://" in path else self._root + path,
                timeout=(min(patience.connect, left), min(patience.read, left, silent)),
                allow_redirects=False,
                stream=True,
                **request,
            ) as response:
                content = self._read(response, doing, until)
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            raise self._failure(error, doing) from None
        self._pace.after(response.status_code, self.deadline.now())
        self._note_clock(response.headers.get("Date"))
        return response.status_code, response.headers, content

    def _failure(
        self, error: Exception, doing: str
    ) -> AuthoritiesUnusable | CertificateRejected | ProxyRefused | ProxyUnusable | Unavailable:
        """What a call without an answer failed of."""
        if wrong := unusable_proxy(self._root):
            return wrong
        if self._root.startswith("https:") and (unusable := unusable_authorities()):
            return unusable
        # Other failures of TLS, such as an internal error of the server, may pass.
        if distrust := next((cause for cause in _causes(error) if isinstance(cause, _UNTRUSTED)), None):
            return CertificateRejected(self._host, _reason(distrust))
        # Python tells a proxy's answer to CONNECT in words only.
        if any("Tunnel connection failed: 407" in str(cause) for cause in _causes(error)):
            return ProxyRefused(doing, status=407)
        self.deadline.check(doing)
        return Unavailable(doing, host=self._host, reason=_reason(error), undone=_never_sent(error))

    def _read(self, response: requests.Response, doing: str, until: float) -> bytes:
        """The body, as long as it comes in time: a timeout on each read alone lets a trickle last for ever."""
        pieces, length = list[bytes](), 0
        # read1, since read would wait for the whole piece
        while piece := response.raw.read1(64 * 1024, decode_content=True):
            pieces.append(piece)
            length += len(piece)
            self.deadline.check(doing)
            if self.deadline.now() > until:
                raise TimeoutError
            if length > ANSWER_LIMIT:
                raise UnexpectedAnswer(doing, status=response.status_code, why="it is far too long")
        return b"".join(pieces)

    def _note_clock(self, date: str | None) -> None:
        parsed = _http_date(date)
        if parsed is not None:
            self._clock = (parsed, self.deadline.now())

    def _error(self, status: int, headers: Any, content: bytes, path: str, doing: str) -> RequestError:
        message = self._message(content)
        if status == 401:
            return KeyRefused(doing, status=status, message=message)
        if status == 403:
            return PermissionDenied(doing, status=status, message=message)
        if status == 404:
            what, argument = self._subject(path)
            return NotFound(doing, what=what, argument=argument, message=message)
        if status == 407:
            return ProxyRefused(doing, status=status, message=message)
        if 300 <= status < 400:
            return UnexpectedAnswer(doing, status=status, why=f"it redirects to {_host(headers.get('Location', ''))}")
        if status == 429 or status >= 500:
            return Unavailable(
                doing,
                host=self._host,
                status=status,
                message=message,
                retry_after=self._retry_after(headers.get("Retry-After")),
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

    def _retry_after(self, value: str | None) -> float | None:
        """Seconds from a ``Retry-After`` in either of its forms; a date is measured by Sekoia's own clock."""
        if value is None:
            return None
        if value.strip().isdecimal():
            return float(value)
        date = _http_date(value)
        if date is None:
            return None
        return max(0.0, (date - (self.server_time() or datetime.now(UTC))).total_seconds())


class _Session(requests.Session):
    """A session that knows no redirects: requests looks where they lead even when it is told not to follow them, and fails
    where they lead nowhere."""

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Nowhere."""


class _Bearer(AuthBase):
    """The API key as a header; as an auth object, so that a ``.netrc`` of the machine cannot replace it."""

    def __init__(self, key: str) -> None:
        self._key = key

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._key}"
        return request


def _host(location: str) -> str:
    try:
        return urlsplit(location).netloc or "another address"
    except ValueError:
        return "an address that is not valid"


def _http_date(value: str | None) -> datetime | None:
    try:
        return aware(parsedate_to_datetime(value)) if value else None
    except (ValueError, OverflowError):
        return None


def _why(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    if first["type"] == "json_invalid":
        return "it is not valid JSON"
    if not first["loc"]:
        return "it is not a JSON object"
    return f"it lacks a usable “{'.'.join(str(part) for part in first['loc'])}”"


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """An error and what it was made from, the outermost first, through urllib3's own wrapping too."""
    while error is not None:
        yield error
        inner = getattr(error, "reason", None)
        if not isinstance(inner, BaseException):
            inner = next((arg for arg in error.args if isinstance(arg, BaseException)), None)
        error = inner or error.__cause__ or error.__context__


_UNTRUSTED = (ssl.SSLCertVerificationError, ssl.CertificateError)

_REASONS: tuple[tuple[tuple[type[BaseException], ...], str], ...] = (
    (
        (requests.exceptions.InvalidSchema,),
        "the proxy that the environment names cannot be used, since it is a SOCKS proxy: name an HTTP proxy",
    ),
    ((requests.exceptions.InvalidURL, requests.exceptions.InvalidProxyURL), "the address is not valid"),
    ((requests.exceptions.ProxyError,), "the proxy did not let the request through"),
    ((urllib3.exceptions.NameResolutionError,), "its name is unknown"),
    ((ConnectionRefusedError,), "connection refused"),
    ((urllib3.exceptions.TimeoutError, requests.Timeout, TimeoutError), "no answer in time"),
)


def _never_sent(error: BaseException) -> bool:
    """True when no connection was made, not even through a proxy, so that Sekoia cannot have seen the request."""
    unmade = (
        urllib3.exceptions.NewConnectionError
        | urllib3.exceptions.ConnectTimeoutError
        | requests.exceptions.ProxyError
        | requests.exceptions.InvalidSchema
    )
    return any(isinstance(cause, unmade) for cause in _causes(error))


def _reason(error: BaseException) -> str:
    """What happened, in a few words and without addresses of objects, headers or the key."""
    causes = list(_causes(error))
    # In this order: urllib3 makes a timeout of every connection that could not be made.
    for kinds, words in _REASONS:
        if any(isinstance(cause, kinds) for cause in causes):
            return words
    innermost = causes[-1]
    if isinstance(innermost, ssl.SSLError) and not isinstance(innermost, ssl.SSLCertVerificationError):
        return tls_failure(innermost)
    if text := getattr(innermost, "verify_message", None) or getattr(innermost, "strerror", None):
        return str(text).lower()
    return "the connection was lost before the answer was complete"
