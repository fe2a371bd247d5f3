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
from sandbox.playbooks.events import (
    GraphNode,
    NodeNotRun,
    NodeOutcome,
    NodeProgress,
    NodeStarted,
    PlaybookRun,
    Reporter,
    RunStarted,
)
from sandbox.playbooks.playbook import JSONObject, Module, Node, NodeError, Playbook
from sandbox.playbooks.stubs import Stub
from sandbox.playbooks.templates import choose, render

__all__ = ["Runner"]

# Linux's MAX_ARG_STRLEN: the longest "NAME=value" that execve takes, its closing zero included.
MAX_ENVIRONMENT_STRING = 128 * 1024
# What an action has to end by itself after SIGTERM.
GRACE_SECONDS = 8.0
# What the SDK would read from the shell of who runs the playbook, and would lead the node elsewhere.
FOREIGN_SETTINGS = {"FILE_BACKEND", "SENTRY_DSN", "SYMPHONY_RUNTIME"}


@dataclass(slots=True)
class _Imports:
    """The tasks of the node that runs, as LiveAPI tells them."""

    reporter: Reporter
    key: str = ""
    running: bool = False
    tasks: dict[str, tuple[int, int]] = field(default_factory=dict)
    over: set[str] = field(default_factory=set)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def begin(self, key: str) -> None:
        """A node starts: what tasks come now are its own."""
        with self.lock:
            self.key = key
            self.over |= self.tasks.keys()
            self.tasks, self.running = {}, True

    def end(self, results: JSONObject | None) -> None:
        """The node ended: its own figures are the last word, for LiveAPI may be a moment behind."""
        with self.lock:
            self.running = False
            match results:
                case {"imported": int(imported), "total": int(total)}:
                    self.reporter.node_progressed(NodeProgress(self.key, imported, total))

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
                self.reporter.node_progressed(NodeProgress(self.key, imported, total))


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
        with closing(self.reporter):
            began = time.monotonic()
            self.reporter.run_started(self._started())
            if stub := self.stubs.get(self.playbook.trigger):
                stub.store(self.storage)
            with self.platform.listening(self._imports.hear):
                outcomes = self._run_nodes()
            run = PlaybookRun(
                playbook=self.playbook.name,
                inputs=self.inputs,
                event=self.event,
                seconds=time.monotonic() - began,
                outcomes=list(outcomes.values()),
                not_run=self._not_run(outcomes),
                collections=self._touched(outcomes),
            )
            self.reporter.run_finished(run)
            return run

    def _run_nodes(self) -> dict[str, NodeOutcome]:
        """Runs the nodes along the outputs that are taken; returns their outcomes in the order they ran."""
        outcomes = dict[str, NodeOutcome]()
        waiting = deque(self.playbook.nodes[self.playbook.trigger].following("default"))
        while waiting:
            if (key := waiting.popleft()) in outcomes or key == self.playbook.trigger:
                continue
            outcomes[key] = outcome = self._run_node(key, self.playbook.nodes[key])
            if outcome.error is None:
                self._results[_jinja_key(key)] = outcome.results or {}
                waiting.extend(following for keys in outcome.taken.values() for following in keys)
        return outcomes

    def _started(self) -> RunStarted:
        """What is known of the run when it begins."""
        nodes = [
            GraphNode(key, node.name, node.type, node.subtype, node.outputs, node.template)
            for key, node in self.playbook.nodes.items()
        ]
        return RunStarted(self.playbook.name, self.platform.url, self.playbook.trigger, self.event, self.inputs, nodes)

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
        began = time.monotonic()
        arguments, refusal = self._render(node)
        self._imports.begin(key)
        self.reporter.node_started(NodeStarted(key, node.name, arguments))
        try:
            if refusal is not None:
                raise refusal
            report = self._perform(key, node, arguments)
        except NodeError as error:
            report = {"error": str(error)}
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
            logs=(logs := report.get("logs") or ""),
            # Each once, without the SDK's date and level.
            warnings=list(dict.fromkeys(re.findall(r"^\S+ \S+: warning: (.+)$", logs, re.MULTILINE))),
            cases=report.get("cases", []),
            taken={} if report.get("error") else {output: node.following(output) for output in taken},
        )
        self.reporter.node_finished(outcome)
        return outcome

    def _render(self, node: Node) -> tuple[JSONObject, NodeError | None]:
        """A node's arguments, as far as they can be rendered, and why the others cannot."""
        arguments = JSONObject()
        try:
            for name, value in node.arguments.items():
                arguments[name] = render(value, self._variables, where=f"The argument {name}")
        except NodeError as refusal:
            return arguments, refusal
        return arguments, None

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
