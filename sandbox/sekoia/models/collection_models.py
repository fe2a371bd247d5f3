"""IOC collections: what REST takes and gives."""

import sqlite3
from typing import Annotated

from pydantic import BaseModel, Field, StrictBool, StringConstraints

from sandbox.sekoia.models.fields import UUID, CommunityUUID, Name, Request

__all__ = ["Collection", "CollectionChange", "CollectionPage", "CommunityCount", "NewCollection"]


class NewCollection(Request):
    """A collection to create."""

    name: Name
    id: Annotated[str, StringConstraints(pattern=f"^ioc-collection--{UUID}$")] | None = None
    description: str | None = None
    community_uuid: CommunityUUID | None = None
    available_for_sub_communities: StrictBool | None = None


class CollectionChange(Request):
    """What to change of a collection; absent fields stay."""

    name: Name = ""
    description: str | None = None
    available_for_sub_communities: StrictBool = False


class Collection(BaseModel):
    """An IOC collection."""

    id: str
    name: str
    description: str | None
    community_uuid: str
    available_for_sub_communities: bool
    created: str
    modified: str
    created_by: str
    modified_by: str
    indicators_count: int | None = Field(None, description="when asked for")

    @classmethod
    def of(cls, row: sqlite3.Row, **more: int) -> "Collection":
        """A collection as the store has it."""
        return cls.model_validate(dict(row) | more)


class CollectionPage(BaseModel):
    """A page of collections."""

    items: list[Collection]
    total: int


class CommunityCount(BaseModel):
    """How many indicators there are, and how many there can be."""

    count: int
    max: int
