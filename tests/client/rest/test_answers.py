"""What answers are made of: refusals in Sekoia's own words, and models."""

from __future__ import annotations

import math

import pytest

from sekoia_cti.client.errors import (
    KeyRefused,
    PermissionDenied,
    Refused,
    SekoiaError,
    Unavailable,
    UnexpectedAnswer,
)
from sekoia_cti.client.waiting import Deadline
from tests.client.rest.conftest import KEY, client
from tests.hostile import Hostile, Script, answer


@pytest.mark.parametrize(
    ("script", "kind", "sentence"),
    [
        (answer(401, {"message": "Invalid token"}), KeyRefused, "saying “Invalid token”"),
        (answer(403), PermissionDenied, "Sekoia denied permission (HTTP 403)"),
        (answer(400, {"message": f"bad\n {KEY}"}), Refused, "saying “bad …”"),
        (answer(400, {"message": "x" * 290 + KEY}), Refused, f"saying “{'x' * 290}…”"),
        (answer(422, {"detail": [{"loc": ["name"], "msg": "too long"}]}), Refused, "saying “too long”: correct the"),
        (answer(400, {"message": "\x1b[31mred\u202e"}), Refused, r"saying “\x1b[31mred\u202e”"),
        (
            answer(403, "<html>Blocked"),
            PermissionDenied,
            "the answer is not JSON, so also check base_url, and that no proxy",
        ),
        (answer(401, "Log in"), KeyRefused, "the answer is not JSON, so also check base_url, and that no proxy"),
        (answer(405, "<html>"), Refused, "the answer is not JSON, so also check base_url, and that no proxy"),
        (answer(102), UnexpectedAnswer, "it is not the answer to a request"),
        (
            answer(200, ""),
            UnexpectedAnswer,
            "(HTTP 200) while looking up the IOC collection: it is empty; check base_url",
        ),
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
            "it redirects to https://login.example.com; check base_url",
        ),
        (
            answer(301, Location=f"http://me:{KEY}@192.0.2.7:8080/"),
            UnexpectedAnswer,
            "it redirects to http://192.0.2.7:8080; check base_url",
        ),
        (answer(301, Location=f"http://{KEY}.example/"), UnexpectedAnswer, "it redirects to http://….example; check"),
        (answer(307, Location="/v3"), UnexpectedAnswer, "it redirects to another address; check base_url"),
    ],
)
def test_what_does_not_pass_is_told_at_once(script: Script, kind: type[SekoiaError], sentence: str) -> None:
    """Other refusals are not repeated; the error quotes Sekoia, without markup and without the key."""
    with Hostile(script) as server, client(server.url) as collections:
        with pytest.raises(kind) as caught:
            collections.collection("c")
        assert sentence in str(caught.value)
        assert KEY[:10] not in str(caught.value)
        assert len(server.requests) == 1


@pytest.mark.parametrize("body", [{}, {"message": "no"}, {"message": {"a": 1}}, [], ""])
def test_what_may_be_sekoias_is_not_taken_for_a_proxys(body: object) -> None:
    """JSON without a message, or an empty body, is no reason to suspect the proxy."""
    with Hostile(answer(400, body)) as server, client(server.url) as collections:
        with pytest.raises(
            Refused, match=r"while looking up the IOC collection[^;]*: correct the arguments, then try again.$"
        ):
            collections.collection("c")


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [("7", 7.0), ("99999999999999999999", 1e20), ("9" * 400, math.inf), ("1e9", None), ("-5", None)],
)
def test_the_pause_that_is_asked_for_is_told(asked: str, seconds: float | None) -> None:
    """In the error, for those who decide when to come back; what cannot be read asks for nothing."""
    with Hostile(answer(429, Retry_After=asked)) as server, client(server.url, deadline=Deadline(0.3)) as collections:
        with pytest.raises(Unavailable, match=f"try again {'in 7 seconds' if seconds == 7 else 'later'}") as caught:
            collections.collection("c")
        assert caught.value.retry_after == seconds
