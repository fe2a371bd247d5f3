"""What is told of a run as it goes on: plain data, which `reporters.py` hands on."""

from dataclasses import asdict, dataclass, field

from sandbox.playbooks.access import HeldCollection
from sandbox.playbooks.operators import JudgedCase
from sandbox.playbooks.playbook import JSONObject
from sandbox.playbooks.templates import UndefinedName

__all__ = [
    "GraphNode",
    "Iteration",
    "NodeNotRun",
    "NodeOutcome",
    "NodeProgress",
    "NodeStarted",
    "PlaybookRun",
    "RunStarted",
    "UndefinedName",
    "counted",
]


@dataclass(frozen=True, slots=True)
class GraphNode:
    """A node of the playbook that is run: `outputs` leads to keys, `template` is what it has before it is rendered."""

    key: str
    name: str
    type: str
    subtype: str | None
    outputs: dict[str, list[str]]
    template: JSONObject


@dataclass(frozen=True, slots=True)
class RunStarted:
    """A run begins: from which trigger, with what event, and in which files (by kind) this and the stubs were."""

    playbook: str
    url: str
    trigger: str
    event: JSONObject
    inputs: dict[str, str]
    nodes: list[GraphNode]
    warnings: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Iteration:
    """Which item of which loop it is: `node` is the key of the foreach, `index` begins at 0."""

    node: str
    index: int
    total: int


@dataclass(frozen=True, slots=True)
class NodeStarted:
    """A node begins, with its arguments as it gets them. `loop` holds the items around it, the outermost first."""

    key: str
    name: str
    arguments: JSONObject = field(default_factory=dict)
    undefined: list[UndefinedName] = field(default_factory=list)
    loop: list[Iteration] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class NodeProgress:
    """How far the imports of the node that runs are."""

    key: str
    imported: int
    total: int


@dataclass(frozen=True, slots=True)
class NodeOutcome:
    """How a node ended: `error` is None when it succeeded, and `results` can be there even when it did not.

    `arguments` are as the node got them, `stub` is whether a stub answered instead of it, `cases` are those that a
    condition looked at, `taken` says to which nodes each output led that was taken, `warnings` are those of its log
    and the runner's own, and `loop` holds the items around it.
    """

    key: str
    name: str
    seconds: float = 0.0
    arguments: JSONObject = field(default_factory=dict)
    stub: bool = False
    results: JSONObject | None = None
    error: str | None = None
    logs: str = ""
    cases: list[JudgedCase] = field(default_factory=list)
    taken: dict[str, list[str]] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    undefined: list[UndefinedName] = field(default_factory=list)
    loop: list[Iteration] = field(default_factory=list)

    @property
    def handled(self) -> bool:
        """Whether it failed and a branch "error" goes on from there."""
        return self.error is not None and bool(self.taken)

    @property
    def status(self) -> str:
        """In a word: succeeded, handled (it failed, and its branch "error" was taken) or failed."""
        return "succeeded" if self.error is None else "handled" if self.handled else "failed"


@dataclass(frozen=True, slots=True)
class NodeNotRun:
    """A node that was not reached: because another failed, or, when `after` is None, by the branches that were taken.

    `waits_for` names the nodes that an operator "all" still waits for.
    """

    key: str
    name: str
    after: str | None = None
    waits_for: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class PlaybookRun:
    """How a playbook's run went: the nodes in the order they ran, those never reached, and the collections touched.

    `inputs` names the files that the trigger's event and the stubs came from.
    """

    playbook: str
    inputs: dict[str, str]
    event: JSONObject
    seconds: float
    outcomes: list[NodeOutcome]
    not_run: list[NodeNotRun]
    collections: list[HeldCollection]
    warnings: list[str] = field(default_factory=list)

    @property
    def succeeded(self) -> bool:
        """Whether every node that ran succeeded, or its failure was answered by its branch "error"."""
        return all(outcome.status != "failed" for outcome in self.outcomes)

    @property
    def status(self) -> str:
        """In a word: succeeded or failed."""
        return "succeeded" if self.succeeded else "failed"

    @property
    def names(self) -> dict[str, str]:
        """The names of the nodes, by their keys; the trigger is not among them."""
        return {node.key: node.name for node in self.not_run} | {node.key: node.name for node in self.outcomes}

    def as_json(self) -> JSONObject:
        """The whole run as one JSON object: each node that ran, in order, and each that did not."""
        return {
            "playbook": self.playbook,
            "inputs": self.inputs,
            "event": self.event,
            "status": self.status,
            "seconds": round(self.seconds, 3),
            "warnings": self.warnings,
            "nodes": [outcome_as_json(outcome) for outcome in self.outcomes]
            + [{**asdict(node), "status": "not run"} for node in self.not_run],
            "collections": [asdict(collection) for collection in self.collections],
        }


def outcome_as_json(outcome: NodeOutcome) -> JSONObject:
    """A node's end as JSON, with its status in a word."""
    return {**asdict(outcome), "seconds": round(outcome.seconds, 3), "status": outcome.status}


def counted(indicators: int) -> str:
    """How many indicators, in words."""
    return "1 indicator" if indicators == 1 else f"{indicators:,} indicators"
