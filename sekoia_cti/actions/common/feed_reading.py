"""How an action reads a feed: text and lists like *Import indicators from text*, a table like *Import indicators from
file*."""

from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

from sekoia_cti.actions.common.feed_arguments import FeedArguments
from sekoia_cti.actions.common.file_reports import account_of, lists_of
from sekoia_cti.actions.common.guard_forms import GuardArguments, guard_lists, guard_results, tell_of_guard
from sekoia_cti.actions.common.reading_results import lists_as_read, reading_results
from sekoia_cti.actions.common.reports import refuse_doubtful, warnings
from sekoia_cti.actions.common.table_feed import TableFeed
from sekoia_cti.actions.common.upload_action import UploadAction
from sekoia_cti.actions.common.validity import ValidityArguments
from sekoia_cti.client.importing.missing import Missing, damaged_of
from sekoia_cti.client.phases import PhaseFinder
from sekoia_cti.client.synchronizing.synchronizer import Feed
from sekoia_cti.client.synchronizing.text_feed import TextFeed
from sekoia_cti.client.wire import Context
from sekoia_cti.indicators.account_of_values import Account
from sekoia_cti.indicators.guard import Guard
from sekoia_cti.indicators.long_list import LongList
from sekoia_cti.indicators.reading import read
from sekoia_cti.local_files.outgoing import Wishes
from sekoia_cti.platform import storage

__all__ = ["FeedAction", "GuardedFeedArguments", "ReadFeed"]

_OF_TABLES = ("skipped_rows", "skipped_rows_count", "unused_cells", "unused_cells_count")
_OF_LISTS = ("skipped", "skipped_count")


_FeedAsRead: TypeAlias = tuple[Feed, Account, dict[str, Any], dict[str, LongList[Any] | None]]


class GuardedFeedArguments(GuardArguments, ValidityArguments, FeedArguments):
    """Where the feed comes from, the context of its indicators, and which of them do not count."""


@dataclass(frozen=True)
class ReadFeed:
    """A feed that has been read.

    Attributes:
        feed: Its indicators.
        told: How it was read, in the form of results.
        damaged: Values that are missing because they lost a character along the way.
        lists: The complete lists behind ``told``.
        mostly_unrecognized: Whether more values were left out because they are not indicators than were used.
    """

    feed: Feed
    told: dict[str, Any]
    damaged: list[Missing]
    lists: dict[str, LongList[Any] | None]
    mostly_unrecognized: bool


class FeedAction(UploadAction):
    """An action that reads a feed."""

    def read_feed(
        self, arguments: GuardedFeedArguments, context: Context, phases: PhaseFinder, stack: ExitStack
    ) -> ReadFeed:
        """Read the feed, and report what is in it.

        Args:
            arguments: The action's.
            context: The context for whatever the feed does not specify, without validity that counts from now.
            phases: Finds kill chain phases.
            stack: Keeps the folder of a table, which the feed needs for as long as it is used.

        Raises:
            InputError: The feed cannot be read, or, with ``strict``, some of it cannot be used.
        """
        guard = arguments.guard(self.data_path)
        read = self._read_lines if arguments.file_path is None else self._read_table
        feed, account, told, lists = read(arguments, guard, context, phases, stack)
        tell_of_guard(guard, self.tell)
        return ReadFeed(
            feed,
            told | guard_results(guard),
            damaged_of(account),
            lists | guard_lists(guard),
            mostly_unrecognized=account.mostly_unrecognized and not arguments.send_unrecognized,
        )

    def _read_lines(
        self, arguments: GuardedFeedArguments, guard: Guard, context: Context, _phases: PhaseFinder, _stack: ExitStack
    ) -> _FeedAsRead:
        gathered = arguments.gather(self.data_path)
        reading = read(
            gathered.lines,
            refanging=arguments.refang,
            send_unrecognized=arguments.send_unrecognized,
            admits=guard.judge(),
        )
        gathered.account_for(reading)
        if arguments.strict:
            refuse_doubtful(reading)
        for said in warnings(reading, sent=arguments.send_unrecognized):
            self.tell(said, "warning")
        gathered.objects.tell_of_passed(self.tell)
        return (
            TextFeed(reading.values, context, format=arguments.format),
            reading,
            reading_results(reading, gathered.objects) | dict.fromkeys(_OF_TABLES),
            lists_as_read(reading, gathered.objects),
        )

    def _read_table(
        self, arguments: GuardedFeedArguments, guard: Guard, context: Context, phases: PhaseFinder, stack: ExitStack
    ) -> _FeedAsRead:
        file = storage.find(self.data_path, arguments.file_path or "", "file_path")
        until = context.valid_until
        if arguments.valid_for is not None:
            until = datetime.now(UTC) + timedelta(days=arguments.valid_for)
        wishes = Wishes(
            mapping=arguments.mapping,
            ignore_first_line=arguments.ignore_first_line,
            sheet=arguments.sheet,
            refang=arguments.refang,
            send_unrecognized=arguments.send_unrecognized,
            validity=(context.valid_from, until),
            is_phase=phases.knows,
            guard=guard,
        )
        staged = stack.enter_context(self.staged(file, wishes, self.deadline))
        prepared = staged.readable()
        self.check(staged, strict=arguments.strict, send_unrecognized=arguments.send_unrecognized)
        told = account_of(prepared.survey) | dict.fromkeys(_OF_LISTS)
        del told["cleaned"]
        if set(prepared.layout.mapping) <= {"observable", None}:
            return TextFeed(list(prepared.values()), context), prepared.survey, told, lists_of(prepared.survey)
        feed = TableFeed(prepared, context, prepared.path.parent)
        return feed, prepared.survey, told, lists_of(prepared.survey)
