"""Update the name, the description and the availability of an IOC collection."""

from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from sekoia_cti.actions.common.arguments import CollectionArguments
from sekoia_cti.platform.action import SekoiaAction
from sekoia_cti.platform.forms import ResultsForm

__all__ = ["UpdateIOCCollection", "UpdateIOCCollectionArguments", "UpdateIOCCollectionResults"]

_CHANGES = ("name", "description", "available_for_sub_communities")


class UpdateIOCCollectionArguments(CollectionArguments):
    """What to change; fields that are left empty stay as they are."""

    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)] | None = Field(
        default=None, title="Name", description="The new name of the IOC collection; if left empty, it stays as it is"
    )
    description: str | None = Field(
        default=None,
        title="Description",
        description="The new description of the IOC collection; if left empty, it stays as it is",
    )
    available_for_sub_communities: bool | None = Field(
        default=None,
        title="Available for sub-communities",
        description="Whether sub-communities of the community can use the collection; if left empty, this stays as it "
        "is",
    )

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if not self.changes():
            raise ValueError(
                f"at least one of {', '.join(_CHANGES)} is required, but all of them are empty: check the step that "
                "fills them"
            )
        return self

    def changes(self) -> dict[str, str | bool]:
        """The fields to change, with their new values."""
        return {name: value for name in _CHANGES if (value := getattr(self, name)) is not None}


class UpdateIOCCollectionResults(ResultsForm):
    """The collection as it is now."""

    collection_id: str = Field(title="IOC collection", description="Id of the IOC collection")
    name: str = Field(title="Name", description="Its name")
    description: str | None = Field(title="Description", description="What it is for")
    available_for_sub_communities: bool | None = Field(
        title="Available for sub-communities", description="Whether sub-communities can use it"
    )


class UpdateIOCCollection(SekoiaAction):
    """Update the name, the description and the availability of an IOC collection."""

    name = "Update IOC collection"
    description = "Change the name, the description or the availability of an IOC collection"
    results_model = UpdateIOCCollectionResults

    def run(self, arguments: UpdateIOCCollectionArguments) -> UpdateIOCCollectionResults:
        """Change the collection, and return it as it is now."""
        with self.sekoia() as sekoia:
            collection = sekoia.update_collection(arguments.collection_id, **arguments.changes())
        self.tell(f"Updated the IOC collection “{collection.name}”: {collection.id}")
        return UpdateIOCCollectionResults(
            collection_id=collection.id,
            name=collection.name,
            description=collection.description,
            available_for_sub_communities=collection.available_for_sub_communities,
        )
