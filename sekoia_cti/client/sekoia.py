"""Sekoia, for a script and for an action: collections, imports and indicators, waited for and accounted for.

What takes a good part of a start is imported where it is used: most actions wait for no import.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import TYPE_CHECKING, Literal, Self, TypedDict, Unpack

from sekoia_cti.client.deletion import delete
from sekoia_cti.client.phases import Phases
from sekoia_cti.client.regions import DEFAULT_BASE_URL, checked_url, liveapi_url_for, rest_root_for
from sekoia_cti.client.rest.endpoints import RestClient
from sekoia_cti.client.reuse import find_or_create, named
from sekoia_cti.client.waiting import Deadline, Patience
from sekoia_cti.client.wire import Collection, Context, Indicator
from sekoia_cti.indicators.files import is_named_table

if TYPE_CHECKING:
    from sekoia_cti.client.importing.importer import Importer
    from sekoia_cti.client.importing.outcome import Outcome
    from sekoia_cti.client.importing.watch import Progress
    from sekoia_cti.client.listing import Listed
    from sekoia_cti.client.live.stream import LiveAPI
    from sekoia_cti.client.revoking import Fate, Revoker
    from sekoia_cti.client.search import Match
    from sekoia_cti.client.updating import State, Updater
    from sekoia_cti.indicators.account import Account
    from sekoia_cti.indicators.reading import Reading

__all__ = ["AboutAll", "Sekoia", "Synchronized"]


class AboutAll(TypedDict, total=False):
    """What is said of every indicator, as keyword arguments.

    Keys:
        description: At most 500 characters.
        valid_from, valid_until: When they are valid; UTC unless they have an offset.
        valid_for: For how many days from now; not together with `valid_until`.
        kill_chain_phases: Names of phases, such as ``delivery`` or ``mitre-attack:impact``.
        related_threat_refs: STIX ids of threats.
    """

    description: str | None
    valid_from: datetime | None
    valid_until: datetime | None
    valid_for: int | None
    kill_chain_phases: Iterable[str]
    related_threat_refs: Iterable[str]


@dataclass(frozen=True)
class Synchronized:
    """What was done so that a collection follows a feed, or would be.

    Attributes:
        added, refreshed, unchanged: Values of the feed, by what became of them.
        revoked: Values of the feed that are revoked in the collection, and are not sent.
        removed: Values that the feed no longer holds, and that are no longer active.
        remaining: Those that are still active.
        outcome: How the import of what is new or due ended; None where there was none.
    """

    added: Sequence[str]
    refreshed: Sequence[str]
    unchanged: Sequence[str]
    revoked: Sequence[str]
    removed: Sequence[str]
    remaining: Sequence[str]
    outcome: Outcome | None = None


def _nothing(*_told: object) -> None:
    """Takes what nobody wants to be told."""


class Sekoia:
    """The IOC collections of a community.

    To be used with ``with``. For one thread at a time.

    Args:
        api_key: Needs *View IOC collections* and *Manage IOC collections*.
        base_url: Where the API of the region is, in any of the forms that the module's configuration takes.
        liveapi_url: Where LiveAPI is; found from `base_url` when None.
        timeout: Seconds for each call, an import's wait included; or a deadline for all of them.
        patience: Timeouts, backoff and rate.
        user_agent: Sent with each request.

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
        timeout: float | Deadline = 900.0,
        patience: Patience | None = None,
        user_agent: str = "sekoia-cti",
    ) -> None:
        self._key = api_key
        self.rest_root = rest_root_for(checked_url(base_url, ("http", "https")))
        self.live_url = liveapi_url_for(base_url) if liveapi_url is None else checked_url(liveapi_url, ("ws", "wss"))
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

    # Connections

    @property
    def rest(self) -> RestClient:
        """The REST client, for what has no method here; whoever takes it has all of `timeout` before them."""
        deadline = self._timeout if isinstance(self._timeout, Deadline) else Deadline(self._timeout)
        if self._rest is None:
            self._rest = RestClient(
                self.rest_root, self._key, deadline=deadline, patience=self.patience, user_agent=self._user_agent
            )
        elif deadline is not self._rest.deadline:
            self._rest.renew(deadline)
        return self._rest

    def live(self) -> LiveAPI:
        """A LiveAPI connection, to be opened and closed with ``with``; it connects in the background."""
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
        on_progress: Callable[[Progress], object] = _nothing,
        on_warning: Callable[[str], object] = _nothing,
        lines: int | None = None,
    ) -> Importer:
        """An importer that is ready for submissions: LiveAPI listens, or it was told that it cannot be reached.

        Args:
            rest: Of :attr:`rest`.
            live: Of :meth:`live`; None for an import that is not waited for.
            collection: Where the indicators go.
            context: What is sent along with them.
            deadline: Ends it all; by default that of `rest`.
            on_progress: Told how far it has come.
            on_warning: Told what people should know at once.
            lines: The most that one request carries as text, if not as many as is wise.
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

    # Collections

    def create_collection(
        self,
        name: str,
        *,
        description: str | None = None,
        community_uuid: str | None = None,
        available_for_sub_communities: bool = False,
        reuse_existing: bool = False,
        on_reused: Callable[[int], object] = _nothing,
    ) -> Collection:
        """Create an IOC collection, or take the oldest one that has exactly this name.

        Args:
            name: Its name.
            description: What it is for.
            community_uuid: Who owns it; by default the key's own community.
            available_for_sub_communities: Whether sub-communities can use it.
            reuse_existing: Whether one that exists will do.
            on_reused: Told how many have the name, when one of them was taken.
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
        """The IOC collections with exactly this name, or with names that contain it, the oldest first.

        Args:
            name: The name, or with `contains` a part of it in upper or lower case.
            contains: Whether a part will do.
            community_uuid: Who owns them, if that matters.
        """
        return named(self.rest, name, contains=contains, community_uuid=community_uuid, with_indicators_count=True)

    def update_collection(self, collection_id: str, **changes: str | bool) -> Collection:
        """Change an IOC collection.

        Args:
            collection_id: ``ioc-collection--<uuid>``.
            changes: New values of ``name``, ``description`` and ``available_for_sub_communities``; the others stay.
        """
        return self.rest.update(collection_id, **changes)

    def delete_collection(self, collection_id: str, *, confirm_name: str) -> bool:
        """Delete an IOC collection with all of its indicators, which cannot be undone.

        Args:
            collection_id: ``ioc-collection--<uuid>``.
            confirm_name: Its exact name.

        Returns:
            Whether it was there.

        Raises:
            InputError: It has another name, or is still there.
        """
        return delete(self.rest, collection_id, confirm_name=confirm_name, patience=self.patience)

    # Imports

    def read(self, lines: str | Iterable[str], *, refang: bool = True) -> Reading:
        """How :meth:`import_text` reads lines: what it sends, and what is unrecognized, a duplicate or adapted."""
        from sekoia_cti.indicators.reading import read

        return read(lines.splitlines() if isinstance(lines, str) else lines, refanging=refang)

    def import_text(
        self,
        collection_id: str,
        lines: str | Iterable[str],
        *,
        refang: bool = True,
        wait: bool = True,
        on_progress: Callable[[Progress], object] | None = None,
        on_warning: Callable[[str], object] | None = None,
        **about_all: Unpack[AboutAll],
    ) -> Outcome:
        """Import indicators, one a line; what is not a recognized indicator is not sent (see :meth:`read`).

        Args:
            collection_id: ``ioc-collection--<uuid>``.
            lines: Text, or its lines.
            refang: Whether defanged indicators are read as what they mean.
            wait: Whether to wait for the end.
            on_progress: Told how far it has come.
            on_warning: Told what people should know at once.
            about_all: See :class:`AboutAll`.

        Returns:
            How it ended; :attr:`~sekoia_cti.client.importing.outcome.Outcome.status` is a statement about the collection.

        Raises:
            InputError: A phase is not known.
            ValueError: No line holds an indicator, or `valid_for` and `valid_until` are both given.
        """
        from sekoia_cti.client.importing.requests import Missing

        reading = self.read(lines, refang=refang)
        if not (reading.values or reading.damaged):
            raise ValueError("no line holds an indicator")
        rest = self.rest
        context = self._context(rest, about_all)
        with self.live() if wait else nullcontext() as live:
            importer = self.importer(
                rest,
                live,
                rest.collection(collection_id),
                context,
                on_progress=on_progress or _nothing,
                on_warning=on_warning or _nothing,
            )
            importer.leave_out(Missing(damaged.value, damaged.reason) for damaged in reading.damaged)
            importer.submit_text(reading.values)
            return importer.finish()

    def import_file(
        self,
        collection_id: str,
        path: str | Path,
        *,
        mapping: list[str | None] | None = None,
        ignore_first_line: bool | None = None,
        sheet: str | None = None,
        refang: bool = True,
        wait: bool = True,
        on_read: Callable[[Account], object] = _nothing,
        on_progress: Callable[[Progress], object] | None = None,
        on_warning: Callable[[str], object] | None = None,
        **about_all: Unpack[AboutAll],
    ) -> Outcome:
        """Import a file: a table if its name ends as that of a CSV or a workbook or one of the first three options is given,
        else a text with an indicator a line.

        Args:
            collection_id: ``ioc-collection--<uuid>``.
            path: The file, which may be packed.
            mapping: What each column holds (contract, "File columns"); found out when None.
            ignore_first_line: Whether the first line is a heading; found out when None.
            sheet: Of a workbook; by default the first visible one that holds indicators.
            refang: Whether defanged indicators are read as what they mean.
            wait: Whether to wait for the end.
            on_read: Told how the file was read: what is unrecognized, a duplicate or adapted, and therefore not sent as it is.
            on_progress: Told how far it has come.
            on_warning: Told what people should know at once.
            about_all: See :class:`AboutAll`; what a column maps wins.

        Raises:
            InputError: The file can be read in several ways, or a phase is not known.
            UnreadableFile: It cannot be read; the error says what it is.
            ValueError: It holds no indicator, or `valid_for` and `valid_until` are both given.
            OSError: It is not there.
        """
        from sekoia_cti.client.importing.tables import submit_table, upload
        from sekoia_cti.indicators.encodings import decode
        from sekoia_cti.local_files.opened import open_local
        from sekoia_cti.local_files.outgoing import Wishes, prepare
        from sekoia_cti.local_files.text import unpacked

        path = Path(path)
        if (mapping, ignore_first_line, sheet) == (None, None, None) and not is_named_table(path.name):
            lines = decode(unpacked(path.read_bytes(), "text"))
            on_read(self.read(lines, refang=refang))
            return self.import_text(
                collection_id,
                lines,
                refang=refang,
                wait=wait,
                on_progress=on_progress,
                on_warning=on_warning,
                **about_all,
            )
        rest = self.rest
        context = self._context(rest, about_all)
        wishes = Wishes(
            mapping=mapping,
            ignore_first_line=ignore_first_line,
            sheet=sheet,
            refang=refang,
            validity=(context.valid_from, context.valid_until),
            is_phase=Phases(rest.kill_chains).knows,
        )
        with TemporaryDirectory() as name, self.live() if wait else nullcontext() as live:
            folder = Path(name)
            table = prepare(open_local(path, path.name, folder), folder, wishes, seconds=rest.deadline.remaining())
            if table is None or not table.survey.values:
                raise ValueError("no row holds an indicator")
            on_read(table.survey)
            importer = self.importer(
                rest,
                live,
                rest.collection(collection_id),
                context,
                on_progress=on_progress or _nothing,
                on_warning=on_warning or _nothing,
            )
            uploaded = upload(rest, collection_id, table.path, name=table.name, mime_type=table.mime_type)
            submit_table(importer, table, uploaded.file_handle)
            return importer.finish()

    def synchronize(
        self,
        collection_id: str,
        lines: str | Iterable[str],
        *,
        removed: Literal["expire", "revoke", "keep"] = "expire",
        most_removed: int = 20,
        refresh: Literal["when_due", "always", "never"] = "when_due",
        refang: bool = True,
        dry_run: bool = False,
        on_progress: Callable[[Progress], object] | None = None,
        on_warning: Callable[[str], object] | None = None,
        **about_all: Unpack[AboutAll],
    ) -> Synchronized:
        """Make an IOC collection follow a feed: add what is new, refresh what is due, remove what the feed no longer holds.

        Args:
            collection_id: ``ioc-collection--<uuid>``; a collection follows one feed.
            lines: The whole feed: text, or its lines.
            removed: What happens to active indicators that are not in the feed.
            most_removed: The percentage of the active indicators that one run may remove; above it nothing is removed.
            refresh: When an indicator that stays is sent again.
            refang: Whether defanged indicators are read as what they mean.
            dry_run: Whether nothing is to be changed.
            on_progress: Told how far it has come.
            on_warning: Told what people should know at once.
            about_all: See :class:`AboutAll`.

        Raises:
            InputError: A phase is not known.
        """
        from sekoia_cti.client.synchronizing.synchronizer import Rules, Synchronizer
        from sekoia_cti.client.synchronizing.text_feed import TextFeed

        days = about_all.pop("valid_for", None)
        lasts = None if days is None else timedelta(days=days)
        rest = self.rest
        context = self._context(rest, about_all)
        feed = TextFeed(self.read(lines, refang=refang).values, context)
        synchronizer = Synchronizer(
            rest,
            self.live,
            rest.collection(collection_id),
            feed,
            context=context,
            rules=Rules(lasts=lambda _kind: lasts, refresh=refresh, leaves=removed, most_removed=most_removed),
            patience=self.patience,
            on_progress=lambda _done: on_progress or _nothing,
            on_warning=on_warning or _nothing,
        )
        plan = synchronizer.plan()
        values = feed.values
        new, due = plan.new, plan.due
        gone = [each.value for each in plan.leaving]
        unchanged, revoked = ([values[place] for place in places] for places in (plan.unchanged, plan.revoked))
        if dry_run:
            removed_now, remaining = ([], gone) if plan.limit_hit else (gone, [])
            return Synchronized(
                [values[place] for place in new],
                [values[place] for place in due],
                unchanged,
                revoked,
                removed_now,
                remaining,
            )
        sent = synchronizer.send(plan) if plan.groups else None
        ended = sent is None or sent.outcome.status != "incomplete"
        removal = synchronizer.remove(plan) if plan.leaving and ended else None
        not_in = sent.not_in if sent else ()
        return Synchronized(
            added=[values[place] for place in new if place not in not_in],
            refreshed=[values[place] for place in due if place not in not_in],
            unchanged=unchanged,
            revoked=revoked,
            removed=[each.value for each in removal.removed] if removal else [],
            remaining=[each.value for each in removal.remaining] if removal else gone,
            outcome=sent.outcome if sent else None,
        )

    # Indicators

    def listed(self, collection_id: str, term: str | None = None) -> Iterator[Listed]:
        """The indicators whose pattern contains a term, or all, as they are read: with the fewest requests."""
        from sekoia_cti.client.listing import all_indicators, matching_indicators

        rest = self.rest
        yield from matching_indicators(rest, collection_id, term) if term else all_indicators(rest, collection_id)

    def search(self, collection_id: str, term: str | None = None) -> Iterator[Indicator]:
        """The indicators whose pattern contains a term, or all, one by one."""
        for some in self.listed(collection_id, term):
            yield from some.indicators()

    def find(self, collection_id: str, values: Iterable[str]) -> list[Match]:
        """What the collection holds of exactly these values."""
        from sekoia_cti.client.search import Lookup

        lookup = Lookup(self.rest, collection_id, on_page=_nothing)
        return list(lookup.find(self._exact(values), [], look_for_ids=False))

    def revoke(self, collection_id: str, values: Iterable[str], *, dry_run: bool = False) -> dict[Fate, list[str]]:
        """Revoke the indicators of exactly these values, which cannot be undone.

        Args:
            collection_id: ``ioc-collection--<uuid>``.
            values: The values.
            dry_run: Whether nothing is to be revoked.

        Returns:
            The values by what became of them, as the collection shows it.

        Raises:
            SekoiaError: Not all could be worked through; running it again is harmless.
        """
        revoker = self.revoker(collection_id, self._exact(values), dry_run=dry_run)
        revoker.send()
        if revoker.failure:
            raise revoker.failure
        return revoker.outcomes()

    def revoker(
        self,
        collection_id: str,
        values: Sequence[str],
        ids: Sequence[str] = (),
        *,
        dry_run: bool = False,
        on_read: Callable[[int, int], object] = _nothing,
        on_progress: Callable[[int, int], object] = _nothing,
    ) -> Revoker:
        """What revokes indicators, and knows at any time how far it has come.

        Args:
            collection_id: ``ioc-collection--<uuid>``.
            values: Lines as an import sends them.
            ids: Ids of indicators.
            dry_run: Whether nothing is to be revoked.
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

    def update(
        self, collection_id: str, values: Iterable[str], *, clear: Iterable[str] = (), **about_all: Unpack[AboutAll]
    ) -> dict[State, list[str]]:
        """Say something else of the indicators of exactly these values; what is not given stays as it is.

        Args:
            collection_id: ``ioc-collection--<uuid>``.
            values: The values.
            clear: What is to hold nothing: ``description``, ``kill_chain_phases``, ``x_ic_related_threat_refs``,
                ``valid_until``.
            about_all: See :class:`AboutAll`.

        Returns:
            The values by what became of them.

        Raises:
            SekoiaError: Not all could be worked through; running it again is harmless.
        """
        changes = self._context(self.rest, about_all)
        updater = self.updater(collection_id, self._exact(values), (), changes, clear=frozenset(clear))
        updater.send(lambda groups: self.import_known(collection_id, groups))
        if updater.failure:
            raise updater.failure
        return updater.outcomes()

    def updater(
        self,
        collection_id: str,
        values: Sequence[str],
        ids: Sequence[str],
        changes: Context,
        *,
        on_read: Callable[[int, int], object] = _nothing,
        clear: Set[str] = frozenset(),
        on_progress: Callable[[int, int], object] = _nothing,
        few: int | None = None,
        many: int | None = None,
    ) -> Updater:
        """What updates indicators, which are looked up first, and knows at any time how far it has come.

        Args:
            collection_id: ``ioc-collection--<uuid>``.
            values: Lines as an import sends them.
            ids: Ids of indicators.
            changes: The fields that are to change.
            on_read: Told how many indicators were read, and how many there are.
            clear, on_progress, few, many: See :class:`~sekoia_cti.client.updating.Updater`.
        """
        from sekoia_cti.client.search import Lookup
        from sekoia_cti.client.updating import FEW, MANY, Updater

        rest = self.rest
        rest.collection(collection_id)  # tells a wrong id or key
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
        on_progress: Callable[[Progress], object] = _nothing,
        on_warning: Callable[[str], object] = _nothing,
        lines: int | None = None,
    ) -> Outcome:
        """Import values that a collection holds, in half of the time that is left: the other half is for what does not take.

        Args:
            collection_id: ``ioc-collection--<uuid>``.
            groups: What is sent along, and values.
            on_progress, on_warning, lines: See :meth:`importer`.

        Raises:
            SekoiaError: Sekoia took none of them.
        """
        rest = self.rest
        with self.live() as live:
            importer = self.importer(
                rest,
                live,
                rest.collection(collection_id),
                Context(),
                deadline=rest.deadline.within(rest.deadline.remaining() / 2),
                on_progress=on_progress,
                on_warning=on_warning,
                lines=lines,
            )
            importer.submit_texts(groups, new=0, cut=False)
            return importer.finish()

    # Inside

    def _exact(self, values: Iterable[str]) -> Sequence[str]:
        """Values as an import sends them; what is not recognized may be what another client sent."""
        from sekoia_cti.indicators.reading import read

        return read(values, send_unrecognized=True).values

    def _context(self, rest: RestClient, about_all: AboutAll) -> Context:
        until, days = about_all.get("valid_until"), about_all.get("valid_for")
        if days is not None and until is not None:
            raise ValueError("valid_for and valid_until cannot be given together")
        if days is not None:
            until = datetime.now(UTC).replace(microsecond=0) + timedelta(days=days)
        return Context(
            description=about_all.get("description"),
            valid_from=about_all.get("valid_from"),
            valid_until=until,
            kill_chain_phases=Phases(rest.kill_chains).find(about_all.get("kill_chain_phases", ())) or None,
            x_ic_related_threat_refs=list(about_all.get("related_threat_refs", ())) or None,
        )
