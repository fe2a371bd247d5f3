"""Delete an IOC collection with all of its indicators."""

from pydantic import Field

from sekoia_cti.actions.common.arguments import CollectionArguments
from sekoia_cti.platform.action import SekoiaAction
from sekoia_cti.platform.forms import ResultsForm

__all__ = ["DeleteIOCCollection", "DeleteIOCCollectionArguments", "DeleteIOCCollectionResults"]


class DeleteIOCCollectionArguments(CollectionArguments):
    """What to delete."""

    confirm_name: str = Field(
        title="Confirm name",
        description="The exact name of the IOC collection; nothing is deleted if the name differs",
        min_length=1,
    )


class DeleteIOCCollectionResults(ResultsForm):
    """What happened to the collection."""

    collection_id: str = Field(title="IOC collection", description="Id of the IOC collection, as given")
    name: str | None = Field(title="Name", description="Its name; null if it did not exist")
    deleted: bool = Field(
        title="Deleted", description="True if it was deleted now, false if there was no such collection"
    )


class DeleteIOCCollection(SekoiaAction):
    """Delete an IOC collection with all of its indicators.

    A collection that does not exist is not an error: if a run is repeated because its answer was lost, or because
    another node failed, the collection is gone, as it should be. The result and a warning say so, since the id may
    also be mistyped.
    """

    name = "Delete IOC collection"
    description = "Delete an IOC collection with all of its indicators, which cannot be undone"
    results_model = DeleteIOCCollectionResults

    def run(self, arguments: DeleteIOCCollectionArguments) -> DeleteIOCCollectionResults:
        """Compare the name, and delete the collection."""
        with self.sekoia() as sekoia:
            deleted = sekoia.delete_collection(arguments.collection_id, confirm_name=arguments.confirm_name)
        if deleted:
            self.tell(f"Deleted the IOC collection “{arguments.confirm_name}”: {arguments.collection_id}")
        else:
            self.tell(
                f"There is no IOC collection {arguments.collection_id} to delete: it has already been deleted, or the "
                "id is wrong, or it belongs to another community",
                "warning",
            )
        return DeleteIOCCollectionResults(
            collection_id=arguments.collection_id, name=arguments.confirm_name if deleted else None, deleted=deleted
        )
