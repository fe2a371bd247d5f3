"""Reads workbooks in a separate process, which may die: this process must report to the platform, whatever a file
does."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from sekoia_cti.indicators.input_errors import UnreadableFile

__all__ = ["Sheet", "sheets", "write_sheet"]

MOST_MEMORY = 1024**3
"""Bytes of memory that the reader may use."""

MOST_SECONDS = 120.0
"""Seconds that the reader may take; the largest possible workbook takes a fraction of that."""

MOST_BYTES = 2 * 1024**3
"""Bytes of CSV that a sheet may become; only a file made to fill the disk yields more."""

_UNREADABLE = 3
"""The reader's exit status: see :mod:`sekoia_cti.indicators.workbook`, which must not be imported here."""

_PIECE = 256 * 1024
_ROOT = str(Path(__file__).parents[2])


@dataclass(frozen=True)
class Sheet:
    """A sheet of a workbook.

    Attributes:
        name: Its name, as shown in the workbook.
        visible: Whether it is visible in the workbook.
        alone: Whether there is nothing else in the workbook, not even an empty sheet or a chart.
        rows: How many rows are not empty; 1 in a workbook with one sheet, where it does not matter.
        merged: Whether a merged cell spans several rows; its value is filled into all of them.
        top: The cells of the first row that is not empty, each truncated; empty in a workbook with one sheet.
    """

    name: str
    visible: bool
    alone: bool
    rows: int
    merged: bool = False
    top: Sequence[str] = ()


def sheets(path: Path, *, seconds: float) -> list[Sheet]:
    """The sheets of a workbook that contain cells, in order.

    Args:
        path: A local file.
        seconds: The time after which the reader is killed.

    Raises:
        UnreadableFile: The workbook cannot be read within the limits.
    """
    with _reader(path, seconds) as told:
        return [Sheet(**sheet) for sheet in json.loads(told.read(MOST_BYTES) or b"[]")]


def write_sheet(path: Path, sheet: str, to: Path, *, seconds: float) -> None:
    """Write a sheet as CSV in UTF-8.

    Args:
        path: A local file.
        sheet: The name of the sheet.
        to: A local file.
        seconds: The time after which the reader is killed.

    Raises:
        UnreadableFile: The workbook cannot be read within the limits.
    """
    written = 0
    with _reader(path, seconds, sheet) as told, to.open("wb") as target:
        while piece := told.read(_PIECE):
            written += len(piece)
            if written > MOST_BYTES:
                raise UnreadableFile(f"its sheet “{sheet}” is too large: save it as CSV")
            target.write(piece)


@contextmanager
def _reader(path: Path, seconds: float, *arguments: str) -> Iterator[IO[bytes]]:
    seconds = min(max(1.0, seconds), MOST_SECONDS)
    limits = (str(round(seconds)), str(MOST_MEMORY))
    with tempfile.TemporaryFile(dir=path.parent) as complaints:
        process = subprocess.Popen(  # noqa: S603  # our own module, without a shell
            [sys.executable, "-P", "-m", "sekoia_cti.indicators.workbook", path, *limits, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=complaints,
            # The same module path as here, but none of the secrets that the environment may contain.
            env={"PYTHONPATH": os.pathsep.join(filter(None, [_ROOT, *sys.path]))},
        )
        watchdog = threading.Timer(seconds, process.kill)
        watchdog.daemon = True
        watchdog.start()
        try:
            yield cast(IO[bytes], process.stdout)
            status = process.wait()
            in_time = watchdog.is_alive()
        finally:
            watchdog.cancel()
            process.kill()
            process.communicate()
        if status:
            complaints.seek(0)
            raise UnreadableFile(_sentence(status, complaints.read(_PIECE), in_time=in_time))


def _sentence(status: int, complaints: bytes, *, in_time: bool) -> str:
    if status == _UNREADABLE:
        # A panic of the parser says more, in earlier lines.
        said = next(reversed(complaints.decode(errors="replace").split("\n")[:-1]), "no reason given")[:200]
        return f"it cannot be read as a workbook ({said}): repair it, or save it as CSV"
    what = "memory" if in_time and status != -signal.SIGXCPU else "time"
    return f"it is damaged, or takes more {what} than allowed: repair it, or save it as CSV"
