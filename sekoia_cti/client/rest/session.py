"""The session of requests that sends the key to the host of the API, and nowhere else."""

from __future__ import annotations

import requests
from requests.auth import AuthBase

__all__ = ["open_session"]


def open_session(api_key: str, user_agent: str) -> requests.Session:
    """Open a session, which has to be closed.

    Args:
        api_key: Sent as ``Authorization: Bearer …`` (contract, "Authentication").
        user_agent: Sent with each request.
    """
    session = _Session()
    session.auth = _Bearer(api_key)
    session.headers.update({"User-Agent": user_agent, "Accept": "application/json"})
    return session


class _Session(requests.Session):
    """A session without redirects. Even when requests is told not to follow them, it parses where they lead, and fails if that
    is not an address."""

    def get_redirect_target(self, resp: requests.Response) -> None:
        """No redirect leads anywhere."""


class _Bearer(AuthBase):
    """Sends the API key. As an auth object, it cannot be replaced by an entry in the ``.netrc`` of the machine."""

    def __init__(self, key: str) -> None:
        self._key = key

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._key}"
        return request
