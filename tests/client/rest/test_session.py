"""The key is sent to one host only, and nothing replaces it."""

from __future__ import annotations

from pathlib import Path

import pytest

from sekoia_cti.client.errors import UnexpectedAnswer
from tests.client.rest.conftest import COLLECTION, KEY, client
from tests.hostile import Hostile, answer


def test_a_redirect_takes_the_key_nowhere() -> None:
    """The host that a redirect names is never asked."""
    with (
        Hostile(answer(200, COLLECTION)) as other,
        Hostile(answer(307, Location=other.url)) as server,
        client(server.url) as collections,
    ):
        with pytest.raises(UnexpectedAnswer):
            collections.collection("c")
        assert other.requests == []


def test_a_netrc_does_not_replace_the_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials that the machine keeps for the host are not used."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    with Hostile(answer(200, COLLECTION)) as server, client(server.url) as collections:
        collections.collection("c")
        assert f"Authorization: Bearer {KEY}".encode() in server.requests[0]
