"""The sandbox as a Python object."""

import json
import socket
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack, closing
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any, Self

from sandbox.console import Console, storage
from sandbox.console.heard import Heard
from sandbox.playbooks.access import HeldCollection
from sandbox.sekoia.app import create_app
from sandbox.sekoia.auth import Keys
from sandbox.sekoia.callback import Callbacks, NodeRun
from sandbox.sekoia.changes import Changes
from sandbox.sekoia.connections import Connections
from sandbox.sekoia.controls import Controls
from sandbox.sekoia.faults import Faults
from sandbox.sekoia.gate import Gate
from sandbox.sekoia.guard import Guard
from sandbox.sekoia.live import LiveAPI
from sandbox.sekoia.models import Collection, Indicator, NewCollection
from sandbox.sekoia.progress import Progress
from sandbox.sekoia.request_log import Recorded, RequestLog
from sandbox.sekoia.search import summary
from sandbox.sekoia.service import Service
from sandbox.sekoia.store import Store
from sandbox.sekoia.tasks import Imports
from sandbox.server_thread import ServerThread

__all__ = ["Sandbox"]

HOST = "127.0.0.1"
HERE = Path(__file__).resolve().parents[1]
# Seconds between two looks at a condition.
GLANCE = 0.005


class Sandbox:
    """A local Sekoia, to be used with `with`: it serves when entered, and everything is closed on exit.

    Args:
        port: On the loopback; 0 takes a free one.
        db: A file that keeps collections and indicators; by default they are kept in memory.
        api_key, read_only_key: The keys that it accepts; the second may not write.
        pace: Indicators a second that an import takes in; 0 is as fast as possible.
        delay: Seconds that an import waits before it takes in the first.
        faults: The faults in force from the start and after each reset; by default none.
        token: What changes through pages and `/sandbox` need; by default it is made up.
        allowed_hosts: Names besides this machine's own under which those may be called.
        module: The folder of the module whose actions and playbooks the pages run; by default the one around it.
        storage: The folder for files of what the pages run; by default one that is removed in the end.
        told: Is told of each REST call, and of each to the callback, when it is done with, in the server's thread.

    Everything can be used from any thread. Raises OSError when the port is taken.
    """

    def __init__(
        self,
        port: int = 0,
        db: Path | str | None = None,
        api_key: str = "sandbox-key",
        read_only_key: str = "sandbox-read-only-key",
        pace: float = 0,
        *,
        delay: float = 0,
        faults: Faults | None = None,
        token: str | None = None,
        allowed_hosts: Iterable[str] = (),
        module: Path | None = None,
        storage: Path | None = None,
        told: Callable[[Recorded], None] | None = None,
    ) -> None:
        self.api_key = api_key
        self.read_only_key = read_only_key
        self._port = port
        self._db = db
        self._changes = Changes()
        self._controls = Controls(pace, faults, delay, self._changes)
        self._guard = Guard(frozenset(allowed_hosts), token)
        self._module = module or HERE
        self._storage = storage
        self._told = told

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            store = stack.enter_context(closing(Store(self._db)))
            listener = stack.enter_context(socket.create_server((HOST, self._port)))
            # Connections inherit it; without it every answer waits 40 ms for a delayed acknowledgement.
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._port = listener.getsockname()[1]
            folder = self._storage or Path(stack.enter_context(TemporaryDirectory(prefix="storage-")))
            self._build(store, folder)
            self._thread = ServerThread(self._connections, listener)
            self._closing = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._closing:
            self._console.runs.close()
            self._thread.call(self._quiet)
            self._thread.call(self._connections.abandon)
            self._thread.stop()

    # Where it is

    @property
    def url(self) -> str:
        """The base URL of REST."""
        return f"http://{HOST}:{self._port}"

    @property
    def live_url(self) -> str:
        """The URL of LiveAPI."""
        return f"ws://{HOST}:{self._port}/live/"

    @property
    def token(self) -> str:
        """What changes through `/sandbox` need."""
        return self._guard.token

    # What goes wrong

    @property
    def faults(self) -> Faults:
        """The faults in force: set its attributes."""
        return self._service.controls.faults

    @faults.setter
    def faults(self, faults: Faults) -> None:
        self._service.controls.faults = faults

    def hold_imports(self) -> None:
        """Imports go no further than `faults.hold_after` until `release_imports`."""
        self._thread.call(self._service.controls.released.clear)

    def release_imports(self) -> None:
        """Lets the imports that are held go on."""
        self._thread.call(self._service.controls.released.set)

    def push(self, message: dict[str, Any] | str | bytes) -> None:
        """Sends a message to all LiveAPI connections: an object as JSON text, text and bytes as they are."""
        content = json.dumps(message) if isinstance(message, dict) else message
        self._thread.call(lambda: self._service.live.push(content))

    def drop_live(self, code: int | None = 1012) -> None:
        """Closes all LiveAPI connections with this code; None resets them without a closing frame."""
        self._thread.call(lambda: self._service.live.drop(code))

    def reset(self) -> None:
        """Ends what the pages run, closes LiveAPI connections, and forgets all that came since the start.

        That is collections, indicators, imports, node runs, requests, faults, and the files in the storage, unless its
        folder was given.
        """
        self._thread.call(self._quiet)
        self._thread.wait_for(self._connections.settle())  # a page may have been asked to run something
        self._console.runs.end()
        self._thread.wait_for(self._connections.settle())  # and what ran may have asked for something
        self._thread.call(self._reset)

    # What is there

    @property
    def requests(self) -> list[Recorded]:
        """Every REST call so far, in order."""
        return self._request_log.recorded

    @property
    def live_connections(self) -> int:
        """How many LiveAPI connections there are that are authenticated."""
        return self._service.live.connections

    def create_collection(self, name: str = "Example", **fields: Any) -> dict[str, Any]:
        """Adds an IOC collection without a request; `fields` are those of the POST."""
        values = NewCollection(name=name, **fields).model_dump()
        row = self._thread.call(
            lambda: self._service.store.create_collection(author=self._service.keys.author, **values)
        )
        if row is None:
            raise ValueError(f"there is an IOC collection {fields['id']} already")
        return Collection.of(row).model_dump(exclude_unset=True)

    def indicators(self, collection_id: str) -> list[dict[str, Any]]:
        """All indicators of a collection, as REST shows them. Raises KeyError for an unknown collection."""

        def read() -> list[Any]:
            row = self._service.store.collection(collection_id)
            if row is None:
                raise KeyError(collection_id)
            return self._service.store.indicators(row["number"])

        return [Indicator.of(row, collection_id).model_dump() for row in self._thread.call(read)]

    def node_run(self, secrets: dict[str, Any] | None = None) -> NodeRun:
        """Announces the run of a playbook's node; without `secrets`, it gets the API key."""
        return self._thread.call(lambda: self._service.callbacks.open(secrets))

    def wait_for(self, condition: Callable[[], bool], timeout: float = 20.0) -> None:
        """Waits until a condition holds. Raises AssertionError when it does not in time."""
        deadline = time.monotonic() + timeout
        while not condition():
            if time.monotonic() > deadline:
                raise AssertionError(f"{condition} did not hold within {timeout:g} s")
            time.sleep(GLANCE)

    # Inside

    def _build(self, store: Store, folder: Path) -> None:
        keys, controls, heard = Keys(self.api_key, self.read_only_key), self._controls, Heard()
        live = LiveAPI(controls, keys, lambda message: self._hear(heard, message))
        imports, callbacks = Imports(controls, store, Progress(controls, live)), Callbacks(self.url, keys)
        self._service = Service(keys, controls, store, live, imports, callbacks, self._guard, self._changes)
        app = create_app(self._service)
        self._request_log = RequestLog(Gate(app, controls), self._tell)
        self._connections = Connections(self._request_log)
        self._console = Console(
            url=self.url,
            api_key=self.api_key,
            open_run=self.node_run,
            count=self._counted,
            module=self._module,
            storage=folder,
            heard=heard,
            recorded=self._request_log.latest,
            moved=self._moved,
        )
        self._console.add_to(app)

    def _moved(self) -> None:
        """Tells, from the thread of the runs, that one moved."""
        self._thread.call_soon(lambda: self._changes.happened("runs"))

    def _counted(self, collection_id: str) -> HeldCollection | None:
        """What a collection holds; None for an unknown one."""

        def count() -> HeldCollection | None:
            row = self._service.store.collection(collection_id)
            if row is None:
                return None
            held = summary(self._service.store, row["number"])
            return HeldCollection(
                row["id"], row["name"], held.total, held.states["revoked"], dict(held.kinds.most_common())
            )

        return self._thread.call(count)

    def _hear(self, heard: Heard, message: str | bytes) -> None:
        """Takes what LiveAPI tells everyone."""
        if heard.hear(message):
            self._changes.happened("imports")
            self._changes.happened("collections")

    def _tell(self, call: Recorded) -> None:
        """Tells of a call that came, or is done with."""
        self._changes.happened("requests")
        if call.seconds is not None:
            if self._told is not None:
                self._told(call)
            if call.method != "GET" and not call.is_callback:
                self._changes.happened("imports")
                self._changes.happened("collections")

    def _quiet(self) -> None:
        self._service.controls.interrupt()
        self._service.imports.cancel()
        self._service.live.reset()

    def _reset(self) -> None:
        self._service.imports.cancel()  # those that were answered meanwhile
        self._service.controls.reset()
        self._service.callbacks.forget()
        self._service.imports.forget()
        self._service.store.clear()
        self._request_log.forget()
        self._console.forget()
        if self._storage is None:
            storage.clear(self._console.runs.storage)
