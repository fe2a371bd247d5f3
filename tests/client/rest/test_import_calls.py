"""The calls that import: repeated as a whole, and at the pace of the line."""

from __future__ import annotations

import io
import socket
from collections.abc import Callable, Iterator

import pytest
from urllib3.connection import HTTPConnection

from sekoia_cti.client.rest.endpoints import RestClient
from sekoia_cti.client.waiting import Deadline, Patience
from sekoia_cti.client.wire import Context
from tests.client.rest.conftest import PASSING, client
from tests.hostile import Hostile, Script, answer, reset


@pytest.mark.parametrize(
    "submit",
    [
        lambda collections: collections.import_text("c", "evil.example", context=Context()),
        lambda collections: collections.process_file(
            "c", "h", mapping=["observable"], ignore_first_line=True, context=Context()
        ),
    ],
)
@pytest.mark.parametrize("script", PASSING)
def test_submissions_are_repeated_too(script: Script, submit: Callable[[RestClient], object]) -> None:
    """Text and process calls are harmless to repeat, so they are."""
    with Hostile(script, answer(202, {"task_id": "t"})) as server, client(server.url) as collections:
        submit(collections)
        assert len(server.requests) == 2
        assert server.requests[0].split(b"\r\n\r\n")[1] == server.requests[1].split(b"\r\n\r\n")[1]


@pytest.fixture
def _small_buffers() -> Iterator[None]:
    """What the system takes in advance of a request is little, as on a slow line."""
    option = (socket.SOL_SOCKET, socket.SO_SNDBUF, 32_768)
    HTTPConnection.default_socket_options.append(option)
    yield
    HTTPConnection.default_socket_options.remove(option)


@pytest.mark.usefixtures("_small_buffers")
@pytest.mark.fault(
    "On a slow connection, a request takes longer than the timeout for connecting",
    "The request goes through on the first attempt",
)
def test_a_slow_line_takes_its_time() -> None:
    """The timeout for connecting, which urllib3 leaves on the socket, holds for pieces of a request and not for all of it."""
    patience = Patience.none().but(connect=0.3)
    with Hostile(answer(202, {"task_id": "t"}), pace=0.01) as server:
        with client(server.url, patience=patience, deadline=Deadline(10)) as rest:
            rest.import_text("c", "x" * 1_200_000, context=Context())
        assert len(server.requests) == 1


def test_an_upload_is_repeated_from_its_start() -> None:
    """A file whose upload was cut is sent again as a whole."""
    content = b"ioc\nevil.example\n" * 50_000
    with Hostile(reset, answer(200, {"file_handle": "h"})) as server, client(server.url) as collections:
        preview = collections.preview_file(
            "c", lambda: io.BytesIO(content), size=len(content), name='"odd"\r\nname.csv', mime_type="text/csv"
        )
        assert preview.file_handle == "h"
        head, _, body = server.requests[-1].partition(b"\r\n\r\n")
        assert f"Content-Length: {len(body)}".encode() in head
        assert content in body
        assert b'filename="_odd___name.csv"' in body
