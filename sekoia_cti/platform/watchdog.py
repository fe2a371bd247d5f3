"""Work that may hang is done where it can be abandoned, so that the node reports whatever happens.

A name lookup cannot be interrupted, and an answer that trickles in never triggers a timeout. So the work has its own
thread, which nothing joins, and whatever waits for it stops waiting shortly after the deadline.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from contextvars import copy_context
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Generic, TypeVar, cast

from sekoia_cti.client.errors import Interrupted, SekoiaError
from sekoia_cti.client.waiting import Deadline
from sekoia_cti.platform.process import stop_requested

__all__ = ["Hung", "LeftBehind", "watched"]

Result = TypeVar("Result")

AFTER_DEADLINE = 3.0
"""Seconds after the deadline when work counts as hanging: work that respects the deadline ends shortly after it."""

AFTER_STOP = 3.0
"""The same for work that was asked to stop."""


class LeftBehind(Exception):
    """The work did not end; its thread continues, and whatever it still reports must be ignored.

    Attributes:
        thread: The thread in which it continues.
        why: The reason, for the node's error.
    """

    def __init__(self, thread: threading.Thread, why: SekoiaError) -> None:
        super().__init__(why)
        self.thread = thread
        self.why = why


class Hung(SekoiaError):
    """The deadline passed, and the work did not respect it.

    Args:
        seconds: The total time that it had.
    """

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds

    def __str__(self) -> str:
        return (
            f"The timeout of {self.seconds:,.0f} seconds passed because something hangs: check the name "
            "servers, the network and the proxy, then run it again."
        )


@dataclass
class _End(Generic[Result]):
    result: Result | None = None
    error: BaseException | None = None


def watched(work: Callable[[], Result], deadline: Deadline, *, after_stop: float | None = None) -> Result:
    """Do the work until the deadline; if the process is asked to stop, the work learns about it from its deadline.

    Args:
        work: Called in another thread, with the context of this one.
        deadline: When it must have ended; the work itself respects it too. It may be postponed meanwhile.
        after_stop: Seconds that it may take after a request to stop; None: :data:`AFTER_STOP`.

    Returns:
        What the work returns.

    Raises:
        LeftBehind: It did not end in time.
        BaseException: What the work raises.
    """
    news: SimpleQueue[_End[Result] | None] = SimpleQueue()

    def do() -> None:
        try:
            news.put(_End(result=work()))
        except BaseException as error:  # noqa: BLE001  # whatever it is, it is raised where the work is waited for
            news.put(_End(error=error))

    thread = threading.Thread(target=copy_context().run, args=(do,), name="watched", daemon=True)
    thread.start()
    with stop_requested(lambda: news.put(None)):
        end = _next(news, deadline, AFTER_DEADLINE, LeftBehind(thread, Hung(deadline.seconds)))
    if end is None:
        deadline.interrupt()
        # A second notice can only be the end, since a request to stop comes only once.
        seconds = AFTER_STOP if after_stop is None else after_stop
        end = cast("_End[Result]", _next(news, Deadline(0), seconds, LeftBehind(thread, Interrupted())))
    if end.error is not None:
        raise end.error
    return cast("Result", end.result)


def _next(
    news: SimpleQueue[_End[Result] | None], deadline: Deadline, grace: float, otherwise: LeftBehind
) -> _End[Result] | None:
    """The next message by the deadline, or in the seconds after it, which a process that was stopped meanwhile has as well."""
    while left := deadline.remaining():
        with suppress(Empty):
            return news.get(timeout=left)
    with suppress(Empty):
        return news.get(timeout=grace)
    raise otherwise
