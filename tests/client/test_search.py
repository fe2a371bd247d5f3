"""How indicators are found if Sekoia contains what the sandbox does not."""

from __future__ import annotations

from urllib.parse import unquote_plus

from sekoia_cti.client.rest.endpoints import RestClient
from sekoia_cti.client.search import Lookup, Match
from sekoia_cti.client.waiting import Deadline, Patience
from tests.hostile import Hostile, Script, answer

COMPLEX = "[domain-name:value = 'evil.example' AND url:value = 'http://evil.example']"
ODD = "[domain-name:value LIKE '%.example']"


def page(*patterns: str, total: int | None = None) -> Script:
    """A page of indicators, whose ids are their patterns."""
    items = [{"id": pattern, "pattern": pattern} for pattern in patterns]
    return answer(200, {"items": items, "total": len(patterns) if total is None else total, "has_more": False})


def find(values: list[str], *scripts: Script) -> tuple[list[Match], list[str]]:
    """The matches, and the terms that were searched for."""
    with (
        Hostile(*scripts) as server,
        RestClient(server.url, "k", deadline=Deadline(30), patience=Patience.none()) as collections,
    ):
        lookup = Lookup(collections, "c", on_page=lambda _read, _total: None)
        matches = list(lookup.find(values, [], look_for_ids=False))
        asked = [unquote_plus(request.split(b" ")[1].decode()) for request in server.requests]
    return matches, [target.partition("term=")[2] for target in asked if "term=" in target]


def test_a_pattern_that_says_more_is_found_as_a_whole() -> None:
    """It is searched for as it is written, and none of its values finds it."""
    matches, terms = find([COMPLEX], page(COMPLEX, total=900), page(COMPLEX), page(COMPLEX, ODD))
    assert matches == [Match(COMPLEX, active=[COMPLEX])]
    assert terms == ["'evil.example'", COMPLEX]
    matches, _ = find(["evil.example"], page(COMPLEX, total=900), page(COMPLEX), page(COMPLEX))
    assert matches == [Match("evil.example")]
    matches, _ = find(["evil.example"], page(COMPLEX, ODD))
    assert matches == [Match("evil.example")]


def test_without_a_value_to_try_nothing_is_taken_for_granted() -> None:
    """When no indicator at hand has a value, terms go without quotes."""
    there = "[domain-name:value = 'evil.example']"
    matches, terms = find(
        ["evil.example"], page(ODD, total=900), page(there, "[domain-name:value = 'notevil.example']")
    )
    assert matches == [Match("evil.example", active=[there])]
    assert terms == ["evil.example"]


def test_an_empty_collection_is_not_searched() -> None:
    """One request is enough."""
    matches, terms = find(["evil.example", "good.example"], page())
    assert (matches, terms) == ([Match("evil.example"), Match("good.example")], [])
