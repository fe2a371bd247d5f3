"""The session of requests that carries the key: to one host, and nowhere else."""

from __future__ import annotations

import requests
from requests.auth import AuthBase

__all__ = ["open_session"]


def open_session(api_key: str, user_agent: str) -> requests.Session:
    """A session, to be closed.

    Args:
        api_key: Sent as bearer token.
        user_agent: Sent with each request.
    """
    session = _Session()
    session.auth = _Bearer(api_key)
    session.headers.update({"User-Agent": user_agent, "Accept": "application/json"})
    return session


class _Session(requests.Session):
    """A session that knows no redirects: requests looks where they lead even when it is told not to follow them, and fails
    where they lead nowhere."""

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Nowhere."""


class _Bearer(AuthBase):
    """The API key as a header; as an auth object, so that a ``.netrc`` of the machine cannot replace it."""

    def __init__(self, key: str) -> None:
        self._key = key

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._key}"
        return request
