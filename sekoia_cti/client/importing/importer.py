"""Runs one import into one collection: submits what it is given, and finds out whether it arrived."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING

from sekoia_cti.client.errors import Interrupted, Refused, RequestError, SekoiaError, Unavailable
from sekoia_cti.client.importing.confirmation import Confirmation
from sekoia_cti.client.importing.driver import Driver
from sekoia_cti.client.importing.expected import Expected
from sekoia_cti.client.importing.handover import Handover, Room, may_be_seen, tries_in_doubt
from sekoia_cti.client.importing.ledger import Ledger
from sekoia_cti.client.importing.missing import Missing
from sekoia_cti.client.importing.outcome import Conclusion, Outcome, Status
from sekoia_cti.client.importing.rehearsal import Rehearsal, rehearse
from sekoia_cti.client.importing.requests import LINES, Entry, Request, parts, requests_for, unsendable
from sekoia_cti.client.importing.unanswered import Unanswered
from sekoia_cti.client.importing.watch import ImportWatch, Progress
from sekoia_cti.client.rest.endpoints import RestClient
from sekoia_cti.client.rest.repetition import Tries
from sekoia_cti.client.waiting import Deadline, Patience
from sekoia_cti.client.wire import Accepted, Added, Collection, Context, Counts, Indicator, Mapping
from sekoia_cti.indicators.again import Again
from sekoia_cti.indicators.row_context import RowContext

if TYPE_CHECKING:
    from sekoia_cti.client.live.stream import LiveAPI

__all__ = ["Importer"]


@dataclass
class Importer:
    """One import. LiveAPI is connected before anything is submitted, and one deadline covers everything.

    Args:
        rest: The REST client.
        live: The connection to LiveAPI, or None for an import that is not waited for.
        collection: Where the indicators go.
        context: What is sent with them.
        deadline: When everything has to have ended.
        patience: How long to wait, and for what.
        on_progress: Called whenever the progress changes.
        on_warning: Called with what people should know at once.
        lines: How many lines one request carries as text, at most.
    """

    rest: RestClient
    live: LiveAPI | None
    collection: Collection
    context: Context
    deadline: Deadline
    patience: Patience
    on_progress: Callable[[Progress], object]
    on_warning: Callable[[str], object]
    lines: int = LINES

    def __post_init__(self) -> None:
        self.watch = ImportWatch(self.patience, self.deadline.start, self.deadline.at)
        self._expected = Expected()
        self._ledger = Ledger()
        self._confirmation = Confirmation(
            self.rest, self.collection, self._expected, deadline=self.deadline, patience=self.patience
        )
        self._driver = Driver(
            self.watch,
            self._confirmation,
            self.live,
            self.deadline,
            on_progress=self.on_progress,
            on_warning=self.on_warning,
        )
        self._unanswered = Unanswered(self.watch, self.deadline, on_task=self._driver.expect)

    @property
    def collection_id(self) -> str:
        """The id of the collection."""
        return self.collection.id

    def connect(self) -> None:
        """Connect LiveAPI before anything is submitted. If it cannot be reached, there is a warning, and the import goes on.

        Raises:
            LiveAPIRefused: The key was refused.
            CertificateRejected: The certificate is not trusted.
        """
        self._driver.connect()

    def rehearse(self, groups: Iterable[tuple[Context, Sequence[str] | Again]]) -> Rehearsal:
        """Find out what the collection already holds, and submit nothing. Values that cannot be submitted are in :attr:`missing`.

        Args:
            groups: Contexts, each with the values that would be sent with it, in the form in which they would be sent.
        """
        for context, values in groups:
            sendable = values if isinstance(values, Again) else self._sendable(values)
            self._expected.add(sendable, context)
        found = rehearse(self._expected, self._confirmation)
        self._room_for(found.new)
        return found

    @property
    def missing(self) -> Sequence[Missing]:
        """The values found so far that cannot be submitted."""
        return self._ledger.left_out

    # Submitting

    def submit_text(self, values: Sequence[str], *, format: str | None = None) -> None:
        """Submit lines as text, in parts.

        Args:
            values: The lines to send, without duplicates.
            format: One of the contract's formats; not sent when None.

        Raises:
            SekoiaError: Sekoia accepted none of them.
        """
        self.submit_texts([(self.context, values)], format=format)

    def submit_texts(
        self,
        groups: Iterable[tuple[Context, Sequence[str]]],
        *,
        format: str | None = None,
        new: int | None = None,
        cut: bool = True,
    ) -> None:
        """Submit lines as text, in parts; each part has one context.

        Args:
            groups: Contexts, each with the lines to send with it. No line occurs twice, not even in different groups.
            format: One of the contract's formats; not sent when None.
            new: How many of the lines may be new in the collection; None for all of them.
            cut: Whether to halve a text that Sekoia refuses, in order to find the lines that are the reason.

        Raises:
            SekoiaError: Sekoia accepted none of them.
        """
        sendable = [(context, self._sendable(values)) for context, values in groups]

        def send(request: Request, tries: Tries) -> Accepted:
            return self.rest.import_text(
                self.collection_id, "\n".join(request.values), context=request.context, format=format, **tries
            )

        self._hand_over(
            (Request(context, part) for context, values in sendable for part in parts(values, lines=self.lines)),
            chain.from_iterable(values for _, values in sendable),
            sum(len(values) for _, values in sendable) if new is None else new,
            send,
            cut=cut,
        )

    def submit_entries(self, entries: Iterable[Entry]) -> None:
        """Submit indicators with their own contexts, in requests of at most a hundred.

        Raises:
            SekoiaError: Sekoia accepted none of them.
        """
        entries = list(entries)
        sendable = set(self._sendable([entry.item.value for entry in entries]))
        requests = requests_for(entry for entry in entries if entry.item.value in sendable)

        def send(request: Request, tries: Tries) -> Added:
            return self.rest.add_indicators(self.collection_id, request.items, context=request.context, **tries)

        values = (entry.item.value for entry in entries if entry.item.value in sendable)
        self._hand_over(requests, values, sum(len(request.values) for request in requests), send)

    def submit_file(
        self,
        file_handle: str,
        *,
        mapping: Mapping,
        ignore_first_line: bool,
        values: Iterable[str] | None,
        count: int | None,
        ends: Iterable[datetime | None] | None = None,
        rows: Iterable[RowContext] | None = None,
        context: Context | None = None,
        new: int | None = None,
    ) -> None:
        """Start the import of an uploaded file.

        Args:
            file_handle: From the preview.
            mapping: What each column contains.
            ignore_first_line: Whether the first line is a heading.
            values: The values in it, which are iterated several times; None if they are not known.
            count: How many values there are; None if that is not known.
            ends: For each value, the end of validity in its row; None if no column holds one.
            rows: For each value, the other fields of its row; None if no column holds any.
            context: For the fields that no column holds; by default the context of the import.
            new: How many of the values may be new in the collection; None for all of them.

        Raises:
            SekoiaError: Sekoia did not accept it.
        """
        context = self.context if context is None else context
        watched = self.live is not None and values is not None
        room = self._room_for((count or 0) if new is None else new)
        self._begin()

        def send(tries: Tries) -> Accepted:
            return self.rest.process_file(
                self.collection_id,
                file_handle,
                mapping=mapping,
                ignore_first_line=ignore_first_line,
                context=context,
                **tries,
            )

        accepted = doubt = None
        try:
            accepted = send(tries_in_doubt(watched))
        except Refused as error:
            raise room.explained(error) from None
        except Unavailable as error:
            if not may_be_seen(error, watched):
                raise
            doubt = error
        part = None
        if values is not None:
            # The fields that a column holds can differ from row to row.
            part = self._expected.add(values, context.beside(mapping), ends=ends, rows=rows)
        self._ledger.take(count if values is not None else None)
        if doubt is not None:
            self._note_doubt(doubt, count, part, send)
        elif accepted is not None:
            self._note_accepted(accepted, count, part)

    def leave_out(self, missing: Iterable[Missing]) -> None:
        """Count values as missing, since they cannot be submitted at all."""
        self._ledger.left_out += missing

    def finish(self) -> Outcome:
        """Wait until it is known which values are in the collection, or until the deadline."""
        ledger, watch = self._ledger, self.watch
        if isinstance(ledger.failure, Interrupted):
            return self._outcome("incomplete")  # the platform is stopping the process, so there is no time to wait
        if self.live is None and not watch.ended() and watch.submissions:
            return self._outcome("submitted" if ledger.failure is None else "incomplete")
        watch.has_context = self._expected.has_context()
        watch.can_look = bool(self._expected) and ledger.taken is not None
        try:
            if self._driver.run(after_look=self._unanswered.repeat, last=not self._unanswered):
                self._compare_rows()
                return self._outcome("completed")
        except SekoiaError as error:
            ledger.fail(error)
        else:
            if unanswered := self._unanswered.failure():
                ledger.fail(unanswered)
        return self._outcome("incomplete")

    def leave(self, why: SekoiaError) -> Outcome:
        """Report what is known about an import in which something hangs; it may go on while this is called."""
        self._ledger.fail(why)
        return self._outcome("incomplete")

    @property
    def indicator_ids(self) -> list[str]:
        """Ids of the indicators that Sekoia returned in its answers."""
        return self._ledger.ids

    # How it submits

    def _sendable(self, values: Sequence[str]) -> Sequence[str]:
        bad = {value for value in values if unsendable(value)}
        self._ledger.left_out += (
            Missing(value.encode(errors="backslashreplace").decode(), "it contains an incomplete character")
            for value in bad
        )
        return [value for value in values if value not in bad] if bad else values

    def _hand_over(
        self,
        requests: Iterable[Request],
        values: Iterable[str],
        new: int,
        send: Callable[[Request, Tries], Accepted | Added],
        *,
        cut: bool = True,
    ) -> None:
        ledger = self._ledger
        handover = Handover(requests, room=self._room_for(new), cut=cut, watched=self.live is not None)
        self._begin()
        while (request := handover.next()) is not None:
            try:
                answer = send(request, handover.tries())
            except SekoiaError as error:
                if doubt := handover.failed(request, error):
                    part = self._expected.add(request.values, request.context)
                    ledger.take(len(request.values))
                    self._note_doubt(doubt, len(request.values), part, partial(send, request))
            else:
                handover.taken()
                self._note(request, answer)
        ledger.left_out += handover.missing(values)
        self._suspect(handover.in_doubt())
        if failure := handover.failure():
            ledger.fail(failure)
        if not (ledger.taken or ledger.suspected) and ledger.failure is not None:
            raise ledger.failure

    def _compare_rows(self) -> None:
        """Look whether indicators have what their rows say: counts do not tell, and some columns may not be taken (contract).

        A few show whether a column is ignored; only then are those that differ counted.
        """
        if not self._expected.has_rows() or self.watch.found is not None or not self._confirmation.some_differ():
            return
        if (found := self._confirmation.look()) is not None:
            self.watch.looked(found, self.deadline.now())

    def _begin(self) -> None:
        """Prepare for a submission: make sure that LiveAPI has not refused the key, and note Sekoia's clock."""
        self._driver.refuse_a_refused_key()
        if self._expected.since is None and (now := self.rest.server_time()) is not None:
            self._expected.since = now.replace(microsecond=0)  # Sekoia may report times in whole seconds

    def _room_for(self, new: int) -> Room:
        """How much the community can still hold, with a warning if the import may exceed its limit."""
        if not new:
            return Room(None, new)
        try:
            held = self.rest.count(self.collection.community_uuid)
        except RequestError:
            return Room(None, new)  # the call may need another permission, and the import does not depend on it
        self._confirmation.held = held.count if self._confirmation.held is None else self._confirmation.held
        room = Room(held, new)
        if room.is_short():
            self.on_warning(
                f"The import may exceed the limit: the community holds {held.count:,} of at most {held.max:,} "
                f"indicators, and up to {new:,} are to be added"
            )
        return room

    # What the answers mean

    def _note(self, request: Request, answer: Accepted | Added) -> None:
        self._ledger.take(len(request.values))
        if isinstance(answer, Added) and answer.items is not None:
            self._note_shown(request, answer.items)
        else:
            part = self._expected.add(request.values, request.context)
            self._note_accepted(answer, len(request.values), part)

    def _note_accepted(self, accepted: Accepted, count: int | None, part: int | None) -> None:
        now = self.deadline.now()
        if accepted.done_at_once():
            self.watch.done(accepted, now, expected=count)
        else:
            self.watch.submitted(accepted.task_id, now, expected=count, part=part)
            if accepted.task_id is not None:
                self._driver.expect(accepted.task_id)
        self._driver.catch_up()

    def _note_doubt(
        self, failure: Unavailable, count: int | None, part: int | None, send: Callable[[Tries], Accepted | Added]
    ) -> None:
        """Watch a submission that was not answered, but may have been accepted, like one whose task is unknown."""
        self.on_warning(
            f"No clear answer came while {failure.doing} ({failure.reason or f'HTTP {failure.status}'}): Sekoia may "
            "have accepted what was sent, so the collection is watched, and the values are sent again until they are "
            "there"
        )
        self._unanswered.add(failure, send, count=count, part=part)

    def _note_shown(self, request: Request, items: Sequence[Indicator]) -> None:
        """Count the values whose indicators are in the answer as in the collection, and look for the others."""
        shown = Expected(self._expected.since)
        shown.add(request.values, request.context)
        sight = shown.look()
        sight.see((item.model_dump(mode="json") for item in items), self.rest.server_time() or datetime.now(UTC))
        tally, unseen = sight.tally(), [missing.value for missing in sight.missing()]
        self._ledger.show([item.id for item in items if not item.revoked], tally.active, tally.differing)
        if unseen:
            self._expected.add(unseen, request.context)
            self.watch.done(Counts(), self.deadline.now(), expected=len(unseen))

    def _suspect(self, given_up: Sequence[tuple[Request, str]]) -> None:
        """Look for the values that Sekoia answered with HTTP 500 each time: it may have stored them anyway."""
        by_context: dict[int, list[tuple[Request, str]]] = {}
        for request, reason in given_up:
            by_context.setdefault(id(request.context), []).append((request, reason))
        for some in by_context.values():
            reasons = {value: reason for request, reason in some for value in request.values}
            self._expected.add(list(reasons), some[0][0].context)
            self._ledger.suspected |= reasons
        if given_up:
            self.watch.suspected(self.deadline.now())

    def _outcome(self, status: Status) -> Outcome:
        return Conclusion(self.watch, self._confirmation, self._ledger).outcome(status)
