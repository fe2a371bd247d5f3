"""How the tests of the sandbox talk to it: over real sockets, as any client would."""

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
import requests
from websockets.sync.client import ClientConnection, connect

from sandbox import Sandbox
from sandbox.playbooks.module import Module
from tests.sandbox.playbooks.exports import ACTION_UUID, MAIN, MODULE_UUID

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave these tests out of coverage, which slows them down: nothing of `sekoia_cti` runs in their process."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker("no_cover")


Listen = Callable[..., AbstractContextManager[ClientConnection]]


class API:
    """REST of a sandbox, over connections that are kept alive."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.root = f"{sandbox.url}/v2/inthreat"
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.headers["Authorization"] = f"Bearer {sandbox.api_key}"

    def __call__(self, method: str, path: str, **options: Any) -> requests.Response:
        """Any call below the root."""
        return self.session.request(method, self.root + path, **{"timeout": 10, **options})

    def refused(self, method: str, path: str, **options: Any) -> str:
        """The message of a call that must be refused with 400."""
        answer = self(method, path, **options)
        assert answer.status_code == 400, answer.text
        return str(answer.json()["message"])

    def items(self, path: str, **query: Any) -> list[dict[str, Any]]:
        """The items of a page."""
        answer = self("GET", path, params=query)
        assert answer.status_code == 200, answer.text
        items: list[dict[str, Any]] = answer.json()["items"]
        return items

    def import_text(self, collection_id: str, text: str, **fields: Any) -> str:
        """Starts an import from text and returns the id of its task."""
        path = f"/ioc-collections/{collection_id}/indicators/text"
        answer = self("POST", path, json={"indicators": text, **fields})
        assert answer.status_code == 202, answer.text
        return str(answer.json()["task_id"])


@pytest.fixture
def api(sandbox: Sandbox) -> Iterator[API]:
    """REST, with the key that may do all."""
    api = API(sandbox)
    with api.session:
        yield api


def listener(sandbox: Sandbox) -> Listen:
    """What connects to the LiveAPI of a sandbox."""

    def listen(key: str | None = None) -> ClientConnection:
        cookie = {"Cookie": f"access_token_cookie={key or sandbox.api_key}"}
        return connect(sandbox.live_url, additional_headers=cookie, proxy=None, max_size=None)

    return listen


@pytest.fixture
def module(tmp_path: Path) -> Module:
    """The folder of a module whose action does as it is told."""
    folder = tmp_path / "module"
    folder.mkdir()
    (folder / "main.py").write_text(MAIN)
    (folder / "manifest.json").write_text(json.dumps({"uuid": MODULE_UUID}))
    (folder / "action_obey.json").write_text(json.dumps({"uuid": ACTION_UUID, "docker_parameters": "Obey"}))
    return Module.load(folder)


@pytest.fixture
def storage(tmp_path: Path) -> Path:
    """An empty storage folder."""
    folder = tmp_path / "storage"
    folder.mkdir()
    return folder


@pytest.fixture
def listen(sandbox: Sandbox) -> Listen:
    """Connects to LiveAPI; the first message is still to be read."""
    return listener(sandbox)


def import_events(connection: ClientConnection) -> Iterator[dict[str, Any]]:
    """The attributes of each import event that comes; ends when nothing comes for 5 s."""
    while True:
        message = json.loads(connection.recv(timeout=5))
        if message.get("type") == "ioc-collection":
            attributes: dict[str, Any] = message["attributes"]
            yield attributes


def import_end(connection: ClientConnection) -> dict[str, Any]:
    """The attributes of the next event that ends an import."""
    return next(event for event in import_events(connection) if event["imported"] == event["total"])
