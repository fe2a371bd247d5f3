"""What may be changed by an import, and what takes a request of its own."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from sekoia_cti.client.search import Held
from sekoia_cti.client.updating import Target, Update
from sekoia_cti.client.wire import Context

END = datetime(2199, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("pattern", "until", "by_text"),
    [
        ("[domain-name:value = 'evil.example']", END, True),
        (f"[file:hashes.MD5 = '{'0' * 32}']", END, True),
        ("[domain-name:value = 'evil.example']", None, False),
        ("[x-host:value = 'evil.example']", END, False),
        ("[url:value = 'evil.example']", END, False),
        (f"[file:hashes.MD5 = '{'0' * 32}' AND file:hashes.'SHA-1' = '{'0' * 40}']", END, False),
        ("[domain-name:value = 'evil.example' AND ipv4-addr:value = '198.51.100.7']", END, False),
    ],
)
def test_what_goes_by_text(pattern: str, until: datetime | None, by_text: bool) -> None:
    """Only where a line of text surely means this very indicator, and an end can be said."""
    target = Target.of(Context(valid_until=until), Context(description="new"))

    assert Update(Held("indicator--1", pattern, Context()), target).goes_by_text is by_text
