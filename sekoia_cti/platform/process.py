"""A process that belongs to one run: requests to stop, standard output, and its end.

On Fission, many runs share a process that is not theirs: :func:`own` is not called there.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

__all__ = ["Unreported", "end_with", "own", "say", "stop_requested"]

LINE = 4_000
"""The most bytes to print at once: a pipe that is ready accepts 4,096 without blocking."""

PATIENCE = 0.2
"""Seconds to wait for a busy reader of standard output."""


class Unreported(Exception):
    """The platform could not be told how the run ended; says why, in a sentence for whoever started it."""


class _StopRequest:
    """SIGINT or SIGTERM, as a request that the main thread learns about while it waits.

    A signal can arrive between any two steps of the main thread, so its handler only records it and calls what is safe
    in a handler.
    """

    def __init__(self) -> None:
        self._made = False
        self._listener: Callable[[], None] | None = None

    def note(self, _number: int, _frame: FrameType | None) -> None:
        """Record the signal. Once is enough, and more signals must not disturb the report."""
        if not self._made:
            self._made = True
            if self._listener:
                self._listener()

    @contextmanager
    def told_to(self, listener: Callable[[], None]) -> Iterator[None]:
        """Call a listener when the request is made, or immediately if it was made before.

        Args:
            listener: Must be reentrant, such as ``SimpleQueue.put``.
        """
        self._listener = listener
        try:
            if self._made:
                listener()
            yield
        finally:
            self._listener = None


_STOP = _StopRequest()
"""One for the whole process, like signals."""


def own() -> None:
    """Handle SIGINT and SIGTERM from the start: a run that was asked to stop reports that, no matter how early."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _STOP.note)


@contextmanager
def stop_requested(listener: Callable[[], None]) -> Iterator[None]:
    """Call a listener if a request to stop comes while the context lasts; only the main thread receives signals.

    Args:
        listener: See :meth:`_StopRequest.told_to`.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    with _STOP.told_to(listener):
        yield


def say(line: str) -> None:
    """Print a line for anyone who runs the action by hand. If that is not possible, the playbook's log still has
    it."""
    output = sys.stdout
    if output is None:
        return  # closed before the process began
    encoding = output.encoding or "utf-8"
    line = line.encode(encoding, "backslashreplace")[:LINE].decode(encoding, "ignore")
    with suppress(OSError, ValueError):  # full, gone, or closed
        if _takes_more(output.fileno()):
            print(line, file=output, flush=True)


def _takes_more(number: int) -> bool:
    """Whether a write would not block: a full pipe that nobody reads must not stop a run."""
    return bool(select.select([], [number], [], PATIENCE)[1])


def end_with(run: Callable[[], object]) -> None:
    """Run, then end the process regardless of what was left behind, such as a hanging thread or output that nobody
    reads."""
    code = 0
    try:
        run()
    except Unreported as error:
        if sys.stderr is not None:
            with suppress(OSError, ValueError):
                print(error, file=sys.stderr)
        code = 1
    except Exception:  # noqa: BLE001  # printed as Python would, and the process ends
        sys.excepthook(*sys.exc_info())
        code = 1
    if threading.active_count() == 1 and _is_flushed():
        if code:
            sys.exit(code)
        return
    # Python's own shutdown would wait for threads, or fail if one holds a lock of the output.
    import sentry_sdk  # here, since this module is imported before everything else

    sentry_sdk.flush(timeout=2.0)
    os._exit(code)


def _is_flushed() -> bool:
    try:
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
    except (OSError, ValueError):
        return False
    return True
