"""A feed whose values all have the same context, sent as text."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sekoia_cti.client.importing.importer import Importer
from sekoia_cti.client.synchronizing.comparison import Said
from sekoia_cti.client.synchronizing.synchronizer import Groups
from sekoia_cti.client.wire import Context

__all__ = ["TextFeed", "said_in", "with_end"]


class TextFeed:
    """Values that all have the same context.

    Args:
        values: The values as they are sent, without duplicates.
        context: The context of all of them.
        format: One of the contract's formats; not sent when None.
    """

    def __init__(self, values: Sequence[str], context: Context, *, format: str | None = None) -> None:
        self.values = values
        self._context = context
        self._format = format
        self._said = said_in(context)

    def said_of(self, _place: int, /) -> Said:
        """The context of all values."""
        return self._said

    def submit(self, importer: Importer, groups: Groups, *, new: int) -> None:
        """Submit some of the values as text (see :class:`~sekoia_cti.client.synchronizing.synchronizer.Feed`)."""
        importer.submit_texts(
            (
                (with_end(self._context, end), [self.values[place] for place in places])
                for end, places in groups.items()
            ),
            format=self._format,
            new=new,
        )


def said_in(context: Context) -> Said:
    """A context in the form in which it is compared."""
    return Said(
        description=context.description,
        valid_from=context.valid_from,
        valid_until=context.valid_until,
        phases=tuple((phase.kill_chain_name, phase.phase_name) for phase in context.kill_chain_phases or []),
        threats=tuple(context.x_ic_related_threat_refs or []),
    )


def with_end(context: Context, end: datetime | None) -> Context:
    """The same context with another end of validity, if one is given."""
    return context if end is None else context.model_copy(update={"valid_until": end})
