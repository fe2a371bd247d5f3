"""The base of the families of calls."""

from __future__ import annotations

from sekoia_cti.client.rest.transport import Transport

__all__ = ["CallFamily"]


class CallFamily:
    """Calls that belong together, made through one transport.

    Args:
        transport: Makes the calls.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
