"""Answers of the bulk reader."""

from __future__ import annotations

import json

import pytest

from sekoia_cti.client.rest.bulk_page import ObjectPage


def test_a_page_is_read_whatever_was_cut() -> None:
    """Half of a character where a text was cut costs no page, and neither does a mark of the byte order in front of it."""
    item = {"id": "indicator--1", "pattern": "[url:value = 'a']", "description": "cut \ud83d"}
    content = json.dumps({"items": [item], "next_cursor": "1"}).encode()
    assert ObjectPage.parse(content) == ObjectPage.parse(b"\xef\xbb\xbf" + content) == ObjectPage([item], "1")


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"{", b'{"items": [' + b"[" * 100_000, b"\xff", b'{"items": [{"id": "i"}]}']
)
def test_what_is_no_page(content: bytes) -> None:
    """It is told from one, however deep it goes."""
    assert ObjectPage.parse(content) is None
