"""Sekoia for scripts and actions: one call per job, which waits until it is done and accounts for every value.

Modules that are slow to import are imported where they are used, since most actions do not need them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Literal, Unpack

from sekoia_cti.client.connection import Connection, nothing
from sekoia_cti.client.context import AboutAll, checked_days, context_of
from sekoia_cti.client.phases import PhaseFinder
from sekoia_cti.client.wire import Indicator
from sekoia_cti.indicators.files import is_named_table
from sekoia_cti.indicators.input_errors import UnreadableFile

if TYPE_CHECKING:
    from sekoia_cti.client.importing.outcome import Outcome
    from sekoia_cti.client.importing.watch import Progress
    from sekoia_cti.client.revoking import Fate
    from sekoia_cti.client.search import Match
    from sekoia_cti.client.synchronizing.summary import Summary
    from sekoia_cti.client.updating import State
    from sekoia_cti.indicators.account_of_values import Account
    from sekoia_cti.indicators.reading import Reading

__all__ = ["Sekoia"]


class Sekoia(Connection):
    """The IOC collections of a community. To be used with ``with``. For one thread at a time.

    Args:
        api_key: Needs *View IOC collections* and *Manage IOC collections* (contract, "Permissions").
        base_url: The address of the region's API, with or without ``/api`` (contract, "Where it lives").
        liveapi_url: The address of LiveAPI (``wss://…``); None to derive it from `base_url`.
        timeout: Seconds for each method, including the wait for an import; or one deadline for all methods.
        patience: Timeouts, pauses and rate.
        user_agent: Sent with each request.

    Raises:
        ValueError: The key or an address is not valid; the sentence names the argument.

    Every method raises a :class:`~sekoia_cti.client.errors.SekoiaError` if it could not do its work.
    """

    # Imports

    def read(self, lines: str | Iterable[str], *, refang: bool = True) -> Reading:
        """Read lines as :meth:`import_text` does, without sending anything.

        Args:
            lines: Text, or its lines.
            refang: Whether defanged indicators are read as what they mean.

        Returns:
            The values that would be sent, and what is unrecognized, a duplicate or adapted.
        """
        from sekoia_cti.indicators.reading import read

        return read(lines.splitlines() if isinstance(lines, str) else lines, refanging=refang)

    def import_text(
        self,
        collection_id: str,
        lines: str | Iterable[str],
        *,
        refang: bool = True,
        wait: bool = True,
        on_progress: Callable[[Progress], object] = nothing,
        on_warning: Callable[[str], object] = nothing,
        **about_all: Unpack[AboutAll],
    ) -> Outcome:
        """Import indicators, one per line. What is not recognized as an indicator is not sent (see :meth:`read`).

        Args:
            collection_id: ``ioc-collection--<uuid>``.
            lines: Text, or its lines.
            refang: Whether defanged indicators are read as what they mean.
            wait: Whether to wait until Sekoia has processed the import.
            on_progress: Called with the progress whenever it changes; ``print`` prints it as a line.
            on_warning: Called with sentences that people should read.
            about_all: What applies to all indicators: see :class:`~sekoia_cti.client.context.AboutAll`.

        Returns:
            How the import ended; :attr:`~sekoia_cti.client.importing.outcome.Outcome.status` describes the collection.

        Raises:
            InputError: A kill chain phase is not known.
            ValueError: No line contains an indicator, or `valid_for` and `valid_until` cannot be used as given.
        """
        from sekoia_cti.client.importing.missing import damaged_of

        reading = self.read(lines, refang=refang)
        if not (reading.values or reading.damaged):
            raise ValueError("no line contains an indicator")
        context = context_of(about_all, self.rest.kill_chains)
        with self.importing(collection_id, context, wait, on_progress, on_warning) as importer:
            importer.leave_out(damaged_of(reading))
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
        on_read: Callable[[Account], object] = nothing,
        on_progress: Callable[[Progress], object] = nothing,
        on_warning: Callable[[str], object] = nothing,
        **about_all: Unpack[AboutAll],
    ) -> Outcome:
        """Import a file. It is read as a table if its name ends like that of a CSV file or a workbook, or if `mapping`,
        `ignore_first_line` or `sheet` is given; otherwise it is read as text with one indicator per line.

        Args:
            collection_id: ``ioc-collection--<uuid>``.
            path: The file, which may be packed.
            mapping: What each column contains (contract, "File columns"); None to find out.
            ignore_first_line: Whether the first line is a heading; None to find out.
            sheet: The sheet of a workbook; by default the first visible one that contains indicators.
            refang: Whether defanged indicators are read as what they mean.
            wait: Whether to wait until Sekoia has processed the import.
            on_read: Called once with what was found in the file: what is unrecognized, a duplicate or adapted.
            on_progress: Called with the progress whenever it changes; ``print`` prints it as a line.
            on_warning: Called with sentences that people should read.
            about_all: What applies to all indicators: see :class:`~sekoia_cti.client.context.AboutAll`. A column outranks it.

        Returns:
            How the import ended, as for :meth:`import_text`.

        Raises:
            InputError: The file can be read in several ways, or a kill chain phase is not known.
            UnreadableFile: The file cannot be read; the error names it, and says what it is.
            ValueError: The file contains no indicator, or `valid_for` and `valid_until` cannot be used as given.
            OSError: There is no such file.
        """
        from sekoia_cti.client.importing.missing import damaged_of
        from sekoia_cti.client.importing.table_upload import submit_table, upload
        from sekoia_cti.indicators.encodings import decode
        from sekoia_cti.local_files.opened import open_local
        from sekoia_cti.local_files.outgoing import Wishes, prepare
        from sekoia_cti.local_files.text import unpacked

        path = Path(path)
        if (mapping, ignore_first_line, sheet) == (None, None, None) and not is_named_table(path.name):
            with _named(path):
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
        context = context_of(about_all, self.rest.kill_chains)
        wishes = Wishes(
            mapping=mapping,
            ignore_first_line=ignore_first_line,
            sheet=sheet,
            refang=refang,
            validity=(context.valid_from, context.valid_until),
            is_phase=PhaseFinder(rest.kill_chains).knows,
        )
        with TemporaryDirectory() as name:
            folder = Path(name)
            with _named(path):
                table = prepare(open_local(path, path.name, folder), folder, wishes, seconds=rest.deadline.remaining())
            if table is None or not table.survey.values:
                raise ValueError("no row contains an indicator")
            on_read(table.survey)
            with self.importing(collection_id, context, wait, on_progress, on_warning) as importer:
                uploaded = upload(importer.rest, collection_id, table.path, name=table.name, mime_type=table.mime_type)
                importer.leave_out(damaged_of(table.survey))
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
        on_read: Callable[[Account], object] = nothing,
        on_progress: Callable[[Progress], object] = nothing,
        on_warning: Callable[[str], object] = nothing,
        **about_all: Unpack[AboutAll],
    ) -> Summary:
        """Make an IOC collection follow a feed: add what is new, refresh what is due, remove what left the feed.

        Args:
            collection_id: ``ioc-collection--<uuid>``. A collection can follow only one feed.
            lines: The whole feed: text, or its lines.
            removed: What happens to active indicators that are not in the feed.
            most_removed: The percentage of active indicators that one run may remove, 0 to 100; if more left, none is removed.
            refresh: When an indicator that stays is sent again.
            refang: Whether defanged indicators are read as what they mean.
            dry_run: Whether to only find out what would be changed.
            on_read: Called once with what was found in the feed: what is unrecognized, a duplicate or adapted.
            on_progress: Called with the progress of each part of the work whenever it changes.
            on_warning: Called with sentences that people should read.
            about_all: What applies to all indicators: see :class:`~sekoia_cti.client.context.AboutAll`.

        Returns:
            What was added, refreshed and removed, and what could not be.

        Raises:
            InputError: A kill chain phase is not known.
            ValueError: `valid_for` is not a number of days.
        """
        from sekoia_cti.client.synchronizing.summary import Summary
        from sekoia_cti.client.synchronizing.synchronizer import Rules, Synchronizer
        from sekoia_cti.client.synchronizing.text_feed import TextFeed

        days = checked_days(about_all.pop("valid_for", None))
        lasts = None if days is None else timedelta(days=days)
        rest = self.rest
        context = context_of(about_all, self.rest.kill_chains)
        reading = self.read(lines, refang=refang)
        on_read(reading)
        feed = TextFeed(reading.values, context)
        synchronizer = Synchronizer(
            rest,
            self.live,
            rest.collection(collection_id),
            feed,
            context=context,
            rules=Rules(lasts=lambda _kind: lasts, refresh=refresh, leaves=removed, most_removed=most_removed),
            patience=self.patience,
            on_progress=lambda _done: on_progress,
            on_warning=on_warning,
            mostly_unrecognized=reading.mostly_unrecognized,
        )
        plan = synchronizer.plan()
        if dry_run:
            return Summary.planned(feed.values, plan)
        sent = synchronizer.send(plan) if plan.groups else None
        ended = sent is None or sent.outcome.status != "incomplete"
        removal = synchronizer.remove(plan) if plan.leaving and ended else None
        return Summary.done(feed.values, plan, sent, removal)

    # Indicators

    def search(self, collection_id: str, term: str | None = None) -> Iterator[Indicator]:
        """Read indicators one by one.

        Args:
            collection_id: ``ioc-collection--<uuid>``.
            term: Only indicators whose pattern contains it, in any case; None for all.
        """
        for some in self.listed(collection_id, term):
            yield from some.indicators()

    def find(self, collection_id: str, values: Iterable[str]) -> list[Match]:
        """Look up the indicators of exactly these values.

        Args:
            collection_id: ``ioc-collection--<uuid>``.
            values: The values, as an import takes them.

        Returns:
            A match for each value, in the same order.
        """
        from sekoia_cti.client.search import Lookup

        lookup = Lookup(self.rest, collection_id, on_page=nothing)
        return list(lookup.find(self._exact(values), [], look_for_ids=False))

    def revoke(self, collection_id: str, values: Iterable[str], *, dry_run: bool = False) -> dict[Fate, list[str]]:
        """Revoke the indicators of exactly these values, which cannot be undone.

        Args:
            collection_id: ``ioc-collection--<uuid>``.
            values: The values, as an import takes them.
            dry_run: Whether to only find out what would be revoked.

        Returns:
            The values by what became of them, according to the collection.

        Raises:
            SekoiaError: Not all values could be processed. Running it again is harmless.
        """
        revoker = self.revoker(collection_id, self._exact(values), dry_run=dry_run)
        revoker.send()
        if revoker.failure:
            raise revoker.failure
        return revoker.outcomes()

    def update(
        self, collection_id: str, values: Iterable[str], *, clear: Iterable[str] = (), **about_all: Unpack[AboutAll]
    ) -> dict[State, list[str]]:
        """Change the indicators of exactly these values. Fields that are not given stay as they are.

        Args:
            collection_id: ``ioc-collection--<uuid>``.
            values: The values, as an import takes them.
            clear: Fields to empty: ``description``, ``kill_chain_phases``, ``x_ic_related_threat_refs``, ``valid_until``.
            about_all: The new fields: see :class:`~sekoia_cti.client.context.AboutAll`.

        Returns:
            The values by what became of them, according to the collection.

        Raises:
            InputError: A kill chain phase is not known.
            SekoiaError: Not all values could be processed. Running it again is harmless.
        """
        changes = context_of(about_all, self.rest.kill_chains)
        updater = self.updater(collection_id, self._exact(values), (), changes, clear=frozenset(clear))
        updater.send(lambda groups: self.import_known(collection_id, groups))
        if updater.failure:
            raise updater.failure
        return updater.outcomes()

    # Inside

    def _exact(self, values: Iterable[str]) -> Sequence[str]:
        """Values as an import sends them. One that is not recognized is kept, since another client may have sent it."""
        from sekoia_cti.indicators.reading import read

        return read(values, send_unrecognized=True).values


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """An error about a file's content names the file."""
    try:
        yield
    except UnreadableFile as error:
        raise UnreadableFile(f"The file {path.name} cannot be used: {error}") from None
