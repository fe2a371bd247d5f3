"""If the platform configures Sentry, it learns which error happened where, but neither the key nor an indicator."""

from __future__ import annotations

import gzip
import json
import logging
from collections.abc import Iterator
from typing import Any

import flask
import pytest
import sentry_sdk
import urllib3.connection
from websockets.sync.client import ClientConnection

from main import main
from sandbox import Sandbox
from sekoia_cti.actions.import_text import ImportIndicatorsFromText
from sekoia_cti.platform.sentry import WITHHELD, scrubbed
from tests.conftest import ROOT, Platform
from tests.hostile import Hostile, answer

INDICATOR = "very-evil.example"
GIVEN = (b"sandbox-key", b"very-evil", b"not an indicator", b"access_token_cookie", b"Bearer", b"ioc-collection--")
"""What no event may hold."""


@pytest.fixture
def sentry(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hostile]:
    """A Sentry that takes everything."""
    with Hostile(answer(200)) as server:
        monkeypatch.setenv("SENTRY_DSN", f"http://public@{server.host}/1")
        yield server
        sentry_sdk.get_client().close()
        sentry_sdk.init()  # without an address nothing is told


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> None:
    """What nobody expects, in LiveAPI's thread and below urllib3, with all that leaks in the frames and in the message."""
    send = urllib3.connection.HTTPConnection.request

    def request(self: Any, method: str, url: str, body: Any = None, headers: Any = None, **others: Any) -> None:
        if not url.endswith("/indicators/text"):
            return send(self, method, url, body=body, headers=headers, **others)
        content = b"".join(body)
        raise ZeroDivisionError(f"{headers} {content!r}")

    def upgrade(self: ClientConnection, _message: str) -> None:
        assert self.request
        cookie = self.request.headers["Cookie"]
        raise ZeroDivisionError(cookie)

    monkeypatch.setattr(urllib3.connection.HTTPConnection, "request", request)
    monkeypatch.setattr(ClientConnection, "send", upgrade)


def events(server: Hostile) -> list[dict[str, Any]]:
    """The events that Sentry was told, once it was told all; none holds what was given."""
    sentry_sdk.flush(timeout=5)
    told = []
    for request in server.requests:
        content = gzip.decompress(request.partition(b"\r\n\r\n")[2])
        assert not [given for given in GIVEN if given in content]
        _, *items = content.strip().split(b"\n")
        told += [
            json.loads(body) for header, body in zip(items[::2], items[1::2], strict=True) if b'"event"' in header
        ]
    return told


def assert_told(told: list[dict[str, Any]]) -> None:
    """Where it happened, and of what kind it was, are told."""
    [exception] = [event["exception"]["values"][-1] for event in told if "exception" in event]
    assert exception["type"] == "ZeroDivisionError"
    assert any(frame["function"] == "import_text" for frame in exception["stacktrace"]["frames"])
    assert {"warning", "error"} == {event["level"] for event in told}
    assert all(event["tags"]["node_run_uuid"] == "run-1" for event in told)


@pytest.mark.usefixtures("broken")
@pytest.mark.fault(
    "Sentry is configured, and something unexpected happens below urllib3 or in LiveAPI's thread",
    "Sentry learns what happened and where; neither the key nor an indicator is sent",
)
def test_neither_key_nor_indicators_leave(
    platform: Platform, collection_id: str, sentry: Hostile, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Warnings and errors reach Sentry without what they quote, without variables and without what led to them."""
    monkeypatch.setenv("NODE_RUN_UUID", "run-1")
    run = platform.run(ImportIndicatorsFromText, collection_id=collection_id, text=f"{INDICATOR}\nnot an indicator")
    assert run.error and "ZeroDivisionError" in run.error
    assert "(unexpectedly, ZeroDivisionError)" in run.logs
    assert_told(events(sentry))
    options = sentry_sdk.get_client().options  # nothing is gathered that would have to be removed
    assert (options["include_local_variables"], options["max_request_body_size"]) == (False, "never")
    assert options["traces_sample_rate"] is None  # so that there are no transactions, which before_send does not see


def test_nothing_but_what_is_harmless_is_left() -> None:
    """Whatever else an event has, now or in a later release of Sentry's library, does not leave."""
    secret = {
        name: {"data": "secret"} for name in ("request", "extra", "contexts", "user", "breadcrumbs", "threads", "new")
    }
    frame = {"function": "run", "lineno": 3, "vars": {"api_key": "secret"}}
    exception = {
        "type": "OSError",
        "value": "secret",
        "mechanism": {"type": "generic", "data": "secret"},
        "stacktrace": {"frames": [frame], "registers": "secret"},
    }
    event: Any = {"level": "error", "message": "secret", "logentry": {"message": "secret"}, **secret}
    raised: Any = {**event, "exception": {"values": [exception]}}
    assert scrubbed(raised, {}) == {
        "level": "error",
        "exception": {
            "values": [
                {
                    "type": "OSError",
                    "mechanism": {"type": "generic"},
                    "stacktrace": {"frames": [{"function": "run", "lineno": 3}]},
                }
            ]
        },
    }
    assert scrubbed(event, {}) == {"level": "error", "message": WITHHELD}


@pytest.mark.usefixtures("broken")
def test_no_request_leaves_on_fission(
    sandbox: Sandbox, collection_id: str, sentry: Hostile, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    """The request that Fission makes of a run holds all that it is given, and is not told; one client serves all runs."""
    state = tmp_path / "state.json"
    state.write_text(json.dumps({"filepath": str(ROOT)}))
    monkeypatch.setenv("SYMPHONY_RUNTIME", "fission")
    monkeypatch.setenv("FISSION_STATE_FILE_PATH", str(state))
    application = flask.Flask("fission")
    application.add_url_rule("/", view_func=main, methods=["POST"])
    node_run = sandbox.node_run({"api_key": sandbox.api_key})
    body = {
        "module_configuration": {"base_url": sandbox.url, "api_key": sandbox.api_key},
        "arguments": {"collection_id": collection_id, "text": f"{INDICATOR}\nnot an indicator"},
        "token": node_run.token,
        "url_callback": node_run.url,
        "node_run_uuid": "run-1",
    }
    headers = {"command": "ImportIndicatorsFromText", "Cookie": f"access_token_cookie={sandbox.api_key}"}
    clients = set()
    for _ in range(2):
        assert application.test_client().post("/", headers=headers, json=body).status_code == 200
        assert_told(events(sentry))
        clients.add(sentry_sdk.get_client())
        sentry.requests.clear()
    assert len(clients) == 1


def test_an_address_that_is_none(
    platform: Platform, collection_id: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A wrong address of Sentry does not stop a run."""
    monkeypatch.setenv("SENTRY_DSN", "sentry.example")
    with caplog.at_level(logging.WARNING):
        run = platform.run(ImportIndicatorsFromText, collection_id=collection_id, text=INDICATOR)
    assert run.results and run.results["status"] == "completed"
    assert "its address is not valid" in caplog.text
