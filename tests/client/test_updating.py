"""What may be changed by an import, and what takes a separate request."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from sekoia_cti.client.errors import Interrupted
from sekoia_cti.client.importing.outcome import Outcome
from sekoia_cti.client.rest.endpoints import RestClient
from sekoia_cti.client.search import FoundIndicator, Match
from sekoia_cti.client.updating import Change, Target, Updater
from sekoia_cti.client.waiting import Deadline, Patience
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

    assert Change(FoundIndicator("indicator--1", pattern, Context()), target).goes_by_text is by_text


def test_what_says_the_same_to_the_second_goes_together() -> None:
    """One import gives its indicators times that differ by microseconds."""
    matches = []
    for number in range(9):
        begin = datetime(2026, 1, 1, 0, 0, 0, number, tzinfo=UTC)
        held = FoundIndicator(
            f"indicator--{number}",
            f"[domain-name:value = 'd{number}.example']",
            Context(valid_from=begin, valid_until=END),
        )
        matches.append(Match(f"d{number}.example", active=[held.id], indicators=[held]))
    asked: list[tuple[Context, Sequence[str]]] = []

    def import_texts(groups: Sequence[tuple[Context, Sequence[str]]]) -> Outcome:
        asked.extend(groups)
        raise Interrupted

    with RestClient("http://127.0.0.1:9", "k", deadline=Deadline(5), patience=Patience.none()) as rest:
        updater = Updater(
            rest, "c", matches, Context(description="new"), on_progress=lambda _done, _all: None, few=3, many=3
        )
        updater.send(import_texts)

    ((context, values),) = asked
    assert (context.description, context.valid_until, len(values)) == ("new", END, 9)
    assert isinstance(updater.failure, Interrupted)
    assert len(updater.outcomes()["pending"]) == 9
