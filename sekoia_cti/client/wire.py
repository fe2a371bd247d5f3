"""What Sekoia sends, as models: unknown fields are ignored, and the known ones are read as generously as is safe."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    NonNegativeInt,
    StringConstraints,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    model_validator,
)

from sekoia_cti.client.times import aware
from sekoia_cti.indicators.display import shown
from sekoia_cti.indicators.kill_chains import KillChain
from sekoia_cti.indicators.stored_patterns import compared_values, value_of

__all__ = [
    "FILE_COLUMNS",
    "Accepted",
    "Added",
    "Collection",
    "CollectionPage",
    "Context",
    "Counts",
    "Filling",
    "Identity",
    "ImportEvent",
    "Indicator",
    "IndicatorPage",
    "KillChainPage",
    "KillChainPhase",
    "Mapping",
    "NewIndicator",
    "Task",
    "TaskEvent",
    "Wire",
    "words_of",
]

FILE_COLUMNS = (
    "observable",
    "valid_from",
    "valid_until",
    "kill_chain_phases",
    "x_ic_related_threat_refs",
    "description",
)
"""What a column of a file can contain (contract, "File columns")."""

Mapping = list[str | None]
"""One entry per column: a name from :data:`FILE_COLUMNS`, or None for a column to ignore."""


class Wire(BaseModel):
    """Base of everything that is sent to Sekoia or received from it."""

    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True, defer_build=True)


def _or_none(value: Any, read: ValidatorFunctionWrapHandler) -> Any:
    """A value if it can be read, else None. It is not always known how Sekoia writes that there is none, and a single field must
    not make a whole page unreadable."""
    try:
        told = read(value)
        if isinstance(told, datetime):
            aware(told).astimezone(UTC)
    except (ValidationError, OverflowError):  # OverflowError: in UTC, the year would be 0 or 10000
        return None
    return told


Told = Annotated[NonNegativeInt | None, WrapValidator(_or_none)]
"""A count; None if it is absent, null, or anything but a count."""

Text = Annotated[str | None, WrapValidator(_or_none)]
"""A text; None if it is absent, null, or anything but a text."""

Time = Annotated[datetime | None, WrapValidator(_or_none)]
"""A time that can be converted to UTC; None if it is absent, null, or anything else."""


class KillChainPhase(Wire):
    """A phase of a kill chain (contract, "Kill chain phases")."""

    kill_chain_name: str
    phase_name: str


class Context(Wire):
    """The context of indicators (contract, "Importing"). Fields that are None are not sent."""

    description: str | None = None
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    kill_chain_phases: list[KillChainPhase] | None = None
    x_ic_related_threat_refs: list[str] | None = None

    def payload(self) -> dict[str, Any]:
        """The fields that are set, as JSON values; times in RFC 3339 with ``Z``."""
        return self.model_dump(mode="json", exclude_none=True)

    def beside(self, mapping: Mapping) -> Context:
        """The context without the fields that a column of a file contains.

        Args:
            mapping: What each column contains.
        """
        return self.model_copy(update=dict.fromkeys(name for name in mapping if name in Context.model_fields))

    def limits_ip_matching(self) -> bool:
        """Whether one of the phases limits the matching of IP addresses to ``destination.ip``."""
        return any(phase.phase_name == "command-and-control" for phase in self.kill_chain_phases or [])


class KillChainPage(Wire):
    """The kill chains that Sekoia knows."""

    items: list[KillChain]


class Collection(Wire):
    """An IOC collection (contract, "Collection")."""

    id: str = Field(min_length=1)
    name: str
    description: Text = None
    community_uuid: str | None = None
    available_for_sub_communities: bool | None = None
    created: Time = None
    indicators_count: Told = None


class CollectionPage(Wire):
    """A page of IOC collections."""

    items: list[Collection]
    total: int
    has_more: bool | None = None


class Filling(Wire):
    """How many indicators a community holds, and can hold (contract, ``count-total-iocs``)."""

    count: int
    max: int


class Indicator(Wire):
    """An indicator of a collection: STIX 2.1 with Sekoia's own fields (contract, "Indicator").

    A field that cannot be read is None, such as a date in a year that no calendar has; the others are there anyway.
    """

    id: str
    pattern: str
    name: Text = None
    description: Text = None
    created: Time = None
    modified: Time = None
    valid_from: Time = None
    valid_until: Time = None
    kill_chain_phases: Annotated[list[KillChainPhase] | None, WrapValidator(_or_none)] = None
    x_ic_observable_types: Annotated[list[str] | None, WrapValidator(_or_none)] = None
    x_ic_related_threat_refs: Annotated[list[str] | None, WrapValidator(_or_none)] = None
    revoked: bool | None = False

    def comparisons(self) -> list[tuple[str, str]]:
        """The comparisons in the pattern, as pairs of path and value: ``("domain-name:value", "evil.example")``."""
        return compared_values(self.pattern)

    def context(self) -> Context:
        """The fields that can be changed; lists without entries are empty, and not None."""
        return Context(
            description=self.description,
            valid_from=self.valid_from and aware(self.valid_from),
            valid_until=self.valid_until and aware(self.valid_until),
            kill_chain_phases=self.kill_chain_phases or [],
            x_ic_related_threat_refs=self.x_ic_related_threat_refs or [],
        )

    @property
    def value(self) -> str:
        """The line that an import takes for this indicator: its value, the hashes of one file, or else the whole pattern."""
        return value_of(self.pattern)

    @property
    def observable_type(self) -> str | None:
        """The type of observable by its STIX name, such as ``domain-name`` or ``file``; None if it is not clear."""
        if self.x_ic_observable_types:
            return self.x_ic_observable_types[0]
        kinds = {path.partition(":")[0] for path, _ in self.comparisons()}
        return kinds.pop() if len(kinds) == 1 else None

    def is_active(self, now: datetime) -> bool:
        """Whether the indicator is neither revoked nor expired. One that is not valid yet counts as active.

        Args:
            now: The time at Sekoia, with an offset.
        """
        return not self.revoked and (self.valid_until is None or aware(self.valid_until) > now)


class NewIndicator(Wire):
    """An indicator to be added (contract, "Importing"). For fields that are None, the request's ``default_fields`` apply."""

    value: str
    type: str | None = None
    valid_from: datetime | None = None


class IndicatorPage(Wire):
    """A page of indicators."""

    items: list[Indicator]
    total: int
    has_more: bool | None = None


_WORDS = ("message", "error", "detail", "msg", "reason", "attributes")
"""Names for words, the likeliest first."""

TaskId = Annotated[str, Field(min_length=1, coerce_numbers_to_str=True)]


class Counts(Wire):
    """What became of the indicators of an import (contract, "Sending an indicator", LiveAPI)."""

    created: Told = None
    updated: Told = None
    ignored: Told = None


class Accepted(Counts):
    """Sekoia accepted an import. It either works on it as a task, or has done so already and reports the counts.

    Attributes:
        task_id: The task; None where Sekoia named none.
    """

    task_id: Annotated[TaskId | None, WrapValidator(_or_none)] = None

    def done_at_once(self) -> bool:
        """Whether Sekoia has already processed the import."""
        return self.task_id is None and None not in (self.created, self.updated)


class Added(Accepted):
    """What became of indicators that were sent as JSON: they are in, or a task reports it as for any import.

    Attributes:
        items: The indicators as they are now in the collection; None if the answer does not list them.
    """

    items: Annotated[list[Indicator] | None, WrapValidator(_or_none)] = None


class ImportEvent(Counts):
    """A LiveAPI message with the progress of an import's task (contract, LiveAPI).

    Attributes:
        task_id: Whose progress it is.
        imported, total: Indicators done, and to do.
        created, updated, ignored: Reported at the end, if at all.
    """

    task_id: TaskId
    imported: NonNegativeInt
    total: NonNegativeInt

    @classmethod
    def parse(cls, raw: bytes) -> ImportEvent | None:
        """Read a raw message; None for everything that is not an import's progress, whatever else it may be."""
        try:
            return _ImportMessage.model_validate_json(raw).attributes
        except ValidationError:
            return None


class _ImportMessage(Wire):
    # Built at the start, unlike the others: when the last event has come, a playbook waits for this one.
    model_config = ConfigDict(defer_build=False)

    type: Literal["ioc-collection"]
    attributes: ImportEvent


class Task(Wire):
    """A task as ``GET /v1/tasks/{id}`` reports it (contract, "REST": likely, not certain for imports).

    Attributes:
        status: In capitals: ``PENDING``, ``RUNNING``, ``FINISHED``, ``FAILED``, or a word that is not known.
        message: Why it failed, in its own words, wherever it has them (contract: unknown).
    """

    model_config = ConfigDict(populate_by_name=True)

    status: Annotated[str, StringConstraints(to_upper=True)]
    message: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _has_words(cls, told: Any) -> Any:
        return {**told, "message": words_of(told)} if isinstance(told, dict) else told


class TaskEvent(Task):
    """A LiveAPI message with the state of a task (contract, LiveAPI: likely, not certain for imports)."""

    task_id: TaskId = Field(validation_alias="id")

    @classmethod
    def parse(cls, raw: bytes) -> TaskEvent | None:
        """Read a raw message; None for everything else."""
        try:
            return _TaskMessage.model_validate_json(raw).attributes
        except ValidationError:
            return None


def words_of(told: object, secret: str = "", depth: int = 4) -> str | None:
    """What Sekoia says in its own words (contract, "Errors").

    Args:
        told: A text, a list whose first words are taken, or an object with a name for words.
        secret: Replaced by “…” before the text is cut, so that no part of it stays.
        depth: How many lists and objects within each other to look into.

    Returns:
        One line of up to 300 characters, in which control characters are escaped; None if there are no words.
    """
    if isinstance(told, str):
        text = told.replace(secret, "…") if secret else told
        return shown(" ".join(text.split()), 300) or None
    if not isinstance(told, dict | list) or not depth:
        return None
    held = [told.get(name) for name in _WORDS] if isinstance(told, dict) else told
    return next((words for value in held if (words := words_of(value, secret, depth - 1))), None)


class _TaskMessage(Wire):
    type: Literal["task"]
    attributes: TaskEvent


class Identity(Wire):
    """Whose key it is (contract, ``/v1/me``)."""

    community_uuid: str | None = None
