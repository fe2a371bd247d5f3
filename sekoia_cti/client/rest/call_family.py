"""What the families of calls have in common."""

from __future__ import annotations

from sekoia_cti.client.rest.transport import Transport

__all__ = ["CallFamily"]


class CallFamily:
    """Base of the families of calls.

    Args:
        transport: Makes the calls.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
