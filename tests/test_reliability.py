"""The truth about an import, whatever happens to the network: each test is a row of ``docs/reliability.md``.

The mark ``fault`` holds the situation and what users see; the table is made of these marks.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from sandbox import RestFault, Sandbox
from sandbox.sekoia.callback import NodeRun
from sekoia_cti.actions.create_ioc_collection import CreateIOCCollection
from sekoia_cti.actions.delete_ioc_collection import DeleteIOCCollection
from sekoia_cti.actions.find_ioc_collection import FindIOCCollection
from sekoia_cti.actions.import_file import ImportIndicatorsFromFile
from sekoia_cti.actions.import_indicators import ImportIndicators
from sekoia_cti.actions.import_text import ImportIndicatorsFromText
from sekoia_cti.actions.revoke_indicators import RevokeIndicators
from sekoia_cti.actions.search_indicators import SearchIndicators
from sekoia_cti.actions.synchronize_collection import SynchronizeCollection
from sekoia_cti.actions.update_indicators import UpdateIndicators
from sekoia_cti.client.errors import LiveAPIRefused
from sekoia_cti.client.importing.importer import Importer
from sekoia_cti.client.importing.outcome import Outcome
from sekoia_cti.client.importing.watch import Progress
from sekoia_cti.client.live.stream import LiveAPI
from sekoia_cti.client.rest.endpoints import RestClient
from sekoia_cti.client.waiting import Deadline, Patience
from sekoia_cti.client.wire import Context
from sekoia_cti.platform.action import SekoiaAction
from sekoia_cti.platform.sekoia_item import SekoiaItem
from tests.actions.test_import_file import as_csv, as_xlsx
from tests.conftest import ROOT, Platform, Run
from tests.hostile import HostileWebSocket, frame, frames
from tests.pipe import Pipe
from tests.reliability_table import table

DOMAINS = [f"d{number}.example" for number in range(1_000)]
TASK = "ioc-collection"


class Import:
    """A text import with only the client, as a script would do it."""

    def __init__(self, sandbox: Sandbox, collection_id: str, importer: Importer) -> None:
        self.sandbox = sandbox
        self.collection_id = collection_id
        self.importer = importer
        self.reached: list[Progress] = []
        self.warnings: list[str] = []

    def submit(self, values: list[str] = DOMAINS) -> str:
        """Submit values."""
        self.importer.submit_text(values)
        task_id = self.importer.watch.submissions[-1].task_id
        assert task_id
        return task_id

    def tell(self, task_id: str, imported: object, total: object) -> None:
        """Push an event of an import."""
        attributes = {"task_id": task_id, "imported": imported, "total": total}
        self.sandbox.push({"type": "ioc-collection", "action": "updated", "attributes": attributes})


@contextmanager
def importing(
    sandbox: Sandbox,
    collection_id: str,
    *,
    seconds: float = 30.0,
    live_url: str | None = None,
    context: Context | None = None,
    clock: Callable[[], float] = time.monotonic,
    **patience: float,
) -> Iterator[Import]:
    """An import that is connected as far as it can be, with nothing submitted."""
    patient = Patience.none().but(**patience)
    deadline = Deadline(seconds, clock=clock)
    with (
        RestClient(f"{sandbox.url}/api/v2/inthreat", sandbox.api_key, deadline=deadline, patience=patient) as rest,
        LiveAPI(live_url or sandbox.live_url, sandbox.api_key, patience=patient) as live,
    ):
        reached, warnings = list[Progress](), list[str]()
        importer = Importer(
            rest=rest,
            live=live,
            collection=rest.collection(collection_id),
            context=context or Context(),
            deadline=deadline,
            patience=patient,
            on_progress=reached.append,
            on_warning=warnings.append,
        )
        importer.connect()
        running = Import(sandbox, collection_id, importer)
        running.reached, running.warnings = reached, warnings
        yield running


def finishing(running: Import, meanwhile: Callable[[], object]) -> Outcome:
    """Wait for the end in a thread while something happens to it."""
    with ThreadPoolExecutor(1) as pool:
        outcome = pool.submit(running.importer.finish)
        try:
            meanwhile()
        finally:
            ended = outcome.result(timeout=30)
    return ended


def half_way(running: Import) -> Callable[[], bool]:
    """Whether the importer has heard of any progress."""
    return lambda: any(progress.imported for progress in running.reached)


def assert_all_in(sandbox: Sandbox, collection_id: str, values: list[str] = DOMAINS) -> None:
    """Every value is in the collection exactly once."""
    assert sorted(indicator["name"] for indicator in sandbox.indicators(collection_id)) == sorted(values)


# LiveAPI


@pytest.mark.fault("The task ends before its submission is answered", "Completed immediately")
def test_an_end_before_the_answer(sandbox: Sandbox, collection_id: str) -> None:
    """The event arrived during the submission."""
    sandbox.faults.finish_before_answer = True
    with importing(sandbox, collection_id) as running:
        running.submit()
        outcome = running.importer.finish()
    assert (outcome.status, outcome.confirmed_by, outcome.progress) == ("completed", "liveapi", Progress(1_000, 1_000))


@pytest.mark.parametrize("code", [1000, 1001, 1011, 1012, None])
@pytest.mark.fault(
    "LiveAPI closes the connection (1000, 1001, 1011, 1012), or the connection is reset, in the middle of an import",
    "The client reconnects and continues; completed",
)
def test_a_closed_connection(sandbox: Sandbox, collection_id: str, code: int | None) -> None:
    """The end arrives on the next connection."""
    sandbox.faults.hold_after = 0.5
    sandbox.hold_imports()

    def meanwhile() -> None:
        sandbox.wait_for(half_way(running))
        sandbox.drop_live(code)
        sandbox.wait_for(lambda: sandbox.live_connections == 1)
        sandbox.release_imports()

    # Only LiveAPI can confirm: a look over REST is far away.
    with importing(sandbox, collection_id, look_first=100, look_quiet=100) as running:
        running.submit()
        outcome = finishing(running, meanwhile)
    assert (outcome.status, outcome.confirmed_by) == ("completed", "liveapi")
    assert_all_in(sandbox, collection_id)


@pytest.mark.fault(
    "The LiveAPI connection goes half-open in the middle of an import: nothing arrives, and no end is reported",
    "A ping detects it; the client reconnects and continues; completed",
)
def test_a_half_open_connection(sandbox: Sandbox, collection_id: str) -> None:
    """An unanswered ping ends the connection."""
    sandbox.faults.hold_after = 0.5
    sandbox.hold_imports()

    def meanwhile() -> None:
        before = pipe.connections
        pipe.freeze()
        sandbox.wait_for(lambda: pipe.connections > before)
        sandbox.release_imports()

    with (
        Pipe(sandbox.live_url) as pipe,
        importing(
            sandbox, collection_id, live_url=pipe.url, ping_interval=0.2, ping_timeout=0.2, look_quiet=100
        ) as running,
    ):
        running.submit()
        outcome = finishing(running, meanwhile)
    assert outcome.status == "completed"
    assert_all_in(sandbox, collection_id)


@pytest.mark.fault(
    "The only final event is sent while LiveAPI is reconnecting",
    "Completed, confirmed by the state of the collection (`confirmed_by: api`)",
)
def test_the_final_event_is_missed(sandbox: Sandbox, collection_id: str) -> None:
    """After the reconnection, the collection is read, and its state ends the import."""
    sandbox.faults.hold_after = 0.5
    sandbox.hold_imports()

    def meanwhile() -> None:
        sandbox.wait_for(half_way(running))
        sandbox.faults.live_status = 503
        sandbox.drop_live(None)
        sandbox.release_imports()
        sandbox.wait_for(lambda: len(sandbox.indicators(collection_id)) == 1_000)
        sandbox.faults.live_status = None

    # The last look before the deadline is far away, too.
    with importing(sandbox, collection_id, seconds=300, look_first=0.5, look_quiet=100) as running:
        running.submit()
        outcome = finishing(running, meanwhile)
    assert (outcome.status, outcome.confirmed_by, outcome.progress) == ("completed", "api", Progress(1_000, 1_000))


@pytest.mark.fault(
    "LiveAPI is connected, but the final event is never sent",
    "Completed; after a period of silence, the state of the collection confirms it",
)
def test_the_final_event_is_lost(sandbox: Sandbox, collection_id: str) -> None:
    """Silence alone leads to a look at the collection."""
    sandbox.faults.lose_events = "last"
    # The last look before the deadline is far away.
    with importing(sandbox, collection_id, seconds=300) as running:
        running.submit()
        outcome = running.importer.finish()
    assert (outcome.status, outcome.confirmed_by) == ("completed", "api")


@pytest.mark.parametrize("status", [403, 404, 500, 502, 503])
@pytest.mark.fault(
    "LiveAPI cannot be reached (refused, 502, blocked by a proxy)",
    "A warning; the import is submitted and confirmed by the state of the collection",
)
def test_no_liveapi(sandbox: Sandbox, platform: Platform, collection_id: str, status: int) -> None:
    """The REST API alone is enough."""
    sandbox.faults.live_status = status
    run = platform.run(ImportIndicatorsFromText, collection_id=collection_id, text="\n".join(DOMAINS))
    assert run.error is None
    assert run.results
    assert (run.results["status"], run.results["confirmed_by"]) == ("completed", "api")
    assert f"warning: LiveAPI could not be reached at {sandbox.live_url} (HTTP {status})" in run.logs


@pytest.mark.parametrize("extension", ["csv", "xlsx"])
@pytest.mark.fault(
    "The same for a file import", "A warning; the values in the file are looked up in the collection; completed"
)
def test_no_liveapi_for_a_file(sandbox: Sandbox, platform: Platform, collection_id: str, extension: str) -> None:
    """The sample comes from the observable column of the file."""
    sandbox.faults.live_status = 502
    rows = [["nothing", domain] for domain in DOMAINS]
    (as_csv if extension == "csv" else as_xlsx)(platform.storage / f"iocs.{extension}", [["a", "IOC"], *rows])
    run = platform.run(
        ImportIndicatorsFromFile,
        collection_id=collection_id,
        file_path=f"iocs.{extension}",
        mapping="ignore,observable",
        ignore_first_line=True,
    )
    assert run.error is None
    assert run.results
    assert (run.results["status"], run.results["confirmed_by"]) == ("completed", "api")


@pytest.mark.parametrize(("fault", "value"), [("live_status", 401), ("live_refuse_by_message", True)])
@pytest.mark.fault(
    'LiveAPI refuses the key (401, or `{"authenticated": false}`)', "An error before anything is submitted"
)
def test_a_refused_key(sandbox: Sandbox, platform: Platform, collection_id: str, fault: str, value: object) -> None:
    """Nothing reaches the collection."""
    setattr(sandbox.faults, fault, value)
    run = platform.run(ImportIndicatorsFromText, collection_id=collection_id, text="evil.example")
    assert run.error is not None
    assert run.error.startswith("LiveAPI refused the API key")
    assert not any(request.method == "POST" for request in sandbox.requests)


@pytest.mark.fault(
    "LiveAPI refuses the key late, but before anything is submitted", "An error, and nothing is submitted"
)
def test_a_refusal_that_comes_late(sandbox: Sandbox, collection_id: str) -> None:
    """If the server refuses the key, it does so before it answers a ping."""

    def late(connection: socket.socket) -> None:
        for opcode, content in frames(connection):
            if opcode == 9:
                connection.sendall(frame(1, b'{"authenticated": false}') + frame(10, content))

    with (
        HostileWebSocket(late) as server,
        importing(sandbox, collection_id, live_url=server.live_url) as running,
        pytest.raises(LiveAPIRefused),
    ):
        running.submit()
    assert not any(request.method == "POST" for request in sandbox.requests)


@pytest.mark.fault(
    "LiveAPI refuses the key by message after the submission",
    "A warning; the import is confirmed by the state of the collection",
)
def test_a_key_that_is_refused_meanwhile(sandbox: Sandbox, collection_id: str) -> None:
    """The import is in Sekoia's hands by then."""
    sandbox.hold_imports()

    def meanwhile() -> None:
        sandbox.faults.live_refuse_by_message = True
        sandbox.drop_live(None)
        sandbox.wait_for(lambda: bool(running.warnings))
        sandbox.release_imports()

    with importing(sandbox, collection_id) as running:
        running.submit()
        outcome = finishing(running, meanwhile)
    assert (outcome.status, outcome.confirmed_by) == ("completed", "api")
    assert running.warnings[0].startswith("LiveAPI refused the API key")
    assert_all_in(sandbox, collection_id)


@pytest.mark.parametrize("status", [401, 403, 503])
@pytest.mark.fault(
    "REST fails or refuses while LiveAPI is connected and silent",
    "The client keeps listening; completed when the end is reported",
)
def test_rest_fails_meanwhile(sandbox: Sandbox, collection_id: str, status: int) -> None:
    """A failed look at the collection does not prevent the end from being received."""
    sandbox.faults.hold_after = 0.5
    sandbox.hold_imports()

    def meanwhile() -> None:
        sandbox.faults.rest = [RestFault(method="GET", status=status, times=None)]
        looks = len(sandbox.requests)
        sandbox.wait_for(lambda: len(sandbox.requests) > looks + 1)
        sandbox.release_imports()

    with importing(sandbox, collection_id, look_quiet=0.1) as running:
        running.submit()
        outcome = finishing(running, meanwhile)
    assert (outcome.status, outcome.confirmed_by) == ("completed", "liveapi")


# The truth of the task


@pytest.mark.fault(
    "No event ever comes, and the collection does not change", "`incomplete` at the deadline, never `completed`"
)
def test_nothing_ever_happens(sandbox: Sandbox, collection_id: str) -> None:
    """Neither witness confirms."""
    sandbox.hold_imports()
    sandbox.faults.lose_events = "all"
    with importing(sandbox, collection_id, seconds=1.5, look_quiet=0.1) as running:
        running.submit()
        outcome = running.importer.finish()
    assert (outcome.status, outcome.confirmed_by, outcome.progress) == ("incomplete", None, Progress())
    assert outcome.missing_count == len(DOMAINS)
    assert any(request.path.endswith("/indicators") for request in sandbox.requests)
    sandbox.release_imports()


@pytest.mark.fault(
    "The same, but the list was imported before, so all of its values are already there",
    "`incomplete`: the presence of a value proves nothing",
)
def test_a_list_that_was_there_before(sandbox: Sandbox, collection_id: str) -> None:
    """Yesterday's import of the same values does not confirm today's."""
    with importing(sandbox, collection_id) as running:
        running.submit()
        assert running.importer.finish().status == "completed"
    sandbox.hold_imports()
    sandbox.faults.lose_events = "all"
    with importing(sandbox, collection_id, seconds=1.5, look_quiet=0.1) as running:
        running.submit()
        outcome = running.importer.finish()
    assert outcome.status == "incomplete"
    sandbox.release_imports()


@pytest.mark.fault(
    "Progress stops halfway",
    "`incomplete`; the error gives the progress, and says that the import may continue in Sekoia",
)
def test_a_stall(sandbox: Sandbox, collection_id: str) -> None:
    """The progress so far is in the outcome."""
    sandbox.faults.stall_after = 0.5
    with importing(sandbox, collection_id, seconds=1.5, look_quiet=0.1) as running:
        running.submit()
        outcome = running.importer.finish()
    assert (outcome.status, outcome.progress) == ("incomplete", Progress(500, 1_000))


@pytest.mark.fault("`0/0` comes first, then real progress", "Waits for the real end; completed")
def test_zero_of_zero_first(sandbox: Sandbox, collection_id: str) -> None:
    """The early event is forgotten."""
    sandbox.faults.zero_first = True
    with importing(sandbox, collection_id) as running:
        running.submit()
        outcome = running.importer.finish()
    assert (outcome.status, outcome.progress) == ("completed", Progress(1_000, 1_000))


@pytest.mark.fault(
    "`0/0` is the real end, since nothing usable was sent",
    "`rejected`, after the settling time",
)
def test_zero_of_zero_at_last(sandbox: Sandbox, collection_id: str) -> None:
    """If the state of the task is not known, the silence that follows settles the matter."""
    sandbox.faults.tasks = "unknown"
    sandbox.hold_imports()
    sandbox.faults.lose_events = "all"
    with importing(sandbox, collection_id, look_quiet=100) as running:
        task_id = running.submit(["nothing usable"])
        running.tell(task_id, 0, 0)
        outcome = running.importer.finish()
    assert (outcome.status, outcome.confirmed_by, outcome.progress) == ("rejected", "liveapi", Progress(0, 0))
    sandbox.release_imports()


@pytest.mark.fault("The end arrives just as the deadline passes", "It is read before the status is decided; completed")
def test_what_has_arrived_is_read_before_the_verdict(sandbox: Sandbox, collection_id: str) -> None:
    """By the time a server answers a ping, it has sent everything before it."""
    sandbox.hold_imports()
    submitted: list[str] = []

    def late(connection: socket.socket) -> None:
        for opcode, content in frames(connection):
            if opcode == 9:
                for task_id in submitted:
                    attributes = {
                        "task_id": task_id,
                        "imported": 1,
                        "total": 1,
                        "created": 1,
                        "updated": 0,
                        "ignored": 0,
                    }
                    event = {"type": TASK, "attributes": attributes}
                    connection.sendall(frame(1, json.dumps(event).encode()))
                connection.sendall(frame(10, content))

    with HostileWebSocket(late) as server:
        with importing(sandbox, collection_id, seconds=1.0, live_url=server.live_url, look_quiet=100) as running:
            submitted.append(running.submit(["evil.example"]))
            outcome = running.importer.finish()
    assert (outcome.status, outcome.confirmed_by) == ("completed", "liveapi")
    sandbox.release_imports()


# Odd messages


@pytest.mark.parametrize(
    ("fault", "value"),
    [
        ("overcount", 7),
        ("numbers_as_text", True),
        ("live_greeting", False),
        ("import_answer", "numeric_id"),
        *(("created_as", odd) for odd in ("null", "list", "negative", "text")),
    ],
)
@pytest.mark.fault(
    "`imported` is more than `total`, numbers come as text, `created` is null, a list, -1 or “n/a”, the id of a task "
    "is a number, or LiveAPI sends no greeting",
    "Understood; completed",
)
def test_odd_but_clear(sandbox: Sandbox, collection_id: str, fault: str, value: object) -> None:
    """Odd but unambiguous events are understood."""
    setattr(sandbox.faults, fault, value)
    with importing(sandbox, collection_id, look_quiet=100) as running:
        running.submit()
        outcome = running.importer.finish()
    assert (outcome.status, outcome.confirmed_by) == ("completed", "liveapi")


@pytest.mark.fault(
    "Events without attributes, arrays, binary messages, messages that are not JSON, events of 5 MB",
    "Ignored; completed",
)
def test_junk(sandbox: Sandbox, collection_id: str) -> None:
    """Junk that even names the task changes nothing."""
    sandbox.faults.hold_after = 0.5
    sandbox.hold_imports()

    def meanwhile() -> None:
        junk: list[Any] = [
            {"type": TASK, "task_id": task_id},
            {"type": TASK, "attributes": {"task_id": task_id}},
            {"type": TASK, "attributes": {"task_id": task_id, "imported": 1_000, "total": None}},
            {"type": "alert", "attributes": {"task_id": task_id, "imported": 5, "total": 5}},
            f'["{task_id}", 5, 5]',
            f"not json {task_id}",
            b"\x00\xff" + task_id.encode(),
            {"type": "alert", "attributes": {"task_id": task_id, "events": "x" * 5_000_000}},
        ]
        for message in junk:
            sandbox.push(message)
        running.tell(task_id, 501, 1_000)
        sandbox.wait_for(lambda: Progress(501, 1_000) in running.reached)
        sandbox.release_imports()

    with importing(sandbox, collection_id, look_quiet=100) as running:
        task_id = running.submit()
        outcome = finishing(running, meanwhile)
    assert (outcome.status, outcome.confirmed_by) == ("completed", "liveapi")


@pytest.mark.fault("20,000 unrelated events a second", "Ignored; completed")
def test_noise(sandbox: Sandbox, collection_id: str) -> None:
    """The community's events do not hide our own."""
    sandbox.faults.noise_per_second = 20_000
    with importing(sandbox, collection_id, look_quiet=100) as running:
        running.submit()
        outcome = running.importer.finish()
    assert (outcome.status, outcome.confirmed_by) == ("completed", "liveapi")


@pytest.mark.fault(
    "Events of the same shape from another task", "Ignored; the client waits for the end of its own task"
)
def test_events_of_another_task(sandbox: Sandbox, collection_id: str) -> None:
    """The end of another import does not end this one."""
    sandbox.hold_imports()
    with importing(sandbox, collection_id, seconds=1.0, look_quiet=100, look_first=100) as running:
        running.tell("somebody-elses", 5, 5)
        running.submit()
        running.tell("somebody-elses", 5, 5)
        outcome = running.importer.finish()
    assert (outcome.status, outcome.progress) == ("incomplete", Progress())
    sandbox.release_imports()


# REST


each_passing_fault = pytest.mark.parametrize(
    "fault",
    [
        {"status": 429, "headers": {"Retry-After": "0"}},
        {"status": 429, "headers": {"Retry-After": "Wed, 01 Jan 2020 00:00:00 GMT"}},
        {"status": 500},
        {"status": 502, "body": "<html>"},
        {"status": 503},
        {"status": 504},
        {"cut": "before"},
        {"cut": "after"},
        {"truncate": True},
    ],
    ids=str,
)
"""What passes when a call is made again."""


@each_passing_fault
@pytest.mark.fault(
    "Any call is answered with 429 and `Retry-After`, 500, 502, 503 or 504, or its connection is cut",
    "The call is repeated until the deadline; completed",
)
def test_every_call_is_repeated(
    sandbox: Sandbox, platform: Platform, collection_id: str, fault: dict[str, Any]
) -> None:
    """Each kind of call of a file import fails once, and the import completes with every indicator in once."""
    (platform.storage / "iocs.csv").write_text("\n".join(DOMAINS))
    calls = {"GET": "/ioc-collections/[^/]+$", "POST": "/preview$|/process$"}
    sandbox.faults.rest = [
        RestFault(method=method, path=path, **fault) for method, paths in calls.items() for path in paths.split("|")
    ]
    run = platform.run(
        ImportIndicatorsFromFile,
        collection_id=collection_id,
        file_path="iocs.csv",
        mapping="observable",
        ignore_first_line=False,
    )
    assert run.error is None
    assert run.results
    assert run.results["status"] == "completed"
    assert all(rule.times == 0 for rule in sandbox.faults.rest)
    assert_all_in(sandbox, collection_id)


@each_passing_fault
@pytest.mark.fault(
    "The same while indicators are added one by one, searched, updated or revoked, or a collection is deleted",
    "The call is repeated until the deadline; the change is made exactly once",
)
def test_calls_around_an_import_are_repeated(
    sandbox: Sandbox, platform: Platform, collection_id: str, fault: dict[str, Any]
) -> None:
    """Each kind of call fails once, and the requested change is made."""

    def failing(method: str, path: str) -> None:
        assert all(rule.times == 0 for rule in sandbox.faults.rest)
        sandbox.faults.rest = [RestFault(method=method, path=path, **fault)]

    failing("POST", "/indicators$")
    added = platform.run(ImportIndicators, collection_id=collection_id, indicators=["a.example", "b.example"])
    assert added.results and (added.results["status"], added.results["imported"]) == ("completed", 2)
    failing("GET", "/indicators$")
    found = platform.run(SearchIndicators, collection_id=collection_id, term="a.example")
    assert found.results and found.results["count"] == 1
    failing("PUT", "/indicators/")
    updated = platform.run(UpdateIndicators, collection_id=collection_id, text="b.example", description="new")
    assert updated.results and updated.results["updated"] == ["b.example"]
    failing("DELETE", "/indicators/")
    revoked = platform.run(RevokeIndicators, collection_id=collection_id, indicators="a.example")
    assert revoked.results and revoked.results["revoked"] == ["a.example"]
    assert [indicator["revoked"] for indicator in sandbox.indicators(collection_id)] == [True, False]
    failing("DELETE", f"/{collection_id}$")
    deleted = platform.run(DeleteIOCCollection, collection_id=collection_id, confirm_name="Blocklist")
    assert deleted.results and deleted.results["deleted"] is True
    failing("GET", "/ioc-collections$")
    there = platform.run(FindIOCCollection, name="Blocklist")
    assert there.results and there.results["count"] == 0
    assert not any(run.error for run in (added, found, updated, revoked, deleted, there))


@pytest.mark.fault("A call is not answered in time", "The call is repeated until the deadline; completed")
def test_a_read_timeout(sandbox: Sandbox, collection_id: str) -> None:
    """A submission that gets no answer is sent again."""
    sandbox.faults.rest = [RestFault(method="POST", path="/text$", delay=1.0)]
    with importing(sandbox, collection_id, read=0.3) as running:
        running.submit()
        outcome = running.importer.finish()
    assert outcome.status == "completed"
    assert sum(request.path.endswith("/text") for request in sandbox.requests) == 2
    assert_all_in(sandbox, collection_id)


@pytest.mark.fault(
    "The connection is cut after Sekoia accepted the creation of a collection",
    "Exactly one collection exists, and its id is returned",
)
def test_a_creation_that_is_cut(sandbox: Sandbox, platform: Platform) -> None:
    """The collection is looked for before it is created again."""
    sandbox.faults.rest = [RestFault(method="POST", path="/ioc-collections$", cut="after")]
    run = platform.run(CreateIOCCollection, name="Blocklist")
    assert run.results
    again = platform.run(CreateIOCCollection, name="Blocklist", reuse_existing=True)
    assert again.results
    assert again.results["collection_id"] == run.results["collection_id"]
    assert "IOC collections are named" not in again.logs


@pytest.mark.fault(
    "The connection is cut after Sekoia accepted the submission of an import",
    "Every indicator is in exactly once; completed",
)
def test_a_submission_that_is_cut(sandbox: Sandbox, platform: Platform, collection_id: str) -> None:
    """Submitting again updates what is already there."""
    sandbox.faults.rest = [RestFault(method="POST", path="/text$", cut="after")]
    run = platform.run(ImportIndicatorsFromText, collection_id=collection_id, text="\n".join(DOMAINS))
    assert run.error is None
    assert run.results
    assert (run.results["status"], run.results["imported"]) == ("completed", 1_000)
    assert_all_in(sandbox, collection_id)


WAYS: list[tuple[type[SekoiaAction], dict[str, Any]]] = [
    (ImportIndicatorsFromText, {"indicators": DOMAINS[:20]}),
    (ImportIndicators, {"indicators": DOMAINS[:20]}),
    (ImportIndicatorsFromFile, {"file_path": "iocs.csv"}),
    (SynchronizeCollection, {"indicators": DOMAINS[:20]}),
]
"""Each way to submit indicators: a text, a list in JSON, a file, and a feed."""


def submitting(platform: Platform, collection_id: str, action: type[SekoiaAction], **arguments: Any) -> Run:
    """Run an import that meets a fault at each submission."""
    (platform.storage / "iocs.csv").write_text("\n".join(["domain", *DOMAINS[:20]]))
    return platform.run(action, collection_id=collection_id, timeout=10, **arguments)


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("fault", [{"cut": "after"}, {"status": 502, "handled": True}, {"delay": 0.5}], ids=str)
@pytest.mark.parametrize(("action", "arguments"), WAYS, ids=lambda each: getattr(each, "__name__", ""))
@pytest.mark.fault(
    "A submission never gets an answer, however often it is repeated: the connection is cut, the answer is 502, or "
    "none comes in time",
    "A warning; the collection is watched while the submission is sent again; completed once everything is in",
)
def test_a_submission_that_is_never_answered(
    sandbox: Sandbox,
    platform: Platform,
    collection_id: str,
    action: type[SekoiaAction],
    arguments: dict[str, Any],
    fault: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Sekoia accepts it each time: the proof is the collection in the requested state."""
    monkeypatch.setattr(SekoiaItem, "patience", Patience.none().but(read=0.2))
    sandbox.faults.rest = [RestFault(method="POST", path="/(text|indicators|process)$", times=None, **fault)]
    run = submitting(platform, collection_id, action, **arguments)
    assert run.error is None
    assert run.results
    assert (run.results["status"], run.results["missing_count"]) == ("completed", 0)
    assert "as confirmed by the REST API" in run.logs
    assert "Sekoia may have accepted what was sent" in run.logs
    assert len(sandbox.indicators(collection_id)) == 20


@pytest.mark.usefixtures("hasty")
@pytest.mark.fault(
    "The same, but none of it arrives",
    "`incomplete` at the deadline; the error says what is missing, and why there was no answer",
)
def test_a_submission_that_never_arrives(sandbox: Sandbox, platform: Platform, collection_id: str) -> None:
    """It is repeated until the deadline, between looks at the collection."""
    sandbox.faults.rest = [RestFault(method="POST", path="/(text|indicators|process)$", status=502, times=None)]
    run = submitting(platform, collection_id, ImportIndicators, indicators=DOMAINS[:20])
    assert run.results
    assert (run.results["status"], run.results["missing_count"]) == ("incomplete", 20)
    assert run.error and "Sekoia could not answer (HTTP 502)" in run.error
    assert sum(request.method == "POST" and request.status == 502 for request in sandbox.requests) > 6


@pytest.mark.parametrize(("action", "arguments"), WAYS, ids=lambda each: getattr(each, "__name__", ""))
@pytest.mark.fault(
    "The same, until long after the first look at the collection",
    "The submission is sent again between looks; completed",
)
def test_a_submission_that_is_answered_late(
    sandbox: Sandbox, platform: Platform, collection_id: str, action: type[SekoiaAction], arguments: dict[str, Any]
) -> None:
    """A submission that is answered late is followed by its task, as if it had been answered immediately."""
    sandbox.faults.rest = [RestFault(method="POST", path="/(text|indicators|process)$", status=503, times=6)]
    run = submitting(platform, collection_id, action, **arguments)
    assert run.error is None
    assert run.results
    assert (run.results["status"], run.results["missing_count"]) == ("completed", 0)
    assert len(sandbox.indicators(collection_id)) == 20


@pytest.mark.fault("A file is gone by the time its unanswered import is repeated", "The same; completed")
def test_a_file_that_was_taken_already(sandbox: Sandbox, platform: Platform, collection_id: str) -> None:
    """A missing upload may just mean that its import has begun."""
    sandbox.faults.rest = [
        RestFault(method="POST", path="/process$", cut="after"),
        RestFault(method="POST", path="/process$", status=404, times=None),
    ]
    run = submitting(platform, collection_id, ImportIndicatorsFromFile, file_path="iocs.csv")
    assert run.error is None
    assert run.results and run.results["status"] == "completed"
    assert sum(request.path.endswith("/process") for request in sandbox.requests) == 2


# The process


@contextmanager
def started(
    sandbox: Sandbox, storage: Path, action: str, collection_id: str, **arguments: object
) -> Iterator[tuple[subprocess.Popen[str], NodeRun]]:
    """An action in a process of its own."""
    node_run = sandbox.node_run({"api_key": sandbox.api_key})
    environment = {
        "MODULE_CONFIGURATION": json.dumps({"base_url": sandbox.url}),
        "ARGUMENTS": json.dumps({"collection_id": collection_id, **arguments}),
        "TOKEN": node_run.token,
        "URL_CALLBACK": node_run.url,
        "SUB_FOLDER": str(storage),
    }
    with subprocess.Popen(
        [sys.executable, "main.py", action],
        cwd=ROOT,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        yield process, node_run


@pytest.mark.fault(
    "SIGTERM while waiting", "The node ends with an error that says how far the import got; nothing is left open"
)
def test_sigterm(sandbox: Sandbox, collection_id: str, tmp_path: Path) -> None:
    """The process reports what it knows and ends."""
    sandbox.faults.hold_after = 0.5
    sandbox.hold_imports()
    (tmp_path / "iocs.txt").write_text("\n".join(DOMAINS))
    with started(sandbox, tmp_path, "ImportIndicatorsFromText", collection_id, text_path="iocs.txt") as (
        process,
        node_run,
    ):
        assert process.stdout
        seen = iter(process.stdout)
        assert any("Imported 500 of 1,000" in line for line in seen)
        process.send_signal(signal.SIGTERM)
        assert node_run.finished.wait(5)
        rest = "".join(seen)
        assert process.wait(5) == 0, rest
    told = node_run.received[-1]
    assert told["error"] == (
        "The import could not be followed to its end: Sekoia has imported 500 of 1,000 indicators so far; what was "
        "submitted may still be imported by Sekoia, so check the collection before running the action again. The "
        "run was stopped before it was finished: run it again."
    )
    assert told["results"]["status"] == "incomplete"
    assert sandbox.live_connections == 0
    sandbox.release_imports()


@pytest.mark.fault(
    "SIGTERM between two submissions",
    "The node ends with an error that says what was submitted; nothing is waited for",
)
def test_sigterm_between_submissions(sandbox: Sandbox, collection_id: str, tmp_path: Path) -> None:
    """If one part was submitted and another was not, the process does not wait for the end of the first."""
    sandbox.faults.indicators_as_task = True
    sandbox.hold_imports()
    sandbox.faults.rest = [
        RestFault(method="POST", path="/indicators$"),  # the first passes
        RestFault(method="POST", path="/indicators$", status=429, headers={"Retry-After": "300"}),
    ]
    with started(sandbox, tmp_path, "ImportIndicators", collection_id, indicators=DOMAINS[:200]) as (
        process,
        node_run,
    ):
        sandbox.wait_for(lambda: not any(fault.times for fault in sandbox.faults.rest), 20)
        process.send_signal(signal.SIGTERM)
        assert node_run.finished.wait(5)
        assert process.wait(5) == 0
    told = node_run.received[-1]
    assert told["error"].startswith("The import could not be followed to its end: ")
    assert {missing["reason"] for missing in told["results"]["missing"]} == {"it was not submitted"}
    assert told["error"].endswith(" The run was stopped before it was finished: run it again.")
    assert (told["results"]["status"], told["results"]["submitted"]) == ("incomplete", 100)
    sandbox.release_imports()


@pytest.mark.fault("The playbook callback fails for a while", "The SDK repeats the call; the result is reported")
def test_a_callback_that_fails(
    sandbox: Sandbox, platform: Platform, collection_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run adds nothing to this: the SDK's own repetition is enough."""
    monkeypatch.setattr(ImportIndicatorsFromText, "_wait_exponent_base", 0)  # the SDK's wait between repetitions
    sandbox.faults.callback = [RestFault(status=503, times=2)]
    run = platform.run(ImportIndicatorsFromText, collection_id=collection_id, text="evil.example")
    assert run.error is None
    assert run.results and run.results["status"] == "completed"


def test_the_table_in_the_documentation_is_this_one() -> None:
    """``docs/reliability.md`` holds the table that these tests make: ``make docs`` renews it."""
    assert table() in (ROOT / "docs" / "reliability.md").read_text()


def test_nothing_is_left_running() -> None:
    """No thread of a LiveAPI survives its import."""
    assert not [thread for thread in threading.enumerate() if thread.name == "liveapi"]
