"""The process of a run: requests to stop, standard output, and its end."""

from __future__ import annotations

import io
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TextIO

import pytest

from sekoia_cti.platform import process

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@pytest.fixture
def _own(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A process that was not asked to stop yet."""
    monkeypatch.setattr(process, "_STOP", process._StopRequest())
    before = [signal.getsignal(number) for number in SIGNALS]
    process.own()
    yield
    for number, handler in zip(SIGNALS, before, strict=True):
        signal.signal(number, handler)


@pytest.mark.usefixtures("_own")
@pytest.mark.parametrize("number", SIGNALS)
def test_a_request_to_stop_is_told_once(number: signal.Signals) -> None:
    """Whoever waits is told about the first, and of no further ones."""
    told: list[str] = []
    with process.stop_requested(lambda: told.append("stop")):
        signal.raise_signal(number)
        signal.raise_signal(number)
        assert told == ["stop"]
    signal.raise_signal(number)
    assert told == ["stop"]


@pytest.mark.usefixtures("_own")
def test_a_request_to_stop_is_kept_for_who_waits_later() -> None:
    """A process that was told to stop while it was starting knows it when the work begins."""
    signal.raise_signal(signal.SIGTERM)
    told: list[str] = []
    with process.stop_requested(lambda: told.append("stop")):
        assert told == ["stop"]


@pytest.mark.usefixtures("_own")
def test_another_thread_hears_of_no_signals() -> None:
    """On Fission, runs are in threads of a process that is not theirs."""
    told: list[str] = []

    def wait() -> None:
        with process.stop_requested(lambda: told.append("stop")):
            pass

    signal.raise_signal(signal.SIGTERM)
    thread = threading.Thread(target=wait)
    thread.start()
    thread.join(10)
    assert told == []


@pytest.fixture
def output(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], tuple[TextIO, int]]]:
    """Makes standard output a pipe in an encoding, and gives it with the pipe's other end."""
    opened: list[int | TextIO] = []

    def pipe(encoding: str) -> tuple[TextIO, int]:
        reading, writing = os.pipe()
        stream = io.TextIOWrapper(os.fdopen(writing, "wb"), encoding=encoding)
        opened.extend((reading, stream))
        monkeypatch.setattr(sys, "stdout", stream)
        return stream, reading

    yield pipe
    for each in opened:
        with suppress(OSError):
            os.close(each) if isinstance(each, int) else each.close()


@pytest.mark.fault("Standard output is in ASCII", "Characters that ASCII lacks are escaped")
def test_what_the_encoding_lacks_is_escaped(output: Callable[[str], tuple[TextIO, int]]) -> None:
    """A console in ASCII gets the message too."""
    _, reading = output("ascii")
    process.say("Created “Größe”")
    assert os.read(reading, 100) == b"Created \\u201cGr\\xf6\\xdfe\\u201d\n"


def test_a_long_line_is_cut(output: Callable[[str], tuple[TextIO, int]]) -> None:
    """What a pipe takes without making the writer wait is said, and no half of a letter."""
    _, reading = output("utf-8")
    process.say("ä" * 10_000)
    assert os.read(reading, 10_000).decode() == "ä" * (process.LINE // 2) + "\n"


def test_a_pipe_that_nobody_reads_makes_nobody_wait(
    output: Callable[[str], tuple[TextIO, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What does not fit is not said."""
    monkeypatch.setattr(process, "PATIENCE", 0.01)
    stream, reading = output("utf-8")
    os.set_blocking(stream.fileno(), False)
    with suppress(BlockingIOError):
        while True:
            os.write(stream.fileno(), b"x" * 4_096)
    os.set_blocking(stream.fileno(), True)
    process.say("too much")
    os.set_blocking(reading, False)
    with suppress(BlockingIOError):
        while piece := os.read(reading, 65_536):
            assert set(piece) == {ord("x")}


@pytest.mark.fault(
    "Standard output is closed, by the module itself or by the reader", "Nothing is printed, and the run continues"
)
def test_output_that_is_gone(output: Callable[[str], tuple[TextIO, int]], monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody listens, the stream is closed, or there never was one."""
    stream, reading = output("utf-8")
    os.close(reading)
    process.say("to nobody")
    with suppress(BrokenPipeError):
        stream.close()
    process.say("to nobody")
    monkeypatch.setattr(sys, "stdout", None)
    process.say("to nobody")


@pytest.fixture
def codes(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """With which codes the process ended at once."""
    codes: list[int] = []
    monkeypatch.setattr(os, "_exit", codes.append)
    return codes


@pytest.mark.parametrize(("run", "code"), [(lambda: None, 0), (lambda: 1 / 0, 1)])
def test_a_process_with_a_thread_that_hangs_ends_at_once(
    codes: list[int], capsys: pytest.CaptureFixture[str], run: Callable[[], object], code: int
) -> None:
    """Python would wait for it, or fall over it; what went wrong is told anyway."""
    over = threading.Event()
    thread = threading.Thread(target=over.wait)
    thread.start()
    try:
        process.end_with(run)
    finally:
        over.set()
        thread.join(10)
    assert codes == [code]
    assert ("ZeroDivisionError" in capsys.readouterr().err) == bool(code)


@pytest.fixture
def _alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """The process has no other thread."""
    monkeypatch.setattr(threading, "active_count", lambda: 1)


@pytest.mark.usefixtures("_alone")
def test_a_process_that_is_done_ends_as_any_other(codes: list[int]) -> None:
    """What went wrong is in its code."""
    process.end_with(lambda: None)
    with pytest.raises(SystemExit) as caught:
        process.end_with(lambda: 1 / 0)
    assert caught.value.code == 1
    assert codes == []


@pytest.mark.usefixtures("_alone")
def test_a_run_that_could_not_be_reported_says_why(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One sentence on standard error, if there is one, and a code that says so."""

    def run() -> None:
        raise process.Unreported("Nobody took it.")

    with pytest.raises(SystemExit):
        process.end_with(run)
    assert capsys.readouterr().err == "Nobody took it.\n"
    monkeypatch.setattr(sys, "stderr", None)
    with pytest.raises(SystemExit):
        process.end_with(run)


@pytest.mark.usefixtures("_alone")
def test_a_process_whose_output_cannot_be_flushed_ends_at_once(
    codes: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Python would fail at it."""
    with suppress(OSError), Path("/dev/full").open("w") as full:
        full.write("x")
        monkeypatch.setattr(sys, "stdout", full)
        process.end_with(lambda: None)
    assert codes == [0]
