"""How far the imports of the node that runs are, as LiveAPI tells it."""

import json
import threading
from dataclasses import dataclass, field

from sandbox.playbooks.events import NodeProgress
from sandbox.playbooks.playbook import JSONObject
from sandbox.playbooks.reporters import Reporter

__all__ = ["ImportProgress"]


@dataclass(slots=True)
class ImportProgress:
    """The tasks of the node that runs. Messages come from another thread."""

    reporter: Reporter
    key: str = ""
    running: bool = False
    tasks: dict[str, tuple[int, int]] = field(default_factory=dict)
    over: set[str] = field(default_factory=set)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def begin(self, key: str) -> None:
        """A node starts: what tasks come now are its own."""
        with self.lock:
            self.over |= self.tasks.keys()
            self.key, self.tasks, self.running = key, {}, True

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
