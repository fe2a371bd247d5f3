"""Delete an IOC collection with all of its indicators."""

from pydantic import Field

from sekoia_cti.actions.common.arguments import CollectionArguments
from sekoia_cti.client.errors import NotFound, SekoiaError
from sekoia_cti.client.rest.endpoints import RestClient
from sekoia_cti.indicators.errors import InputError
from sekoia_cti.platform.action import SekoiaAction
from sekoia_cti.platform.forms import ResultsForm

__all__ = ["DeleteIOCCollection", "DeleteIOCCollectionArguments", "DeleteIOCCollectionResults"]

LOOKS = 3
"""At whether it is gone."""


class DeleteIOCCollectionArguments(CollectionArguments):
    """What to delete."""

    confirm_name: str = Field(
        title="Confirm name",
        description="The exact name of the IOC collection; nothing is deleted if it is another",
        min_length=1,
    )


class DeleteIOCCollectionResults(ResultsForm):
    """What became of the collection."""

    collection_id: str = Field(title="IOC collection", description="Id of the IOC collection, as given")
    name: str | None = Field(title="Name", description="Its name; null if it was not there")
    deleted: bool = Field(
        title="Deleted", description="True when it was deleted now, false when there was no such collection"
    )


class DeleteIOCCollection(SekoiaAction):
    """Delete an IOC collection with all of its indicators.

    A collection that is not there is no error: a run that is repeated, because its answer was lost or for another node,
    finds what it was to achieve. The result and a warning tell it, for the id may as well be mistyped.
    """

    name = "Delete IOC collection"
    description = "Delete an IOC collection with all of its indicators, which cannot be undone"
    results_model = DeleteIOCCollectionResults

    def run(self, arguments: DeleteIOCCollectionArguments) -> DeleteIOCCollectionResults:
        """Compare the name, and delete."""
        with self.rest() as collections:
            name = None
            try:
                name = collections.collection(arguments.collection_id).name
                if name != arguments.confirm_name:
                    raise InputError(
                        f"Nothing was deleted: the IOC collection {arguments.collection_id} is named “{name}”, not "
                        f"“{arguments.confirm_name}”; check collection_id and confirm_name"
                    )
                self._delete(collections, arguments.collection_id, name)
            except NotFound:
                # What answers 404 to everything is no Sekoia: then this raises.
                next(collections.collections(), None)
                self.tell(
                    f"There is no IOC collection {arguments.collection_id} to delete: it was deleted before, or the id is "
                    "wrong, or belongs to another community",
                    "warning",
                )
                return DeleteIOCCollectionResults(collection_id=arguments.collection_id, name=name, deleted=False)
        self.tell(f"Deleted the IOC collection “{name}”: {arguments.collection_id}")
        return DeleteIOCCollectionResults(collection_id=arguments.collection_id, name=name, deleted=True)

    def _delete(self, collections: RestClient, collection_id: str, name: str) -> None:
        """Delete, and see that it is gone; whatever the answer said, a collection that is still listed is there.

        Raises:
            InputError: It is still there.
        """
        told = collections.delete(collection_id)
        try:
            for look in range(LOOKS):
                if look:
                    collections.deadline.pause(self.patience.look_first)
                if all(collection.id != collection_id for collection in collections.collections(term=name)):
                    return
        except SekoiaError:
            if not told:
                raise
            return  # Sekoia said that it is gone, and nothing says that it is not
        raise InputError(
            f"Sekoia took the deletion, and the IOC collection {collection_id} is still there: look for it on Sekoia's page, "
            "and run the action again"
        )
