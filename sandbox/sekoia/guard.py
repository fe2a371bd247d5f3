"""Who may look at the sandbox itself, and who may change it: people on this machine, by its own pages and commands."""

import secrets
from collections.abc import Mapping
from ipaddress import ip_address
from urllib.parse import urlsplit

from fastapi import HTTPException

__all__ = ["TOKEN_HEADER", "Guard"]

TOKEN_HEADER = "X-Sandbox-Token"  # noqa: S105  # its name


class Guard:
    """Lets in only who is on this machine, or comes by a name that was allowed; changes need a token besides.

    A page of another site can make a browser send requests here. It cannot choose their Host or Origin, which are
    looked at, and it cannot read the token, which is in our own pages.
    """

    def __init__(self, allowed: frozenset[str] = frozenset(), token: str | None = None) -> None:
        self._allowed = allowed
        self.token = token or secrets.token_urlsafe(16)

    def check(self, headers: Mapping[str, str]) -> None:
        """Raises 403 for a request that names another host, or that a page of another site sends."""
        if not self._is_here(headers.get("host", "")):
            raise HTTPException(403, "This page is for this machine only: use its address, or allow the host's name")
        origin = headers.get("origin")
        if origin is not None and not self._is_here(urlsplit(origin).netloc):
            raise HTTPException(403, "This request comes from a page of another site")

    def check_change(self, headers: Mapping[str, str], token: object = None) -> None:
        """The same for a request that changes something: raises 403 without the token as well."""
        self.check(headers)
        given = str(token or headers.get(TOKEN_HEADER) or "")
        if not secrets.compare_digest(given.encode(), self.token.encode()):
            raise HTTPException(
                403, f"The token is missing or wrong: send the one that `serve` printed as {TOKEN_HEADER}"
            )

    def _is_here(self, host: str) -> bool:
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            return False
        try:
            return ip_address(name).is_loopback
        except ValueError:
            return name == "localhost" or name in self._allowed
