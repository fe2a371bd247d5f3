"""Where the feed of a collection comes from, how it is read, and what the results say about that."""

from typing import Annotated, ClassVar, Self

from pydantic import Field, model_validator

from sekoia_cti.actions.common.arguments import RARELY_SET, CollectionArguments, ReadingArguments
from sekoia_cti.actions.common.bounds import path_field
from sekoia_cti.actions.common.file_reports import CellResults
from sekoia_cti.actions.common.gathered import SkippedList
from sekoia_cti.actions.common.layout_arguments import LayoutArguments, Sheet
from sekoia_cti.actions.common.reading_results import ValueResults
from sekoia_cti.actions.common.sources import Format, SourceArguments

__all__ = ["FeedArguments", "FeedResults"]


class FeedArguments(LayoutArguments, ReadingArguments, SourceArguments, CollectionArguments):
    """Where the feed comes from: text and lists, which are combined, or a table."""

    sources: ClassVar[tuple[str, ...]] = (*SourceArguments.sources, "file_path")

    file_path: str | None = Field(
        default=None,
        title="File",
        description="A table instead: a CSV, XLS or XLSX file in the playbook's storage, whose columns can give the "
        "validity, description, kill chain phases and threats of each indicator",
    )
    sheet: Sheet = None
    format: Annotated[Format | None, RARELY_SET] = Field(
        default=None,
        title="Format",
        description="The type of all lines of text and lists, if they are all of the same type; otherwise, Sekoia "
        "detects it",
    )

    @model_validator(mode="after")
    def _is_one_feed(self) -> Self:
        lists = [source for source in self.given() if source != "file_path"]
        if self.file_path is not None and lists:
            raise ValueError(
                f"file_path cannot be combined with {', '.join(lists)}: a collection follows one feed, so put all of "
                "its indicators into one of them"
            )
        if self.file_path is not None and self.format is not None:
            raise ValueError("format applies only to text and lists: leave it empty if you use file_path")
        of_tables = [
            name
            for name in ("sheet", "mapping", "ignore_first_line")
            if self.file_path is None and getattr(self, name) is not None
        ]
        if of_tables:
            raise ValueError(f"{', '.join(of_tables)} cannot be used without file_path")
        return self


class FeedResults(CellResults, ValueResults):
    """How the feed was read."""

    skipped: SkippedList | None = Field(
        title="Skipped",
        description="The first 100 values whose author marked them as not for detection, such as revoked indicators, "
        "with value and reason; they count as not in the feed. Null for a table",
    )
    skipped_count: int | None = Field(title="Skipped count", description="How many such values there are")
    skipped_path: str | None = path_field("Skipped")
