"""Work that hangs is abandoned: a separate process reports and ends, and on Fission, the request is answered."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import pytest

from sandbox import RestFault, Sandbox
from sandbox.sekoia.callback import NodeRun
from sekoia_cti.actions.common.arguments import Arguments, Timeout
from sekoia_cti.actions.find_ioc_collection import FindIOCCollection
from sekoia_cti.client.errors import DeadlinePassed, Interrupted, SekoiaError
from sekoia_cti.client.rest.endpoints import RestClient
from sekoia_cti.client.waiting import Deadline, Patience
from sekoia_cti.platform import sekoia_item, watchdog
from sekoia_cti.platform.account import SekoiaAccountValidator
from sekoia_cti.platform.action import SekoiaAction
from sekoia_cti.platform.forms import ResultsForm
from sekoia_cti.platform.module import SekoiaCTIModule
from sekoia_cti.platform.process import Unreported
from sekoia_cti.platform.watchdog import Hung, LeftBehind, watched
from tests.conftest import ROOT, Platform
from tests.hostile import Hostile, PingFlood, Script, answer, trickle

AFTER_DEADLINE = watchdog.AFTER_DEADLINE
"""Before tests make it shorter."""

HEADERS = trickle(b"HTTP/1.1 200 OK\r\nX: ", b"a")
"""An answer whose headers never end, each letter in time for a read timeout."""


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever hangs is left behind at once."""
    monkeypatch.setattr(watchdog, "AFTER_DEADLINE", 0.1)


@pytest.fixture
def never() -> Iterator[threading.Event]:
    """Something to wait for that comes when the test is over."""
    event = threading.Event()
    yield event
    event.set()


def test_what_work_returns_and_raises_is_handed_over() -> None:
    """Results and errors of any kind come out where the work is waited for."""
    assert watched(lambda: 5, Deadline(10)) == 5
    assert watched(lambda: None, Deadline(10)) is None
    for error in (ValueError("v"), SystemExit(3)):

        def fail(error: BaseException = error) -> None:
            raise error

        with pytest.raises(type(error)) as caught:
            watched(fail, Deadline(10))
        assert caught.value is error


def test_work_that_hangs_is_left_behind(never: threading.Event) -> None:
    """Nobody waits for it longer than its deadline, and no end of the process will."""
    with pytest.raises(LeftBehind) as caught:
        watched(never.wait, Deadline(0.05))
    assert caught.value.thread.is_alive()
    assert caught.value.thread.daemon
    assert isinstance(caught.value.why, Hung)


def test_a_node_reports_by_five_seconds_after_its_deadline() -> None:
    """What minds the deadline reads what has arrived and closes its connection within them as well."""
    assert AFTER_DEADLINE <= 5


def test_an_interrupted_deadline_ends_what_waits() -> None:
    """A pause, a check, and whoever has to be woken learn of it."""
    deadline, woken = Deadline(60), threading.Event()
    deadline.when_interrupted(woken.set)
    pausing = threading.Thread(target=pytest.raises, args=(Interrupted, deadline.pause, 60))
    pausing.start()
    deadline.interrupt()
    pausing.join(10)
    assert not pausing.is_alive()
    assert woken.is_set()
    with pytest.raises(Interrupted):
        deadline.check("waiting")


class Counting(Arguments):
    """Arguments of an action that takes its time."""

    timeout: Timeout = 900


class Counted(ResultsForm):
    """Its results."""

    count: int


class Hanging(SekoiaAction):
    """An action that hangs after it has counted to two, and goes on when everybody has gone."""

    name = "Hanging"
    results_model = Counted
    hang: ClassVar[Callable[[], object]]
    ended: ClassVar[threading.Event]

    def run(self, arguments: Counting) -> Counted:  # noqa: ARG002  # the base's signature
        """Hang."""
        self.tell("counted to two")
        try:
            type(self).hang()
            self.tell("said too late")
            self.error("failed too late")
            self.set_output("too_late")
            return Counted(count=3)
        finally:
            self.ended.set()

    def leave(self, why: SekoiaError) -> Counted:
        """Two."""
        super().leave(why)
        return Counted(count=2)


class Patient(Hanging):
    """The same without an argument for it."""

    seconds: ClassVar[float] = 0.05

    def run(self, arguments: Arguments) -> Counted:
        """Hang."""
        return super().run(arguments)  # type: ignore[arg-type]  # it needs none


def test_an_action_reports_without_what_hangs(platform: Platform, never: threading.Event) -> None:
    """The node has an error and what was done so far; what the work still says is told to nobody."""
    Hanging.hang, Hanging.ended = never.wait, threading.Event()
    run = platform.run(Patient)
    assert run.error == (
        "The timeout of 0 seconds passed because something hangs: check the name servers, the network and "
        "the proxy, then run it again."
    )
    assert run.results == {"count": 2}
    assert "counted to two" in run.logs
    never.set()
    assert Hanging.ended.wait(10)


def test_what_is_left_behind_changes_nothing_any_more(
    platform: Platform, never: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Work that goes on while the report is sent does not get into it."""
    Hanging.hang, Hanging.ended = never.wait, threading.Event()

    def go_on(self: Hanging, why: SekoiaError) -> None:
        never.set()
        assert self.ended.wait(10)
        self.error(str(why))

    monkeypatch.setattr(Hanging, "leave", go_on)
    run = platform.run(Patient)
    assert run.error and "something hangs" in run.error
    assert "too late" not in run.logs
    assert run.outputs == {}


@pytest.mark.parametrize(
    ("timeout", "seconds"),
    [(None, 900), ("60", 60), (5, 10), (1e9, 86_400), ("soon", 900), ([], 900), (10**30, 86_400)],
)
def test_the_argument_is_the_deadline(timeout: object, seconds: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """It counts from the start, whatever is wrong with it, which is told later."""
    monkeypatch.setenv("ARGUMENTS", json.dumps({"timeout": timeout}))
    assert Hanging(data_path=Path()).deadline.seconds == seconds


@pytest.mark.parametrize("script", [HEADERS, trickle(b"", b"HTTP/1.1 100 Continue\r\n\r\n")])
def test_an_account_is_judged_although_something_hangs(
    sandbox: Sandbox, platform: Platform, monkeypatch: pytest.MonkeyPatch, script: Script
) -> None:
    """Headers that trickle in keep every timeout, and not the test of the account."""
    monkeypatch.setattr(SekoiaAccountValidator, "seconds", 0.2)
    node_run = sandbox.node_run(platform.secrets)
    with Hostile(script) as server:
        monkeypatch.setenv("MODULE_CONFIGURATION", json.dumps({"base_url": server.url}))
        monkeypatch.setenv("TOKEN", node_run.token)
        monkeypatch.setenv("URL_CALLBACK", node_run.url)
        SekoiaAccountValidator(SekoiaCTIModule()).execute()
    assert node_run.received[-1] == {"status": "finished", "results": {"success": False}, "error": str(Hung(0.4))}


def test_an_account_that_breaks_the_test_is_reported(
    sandbox: Sandbox, platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An unexpected error is still reported."""

    class Broken(SekoiaAccountValidator):
        def _rest(self) -> str | None:
            raise ZeroDivisionError

    node_run = sandbox.node_run(platform.secrets)
    monkeypatch.setenv("MODULE_CONFIGURATION", json.dumps(platform.module_configuration))
    monkeypatch.setenv("TOKEN", node_run.token)
    monkeypatch.setenv("URL_CALLBACK", node_run.url)
    Broken(SekoiaCTIModule()).execute()
    assert node_run.received[-1]["error"] == "The account could not be tested (ZeroDivisionError): test it again."


@pytest.mark.fault(
    "The answer of the playbook callback trickles in and never ends",
    "The process ends within a minute, with one sentence that says so; the action's timeout is not waited for",
)
def test_a_platform_whose_answer_never_ends(
    sandbox: Sandbox, platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the secrets nor the answer to the report are waited for longer than one call may take."""
    monkeypatch.setattr(sekoia_item, "ATTEMPT", 0.2)
    monkeypatch.setattr(sekoia_item, "UNANSWERED", 0.2)
    monkeypatch.setenv("MODULE_CONFIGURATION", json.dumps(platform.module_configuration))
    monkeypatch.setenv("ARGUMENTS", json.dumps({"name": "Blocklist"}))
    monkeypatch.setenv("TOKEN", "token")
    with Hostile(HEADERS) as callback:
        monkeypatch.setenv("URL_CALLBACK", callback.url)
        with pytest.raises(Unreported, match="did not accept the report of the run in time"):
            FindIOCCollection(SekoiaCTIModule(), Path()).execute()
        assert len(callback.requests) == 2
    assert b"The platform did not provide the API key in time: run the action again." in callback.requests[1]


def test_a_report_whose_answer_never_ends(
    sandbox: Sandbox, platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The platform answered before and failed once, so the report is repeated; that call ends in time as well."""
    monkeypatch.setattr(sekoia_item, "ATTEMPT", 1.5)
    monkeypatch.setattr(sekoia_item, "REPEATED", 0.2)
    monkeypatch.setattr(FindIOCCollection, "_wait_exponent_base", 0)  # the SDK's wait between repetitions
    monkeypatch.setenv("MODULE_CONFIGURATION", json.dumps(platform.module_configuration))
    monkeypatch.setenv("ARGUMENTS", json.dumps({"name": "Blocklist"}))
    monkeypatch.setenv("TOKEN", "token")
    secrets = {"module_configuration": {"value": platform.secrets}}
    with Hostile(answer(200, secrets), answer(503), HEADERS) as callback:
        monkeypatch.setenv("URL_CALLBACK", callback.url)
        with pytest.raises(Unreported, match="did not accept the report of the run in time"):
            FindIOCCollection(SekoiaCTIModule(), Path()).execute()
        assert len(callback.requests) == 3


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@contextmanager
def _trickling(script: Script, _monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    with Hostile(script) as server:
        yield server.url


@contextmanager
def _resolved(find: Callable[[], list[Any]], monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The URL of a host whose addresses are found in a way of its own."""
    look_up = socket.getaddrinfo

    def getaddrinfo(host: Any, *others: Any, **options: Any) -> Any:
        return find() if host == "sekoia.test" else look_up(host, *others, **options)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    yield "http://sekoia.test"


@contextmanager
def _dead_addresses(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Eight addresses at which nobody answers: a queue of connections that is full drops all that come."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full, socket.create_connection(full.getsockname()):
        address = (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", full.getsockname())
        with _resolved(lambda: [address] * 8, monkeypatch) as url:
            yield url


@contextmanager
def _slow_names(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A name server that says nothing until the test is over."""
    over = threading.Event()

    def find() -> list[Any]:
        over.wait(45)
        return []

    with _resolved(find, monkeypatch) as url:
        yield url
        over.set()


HANGS: dict[str, Callable[[pytest.MonkeyPatch], AbstractContextManager[str]]] = {
    "headers": partial(_trickling, HEADERS),
    "100 Continue": partial(_trickling, trickle(b"", b"HTTP/1.1 100 Continue\r\n\r\n")),
    "size of a chunk": partial(_trickling, trickle(CHUNKED, b"0")),
    "extension of a chunk": partial(_trickling, trickle(CHUNKED + b"1;", b"x")),
    "trailers": partial(_trickling, trickle(CHUNKED + b"0\r\nX: ", b"x")),
    "dead addresses": _dead_addresses,
    "name server": _slow_names,
}


@pytest.mark.parametrize("what", HANGS)
@pytest.mark.fault(
    "Headers, `100 Continue` or the chunks of an answer trickle in, eight addresses are dead, or a name server hangs",
    "The node reports shortly after the deadline",
)
def test_whatever_hangs_is_left_behind(monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    """Work that never triggers a timeout and never ends is not waited for beyond the deadline."""
    deadline = Deadline(0.3)
    with HANGS[what](monkeypatch) as url:
        rest = RestClient(f"{url}/v2/inthreat", "key", deadline=deadline, patience=Patience.none())
        with rest, pytest.raises((LeftBehind, DeadlinePassed)):
            watched(lambda: list(rest.collections()), deadline)


@contextmanager
def process(
    sandbox: Sandbox,
    command: str,
    arguments: object,
    *,
    base_url: str | None = None,
    live_url: str | None = None,
    before: str = "",
    **options: Any,
) -> Iterator[tuple[subprocess.Popen[str], NodeRun]]:
    """An action in a process of its own, with code that is run before ``main.py``."""
    code = f"{before}import runpy, sys; sys.argv = sys.argv[1:]; runpy.run_path('main.py', run_name='__main__')"
    parameters = [*(["-c", code] if before else []), "main.py", command]
    node_run = sandbox.node_run({"api_key": sandbox.api_key})
    environment = {
        "MODULE_CONFIGURATION": json.dumps({"base_url": base_url or sandbox.url, "liveapi_url": live_url}),
        "ARGUMENTS": json.dumps(arguments),
        "TOKEN": node_run.token,
        "URL_CALLBACK": node_run.url,
    }
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, **options}
    environment = {**os.environ, **environment, **options.pop("env", {})}
    with subprocess.Popen([sys.executable, *parameters], cwd=ROOT, env=environment, **options) as running:
        try:
            yield running, node_run
        finally:
            running.kill()


def test_a_process_ends_although_something_hangs(sandbox: Sandbox) -> None:
    """After the report nothing is waited for, and nothing is said of what was left behind."""
    soon = "from sekoia_cti.platform import watchdog; watchdog.AFTER_DEADLINE = 0.2\n"
    soon += "from sekoia_cti.platform.sekoia_item import SekoiaItem; SekoiaItem.seconds = 1.0\n"
    with (
        Hostile(HEADERS) as server,
        process(sandbox, "FindIOCCollection", {"name": "x"}, base_url=server.url, before=soon) as (running, node_run),
    ):
        assert node_run.finished.wait(30)
        assert running.wait(10) == 0
        assert running.stderr and "Fatal" not in running.stderr.read()
    assert node_run.received[-1]["error"] == str(Hung(1.0))


@pytest.mark.fault("SIGINT or SIGTERM before the action starts", "The node ends with an error that says so")
def test_a_stop_before_the_action_began(sandbox: Sandbox) -> None:
    """The platform hears of it although the process was told to stop while it was starting."""
    early = (
        "from sekoia_cti.platform import process; own = process.own\n"
        f"process.own = lambda: (own(), __import__('os').kill(__import__('os').getpid(), {int(signal.SIGINT)}))\n"
    )
    with process(sandbox, "FindIOCCollection", {"name": "Blocklist"}, before=early) as (running, node_run):
        assert node_run.finished.wait(30)
        assert running.wait(10) == 0
    assert node_run.received[-1]["error"] == "The run was stopped before it was finished: run it again."
    assert not sandbox.requests


@pytest.mark.fault(
    "SIGINT or SIGTERM while something hangs", "The node ends with an error; whatever hangs is abandoned"
)
def test_a_stop_while_something_hangs(sandbox: Sandbox) -> None:
    """Work that ignores the request is abandoned."""
    with Hostile(HEADERS) as server:
        soon = "from sekoia_cti.platform import watchdog; watchdog.AFTER_STOP = 0.2\n"
        with process(sandbox, "FindIOCCollection", {"name": "x"}, base_url=server.url, before=soon) as (
            running,
            node_run,
        ):
            sandbox.wait_for(lambda: bool(server.requests), 30)
            running.send_signal(signal.SIGTERM)
            assert node_run.finished.wait(10)
            assert running.wait(10) == 0
    assert node_run.received[-1]["error"] == "The run was stopped before it was finished: run it again."


@pytest.mark.fault(
    "Nobody answers the playbook callback",
    "The process ends within a minute, or within seconds of SIGTERM, with one sentence that says why",
)
def test_a_stop_while_the_platform_does_not_answer(sandbox: Sandbox) -> None:
    """Neither the request for the key nor the report keeps the process from ending, and nothing else is said."""
    soon = (
        "from sekoia_cti.platform import sekoia_item, watchdog; sekoia_item.UNANSWERED = watchdog.AFTER_STOP = 0.2\n"
    )
    with (
        Hostile(HEADERS) as callback,
        process(sandbox, "FindIOCCollection", {"name": "x"}, before=soon, env={"URL_CALLBACK": callback.url}) as (
            running,
            _,
        ),
    ):
        sandbox.wait_for(lambda: bool(callback.requests), 30)
        running.send_signal(signal.SIGTERM)
        assert running.wait(10) == 1
        assert running.stderr
        assert running.stderr.read() == (
            "The platform did not accept the report of the run in time: check url_callback and the network, and run "
            "the action again.\n"
        )


@pytest.mark.fault(
    "SIGINT or SIGTERM during the report", "The report is sent, unless that takes more than a few seconds"
)
def test_a_stop_during_the_report(sandbox: Sandbox) -> None:
    """The report is repeated as if no signal had come."""
    sandbox.faults.callback = [
        RestFault(status=200, body={"module_configuration": {"value": {"api_key": sandbox.api_key}}}),
        RestFault(status=503),
    ]
    soon = (
        "from sekoia_cti.platform import watchdog; watchdog.AFTER_STOP = 0.0\n"
        "from sekoia_cti.platform.sekoia_item import SekoiaItem; SekoiaItem._wait_exponent_base = 1\n"  # of the SDK's wait
    )
    with process(sandbox, "FindIOCCollection", {"name": "x"}, before=soon) as (running, node_run):
        sandbox.wait_for(lambda: not any(fault.times for fault in sandbox.faults.callback), 30)
        running.send_signal(signal.SIGINT)
        running.send_signal(signal.SIGINT)
        assert node_run.finished.wait(10)
        assert running.wait(10) == 0
    assert "error" not in node_run.received[-1]
    assert node_run.received[-1]["results"]["count"] == 0


def _full(stack: ExitStack) -> dict[str, Any]:
    return {"stdout": stack.enter_context(Path("/dev/full").open("wb", buffering=0))}


def _pipe(stack: ExitStack) -> tuple[int, int]:
    ends = os.pipe()
    for end in ends:
        stack.callback(os.close, end)
    return ends


def _stuffed(stack: ExitStack) -> dict[str, Any]:
    _, output = _pipe(stack)
    os.set_blocking(output, False)
    with suppress(BlockingIOError):
        while True:
            os.write(output, b"x" * 4_096)
    os.set_blocking(output, True)
    return {"stdout": output}


OUTPUTS: dict[str, Callable[[ExitStack], dict[str, Any]]] = {
    "full": _full,
    "stuffed": _stuffed,  # a pipe that nobody reads
    "gone": lambda _: {"preexec_fn": lambda: os.close(1), "stdout": None},
    "errors full": lambda stack: {"stderr": _full(stack)["stdout"]},
    "errors gone": lambda _: {"preexec_fn": lambda: os.close(2), "stderr": None},
}


@pytest.mark.parametrize("output", OUTPUTS)
@pytest.mark.fault(
    "Standard output or standard error is full, missing, or a pipe that nobody reads",
    "The node reports; the playbook's log is complete",
)
def test_output_that_nobody_takes(sandbox: Sandbox, output: str) -> None:
    """The report does not depend on standard output."""
    with (
        ExitStack() as stack,
        process(sandbox, "CreateIOCCollection", {"name": "Größe"}, **OUTPUTS[output](stack)) as (running, node_run),
    ):
        assert node_run.finished.wait(30)
        assert running.wait(10) == 0
    assert "error" not in node_run.received[-1]
    assert "Created the IOC collection “Größe”" in node_run.received[-1]["logs"]


SOON = """
from sekoia_cti.client.waiting import Deadline
from sekoia_cti.platform import watchdog
from sekoia_cti.platform.action import SekoiaAction
watchdog.AFTER_DEADLINE = 1.0
SekoiaAction.deadline = property(lambda self: self.__dict__.setdefault("soon", Deadline(3.0)))
"""


@pytest.mark.fault(
    "The process is paused (SIGSTOP) past its deadline, and the final event arrives meanwhile",
    "What is in the socket is read before the status is decided; completed",
)
def test_a_process_that_was_stopped_over_its_deadline(sandbox: Sandbox, collection_id: str) -> None:
    """The deadline ends waiting, and not the reading of what has come in time."""
    sandbox.faults.hold_after = 0.5
    sandbox.hold_imports()
    text = "\n".join(f"d{number}.example" for number in range(100))
    arguments = {"collection_id": collection_id, "text": text}
    with process(sandbox, "ImportIndicatorsFromText", arguments, before=SOON) as (running, node_run):
        assert running.stdout
        seen = iter(running.stdout)
        assert any("Imported 50 of 100" in line for line in seen)
        running.send_signal(signal.SIGSTOP)
        over = threading.Timer(4.5, running.send_signal, (signal.SIGCONT,))
        over.start()
        sandbox.release_imports()
        assert node_run.finished.wait(10)
        over.join()
    assert "error" not in node_run.received[-1]
    assert node_run.received[-1]["results"]["status"] == "completed"
    assert node_run.received[-1]["results"]["confirmed_by"] == "liveapi"


@pytest.mark.fault("LiveAPI sends endless pings, and reads none of the pongs", "Completed; the process ends")
def test_a_flood_of_pings(sandbox: Sandbox, collection_id: str) -> None:
    """Neither a thread that answers pings, nor the end of the connection, keeps the process."""
    impatient = (
        "from sekoia_cti.platform.sekoia_item import SekoiaItem; from sekoia_cti.client.waiting import Patience; "
        "SekoiaItem.patience = Patience.none().but(look_quiet=0.5)\n"
    )
    arguments = {"collection_id": collection_id, "text": "evil.example"}
    sandbox.hold_imports()
    with PingFlood() as live:
        with process(sandbox, "ImportIndicatorsFromText", arguments, live_url=live.live_url, before=impatient) as (
            running,
            node_run,
        ):
            assert live.stuck.wait(30)
            sandbox.release_imports()
            assert node_run.finished.wait(20)
            assert running.wait(10) == 0
            assert running.stderr and running.stderr.read() == ""
    assert node_run.received[-1]["results"]["status"] == "completed"
    assert node_run.received[-1]["results"]["confirmed_by"] == "api"
