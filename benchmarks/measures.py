"""What is measured, and how: both sides take turns, each run is a fresh process, and medians count."""

from __future__ import annotations

import hashlib
import io
import itertools
import json
import os
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from typing import Literal, TypeVar

import requests

from benchmarks import child
from benchmarks.child import Used
from benchmarks.collection import domain, pages
from benchmarks.server import API_KEY, COLLECTION_ID, Server
from sekoia_cti.client.importing.expected import Expected
from sekoia_cti.client.wire import Context

__all__ = ["FULL", "MEASURES", "QUICK", "Row", "Scale", "be_alone"]

T = TypeVar("T")

ROOT = Path(__file__).parent.parent

MEGABYTE = 1_000_000

PATIENCE = 300.0
"""Seconds that a run can take."""

FOREIGN = {"FILE_BACKEND", "SENTRY_DSN", "SYMPHONY_RUNTIME", "PYTHONDONTWRITEBYTECODE"}
"""Variables that would lead the SDK elsewhere, or have the code compiled in each run, which the image is spared."""


@dataclass(frozen=True)
class Scale:
    """How much is measured.

    Attributes:
        file_size: Bytes of the file that is uploaded.
        lines: Numbers of lines that are imported, growing.
        noise_rate, noise_seconds: Unrelated events a second, and for how long.
        settled: Seconds from a submission to its final event where nothing but these two matters.
        repeat: How often, as a share of what each measure needs for a steady median.
        apart: Whether each run has a process of its own, and its server too; without, the figures only show that it works.
    """

    file_size: int
    lines: tuple[int, ...]
    noise_rate: int
    noise_seconds: float
    settled: float = 0.3
    repeat: float = 1.0
    apart: bool = True

    def runs(self, full: int) -> int:
        """How many runs to make, where this many make a steady median."""
        return max(1, round(full * self.repeat))


FULL = Scale(file_size=100 * MEGABYTE, lines=(1_000, 10_000, 100_000, 500_000), noise_rate=20_000, noise_seconds=5.0)
QUICK = Scale(
    file_size=MEGABYTE,
    lines=(50, 500, 2_000),  # pages few enough not to wait for the rate of requests
    noise_rate=2_000,
    noise_seconds=0.1,
    settled=0.02,
    repeat=0.01,
    apart=False,
)


@dataclass(frozen=True)
class Row:
    """A figure, and what it is compared with.

    Attributes:
        measure: What was measured.
        ours, other: Both medians.
        unit: Of both.
        by: What the target is about: ours divided by the other, ours without the other, or ours alone.
        limit: The most that meets the target; None if there is no target.
    """

    measure: str
    ours: float
    other: float
    unit: str
    by: Literal["ratio", "difference", "ours"]
    limit: float | None

    @property
    def outcome(self) -> float:
        """What the target is about."""
        match self.by:
            case "ratio":
                return self.ours / self.other
            case "difference":
                return self.ours - self.other
            case "ours":
                return self.ours

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None if there is no target."""
        return None if self.limit is None else self.outcome <= self.limit


def preview(scale: Scale, folder: Path) -> Iterator[Row]:
    """Uploading a large file."""
    path = folder / "indicators.csv"
    block = b"".join(b"%06x.example.com,2030-01-31T12:00:00Z,delivery\n" % number for number in range(20_000))
    with path.open("wb") as file:
        for start in range(0, scale.file_size, len(block)):
            file.write(block[: scale.file_size - start])
    with _serving(scale) as url:
        ours, other = _in_turns(scale.runs(15), *(_run(scale, client, "upload", url, path) for client in CLIENTS))
    size = f"{scale.file_size / MEGABYTE:g} MB CSV through preview"
    yield Row(f"{size}: time", _seconds(ours), _seconds(other), "s", "ratio", 0.2)
    yield Row(f"{size}: memory", _megabytes(ours), _megabytes(other), "MB", "ours", 8.0)


def look(scale: Scale, folder: Path) -> Iterator[Row]:
    """Looking at each row of a large file that goes up as it is."""
    path = folder / "indicators.csv"
    with path.open("wb") as file:
        written = file.write(b"ioc,valid_until,kill_chain_phases\n")
        for number in itertools.count():
            written += file.write(b"%07x.example.com,2030-01-31T12:00:00Z,delivery\n" % number)
            if written >= scale.file_size:
                break
    ours, other = _in_turns(scale.runs(3), *(_run(scale, client, "look", "", path) for client in CLIENTS))
    # Version 0.2, which read neither dates nor phases and compared no values, took 6.5 times as long as reading the rows.
    yield Row(
        f"{scale.file_size / MEGABYTE:g} MB CSV looked at: CPU", _cpu(ours), _cpu(other), "s", "ratio", 1.2 * 6.5
    )


def text(scale: Scale, folder: Path) -> Iterator[Row]:
    """Importing ever more lines, and the same number of lines that have to be cleaned."""
    most = scale.lines[-1]
    beyond: list[float] = []
    with _serving(scale, scale.settled) as url:
        for count, line in [*((count, _domain_line) for count in scale.lines), (most, _defanged)]:
            path = folder / "indicators.txt"
            with path.open("w") as file:
                file.writelines(line(number) for number in range(count))
            ours, other = _in_turns(
                scale.runs(3), *(_run(scale, client, "import_text", url, path) for client in CLIENTS)
            )
            kind = "domains" if line is _domain_line else "defanged URLs and hash lines"
            limit = None if count < most else 2.0 if line is _domain_line else 4.0
            yield (row := Row(f"{count:,} {kind}: CPU", _cpu(ours), _cpu(other), "s", "difference", limit))
            beyond.append(row.outcome)
            if count == most:
                yield Row(f"{count:,} {kind}: memory", _megabytes(ours), _megabytes(other), "MB", "ours", 250.0)
    *plain, hard = beyond
    # No target: plain lines have a short cut, and the ratio would call each gain of theirs a loss of the others.
    yield Row("the same, defanged against plain: CPU beyond the baseline", hard, plain[-1], "s", "ratio", None)
    last, before = ((plain[at] - plain[at - 1]) / (scale.lines[at] - scale.lines[at - 1]) * 1e6 for at in (-1, -2))
    measure = f"a line more above {scale.lines[-2]:,} against below: CPU beyond the baseline"
    yield Row(measure, last, before, "µs", "ratio", 1.25)


def guard(scale: Scale, folder: Path) -> Iterator[Row]:
    """Looking up which values are known to be good, before anything is submitted."""
    for count, limit in ((scale.lines[0], 0.1), (scale.lines[-1], 1.0)):
        path = folder / "values.txt"
        with path.open("w") as file:
            file.writelines(_mixed(number) for number in range(count))
        runs = [_run(scale, "reading", work, "", path) for work in ("with_guard", "without_guard")]
        ours, other = _in_turns(scale.runs(5), *runs)
        yield Row(f"guard, {count:,} values: CPU beyond reading", _cpu(ours), _cpu(other), "s", "difference", limit)
        yield Row("the same: memory", _megabytes(ours), _megabytes(other), "MB", "difference", 80.0)


def synchronize(scale: Scale, folder: Path) -> Iterator[Row]:
    """A feed that its collection follows already, at ever more indicators."""
    for size in scale.lines:
        path = folder / "feed.txt"
        _collection(size, path)
        with _serving(scale, size=size) as url:
            ours, other = _in_turns(1, *(_run(scale, client, "synchronize", url, path) for client in CLIENTS))
            calls = requests.get(f"{url}/sent", timeout=PATIENCE).json()["calls"] - 1
        measure, most = f"{size:,} unchanged", size == max(scale.lines)
        yield Row(
            f"{measure}: CPU, against json.loads of the pages",
            _cpu(ours),
            _cpu(other),
            "s",
            "ratio",
            4.0 if most else None,
        )
        yield Row(f"{measure}: time", _seconds(ours), _seconds(other), "s", "ours", 80.0 if most else None)
        yield Row(f"{measure}: requests", calls, len(list(pages(size))), "calls", "ours", 260.0 if most else None)
        yield Row(f"{measure}: memory", _megabytes(ours), _megabytes(other), "MB", "ours", 300.0 if most else None)


def witness(scale: Scale, folder: Path) -> Iterator[Row]:
    """Looking for every value of an import in its collection, by the bulk reader."""
    size, path = scale.lines[-1], folder / "values.txt"
    values = _collection(size, path)
    with _serving(scale, size=size) as url:
        runs = [
            _run(scale, client, work, url, path) for client, work in (("ours", "witness"), ("baseline", "synchronize"))
        ]
        ours, other = _in_turns(1, *runs)
        calls = requests.get(f"{url}/sent", timeout=PATIENCE).json()["calls"] - 1
    measure = f"a look for {size:,} values"
    yield Row(f"{measure}: CPU, against json.loads of the pages", _cpu(ours), _cpu(other), "s", "ratio", 3.0)
    yield Row(f"{measure}: time", _seconds(ours), _seconds(other), "s", "ours", 75.0)
    yield Row(f"{measure}: requests", calls, len(list(pages(size))), "calls", "ours", 260.0)
    yield Row(f"{measure}: memory", _megabytes(ours), _megabytes(other), "MB", "ours", 250.0)
    expected = Expected()
    expected.add(values, Context())
    tracemalloc.start()
    expected.look()
    held, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    yield Row(
        "digests of a million such values, at their peak against later", most / size, held / size, "MB", "ours", 40.0
    )


def export(scale: Scale, folder: Path) -> Iterator[Row]:
    """Writing a large collection into a file, while it is read."""
    size, path = scale.lines[-1], folder / "values.txt"
    _collection(size, path)
    with _serving(scale, size=size) as url:
        runs = [
            _run(scale, client, work, url, path) for client, work in (("ours", "export"), ("baseline", "synchronize"))
        ]
        ours, other = _in_turns(1, *runs)
    measure = f"export of {size:,} indicators"
    yield Row(f"{measure}: CPU, against json.loads of the pages", _cpu(ours), _cpu(other), "s", "ratio", 8.0)
    yield Row(f"{measure}: memory", _megabytes(ours), _megabytes(other), "MB", "ours", 80.0)


def latency(scale: Scale, folder: Path) -> Iterator[Row]:
    """From when the final event was sent to when the client returned."""
    path = _few_lines(folder)
    with _serving(scale, scale.settled) as url:

        def late(run: Callable[[], Used]) -> float:
            ended = run().ended_at
            return float(ended - requests.get(f"{url}/sent", timeout=PATIENCE).json()["at"]) / 1e6

        runs = [partial(late, _run(scale, client, "import_text", url, path)) for client in CLIENTS]
        ours, other = _in_turns(scale.runs(15), *runs)
    yield Row("final event sent → action returns", median(ours), median(other), "ms", "difference", 2.0)


def noise(scale: Scale, folder: Path) -> Iterator[Row]:
    """Waiting in a busy community."""
    path = _few_lines(folder)
    with _serving(scale, scale.noise_seconds, scale.noise_rate) as url:
        ours, other = _in_turns(scale.runs(5), *(_run(scale, client, "import_text", url, path) for client in CLIENTS))
    measure = f"{scale.noise_rate:,} unrelated 1 KB events a second for {scale.noise_seconds:g} s: CPU"
    yield Row(measure, _cpu(ours), _cpu(other), "s", "ratio", 0.7)


def start(scale: Scale, folder: Path) -> Iterator[Row]:
    """A short action from start to finish, and the share of imports in it."""
    with _serving(FULL) as url:
        platform = {
            "MODULE_CONFIGURATION": json.dumps({"base_url": url}),
            "ARGUMENTS": json.dumps({"name": "Benchmark"}),
            "TOKEN": API_KEY,
            "URL_CALLBACK": f"{url}/callback/benchmark",
        }
        create = partial(_wall, "main.py", "CreateIOCCollection", says="Created", **platform)
        empty = partial(_wall, "benchmarks/empty.py", "Empty", says="", **platform)
        if scale.apart:
            _in_turns(1, create, empty)  # compiles what was not
        ours, other = _in_turns(scale.runs(21), create, empty)
    yield Row("CreateIOCCollection, start to finish", median(ours), median(other), "s", "ratio", 1.08)
    yield from _starts_of_imports(scale, folder)
    if not scale.apart:
        return  # both were imported by what ran just now
    sdk = partial(_import_time, "sekoia_automation.action, sekoia_automation.module")
    for action in ("create_ioc_collection", "import_text"):
        ours, other = _in_turns(scale.runs(15), partial(_import_time, f"main, sekoia_cti.actions.{action}"), sdk)
        yield Row(f"imports of {action}", median(ours), median(other), "s", "ratio", 1.2)


def _starts_of_imports(scale: Scale, folder: Path) -> Iterator[Row]:
    path = _few_lines(folder)
    kinds = {True: "a greeting", False: "no greeting"}
    for greets, kind in kinds.items() if scale.apart else [(False, kinds[False])]:
        with _serving(FULL, greets=greets) as url:
            platform = {
                "MODULE_CONFIGURATION": json.dumps({"base_url": url}),
                "ARGUMENTS": json.dumps({"collection_id": COLLECTION_ID, "text": path.read_text()}),
                "TOKEN": API_KEY,
                "URL_CALLBACK": f"{url}/callback/benchmark",
                "BENCHMARK_URL": url,
                "BENCHMARK_FILE": str(path),
            }
            ours, other = _in_turns(
                scale.runs(15),
                partial(_wall, "main.py", "ImportIndicatorsFromText", says="the import is complete", **platform),
                partial(_wall, "benchmarks/bare.py", "ImportText", says="", PYTHONPATH=str(ROOT), **platform),
            )
        measure = f"ImportIndicatorsFromText, start to finish, {kind}"
        yield Row(measure, median(ours), median(other), "s", "ratio", 1.2)


MEASURES: dict[str, Callable[[Scale, Path], Iterator[Row]]] = {
    measure.__name__: measure
    for measure in (preview, look, text, guard, witness, synchronize, export, latency, noise, start)
}
"""By name."""

CLIENTS = ("ours", "baseline")


def be_alone() -> None:
    """Remove from this process, and those it starts, what would lead the SDK elsewhere, or requests to a proxy."""
    for name in list(os.environ):
        if name.upper() in FOREIGN:
            del os.environ[name]
    os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1"


def _in_turns(runs: int, *kinds: Callable[[], T]) -> list[list[T]]:
    """The outcomes of each kind, measured in turns, so that other load on the machine affects both."""
    rounds = [[kind() for kind in kinds] for _ in range(runs)]
    return [list(outcomes) for outcomes in zip(*rounds, strict=True)]


def _collection(size: int, path: Path) -> list[str]:
    """Write the values of a collection of this size into a file, and its pages beside it; the values."""
    values = [domain(number) for number in range(size)]
    path.write_text("".join(f"{value}\n" for value in values))
    with path.with_suffix(".pages").open("w") as file:
        file.writelines(f"{page}\n" for page in pages(size))
    return values


def _few_lines(folder: Path) -> Path:
    path = folder / "indicators.txt"
    path.write_text("".join(map(_domain_line, range(10))))
    return path


def _domain_line(number: int) -> str:
    return f"{domain(number)}\n"


def _defanged(number: int) -> str:
    if number % 2:
        return f"hxxps://{number:06x}[.]threats[.]example[.]com/landing/{number}?campaign=1\n"
    name = str(number).encode()
    hashes = (hashlib.new(kind, name, usedforsecurity=False).hexdigest() for kind in ("md5", "sha1", "sha256"))
    return ";".join(hashes) + "\n"


def _mixed(number: int) -> str:
    """Domains, addresses, URLs and hashes in turns, of which the guard knows few."""
    match number % 4:
        case 0:
            return f"{number:06x}.threats{number % 1_000}.test\n"
        case 1:
            return f"{11 + number % 200}.{number // 200 % 250}.{number // 50_000}.{number % 250}\n"
        case 2:
            return f"https://{number:06x}.threats.test/{number}\n"
        case _:
            return f"{hashlib.md5(str(number).encode(), usedforsecurity=False).hexdigest()}\n"


# The figures of runs


def _seconds(runs: list[Used]) -> float:
    return median(run.seconds for run in runs)


def _cpu(runs: list[Used]) -> float:
    return median(run.cpu for run in runs)


def _megabytes(runs: list[Used]) -> float:
    return median(run.memory for run in runs) / MEGABYTE


# Processes


@contextmanager
def _serving(
    scale: Scale, seconds: float = 0.0, rate: int = 0, size: int = 0, *, greets: bool = True
) -> Iterator[str]:
    """The server, in a process of its own that ends when its standard input is closed, or beside the runs; its URL."""
    if not scale.apart:
        with Server(seconds, rate, size, greets=greets) as server, server.serving() as port:
            yield f"http://127.0.0.1:{port}"
        return
    with subprocess.Popen(  # noqa: S603  # our own program
        [sys.executable, "-m", "benchmarks.server", str(seconds), str(rate), str(size), str(int(greets))],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        told = process.stdout.readline() if process.stdout else ""
        yield f"http://127.0.0.1:{int(told)}"


def _run(scale: Scale, client: str, work: str, url: str, path: Path) -> Callable[[], Used]:
    def run() -> Used:
        if not scale.apart:
            with redirect_stdout(io.StringIO()):
                return child.run(client, work, url, path)
        said = _python("-m", "benchmarks.child", client, work, url, str(path))
        return Used(*json.loads(said.splitlines()[-1]))

    return run


def _wall(script: str, command: str, *, says: str, **environment: str) -> float:
    """Seconds from the start of a process to its end."""
    begun = time.perf_counter()
    said = _python(script, command, **environment)
    seconds = time.perf_counter() - begun
    if says not in said:
        raise RuntimeError(f"{script} {command} went wrong: {said}")
    return seconds


def _import_time(modules: str) -> float:
    """Seconds that importing takes, without the start of Python."""
    return float(
        _python("-c", f"import time; t = time.perf_counter(); import {modules}; print(time.perf_counter() - t)")
    )


def _python(*arguments: str, **environment: str) -> str:
    """Run Python to its end; what it said."""
    done = subprocess.run(  # noqa: S603  # our own programs
        [sys.executable, *arguments],
        cwd=ROOT,
        env=os.environ | environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        timeout=PATIENCE,
        check=True,
    )
    return done.stdout
