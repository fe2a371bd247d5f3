"""One run in a process of its own, so that what it uses can be measured: ``python -m benchmarks.child CLIENT WORK URL FILE``.

The libraries are imported before anything is measured. What was used is printed at the end, as a line of JSON.
"""

from __future__ import annotations

import gc
import importlib
import json
import re
import resource
import sys
import time
from pathlib import Path
from typing import NamedTuple

__all__ = ["Used", "main", "run"]


class Used(NamedTuple):
    """What a run used.

    Attributes:
        seconds: From its beginning to its end.
        cpu: Seconds of CPU, of the user and of the system.
        memory: Bytes at its peak above those after the imports.
        ended_at: When it ended, in nanoseconds of the clock that the processes of a machine share.
    """

    seconds: float
    cpu: float
    memory: int
    ended_at: int


def run(client: str, work: str, url: str, path: Path) -> Used:
    """Have a client do its work.

    Args:
        client: A module of this package.
        work: A function of it.
        url, path: What it takes: where the server is, and a file.
    """
    do = getattr(importlib.import_module(f"benchmarks.{client}"), work)
    gc.collect()
    gc.freeze()  # as main.py does, like the line below
    gc.set_threshold(50_000)
    memory, cpu, begun = _memory("VmRSS"), _cpu(), time.monotonic_ns()
    do(url, path)
    ended = time.monotonic_ns()
    return Used((ended - begun) / 1e9, _cpu() - cpu, _memory("VmHWM") - memory, ended)


def main() -> None:
    """Run and print."""
    client, work, url, path = sys.argv[1:]
    print(json.dumps(run(client, work, url, Path(path))))


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _memory(name: str) -> int:
    """A figure of Linux about this process; unlike ``ru_maxrss`` it knows nothing of the parent's memory."""
    found = re.search(rf"^{name}:\s+(\d+) kB$", Path("/proc/self/status").read_text(), re.MULTILINE)
    return int(found[1]) * 1024 if found else 0


if __name__ == "__main__":
    main()
