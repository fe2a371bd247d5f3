"""One call of the REST API: bounded in time and size, repeated where that is harmless, and never with the key in an error."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar, Unpack
from urllib.parse import urlsplit

import requests
import urllib3
from pydantic import BaseModel

from sekoia_cti.client.errors import DeadlinePassed, RequestError, Unavailable, UnexpectedAnswer
from sekoia_cti.client.rest.answers import RawAnswer, Refusals, read_as
from sekoia_cti.client.rest.clock import ServerClock
from sekoia_cti.client.rest.failures import failure_of
from sekoia_cti.client.rest.pace import Pace
from sekoia_cti.client.rest.repetition import Repetition, Tries
from sekoia_cti.client.rest.session import open_session
from sekoia_cti.client.rest.subjects import COLLECTIONS, Subject
from sekoia_cti.client.waiting import Deadline, Patience

__all__ = ["Transport"]

Answer = TypeVar("Answer", bound=BaseModel)
Result = TypeVar("Result")

ANSWER_LIMIT = 64 * 1024 * 1024
"""Bytes of an answer that are read; the largest page of indicators is far below."""


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
    """

    def __init__(
        self,
        root: str,
        api_key: str,
        *,
        deadline: Deadline,
        patience: Patience,
        user_agent: str,
    ) -> None:
        self.deadline = deadline
        self.patience = patience
        self.root = root
        self._refusals = Refusals(urlsplit(root).netloc, api_key)
        self._pace = Pace(patience)
        self._session = open_session(api_key, user_agent)
        self._clock = ServerClock()
        self._is_sekoia = False  # until something below the root answers with more than a refusal

    def close(self) -> None:
        """Close the session and its connections."""
        self._session.close()

    def server_time(self) -> datetime | None:
        """Sekoia's clock by its last answer, never ahead of it; None before the first answer."""
        return self._clock.time(self.deadline.now())

    def call(
        self,
        model: type[Answer],
        method: str,
        subject: Subject,
        *,
        doing: str,
        tries: Tries | None = None,
        **request: Any,
    ) -> Answer:
        """Make a call that is harmless to repeat.

        Args:
            model: What the answer holds.
            method: Of HTTP.
            subject: What the call is about.
            doing: What it is for, as errors say it.
            tries: How often, if not until the deadline.
            request: What requests takes besides: ``params``, ``json``, ``data``, ``headers``; and ``within``, the seconds that
                an answer may take which is not worth all of the time that is left, or ``silent``, the seconds that it may take
                to begin once the request was sent.

        Raises:
            RequestError, CertificateRejected, AuthoritiesUnusable, DeadlinePassed: See :mod:`~sekoia_cti.client.errors`.
        """
        return self.repeat(lambda: self.call_once(model, method, subject, doing=doing, **request), **(tries or {}))

    def call_once(self, model: type[Answer], method: str, subject: Subject, *, doing: str, **request: Any) -> Answer:
        """The same, not repeated."""
        return read_as(model, self.exchange(method, subject, doing=doing, **request), doing)

    def exchange(self, method: str, subject: Subject, *, doing: str, **request: Any) -> RawAnswer:
        """One request; an answer that is not a refusal."""
        answer = self._send(method, subject, doing, **request)
        if answer.is_refusal():
            if answer.status == 404 and not self._is_sekoia:
                self._look_for_api(subject, doing)
            raise self._refusals.error(answer, subject, doing, self.server_time() or datetime.now(UTC))
        self._is_sekoia = self._is_sekoia or subject.is_below_root()
        return answer

    def _look_for_api(self, subject: Subject, doing: str) -> None:
        """Ask for what is always there, once: where that is not found either, a 404 says nothing about its subject."""
        status = 404
        if subject != COLLECTIONS:
            try:
                status = self._send("GET", COLLECTIONS, doing, within=self.moment(), params={"limit": 1}).status
            except (RequestError, DeadlinePassed):
                return
        if status == 404:
            raise UnexpectedAnswer(doing, status=404, why=f"there is no API at {self.root}")
        self._is_sekoia = 200 <= status < 300

    def repeat(self, once: Callable[[], Result], **tries: Unpack[Tries]) -> Result:
        """Do it until it works, while what prevents it may pass and the deadline lets another attempt in."""
        return Repetition(self.deadline, self.patience, tries).run(once)

    def moment(self) -> float:
        """Seconds that an answer may take where there is another way to go on, so that a stall costs only a part of the time."""
        return max(1.0, self.deadline.remaining() / 4)

    def back_off(self, failures: int) -> None:
        """Wait before something is asked once more that failed so many times in a row."""
        self.deadline.pause(self.patience.backoff(failures))

    def _send(
        self,
        method: str,
        subject: Subject,
        doing: str,
        *,
        within: float = math.inf,
        silent: float = math.inf,
        **request: Any,
    ) -> RawAnswer:
        self.deadline.check(doing)
        self._pace.before(self.deadline)
        self.deadline.check(doing)
        patience, left = self.patience, min(self.deadline.remaining(), within)
        until = self.deadline.now() + within
        try:
            with self._session.request(
                method,
                self.root + subject.path if subject.is_below_root() else subject.path,
                timeout=(min(patience.connect, left), min(patience.read, left, silent)),
                allow_redirects=False,
                stream=True,
                **request,
            ) as response:
                content = self._read(response, doing, until)
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            failure = failure_of(error, self.root, doing)
            if isinstance(failure, Unavailable):
                self.deadline.check(doing)
            raise failure from None
        self._pace.after(response.status_code, self.deadline.now())
        self._clock.note(response.headers.get("Date"), self.deadline.now())
        return RawAnswer(response.status_code, response.headers, content)

    def _read(self, response: requests.Response, doing: str, until: float) -> bytes:
        """The body, as long as it comes in time: a timeout on each read alone lets a trickle last forever."""
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
