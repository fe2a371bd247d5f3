"""Imports in the background: line after line into the store, with progress on LiveAPI."""

import asyncio
import math
import random
import sqlite3
import time
from collections.abc import Callable, Sequence
from typing import Any

from sandbox.sekoia.controls import Controls
from sandbox.sekoia.detect import detect
from sandbox.sekoia.faults import Faults
from sandbox.sekoia.job import Entry, ImportJob
from sandbox.sekoia.progress import Progress
from sandbox.sekoia.store import Store

__all__ = ["Imports"]

# Lines between two events: at least this many, and no more events than this in all.
LINES_PER_EVENT = 250
EVENTS = 20
# Lines handled at once, in some 10 ms: so long does all else wait.
SLICE = 500
# Imports that are remembered; the oldest go first.
REMEMBERED = 1000


class Imports:
    """The imports that run or ran. They end with the server: what is not in by then never will be."""

    def __init__(self, controls: Controls, store: Store, progress: Progress) -> None:
        self._controls = controls
        self._store = store
        self._progress = progress
        self._running: dict[ImportJob, asyncio.Task[None]] = {}
        self._known: dict[str, ImportJob] = {}

    def new(self, collection: sqlite3.Row, lines: Sequence[Any], read: Callable[[Any], Entry]) -> ImportJob:
        """An import that is not running yet, with an id of the kind that the settings say."""
        faults = self._controls.faults
        refused = (detect(value, form=faults.stored_form) for value in faults.refused_values)
        job = ImportJob(collection, lines, read, refused=frozenset(each.pattern for each in refused if each))
        if faults.import_answer == "numeric_id":
            job.task_id = random.getrandbits(48)
        return job

    def known(self, task_id: str) -> ImportJob | None:
        """The import that has this id, or None."""
        return self._known.get(task_id)

    def recent(self) -> list[ImportJob]:
        """The imports that are remembered, the newest first."""
        return list(reversed(self._known.values()))

    def forget(self) -> None:
        """Forgets all imports that are over."""
        self._known.clear()

    async def has_room(self, new: ImportJob) -> bool:
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

    async def start(self, job: ImportJob) -> asyncio.Task[None]:
        """Lets an import run. Its task never fails."""
        task = asyncio.create_task(self._run(job))
        self._running[job] = task
        self._known[str(job.task_id)] = job
        if len(self._known) > REMEMBERED:
            del self._known[next(iter(self._known))]
        task.add_done_callback(lambda _: self._running.pop(job, None))
        return task

    def cancel(self, collection_id: str | None = None) -> None:
        """Ends the imports into a collection, or all, wherever they are."""
        for job, task in list(self._running.items()):
            if collection_id in (None, job.collection["id"]):
                task.cancel()

    async def _run(self, job: ImportJob) -> None:
        self._progress.begins(job)
        if self._controls.delay:
            await asyncio.sleep(self._controls.delay)
        began, paused = time.monotonic(), False
        while True:
            faults = self._controls.faults
            if job.done >= _lines(job, faults.stall_after):
                self._progress.goes_on(job)
                return
            if job.done >= _lines(job, faults.fail_after):
                job.end("FAILED")
                self._progress.fails(job)
                return
            if faults.pause_for and not paused and job.done >= _lines(job, faults.pause_after):
                self._progress.goes_on(job)
                paused = await self._controls.pause(faults.pause_for)
                began = self._as_if_begun(job)
                continue
            if not self._controls.released.is_set() and job.done >= _lines(job, faults.hold_after):
                self._progress.goes_on(job)
                await self._controls.released.wait()
                began = self._as_if_begun(job)
                continue
            if job.done == job.total:
                break
            next_event = _next_event(job, faults)
            self._take(job, min(next_event, *self._boundaries(job, faults)), faults)
            if job.done == next_event:
                self._progress.goes_on(job)
            await self._keep_pace(began, job.done)
        job.end("FINISHED")
        self._progress.ends(job)

    def _boundaries(self, job: ImportJob, faults: Faults) -> list[int]:
        """Where the next step ends at the latest, so that what is to happen somewhere happens there."""
        held = faults.hold_after if not self._controls.released.is_set() else None
        places = [_lines(job, place) for place in (faults.stall_after, faults.fail_after, faults.pause_after, held)]
        return [job.total, job.done + SLICE, *(place for place in places if place > job.done)]

    def _take(self, job: ImportJob, end: int, faults: Faults) -> None:
        if job.status == "PENDING":
            job.status = "RUNNING"
            self._progress.runs(job)
        entries = [job.read(line) for line in job.lines[job.done : end]]
        taken = [entry for entry in entries if entry is not None and not job.refuses(entry)]
        upserted = self._store.upsert(job.collection["number"], taken, faults)
        job.created += upserted.created
        job.updated += upserted.updated
        job.ignored += len(entries) - len(taken)
        if faults.ignored_counts_unchanged:
            job.ignored += upserted.unchanged
        else:
            job.updated += upserted.unchanged
        job.done = end

    def _as_if_begun(self, job: ImportJob) -> float:
        """When an import would have begun that kept its pace until here."""
        return time.monotonic() - (job.done / self._controls.pace if self._controls.pace else 0)

    async def _keep_pace(self, began: float, done: int) -> None:
        pace = self._controls.pace
        await asyncio.sleep(max(0.0, began + done / pace - time.monotonic()) if pace else 0)


def _lines(job: ImportJob, fraction: float | None) -> int:
    """The number of lines that a fraction is; more than there are for none."""
    return math.ceil(job.total * fraction) if fraction is not None else job.total + 1


def _next_event(job: ImportJob, faults: Faults) -> int:
    """At how many lines the next progress is reported."""
    per_event = max(LINES_PER_EVENT, math.ceil(job.total / EVENTS))
    return min([job.done - job.done % per_event + per_event, *(n for n in faults.totals_grow_at if n > job.done)])
