"""The account validator, against the sandbox."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sandbox import RestFault, Sandbox
from sekoia_cti.platform.account import SekoiaAccountValidator
from sekoia_cti.platform.module import SekoiaCTIModule
from tests.conftest import ROOT, Platform, run_as_process
from tests.hostile import Hostile, answer, drip, silence


@pytest.fixture
def validate(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Validates the account of the platform, and gives what was told at the end."""

    def run() -> dict[str, Any]:
        node_run = platform.sandbox.node_run(platform.secrets)
        monkeypatch.setenv("MODULE_CONFIGURATION", json.dumps(platform.module_configuration))
        monkeypatch.setenv("TOKEN", node_run.token)
        monkeypatch.setenv("URL_CALLBACK", node_run.url)
        SekoiaAccountValidator(SekoiaCTIModule()).execute()
        return node_run.received[-1]

    return run


def test_a_good_account(sandbox: Sandbox, validate: Any) -> None:
    """Both are asked, nothing is changed, and no connection is left open."""
    assert validate() == {"status": "finished", "results": {"success": True}}
    assert [(request.method, request.path.rpartition("/")[2]) for request in sandbox.requests] == [
        ("GET", "ioc-collections")
    ]
    sandbox.wait_for(lambda: sandbox.live_connections == 0)


def test_a_wrong_key(sandbox: Sandbox, platform: Platform, validate: Any) -> None:
    """Both refuse it, and the error says so without the key."""
    platform.secrets = {"api_key": "wrong-key"}
    told = validate()
    assert told["results"] == {"success": False}
    assert told["error"].startswith("Sekoia refused the API key (HTTP 401) while listing the IOC collections")
    assert f"LiveAPI refused the API key at {sandbox.live_url} (HTTP 401)" in told["error"]
    assert "wrong-key" not in told["error"]


def test_an_address_with_the_key_in_it(platform: Platform, validate: Any) -> None:
    """What is told names the address, and not the key that someone wrote there as well."""
    host = platform.sandbox.url.removeprefix("http://")
    address = f"ws://{host}/nowhere/"
    platform.module_configuration |= {"liveapi_url": f"{address}{platform.secrets['api_key']}"}
    told = validate()["error"]
    assert f"{address}…" in told
    assert platform.secrets["api_key"] not in told


def test_a_missing_permission(sandbox: Sandbox, validate: Any) -> None:
    """A key without permission to list collections."""
    sandbox.faults.rest = [RestFault(status=403)]
    told = validate()
    assert told["results"] == {"success": False}
    assert told["error"] == (
        "Sekoia denied permission (HTTP 403) while listing the IOC collections, saying “Forbidden”: give the API key the "
        "permissions “View IOC collections” and “Manage IOC collections”."
    )


@pytest.mark.parametrize(
    ("fault", "value", "beginning"),
    [
        ("live_refuse_by_message", True, "LiveAPI refused the API key at ws://"),
        ("live_status", 403, "LiveAPI could not be reached at ws://"),
    ],
)
def test_liveapi_alone(sandbox: Sandbox, validate: Any, fault: str, value: object, beginning: str) -> None:
    """REST works, and LiveAPI is named as what failed."""
    setattr(sandbox.faults, fault, value)
    told = validate()
    assert told["results"] == {"success": False}
    assert told["error"].startswith(beginning)


@pytest.mark.parametrize("secrets", [{}, {"api_key": None}, {"api_key": ""}])
def test_no_key(platform: Platform, validate: Any, secrets: dict[str, Any]) -> None:
    """A key that is absent, null or empty is reported in a sentence."""
    platform.secrets = secrets
    told = validate()
    assert told["results"] == {"success": False}
    assert told["error"] == "The module's configuration has no API key: enter one in the module's account."


@pytest.mark.parametrize(
    "body", [{}, {"module_configuration": None}, {"module_configuration": {"value": None}}, "no json"]
)
def test_no_secrets(sandbox: Sandbox, validate: Any, body: Any) -> None:
    """A platform that hands over nothing does not cause a crash."""
    sandbox.faults.callback = [RestFault(status=200, body=body)]
    assert "has no API key" in validate()["error"]


def test_a_wrong_configuration(platform: Platform, validate: Any) -> None:
    """What is wrong with it is told."""
    platform.module_configuration = {"base_url": "api.sekoia.io"}
    told = validate()
    assert told["results"] == {"success": False}
    assert told["error"] == (
        "The module's configuration is not valid: base_url: it must be a URL that begins with https:// (or http://)."
    )


def test_a_key_that_no_header_takes(platform: Platform, validate: Any) -> None:
    """A key that was copied with blanks in it is told when it is handed over."""
    platform.secrets = {"api_key": "two words"}
    assert validate()["error"] == (
        "The module's configuration is not valid: api_key: it contains characters that no API key has: copy it again."
    )


def test_it_ends_in_time(platform: Platform, validate: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that never finishes its answer is given up."""
    monkeypatch.setattr(SekoiaAccountValidator, "seconds", 0.3)
    with Hostile(drip) as server, Hostile(silence) as live:
        platform.module_configuration = {"base_url": server.url, "liveapi_url": f"ws://{live.host}/live/"}
        told = validate()
    assert told["error"].startswith(
        "Sekoia did not answer within 0.3 seconds while listing the IOC collections: check the module's configuration, the "
        "network and the proxy. LiveAPI could not be reached at ws://"
    )


def test_nobody_there(platform: Platform, validate: Any) -> None:
    """Nobody listens at either address."""
    with Hostile(answer()) as server:
        host = server.host
    platform.module_configuration = {"base_url": f"http://{host}"}
    told = validate()
    assert told["results"] == {"success": False}
    assert (
        f"Sekoia could not be reached at {host} while listing the IOC collections (connection refused)"
        in told["error"]
    )
    assert f"LiveAPI could not be reached at ws://{host}/live/" in told["error"]


def test_in_a_process_of_its_own(sandbox: Sandbox) -> None:
    """The platform runs it as a command of `main.py`, which the manifest announces."""
    assert json.loads((ROOT / "manifest.json").read_text())["supports_validation"] is True
    told = run_as_process(sandbox, "validate_module_configuration")
    assert told == {"status": "finished", "results": {"success": True}}
