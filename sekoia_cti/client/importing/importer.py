"""Runs one import into one collection: submits what it is given, and finds out what became of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING

from sekoia_cti.client.errors import (
    DeadlinePassed,
    Interrupted,
    LimitExceeded,
    Refused,
    RequestError,
    SekoiaError,
    Unavailable,
)
from sekoia_cti.client.importing.confirmation import Confirmation
from sekoia_cti.client.importing.expected import Expected
from sekoia_cti.client.importing.halving import Halving
from sekoia_cti.client.importing.missing import Missing
from sekoia_cti.client.importing.outcome import Conclusion, Outcome, Status
from sekoia_cti.client.importing.rehearsal import Rehearsal, rehearse
from sekoia_cti.client.importing.requests import LINES, Entry, Request, parts, requests_for, unsendable
from sekoia_cti.client.importing.watch import Ask, Done, GiveUp, ImportWatch, Listen, Look, Progress, Submission
from sekoia_cti.client.live.signals import Connected, Disconnected, Heard, Signal
from sekoia_cti.client.rest.endpoints import RestClient, Tries
from sekoia_cti.client.waiting import Deadline, Patience
from sekoia_cti.client.wire import (
    Accepted,
    Added,
    Collection,
    Context,
    Counts,
    Filling,
    Indicator,
    Mapping,
    TaskEvent,
)
from sekoia_cti.indicators.again import Again

if TYPE_CHECKING:
    from sekoia_cti.client.live.stream import LiveAPI

__all__ = ["Importer"]

ATTEMPTS_IN_DOUBT = 4
"""Attempts at a submission that may have been taken each time, before the collection is looked at as well."""

BY_THE_LIMIT = 3
"""Values refused one by one after which the community's limit, if it may be passed, is taken for the reason."""

REFUSAL = 1.0
"""Seconds that a refusal by message may take before the first submission, where LiveAPI does not answer a ping earlier."""

CATCH_UP = 1.0
"""Seconds after the deadline for reading what has arrived before it."""


@dataclass
class _Doubt:
    """A submission that was not answered, and may have been taken.

    Attributes:
        submission: How it is watched.
        send: Makes it once more, which is harmless.
        failure: What came of it last; None once it was taken for sure.
        repeated: Whether an answer can still come of it.
    """

    submission: Submission
    send: Callable[[Tries], Accepted | Added]
    failure: RequestError | None
    repeated: bool = True

    def is_open(self) -> bool:
        """Whether nothing shows that it was taken."""
        return self.failure is not None and not self.submission.begun


@dataclass
class Importer:
    """One import. LiveAPI is connected before anything is submitted, and one deadline holds for all of it.

    Args:
        rest: The REST client.
        live: The connection to LiveAPI, or None for an import that is not waited for.
        collection: Where the indicators go.
        context: What is sent along with them.
        deadline: Ends it all.
        patience: Settling and looking times.
        on_progress: Told of each change.
        on_warning: Told what people should know at once.
        lines: The most that one request carries as text.
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
        self._confirmation = Confirmation(
            self.rest, self.collection, self._expected, deadline=self.deadline, patience=self.patience
        )
        self._missing: list[Missing] = []
        self._taken: int | None = 0  # values that Sekoia took; None when they are not known
        self._settled = 0  # of them, those that an answer showed to be in
        self._settled_differ = 0  # of these, those with another context than was sent
        self._ids: dict[str, None] = {}
        self._failure: SekoiaError | None = None
        self._doubts: list[_Doubt] = []

    @property
    def collection_id(self) -> str:
        """The id of the collection."""
        return self.collection.id

    def connect(self) -> None:
        """Connect LiveAPI, before anything is submitted; where it cannot be reached, that is a warning.

        Raises:
            LiveAPIRefused: The key was refused.
            CertificateRejected: The certificate is not trusted.
        """
        if self.live is None:
            return
        self.deadline.when_interrupted(self.live.wake)
        error = self.live.ready(self.deadline)
        if error is None:
            self.watch.listening(self.deadline.now())
        else:
            self.on_warning(f"{error} The import goes on and will be confirmed over the REST API.")

    def rehearse(self, groups: Iterable[tuple[Context, Sequence[str] | Again]]) -> Rehearsal:
        """Find out what the collection holds already, and submit nothing; what cannot be submitted is among the missing.

        Args:
            groups: What would be sent along, and values as they would be sent.
        """
        for context, values in groups:
            sendable = values if isinstance(values, Again) else self._sendable(values)
            self._expected.add(sendable, context)
        found = rehearse(self._expected, self._confirmation)
        if found.new:
            self._held(found.new)
        return found

    @property
    def missing(self) -> Sequence[Missing]:
        """Values that cannot be submitted, so far."""
        return self._missing

    # Submitting

    def submit_text(self, values: Sequence[str], *, format: str | None = None) -> None:
        """Submit lines as text, in parts.

        Args:
            values: Lines as they are to be sent, each once.
            format: A format of the contract; not sent when None.

        Raises:
            SekoiaError: Sekoia took none of them.
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
        """Submit lines as text, those of each context by themselves, in parts.

        Args:
            groups: What is sent along, and lines as they are to be sent; each line once in all groups.
            format: A format of the contract; not sent when None.
            new: How many of them the collection does not hold; None: perhaps all.
            cut: Whether a text that is refused is cut in halves, to find the lines that are the reason.

        Raises:
            SekoiaError: Sekoia took none of them.
        """
        sendable = [(context, self._sendable(values)) for context, values in groups]

        def send(request: Request, tries: Tries) -> Accepted:
            return self.rest.import_text(
                self.collection_id, "\n".join(request.values), context=request.context, format=format, **tries
            )

        self._submit_all(
            (Request(context, part) for context, values in sendable for part in parts(values, lines=self.lines)),
            chain.from_iterable(values for _, values in sendable),
            sum(len(values) for _, values in sendable) if new is None else new,
            send,
            cut=cut,
        )

    def submit_entries(self, entries: Iterable[Entry]) -> None:
        """Submit indicators that each have a context, in requests of at most a hundred.

        Raises:
            SekoiaError: Sekoia took none of them.
        """
        entries = list(entries)
        sendable = set(self._sendable([entry.item.value for entry in entries]))
        requests = requests_for(entry for entry in entries if entry.item.value in sendable)

        def send(request: Request, tries: Tries) -> Added:
            return self.rest.add_indicators(self.collection_id, request.items, context=request.context, **tries)

        values = (entry.item.value for entry in entries if entry.item.value in sendable)
        self._submit_all(requests, values, sum(len(request.values) for request in requests), send)

    def submit_file(
        self,
        file_handle: str,
        *,
        mapping: Mapping,
        ignore_first_line: bool,
        values: Iterable[str] | None,
        count: int | None,
        ends: Iterable[datetime | None] | None = None,
        context: Context | None = None,
        new: int | None = None,
    ) -> None:
        """Start the import of an uploaded file.

        Args:
            file_handle: From the preview.
            mapping: What each column holds.
            ignore_first_line: Whether the first line is a heading.
            values: What is in it, to be gone through again and again; None when that is not known.
            count: How many values that is.
            ends: For each value, when its row says that its validity ends; None where no column says so.
            context: For what no column maps; by default that of the import.
            new: How many of them the collection does not hold; None: perhaps all.

        Raises:
            SekoiaError: Sekoia did not take it.
        """
        context = self.context if context is None else context
        new = (count or 0) if new is None else new
        held = self._held(new) if new else None
        self._refuse_a_refused_key()
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
            accepted = send(self._in_doubt() if values is not None else {})
        except Refused as error:
            raise _explained(error, held, new) from None
        except Unavailable as error:
            if values is None or not self._may_be_seen(error):
                raise
            doubt = error
        part = None
        if values is None:
            self._taken = None
        else:
            # What a column maps is the affair of each row.
            part = self._expected.add(values, context.beside(mapping), ends=ends)
            self._count(count or 0)
        if doubt is not None:
            self._note_doubt(doubt, count, part, send)
        elif accepted is not None:
            self._note_accepted(accepted, count, part)

    def leave_out(self, missing: Iterable[Missing]) -> None:
        """Count values as missing that cannot be submitted at all."""
        self._missing += missing

    def finish(self) -> Outcome:
        """Wait until it is known what became of everything, or the deadline passes."""
        if isinstance(self._failure, Interrupted):
            return self._outcome("incomplete")  # the platform stops the process: nothing is waited for
        if self.live is None and not self.watch.ended() and self.watch.submissions:
            return self._outcome("submitted" if self._failure is None else "incomplete")
        try:
            return self._outcome(self._wait())
        except SekoiaError as error:
            self._failure = self._failure or error
            return self._outcome("incomplete")

    def leave(self, why: SekoiaError) -> Outcome:
        """What is known of an import that something hangs in, which may go on meanwhile."""
        self._failure = self._failure or why
        return self._outcome("incomplete")

    @property
    def indicator_ids(self) -> list[str]:
        """Ids of indicators, where Sekoia told them at once."""
        return list(self._ids)

    # How it submits

    def _sendable(self, values: Sequence[str]) -> Sequence[str]:
        bad = {value for value in values if unsendable(value)}
        self._missing += (
            Missing(value.encode(errors="backslashreplace").decode(), "it contains half a character") for value in bad
        )
        return [value for value in values if value not in bad] if bad else values

    def _submit_all(
        self,
        requests: Iterable[Request],
        values: Iterable[str],
        new: int,
        send: Callable[[Request, Tries], Accepted | Added],
        *,
        cut: bool = True,
    ) -> None:
        held = self._held(new) if new else None
        limited = held is not None and held.count + new > held.max
        halving = Halving(requests, in_a_row=BY_THE_LIMIT if limited else None)
        self._refuse_a_refused_key()
        self._begin()
        while (request := halving.next()) is not None:
            try:
                answer = send(request, {"attempts_at_500": halving.attempts, **self._in_doubt()})
            except (Refused, Unavailable) as error:
                if isinstance(error, Unavailable) and self._may_be_seen(error) and not (cut and error.status == 500):
                    part = self._expected.add(request.values, request.context)
                    self._count(len(request.values))
                    self._note_doubt(error, len(request.values), part, partial(send, request))
                    continue
                if not cut or (isinstance(error, Unavailable) and error.status != 500):
                    self._stop(halving, request, error)
                    break
                self._failure = self._failure or error
                if halving.refused(request, _refusal(error), surely=isinstance(error, Refused)) and limited:
                    halving.stop(halving.next(), "it was not submitted")
                    break
            except SekoiaError as error:
                self._stop(halving, request, error)
                break
            else:
                halving.taken()
                self._note(request, answer)
        self._missing += _in_order(halving.missing, values)
        if limited and isinstance(self._failure, Refused):
            self._failure = _explained(self._failure, held, new)
        elif not halving.stopped:
            self._failure = None  # values were refused one by one, and are listed as missing
        if not self._taken and self._failure is not None:
            raise self._failure

    def _stop(self, halving: Halving, request: Request, error: SekoiaError) -> None:
        self._failure = error
        halving.stop(request, "it was not submitted")

    def _note(self, request: Request, answer: Accepted | Added) -> None:
        self._count(len(request.values))
        if isinstance(answer, Added) and answer.items is not None:
            self._note_added(request, answer.items)
        else:
            part = self._expected.add(request.values, request.context)
            self._note_accepted(answer, len(request.values), part)

    def _note_accepted(self, accepted: Accepted, count: int | None, part: int | None) -> None:
        now = self.deadline.now()
        if accepted.done_at_once():
            self.watch.done(accepted, now, expected=count)
        else:
            self.watch.submitted(accepted.task_id, now, expected=count, part=part)
            if accepted.task_id is not None and self.live is not None:
                self.live.awaits(accepted.task_id)
        self._drain()

    def _in_doubt(self) -> Tries:
        """What is not waited for is repeated until the deadline, since nothing else would tell that it was taken."""
        return {"attempts_in_doubt": ATTEMPTS_IN_DOUBT} if self.live is not None else {}

    def _may_be_seen(self, failure: Unavailable) -> bool:
        """Whether the collection can tell what became of a submission without an answer."""
        return self.live is not None and failure.may_be_done()

    def _note_doubt(
        self, failure: Unavailable, count: int | None, part: int | None, send: Callable[[Tries], Accepted | Added]
    ) -> None:
        """A submission was not answered, and may have been taken: it is watched like one whose task is not named."""
        self.on_warning(
            f"No clear answer came while {failure.doing} ({failure.reason or f'HTTP {failure.status}'}): Sekoia may have taken "
            "what was sent, so the collection is watched for it, and it is sent again until it is there"
        )
        submission = self.watch.submitted(None, self.deadline.now(), expected=count, part=part)
        self._doubts.append(_Doubt(submission, send, failure))

    def _repeat_doubts(self) -> None:
        """Make submissions without an answer once more, unless what they brought was seen to come."""
        if self.watch.proved() and self.watch.refreshed():
            return
        for doubt in [doubt for doubt in self._doubts if doubt.repeated and doubt.is_open()]:
            try:
                accepted = doubt.send({"attempts": 1})
            except DeadlinePassed:
                return
            except RequestError as error:
                # An uploaded file may not be there any more once its import began.
                doubt.failure, doubt.repeated = error, isinstance(error, Unavailable)
            else:
                doubt.failure, doubt.repeated = None, False
                self._resolve(doubt.submission, accepted)

    def _resolve(self, submission: Submission, accepted: Accepted) -> None:
        shown = isinstance(accepted, Added) and accepted.items is not None
        if accepted.task_id is not None or accepted.done_at_once() or shown:
            self.watch.answered(submission, accepted, self.deadline.now(), ended=accepted.task_id is None)
        if accepted.task_id is not None and self.live is not None:
            self.live.awaits(accepted.task_id)

    def _note_added(self, request: Request, items: Sequence[Indicator]) -> None:
        """Values whose indicator the answer shows are in; the others are looked for."""
        shown = Expected(self._expected.since)
        shown.add(request.values, request.context)
        sight = shown.look()
        sight.see((item.model_dump(mode="json") for item in items), self.rest.server_time() or datetime.now(UTC))
        tally, unseen = sight.tally(), [missing.value for missing in sight.missing()]
        self._ids.update(dict.fromkeys(item.id for item in items if not item.revoked))
        self._settled += tally.active
        self._settled_differ += tally.active - tally.as_asked
        if unseen:
            self._expected.add(unseen, request.context)
            self.watch.done(Counts(), self.deadline.now(), expected=len(unseen))

    def _count(self, values: int) -> None:
        self._taken = (self._taken or 0) + values

    def _begin(self) -> None:
        if self._expected.since is None and (now := self.rest.server_time()) is not None:
            self._expected.since = now.replace(microsecond=0)  # Sekoia may tell times in whole seconds

    def _refuse_a_refused_key(self) -> None:
        """A refusal by message can come at any time; before anything is submitted it is an error like one at the handshake."""
        if self.live is not None and not self.watch.submissions:
            self.live.catch_up(REFUSAL, wait_for_idle=False)
        while self.live is not None and (signal := self.live.next(0)) is not None:
            if isinstance(signal, Disconnected) and signal.final and not self.watch.submissions:
                raise signal.error
            self._take(signal)

    def _held(self, new: int) -> Filling | None:
        """What the community holds, with a warning when the import may pass its limit; None where Sekoia does not tell."""
        try:
            held = self.rest.count(self.collection.community_uuid)
        except RequestError:
            return None  # it may take another permission, and the import does not depend on it
        self._confirmation.held = held.count if self._confirmation.held is None else self._confirmation.held
        if held.count + new > held.max:
            self.on_warning(
                f"The import may pass the limit: the community holds {held.count:,} of at most {held.max:,} indicators, and "
                f"up to {new:,} are to be added"
            )
        return held

    # How it waits

    def _wait(self) -> Status:
        watch, deadline = self.watch, self.deadline
        watch.has_context = self._expected.has_context()
        watch.can_look = bool(self._expected) and self._taken is not None
        if self.live is not None and not self._doubts:
            self.live.all_submitted()
        self.on_progress(watch.progress())
        caught_up = False
        while True:
            self._drain()  # a look takes time, in which the end may have been told
            deadline.heed()
            watch.can_ask = self._confirmation.can_ask()
            match watch.step(deadline.now()):
                case Done():
                    return "completed"
                case GiveUp():
                    if caught_up or self.live is None:
                        unanswered = (doubt.failure for doubt in self._doubts if doubt.is_open())
                        self._failure = self._failure or next(unanswered, None)
                        return "incomplete"
                    # A process that was stopped for a while finds the end in the socket.
                    self.live.catch_up(CATCH_UP)
                    caught_up = True
                case Ask(task_id):
                    self._ask(task_id)
                case Look():
                    watch.looked(self._confirmation.look(), deadline.now())
                    self._repeat_doubts()
                case Listen(until):
                    self._listen(until)

    def _listen(self, until: float) -> None:
        left = max(0.0, until - self.deadline.now())
        if self.live is None:
            self.deadline.pause(left)
        elif (signal := self.live.next(left)) is not None:
            self._take(signal)

    def _ask(self, task_id: str) -> None:
        task = self._confirmation.ask(task_id)
        now = self.deadline.now()
        if task is None:
            self.watch.untold(task_id, now)
        else:
            self.watch.heard(TaskEvent(task_id=task_id, status=task.status, message=task.message), now, by="api")

    def _drain(self) -> None:
        """Take what was heard during a submission or a look."""
        while self.live is not None and (signal := self.live.next(0)) is not None:
            self._take(signal)

    def _take(self, signal: Signal) -> None:
        now = self.deadline.now()
        match signal:
            case Connected():
                self.watch.listening(now)
            case Disconnected(error, final):
                self.watch.deaf(now)
                if final:
                    self.on_warning(f"{error} The import goes on and will be confirmed over the REST API.")
            case Heard(event):
                self.watch.heard(event, now)
                self.on_progress(self.watch.progress())

    def _outcome(self, status: Status) -> Outcome:
        return Conclusion(
            watch=self.watch,
            confirmation=self._confirmation,
            refused=self._missing,
            taken=self._taken,
            settled=self._settled,
            settled_differ=self._settled_differ,
            failure=self._failure,
        ).outcome(status)


def _in_order(missing: Sequence[Missing], values: Iterable[str]) -> list[Missing]:
    """What is missing, in the order in which it was given."""
    named = {each.value for each in missing}
    places = {value: place for place, value in enumerate(values) if value in named} if named else {}
    return sorted(missing, key=lambda each: places[each.value])


def _refusal(error: RequestError) -> str:
    if error.message:
        return f"Sekoia refused it: {error.message}"
    return f"Sekoia refused it (HTTP {error.status})"


def _explained(error: RequestError, held: Filling | None, new: int) -> RequestError:
    """The refusal of more than the community can hold, with its figures; any other error as it is."""
    if isinstance(error, Refused) and held and held.count + new > held.max:
        return LimitExceeded(
            error.doing, status=error.status, message=error.message, count=held.count, limit=held.max, new=new
        )
    return error
