"""Imports in the background: line after line into the store, with progress on LiveAPI."""

import asyncio
import json
import math
import sqlite3
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sandbox.sekoia.detect import Observable
from sandbox.sekoia.faults import Controls
from sandbox.sekoia.live import LiveAPI, event
from sandbox.sekoia.store import Context, Store

__all__ = ["Entry", "Import", "Imports"]

Entry = tuple[Observable, Context] | None
"""What a line says; None when it says nothing that an indicator could be made of."""

# Lines between two events: at least this many, and no more events than this in all.
LINES_PER_EVENT = 250
EVENTS = 20
# Lines handled at once, in some 10 ms: so long does all else wait.
SLICE = 500


@dataclass(eq=False, slots=True)
class Import:
    """Lines that go into a collection, and what makes an entry of a line."""

    collection: sqlite3.Row
    lines: Sequence[Any]
    read: Callable[[Any], Entry]
    task_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    done: int = 0
    told: int = 0
    created: int = 0
    updated: int = 0
    ignored: int = 0

    @property
    def total(self) -> int:
        """How many lines there are."""
        return len(self.lines)

    def patterns(self) -> set[str]:
        """The patterns of all that would go in."""
        return {entry[0].pattern for line in self.lines if (entry := self.read(line)) is not None}


class Imports:
    """The imports that run. They end with the server: what is not in by then never will be."""

    def __init__(self, controls: Controls, store: Store, live: LiveAPI) -> None:
        self._controls = controls
        self._store = store
        self._live = live
        self._running: dict[Import, asyncio.Task[None]] = {}

    async def has_room(self, new: Import) -> bool:
        """Whether the community stays within its limit with these lines, and with all that is on its way."""
        community = new.collection["community_uuid"]

        def room() -> int:
            waiting = sum(
                job.total - job.done for job in self._running if job.collection["community_uuid"] == community
            )
            return self._controls.faults.collection_limit - self._store.count_community(community) - waiting

        if new.total <= room():
            return True
        patterns = await asyncio.to_thread(new.patterns)
        return self._store.new_patterns(new.collection["number"], patterns) <= room()

    async def start(self, job: Import) -> asyncio.Task[None]:
        """Lets an import run. Its task never fails."""
        task = asyncio.create_task(self._run(job))
        self._running[job] = task
        task.add_done_callback(lambda _: self._running.pop(job, None))
        return task

    def cancel(self, collection_id: str | None = None) -> None:
        """Ends the imports into a collection, or all, wherever they are."""
        for job, task in list(self._running.items()):
            if collection_id in (None, job.collection["id"]):
                task.cancel()

    async def _run(self, job: Import) -> None:
        began, total = time.monotonic(), job.total
        per_event = max(LINES_PER_EVENT, math.ceil(total / EVENTS))
        if self._controls.faults.zero_first:
            self._tell(job, 0, 0)
        while True:
            faults = self._controls.faults
            stall = math.ceil(total * faults.stall_after) if faults.stall_after is not None else None
            if stall is not None and job.done >= stall:
                self._tell_progress(job)
                return
            hold = total + 1 if self._controls.released.is_set() else math.ceil(total * faults.hold_after)
            if job.done >= hold:
                self._tell_progress(job)
                await self._controls.released.wait()
                began = time.monotonic() - (job.done / self._controls.pace if self._controls.pace else 0)
                continue
            if job.done == total:
                break
            next_event = job.done - job.done % per_event + per_event
            boundaries = [total, next_event, job.done + SLICE, stall or 0, hold]
            self._take(job, min(boundary for boundary in boundaries if boundary > job.done))
            if job.done == next_event:
                self._tell_progress(job)
            await self._keep_pace(began, job.done)
        if self._controls.faults.lose_events != "last":
            counts = {"created": job.created, "updated": job.updated, "ignored": job.ignored}
            self._tell(job, total + self._controls.faults.overcount, total, **counts)

    def _take(self, job: Import, end: int) -> None:
        entries = [job.read(line) for line in job.lines[job.done : end]]
        understood = [entry for entry in entries if entry is not None]
        created = self._store.upsert(job.collection["number"], understood)
        job.created += created
        job.updated += len(understood) - created
        job.ignored += len(entries) - len(understood)
        job.done = end

    async def _keep_pace(self, began: float, done: int) -> None:
        pace = self._controls.pace
        await asyncio.sleep(max(0.0, began + done / pace - time.monotonic()) if pace else 0)

    def _tell_progress(self, job: Import) -> None:
        """Tells how far it is, unless that is known, or the end, which is told with its counts."""
        if job.told < job.done < job.total:
            job.told = job.done
            self._tell(job, job.done, job.total)

    def _tell(self, job: Import, imported: int, total: int, **counts: int) -> None:
        faults = self._controls.faults
        if faults.lose_events != "all":
            numbers = {"imported": imported, "total": total, **counts}
            told = {name: str(number) if faults.numbers_as_text else number for name, number in numbers.items()}
            self._live.push(json.dumps(event("ioc-collection", {"task_id": job.task_id, **told})), is_import=True)
