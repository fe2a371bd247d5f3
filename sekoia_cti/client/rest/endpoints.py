"""What Sekoia's REST API can do: one method an endpoint, over calls that are bounded in time and repeated where that is safe."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from types import TracebackType
from typing import Any, BinaryIO, NamedTuple, Self, Unpack
from urllib.parse import quote
from uuid import uuid4

from pydantic import ValidationError

from sekoia_cti.client.errors import NotFound, Unavailable, UnexpectedAnswer
from sekoia_cti.client.preview import Preview
from sekoia_cti.client.rest.bulk_page import ObjectPage
from sekoia_cti.client.rest.creation import Creation
from sekoia_cti.client.rest.json_body import JSONBody
from sekoia_cti.client.rest.multipart import Multipart
from sekoia_cti.client.rest.pages import pages
from sekoia_cti.client.rest.repetition import Tries
from sekoia_cti.client.rest.transport import Transport
from sekoia_cti.client.waiting import Deadline, Patience
from sekoia_cti.client.wire import (
    Accepted,
    Added,
    Collection,
    CollectionPage,
    Context,
    Filling,
    Identity,
    Indicator,
    IndicatorPage,
    KillChainPage,
    Mapping,
    NewIndicator,
    Task,
)
from sekoia_cti.indicators.kill_chains import KillChain

__all__ = ["BULK_PAGE", "PAGE", "RestClient"]

PAGE = 100
"""Items a page, the most there can be (contract, "REST")."""

BULK_PAGE = 2_000
"""Items a page of the bulk reader, the most there can be in JSON (contract, "REST")."""

JSON = {"Content-Type": "application/json"}


class RestClient:
    """The IOC collections that an API key can see, and what surrounds them.

    To be closed, or used with ``with``. For one thread at a time.

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
        self._transport = Transport(
            root, api_key, deadline=deadline, patience=patience, user_agent=user_agent, subject=_subject
        )
        self._deadline = deadline
        self._api_root = root.removesuffix("/v2/inthreat")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def deadline(self) -> Deadline:
        """What ends everything."""
        return self._deadline

    def renew(self, deadline: Deadline) -> None:
        """Begin something new, which this deadline ends."""
        self._deadline = self._transport.deadline = deadline

    def close(self) -> None:
        """Close the session and its connections."""
        self._transport.close()

    def server_time(self) -> datetime | None:
        """Sekoia's clock by its last answer, never ahead of it; None before the first answer."""
        return self._transport.server_time()

    # Collections

    def collection(self, collection_id: str) -> Collection:
        """``GET /ioc-collections/{id}``."""
        return self._transport.call(
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
        doing = "listing the IOC collections"

        def ask(offset: int) -> CollectionPage:
            return self._transport.call(
                CollectionPage, "GET", "/ioc-collections", doing=doing, params=query | {"offset": offset}
            )

        for page in pages(ask, doing=doing, again=self._transport.back_off):
            yield from page.items

    def create(
        self,
        name: str,
        *,
        collection_id: str | None = None,
        description: str | None = None,
        community_uuid: str | None = None,
        available_for_sub_communities: bool = False,
    ) -> Collection:
        """``POST /ioc-collections``, so that exactly one collection is created, even if the answer is lost.

        The collection gets an id of our making. Unless a failed request certainly had no effect, the collection
        is looked for before the request is repeated: by that id, or, if Sekoia assigns ids of its own, by its name and by
        having been created since.

        Args:
            name: Its name.
            collection_id: Its id; a random one when None; left to Sekoia when empty.
            description: What it is for.
            community_uuid: The community that owns it; by default the key's own community.
            available_for_sub_communities: Whether sub-communities can use it.
        """
        body = {
            "id": f"ioc-collection--{uuid4()}" if collection_id is None else collection_id or None,
            "name": name,
            "description": description,
            "community_uuid": community_uuid,
            "available_for_sub_communities": available_for_sub_communities,
        }
        creation = Creation(
            self._transport,
            {field: value for field, value in body.items() if value is not None},
            lambda: self.collections(term=name, community_uuid=community_uuid),
        )
        return self._transport.repeat(creation.attempt)

    def update(self, collection_id: str, **changes: str | bool) -> Collection:
        """``PATCH /ioc-collections/{id}``; making the same changes again changes nothing, so it is repeated.

        Args:
            collection_id: ``ioc-collection--<uuid>``.
            changes: New values of ``name``, ``description`` and ``available_for_sub_communities``; the others stay.
        """
        return self._transport.call(
            Collection, "PATCH", f"/ioc-collections/{collection_id}", doing="updating the IOC collection", json=changes
        )

    def delete(self, collection_id: str) -> bool:
        """``DELETE /ioc-collections/{id}``, with all of its indicators; repeated.

        Args:
            collection_id: ``ioc-collection--<uuid>``.

        Returns:
            Whether the answer is as in the contract; otherwise the caller has to check that the collection is gone.

        Raises:
            NotFound: There was no such collection at the first attempt.
        """
        return self._delete(f"/ioc-collections/{collection_id}", doing="deleting the IOC collection").status == 204

    def count(self, community_uuid: str | None = None) -> Filling:
        """``GET /ioc-collections/count-total-iocs``; asked once, since no import depends on it."""
        return self._transport.call_once(
            Filling,
            "GET",
            "/ioc-collections/count-total-iocs",
            doing="counting the indicators of the community",
            within=self._moment(),
            params={"community_uuid": community_uuid} if community_uuid else {},
        )

    # Imports

    def import_text(
        self,
        collection_id: str,
        text: str,
        *,
        context: Context,
        format: str | None = None,
        **tries: Unpack[Tries],
    ) -> Accepted:
        """``POST /ioc-collections/{id}/indicators/text``; harmless to repeat, and repeated.

        Args:
            collection_id: ``ioc-collection--<uuid>``.
            text: One indicator a line; the hashes of one file on one line, separated by commas.
            context: What holds for all of them.
            format: A format of the contract, not sent when None.
            tries: How often, if not until the deadline.
        """
        body = {"indicators": text, **context.payload(), **({"format": format} if format else {})}
        return self._transport.call(
            Accepted,
            "POST",
            f"/ioc-collections/{collection_id}/indicators/text",
            doing="submitting the indicators",
            silent=self._moment(),
            tries=tries,
            data=JSONBody(body),
            headers=JSON,
        )

    def add_indicators(
        self,
        collection_id: str,
        indicators: Sequence[NewIndicator],
        *,
        context: Context,
        **tries: Unpack[Tries],
    ) -> Added:
        """``POST /ioc-collections/{id}/indicators``; harmless to repeat, and repeated.

        Args:
            collection_id: ``ioc-collection--<uuid>``.
            indicators: 1 to 100.
            context: What holds for all of them, where they do not say otherwise: sent as ``default_fields``.
            tries: How often, if not until the deadline.
        """
        return self._transport.call(
            Added,
            "POST",
            f"/ioc-collections/{collection_id}/indicators",
            doing="submitting the indicators",
            silent=self._moment(),
            tries=tries,
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
                return self._transport.call_once(
                    Preview,
                    "POST",
                    f"/ioc-collections/{collection_id}/indicators/files/preview",
                    doing="uploading the file",
                    data=body,
                    headers={"Content-Type": body.content_type},
                )

        return self._transport.repeat(upload)

    def process_file(
        self,
        collection_id: str,
        file_handle: str,
        *,
        mapping: Mapping,
        ignore_first_line: bool,
        context: Context,
        **tries: Unpack[Tries],
    ) -> Accepted:
        """``POST /ioc-collections/{id}/indicators/files/process``; harmless to repeat, and repeated.

        Args:
            collection_id: ``ioc-collection--<uuid>``.
            file_handle: From :meth:`preview_file`.
            mapping: What each column holds.
            ignore_first_line: Whether the first line is a heading.
            context: For what no column maps.
            tries: How often, if not until the deadline.
        """
        return self._transport.call(
            Accepted,
            "POST",
            f"/ioc-collections/{collection_id}/indicators/files/process",
            doing="starting the import of the file",
            silent=self._moment(),
            tries=tries,
            json={
                "file_handle": file_handle,
                "mapping": mapping,
                "ignore_first_line": ignore_first_line,
                **context.payload(),
            },
        )

    # Indicators

    def indicators(
        self,
        collection_id: str,
        *,
        term: str | None = None,
        limit: int = PAGE,
        offset: int = 0,
        attempts: int | None = None,
    ) -> IndicatorPage:
        """``GET /ioc-collections/{id}/indicators``: one page.

        Args:
            collection_id: ``ioc-collection--<uuid>``.
            term: Only those whose pattern contains it.
            limit: 1 to 100.
            offset: How many to leave out.
            attempts: How many at most; by default until the deadline.
        """
        return self._transport.call(
            IndicatorPage,
            "GET",
            f"/ioc-collections/{collection_id}/indicators",
            doing="reading the indicators of the collection",
            tries={"attempts": attempts},
            within=math.inf if attempts is None else self._moment(),
            params={"limit": limit, **({"offset": offset} if offset else {}), **({"term": term} if term else {})},
        )

    def all_indicators(
        self,
        collection_id: str,
        *,
        term: str | None = None,
        first: IndicatorPage | None = None,
        attempts: int | None = None,
    ) -> Iterator[IndicatorPage]:
        """The same, page after page to the end (see :func:`~sekoia_cti.client.rest.pages.pages`).

        Args:
            collection_id: ``ioc-collection--<uuid>``.
            term: Only those whose pattern contains it.
            first: The first page, where it was read already.
            attempts: How many at most for each page; by default until the deadline.

        Returns:
            Pages with the latest ``total``, and without the indicators of earlier ones.

        Raises:
            ListingIncomplete: Fewer came than there are.
        """
        read_already = [first] if first else []

        def ask(offset: int) -> IndicatorPage:
            if read_already:
                return read_already.pop()
            return self.indicators(collection_id, term=term, offset=offset, attempts=attempts)

        return pages(ask, doing="reading the indicators of the collection", again=self._transport.back_off)

    def update_indicator(
        self,
        collection_id: str,
        indicator_id: str,
        context: Context,
        *,
        without_end: bool = False,
        attempts: int | None = None,
    ) -> Indicator:
        """``PUT /ioc-collections/{id}/indicators/{indicator_id}``; harmless to repeat, and repeated.

        Args:
            collection_id: ``ioc-collection--<uuid>``.
            indicator_id: ``indicator--<uuid>``.
            context: Every writable field, those that are to stay at their present values: it is unknown whether Sekoia keeps
                what is not sent. An empty list takes all phases or threats away.
            without_end: Say that the validity does not end; whether Sekoia takes that is unknown (contract), so the answer has
                to be looked at.
            attempts: How many at most; by default until the deadline.

        Returns:
            The indicator as it is now.

        Raises:
            NotFound: The collection has no such indicator.
        """
        return self._transport.repeat(
            lambda: self._transport.call_once(
                Indicator,
                "PUT",
                f"/ioc-collections/{collection_id}/indicators/{indicator_id}",
                doing="updating the indicator",
                json=context.payload() | ({"valid_until": None} if without_end else {}),
            ),
            attempts=attempts,
        )

    def revoke(self, collection_id: str, indicator_id: str, *, attempts: int | None = None) -> Indicator | None:
        """``DELETE /ioc-collections/{id}/indicators/{indicator_id}``; revoking again changes nothing, so it is repeated.

        Args:
            collection_id: ``ioc-collection--<uuid>``.
            indicator_id: ``indicator--<uuid>``.
            attempts: How many at most; by default until the deadline.

        Returns:
            The revoked indicator; None if the answer does not show that it is revoked, so that the caller has to check.

        Raises:
            NotFound: The collection has no such indicator.
        """
        answer = self._delete(
            f"/ioc-collections/{collection_id}/indicators/{indicator_id}",
            doing="revoking the indicator",
            attempts=attempts,
        )
        try:
            indicator = Indicator.model_validate_json(answer.content)
        except ValidationError:
            return None
        return indicator if indicator.revoked and indicator.id.lower() == indicator_id.lower() else None

    def objects(
        self,
        collection_id: str,
        *,
        cursor: str | None = None,
        modified_after: datetime | None = None,
        attempts: int | None = 1,
    ) -> ObjectPage:
        """``GET /collections/{id}/objects``: a page of the bulk reader; by default not repeated: there are other ways.

        That it takes an IOC collection, answers to this key, and gives whole patterns is likely, not certain (contract).

        Args:
            collection_id: ``ioc-collection--<uuid>``.
            cursor: Where the page before ended.
            modified_after: Only what was modified since.
            attempts: How many at most; None: until the deadline.
        """
        query = {
            "format": "json",
            "limit": str(BULK_PAGE),
            "include_revoked": "true",
            "skip_expired": "false",
            "return_all_fields": "true",
            "convert_network_traffic": "false",
            **({"cursor": cursor} if cursor else {}),
            **({"modified_after": modified_after.strftime("%Y-%m-%dT%H:%M:%SZ")} if modified_after else {}),
        }
        doing = "reading the collection with the bulk reader"
        path = f"/collections/{collection_id}/objects"
        answer = self._transport.repeat(
            lambda: self._transport.exchange("GET", path, doing=doing, params=query, within=self._moment()),
            attempts=attempts,
        )
        page = ObjectPage.parse(answer.content)
        if page is None:
            raise UnexpectedAnswer(doing, status=answer.status, why="it does not list indicators with their patterns")
        if page.names_other_than(collection_id):
            raise UnexpectedAnswer(doing, status=answer.status, why="it lists indicators of another collection")
        return page

    # Around

    def task(self, task_id: str) -> Task:
        """``GET /v1/tasks/{id}`` below the API's root; asked once, since it is not certain that imports are known there."""
        return self._transport.call_once(
            Task,
            "GET",
            f"{self._api_root}/v1/tasks/{quote(task_id, safe='')}",
            doing="asking for the state of the task",
            within=self._moment(),
        )

    def identity(self) -> Identity:
        """``GET /v1/me`` below the API's root: whose key it is; asked once, since little depends on it."""
        return self._transport.call_once(
            Identity, "GET", f"{self._api_root}/v1/me", doing="asking whose key it is", within=self._moment()
        )

    # Kill chains

    def kill_chains(self) -> list[KillChain]:
        """``GET /kill-chains``; asked once, since it may take another permission and little depends on it."""
        page = self._transport.call_once(
            KillChainPage, "GET", "/kill-chains", doing="reading the kill chains", within=self._moment()
        )
        return page.items

    def _moment(self) -> float:
        """Seconds that an answer may take where there is another way to go on, so that a stall costs only a part of the time."""
        return max(1.0, self._deadline.remaining() / 4)

    def _delete(self, path: str, *, doing: str, attempts: int | None = None) -> _Deletion:
        """Delete, repeatedly if need be; a repetition that finds nothing proves nothing, and is not an error either."""
        doubtful = False

        def delete_once() -> _Deletion:
            nonlocal doubtful
            try:
                answer = self._transport.exchange("DELETE", path, doing=doing)
                return _Deletion(answer.status, answer.content)
            except Unavailable as error:
                doubtful = doubtful or not error.undone
                raise
            except NotFound:
                if doubtful:
                    return _Deletion(404, b"")
                raise

        return self._transport.repeat(delete_once, attempts=attempts)


class _Deletion(NamedTuple):
    """The answer; 404 only after an attempt that may have worked."""

    status: int
    content: bytes


def _subject(path: str) -> tuple[str, str]:
    """What a path is about, and the argument to look at when it is not there."""
    found = re.match(r"/ioc-collections/([^/]+)", path)
    if found is None:
        return "API at this address", "base_url"
    if path.endswith("/process"):
        return "such uploaded file", "that the file was uploaded a short while ago"
    collection = f"IOC collection {found[1]}"
    if indicator := re.search(r"/indicators/(indicator--[^/]+)$", path):
        return f"indicator {indicator[1]} in {collection}", "indicator_ids and collection_id"
    return collection, "collection_id"
