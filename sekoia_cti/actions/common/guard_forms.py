"""Arguments and results of all imports about values that should not be imported: excluded ones, and those known to be good."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field
from sekoia_automation.module import LogLevelStr

from sekoia_cti.actions.common.arguments import Arguments
from sekoia_cti.actions.common.bounds import first_of, path_field
from sekoia_cti.actions.common.jinja import TextList, as_list
from sekoia_cti.actions.common.stored_text import read_text
from sekoia_cti.indicators.exclude import Exclusions
from sekoia_cti.indicators.guard import Guard, KnownGood, Policy
from sekoia_cti.indicators.input_errors import InputError
from sekoia_cti.indicators.long_list import LongList
from sekoia_cti.platform import storage
from sekoia_cti.platform.forms import ResultsForm, objects

__all__ = ["GuardArguments", "GuardResults", "guard_lists", "guard_results", "tell_of_guard"]

NAMED = 10
"""How many values a log line names."""


class GuardArguments(Arguments):
    """What is not to be imported."""

    exclude: TextList | None = Field(
        default=None,
        title="Exclude",
        description="What is never imported: values, domains with everything below them (.corp.example), networks "
        "(10.0.0.0/8, 10.0.0.0-10.0.0.255) and the email addresses of a domain (@corp.example)",
    )
    exclude_path: str | None = Field(
        default=None,
        title="Exclude file",
        description="A file in the playbook's storage with more values that are never imported, one per line",
    )
    known_good: Policy = Field(
        default="warn",
        title="Known good",
        description="What to do with values that are rarely meant to be blocked, such as private addresses, public "
        "DNS resolvers, well-known sites or the hash of an empty file: warn imports them and names them, leave_out "
        "does not import them, import skips the check",
    )

    def guard(self, data_path: Path) -> Guard:
        """The guard that judges each value by these arguments.

        Args:
            data_path: The playbook's storage.

        Raises:
            InputError: A rule or the file cannot be used.
        """
        sources = {"exclude": self.exclude or []}
        if self.exclude_path:
            file = storage.find(data_path, self.exclude_path, "exclude_path")
            text = read_text(file, "exclude_path", "list")
            try:
                sources["exclude_path"] = [str(line) for line in as_list(text)]
            except ValueError as error:
                raise InputError(f"The file {file.name} of exclude_path cannot be used: {error}") from None
        return Guard(Exclusions.read(sources), self.known_good)


KnownGoodList = Annotated[list[dict[str, Any]], objects(line="integer", value="string", lists="string[]")]
"""What to do with values that are known to be good."""


class GuardResults(ResultsForm):
    """What was not imported, or imported with a warning."""

    excluded: list[str] | None = Field(
        title="Excluded",
        description="The first 100 values that were not imported because exclude covers them; null, like the results "
        "below, if the values could not be checked",
    )
    excluded_count: int | None = Field(title="Excluded count", description="How many such values there are")
    excluded_path: str | None = path_field("Excluded")
    known_good: KnownGoodList | None = Field(
        title="Known good",
        description="The first 100 values that are rarely meant to be blocked, each with its line and the lists that name it",
    )
    known_good_count: int | None = Field(title="Known good count", description="How many such values there are")
    known_good_path: str | None = path_field("Known good")
    left_out: list[str] | None = Field(
        title="Left out",
        description="The first 100 of them that were not imported because known_good is leave_out; “Known good file” has all",
    )
    left_out_count: int | None = Field(
        title="Left out count", description="How many were not imported for that reason"
    )


def guard_results(guard: Guard | None) -> dict[str, Any]:
    """What the guard found, in the form of :class:`GuardResults`.

    Args:
        guard: The guard after everything was read; None if the values could not be read.
    """
    if guard is None:
        return dict.fromkeys(GuardResults.model_fields)
    return {
        "excluded": first_of(guard.excluded),
        "excluded_count": guard.excluded_count,
        "known_good": first_of(guard.known_good),
        "known_good_count": guard.known_good_count,
        "left_out": [found.value for found in guard.known_good] if guard.left_out_count else [],
        "left_out_count": guard.left_out_count,
    }


def guard_lists(guard: Guard | None) -> dict[str, LongList[Any] | None]:
    """Its lists, for :func:`~sekoia_cti.actions.common.bounds.list_files`."""
    return {"excluded": guard.excluded, "known_good": guard.known_good} if guard else {}


def tell_of_guard(guard: Guard, tell: Callable[[str, LogLevelStr], None]) -> None:
    """Report what is not imported, and what is imported although it is known to be good.

    Args:
        guard: The guard after everything was read.
        tell: Writes a line with a level to the playbook's log.
    """
    if guard.excluded_count:
        tell(f"Excluded, so not imported: {_listed(guard.excluded, guard.excluded_count)}", "info")
    if guard.known_good_count:
        known = _listed([_with_lists(found) for found in guard.known_good], guard.known_good_count)
        if guard.left_out_count:
            tell(f"Known to be good, so not imported: {known}", "warning")
        else:
            tell(
                f"Imported, although known to be good: {known}. Set known_good to leave_out to keep such values out, "
                "or revoke them",
                "warning",
            )


def _with_lists(found: KnownGood) -> str:
    return f"{found.value} ({'; '.join(found.lists[:2])})"


def _listed(values: list[str], count: int) -> str:
    more = f" and {count - NAMED:,} more" if count > NAMED else ""
    return f"{', '.join(values[:NAMED])}{more}"
