"""Runs a playbook in Sekoia's export format the way the platform does: each action node is a process of its own."""

import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path

from sandbox.playbooks.access import Collection, NotThere, Platform
from sandbox.playbooks.playbook import JSONObject, Module, Node, NodeError, Playbook
from sandbox.playbooks.stubs import Stub
from sandbox.playbooks.templates import JudgedCase, choose, render

__all__ = ["NodeNotRun", "NodeOutcome", "PlaybookRun", "Reporter", "Runner"]

# Linux's MAX_ARG_STRLEN: the longest "NAME=value" that execve takes, its closing zero included.
MAX_ENVIRONMENT_STRING = 128 * 1024
# What an action has to end by itself after SIGTERM.
GRACE_SECONDS = 8.0
# What the SDK would read from the shell of who runs the playbook, and would lead the node elsewhere.
FOREIGN_SETTINGS = {"FILE_BACKEND", "SENTRY_DSN", "SYMPHONY_RUNTIME"}


@dataclass(frozen=True, slots=True)
class NodeOutcome:
    """How a node ended: `error` is None when it succeeded, and `results` can be there even when it did not.

    `arguments` are as the node got them, `stub` is whether a stub answered instead of it, `cases` are those that a
    condition looked at, and `taken` says to which nodes each output led that was taken.
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

    @property
    def warnings(self) -> list[str]:
        """The warnings in its log, each once, without the SDK's date and level."""
        return list(dict.fromkeys(re.findall(r"^\S+ \S+: warning: (.+)$", self.logs, re.MULTILINE)))


@dataclass(frozen=True, slots=True)
class NodeNotRun:
    """A node that was not reached: because another failed, or, when `after` is None, by the branches that were taken."""

    key: str
    name: str
    after: str | None = None


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
    collections: list[Collection]

    @property
    def succeeded(self) -> bool:
        """Whether every node that ran succeeded."""
        return all(outcome.error is None for outcome in self.outcomes)


class Reporter:
    """Is told what happens, as it happens; this one keeps silent. `progress` comes from another thread."""

    def playbook_started(self, playbook: Playbook, url: str, event: JSONObject, inputs: dict[str, str]) -> None:
        """The run begins, with what the trigger gives and the files that this and the stubs came from."""

    def node_started(self, key: str, node: Node) -> None:
        """A node begins."""

    def progress(self, imported: int, total: int) -> None:
        """How far the imports of the node that runs are."""

    def node_ended(self, outcome: NodeOutcome) -> None:
        """A node ended."""

    def playbook_ended(self, run: PlaybookRun) -> None:
        """The run ended."""

    def close(self) -> None:
        """Nothing more comes, however the run ended."""


@dataclass(slots=True)
class _Imports:
    """The tasks of the node that runs, as LiveAPI tells them."""

    reporter: Reporter
    running: bool = False
    tasks: dict[str, tuple[int, int]] = field(default_factory=dict)
    over: set[str] = field(default_factory=set)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def begin(self) -> None:
        """A node starts: what tasks come now are its own."""
        with self.lock:
            self.over |= self.tasks.keys()
            self.tasks, self.running = {}, True

    def end(self, results: JSONObject | None) -> None:
        """The node ended: its own figures are the last word, for LiveAPI may be a moment behind."""
        with self.lock:
            self.running = False
            match results:
                case {"imported": int(imported), "total": int(total)}:
                    self.reporter.progress(imported, total)

    def hear(self, message: str | bytes) -> None:
        """Takes one message of LiveAPI, which may be anything."""
        try:
            match json.loads(message):
                case {
                    "type": "ioc-collection",
                    "attributes": {"task_id": str(task), "imported": imported, "total": total},
                }:
                    figures = int(imported), int(total)
                case _:
                    return
        except (TypeError, ValueError):
            return
        with self.lock:
            if self.running and task not in self.over:
                self.tasks[task] = figures
                imported, total = map(sum, zip(*self.tasks.values(), strict=True))
                self.reporter.progress(imported, total)


@dataclass(slots=True)
class Runner:
    """Runs one playbook against a sandbox, once.

    Nodes run one after another, each once, from the trigger along the outputs: `default`, the ones that an action
    sets, and the one that a condition chooses. A node that fails stops its branch. `storage` is the folder that the
    run's nodes share, `event` what the trigger gives, `stubs` what answers instead of a node, by its key, `inputs` the
    files that these came from, `timeout` what one node may take in seconds before its process is ended.
    """

    playbook: Playbook
    module: Module
    platform: Platform
    storage: Path
    event: JSONObject = field(default_factory=dict)
    stubs: dict[str, Stub] = field(default_factory=dict)
    inputs: dict[str, str] = field(default_factory=dict)
    reporter: Reporter = field(default_factory=Reporter)
    timeout: float = 1000.0
    _imports: _Imports = field(init=False, repr=False)
    _results: dict[int | str, JSONObject] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._imports = _Imports(self.reporter)
        self._results = {_jinja_key(self.playbook.trigger): self.event}

    def run(self) -> PlaybookRun:
        """Runs the playbook; raises PlaybookError when the sandbox cannot be used."""
        began = time.monotonic()
        nodes, trigger = self.playbook.nodes, self.playbook.trigger
        outcomes = dict[str, NodeOutcome]()  # in the order the nodes ran
        self.reporter.playbook_started(self.playbook, self.platform.url, self.event, self.inputs)
        if trigger in self.stubs:
            self.stubs[trigger].store(self.storage)
        with closing(self.reporter), self.platform.listening(self._imports.hear):
            waiting = deque(nodes[trigger].following("default"))
            while waiting:
                if (key := waiting.popleft()) in outcomes or key == trigger:
                    continue
                outcomes[key] = outcome = self._run_node(key, nodes[key])
                if outcome.error is None:
                    self._results[_jinja_key(key)] = outcome.results or {}
                    waiting.extend(following for keys in outcome.taken.values() for following in keys)
        run = PlaybookRun(
            playbook=self.playbook.name,
            inputs=self.inputs,
            event=self.event,
            seconds=time.monotonic() - began,
            outcomes=list(outcomes.values()),
            not_run=self._not_run(outcomes),
            collections=self._touched(outcomes),
        )
        self.reporter.playbook_ended(run)
        return run

    def _not_run(self, outcomes: dict[str, NodeOutcome]) -> list[NodeNotRun]:
        """The nodes that were not reached, and the failure that each of them comes after."""
        after = dict[str, str]()
        for failed in (key for key, outcome in outcomes.items() if outcome.error is not None):
            waiting = deque([failed])
            while waiting:
                for key in self.playbook.nodes[waiting.popleft()].followers:
                    if key not in after and key not in outcomes:
                        after[key] = failed
                        waiting.append(key)
        return [
            NodeNotRun(key, node.name, after.get(key))
            for key, node in self.playbook.nodes.items()
            if key not in outcomes and key != self.playbook.trigger
        ]

    def _touched(self, outcomes: dict[str, NodeOutcome]) -> list[Collection]:
        """What the collections hold that the results name, as far as they are there at the end."""
        touched = dict.fromkeys(
            outcome.results["collection_id"]
            for outcome in outcomes.values()
            if outcome.results and outcome.results.get("collection_id")
        )
        collections = list[Collection]()
        for collection_id in touched:
            with suppress(NotThere):  # a node deleted it, or a stub made it up
                collections.append(self.platform.collection(collection_id))
        return collections

    def _run_node(self, key: str, node: Node) -> NodeOutcome:
        """Runs one node, whatever its kind, and reports it."""
        self._imports.begin()
        self.reporter.node_started(key, node)
        began = time.monotonic()
        arguments = JSONObject()
        try:
            for name, value in node.arguments.items():
                arguments[name] = render(value, self._variables, where=f"The argument {name}")
            report = self._perform(key, node, arguments)
        except NodeError as refusal:
            report = {"error": str(refusal)}
        self._imports.end(report.get("results"))
        taken = ["default"] if "default" in node.outputs else []
        taken += [output for output, is_set in (report.get("outputs") or {}).items() if is_set]
        outcome = NodeOutcome(
            key=key,
            name=node.name,
            seconds=time.monotonic() - began,
            arguments=arguments,
            stub=key in self.stubs,
            results=report.get("results"),
            error=report.get("error"),
            logs=report.get("logs") or "",
            cases=report.get("cases", []),
            taken={} if report.get("error") else {output: node.following(output) for output in taken},
        )
        self.reporter.node_ended(outcome)
        return outcome

    def _perform(self, key: str, node: Node, arguments: JSONObject) -> JSONObject:
        """What a node reports at its end, in the SDK's words: where each kind of node is given its meaning."""
        if stub := self.stubs.get(key):
            stub.store(self.storage)
            return {"results": stub.results, "error": stub.error, "outputs": stub.outputs}
        match node.type:
            case "operator" if node.subtype == "condition":
                output, cases = choose(node, self._variables)
                return {"outputs": {output: True}, "cases": cases}
            case "action" if node.module_uuid == self.module.uuid:
                return self._perform_action(node, arguments)
            case "action":
                kind = f"an action of another module ({node.module_uuid})"
            case _:
                kind = f"a {node.subtype or node.type} node"
        raise NodeError(f"This is {kind}, which is not run here: say in the stubs what it answers.")

    @property
    def _variables(self) -> JSONObject:
        """What templates see: the results of the nodes that ran, by their number."""
        return {"node": self._results}

    def _perform_action(self, node: Node, arguments: JSONObject) -> JSONObject:
        """Runs an action of the module in its own process, and returns what it sent to its callback."""
        if (command := self.module.actions.get(node.action_uuid or "")) is None:
            raise NodeError(f"The module in {self.module.folder} has no action with the uuid {node.action_uuid}.")
        node_run = self.platform.open_run()
        settings = {
            "MODULE_CONFIGURATION": json.dumps({"base_url": self.platform.url}),
            "ARGUMENTS": json.dumps(arguments),
            "TOKEN": node_run.token,
            "URL_CALLBACK": node_run.url,
            "SUB_FOLDER": str(self.storage.resolve()),
        }
        if (size := len(f"ARGUMENTS={settings['ARGUMENTS']}") + 1) > MAX_ENVIRONMENT_STRING:
            raise NodeError(
                f"The arguments take {size:,} bytes, and Linux passes at most {MAX_ENVIRONMENT_STRING:,} to a "
                "process: put the text into a file of the storage, and name that file in text_path."
            )
        ending = self._run_process(command, settings)
        reports = [report for report in node_run.received if report.get("status") == "finished"]
        if ending is None and reports:
            return reports[-1]
        if reports:
            return reports[-1] | {"error": f"{ending} {reports[-1].get('error') or ''}".strip()}
        raise NodeError(ending or f"main.py {command} ended well without reporting its results.")

    def _run_process(self, command: str, settings: dict[str, str]) -> str | None:
        """Runs `main.py <command>`; returns None when it ended well, else a sentence that says how it ended."""
        inherited = {name: value for name, value in os.environ.items() if name.upper() not in FOREIGN_SETTINGS}
        loopback = ",".join(filter(None, [os.environ.get("NO_PROXY") or os.environ.get("no_proxy"), "127.0.0.1"]))
        environment = inherited | {"NO_PROXY": loopback, "no_proxy": loopback} | settings
        with tempfile.TemporaryFile() as output:  # a file, for a pipe stays open as long as a grandchild has it
            process = subprocess.Popen(
                [sys.executable, "main.py", command],
                cwd=self.module.folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
            try:
                status = process.wait(self.timeout)
            except subprocess.TimeoutExpired:
                return f"It was ended because it ran for more than {self.timeout:g} s."
            finally:
                _end(process)
            if status == 0:
                return None
            output.seek(0)
            lines = output.read().decode(errors="replace").split("\n")
        last = next((line.strip() for line in reversed(lines) if line.strip()), "nothing")
        return f"main.py {command} ended with exit status {status}; the last it said was: {last[:300]}"


def _jinja_key(key: str) -> int | str:
    """A node's key as templates write it: `node.1` looks for the number."""
    return int(key) if key.isdecimal() else key


def _end(process: subprocess.Popen[bytes]) -> None:
    """Sees to it that a process is over."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
