"""Finds the indicators of exactly the given values in a collection, with as few requests as possible."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from sekoia_cti.client.listing import ListedPage, all_indicators, checked_indicator
from sekoia_cti.client.rest.endpoints import RestClient
from sekoia_cti.client.rest.pages import PAGE
from sekoia_cti.client.wire import Context, Indicator, IndicatorPage
from sekoia_cti.indicators.matching import identity, spellings
from sekoia_cti.indicators.stored_patterns import value_of

__all__ = ["FoundIndicator", "Lookup", "Match", "terms"]


class FoundIndicator(NamedTuple):
    """An indicator of a collection. It takes little memory, since indicators of one import share their context.

    Attributes:
        id: ``indicator--<uuid>``.
        pattern: Its STIX pattern.
        context: The fields that can be changed.
    """

    id: str
    pattern: str
    context: Context


@dataclass
class Match:
    """The indicators of a collection that match a value or an id.

    Attributes:
        asked: The value or the id.
        active: Ids of the indicators that are not revoked.
        indicators: The same indicators, as far as they were read.
        revoked: Ids of the indicators that are revoked.
        seen: False for an id that was not looked up: it is in `active`, whether it exists or not.
    """

    asked: str
    active: list[str] = field(default_factory=list)
    indicators: list[FoundIndicator] = field(default_factory=list, compare=False)  # told apart by their ids already
    revoked: list[str] = field(default_factory=list)
    seen: bool = True

    def add(self, indicator: Indicator, context: Context) -> None:
        """Add an indicator that matches.

        Args:
            indicator: The indicator.
            context: Its fields that can be changed.
        """
        if indicator.revoked:
            self.revoked.append(indicator.id)
        else:
            self.active.append(indicator.id)
            self.indicators.append(FoundIndicator(indicator.id, indicator.pattern, context))


class Lookup:
    """Looks up values and ids in a collection.

    A search also finds indicators that only contain the value, so their patterns are compared (see ``matching.identity``). Each
    value takes a request. If the collection has no more pages than there are values, all of it is read instead.

    Args:
        collections: The REST client.
        collection_id: ``ioc-collection--<uuid>``.
        on_page: If the whole collection is read: called with how many indicators were read, and how many there are.
    """

    def __init__(self, collections: RestClient, collection_id: str, *, on_page: Callable[[int, int], object]) -> None:
        self._collections = collections
        self._collection_id = collection_id
        self._on_page = on_page
        self._contexts: dict[str, Context] = {}

    def find(self, values: Sequence[str], ids: Sequence[str], *, look_for_ids: bool) -> Iterator[Match]:
        """Look up values and ids.

        Args:
            values: Lines as an import sends them.
            ids: Ids of indicators, which no search finds.
            look_for_ids: Whether to read the whole collection for the ids, instead of returning them unseen.

        Returns:
            A match for each value and then for each id, in their order. Matches that are searched for come one by one.

        Raises:
            NotFound: There is no such collection.
            SekoiaError: The collection could not be searched or read.
        """
        first = self._collections.indicators(self._collection_id)
        requests = -(-first.total // PAGE)
        if requests <= len(values) + len(ids) or (ids and look_for_ids):
            yield from self._read_for(all_indicators(self._collections, self._collection_id, first=first), values, ids)
            return
        in_quotes = bool(values) and self._quotes_are_searched(first)
        for value in values:
            yield self._search(value, in_quotes=in_quotes)
        for indicator_id in ids:
            yield Match(indicator_id, active=[indicator_id], seen=False)

    def search_again(self, match: Match) -> Match:
        """Search for the active indicators of a match, since the bulk reader may have listed an earlier state.

        Args:
            match: The match as it was found.

        Returns:
            A match with the same indicators as they are now.

        Raises:
            SekoiaError: The collection could not be searched.
        """
        now, wanted = Match(match.asked), {indicator.id for indicator in match.indicators}
        for value in {value_of(indicator.pattern) for indicator in match.indicators}:
            found = self._search(value, in_quotes=False)
            now.active += [each for each in found.active if each in wanted]
            now.revoked += [each for each in found.revoked if each in wanted]
        return now

    def _read_for(self, pages: Iterable[ListedPage], values: Sequence[str], ids: Sequence[str]) -> list[Match]:
        matches = [Match(value) for value in values]
        by_id = {indicator_id: Match(indicator_id) for indicator_id in ids}
        by_key: dict[str, list[tuple[frozenset[str], Match]]] = {}
        for match in matches:
            wanted = identity(match.asked)
            by_key.setdefault(min(wanted), []).append((wanted, match))
        read = 0
        for page in pages:
            for item in page.items:
                held = identity(value_of(item["pattern"]))
                found = [match for key in held for wanted, match in by_key.get(key, ()) if wanted <= held]
                if item["id"] in by_id:
                    found.append(by_id[item["id"]])
                for match in found:
                    self._add(match, checked_indicator(item))
            read += len(page.items)
            self._on_page(read, page.total)
        return [*matches, *by_id.values()]

    def _quotes_are_searched(self, page: IndicatorPage) -> bool:
        """Whether a term in quotes finds a value that exists. If so, it finds exactly this value, and no longer ones."""
        known = next((indicator for indicator in page.items if indicator.comparisons()), None)
        if known is None:
            return False
        _, value = known.comparisons()[0]
        found = self._collections.indicators(self._collection_id, term=_in_pattern(value, in_quotes=True))
        return any(indicator.id == known.id for indicator in found.items)

    def _search(self, value: str, *, in_quotes: bool) -> Match:
        match, wanted = Match(value), identity(value)
        found: dict[str, Indicator] = {}
        for spelling in spellings(value):
            term = _in_pattern(spelling, in_quotes=in_quotes)
            for page in self._collections.all_indicators(self._collection_id, term=term):
                found |= {item.id: item for item in page.items if wanted <= identity(item.value)}
        for indicator in found.values():
            self._add(match, indicator)
        return match

    def _add(self, match: Match, indicator: Indicator) -> None:
        context = indicator.context()
        match.add(indicator, self._contexts.setdefault(context.model_dump_json(), context))


def terms(value: str) -> Iterator[str]:
    """The terms to search for to find the indicator of a value, the likeliest first.

    In quotes, a term finds exactly this value. In case Sekoia does not find quotes, terms without them follow, which also find
    longer values.
    """
    for spelling in spellings(value):
        yield _in_pattern(spelling, in_quotes=True)
    for spelling in spellings(value):
        yield _in_pattern(spelling, in_quotes=False)


def _in_pattern(value: str, *, in_quotes: bool) -> str:
    """A value as it is written in a pattern; a value that is a pattern stays as it is."""
    if value.startswith("["):
        return value
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'" if in_quotes else escaped
