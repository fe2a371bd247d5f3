"""Every error of the client, as analysts read it."""

from __future__ import annotations

import re

import pytest

from sekoia_cti import client
from sekoia_cti.client import errors
from sekoia_cti.client.errors import SekoiaError
from sekoia_cti.client.rest.subjects import collection

DOING = "creating the IOC collection"

SENTENCES = [
    (
        errors.KeyRefused(DOING, status=401, message="The token is expired"),
        "Sekoia refused the API key (HTTP 401) while creating the IOC collection, saying “The token is expired”: check that "
        "the key is complete, has not expired, and belongs to the region of base_url.",
    ),
    (
        errors.Refused(DOING, status=405, foreign=True),
        "Sekoia refused the request (HTTP 405) while creating the IOC collection: correct the arguments, then try again; the "
        "answer is not JSON, so also check base_url, and that no proxy answers instead of Sekoia.",
    ),
    (
        errors.PermissionDenied(DOING, status=403),
        "Sekoia denied permission (HTTP 403) while creating the IOC collection: give the API key the permissions “View IOC "
        "collections” and “Manage IOC collections”.",
    ),
    (
        errors.ProxyRefused(DOING, status=407),
        "The proxy refused the request (HTTP 407) while creating the IOC collection: add a user name and password "
        "that the proxy accepts to its address (HTTPS_PROXY or HTTP_PROXY).",
    ),
    (
        errors.NotFound("looking up the IOC collection", what=collection("c").name, check=collection("c").check),
        "Sekoia has no IOC collection c (HTTP 404) while looking up the IOC collection: check collection_id, and that the "
        "API key belongs to the same community.",
    ),
    (
        errors.Refused(DOING, status=400, message="name is too long"),
        "Sekoia refused the request (HTTP 400) while creating the IOC collection, saying “name is too long”: correct the "
        "arguments, then try again.",
    ),
    (
        errors.LimitExceeded(
            "submitting the indicators", status=400, message="too many", count=499_990, limit=500_000, new=20
        ),
        "Sekoia refused the indicators (HTTP 400) while submitting the indicators, saying “too many”: the community holds "
        "499,990 of at most 500,000 indicators, and 20 were to be added: delete collections that are no longer "
        "needed, then try again.",
    ),
    (
        errors.Unavailable(DOING, host="api.sekoia.io", reason="connection refused", undone=True),
        "Sekoia could not be reached at api.sekoia.io while creating the IOC collection (connection refused): check "
        "base_url, the network and the proxy, then try again.",
    ),
    (
        errors.Unavailable(DOING, host="api.sekoia.io", reason="no answer in time"),
        "Sekoia did not answer at api.sekoia.io while creating the IOC collection (no answer in time): check base_url, the "
        "network and the proxy, then try again.",
    ),
    (
        errors.Unavailable(DOING, host="api.sekoia.io", status=503),
        "Sekoia could not answer (HTTP 503) while creating the IOC collection: try again later.",
    ),
    (
        errors.Unavailable(DOING, host="api.sekoia.io", status=429, retry_after=1.0),
        "Sekoia asked for a pause (HTTP 429) while creating the IOC collection: try again in 1 second.",
    ),
    (
        errors.Unavailable(DOING, host="api.sekoia.io", status=503, retry_after=3_600.0),
        "Sekoia could not answer (HTTP 503) while creating the IOC collection: try again in 60 minutes.",
    ),
    (
        errors.Unavailable(DOING, host="api.sekoia.io", status=429, retry_after=float("inf")),
        "Sekoia asked for a pause (HTTP 429) while creating the IOC collection: try again later.",
    ),
    (
        errors.ListingIncomplete("listing the IOC collections", seen=200, total=5_000),
        "Sekoia listed only 200 of 5,000 while listing the IOC collections: indicators that were not listed may "
        "exist, so try again later.",
    ),
    (
        errors.UnexpectedAnswer(DOING, status=200, why="it is not valid JSON"),
        "The answer did not come from Sekoia (HTTP 200) while creating the IOC collection: it is not valid JSON; check "
        "base_url, and that no proxy answers instead of Sekoia.",
    ),
    (
        errors.CertificateRejected("api.sekoia.io", "certificate has expired"),
        "The certificate of api.sekoia.io is not trusted (certificate has expired): check base_url and liveapi_url, and "
        "name your own certificate authority in REQUESTS_CA_BUNDLE if a proxy inspects the traffic.",
    ),
    (
        errors.AuthoritiesUnusable("REQUESTS_CA_BUNDLE", "/certs/proxy.pem", "no such file or directory"),
        "The certificate authorities in REQUESTS_CA_BUNDLE cannot be used (/certs/proxy.pem: no such file or "
        "directory): correct the variable, or remove it to trust the usual authorities.",
    ),
    (
        errors.ProxyUnusable(),
        "The proxy set in the environment cannot be used, since its address is not valid: correct HTTPS_PROXY, "
        "HTTP_PROXY or ALL_PROXY; a valid address is http://proxy.example:3128, for example.",
    ),
    (
        errors.LiveAPIRefused("wss://app.sekoia.io/live/", "HTTP 401", 401),
        "LiveAPI refused the API key at wss://app.sekoia.io/live/ (HTTP 401): check that the key is "
        "complete, has not expired, and belongs to the region of base_url.",
    ),
    (
        errors.LiveAPIUnreachable("wss://app.sekoia.io/live/", "HTTP 502", 502),
        "LiveAPI could not be reached at wss://app.sekoia.io/live/ (HTTP 502): check liveapi_url, the network and the "
        "proxy, which must let WebSockets through.",
    ),
    (
        errors.DeadlinePassed("uploading the file", 900),
        "The timeout of 900 seconds passed while uploading the file: set a longer timeout, then try again.",
    ),
    (errors.Interrupted(), "The run was stopped before it was finished: run it again."),
]


@pytest.mark.parametrize(("error", "sentence"), SENTENCES, ids=lambda value: type(value).__name__)
def test_an_error_is_one_sentence(error: SekoiaError, sentence: str) -> None:
    """Each error says what was refused, by whom, and what to do."""
    assert str(error) == sentence


@pytest.mark.parametrize(("error", "sentence"), SENTENCES, ids=lambda value: type(value).__name__)
def test_an_error_makes_sense_in_a_script(error: SekoiaError, sentence: str) -> None:
    """The client knows no playbook, and neither do its errors."""
    assert not re.search(r"\b(action|playbook|node|platform|module|configuration)\b", str(error))


def test_every_error_is_in_the_table_and_in_the_tree() -> None:
    """No error goes without a tested sentence and a place in the tree that the module draws."""
    told = {name for name in errors.__all__ if "__str__" in vars(getattr(errors, name))}
    assert told == {type(error).__name__ for error, _ in SENTENCES}
    assert all(name in str(errors.__doc__) for name in errors.__all__)


def test_every_error_is_one_import_away() -> None:
    """Scripts catch what `sekoia_cti.client` offers."""
    assert set(errors.__all__) <= set(client.__all__)
    assert all(getattr(client, name) is getattr(errors, name) for name in errors.__all__)
