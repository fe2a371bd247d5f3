"""A sandbox as the runner reaches it: REST, the playbook callback and LiveAPI, in this process or elsewhere."""

import re
import threading
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol, Self
from urllib.parse import urlsplit

import requests
from websockets.exceptions import WebSocketException
from websockets.sync.client import ClientConnection, connect

from sandbox.playbooks.playbook import JSONObject, PlaybookError

__all__ = ["AnyNodeRun", "HeldCollection", "HeldValues", "NotThere", "Platform"]

# Seconds for a sandbox to be connected to, and to answer.
TIMEOUT = (3, 30)


class NotThere(PlaybookError):
    """The sandbox does not know what was asked for."""


class KeyRefused(PlaybookError):
    """The sandbox does not know the API key."""


class AnyNodeRun(Protocol):
    """Where one node reports to: the callback's address, its token, and what was sent there so far."""

    @property
    def url(self) -> str:
        """The callback, for this node alone."""

    @property
    def token(self) -> str:
        """What the node authenticates with."""

    @property
    def received(self) -> list[JSONObject]:
        """The bodies that the node sent, in order."""


class LocalSandbox(Protocol):
    """The sandbox of this process, as far as the runner needs it."""

    @property
    def url(self) -> str:
        """The base URL of REST."""

    @property
    def api_key(self) -> str:
        """The key that may do all."""

    def node_run(self) -> AnyNodeRun:
        """Announces the run of a node, which gets the key."""


@dataclass(frozen=True, slots=True)
class ServedNodeRun:
    """A node run of a sandbox that `python -m sandbox serve` runs elsewhere."""

    url: str
    token: str

    @property
    def received(self) -> list[JSONObject]:
        """What the node sent, asked for over HTTP."""
        received: list[JSONObject] = _get(self.url, self.token)["received"]
        return received


def _get(url: str, token: str, **query: int) -> JSONObject:
    """A JSON object over HTTP; raises PlaybookError when the sandbox does not give it."""
    with requests.Session() as session:
        session.trust_env = False  # a proxy of the environment does not lead to the loopback
        try:
            answer = session.get(url, headers={"Authorization": f"Bearer {token}"}, params=query, timeout=TIMEOUT)
            answer.raise_for_status()
            content: JSONObject = answer.json()
        except requests.RequestException as error:
            status = getattr(error.response, "status_code", None)
            reasons = {None: "nobody answers", 401: "it refuses the key"}
            reason = reasons.get(status, f"it answered {status}")
            kind = {401: KeyRefused, 404: NotThere}.get(status or 0, PlaybookError)
            raise kind(f"The sandbox does not give {urlsplit(url).path}: {reason}.") from error
    return content


@dataclass(frozen=True, slots=True)
class HeldCollection:
    """What an IOC collection holds, counted by type of observable; `revoked` ones are among them."""

    id: str
    name: str
    total: int
    revoked: int
    by_type: dict[str, int]


@dataclass(frozen=True, slots=True)
class HeldValues:
    """The values that a collection holds: those that are not revoked, and those that are."""

    active: set[str]
    revoked: set[str]


@dataclass(frozen=True, slots=True)
class Platform:
    """A sandbox as the runner sees it, whether it is in this process or elsewhere."""

    url: str
    api_key: str
    open_run: Callable[[], AnyNodeRun]

    @classmethod
    def of(cls, sandbox: LocalSandbox) -> Self:
        """The sandbox of this process."""
        return cls(sandbox.url, sandbox.api_key, sandbox.node_run)

    @classmethod
    def at(cls, url: str, api_key: str) -> Self:
        """A sandbox that is served at this URL."""
        root = url.rstrip("/")
        return cls(root, api_key, lambda: ServedNodeRun(f"{root}/callback/{uuid.uuid4()}", api_key))

    @property
    def live_url(self) -> str:
        """LiveAPI of the sandbox."""
        return re.sub("^http", "ws", self.url) + "/live/"

    def check(self) -> None:
        """Raises PlaybookError when nobody answers at its address, or the key is refused: at once, in one sentence."""
        try:
            _get(f"{self.url}/v2/inthreat/ioc-collections", self.api_key, limit=1)
        except KeyRefused as error:
            raise PlaybookError(
                f"The sandbox at {self.url} refuses the API key: give --api-key the one that it printed when it started."
            ) from error
        except PlaybookError as error:
            raise PlaybookError(
                f"There is no sandbox that can be used at {self.url}. {error} `make sandbox` serves one; without --url "
                "the playbook runs on a sandbox of its own."
            ) from error

    def indicators(self, collection_id: str) -> Iterator[JSONObject]:
        """Every indicator of a collection, read over REST; raises PlaybookError."""
        return self._items(f"/{collection_id}/indicators")

    def _items(self, path: str = "") -> Iterator[JSONObject]:
        """Every item of a list below the IOC collections."""
        url, offset = f"{self.url}/v2/inthreat/ioc-collections{path}", 0
        while items := _get(url, self.api_key, limit=100, offset=offset)["items"]:
            yield from items
            offset += len(items)

    def collection(self, collection_id: str) -> HeldCollection:
        """The content of a collection; raises PlaybookError, which is NotThere when there is none."""
        name = _get(f"{self.url}/v2/inthreat/ioc-collections/{collection_id}", self.api_key)["name"]
        types, revoked = Counter[str](), 0
        for indicator in self.indicators(collection_id):
            types[indicator["pattern"].lstrip("[ ").partition(":")[0]] += 1
            revoked += bool(indicator.get("revoked"))
        return HeldCollection(collection_id, name, types.total(), revoked, dict(types.most_common()))

    def contents(self, name: str) -> list[HeldValues]:
        """What each collection of exactly this name holds; raises PlaybookError."""
        contents = list[HeldValues]()
        for collection in (item for item in self._items() if item["name"] == name):
            content = HeldValues(set(), set())
            for indicator in self.indicators(collection["id"]):
                (content.revoked if indicator.get("revoked") else content.active).add(indicator["name"])
            contents.append(content)
        return contents

    @contextmanager
    def listening(self, hear: Callable[[str | bytes], None]) -> Iterator[None]:
        """Hands over what LiveAPI says, over a connection of its own, from another thread."""
        stopped, connected = threading.Event(), threading.Event()
        current: list[ClientConnection] = []

        def listen() -> None:
            cookie = {"Cookie": f"access_token_cookie={self.api_key}"}
            while not stopped.is_set():
                try:
                    with connect(self.live_url, additional_headers=cookie, proxy=None, max_size=None) as connection:
                        current[:] = [connection]
                        connected.set()
                        if not stopped.is_set():
                            for message in connection:
                                hear(message)
                except (OSError, WebSocketException):
                    pass  # progress is a courtesy: without it the run goes on, and the next attempt may bring it back
                connected.set()
                stopped.wait(0.5)

        thread = threading.Thread(target=listen, name="progress")
        thread.start()
        try:
            connected.wait(5)
            yield
        finally:
            stopped.set()
            for connection in current:
                connection.close()
            thread.join()
