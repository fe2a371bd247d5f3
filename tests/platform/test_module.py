"""The configuration, and where Sekoia is for it."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

import main
from sekoia_cti.client import Sekoia
from sekoia_cti.platform.complaints import complaint
from sekoia_cti.platform.module import Configuration, SekoiaCTIModule
from sekoia_cti.platform.process import Unreported


@pytest.mark.parametrize(
    ("base_url", "rest_root", "live_url"),
    [
        ("https://api.sekoia.io", "https://api.sekoia.io/v2/inthreat", "wss://app.sekoia.io/live/"),
        ("https://api.sekoia.io/", "https://api.sekoia.io/v2/inthreat", "wss://app.sekoia.io/live/"),
        ("HTTPS://API.sekoia.io", "https://API.sekoia.io/v2/inthreat", "wss://app.sekoia.io/live/"),
        ("https://app.sekoia.io", "https://app.sekoia.io/api/v2/inthreat", "wss://app.sekoia.io/live/"),
        ("https://app.sekoia.io/", "https://app.sekoia.io/api/v2/inthreat", "wss://app.sekoia.io/live/"),
        ("https://app.sekoia.io/api", "https://app.sekoia.io/api/v2/inthreat", "wss://app.sekoia.io/live/"),
        ("https://app.fra2.sekoia.io", "https://app.fra2.sekoia.io/api/v2/inthreat", "wss://app.fra2.sekoia.io/live/"),
        (
            "https://app.fra2.sekoia.io/api/",
            "https://app.fra2.sekoia.io/api/v2/inthreat",
            "wss://app.fra2.sekoia.io/live/",
        ),
        (
            "https://app.mco1.sekoia.io/api",
            "https://app.mco1.sekoia.io/api/v2/inthreat",
            "wss://app.mco1.sekoia.io/live/",
        ),
        (
            "https://app.uae1.sekoia.io/api",
            "https://app.uae1.sekoia.io/api/v2/inthreat",
            "wss://app.uae1.sekoia.io/live/",
        ),
        (
            "https://app.usa1.sekoia.io/api",
            "https://app.usa1.sekoia.io/api/v2/inthreat",
            "wss://app.usa1.sekoia.io/live/",
        ),
        ("https://api.usa1.sekoia.io", "https://api.usa1.sekoia.io/v2/inthreat", "wss://app.usa1.sekoia.io/live/"),
        ("https://api.sekoia.io/v2/inthreat", "https://api.sekoia.io/v2/inthreat", "wss://app.sekoia.io/live/"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080/api/v2/inthreat", "ws://127.0.0.1:8080/live/"),
        ("http://[::1]:8080/", "http://[::1]:8080/api/v2/inthreat", "ws://[::1]:8080/live/"),
    ],
)
def test_every_form_of_base_url_leads_to_sekoia(base_url: str, rest_root: str, live_url: str) -> None:
    """Each region's REST root and LiveAPI are found from any form of its URL."""
    sekoia = Sekoia("key", base_url=Configuration(base_url=base_url).base_url)
    assert (sekoia.rest_root, sekoia.live_url) == (rest_root, live_url)


def test_an_explicit_liveapi_wins() -> None:
    """A LiveAPI that is configured is used as it is."""
    liveapi_url = Configuration(liveapi_url="wss://live.example.com/x").liveapi_url
    assert Sekoia("key", liveapi_url=liveapi_url).live_url == "wss://live.example.com/x"


@pytest.mark.parametrize("configuration", [{}, {"api_key": None}, {"api_key": ""}])
def test_the_key_may_come_later(configuration: dict[str, Any]) -> None:
    """A configuration is valid before the platform hands over the key, which stays a secret when it comes."""
    configured = Configuration.model_validate(configuration)
    configured.api_key = " the-key\n"  # type: ignore[assignment]  # what the SDK's setattr does
    assert isinstance(configured.api_key, SecretStr)
    assert configured.api_key.get_secret_value() == "the-key"
    assert "the-key" not in repr(configured)


def test_empty_urls_mean_the_defaults() -> None:
    """What a form leaves empty counts as left out."""
    configured = Configuration.model_validate({"base_url": "", "liveapi_url": ""})
    assert (configured.base_url, configured.liveapi_url) == ("https://api.sekoia.io", None)


@pytest.mark.parametrize(
    ("configuration", "complaints"),
    [
        ({"base_url": "api.sekoia.io"}, "base_url: it must be a URL that begins with https:// (or http://)"),
        ({"base_url": "ftp://api.sekoia.io"}, "base_url: it must be a URL that begins with https:// (or http://)"),
        ({"base_url": "https://"}, "base_url: it must be a URL that begins with https:// (or http://)"),
        ({"base_url": "https://a b.example"}, "base_url: it must be a URL that begins with https:// (or http://)"),
        ({"base_url": "https://a..example"}, "base_url: it must be a URL that begins with https:// (or http://)"),
        (
            {"base_url": f"https://{'a' * 64}.example"},
            "base_url: it must be a URL that begins with https:// (or http://)",
        ),
        ({"base_url": "https://a.example:port"}, "base_url: it must be a URL that begins with https:// (or http://)"),
        ({"base_url": 5}, "base_url: it must be text"),
        ({"base_url": "https://me:pw@api.sekoia.io"}, "base_url: it must not contain a user name or password"),
        ({"liveapi_url": "https://x.example"}, "liveapi_url: it must be a URL that begins with wss:// (or ws://)"),
        ({"api_key": "a b"}, "api_key: it contains characters that no API key has: copy it again"),
        ({"api_key": "ké"}, "api_key: it contains characters that no API key has: copy it again"),
        ({"api_key": ["s3cret"]}, "api_key: it must be text"),
    ],
)
def test_a_wrong_configuration_is_told_without_its_values(configuration: dict[str, Any], complaints: str) -> None:
    """The problem is named, and the configured value is not repeated."""
    with pytest.raises(ValidationError) as caught:
        Configuration.model_validate(configuration)
    assert complaint(caught.value, show_values=False) == complaints
    assert "s3cret" not in str(caught.value)


def test_only_the_action_that_runs_is_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    """An action is looked for where its module is said to be, but only when it is asked for."""
    monkeypatch.setattr(sys, "argv", ["main.py", "FindIOCCollection"])
    module = SekoiaCTIModule()
    module.register("sekoia_cti.actions.nowhere", "CreateIOCCollection")
    with pytest.raises(ModuleNotFoundError):
        module.register("sekoia_cti.actions.nowhere", "FindIOCCollection")


@pytest.mark.parametrize(
    ("command", "said"), [([], "No action was given: "), (["ImportText"], "There is no action “ImportText”: ")]
)
def test_an_action_that_does_not_exist(monkeypatch: pytest.MonkeyPatch, command: list[str], said: str) -> None:
    """Whoever runs main.py by hand learns what to say."""
    monkeypatch.setattr(sys, "argv", ["main.py", *command])
    with pytest.raises(Unreported, match=said + "use the docker_parameters"):
        main.main()
