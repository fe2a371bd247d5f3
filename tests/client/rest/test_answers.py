"""What answers are made of: refusals in Sekoia's own words, and models."""

from __future__ import annotations

import pytest

from sekoia_cti.client.errors import (
    KeyRefused,
    NotFound,
    PermissionDenied,
    Refused,
    SekoiaError,
    UnexpectedAnswer,
)
from tests.client.rest.conftest import KEY, client
from tests.hostile import Hostile, Script, answer


@pytest.mark.parametrize(
    ("script", "kind", "sentence"),
    [
        (answer(401, {"message": "Invalid token"}), KeyRefused, "saying “Invalid token”"),
        (answer(403), PermissionDenied, "Sekoia denied permission (HTTP 403)"),
        (answer(404), NotFound, "Sekoia has no IOC collection c (HTTP 404)"),
        (answer(400, {"message": f"bad\n {KEY}"}), Refused, "saying “bad …”"),
        (
            answer(418, "<html>teapot</html>"),
            Refused,
            "Sekoia refused the request (HTTP 418) while looking up the IOC collection:",
        ),
        (
            answer(400, "[" * 5_000),
            Refused,
            "Sekoia refused the request (HTTP 400) while looking up the IOC collection:",
        ),
        (answer(200, "<html>Welcome</html>"), UnexpectedAnswer, "it is not valid JSON"),
        (answer(200, []), UnexpectedAnswer, "it is not a JSON object"),
        (answer(200, {"id": "x"}), UnexpectedAnswer, "it lacks a usable “name”"),
        (
            answer(302, Location="https://login.example.com/?next=1"),
            UnexpectedAnswer,
            "it redirects to login.example.com",
        ),
    ],
)
def test_what_does_not_pass_is_told_at_once(script: Script, kind: type[SekoiaError], sentence: str) -> None:
    """Other refusals are not repeated; the error quotes Sekoia, without markup and without the key."""
    with Hostile(script) as server, client(server.url) as collections:
        with pytest.raises(kind) as caught:
            collections.collection("c")
        assert sentence in str(caught.value)
        assert KEY not in str(caught.value)
        assert len(server.requests) == 1
