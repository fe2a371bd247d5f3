"""What LiveAPI reports about imports and their tasks, with the settings that change or suppress it."""

import json

from sandbox.sekoia.controls import Controls
from sandbox.sekoia.job import ImportJob
from sandbox.sekoia.live import LiveAPI, event

__all__ = ["FAILURE", "Progress"]

FAILURE = "The import could not be completed"
"""What a task says that failed."""


class Progress:
    """Tells events, as far as the settings let them be told."""

    def __init__(self, controls: Controls, live: LiveAPI) -> None:
        self._controls = controls
        self._live = live

    def begins(self, job: ImportJob) -> None:
        """An import waits to be worked on."""
        self._tell_task(job)
        if self._controls.faults.zero_total_first:
            self._tell(job, 0, job.total)
        if self._controls.faults.zero_first:
            self._tell(job, 0, 0)

    def runs(self, job: ImportJob) -> None:
        """The first lines are taken."""
        self._tell_task(job)

    def goes_on(self, job: ImportJob) -> None:
        """Reports how far it is, unless that was reported already, or the end with its counts."""
        if job.told < job.done < job.total:
            job.told = job.done
            self._tell(job, job.done, job.done if self._controls.faults.totals_grow_at else job.total)

    def fails(self, job: ImportJob) -> None:
        """An import failed."""
        self.goes_on(job)
        self._tell_task(job)

    def ends(self, job: ImportJob) -> None:
        """All lines were taken."""
        faults = self._controls.faults
        if faults.lose_events != "last":
            forms: dict[str, object] = {
                "number": job.created,
                "null": None,
                "list": [job.created],
                "negative": -1,
                "text": "n/a",
            }
            self._tell(
                job,
                job.total + faults.overcount,
                job.total,
                updated=job.updated,
                ignored=job.ignored,
                created=forms[faults.created_as],
            )
            self._tell_task(job)

    def _tell(self, job: ImportJob, imported: int, total: int, **counts: object) -> None:
        faults = self._controls.faults
        if faults.lose_events != "all":
            numbers = {"imported": imported, "total": total, **counts}
            told = {name: _number(number, as_text=faults.numbers_as_text) for name, number in numbers.items()}
            self._live.push(json.dumps(event("ioc-collection", {"task_id": job.task_id, **told})), is_import=True)

    def _tell_task(self, job: ImportJob) -> None:
        faults = self._controls.faults
        if faults.task_events and faults.lose_events != "all":
            details = {"error": FAILURE} if job.status == "FAILED" else {}
            self._live.push(
                json.dumps(event("task", {"id": job.task_id, "status": job.status, "attributes": details}))
            )


def _number(value: object, *, as_text: bool) -> object:
    return str(value) if as_text and isinstance(value, int) else value
