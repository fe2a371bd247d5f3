"""What went wrong if no answer came, in words that say what to check."""

from __future__ import annotations

import pytest

from sandbox import Sandbox
from sekoia_cti.client.errors import Unavailable
from sekoia_cti.client.waiting import Patience
from tests.client.rest.conftest import client
from tests.hostile import Hostile, Script, answer, reset, silence, truncated

FEW = Patience.none().but(attempts=2, read=0.1)


def test_nobody_there() -> None:
    """A refused connection is named as such."""
    with Hostile(reset) as server:
        url = server.url
    with (
        client(url) as collections,
        pytest.raises(Unavailable, match=r"could not be reached at .* \(connection refused\)"),
    ):
        collections.collection("c")


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://sekoia.invalid", "its name could not be resolved"),
        ("http://sekoia..example", "the address is not valid"),
    ],
)
def test_a_host_that_cannot_be(url: str, reason: str) -> None:
    """It is reported, and not retried until the deadline."""
    with (
        client(url, patience=FEW) as collections,
        pytest.raises(Unavailable, match=rf"could not be reached at sekoia\..*example|invalid .*\({reason}\)"),
    ):
        collections.collection("c")


def raw(content: bytes) -> Script:
    """Send these bytes."""
    return lambda connection: connection.sendall(content)


BAD_GZIP = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}"


@pytest.mark.parametrize(
    "script",
    [raw(b"SSH-2.0-OpenSSH_9.0\r\n"), raw(b"{}"), raw(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200), raw(BAD_GZIP)],
)
@pytest.mark.fault(
    "`base_url` leads to a server that does not speak HTTP, or not TLS where it begins with `https://`",
    "Tried eight times; an error that says so",
)
def test_what_does_not_speak_http(script: Script) -> None:
    """It is probably the wrong address, so it is not tried until the deadline."""
    with Hostile(script) as server, client(server.url, patience=FEW) as collections:
        with pytest.raises(Unavailable, match=r"Sekoia did not answer at .* \(what answers there does not speak HTTP"):
            collections.collection("c")
        assert len(server.requests) == 2


def test_what_does_not_speak_tls(sandbox: Sandbox) -> None:
    """A port of http:// in an address of https:// is probably the wrong address."""
    with client(sandbox.url.replace("http:", "https:"), patience=FEW) as collections:
        with pytest.raises(Unavailable, match=r"could not be reached at .* \(what answers there does not speak TLS"):
            collections.collection("c")


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        (silence, "no answer in time"),
        (truncated, "the connection was lost before the answer was complete"),
        (raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n"), "the connection was lost before"),
        (raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n{}"), "the connection was lost before"),
    ],
)
def test_an_answer_that_does_not_come(script: Script, reason: str) -> None:
    """Where somebody was reached, the error does not say that nobody was; what came half is not used."""
    with Hostile(script, script, answer(500)) as server, client(server.url, patience=FEW) as collections:
        with pytest.raises(Unavailable, match=rf"Sekoia did not answer at .* \({reason}"):
            list(collections.all_indicators("c", attempts=2))
