"""One call of the REST API: bounded in time and size, repeated if that is harmless, and never with the key in an error."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, TypedDict, TypeVar, Unpack
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
"""Bytes that are read of an answer, unpacked; the largest page of indicators is far smaller."""

PIECE = 64 * 1024
"""Bytes that are read at once."""


class Payload(TypedDict, total=False):
    """What a request holds, by the names of requests' arguments.

    Keys:
        params: The query.
        json: The body, as what JSON can hold.
        data: The body, as an object with a length and pieces of bytes.
        headers: Headers besides those of the session.
    """

    params: Mapping[str, str | int]
    json: object
    data: Iterable[Any]
    headers: Mapping[str, str]


class Options(Payload, total=False):
    """What a request holds, and how long its answer may take.

    Keys:
        within: Seconds for the whole answer, if it is not worth all of the time that is left.
        silent: Seconds until the answer begins, once the request has been sent.
    """

    within: float
    silent: float


class Transport:
    """Makes calls to one REST root, through one session, which has to be closed. For one thread at a time.

    Proxies and ``REQUESTS_CA_BUNDLE`` are taken from the environment, as requests does. Redirects are not followed: the API
    has none, and the key must not reach another host.

    Args:
        root: The REST root, without a trailing slash (contract, "Where it lives").
        api_key: Sent as bearer token (contract, "Authentication").
        deadline: Ends everything, repetitions included.
        patience: Timeouts, pauses and rate.
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
        self._is_sekoia = False  # until a call below the root succeeds

    def close(self) -> None:
        """Close the session and its connections."""
        self._session.close()

    def server_time(self) -> datetime | None:
        """The time at Sekoia in UTC, never ahead of Sekoia's own clock; None before the first answer."""
        return self._clock.time(self.deadline.now())

    def call(
        self,
        model: type[Answer],
        method: str,
        subject: Subject,
        *,
        doing: str,
        tries: Tries | None = None,
        **options: Unpack[Options],
    ) -> Answer:
        """Make a call, and repeat it while its failure may pass. For calls that are harmless to repeat.

        Args:
            model: The model of the answer.
            method: The HTTP method.
            subject: What the call is about.
            doing: What it is for, as errors say it.
            tries: Limits on the attempts, besides the deadline.
            options: What the request holds, and how long the answer may take; see :class:`Options`.

        Returns:
            What Sekoia answered.

        Raises:
            RequestError, CertificateRejected, AuthoritiesUnusable, ProxyUnusable, DeadlinePassed, Interrupted: See
                :mod:`~sekoia_cti.client.errors`.
        """
        return self.repeat(lambda: self.call_once(model, method, subject, doing=doing, **options), **(tries or {}))

    def call_once(
        self, model: type[Answer], method: str, subject: Subject, *, doing: str, **options: Unpack[Options]
    ) -> Answer:
        """Make a call once; arguments and errors are those of :meth:`call`."""
        return read_as(model, self.exchange(method, subject, doing=doing, **options), doing)

    def exchange(self, method: str, subject: Subject, *, doing: str, **options: Unpack[Options]) -> RawAnswer:
        """Make a call once, for an answer that is not read as a model; arguments and errors are those of :meth:`call`.

        Returns:
            An answer with a status of 2xx.
        """
        answer = self._send(method, subject, doing, **options)
        if answer.is_refusal():
            if answer.status == 404 and not self._is_sekoia:
                self._look_for_api(subject, doing)
            raise self._refusals.error(answer, subject, doing, self.server_time() or datetime.now(UTC))
        self._is_sekoia = self._is_sekoia or subject.is_below_root()
        return answer

    def _look_for_api(self, subject: Subject, doing: str) -> None:
        """Request the listing that every API has, once: if it does not exist either, the 404 says nothing about its subject."""
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
        """Make attempts until one succeeds; see :class:`~sekoia_cti.client.rest.repetition.Repetition`.

        Args:
            once: Makes one attempt.
            tries: Limits on the attempts, besides the deadline.

        Returns:
            What the attempt that succeeded returned.

        Raises:
            SekoiaError: No attempt succeeded.
        """
        return Repetition(self.deadline, self.patience, tries).run(once)

    def moment(self) -> float:
        """Seconds for an answer that the work can do without, so that a stall costs only a part of the time that is left."""
        return max(1.0, self.deadline.remaining() / 4)

    def back_off(self, failures: int) -> None:
        """Wait before another request.

        Args:
            failures: How many have failed in a row.
        """
        self.deadline.pause(self.patience.backoff(failures))

    def _send(
        self,
        method: str,
        subject: Subject,
        doing: str,
        *,
        within: float = math.inf,
        silent: float = math.inf,
        **payload: Unpack[Payload],
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
                **payload,
            ) as response:
                body = self._read(response, doing, until)
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            failure = failure_of(error, self.root, doing)
            if isinstance(failure, Unavailable):
                self.deadline.check(doing)
            raise failure from None
        self._pace.after(response.status_code, self.deadline.now())
        self._clock.note(response.headers.get("Date"), self.deadline.now())
        return RawAnswer(response.status_code, response.headers, body)

    def _read(self, response: requests.Response, doing: str, until: float) -> bytes:
        """The body, bounded in time and size. With only a timeout for each read, an answer that trickles would last forever."""
        pieces, length = list[bytes](), 0
        while piece := response.raw.read1(PIECE, decode_content=True):  # read() would wait for the whole piece
            pieces.append(piece)
            length += len(piece)
            self.deadline.check(doing)
            if self.deadline.now() > until:
                raise TimeoutError
            if length > ANSWER_LIMIT:
                raise UnexpectedAnswer(doing, status=response.status_code, why="it is far too long")
        return b"".join(pieces)
