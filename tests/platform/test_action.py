"""What every action does with its arguments; the annotations of this file are text."""

from __future__ import annotations

import json
import logging
import shutil
from pathlib import Path
from typing import Any

import pytest
from pydantic import Field
from sekoia_automation.scripts.files_generator import FilesGenerator

from sandbox import RestFault, Sandbox
from sekoia_cti.actions.common.arguments import Arguments
from sekoia_cti.actions.create_ioc_collection import CreateIOCCollection
from sekoia_cti.actions.delete_ioc_collection import DeleteIOCCollection
from sekoia_cti.actions.find_ioc_collection import FindIOCCollection
from sekoia_cti.platform.action import SekoiaAction
from sekoia_cti.platform.forms import ResultsForm
from sekoia_cti.platform.module import SekoiaCTIModule
from sekoia_cti.platform.process import Unreported
from sekoia_cti.platform.sekoia_item import SekoiaItem
from tests.conftest import ROOT, Platform


class EchoArguments(Arguments):
    """What to say."""

    some_text: str = Field(default="nothing", title="Text", description="What to say")


class EchoResults(ResultsForm):
    """What was said."""

    said: str = Field(title="Said", description="What was said")


class Echo(SekoiaAction):
    """An action that needs no Sekoia."""

    name = "Echo"
    description = "Says it again"
    results_model = EchoResults

    def run(self, arguments: EchoArguments) -> EchoResults:
        """Say it."""
        return EchoResults(said=arguments.some_text)


class Overtaken(Echo):
    """An action while which another one of the process begins."""

    def run(self, arguments: EchoArguments) -> EchoResults:
        """Have a library say something meanwhile."""
        Echo(self.module)
        logging.getLogger("a.library").warning("of this run")
        return super().run(arguments)


def test_a_run_that_begins_takes_nothing_from_another(platform: Platform) -> None:
    """What a library says during a run is in the log of that run, whatever else has begun in the process."""
    assert "of this run" in platform.run(Overtaken).logs


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("TOKEN", "wrong", r"refused the report of the run \(HTTP 401\)"),
        ("TOKEN", None, r"could not be reported \(/symphony/token does not exist\)"),
        ("URL_CALLBACK", None, r"could not be reported \(/symphony/url_callback does not exist\)"),
        (
            "URL_CALLBACK",
            "http://127.0.0.1:9/",
            "could not be reported: 127.0.0.1:9 does not answer: check url_callback",
        ),
    ],
)
def test_a_run_that_cannot_be_reported(
    platform: Platform, monkeypatch: pytest.MonkeyPatch, name: str, value: str | None, said: str
) -> None:
    """Whoever started the run learns why it failed, in one sentence."""
    monkeypatch.setattr(SekoiaItem, "unanswered", 0.0)
    monkeypatch.setattr(SekoiaItem, "_wait_exponent_base", 0)  # the SDK's wait between repetitions
    node_run = platform.sandbox.node_run()
    environment = {
        "MODULE_CONFIGURATION": "{}",
        "ARGUMENTS": "{}",
        "TOKEN": node_run.token,
        "URL_CALLBACK": node_run.url,
    }
    for variable, content in (environment | {name: value}).items():
        monkeypatch.delenv(variable, raising=False) if content is None else monkeypatch.setenv(variable, content)
    with pytest.raises(Unreported, match=said):
        Echo(SekoiaCTIModule(), platform.storage).execute()


def test_annotations_can_be_text(platform: Platform, tmp_path: Path) -> None:
    """The action runs, and the SDK's generator makes a manifest of it."""
    assert platform.run(Echo, some_text="a").results == {"said": "a"}
    shutil.copy(ROOT / "manifest.json", tmp_path)
    FilesGenerator(tmp_path).generate_action_manifests({Echo})
    manifest = json.loads((tmp_path / "action_echo.json").read_text())
    assert manifest["arguments"]["properties"]["some_text"]["title"] == "Text"
    assert manifest["results"]["required"] == ["said"]


@pytest.mark.parametrize("name", ["some_txt", "sometext", "Some_Text", "some-text", "someText"])
def test_an_argument_that_is_misspelled(platform: Platform, name: str) -> None:
    """It is refused, since the run would otherwise do something else than was asked for."""
    run = platform.run_with(Echo, {name: "a"})
    assert (run.results, run.error) == (None, f"The action has no argument “{name}”; did you mean “some_text”?")


@pytest.mark.parametrize("given", [{"node": 1}, {"some_text": "nothing", "workspace": {"id": 5}}])
def test_an_argument_that_nobody_knows(platform: Platform, given: dict[str, Any]) -> None:
    """It is ignored with a warning, since the platform may add some."""
    run = platform.run_with(Echo, given)
    assert (run.results, run.error) == ({"said": "nothing"}, None)
    (name,) = given.keys() - {"some_text"}
    assert f"warning: The action has no argument “{name}”: it was ignored" in run.logs


@pytest.mark.parametrize(
    ("configuration", "warned_of"),
    [
        ({"base_url": "http://sekoia.example"}, "to http://sekoia.example: change base_url to begin with https://"),
        ({"liveapi_url": "ws://192.0.2.7/live/"}, "to ws://192.0.2.7/live/: change liveapi_url to begin with wss://"),
        ({"base_url": "https://sekoia.example"}, None),
        ({"base_url": "http://localhost:8080"}, None),
        ({"base_url": "http://sekoia.localhost./"}, None),
        ({"base_url": "http://127.0.0.2"}, None),
        ({"base_url": "http://[::1]:8080", "liveapi_url": "wss://sekoia.example/live/"}, None),
    ],
)
@pytest.mark.fault(
    "`base_url` or `liveapi_url` leads to another machine without TLS", "A warning that the key is sent unencrypted"
)
def test_a_key_that_travels_unencrypted(
    platform: Platform, configuration: dict[str, Any], warned_of: str | None
) -> None:
    """A warning is given, unless the key stays on this machine."""
    platform.module_configuration = configuration
    logs = platform.run(Echo).logs
    assert ("warning: The API key is sent unencrypted" in logs) is bool(warned_of)
    assert (warned_of or "") in logs


DEEP = '{"a":' * 100_000 + "1" + "}" * 100_000  # some versions of Python read thousands of levels


class Asking(Echo):
    """The same, of an action that needs Sekoia."""

    name = "Asking"

    def run(self, arguments: EchoArguments) -> EchoResults:
        """Ask, and say it."""
        with self.sekoia() as sekoia:
            next(sekoia.rest.collections(), None)
        return EchoResults(said=arguments.some_text)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"MODULE_CONFIGURATION": "null"}, "The module's configuration is not valid: it is not a JSON object."),
        ({"MODULE_CONFIGURATION": "[]"}, "The module's configuration is not valid: it is not a JSON object."),
        (
            {"MODULE_CONFIGURATION": '[{"base_url": 1}]'},
            "The module's configuration is not valid: it is not a JSON object.",
        ),
        ({"MODULE_CONFIGURATION": "{"}, "The module's configuration is not valid: it is not a JSON object."),
        ({"MODULE_CONFIGURATION": DEEP}, "The module's configuration is not valid: it is not a JSON object."),
        ({"ARGUMENTS": "{"}, "The action's arguments are not valid JSON, or nested too deeply."),
        ({"ARGUMENTS": DEEP}, "The action's arguments are not valid JSON, or nested too deeply."),
        ({"ARGUMENTS": "[]"}, "The action's arguments are not a JSON object."),
        ({"ARGUMENTS": '"a"'}, "The action's arguments are not a JSON object."),
    ],
    ids=lambda value: (
        "" if isinstance(value, str) else "-".join(f"{name} {text[:20]}" for name, text in value.items())
    ),
)
@pytest.mark.fault(
    "The configuration or the arguments are null, a list, not JSON, or 100,000 levels deep",
    "An error in one sentence; nothing is sent",
)
def test_what_is_no_object(
    platform: Platform, monkeypatch: pytest.MonkeyPatch, given: dict[str, str], sentence: str
) -> None:
    """What the platform hands over is not always what it should be."""
    node_run = platform.sandbox.node_run(platform.secrets)
    environment = {
        "MODULE_CONFIGURATION": json.dumps(platform.module_configuration),
        "ARGUMENTS": "{}",
        "TOKEN": node_run.token,
        "URL_CALLBACK": node_run.url,
        **given,
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    Asking(SekoiaCTIModule(), platform.storage).execute()
    assert node_run.received[-1].get("error") == sentence
    assert platform.sandbox.requests == []


def test_the_key_is_never_told(sandbox: Sandbox, platform: Platform) -> None:
    """Whatever quotes the key, neither the node's error nor the log shows it."""
    said = f"no such key: {sandbox.api_key}"
    sandbox.faults.rest = [RestFault(status=400, body={"message": said})]
    run = platform.run(FindIOCCollection, name="x")
    assert run.error and "no such key: …" in run.error
    assert sandbox.api_key not in run.error + run.logs
    run = platform.run(FindIOCCollection, name=sandbox.api_key)
    assert "0 IOC collections match the name “…”" in run.logs
    assert sandbox.api_key not in run.logs


HOSTILE = ["\x1b[2J", "\x1b]0;title\x07", "\u202e", "\u2066", "\u200f", "\x9b31m", "\r", "\x08", "\u2028"]


@pytest.mark.parametrize("mark", HOSTILE, ids=ascii)
@pytest.mark.fault(
    "A value contains ESC, other terminal control characters, or marks that change the direction of text",
    "They are escaped in logs, errors and standard output",
)
def test_letters_that_are_obeyed_are_shown_instead(
    platform: Platform, collection_id: str, capfd: pytest.CaptureFixture[str], mark: str
) -> None:
    """Nobody who reads a log is deceived by what was given or found."""
    name = f"not{mark}good"
    run = platform.run(CreateIOCCollection, name=name)
    refused = platform.run(DeleteIOCCollection, collection_id=collection_id, confirm_name=name)
    for told in (run.logs, refused.error, capfd.readouterr().out):
        assert told and "“not" in told and "good”" in told
        assert mark not in told
