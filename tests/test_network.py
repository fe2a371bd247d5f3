"""Certificates and proxies: REST and LiveAPI honor the same variables."""

from __future__ import annotations

import datetime
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import trustme
from websockets.sync.client import ClientConnection

from sandbox import Sandbox
from sekoia_cti.actions.find_ioc_collection import FindIOCCollection
from sekoia_cti.actions.import_text import ImportIndicatorsFromText
from sekoia_cti.client.errors import (
    AuthoritiesUnusable,
    CertificateRejected,
    LiveAPIError,
    LiveAPIUnreachable,
    ProxyRefused,
    ProxyUnusable,
    Unavailable,
    UnexpectedAnswer,
)
from sekoia_cti.client.live.signals import Connected
from sekoia_cti.client.live.stream import LiveAPI
from sekoia_cti.client.network import proxy_for, trust
from sekoia_cti.client.rest.endpoints import RestClient
from sekoia_cti.client.waiting import Deadline, Patience
from tests.conftest import Platform
from tests.hostile import Hostile, answer
from tests.pipe import Pipe
from tests.tls import TLSFront

PATIENCE = Patience.none().but(attempts=1)
VARIABLES = ("http_proxy", "https_proxy", "ws_proxy", "wss_proxy", "all_proxy", "no_proxy", "socks_proxy")


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.delenv("CURL_CA_BUNDLE", raising=False)
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)


@contextmanager
def clients(front: str, key: str) -> Iterator[tuple[RestClient, LiveAPI]]:
    """Both clients of a server behind a host and port."""
    with (
        RestClient(f"https://{front}/api/v2/inthreat", key, deadline=Deadline(20), patience=PATIENCE) as rest,
        LiveAPI(f"wss://{front}/live/", key, patience=PATIENCE) as live,
    ):
        yield rest, live


def test_a_private_authority_is_trusted_by_both(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``REQUESTS_CA_BUNDLE`` applies to REST and to LiveAPI."""
    authority = trustme.CA()
    bundle = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(bundle))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(bundle))
    with TLSFront(sandbox.url, authority.issue_cert("localhost")) as front:
        with clients(f"localhost:{front.port}", sandbox.api_key) as (rest, live):
            assert list(rest.collections()) == []
            assert live.ready(Deadline(10)) is None


def test_a_folder_of_authorities_is_understood(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``REQUESTS_CA_BUNDLE`` may name a folder, as for requests; an empty one trusts nobody."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path))
    with TLSFront(sandbox.url, trustme.CA().issue_cert("localhost")) as front:
        with clients(f"localhost:{front.port}", sandbox.api_key) as (_, live):
            with pytest.raises(CertificateRejected):
                live.ready(Deadline(10))


@pytest.mark.parametrize(
    ("certificate", "reason"),
    [
        ("foreign", "unable to get local issuer certificate"),
        ("expired", "certificate has expired"),
        ("another host", "hostname mismatch"),
    ],
)
def test_a_certificate_that_is_not_trusted_is_told_by_both(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, certificate: str, reason: str
) -> None:
    """A foreign, expired or wrong certificate is a clear error on both connections, and is not retried."""
    authority = trustme.CA()
    issued = {
        "foreign": lambda: trustme.CA().issue_cert("localhost"),
        "expired": lambda: authority.issue_cert(
            "localhost",
            not_before=datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC),
            not_after=datetime.datetime(2021, 1, 1, tzinfo=datetime.UTC),
        ),
        "another host": lambda: authority.issue_cert("sekoia.example"),
    }[certificate]()
    bundle = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(bundle))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(bundle))
    with TLSFront(sandbox.url, issued) as front:
        with clients(f"localhost:{front.port}", sandbox.api_key) as (rest, live):
            with pytest.raises(CertificateRejected) as caught:
                list(rest.collections())
            assert reason in str(caught.value).lower()
            with pytest.raises(CertificateRejected) as caught:
                live.ready(Deadline(10))
            assert reason in str(caught.value).lower()


def test_a_redirect_takes_the_key_to_no_other_host() -> None:
    """REST does not follow a redirect; LiveAPI follows it without the key."""
    key = "the-very-secret-key"
    with Hostile(answer(401)) as other, Hostile(answer(302, Location=f"{other.url}/live/")) as server:
        with (
            RestClient(f"{server.url}/v2/inthreat", key, deadline=Deadline(20), patience=PATIENCE) as rest,
            LiveAPI(f"ws://{server.host}/live/", key, patience=PATIENCE) as live,
        ):
            with pytest.raises(UnexpectedAnswer, match="it redirects to"):
                list(rest.collections())
            with pytest.raises(LiveAPIError):
                raise live.ready(Deadline(10)) or AssertionError("a redirect is no LiveAPI")
        assert all(key.encode() in request for request in server.requests)
        assert not any(key.encode() in request for request in other.requests)


def test_a_proxy_is_used_by_both(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """The usual variables make REST and LiveAPI use the proxy."""
    with Hostile(answer(403)) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        monkeypatch.setenv("https_proxy", proxy.url)
        with clients("app.sekoia.example", sandbox.api_key) as (rest, live):
            with pytest.raises(Unavailable, match="the proxy did not let the request through"):
                list(rest.collections())
            error = live.ready(Deadline(10))
        asked = {request.split(b"\r\n")[0] for request in proxy.requests}
        assert asked == {
            b"CONNECT app.sekoia.example:443 HTTP/1.1",
            b"CONNECT app.sekoia.example:443 HTTP/1.0",
        } or asked == {b"CONNECT app.sekoia.example:443 HTTP/1.1"}
        assert len(proxy.requests) >= 3
        assert not any(sandbox.api_key.encode() in request for request in proxy.requests)
    assert isinstance(error, LiveAPIUnreachable)
    assert "the proxy did not let the connection through" in str(error)


@pytest.mark.parametrize("direct", ["127.0.0.1", "127.0.0.0/8"])
@pytest.mark.fault("`NO_PROXY` names a host or a network", "REST and LiveAPI both bypass the proxy")
def test_no_proxy_is_obeyed_by_both(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, direct: str) -> None:
    """``NO_PROXY`` bypasses the proxy."""
    with Hostile(answer(403)) as proxy:
        for name in ("http_proxy", "https_proxy", "ws_proxy"):
            monkeypatch.setenv(name, proxy.url)
        monkeypatch.setenv("no_proxy", direct)
        host = urlsplit(sandbox.url).netloc
        with (
            RestClient(
                f"http://{host}/api/v2/inthreat", sandbox.api_key, deadline=Deadline(20), patience=PATIENCE
            ) as rest,
            LiveAPI(sandbox.live_url, sandbox.api_key, patience=PATIENCE) as live,
        ):
            assert list(rest.collections()) == []
            assert live.ready(Deadline(10)) is None
        assert proxy.requests == []


@pytest.mark.parametrize("scheme", ["http", "https", "ws", "wss"])
@pytest.mark.parametrize(
    ("variables", "host", "proxied"),
    [
        ({}, "192.0.2.7", False),
        ({"http_proxy": "P", "https_proxy": "P"}, "192.0.2.7", True),
        ({"all_proxy": "P"}, "sekoia.example", True),
        ({"all_proxy": "proxy.example:3128"}, "sekoia.example", True),
        ({"ALL_PROXY": "P", "NO_PROXY": "192.0.2.0/24"}, "192.0.2.7:8443", False),
        ({"ALL_PROXY": "P", "NO_PROXY": "192.0.2.0/24"}, "198.51.100.7", True),
        ({"ALL_PROXY": "P", "NO_PROXY": "other.example, .sekoia.example"}, "app.sekoia.example", False),
        ({"ALL_PROXY": "P", "NO_PROXY": "*"}, "sekoia.example", False),
    ],
)
def test_one_way_through_the_network(
    monkeypatch: pytest.MonkeyPatch, scheme: str, variables: dict[str, str], host: str, proxied: bool
) -> None:
    """REST and LiveAPI get the same proxy, or none, from the same variables, networks in ``NO_PROXY`` included."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value.replace("P", "http://proxy.example:3128") if value == "P" else value)
    assert proxy_for(f"{scheme}://{host}/live/") == ("http://proxy.example:3128" if proxied else None)


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "no such file or directory"),
        ("", "it contains no certificate"),
        ("no PEM", "it contains no certificate"),
    ],
)
@pytest.mark.fault(
    "`REQUESTS_CA_BUNDLE` or `CURL_CA_BUNDLE` names a missing file, or one without a certificate",
    "An error that names the variable, the file and the problem",
)
def test_authorities_that_cannot_be_used_are_named_with_their_variable(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variable: str, content: str | None, reason: str
) -> None:
    """REST and LiveAPI say which variable has an unusable value."""
    bundle = tmp_path / "ca.pem"
    if content is not None:
        bundle.write_text(content)
    monkeypatch.setenv(variable, str(bundle))
    sentence = f"The certificate authorities in {variable} cannot be used \\({bundle}: {reason}\\)"
    with pytest.raises(AuthoritiesUnusable, match=sentence):
        trust()
    with Hostile(answer(500)) as server, clients(server.host, "key") as (rest, _):
        with pytest.raises(AuthoritiesUnusable, match=sentence):
            list(rest.collections())


@pytest.mark.fault(
    "The environment names a SOCKS proxy, which requires a library that is not installed",
    "An error that says so; if only LiveAPI uses the proxy, a warning, and the import is confirmed by the state of "
    "the collection",
)
def test_a_socks_proxy(
    sandbox: Sandbox, platform: Platform, collection_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An unusable proxy is named immediately, without waiting for the deadline."""
    monkeypatch.setenv("ALL_PROXY", "socks5h://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")  # the sandbox, and the platform's callback
    platform.module_configuration["liveapi_url"] = "ws://live.example/live/"
    run = platform.run(ImportIndicatorsFromText, collection_id=collection_id, text="evil.example")
    assert run.results and (run.results["status"], run.results["confirmed_by"]) == ("completed", "api")
    assert "the environment names a SOCKS proxy, which requires a library that is not installed" in run.logs
    platform.module_configuration["base_url"] = "https://sekoia.example"
    run = platform.run(FindIOCCollection, name="Blocklist")
    assert run.error and "since it is a SOCKS proxy: use an HTTP proxy" in run.error


@pytest.mark.fault(
    "Something unexpected happens in LiveAPI's thread",
    "A warning that names the error; the import is confirmed by the state of the collection",
)
def test_an_unexpected_error_of_liveapi(
    platform: Platform, collection_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The thread survives whatever the library raises."""

    def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(ClientConnection, "send", fail)
    run = platform.run(ImportIndicatorsFromText, collection_id=collection_id, text="evil.example")
    assert run.results and (run.results["status"], run.results["confirmed_by"]) == ("completed", "api")
    assert "LiveAPI could not be reached" in run.logs
    assert "(unexpectedly, ZeroDivisionError)" in run.logs


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.fault("A proxy requires a password (407)", "An error that says so; the call is not repeated")
def test_a_proxy_that_wants_a_password(monkeypatch: pytest.MonkeyPatch, scheme: str) -> None:
    """REST and LiveAPI name the problem, whether the request is forwarded or tunneled."""
    with Hostile(answer(407)) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        monkeypatch.setenv("https_proxy", proxy.url)
        rest = RestClient(f"{scheme}://sekoia.example/v2/inthreat", "key", deadline=Deadline(20), patience=PATIENCE)
        with rest, pytest.raises(ProxyRefused, match=r"The proxy refused the request \(HTTP 407\)"):
            list(rest.collections())
        assert len(proxy.requests) == 1
        with LiveAPI(f"{scheme.replace('http', 'ws')}://sekoia.example/live/", "key", patience=PATIENCE) as live:
            error = live.ready(Deadline(10))
    assert isinstance(error, LiveAPIUnreachable)
    assert error.reason == "the proxy requires a user name and password in its address"


class Stumbling(TLSFront):
    """A front that answers its first connections with the TLS alert *internal error*."""

    failures = 2

    def take(self) -> socket.socket:
        """The next connection that it does not fail at."""
        while self.failures:
            self.failures -= 1
            with Pipe.take(self) as connection:
                connection.recv(65_536)
                connection.sendall(b"\x15\x03\x03\x00\x02\x02\x50")
        return super().take()


@pytest.mark.fault(
    "A server fails with the TLS alert *internal error*", "The call is repeated; the error does not mention trust"
)
def test_a_failure_of_tls_may_pass(sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only a certificate that was checked is reported as not trusted."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "ca.pem"))
    with Stumbling(sandbox.url, authority.issue_cert("localhost")) as front:
        with RestClient(
            f"https://localhost:{front.port}/api/v2/inthreat",
            sandbox.api_key,
            deadline=Deadline(20),
            patience=PATIENCE,
        ) as rest:
            assert list(rest.collections()) == []
    with Stumbling(sandbox.url, authority.issue_cert("localhost")) as front:
        with LiveAPI(f"wss://localhost:{front.port}/live/", sandbox.api_key, patience=PATIENCE) as live:
            error = live.ready(Deadline(10))
            assert isinstance(error, LiveAPIUnreachable)
            assert error.reason == "TLS failed: tlsv1 alert internal error"
            assert live.next(10) == Connected()


@pytest.mark.parametrize("location", ["http://[", "//[::g]/", "http://a:99999999/", "\x7f", ""])
@pytest.mark.fault(
    "A redirect leads to an invalid address", "An error or warning in one sentence, from REST and from LiveAPI"
)
def test_a_redirect_that_leads_nowhere(location: str) -> None:
    """Whatever the header contains, there is no traceback."""
    with Hostile(answer(302, Location=location)) as server:
        with RestClient(f"{server.url}/v2/inthreat", "key", deadline=Deadline(20), patience=PATIENCE) as rest:
            with pytest.raises(UnexpectedAnswer, match="it redirects to "):
                list(rest.collections())
        with LiveAPI(f"ws://{server.host}/live/", "key", patience=PATIENCE) as live:
            error = live.ready(Deadline(10))
    assert isinstance(error, LiveAPIUnreachable)
    assert "\n" not in str(error)


@pytest.mark.parametrize(
    "proxy",
    [
        "http://[",
        "http://",
        "://",
        "ftp://proxy.example",
        "http://me:s3cret@proxy.example:port",
        "http://proxy.example:99999",
        "socks5h://",
    ],
)
@pytest.mark.fault(
    "The environment names a proxy whose address is not valid",
    "REST and LiveAPI report it immediately, without showing the address",
)
def test_a_proxy_without_a_valid_address(monkeypatch: pytest.MonkeyPatch, proxy: str) -> None:
    """The error blames the environment, not base_url or the network."""
    monkeypatch.setenv("https_proxy", proxy)
    with clients("sekoia.example", "key") as (rest, live):
        with pytest.raises(ProxyUnusable) as caught:
            list(rest.collections())
        assert isinstance(live.ready(Deadline(10)), ProxyUnusable)
    assert "s3cret" not in str(caught.value)
