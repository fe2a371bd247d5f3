"""Search the indicators of an IOC collection."""

from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar

from pydantic import Field

from sekoia_cti.actions.common.arguments import CollectionArguments, Timeout
from sekoia_cti.actions.common.formats import described
from sekoia_cti.actions.common.progress import ProgressLog
from sekoia_cti.client.errors import SekoiaError
from sekoia_cti.client.sekoia import Sekoia
from sekoia_cti.indicators.display import counted
from sekoia_cti.indicators.refang import refang
from sekoia_cti.platform.action import SekoiaAction
from sekoia_cti.platform.forms import ResultsForm, objects
from sekoia_cti.platform.new_file import GrowingList

__all__ = ["SearchIndicators", "SearchIndicatorsArguments", "SearchIndicatorsResults"]

Indicators = Annotated[
    list[dict[str, Any]],
    objects(
        id="string",
        value="string",
        type="string?",
        pattern="string",
        description="string?",
        valid_from="string?",
        valid_until="string?",
        kill_chain_phases="string[]",
        related_threat_refs="string[]",
        revoked="boolean",
        active="boolean",
    ),
]


class SearchIndicatorsArguments(CollectionArguments):
    """Which indicators to look for."""

    term: str | None = Field(
        default=None,
        title="Term",
        description="Only indicators that contain this text: evil.example also finds www.evil.example and "
        "notevil.example; the whole collection if left empty",
    )
    only_active: bool = Field(
        default=False, title="Only active", description="Leave out revoked and expired indicators"
    )
    timeout: Timeout = 900


class SearchIndicatorsResults(ResultsForm):
    """What was found."""

    collection_id: str = Field(title="IOC collection", description="Id of the IOC collection")
    count: int = Field(title="Count", description="How many indicators were found")
    indicators: Indicators | None = Field(
        title="Indicators",
        description="Up to 1,000 indicators, each with id, value (in the form that imports accept, with the hashes of "
        "one file separated by commas), type, pattern, description, valid_from, valid_until, kill_chain_phases, "
        "related_threat_refs, revoked, and active (neither revoked nor expired). Null if there are more",
    )
    indicators_path: str | None = Field(
        title="Indicators file",
        description="More than 1,000 indicators, as a JSON list of the same objects in a file in the playbook's "
        "storage; otherwise null",
    )
    complete: bool = Field(
        title="Complete", description="False if the search ended early; the action's error says why"
    )


class SearchIndicators(SekoiaAction):
    """Search the indicators of an IOC collection."""

    name = "Search indicators"
    description = "Search the indicators of an IOC collection, or list all of them"
    results_model = SearchIndicatorsResults
    most_inline: ClassVar[int] = 1_000

    def run(self, arguments: SearchIndicatorsArguments) -> SearchIndicatorsResults:
        """Search the collection; what was found before an error is returned along with it."""
        failure: SekoiaError | None = None
        with (
            self.sekoia() as sekoia,
            GrowingList(self.data_path, "indicators", most=self.most_inline) as found,
        ):
            try:
                self._collect(sekoia, arguments, found)
            except SekoiaError as error:
                if not found.count:
                    raise
                failure = error
        if failure:
            self.error(f"The search ended early, after finding {counted(found.count)}. {failure}")
        else:
            self.tell(f"Found {counted(found.count)} in {arguments.collection_id}")
        return SearchIndicatorsResults(
            collection_id=arguments.collection_id,
            count=found.count,
            indicators=found.items,
            indicators_path=found.path,
            complete=failure is None,
        )

    def _collect(self, sekoia: Sekoia, arguments: SearchIndicatorsArguments, found: GrowingList) -> None:
        term = refang(arguments.term.strip()) if arguments.term else None
        progress, read = ProgressLog(self.tell, done="Read"), 0
        for some in sekoia.listed(arguments.collection_id, term):
            now = sekoia.rest.server_time() or datetime.now(UTC)
            for indicator in some.indicators():
                active = indicator.is_active(now)
                if active or not arguments.only_active:
                    found.append(described(indicator, active=active))
            read += len(some.items)
            progress.count(read, some.total)
