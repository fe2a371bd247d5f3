"""The parts that the endpoints bring together, and what all endpoints ask of them."""

import sqlite3
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, HTTPException, Query, Request, Security
from fastapi.security import HTTPBearer

from sandbox.sekoia import models
from sandbox.sekoia.auth import Keys
from sandbox.sekoia.callback import Callbacks
from sandbox.sekoia.changes import Changes
from sandbox.sekoia.controls import Controls
from sandbox.sekoia.guard import Guard
from sandbox.sekoia.live import LiveAPI
from sandbox.sekoia.store import Store
from sandbox.sekoia.tasks import Imports

__all__ = [
    "API_KEY",
    "REFUSALS",
    "Here",
    "InCollection",
    "Limit",
    "OfIndicator",
    "Offset",
    "Service",
    "known_collection",
    "known_indicator",
]


@dataclass(frozen=True, slots=True)
class Service:
    """The parts that the endpoints bring together."""

    keys: Keys
    controls: Controls
    store: Store
    live: LiveAPI
    imports: Imports
    callbacks: Callbacks
    guard: Guard
    changes: Changes


async def _service(request: Request) -> Service:
    service: Service = request.app.state.service
    return service


Here = Annotated[Service, Depends(_service)]


async def known_collection(service: Here, collection_id: str) -> sqlite3.Row:
    """The collection of a request. Raises 404 when there is none."""
    if (row := service.store.collection(collection_id)) is None:
        raise HTTPException(404, f"IOC collection {collection_id} not found")
    return row


InCollection = Annotated[sqlite3.Row, Depends(known_collection)]


async def known_indicator(service: Here, collection: InCollection, indicator_id: str) -> sqlite3.Row:
    """The indicator of a request. Raises 404 when the collection has none of this id."""
    if (row := service.store.indicator(collection["number"], indicator_id)) is None:
        raise HTTPException(404, f"Indicator {indicator_id} not found")
    return row


OfIndicator = Annotated[sqlite3.Row, Depends(known_indicator)]
Limit = Annotated[int, Query(ge=1, le=100)]
Offset = Annotated[int, Query(ge=0, le=2**53)]

REFUSALS: dict[int | str, dict[str, Any]] = {
    400: {"model": models.Error, "description": "Invalid parameters"},
    401: {"model": models.Error, "description": "Authentication failed"},
    403: {"model": models.Error, "description": "Insufficient permissions"},
    404: {"model": models.Error, "description": "Unknown object"},
}
API_KEY = Security(HTTPBearer(auto_error=False, scheme_name="API key", description="checked before all else"))
