"""The calls about the indicators of an IOC collection (contract, "Indicators")."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import UTC, datetime

from pydantic import ValidationError

from sekoia_cti.client.errors import UnexpectedAnswer
from sekoia_cti.client.rest import subjects
from sekoia_cti.client.rest.bulk_page import BULK_PAGE, ObjectPage
from sekoia_cti.client.rest.call_family import CallFamily
from sekoia_cti.client.rest.pages import PAGE, pages
from sekoia_cti.client.rest.repeatable_deletion import RepeatableDeletion
from sekoia_cti.client.times import aware
from sekoia_cti.client.wire import Context, Indicator, IndicatorPage

__all__ = ["IndicatorCalls"]


class IndicatorCalls(CallFamily):
    """The indicators of an IOC collection."""

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
            limit: How many to ask for, 1 to 100.
            offset: How many to skip from the start of the listing.
            attempts: How often the page is asked for at most, each time only for a part of the time that is left; None: until the
                deadline.

        Raises:
            NotFound: There is no such collection.
        """
        return self._transport.call(
            IndicatorPage,
            "GET",
            subjects.collection(collection_id).below("indicators"),
            doing="reading the indicators of the collection",
            tries={"attempts": attempts},
            within=math.inf if attempts is None else self._transport.moment(),
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
        """``GET /ioc-collections/{id}/indicators``, page after page to the end.

        Args:
            collection_id: ``ioc-collection--<uuid>``.
            term: Only those whose pattern contains it.
            first: The first page, if it was read already.
            attempts: How often each page is asked for at most; None: until the deadline.

        Returns:
            Pages with the latest ``total``, and without the indicators of earlier pages.

        Raises:
            NotFound: There is no such collection.
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
        """``PUT /ioc-collections/{id}/indicators/{indicator id}``. Repeated, since making it again changes nothing.

        Args:
            collection_id: ``ioc-collection--<uuid>``.
            indicator_id: ``indicator--<uuid>``.
            context: Every writable field, also those that stay as they are: it is unknown whether Sekoia keeps what is not sent
                (contract, "Indicators"). An empty list removes all phases or threats.
            without_end: Whether to say that the validity does not end. It is unknown whether Sekoia takes that (contract,
                "Indicators"), so the caller has to look at the answer.
            attempts: How often it is tried at most; None: until the deadline.

        Returns:
            The indicator as it is now.

        Raises:
            NotFound: The collection has no such indicator.
        """
        return self._transport.call(
            Indicator,
            "PUT",
            subjects.indicator(collection_id, indicator_id),
            doing="updating the indicator",
            tries={"attempts": attempts},
            json=context.payload() | ({"valid_until": None} if without_end else {}),
        )

    def revoke(self, collection_id: str, indicator_id: str, *, attempts: int | None = None) -> Indicator | None:
        """``DELETE /ioc-collections/{id}/indicators/{indicator id}``. Repeated, since revoking again changes nothing.

        Args:
            collection_id: ``ioc-collection--<uuid>``.
            indicator_id: ``indicator--<uuid>``.
            attempts: How often it is tried at most; None: until the deadline.

        Returns:
            The revoked indicator; None if the answer does not show that it is revoked, so that the caller has to check.

        Raises:
            NotFound: The collection has no such indicator.
        """
        deletion = RepeatableDeletion(
            self._transport, subjects.indicator(collection_id, indicator_id), doing="revoking the indicator"
        )
        answer = self._transport.repeat(deletion.attempt, attempts=attempts)
        if answer is None:
            return None
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
        """``GET /collections/{id}/objects``: a page of the bulk reader.

        It is likely, but not certain, that the reader takes an IOC collection, accepts this key, and gives whole patterns
        (contract, "bulk reader"). There are other ways to read a collection, so by default the call is not repeated.

        Args:
            collection_id: ``ioc-collection--<uuid>``.
            cursor: Where the page before ended; None for the first page.
            modified_after: Only what was modified since.
            attempts: How often the page is asked for at most; None: until the deadline.

        Raises:
            UnexpectedAnswer: The answer does not list indicators with their patterns, or lists those of another collection.
        """
        query = {
            "format": "json",
            "limit": str(BULK_PAGE),
            "include_revoked": "true",
            "skip_expired": "false",
            "return_all_fields": "true",
            "convert_network_traffic": "false",
            **({"cursor": cursor} if cursor else {}),
            **({"modified_after": _in_utc(modified_after)} if modified_after else {}),
        }
        doing = "reading the collection with the bulk reader"
        subject = subjects.bulk_reader(collection_id)
        answer = self._transport.repeat(
            lambda: self._transport.exchange(
                "GET", subject, doing=doing, params=query, within=self._transport.moment()
            ),
            attempts=attempts,
        )
        page = ObjectPage.parse(answer.content)
        if page is None:
            raise UnexpectedAnswer(doing, status=answer.status, why="it does not list indicators with their patterns")
        if page.names_other_than(collection_id):
            raise UnexpectedAnswer(doing, status=answer.status, why="it lists indicators of another collection")
        return page


def _in_utc(time: datetime) -> str:
    return aware(time).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
