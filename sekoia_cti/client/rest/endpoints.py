"""IOC collections over Sekoia's REST API: one method an endpoint, one session, every call bounded and repeated with care."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Any, BinaryIO, Self, TypeVar
from urllib.parse import urlsplit
from uuid import uuid4

import requests
import urllib3
from pydantic import BaseModel, ValidationError
from requests.auth import AuthBase
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt

from sekoia_cti.client.errors import (
    CertificateRejected,
    DeadlinePassed,
    KeyRefused,
    NotFound,
    PermissionDenied,
    Refused,
    RequestError,
    Unavailable,
    UnexpectedAnswer,
)
from sekoia_cti.client.rest.multipart import Multipart
from sekoia_cti.client.waiting import Deadline, Pace, Patience
from sekoia_cti.client.wire import (
    Accepted,
    Added,
    Collection,
    CollectionPage,
    Context,
    Count,
    Indicator,
    IndicatorPage,
    KillChainPage,
    Mapping,
    NewIndicator,
    Preview,
    aware,
)
from sekoia_cti.indicators.kill_chains import KillChain

__all__ = ["IOCCollections"]

Answer = TypeVar("Answer", bound=BaseModel)
Result = TypeVar("Result")

PAGE = 100
"""Items a page, the most there can be (contract, "REST")."""

ANSWER_LIMIT = 64 * 1024 * 1024
"""Bytes of an answer that are read; the largest page of indicators is far below."""


class _Bearer(AuthBase):
    """The API key as a header; as an auth object, so that a ``.netrc`` of the machine cannot replace it."""

    def __init__(self, key: str) -> None:
        self._key = key

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._key}"
        return request


class IOCCollections:
    """The IOC collections that an API key can see.

    Proxies and ``REQUESTS_CA_BUNDLE`` are taken from the environment, as requests does. Redirects are refused: the API
    has none, and a key must not travel to another host. To be closed, or used with ``with``. For one thread at a time.

    Args:
        root: The REST root for the region, without a trailing slash (contract, "Where it lives").
        api_key: Needs *View IOC collections*, and for changes *Manage IOC collections*.
        deadline: Ends everything, retries included.
        patience: Timeouts, backoff and rate.
        user_agent: Sent with each request.

    Every method raises a :class:`~sekoia_cti.client.errors.SekoiaError` of those that :mod:`~sekoia_cti.client.errors`
    draws below ``RequestError``, or ``CertificateRejected`` or ``DeadlinePassed``.
    """

    def __init__(
        self, root: str, api_key: str, *, deadline: Deadline, patience: Patience, user_agent: str = "sekoia-cti"
    ) -> None:
        self._root = root
        self._host = urlsplit(root).netloc
        self._key = api_key
        self._deadline = deadline
        self._patience = patience
        self._pace = Pace(patience)
        self._session = requests.Session()
        self._session.auth = _Bearer(api_key)
        self._session.headers.update({"User-Agent": user_agent, "Accept": "application/json"})
        self._clock: tuple[datetime, float] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the session and its connections."""
        self._session.close()

    def server_time(self) -> datetime | None:
        """Sekoia's clock, never ahead of it, from the last ``Date`` header and the time that went by; None before one."""
        if self._clock is None:
            return None
        date, at = self._clock
        return date + timedelta(seconds=self._deadline.now() - at)

    # Collections

    def collection(self, collection_id: str) -> Collection:
        """``GET /ioc-collections/{id}``."""
        return self._call(
            Collection, "GET", f"/ioc-collections/{collection_id}", doing="looking up the IOC collection"
        )

    def collections(
        self, *, term: str | None = None, community_uuid: str | None = None, with_indicators_count: bool = False
    ) -> Iterator[Collection]:
        """``GET /ioc-collections``, page after page.

        Args:
            term: Only those whose name contains it.
            community_uuid: Only those of this community.
            with_indicators_count: Whether to ask for ``indicators_count``.
        """
        query: dict[str, Any] = {"limit": PAGE}
        if with_indicators_count:
            query["with_indicators_count"] = "true"
        if term:
            query["term"] = term
        if community_uuid:
            query["match[community_uuid]"] = community_uuid
        seen = 0
        while True:
            page = self._call(
                CollectionPage,
                "GET",
                "/ioc-collections",
                doing="listing the IOC collections",
                params=query | {"offset": seen},
            )
            yield from page.items
            seen += len(page.items)
            if not page.items or seen >= page.total:
                return

    def create(
        self,
        name: str,
        *,
        description: str | None = None,
        community_uuid: str | None = None,
        available_for_sub_communities: bool = False,
    ) -> Collection:
        """``POST /ioc-collections``, so that one collection comes of it, even when the answer is lost.

        The collection gets an id of our making. Unless a failed request surely had no effect, the collection is looked
        for before the request is repeated: by that id, or, should Sekoia give ids of its own, by its name and by having
        been created since.
        """
        body: dict[str, Any] = {
            "id": f"ioc-collection--{uuid4()}",
            "name": name,
            "available_for_sub_communities": available_for_sub_communities,
        }
        if description is not None:
            body["description"] = description
        if community_uuid is not None:
            body["community_uuid"] = community_uuid
        started = self._deadline.now()
        doubtful = False

        def created() -> Collection | None:
            for collection in self.collections(term=name, community_uuid=community_uuid):
                if collection.id == body["id"]:
                    return collection
                since = (self.server_time() or datetime.now(UTC)) - timedelta(
                    seconds=self._deadline.now() - started + 2
                )
                if collection.name == name and collection.created and aware(collection.created) >= since:
                    return collection
            return None

        def create_once() -> Collection:
            nonlocal doubtful
            if doubtful and (found := created()):
                return found
            try:
                return self._call_once(
                    Collection, "POST", "/ioc-collections", doing="creating the IOC collection", json=body
                )
            except (Unavailable, UnexpectedAnswer) as error:
                doubtful = doubtful or not (isinstance(error, Unavailable) and error.undone)
                raise
            except Refused:
                # A repetition that is refused may be refused because the collection is there by now.
                if doubtful and (found := created()):
                    return found
                raise

        return self._repeat(create_once)

    def delete(self, collection_id: str) -> None:
        """``DELETE /ioc-collections/{id}``, with all of its indicators; a repetition that finds nothing has worked.

        Raises:
            NotFound: There was no such collection at the first attempt.
        """
        self._delete(f"/ioc-collections/{collection_id}", doing="deleting the IOC collection")

    def count(self, community_uuid: str | None = None) -> Count:
        """``GET /ioc-collections/count-total-iocs``; asked once, since no import depends on it."""
        return self._call_once(
            Count,
            "GET",
            "/ioc-collections/count-total-iocs",
            doing="counting the indicators of the community",
            params={"community_uuid": community_uuid} if community_uuid else {},
        )

    # Imports

    def import_text(
        self, collection_id: str, text: str, *, context: Context, format: str | None = None
    ) -> Accepted:  # the wire's own word for it
        """``POST /ioc-collections/{id}/indicators/text``; harmless to repeat, and repeated.

        Args:
            collection_id: ``ioc-collection--<uuid>``.
            text: One indicator a line; the hashes of one file on one line, separated by commas.
            context: What holds for all of them.
            format: A format of the contract, not sent when None.
        """
        body = {"indicators": text, **context.payload(), **({"format": format} if format else {})}
        return self._call(
            Accepted,
            "POST",
            f"/ioc-collections/{collection_id}/indicators/text",
            doing="submitting the indicators",
            data=json.dumps(body, ensure_ascii=False).encode(),
            headers={"Content-Type": "application/json"},
        )

    def add_indicators(self, collection_id: str, indicators: Sequence[NewIndicator], *, context: Context) -> Added:
        """``POST /ioc-collections/{id}/indicators``; harmless to repeat, and repeated.

        Args:
            collection_id: ``ioc-collection--<uuid>``.
            indicators: 1 to 100.
            context: What holds for all of them, where they do not say otherwise: sent as ``default_fields``.
        """
        return self._call(
            Added,
            "POST",
            f"/ioc-collections/{collection_id}/indicators",
            doing="submitting the indicators",
            json={
                "indicators": [indicator.model_dump(mode="json", exclude_none=True) for indicator in indicators],
                "default_fields": context.payload(),
            },
        )

    def preview_file(
        self, collection_id: str, open_file: Callable[[], BinaryIO], *, size: int, name: str, mime_type: str
    ) -> Preview:
        """``POST /ioc-collections/{id}/indicators/files/preview``: uploads a file as it is read, imports nothing.

        Args:
            collection_id: ``ioc-collection--<uuid>``.
            open_file: Opens the file for reading bytes; called again when the upload is repeated.
            size: Bytes in it.
            name: File name to tell Sekoia.
            mime_type: One of the contract's MIME types.
        """

        def upload() -> Preview:
            with open_file() as file:
                body = Multipart(file, size=size, name=name, mime_type=mime_type, deadline=self._deadline)
                return self._call_once(
                    Preview,
                    "POST",
                    f"/ioc-collections/{collection_id}/indicators/files/preview",
                    doing="uploading the file",
                    data=body,
                    headers={"Content-Type": body.content_type},
                )

        return self._repeat(upload)

    def process_file(
        self, collection_id: str, file_handle: str, *, mapping: Mapping, ignore_first_line: bool, context: Context
    ) -> Accepted:
        """``POST /ioc-collections/{id}/indicators/files/process``; harmless to repeat, and repeated.

        Args:
            collection_id: ``ioc-collection--<uuid>``.
            file_handle: From :meth:`preview_file`.
            mapping: What each column holds.
            ignore_first_line: Whether the first line is a heading.
            context: For what no column maps.
        """
        return self._call(
            Accepted,
            "POST",
            f"/ioc-collections/{collection_id}/indicators/files/process",
            doing="starting the import of the file",
            json={
                "file_handle": file_handle,
                "mapping": mapping,
                "ignore_first_line": ignore_first_line,
                **context.payload(),
            },
        )

    # Indicators

    def indicators(
        self, collection_id: str, *, term: str | None = None, limit: int = PAGE, offset: int = 0, repeat: bool = True
    ) -> IndicatorPage:
        """``GET /ioc-collections/{id}/indicators``: one page.

        Args:
            collection_id: ``ioc-collection--<uuid>``.
            term: Only those whose pattern contains it.
            limit: 1 to 100.
            offset: How many to leave out.
            repeat: Whether to repeat what may pass; not for who comes back anyway.
        """
        call = self._call if repeat else self._call_once
        return call(
            IndicatorPage,
            "GET",
            f"/ioc-collections/{collection_id}/indicators",
            doing="reading the indicators of the collection",
            params={"limit": limit, **({"offset": offset} if offset else {}), **({"term": term} if term else {})},
        )

    def all_indicators(self, collection_id: str, *, term: str | None = None) -> Iterator[IndicatorPage]:
        """The same, page after page, each indicator once, although the collection may change meanwhile.

        What is removed moves the rest towards the start, so that many are read again; what is added can move the rest
        towards the end, so that they come again and are left out.

        Args:
            collection_id: ``ioc-collection--<uuid>``.
            term: Only those whose pattern contains it.

        Returns:
            Pages with the latest ``total``, and without the indicators of earlier ones.
        """
        seen: set[str] = set()
        offset = total = 0
        while True:
            page = self.indicators(collection_id, term=term, offset=offset)
            removed = max(0, total - page.total)
            offset = max(0, offset + len(page.items) - removed)
            total = page.total
            new = [indicator for indicator in page.items if indicator.id not in seen]
            seen.update(indicator.id for indicator in new)
            yield page.model_copy(update={"items": new})
            # A server that always says there is more must not keep us.
            more = offset < total or (page.has_more and new)
            if not more or not (page.items or removed):
                return

    def revoke(self, collection_id: str, indicator_id: str, *, attempts: int | None = None) -> Indicator | None:
        """``DELETE /ioc-collections/{id}/indicators/{indicator_id}``; revoking again changes nothing, so it is repeated.

        Args:
            collection_id: ``ioc-collection--<uuid>``.
            indicator_id: ``indicator--<uuid>``.
            attempts: The most there can be; by default the deadline ends them.

        Returns:
            The indicator as it is now, if Sekoia tells.

        Raises:
            NotFound: The collection has no such indicator.
        """
        content = self._delete(
            f"/ioc-collections/{collection_id}/indicators/{indicator_id}",
            doing="revoking the indicator",
            attempts=attempts,
        )
        try:
            return Indicator.model_validate_json(content)
        except ValidationError:
            return None  # it is done, whatever the answer looks like

    # Kill chains

    def kill_chains(self) -> list[KillChain]:
        """``GET /kill-chains``; asked once, since it may take another permission and little depends on it."""
        page = self._call_once(KillChainPage, "GET", "/kill-chains", doing="reading the kill chains")
        return page.items

    # One call

    def _call(self, model: type[Answer], method: str, path: str, *, doing: str, **request: Any) -> Answer:
        return self._repeat(lambda: self._call_once(model, method, path, doing=doing, **request))

    def _delete(self, path: str, *, doing: str, attempts: int | None = None) -> bytes:
        """Delete, repeatedly if need be, and give the answer's body; it is gone too when a repetition does not find it."""
        doubtful = False

        def delete_once() -> bytes:
            nonlocal doubtful
            try:
                return self._exchange("DELETE", path, doing=doing)[1]
            except Unavailable as error:
                doubtful = doubtful or not error.undone
                raise
            except NotFound:
                if doubtful:
                    return b""
                raise

        return self._repeat(delete_once, attempts=attempts)

    def _repeat(self, once: Callable[[], Result], *, attempts: int | None = None) -> Result:
        """Do it until it works, while what prevents it may pass and the deadline lets another attempt in.

        An address where nobody was ever reached is more often wrong than out of order: that is tried a few times only.
        """

        def backoff(state: RetryCallState) -> float:
            error = state.outcome.exception() if state.outcome else None
            asked = error.retry_after if isinstance(error, Unavailable) else None
            return max(asked or 0.0, self._patience.backoff(state.attempt_number))

        def in_vain(state: RetryCallState) -> bool:
            error = state.outcome.exception() if state.outcome else None
            nobody = isinstance(error, Unavailable) and error.status is None and error.undone
            most = attempts or (self._patience.attempts if nobody else None)
            too_often = most is not None and stop_after_attempt(most)(state)
            return too_often or state.upcoming_sleep >= self._deadline.remaining()

        retrying = Retrying(
            retry=retry_if_exception(lambda error: isinstance(error, Unavailable)),
            wait=backoff,
            stop=in_vain,
            sleep=self._deadline.pause,
            reraise=True,
        )
        failure: Unavailable | None = None

        def attempt() -> Result:
            nonlocal failure
            try:
                return once()
            except Unavailable as error:
                failure = error
                raise

        try:
            return retrying(attempt)
        except DeadlinePassed:
            if failure is None:
                raise
            raise failure from None  # what kept it from being done says more than that the time is up

    def _call_once(self, model: type[Answer], method: str, path: str, *, doing: str, **request: Any) -> Answer:
        status, content = self._exchange(method, path, doing=doing, **request)
        try:
            return model.model_validate_json(content)
        except ValidationError as error:
            raise UnexpectedAnswer(doing, status=status, why=_why(error)) from None

    def _exchange(self, method: str, path: str, *, doing: str, **request: Any) -> tuple[int, bytes]:
        """One request; status and body of an answer that is no refusal."""
        status, headers, content = self._send(method, path, doing, **request)
        if not 200 <= status < 300:
            raise self._error(status, headers, content, path, doing)
        return status, content

    def _send(self, method: str, path: str, doing: str, **request: Any) -> tuple[int, Any, bytes]:
        self._deadline.check(doing)
        self._pace.before(self._deadline)
        self._deadline.check(doing)
        patience, left = self._patience, self._deadline.remaining()
        try:
            with self._session.request(
                method,
                self._root + path,
                timeout=(min(patience.connect, left), min(patience.read, left)),
                allow_redirects=False,
                stream=True,
                **request,
            ) as response:
                content = self._read(response, doing)
        except requests.exceptions.SSLError as error:
            raise CertificateRejected(self._host, _reason(error)) from None
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            self._deadline.check(doing)
            raise Unavailable(doing, host=self._host, reason=_reason(error), undone=_never_sent(error)) from None
        self._pace.after(response.status_code, self._deadline.now())
        self._note_clock(response.headers.get("Date"))
        return response.status_code, response.headers, content

    def _read(self, response: requests.Response, doing: str) -> bytes:
        """The body, as long as it comes within the deadline: a timeout on each read alone lets a trickle last for ever."""
        content = bytearray()
        # read1, since read would wait for the whole piece
        while piece := response.raw.read1(64 * 1024, decode_content=True):
            content += piece
            self._deadline.check(doing)
            if len(content) > ANSWER_LIMIT:
                raise UnexpectedAnswer(doing, status=response.status_code, why="it is far too long")
        return bytes(content)

    def _note_clock(self, date: str | None) -> None:
        parsed = _http_date(date)
        if parsed is not None:
            self._clock = (parsed, self._deadline.now())

    def _error(self, status: int, headers: Any, content: bytes, path: str, doing: str) -> RequestError:
        message = self._message(content)
        if status == 401:
            return KeyRefused(doing, status=status, message=message)
        if status == 403:
            return PermissionDenied(doing, status=status, message=message)
        if status == 404:
            what, argument = ("API at this address", "base_url")
            if found := re.match(r"/ioc-collections/([^/]+)", path):
                what, argument = (f"IOC collection {found[1]}", "collection_id")
                if indicator := re.search(r"/indicators/(indicator--[^/]+)$", path):
                    what, argument = (f"indicator {indicator[1]} in {what}", "indicator_ids and collection_id")
                if path.endswith("/process"):
                    what, argument = ("such uploaded file", "that the file was uploaded a short while ago")
            return NotFound(doing, what=what, argument=argument, message=message)
        if 300 <= status < 400:
            to = urlsplit(headers.get("Location", "")).netloc or "another address"
            return UnexpectedAnswer(doing, status=status, why=f"it redirects to {to}")
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


def _http_date(value: str | None) -> datetime | None:
    try:
        return aware(parsedate_to_datetime(value)) if value else None
    except ValueError:
        return None


def _why(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    if first["type"] == "json_invalid":
        return "it is no JSON"
    return f"it lacks a usable “{'.'.join(str(part) for part in first['loc'])}”" if first["loc"] else "it is no object"


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """An error and what it was made from, the outermost first, through urllib3's own wrapping too."""
    while error is not None:
        yield error
        inner = getattr(error, "reason", None)
        if not isinstance(inner, BaseException):
            inner = next((arg for arg in error.args if isinstance(arg, BaseException)), None)
        error = inner or error.__cause__ or error.__context__


_REASONS: tuple[tuple[tuple[type[BaseException], ...], str], ...] = (
    ((requests.exceptions.InvalidURL, requests.exceptions.InvalidProxyURL), "the address is not valid"),
    ((requests.exceptions.ProxyError,), "the proxy did not let the request through"),
    ((urllib3.exceptions.NameResolutionError,), "its name is unknown"),
    ((ConnectionRefusedError,), "connection refused"),
    ((urllib3.exceptions.TimeoutError, requests.Timeout, TimeoutError), "no answer in time"),
)


def _never_sent(error: BaseException) -> bool:
    """True when no connection was made, not even through a proxy, so that Sekoia cannot have seen the request."""
    unmade = (
        urllib3.exceptions.NewConnectionError | urllib3.exceptions.ConnectTimeoutError | requests.exceptions.ProxyError
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
    if text := getattr(innermost, "verify_message", None) or getattr(innermost, "strerror", None):
        return str(text).lower()
    return "the connection was lost before the answer was complete"
