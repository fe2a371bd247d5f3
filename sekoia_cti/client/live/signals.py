"""What LiveAPI reports to the importer; apart from the connection, so that importing this needs no WebSocket library."""

from __future__ import annotations

from dataclasses import dataclass

from sekoia_cti.client.errors import SekoiaError
from sekoia_cti.client.wire import ImportEvent, TaskEvent

__all__ = ["Connected", "Disconnected", "Heard", "Signal"]


@dataclass(frozen=True)
class Connected:
    """LiveAPI is connected: events are received from now on."""


@dataclass(frozen=True)
class Disconnected:
    """LiveAPI is not connected: events are lost until it is connected again.

    Attributes:
        error: The reason.
        final: Whether there will be no other attempt, since the key was refused.
    """

    error: SekoiaError
    final: bool = False


@dataclass(frozen=True)
class Heard:
    """An event of an awaited task."""

    event: ImportEvent | TaskEvent


Signal = Connected | Disconnected | Heard
