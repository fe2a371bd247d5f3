"""The pages of collections: all of them, one with a search, and an indicator as STIX."""

import asyncio
import sqlite3
from collections import Counter
from dataclasses import asdict
from typing import Annotated, Literal, get_args
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query
from fastapi.responses import RedirectResponse, Response
from pydantic import ValidationError

from sandbox.console.chart import chart
from sandbox.console.page_access import CHANGE, PageError
from sandbox.console.show import show
from sandbox.sekoia import models
from sandbox.sekoia.detect import TYPES
from sandbox.sekoia.faults import said
from sandbox.sekoia.search import Searches, SearchQuery, Sort, State, Summary
from sandbox.sekoia.service import Here, Service

__all__ = ["router"]

SHOWN = 200
PAGE = 50


def router() -> APIRouter:
    """The pages."""
    router = APIRouter()
    searches = Searches()

    def summary(service: Service, number: int) -> Summary:
        counted, again = searches.summary(service.store, number)
        if again is not None:
            asyncio.get_running_loop().call_later(again, service.changes.happened, "collections")
        return counted

    @router.get("/")
    async def collections(service: Here) -> Response:
        rows, total = service.store.collections(term="", community_uuid=None, limit=SHOWN, offset=0)
        shown = [(row, summary(service, row["number"])) for row in rows]
        return show(
            "collections",
            service,
            collections=shown,
            total=total,
            shown=SHOWN,
            kinds=TYPES,
            count=service.store.count_community(None),
            limit=service.controls.faults.collection_limit,
            chart=chart(sum((counted.ends for _, counted in shown), Counter())),
            endless=sum(counted.endless for _, counted in shown),
        )

    @router.post("/collections", dependencies=[CHANGE])
    async def create(
        service: Here, name: Annotated[str, Form()] = "", description: Annotated[str, Form()] = ""
    ) -> Response:
        try:
            new = models.NewCollection(name=name, description=description.strip() or None)
        except ValidationError as error:
            raise PageError(400, "Not created", f"A collection needs a name ({said(error)}).") from error
        row = service.store.create_collection(author=service.keys.author, **new.model_dump())
        service.changes.happened("collections")
        return RedirectResponse(f"/collections/{row['id'] if row else ''}", 303)

    @router.get("/collections/{collection_id}")
    async def collection(
        service: Here,
        collection_id: str,
        term: str = "",
        kind: str = "",
        state: State | Literal[""] = "",
        sort: Sort = "newest",
        offset: Annotated[int, Query(ge=0, le=2**53)] = 0,
    ) -> Response:
        row = _known(service, collection_id)
        search = SearchQuery(term.strip(), kind, state, sort)
        found, total = searches.page(service.store, row["number"], search, limit=PAGE, offset=offset)
        counted = summary(service, row["number"])

        def at(place: int) -> str:
            """The address of another page of the search."""
            query = asdict(search) | {"offset": place}
            return f"/collections/{collection_id}?{urlencode({name: each for name, each in query.items() if each})}"

        return show(
            "collection",
            service,
            page="collections",
            collection=row,
            count=service.store.count(row["number"]),
            counted=counted,
            chart=chart(counted.ends),
            search=search,
            found=found,
            total=total,
            offset=offset,
            pages=_pages(total, offset),
            at=at,
            kinds=TYPES,
            states=get_args(State),
            sorts=_SORTED,
        )

    @router.get("/collections/{collection_id}/indicators/{indicator_id}")
    async def indicator(service: Here, collection_id: str, indicator_id: str) -> Response:
        row = _known(service, collection_id)
        if (found := service.store.indicator(row["number"], indicator_id)) is None:
            raise PageError(404, "No such indicator", f"{row['name']} has no indicator {indicator_id}.")
        shown = models.Indicator.of(found, collection_id).model_dump()
        return show("indicator", service, page="collections", collection=row, indicator=shown)

    return router


def _known(service: Service, collection_id: str) -> sqlite3.Row:
    if (row := service.store.collection(collection_id)) is None:
        raise PageError(404, "No such collection", f"There is no IOC collection {collection_id}: was it deleted?")
    return row


def _pages(total: int, offset: int) -> list[tuple[str, int | None]]:
    """Ways to other pages: their names, and where they begin; None where there is nothing further."""
    last = max(0, (total - 1) // PAGE * PAGE)
    return [
        ("First", 0 if offset else None),
        ("Previous", max(0, offset - PAGE) if offset else None),
        ("Next", offset + PAGE if offset + PAGE < total else None),
        ("Last", last if offset < last else None),
    ]


_SORTED: dict[Sort, str] = {
    "newest": "newest first",
    "oldest": "oldest first",
    "value": "kind and value",
    "ends": "end of validity",
}
