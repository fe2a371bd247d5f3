"""Runs a playbook in Sekoia's export format the way the platform does: each action node is a process of its own."""

import re
import time
from collections import deque
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sandbox.playbooks.access import HeldCollection, NotThere, Platform
from sandbox.playbooks.arguments import faults
from sandbox.playbooks.events import (
    GraphNode,
    Iteration,
    NodeNotRun,
    NodeOutcome,
    NodeStarted,
    PlaybookRun,
    RunStarted,
)
from sandbox.playbooks.module import Module
from sandbox.playbooks.node_progress import ImportProgress
from sandbox.playbooks.operators import choose, items_of, keep
from sandbox.playbooks.plan import LoopEnd, Plan, Step
from sandbox.playbooks.playbook import DEEPEST, JSONObject, Node, NodeError, Playbook, is_deep
from sandbox.playbooks.process import NodeProcess, run_action
from sandbox.playbooks.reporters import Reporter
from sandbox.playbooks.scope import Scope
from sandbox.playbooks.stubs import Stub
from sandbox.playbooks.support import check
from sandbox.playbooks.templates import UndefinedName

__all__ = ["Runner"]


@dataclass(slots=True)
class _Begun:
    """A node that runs: what it gets, or why it cannot get it."""

    key: str
    node: Node
    loop: list[Iteration]
    at: float = field(default_factory=time.monotonic)
    arguments: JSONObject = field(default_factory=dict)
    items: list[Any] = field(default_factory=list)
    error: str | None = None
    undefined: list[UndefinedName] = field(default_factory=list)


@dataclass(slots=True)
class Runner:
    """Runs one playbook against a sandbox, once.

    Nodes run one after another from the trigger `start` (its key or name, where there are several) along the outputs
    that are taken: `default`, or the ones that an action sets instead, the one that a condition chooses, `loop` for
    each item, and `error` when a node failed; without that a failure ends its way. `storage` is the folder that the
    run's nodes share, `event` what the trigger gives, `stubs` what answers instead of a node, by its key, `inputs` the
    files that these came from, `warnings` what is to be told of them, `timeout` what one node may take in seconds
    before its process is ended, and `running` what stops the run from another thread.
    """

    playbook: Playbook
    module: Module
    platform: Platform
    storage: Path
    start: str | None = None
    event: JSONObject = field(default_factory=dict)
    stubs: dict[str, Stub] = field(default_factory=dict)
    inputs: dict[str, str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    reporter: Reporter = field(default_factory=Reporter)
    timeout: float = 1000.0
    running: NodeProcess = field(default_factory=NodeProcess)
    _imports: ImportProgress = field(init=False, repr=False)
    _scope: Scope = field(init=False, repr=False, default_factory=Scope)
    _trigger: str = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._imports = ImportProgress(self.reporter)
        self._trigger = self.playbook.start(self.start)
        self._scope.keep(self._trigger, self.event)

    def run(self) -> PlaybookRun:
        """Runs the playbook.

        Raises PlaybookError before the first node when the playbook holds what cannot be run here, when nobody answers
        at the sandbox's address, and when that refuses the key.
        """
        check(self.playbook, self._trigger, self.module, self.stubs, self._scope.templates)
        self.platform.check()
        began = time.monotonic()
        with closing(self.reporter):
            self.reporter.run_started(self._started())
            if stub := self.stubs.get(self._trigger):
                stub.store(self.storage)
            plan = Plan(self.playbook.nodes, self._trigger, self.playbook.reached(self._trigger))
            with self.platform.listening(self._imports.hear):
                outcomes = self._run_nodes(plan)
            run = PlaybookRun(
                playbook=self.playbook.name,
                inputs=self.inputs,
                event=self.event,
                seconds=time.monotonic() - began,
                outcomes=outcomes,
                not_run=self._not_run(plan, outcomes),
                collections=self._touched(outcomes),
                warnings=self.warnings,
            )
            self.reporter.run_finished(run)
        return run

    def _started(self) -> RunStarted:
        """What is known of the run when it begins."""
        nodes = [
            GraphNode(key, node.name, node.type, node.subtype, node.branches, node.template)
            for key, node in self.playbook.nodes.items()
        ]
        return RunStarted(
            playbook=self.playbook.name,
            url=self.platform.url,
            trigger=self._trigger,
            event=self.event,
            inputs=self.inputs,
            nodes=nodes,
            warnings=self.warnings,
        )

    def _run_nodes(self, plan: Plan) -> list[NodeOutcome]:
        """Runs what the plan says; returns the outcomes in the order in which the nodes began."""
        outcomes = list[NodeOutcome]()
        loops = list[tuple[int, _Begun]]()  # the loops that run, with their places among the outcomes
        while (step := plan.next()) is not None:
            if isinstance(step, LoopEnd):
                place, begun = loops.pop()
                outcome = self._end_loop(step, begun)
                outcomes.insert(place, outcome)
            else:
                begun = self._begin(step)
                if begun.node.operator == "foreach" and begun.error is None:
                    loops.append((len(outcomes), begun))
                    plan.repeat(step.key, begun.items)
                    continue
                outcome = self._perform(begun)
                outcomes.append(outcome)
            if outcome.error is None or outcome.handled:
                plan.took(step.key, [key for keys in outcome.taken.values() for key in keys])
            elif self.running.stopped:
                break
            else:
                plan.failed()
        for place, begun in reversed(loops):
            outcomes.insert(place, self._end(begun, {"error": "The run was stopped."}))
        return outcomes

    def _begin(self, step: Step) -> _Begun:
        """Renders what a node is to get, and tells that it begins."""
        for turn in step.loop:
            self._scope.turn_to(turn.foreach, turn.value, turn.index, turn.total)
        node = self.playbook.nodes[step.key]
        begun = _Begun(step.key, node, [Iteration(turn.foreach, turn.index, turn.total) for turn in step.loop])
        try:
            for name, value in node.arguments.items():
                begun.arguments[name] = self._scope.render(value, f"The argument {name}")
            if node.operator == "foreach":
                begun.items = items_of(node, self._scope)
                begun.arguments["items"] = begun.items
        except NodeError as error:
            begun.error = str(error)
        begun.undefined = self._scope.take_undefined()
        self._imports.begin(step.key)
        self.reporter.node_started(NodeStarted(step.key, node.name, begun.arguments, begun.undefined, begun.loop))
        return begun

    def _perform(self, begun: _Begun) -> NodeOutcome:
        """Has a node do its work, and tells how it ended."""
        report = JSONObject()
        try:
            if begun.error is not None:
                raise NodeError(begun.error)
            report = self._report(begun)
            if is_deep(report.get("results")):
                raise NodeError(f"Its results are nested deeper than {DEEPEST} levels.")
        except NodeError as error:
            report = {"error": str(error)}
        self._imports.end(report.get("results"))
        logs = report.get("logs") or ""
        # Each once, without the SDK's date and level.
        report["warnings"] = [
            *report.get("warnings", []),
            *dict.fromkeys(re.findall(r"^\S+ \S+: warning: (.+)$", logs, re.MULTILINE)),
        ]
        return self._end(begun, report)

    def _end(self, begun: _Begun, report: JSONObject) -> NodeOutcome:
        """Tells how a node ended, by what it reported in the SDK's words, and keeps its results for templates."""
        error, results, outputs = report.get("error"), report.get("results"), report.get("outputs") or {}
        if error is not None:
            taken = ["error"] if begun.node.following("error") and not self.running.stopped else []
        elif not (taken := [output for output, is_set in outputs.items() if is_set]):
            taken = ["default"] if "default" in begun.node.outputs else []
        if error is None or taken:
            self._scope.keep(begun.key, results or {})
        outcome = NodeOutcome(
            key=begun.key,
            name=begun.node.name,
            seconds=time.monotonic() - begun.at,
            arguments=begun.arguments,
            stub=begun.key in self.stubs,
            results=results,
            error=error,
            logs=report.get("logs") or "",
            cases=report.get("cases", []),
            taken={output: begun.node.following(output) for output in taken},
            warnings=report.get("warnings", []),
            undefined=begun.undefined + self._scope.take_undefined(),
            loop=begun.loop,
        )
        self.reporter.node_finished(outcome)
        return outcome

    def _end_loop(self, end: LoopEnd, begun: _Begun) -> NodeOutcome:
        """Tells how a loop ended: well, when it went well for each of its items."""
        total = len(begun.items)
        results = self._scope.results(end.key) if total else {"default": {"total": 0}}
        report: JSONObject = {"results": results}
        if end.failed:
            report["error"] = f"Its body failed for {end.failed:,} of {total:,} items."
        if not total:
            report["warnings"] = ["its list of items is empty, so its body was not run"]
        return self._end(begun, report)

    def _report(self, begun: _Begun) -> JSONObject:
        """What a node reports at its end, in the SDK's words: where each kind of node is given its meaning."""
        if self.running.stopped:
            raise NodeError("The run was stopped before this node began.")
        node = begun.node
        action = self.module.action_of(node)
        if action and (refused := faults(begun.arguments, action.arguments)):
            raise NodeError(f"{action.name} does not take these arguments: {'; '.join(refused)}.")
        if stub := self.stubs.get(begun.key):
            stub.store(self.storage)
            return {"results": stub.results, "error": stub.error, "outputs": stub.outputs}
        if action:
            return run_action(
                self.module.folder,
                action,
                begun.arguments,
                platform=self.platform,
                storage=self.storage,
                timeout=self.timeout,
                running=self.running,
            )
        match node.operator:
            case "condition":
                output, cases = choose(node, self._scope)
                has = output == "else" or output in node.outputs
                warnings = [] if has else [f'its case "{output}" holds, and it has no output of that name to follow']
                return {"outputs": {output: True}, "cases": cases, "warnings": warnings}
            case "store":
                return self._keep(begun)
            case _:  # any and all, of which the plan says when they run
                return {}

    def _keep(self, begun: _Begun) -> JSONObject:
        """Makes the changes of a store, and shows what they are as its arguments."""
        warnings = list[str]()
        for change in begun.node.modifications:
            value = self._scope.render(change.value, f"The value of store.{change.key}")
            begun.arguments[f"{change.type} {change.key}"] = value
            if warning := keep(self._scope.store, change, value):
                warnings.append(warning)
        return {"warnings": warnings}

    def _not_run(self, plan: Plan, outcomes: list[NodeOutcome]) -> list[NodeNotRun]:
        """The nodes that were not reached, and the failure that each of them comes after."""
        after = dict[str, str]()
        for failed in (outcome.key for outcome in outcomes if outcome.status == "failed"):
            waiting = deque([failed])
            while waiting:
                for key in self.playbook.nodes[waiting.popleft()].followers:
                    if key not in after and not plan.ran(key):
                        after[key] = failed
                        waiting.append(key)
        return [
            NodeNotRun(key, node.name, after.get(key), plan.waits_for(key))
            for key, node in self.playbook.nodes.items()
            if not plan.ran(key)
        ]

    def _touched(self, outcomes: list[NodeOutcome]) -> list[HeldCollection]:
        """What the collections hold that the results name, as far as they are there at the end."""
        touched = dict.fromkeys(
            str(outcome.results["collection_id"])
            for outcome in outcomes
            if outcome.results and outcome.results.get("collection_id")
        )
        collections = list[HeldCollection]()
        for collection_id in touched:
            with suppress(NotThere):  # a node deleted it, or a stub made it up
                collections.append(self.platform.collection(collection_id))
        return collections
