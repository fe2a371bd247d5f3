"""TLS in front of a server that has none."""

from __future__ import annotations

import socket
import ssl

import trustme

from tests.pipe import Pipe

__all__ = ["TLSFront"]


class TLSFront(Pipe):
    """A pipe whose near side speaks TLS with a given certificate.

    Args:
        target: URL of the server.
        certificate: What it shows.
    """

    def __init__(self, target: str, certificate: trustme.LeafCert) -> None:
        super().__init__(target)
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate.configure_cert(self._context)

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self._listener.getsockname()[1])

    def take(self) -> socket.socket:
        """The next connection, once its handshake is done."""
        while True:
            connection = super().take()
            try:
                return self._context.wrap_socket(connection, server_side=True)
            except OSError:
                connection.close()  # the client does not trust us, which is its right
