"""A connection to Sekoia with one API key: REST, LiveAPI, and what actions and scripts build on them.

Modules that are slow to import are imported where they are used, since most actions do not need them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence, Set
from contextlib import contextmanager, nullcontext
from types import TracebackType
from typing import TYPE_CHECKING, ParamSpec, Self

from sekoia_cti.client.deletion import delete
from sekoia_cti.client.regions import DEFAULT_BASE_URL, checked_key, checked_url, liveapi_url_for, rest_root_for
from sekoia_cti.client.rest.endpoints import RestClient
from sekoia_cti.client.reuse import collections_named, find_or_create
from sekoia_cti.client.waiting import Deadline, Patience
from sekoia_cti.client.wire import Collection, Context

if TYPE_CHECKING:
    from sekoia_cti.client.importing.importer import Importer
    from sekoia_cti.client.importing.outcome import Outcome
    from sekoia_cti.client.importing.watch import Progress
    from sekoia_cti.client.listing import ListedPage
    from sekoia_cti.client.live.stream import LiveAPI
    from sekoia_cti.client.revoking import Revoker
    from sekoia_cti.client.updating import Updater

__all__ = ["Connection", "nothing"]

P = ParamSpec("P")


def nothing(*_told: object) -> None:
    """A callback that ignores what it is told."""


def _argument(name: str, check: Callable[P, str], *given: P.args, **options: P.kwargs) -> str:
    """Check an argument, so that the error names it."""
    try:
        return check(*given, **options)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None


class Connection:
    """Sekoia with one API key. Connections are opened when they are needed. For the arguments, see
    :class:`~sekoia_cti.client.sekoia.Sekoia`."""

    def __init__(
        self,
        api_key: str,
        *,
        base_url: str = DEFAULT_BASE_URL,
        liveapi_url: str | None = None,
        timeout: float | Deadline = 900.0,
        patience: Patience | None = None,
        user_agent: str = "sekoia-cti",
    ) -> None:
        if not api_key.strip():
            raise ValueError("api_key: it is empty")
        self._key = _argument("api_key", checked_key, api_key)
        base_url = _argument("base_url", checked_url, base_url, ("http", "https"))
        self.rest_root = rest_root_for(base_url)
        self.live_url = (
            liveapi_url_for(base_url)
            if liveapi_url is None
            else _argument("liveapi_url", checked_url, liveapi_url, ("ws", "wss"))
        )
        self._timeout = timeout
        self._user_agent = user_agent
        self.patience = patience or Patience()
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

    @property
    def rest(self) -> RestClient:
        """The REST client, for calls that have no method here. Each time it is taken, the `timeout` begins anew."""
        deadline = self._timeout if isinstance(self._timeout, Deadline) else Deadline(self._timeout)
        if self._rest is None:
            self._rest = RestClient(
                self.rest_root, self._key, deadline=deadline, patience=self.patience, user_agent=self._user_agent
            )
        elif deadline is not self._rest.deadline:
            self._rest.renew(deadline)
        return self._rest

    def live(self) -> LiveAPI:
        """A connection to LiveAPI, to be opened and closed with ``with``. It connects in the background."""
        from sekoia_cti.client.live.stream import LiveAPI  # the WebSocket library

        return LiveAPI(self.live_url, self._key, patience=self.patience)

    def importer(
        self,
        rest: RestClient,
        live: LiveAPI | None,
        collection: Collection,
        context: Context,
        *,
        deadline: Deadline | None = None,
        on_progress: Callable[[Progress], object] = nothing,
        on_warning: Callable[[str], object] = nothing,
        lines: int | None = None,
    ) -> Importer:
        """Open an importer that is ready for submissions: LiveAPI is connected, or known to be unreachable.

        Args:
            rest: From :attr:`rest`.
            live: From :meth:`live`; None for an import that is not waited for.
            collection: The collection that the indicators go to.
            context: What is sent along with the indicators.
            deadline: Ends everything; by default the deadline of `rest`.
            on_progress: Called with the progress whenever it changes.
            on_warning: Called with sentences that people should read.
            lines: How many lines of text one request carries at most; None for the default.

        Raises:
            LiveAPIRefused: LiveAPI does not accept the API key.
            CertificateRejected, AuthoritiesUnusable, ProxyUnusable: LiveAPI cannot be reached in a safe way.
        """
        from sekoia_cti.client.importing.importer import Importer
        from sekoia_cti.client.importing.requests import LINES

        importer = Importer(
            rest=rest,
            live=live,
            collection=collection,
            context=context,
            deadline=deadline or rest.deadline,
            patience=self.patience,
            on_progress=on_progress,
            on_warning=on_warning,
            lines=LINES if lines is None else lines,
        )
        importer.connect()
        return importer

    @contextmanager
    def importing(
        self,
        collection_id: str,
        context: Context,
        wait: bool,
        on_progress: Callable[[Progress], object],
        on_warning: Callable[[str], object],
        *,
        deadline: Deadline | None = None,
        lines: int | None = None,
    ) -> Iterator[Importer]:
        """An importer with connections of its own, for ``with``.

        Args:
            collection_id: ``ioc-collection--<uuid>``.
            context: What is sent along with the indicators.
            wait: Whether to wait until Sekoia has processed the import.
            on_progress, on_warning, deadline, lines: See :meth:`importer`.

        Raises:
            SekoiaError: The collection does not exist, or Sekoia cannot be used.
        """
        with self.live() if wait else nullcontext() as live:
            rest = self.rest
            yield self.importer(
                rest,
                live,
                rest.collection(collection_id),
                context,
                deadline=deadline,
                on_progress=on_progress,
                on_warning=on_warning,
                lines=lines,
            )

    # Collections

    def create_collection(
        self,
        name: str,
        *,
        description: str | None = None,
        community_uuid: str | None = None,
        available_for_sub_communities: bool = False,
        reuse_existing: bool = False,
        on_reused: Callable[[int], object] = nothing,
    ) -> Collection:
        """Create an IOC collection, or reuse the oldest one that has exactly this name.

        Args:
            name: The name.
            description: What the collection is for.
            community_uuid: The community that owns it; by default that of the key.
            available_for_sub_communities: Whether sub-communities can use it.
            reuse_existing: Whether to reuse a collection that exists.
            on_reused: Called with how many collections have the name, if one of them is reused.

        Returns:
            The collection that was created or is reused.

        Raises:
            SekoiaError: It could not be created.
        """
        if not reuse_existing:
            return self.rest.create(
                name,
                description=description,
                community_uuid=community_uuid,
                available_for_sub_communities=available_for_sub_communities,
            )
        collection, existing = find_or_create(
            self.rest,
            name,
            description=description,
            community_uuid=community_uuid,
            available_for_sub_communities=available_for_sub_communities,
        )
        if existing:
            on_reused(existing)
        return collection

    def find_collections(
        self, name: str, *, contains: bool = False, community_uuid: str | None = None
    ) -> list[Collection]:
        """Find the IOC collections with a name.

        Args:
            name: The exact name, or, with `contains`, a part of it in any case.
            contains: Whether the name only has to contain this text.
            community_uuid: Only collections of this community.

        Returns:
            The collections with their ``indicators_count``, the oldest first.

        Raises:
            SekoiaError: The collections could not be listed completely.
        """
        return collections_named(
            self.rest, name, contains=contains, community_uuid=community_uuid, with_indicators_count=True
        )

    def update_collection(self, collection_id: str, **changes: str | bool) -> Collection:
        """Change an IOC collection.

        Args:
            collection_id: ``ioc-collection--<uuid>``.
            changes: New values for ``name``, ``description`` or ``available_for_sub_communities``; the others stay as they are.

        Returns:
            The collection as it is now.

        Raises:
            NotFound: There is no such collection.
        """
        return self.rest.update(collection_id, **changes)

    def delete_collection(self, collection_id: str, *, confirm_name: str) -> bool:
        """Delete an IOC collection with all of its indicators, which cannot be undone.

        Args:
            collection_id: ``ioc-collection--<uuid>``.
            confirm_name: Its exact name.

        Returns:
            Whether it existed.

        Raises:
            InputError: It has another name, or still exists.
            SekoiaError: Sekoia refused, or it is not known whether it was deleted.
        """
        return delete(self.rest, collection_id, confirm_name=confirm_name, patience=self.patience)

    # Indicators

    def listed(self, collection_id: str, term: str | None = None) -> Iterator[ListedPage]:
        """Read indicators with the fewest requests.

        Args:
            collection_id: ``ioc-collection--<uuid>``.
            term: Only indicators whose pattern contains it, in any case; None for all.

        Returns:
            Pages as they are read, with each indicator once.

        Raises:
            SekoiaError: The collection could not be read completely.
        """
        from sekoia_cti.client.listing import all_indicators, matching_indicators

        rest = self.rest
        yield from matching_indicators(rest, collection_id, term) if term else all_indicators(rest, collection_id)

    def revoker(
        self,
        collection_id: str,
        values: Sequence[str],
        ids: Sequence[str] = (),
        *,
        dry_run: bool = False,
        on_read: Callable[[int, int], object] = nothing,
        on_progress: Callable[[int, int], object] = nothing,
    ) -> Revoker:
        """Prepare a revocation, which can be asked at any time how far it has come.

        Args:
            collection_id: ``ioc-collection--<uuid>``.
            values: Lines as an import sends them.
            ids: Ids of indicators.
            dry_run: Whether to only find out what would be revoked.
            on_read, on_progress: See :class:`~sekoia_cti.client.revoking.Revoker`.
        """
        from sekoia_cti.client.revoking import Revoker

        return Revoker(
            self.rest,
            collection_id,
            values,
            ids,
            patience=self.patience,
            dry_run=dry_run,
            on_read=on_read,
            on_progress=on_progress,
        )

    def updater(
        self,
        collection_id: str,
        values: Sequence[str],
        ids: Sequence[str],
        changes: Context,
        *,
        on_read: Callable[[int, int], object] = nothing,
        clear: Set[str] = frozenset(),
        on_progress: Callable[[int, int], object] = nothing,
        few: int | None = None,
        many: int | None = None,
    ) -> Updater:
        """Look up indicators, and prepare their update, which can be asked at any time how far it has come.

        Args:
            collection_id: ``ioc-collection--<uuid>``.
            values: Lines as an import sends them.
            ids: Ids of indicators.
            changes: The fields to change.
            on_read: Called with how many indicators were read, and how many there are.
            clear, on_progress, few, many: See :class:`~sekoia_cti.client.updating.Updater`.

        Raises:
            SekoiaError: The indicators could not be looked up.
        """
        from sekoia_cti.client.search import Lookup
        from sekoia_cti.client.updating import FEW, MANY, Updater

        rest = self.rest
        rest.collection(collection_id)  # finds a wrong id or key
        matches = [*Lookup(rest, collection_id, on_page=on_read).find(values, ids, look_for_ids=True)]
        return Updater(
            rest,
            collection_id,
            matches,
            changes,
            clear=clear,
            on_progress=on_progress,
            few=FEW if few is None else few,
            many=MANY if many is None else many,
        )

    def import_known(
        self,
        collection_id: str,
        groups: Sequence[tuple[Context, Sequence[str]]],
        *,
        on_progress: Callable[[Progress], object] = nothing,
        on_warning: Callable[[str], object] = nothing,
        lines: int | None = None,
    ) -> Outcome:
        """Import values that a collection already has. This takes at most half of the time that is left; the other half is for
        indicators that it did not change.

        Args:
            collection_id: ``ioc-collection--<uuid>``.
            groups: Values, each group with the context that is sent along.
            on_progress, on_warning, lines: See :meth:`importer`.

        Returns:
            How the import ended.

        Raises:
            SekoiaError: Sekoia accepted none of them.
        """
        deadline = self.rest.deadline
        half = deadline.within(deadline.remaining() / 2)
        with self.importing(
            collection_id, Context(), True, on_progress, on_warning, deadline=half, lines=lines
        ) as importer:
            importer.submit_texts(groups, new=0, cut=False)
            return importer.finish()
