"""How lines and lists were read: each value that is not sent, or not sent as written, with a reason."""

from typing import Any

from pydantic import Field

from sekoia_cti.actions.common.bounds import first_of, path_field
from sekoia_cti.actions.common.gathered import ObjectAccount, SkippedList
from sekoia_cti.actions.common.items import ItemReading
from sekoia_cti.actions.common.reports import AdaptedList, TypeCounts, UnrecognizedList
from sekoia_cti.indicators.long_list import LongList
from sekoia_cti.indicators.reading import Reading
from sekoia_cti.platform.forms import ResultsForm

__all__ = ["ReadingResults", "ValueResults", "lists_as_read", "reading_results"]


class ValueResults(ResultsForm):
    """What happened to the values of a source, whatever it is."""

    duplicates: int = Field(
        title="Duplicates",
        description="Values that repeat an earlier indicator with the same context, and count only once",
    )
    unrecognized: UnrecognizedList = Field(
        title="Unrecognized",
        description="The first 100 values that are not recognized indicators, with line (in a list: position), value "
        "and reason; they are left out, unless an import sets send_unrecognized",
    )
    unrecognized_count: int = Field(title="Unrecognized count", description="How many such values there are")
    unrecognized_path: str | None = path_field("Unrecognized")
    adapted: AdaptedList = Field(
        title="Adapted",
        description="The first 100 values that are used only in part or in a different form, each with line, as "
        "written, as sent, and why",
    )
    adapted_count: int = Field(title="Adapted count", description="How many such values there are")
    adapted_path: str | None = path_field("Adapted")
    by_type: TypeCounts = Field(title="By type", description="How many indicators of each kind there are")


class ReadingResults(ValueResults):
    """How lines or a list were read."""

    skipped: SkippedList = Field(
        title="Skipped",
        description="The first 100 values whose author marked them as not for detection, such as revoked indicators, "
        "with value and reason; they were not sent",
    )
    skipped_count: int = Field(title="Skipped count", description="How many such values there are")
    skipped_path: str | None = path_field("Skipped")


def reading_results(reading: Reading | ItemReading, objects: ObjectAccount) -> dict[str, Any]:
    """The fields of :class:`ReadingResults`.

    Args:
        reading: What happened to the values.
        objects: What else happened to objects.
    """
    return {
        "duplicates": reading.duplicates,
        "unrecognized": first_of(reading.unrecognized),
        "unrecognized_count": reading.unrecognized_count,
        "adapted": first_of(reading.adapted),
        "adapted_count": reading.adapted_count,
        "by_type": reading.by_type,
        "skipped": first_of(objects.skipped),
        "skipped_count": objects.skipped_count,
    }


def lists_as_read(reading: Reading | ItemReading, objects: ObjectAccount) -> dict[str, LongList[Any] | None]:
    """The lists behind these fields, for :func:`~sekoia_cti.actions.common.bounds.list_files`."""
    return {"unrecognized": reading.unrecognized, "adapted": reading.adapted, "skipped": objects.skipped}
