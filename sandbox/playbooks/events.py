"""What a run reports as it goes on, and to whom: a terminal, a program, the pages of the sandbox.

Everything here is plain data. A `Reporter` gets it as dataclasses, in this order:

    run_started     RunStarted      the graph: each node with its template and where its outputs lead
    node_started    NodeStarted     its rendered arguments, and the names in its template that are not defined
    node_progressed NodeProgress    how far its imports are; from another thread, as often as LiveAPI says something
    node_finished   NodeOutcome     results, error, log, warnings, branches taken; a node in a loop once for each item
    run_finished    PlaybookRun     the whole run, with what was not run and what the collections hold
    close                           nothing more comes, however the run ended

`Feed` is a reporter that makes JSON of each, to be stored or posted, and `Everyone` passes all on to several:

    Runner(playbook, module, platform, storage, reporter=Feed(store.append)).run()
"""

import threading
import uuid
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from sandbox.playbooks.access import HeldCollection
from sandbox.playbooks.operators import JudgedCase
from sandbox.playbooks.playbook import JSONObject
from sandbox.playbooks.templates import UndefinedName

__all__ = [
    "Everyone",
    "Feed",
    "GraphNode",
    "Iteration",
    "NodeNotRun",
    "NodeOutcome",
    "NodeProgress",
    "NodeStarted",
    "PlaybookRun",
    "Reporter",
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
            "nodes": [_outcome_as_json(outcome) for outcome in self.outcomes]
            + [{**asdict(node), "status": "not run"} for node in self.not_run],
            "collections": [asdict(collection) for collection in self.collections],
        }


def _outcome_as_json(outcome: NodeOutcome) -> JSONObject:
    return {**asdict(outcome), "seconds": round(outcome.seconds, 3), "status": outcome.status}


class Reporter:
    """Gets what happens, as it happens; this one does nothing. `node_progressed` comes from another thread."""

    def run_started(self, run: RunStarted) -> None:
        """The run begins."""

    def node_started(self, node: NodeStarted) -> None:
        """A node begins."""

    def node_progressed(self, progress: NodeProgress) -> None:
        """The progress of the running node's imports, by LiveAPI."""

    def node_finished(self, outcome: NodeOutcome) -> None:
        """A node ended."""

    def run_finished(self, run: PlaybookRun) -> None:
        """The run ended."""

    def close(self) -> None:
        """Nothing more comes, however the run ended."""


class Feed(Reporter):
    """Makes one JSON object of each thing that happens, and hands it to `send`, one at a time.

    Each has `type` (run-started, node-started, node-progressed, node-finished, run-finished, closed), the `run` (an id
    that is new for each feed), its `number` in the run from 0, the time `at`, and the fields of the dataclass. What
    `send` raises ends the run.
    """

    def __init__(self, send: Callable[[JSONObject], None], run: str | None = None) -> None:
        self.run = run or str(uuid.uuid4())
        self._send = send
        self._number = 0
        self._lock = threading.Lock()

    def run_started(self, run: RunStarted) -> None:
        """Sends run-started."""
        self._tell("run-started", asdict(run))

    def node_started(self, node: NodeStarted) -> None:
        """Sends node-started."""
        self._tell("node-started", asdict(node))

    def node_progressed(self, progress: NodeProgress) -> None:
        """Sends node-progressed."""
        self._tell("node-progressed", asdict(progress))

    def node_finished(self, outcome: NodeOutcome) -> None:
        """Sends node-finished, with the status in a word."""
        self._tell("node-finished", _outcome_as_json(outcome))

    def run_finished(self, run: PlaybookRun) -> None:
        """Sends run-finished, which holds all that the run reported, as `--json` prints it."""
        self._tell("run-finished", run.as_json())

    def close(self) -> None:
        """Sends closed: a run that ends without run-finished before it was broken off."""
        self._tell("closed", {})

    def _tell(self, event: str, content: JSONObject) -> None:
        with self._lock:
            at = datetime.now(UTC).isoformat(timespec="milliseconds")
            self._send({"type": event, "run": self.run, "number": self._number, "at": at, **content})
            self._number += 1


class Everyone(Reporter):
    """Tells several reporters, each in turn."""

    def __init__(self, *reporters: Reporter) -> None:
        self._reporters = reporters

    def run_started(self, run: RunStarted) -> None:
        """Tells each."""
        self._each("run_started", run)

    def node_started(self, node: NodeStarted) -> None:
        """Tells each."""
        self._each("node_started", node)

    def node_progressed(self, progress: NodeProgress) -> None:
        """Tells each."""
        self._each("node_progressed", progress)

    def node_finished(self, outcome: NodeOutcome) -> None:
        """Tells each."""
        self._each("node_finished", outcome)

    def run_finished(self, run: PlaybookRun) -> None:
        """Tells each."""
        self._each("run_finished", run)

    def close(self) -> None:
        """Tells each."""
        self._each("close")

    def _each(self, what: str, *told: Any) -> None:
        for reporter in self._reporters:
            getattr(reporter, what)(*told)


def counted(indicators: int) -> str:
    """How many indicators, in words."""
    return "1 indicator" if indicators == 1 else f"{indicators:,} indicators"
