"""Reads workbooks in a separate process, which may die: this one has to report to the platform, whatever a file does."""

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
"""Bytes that the reader may take."""

MOST_SECONDS = 120.0
"""That it may take; the largest workbook that there can be takes a fraction of them."""

MOST_BYTES = 2 * 1024**3
"""Of CSV that a sheet may become; more is what only a file made to fill the disk gives."""

_UNREADABLE = 3
"""Its exit status: see :mod:`sekoia_cti.indicators.workbook`, which must not be imported here."""

_PIECE = 256 * 1024
_ROOT = str(Path(__file__).parents[2])


@dataclass(frozen=True)
class Sheet:
    """A sheet of a workbook.

    Attributes:
        name: As people see it.
        visible: Whether people see it.
        alone: Whether there is nothing else in the workbook, not even an empty sheet or a chart.
        rows: How many are not empty; 1 in a workbook with one sheet, where it does not matter.
        merged: Whether a cell stands for several rows, which is filled into all of them.
        top: The cells of the first one of these, each cut; empty in a workbook of one sheet.
    """

    name: str
    visible: bool
    alone: bool
    rows: int
    merged: bool = False
    top: Sequence[str] = ()


def sheets(path: Path, *, seconds: float) -> list[Sheet]:
    """The sheets of a workbook that hold cells, in their order.

    Args:
        path: A local file.
        seconds: After which the reader is ended.

    Raises:
        UnreadableFile: The workbook cannot be read within bounds.
    """
    with _reader(path, seconds) as told:
        return [Sheet(**sheet) for sheet in json.loads(told.read(MOST_BYTES) or b"[]")]


def write_sheet(path: Path, sheet: str, to: Path, *, seconds: float) -> None:
    """Write a sheet as CSV in UTF-8.

    Args:
        path: A local file.
        sheet: The name of the sheet.
        to: A local file.
        seconds: After which the reader is ended.

    Raises:
        UnreadableFile: The workbook cannot be read within bounds.
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
            # Modules from where ours come from, and none of the secrets that the environment may hold.
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
    return f"it is damaged, or takes more {what} than a workbook may: repair it, or save it as CSV"
