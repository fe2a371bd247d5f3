"""What LiveAPI reports to the importer; apart from the connection, so that importing this needs no WebSocket library."""

from __future__ import annotations

from dataclasses import dataclass

from sekoia_cti.client.errors import SekoiaError
from sekoia_cti.client.wire import ImportEvent, TaskEvent

__all__ = ["Connected", "Disconnected", "Heard", "Signal"]


@dataclass(frozen=True)
class Connected:
    """The stream listens, and what happens from now on will be heard."""


@dataclass(frozen=True)
class Disconnected:
    """The stream does not listen; what happens until it is connected again is lost.

    Attributes:
        error: Why.
        final: True when it will not be tried again, because the key was refused.
    """

    error: SekoiaError
    final: bool = False


@dataclass(frozen=True)
class Heard:
    """An event of an awaited task."""

    event: ImportEvent | TaskEvent


Signal = Connected | Disconnected | Heard
