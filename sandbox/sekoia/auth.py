"""Who may do what: an API key that may do all, and one that may only read."""

import base64
import binascii
import re
import uuid
from dataclasses import dataclass

from fastapi.responses import JSONResponse
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

__all__ = ["API_ROOTS", "ROOTS", "Authentication", "Keys", "bearer", "is_api"]

ROOTS = ("/v2/inthreat", "/api/v2/inthreat")
"""Where REST is, on hosts named api.… and on others."""
API_ROOTS = ("/v1", "/api/v1")
"""Where the rest of Sekoia's API is."""


# Firewalls read lists with Basic authentication, the key being the password (contract, bulk reader).
_BULK_READER = re.compile(r"/collections/[^/]+/objects/?$")


@dataclass(frozen=True, slots=True)
class Keys:
    """The API keys that are known."""

    full: str
    read_only: str

    def know(self, key: str | None) -> bool:
        """Whether it is one of them."""
        return key in (self.full, self.read_only)

    @property
    def author(self) -> str:
        """What objects are signed with that were made with the key that may write."""
        return str(uuid.uuid5(uuid.NAMESPACE_URL, self.full))


def bearer(headers: Headers) -> str | None:
    """The token of an `Authorization: Bearer` header, or None."""
    match = re.fullmatch(r"bearer +(\S+) *", headers.get("authorization", ""), re.IGNORECASE)
    return match[1] if match else None


def is_api(path: str) -> bool:
    """Whether a path is one of Sekoia's, and not of the sandbox itself."""
    return path.startswith((*ROOTS, *(f"{root}/" for root in API_ROOTS)))


def _password(headers: Headers) -> str | None:
    """The password of an `Authorization: Basic` header, or None."""
    match = re.fullmatch(r"basic +(\S+) *", headers.get("authorization", ""), re.IGNORECASE)
    try:
        return base64.b64decode(match[1], validate=True).decode().partition(":")[2] if match else None
    except (binascii.Error, UnicodeDecodeError):
        return None


class Authentication:
    """Lets requests below the roots through that have a key with the permission for them.

    It stands before all that looks at a request: who is not known learns nothing, not even that a body is wrong.
    """

    def __init__(self, app: ASGIApp, keys: Keys) -> None:
        self._app = app
        self._keys = keys

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on, or answers it with 401 or 403."""
        app = self._app
        if scope["type"] == "http" and is_api(scope["path"]):
            headers = Headers(scope=scope)
            key = bearer(headers)
            if key is None and re.search(_BULK_READER, scope["path"]):
                key = _password(headers)
            if not self._keys.know(key):
                app = JSONResponse({"message": "Authentication failed: the API key is missing or wrong"}, 401)
            elif key != self._keys.full and scope["method"] not in ("GET", "HEAD"):
                app = JSONResponse({"message": "Insufficient permissions: Manage IOC collections is missing"}, 403)
        await app(scope, receive, send)
