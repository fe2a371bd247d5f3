"""Find an IOC collection by its name."""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, StringConstraints

from sekoia_cti.actions.common.arguments import Arguments
from sekoia_cti.actions.common.bounds import IDS, whole_list
from sekoia_cti.platform.action import SekoiaAction
from sekoia_cti.platform.forms import ResultsForm, objects

__all__ = ["FindIOCCollection", "FindIOCCollectionArguments", "FindIOCCollectionResults"]

Collections = Annotated[
    list[dict[str, Any]],
    objects(id="string", name="string", description="string?", community_uuid="string?", indicators_count="integer?"),
]


class FindIOCCollectionArguments(Arguments):
    """What to look for."""

    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)] = Field(
        title="Name", description="Name of the IOC collection, or part of it: see “Match”"
    )
    match: Literal["exact", "contains"] = Field(
        default="exact",
        title="Match",
        description="exact: the name is exactly this; contains: the name contains this, ignoring case",
    )
    community_uuid: str | None = Field(
        default=None,
        title="Community",
        description="UUID of the community that owns the collection; by default, all communities that the API key can "
        "see",
    )


class FindIOCCollectionResults(ResultsForm):
    """What was found."""

    collection_id: str | None = Field(
        title="IOC collection", description="Id of the IOC collection if there is exactly one, otherwise null"
    )
    collections: Collections = Field(
        title="IOC collections",
        description="The first 1,000 that match, each with id, name, description, community_uuid and "
        "indicators_count, which includes revoked indicators",
    )
    collections_path: str | None = Field(
        title="IOC collections file",
        description="All that match, as a JSON list of the same objects in a file in the playbook's storage; null if "
        "“IOC collections” contains them all",
    )
    count: int = Field(title="Count", description="How many there are")


class FindIOCCollection(SekoiaAction):
    """Find an IOC collection by its name."""

    name = "Find IOC collection"
    description = "Find an IOC collection by its name, and follow a different branch for none, one or several"
    results_model = FindIOCCollectionResults
    branches: ClassVar[dict[str, str]] = {
        "found": "Exactly one IOC collection matches",
        "not_found": "No IOC collection matches",
        "several": "More than one IOC collection matches",
    }

    def run(self, arguments: FindIOCCollectionArguments) -> FindIOCCollectionResults:
        """Look through all collections."""
        with self.sekoia() as sekoia:
            found = sekoia.find_collections(
                arguments.name, contains=arguments.match == "contains", community_uuid=arguments.community_uuid
            )
        self.set_output({0: "not_found", 1: "found"}.get(len(found), "several"))
        fitting = "1 IOC collection matches" if len(found) == 1 else f"{len(found):,} IOC collections match"
        self.tell(f"{fitting} the name “{arguments.name}”")
        listed = [
            collection.model_dump(include={"id", "name", "description", "community_uuid", "indicators_count"})
            for collection in found
        ]
        return FindIOCCollectionResults(
            collection_id=found[0].id if len(found) == 1 else None,
            collections=listed[:IDS],
            collections_path=whole_list(self, "collections", listed, listed=IDS),
            count=len(found),
        )
