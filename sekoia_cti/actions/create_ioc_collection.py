"""Create an IOC collection, or reuse the existing one with that name."""

from typing import Annotated

from pydantic import Field, StringConstraints

from sekoia_cti.actions.common.arguments import Arguments
from sekoia_cti.client.wire import Collection
from sekoia_cti.platform.action import SekoiaAction
from sekoia_cti.platform.forms import ResultsForm

__all__ = ["CreateIOCCollection", "CreateIOCCollectionArguments", "CreateIOCCollectionResults"]


class CreateIOCCollectionArguments(Arguments):
    """What to create."""

    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)] = Field(
        title="Name", description="Name of the IOC collection"
    )
    description: str | None = Field(default=None, title="Description", description="What the IOC collection is for")
    community_uuid: str | None = Field(
        default=None,
        title="Community",
        description="UUID of the community that owns the collection; by default, that of the API key",
    )
    available_for_sub_communities: bool = Field(
        default=False,
        title="Available for sub-communities",
        description="Let sub-communities of the community use the collection",
    )
    reuse_existing: bool = Field(
        default=False,
        title="Reuse existing",
        description="If a collection with exactly this name exists (in this community, if given), return it instead "
        "of creating another; concurrent runs get the same collection",
    )


class CreateIOCCollectionResults(ResultsForm):
    """The collection."""

    collection_id: str = Field(title="IOC collection", description="Id of the IOC collection, for the import actions")
    name: str = Field(title="Name", description="Its name")
    description: str | None = Field(title="Description", description="What it is for")
    community_uuid: str | None = Field(title="Community", description="UUID of the community that owns it")
    available_for_sub_communities: bool | None = Field(
        title="Available for sub-communities", description="Whether sub-communities can use it"
    )
    created: bool = Field(title="Created", description="True if it was created now, false if it was reused")


class CreateIOCCollection(SekoiaAction):
    """Create an IOC collection, or reuse the existing one with that name."""

    name = "Create IOC collection"
    description = "Create an IOC collection in the Intelligence Center, or reuse the existing one with that name"
    results_model = CreateIOCCollectionResults

    def run(self, arguments: CreateIOCCollectionArguments) -> CreateIOCCollectionResults:
        """Create the collection, or find the existing one."""
        reused: list[int] = []
        with self.sekoia() as sekoia:
            collection = sekoia.create_collection(
                arguments.name,
                description=arguments.description,
                community_uuid=arguments.community_uuid,
                available_for_sub_communities=arguments.available_for_sub_communities,
                reuse_existing=arguments.reuse_existing,
                on_reused=reused.append,
            )
        if not reused:
            self.tell(f"Created the IOC collection “{collection.name}”: {collection.id}")
        else:
            if reused[0] > 1:
                self.tell(f"{reused[0]} IOC collections are named “{arguments.name}”: the oldest is used", "warning")
            self.tell(f"The IOC collection “{collection.name}” already exists: {collection.id}")
        return _results(collection, created=not reused)


def _results(collection: Collection, *, created: bool) -> CreateIOCCollectionResults:
    return CreateIOCCollectionResults(
        collection_id=collection.id,
        name=collection.name,
        description=collection.description,
        community_uuid=collection.community_uuid,
        available_for_sub_communities=collection.available_for_sub_communities,
        created=created,
    )
