"""Sekoia for a script: collections and imports in a few lines, waited for and accounted for as the actions do it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

from sekoia_cti.client.importing.importer import Importer
from sekoia_cti.client.importing.outcome import Outcome
from sekoia_cti.client.importing.requests import Missing
from sekoia_cti.client.importing.watch import Progress
from sekoia_cti.client.listing import all_indicators, matching_indicators
from sekoia_cti.client.phases import Phases
from sekoia_cti.client.regions import DEFAULT_BASE_URL, checked_url, liveapi_url_for, rest_root_for
from sekoia_cti.client.rest.endpoints import RestClient
from sekoia_cti.client.reuse import find_or_create, named
from sekoia_cti.client.search import Lookup, Match
from sekoia_cti.client.waiting import Deadline, Patience
from sekoia_cti.client.wire import Collection, Context, Indicator
from sekoia_cti.indicators.reading import Reading, read

__all__ = ["Sekoia"]


class Sekoia:
    """The IOC collections of a community.

    To be used with ``with``. For one thread at a time.

    Args:
        api_key: Needs *View IOC collections* and *Manage IOC collections*.
        base_url: Where the API of the region is, in any of the forms that the module's configuration takes.
        liveapi_url: Where LiveAPI is; found from `base_url` when None.
        timeout: Seconds for each call, an import's wait included.
        patience: Timeouts, backoff and rate.

    Raises:
        ValueError: An address is not valid.

    Every method raises a :class:`~sekoia_cti.client.errors.SekoiaError` when it could not do its work.
    """

    def __init__(
        self,
        api_key: str,
        *,
        base_url: str = DEFAULT_BASE_URL,
        liveapi_url: str | None = None,
        timeout: float = 900.0,
        patience: Patience | None = None,
    ) -> None:
        self._key = api_key
        self._root = rest_root_for(checked_url(base_url, ("http", "https")))
        self._live_url = liveapi_url_for(base_url) if liveapi_url is None else checked_url(liveapi_url, ("ws", "wss"))
        self._timeout = timeout
        self._patience = patience or Patience()
        self._rest: RestClient | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        if self._rest is not None:
            self._rest.close()
            self._rest = None

    # Collections

    def create_collection(
        self,
        name: str,
        *,
        description: str | None = None,
        community_uuid: str | None = None,
        available_for_sub_communities: bool = False,
        reuse_existing: bool = False,
    ) -> Collection:
        """Create an IOC collection, or take the oldest one that has exactly this name.

        Args:
            name: Its name.
            description: What it is for.
            community_uuid: Who owns it; by default the key's own community.
            available_for_sub_communities: Whether sub-communities can use it.
            reuse_existing: Whether one that exists will do.
        """
        if reuse_existing:
            collection, _ = find_or_create(
                self._client(),
                name,
                description=description,
                community_uuid=community_uuid,
                available_for_sub_communities=available_for_sub_communities,
            )
            return collection
        return self._client().create(
            name,
            description=description,
            community_uuid=community_uuid,
            available_for_sub_communities=available_for_sub_communities,
        )

    def find_collections(self, name: str, *, community_uuid: str | None = None) -> list[Collection]:
        """The IOC collections with exactly this name, the oldest first."""
        return named(self._client(), name, community_uuid=community_uuid)

    # Imports

    def read(self, lines: str | Iterable[str], *, refang: bool = True) -> Reading:
        """How :meth:`import_text` reads lines: what it sends, and what is no indicator, a duplicate or adapted."""
        return read(lines.splitlines() if isinstance(lines, str) else lines, refanging=refang)

    def import_text(
        self,
        collection_id: str,
        lines: str | Iterable[str],
        *,
        description: str | None = None,
        valid_from: datetime | None = None,
        valid_until: datetime | None = None,
        valid_for: int | None = None,
        kill_chain_phases: Iterable[str] = (),
        related_threat_refs: Iterable[str] = (),
        refang: bool = True,
        wait: bool = True,
        on_progress: Callable[[Progress], object] | None = None,
        on_warning: Callable[[str], object] | None = None,
    ) -> Outcome:
        """Import indicators, one a line; what is no indicator is not sent (see :meth:`read`).

        Args:
            collection_id: ``ioc-collection--<uuid>``.
            lines: Text, or its lines.
            description: Of every indicator, at most 500 characters.
            valid_from, valid_until: When they are valid; UTC unless they have an offset.
            valid_for: For how many days from now; not together with `valid_until`.
            kill_chain_phases: Names of phases, such as ``delivery`` or ``mitre-attack:impact``.
            related_threat_refs: STIX ids of threats.
            refang: Whether defanged indicators are read as what they mean.
            wait: Whether to wait for the end.
            on_progress: Told how far it has come.
            on_warning: Told what people should know at once.

        Returns:
            How it ended; :attr:`~sekoia_cti.client.importing.outcome.Outcome.status` is a statement about the collection.

        Raises:
            InputError: A phase is not known.
            ValueError: No line holds an indicator, or `valid_for` and `valid_until` are both given.
        """
        reading = self.read(lines, refang=refang)
        if not (reading.values or reading.damaged):
            raise ValueError("no line holds an indicator")
        if valid_for is not None and valid_until is not None:
            raise ValueError("valid_for and valid_until cannot be given together")
        if valid_for is not None:
            valid_until = datetime.now(UTC).replace(microsecond=0) + timedelta(days=valid_for)
        context = Context(
            description=description,
            valid_from=valid_from,
            valid_until=valid_until,
            kill_chain_phases=Phases(lambda: self._client().kill_chains()).find(kill_chain_phases) or None,
            x_ic_related_threat_refs=list(related_threat_refs) or None,
        )
        with self._importer(collection_id, context, wait, on_progress, on_warning) as importer:
            importer.leave_out(Missing(damaged.value, damaged.reason) for damaged in reading.damaged)
            importer.submit_text(reading.values)
            return importer.finish()

    def import_file(
        self,
        collection_id: str,
        path: str | Path,
        *,
        valid_for: int | None = None,
        on_progress: Callable[[Progress], object] | None = None,
    ) -> Outcome:
        """Import a text file with an indicator a line.

        Tables are for the action *Import indicators from file*: workbooks are read by a process apart, with bounds, so that a
        hostile one harms nobody, and that lies on the floors above this one.

        Args:
            collection_id: ``ioc-collection--<uuid>``.
            path: The file: UTF-8.
            valid_for: For how many days from now the indicators are valid.
            on_progress: Told how far it has come.
        """
        lines = Path(path).read_text("utf-8-sig").splitlines()
        return self.import_text(collection_id, lines, valid_for=valid_for, on_progress=on_progress)

    # Indicators

    def search(self, collection_id: str, term: str | None = None) -> Iterator[Indicator]:
        """The indicators whose pattern contains a term, or all, read with the fewest requests."""
        rest = self._client()
        listed = matching_indicators(rest, collection_id, term) if term else all_indicators(rest, collection_id)
        for some in listed:
            yield from some.indicators()

    def find(self, collection_id: str, values: Iterable[str]) -> list[Match]:
        """What the collection holds of exactly these values."""
        lookup = Lookup(self._client(), collection_id, on_page=lambda _read, _total: None)
        return list(lookup.find(self.read(values).values, [], look_for_ids=False))

    def revoke(self, collection_id: str, values: Iterable[str]) -> list[Match]:
        """Revoke the indicators of exactly these values, which cannot be undone.

        Returns:
            What the collection holds of each afterwards; what is still active could not be revoked.
        """
        matches = self.find(collection_id, values)
        doubtful = False
        for match in matches:
            for indicator_id in list(match.active):
                if self._client().revoke(collection_id, indicator_id) is None:
                    doubtful = True
                else:
                    match.active.remove(indicator_id)
                    match.revoked.append(indicator_id)
        return self.find(collection_id, [match.asked for match in matches]) if doubtful else matches

    # Inside

    def _client(self) -> RestClient:
        """The REST client, with the whole of its time before it."""
        deadline = Deadline(self._timeout)
        if self._rest is None:
            self._rest = RestClient(self._root, self._key, deadline=deadline, patience=self._patience)
        else:
            self._rest.renew(deadline)
        return self._rest

    @contextmanager
    def _importer(
        self,
        collection_id: str,
        context: Context,
        wait: bool,
        on_progress: Callable[[Progress], object] | None,
        on_warning: Callable[[str], object] | None,
    ) -> Iterator[Importer]:
        from sekoia_cti.client.live.stream import LiveAPI  # the WebSocket library takes a good part of a start

        with ExitStack() as stack:
            rest = self._client()
            live = LiveAPI(self._live_url, self._key, patience=self._patience) if wait else None
            if live is not None:
                stack.enter_context(live)
            importer = Importer(
                rest=rest,
                live=live,
                collection=rest.collection(collection_id),
                context=context,
                deadline=rest.deadline,
                patience=self._patience,
                on_progress=on_progress or (lambda _progress: None),
                on_warning=on_warning or (lambda _sentence: None),
            )
            importer.connect()
            yield importer
