"""Runs from the pages: playbooks and single actions, one after another."""

import threading
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sandbox.console.run_picture import Picture, picture_of
from sandbox.playbooks.access import AnyNodeRun, HeldCollection, NotThere, Platform
from sandbox.playbooks.module import Action, Module
from sandbox.playbooks.playbook import JSONObject, Node, Playbook, PlaybookError
from sandbox.playbooks.process import NodeProcess
from sandbox.playbooks.reporters import Feed
from sandbox.playbooks.runner import Runner

__all__ = ["Launcher", "Run"]

# Runs that are remembered; the oldest go first.
REMEMBERED = 100
# The key of an action in the playbook that is made for it.
ACTION = "1"


@dataclass(eq=False, slots=True)
class Run:
    """A run of a playbook, or of one action: what its runner reported so far. Read in any thread."""

    title: str
    command: str | None
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    at: datetime = field(default_factory=lambda: datetime.now(UTC))
    events: list[JSONObject] = field(default_factory=list)
    error: str | None = None
    over: bool = False
    running: NodeProcess = field(default_factory=NodeProcess)

    @property
    def arguments(self) -> JSONObject:
        """What the action was given, before anything was rendered; of a playbook nothing."""
        nodes = self.picture().nodes
        return nodes[ACTION].node["template"] if self.command is not None and ACTION in nodes else {}

    @property
    def state(self) -> str:
        """In a word."""
        last = next((event for event in reversed(self.events) if event["type"] == "run-finished"), None)
        if last is not None:
            return "stopped" if self.running.stopped else str(last["status"])
        if self.over:
            return "stopped" if self.running.stopped else "not run"
        return "running" if self.events else "waiting"

    def picture(self) -> Picture:
        """What the events say, taken together."""
        return picture_of(list(self.events))


@dataclass(frozen=True, slots=True)
class _Inside(Platform):
    """The sandbox as a runner in its own process sees it, without requests and connections that nobody asked for."""

    count: Callable[[str], HeldCollection | None]
    hearing: Callable[[Callable[[str | bytes], None]], AbstractContextManager[None]]

    def check(self) -> None:
        """It is there."""

    def collection(self, collection_id: str) -> HeldCollection:
        """The content of a collection; raises NotThere when there is none."""
        if (counted := self.count(collection_id)) is None:
            raise NotThere(f"There is no collection {collection_id}.")
        return counted

    @contextmanager
    def listening(self, hear: Callable[[str | bytes], None]) -> Iterator[None]:
        """Hands over what LiveAPI says."""
        with self.hearing(hear):
            yield


class Launcher:
    """The runs, and the thread that they run in. `moved` is called from there whenever something was reported."""

    def __init__(
        self,
        url: str,
        api_key: str,
        open_run: Callable[[], AnyNodeRun],
        count: Callable[[str], HeldCollection | None],
        hearing: Callable[[Callable[[str | bytes], None]], AbstractContextManager[None]],
        folder: Path,
        storage: Path,
        moved: Callable[[], None],
    ) -> None:
        self._platform = _Inside(url, api_key, open_run, count, hearing)
        self._folder = folder
        self.storage = storage
        self._moved = moved
        self._runs: dict[str, Run] = {}
        self._module: Module | None = None
        self._workers = ThreadPoolExecutor(1, "runs")
        self._lock = threading.Lock()

    @property
    def module(self) -> Module:
        """The module whose actions are run. Raises PlaybookError when its folder does not hold a module."""
        if self._module is None:
            self._module = Module.load(self._folder)
        return self._module

    @property
    def playbooks(self) -> list[Path]:
        """The playbooks that come with the module."""
        return sorted(path for path in (self._folder / "playbooks").glob("*.json") if path.suffixes == [".json"])

    def recent(self, command: str | None = None) -> list[Run]:
        """The runs of playbooks, or of an action; the newest first. An empty command is for those of any action."""
        return [
            run for run in reversed(self._runs.values()) if run.command == command or (command == "" and run.command)
        ]

    def get(self, run_id: str) -> Run | None:
        """A run, or None."""
        return self._runs.get(run_id)

    def start_action(self, action: Action, uuid: str, arguments: JSONObject) -> Run:
        """Runs one action, in a playbook of its own: `{{ … }}` in its arguments is rendered as usual."""
        node = Node(
            name=action.name,
            type="action",
            outputs={},
            module_uuid=self.module.uuid,
            action_uuid=uuid,
            arguments=arguments,
        )
        trigger = Node(name="By hand", type="trigger", outputs={"default": [ACTION]})
        return self.start(Playbook(name=action.name, nodes={"0": trigger, ACTION: node}), command=action.command)

    def start(self, playbook: Playbook, *, command: str | None = None, **options: Any) -> Run:
        """Runs a playbook when those before it are over; `options` are the runner's."""
        run = Run(playbook.name, command)
        self._runs[run.id] = run
        if len(self._runs) > REMEMBERED:
            del self._runs[next(iter(self._runs))]
        self._workers.submit(self._work, run, playbook, options)
        return run

    def stop(self, run: Run) -> None:
        """Ends a run."""
        run.running.stop()

    def end(self) -> None:
        """Stops all runs, and waits for their end; not in the server's thread, which they need for that."""
        for run in list(self._runs.values()):
            self.stop(run)
        if self._runs:
            self._workers.submit(lambda: None).result()  # its turn comes when theirs is over

    def forget(self) -> None:
        """Forgets all runs."""
        self._runs.clear()

    def close(self) -> None:
        """Stops all runs, and takes no more."""
        self.end()
        self._workers.shutdown()

    def _work(self, run: Run, playbook: Playbook, options: dict[str, Any]) -> None:
        def told(event: JSONObject) -> None:
            run.events.append(event)
            self._moved()

        try:
            if not run.running.stopped:
                runner = Runner(
                    playbook,
                    self.module,
                    self._platform,
                    self.storage,
                    reporter=Feed(told, run.id),
                    running=run.running,
                    **options,
                )
                runner.run()
        except PlaybookError as error:
            run.error = str(error)
        except Exception as error:  # noqa: BLE001  # whatever it is, the page has to show it
            run.error = f"The runner failed: {error!r}. This is a defect of the sandbox."
        finally:
            run.over = True
            self._moved()
