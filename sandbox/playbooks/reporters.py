"""Who is told of a run as it goes on: a terminal, a program, the pages of the sandbox.

A `Reporter` gets the dataclasses of `events.py`, in this order:

    run_started     RunStarted      the graph: each node with its template and where its outputs lead
    node_started    NodeStarted     its rendered arguments, and the names in its template that are not defined
    node_progressed NodeProgress    how far its imports are; from another thread, as often as LiveAPI says something
    node_finished   NodeOutcome     results, error, log, warnings, branches taken; a node in a loop once for each item
    run_finished    PlaybookRun     the whole run, with what was not run and what the collections hold
    close                           nothing more comes, however the run ended

`Feed` is a reporter that makes JSON of each, to be stored or posted:

    Runner(playbook, module, platform, storage, reporter=Feed(store.append)).run()
"""

import threading
import uuid
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime

from sandbox.playbooks.events import (
    NodeOutcome,
    NodeProgress,
    NodeStarted,
    PlaybookRun,
    RunStarted,
    outcome_as_json,
)
from sandbox.playbooks.playbook import JSONObject

__all__ = ["Feed", "Reporter"]


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
        self._tell("node-finished", outcome_as_json(outcome))

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
