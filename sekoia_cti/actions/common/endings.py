"""How an import ended, or would end, in the words that people read."""

from __future__ import annotations

from sekoia_cti.client.errors import DeadlinePassed
from sekoia_cti.client.importing.outcome import Outcome
from sekoia_cti.client.importing.rehearsal import Rehearsal
from sekoia_cti.indicators.display import counted, shown

__all__ = ["completion", "incompletion", "named_missing", "partial", "rehearsal", "rejection"]

NAMED = 3
"""Missing values that an error or a warning names."""


def rehearsal(found: Rehearsal, collection_id: str) -> str:
    """What an import would do."""
    said = f"Dry run, nothing was imported: {counted(found.count)} would go into {collection_id}"
    if found.active is None:
        return f"{said}; how many of them it holds already is not known, since it could not be read to its end"
    held = f"{said}, which holds {found.active:,} of them already"
    return f"{held}, and {found.inactive:,} revoked or expired" if found.inactive else held


def completion(outcome: Outcome) -> str:
    """An import that is complete."""
    parts = [
        f"{count:,} {what}"
        for what in ("created", "updated", "ignored")
        if (count := getattr(outcome, what)) is not None
    ]
    counts = f" ({', '.join(parts)})" if parts else ""
    by = ", as the REST API shows" if outcome.confirmed_by == "api" else ""
    if outcome.progress.total is None:
        return f"The import is complete{by}{counts}"
    imported = f"Imported {outcome.progress.imported:,} of {counted(outcome.progress.total)}"
    return f"{imported}, the import is complete{by}{counts}"


def partial(outcome: Outcome) -> str:
    """An import whose indicators are not all in."""
    if outcome.missing_count is None and not outcome.missing:
        return "The import ended, but some of the indicators may not be in the collection: look into it before relying on it"
    if outcome.missing_count == 0:
        return (
            "The indicators are in the collection, but more values were left out than were imported: see unrecognized"
        )
    count = "Some" if outcome.missing_count is None else f"{outcome.missing_count:,}"
    are = "indicator is" if outcome.missing_count == 1 else "indicators are"
    return f"The import ended, and {count} {are} not in the collection: {named_missing(outcome)}"


def rejection(outcome: Outcome) -> str:
    """An import none of whose indicators is in."""
    which = f": {named_missing(outcome)}" if outcome.missing else ""
    return f"The import ended, and none of the indicators is in the collection{which}.{_told_of_failures(outcome)}"


def incompletion(outcome: Outcome, timeout: int) -> str:
    """An import that could not be followed to its end, with its timeout in seconds."""
    known = [
        (
            "Sekoia has not reported any progress yet"
            if outcome.progress.total is None
            else f"Sekoia has imported {outcome.progress.imported:,} of {counted(outcome.progress.total)} so far"
        )
    ]
    if outcome.missing:
        count = "some" if outcome.missing_count is None else f"{outcome.missing_count:,}"
        known.append(f"not in the collection: {count} of the indicators, such as {named_missing(outcome)}")
    so_far = "; ".join(known)
    failed = _told_of_failures(outcome)
    if failed and outcome.missing_count is None and outcome.failure is None:
        return (
            f"The import or a part of it failed in Sekoia, and it is not known which indicators are in the collection: {so_far}; "
            f"look into the collection before running the action again.{failed}"
        )
    if outcome.failure is None or isinstance(outcome.failure, DeadlinePassed):
        return (
            f"The import was not confirmed within the timeout of {timeout:,} seconds: {so_far}; the import may go on in Sekoia, "
            "so look into the collection before running the action again with a longer timeout."
        )
    progress = outcome.progress
    if outcome.submitted and progress.imported == progress.total == outcome.submitted:
        return f"Not everything could be submitted: {so_far.replace(' so far', '', 1)}. {outcome.failure}"
    return (
        f"The import could not be followed to its end: {so_far}; what was submitted may go on in Sekoia, so look into the "
        f"collection before running the action again. {outcome.failure}"
    )


def _told_of_failures(outcome: Outcome) -> str:
    """What tasks that failed said, as sentences; empty if none failed."""
    return "".join(f" {warning}." for warning in outcome.warnings if "failed" in warning)


def named_missing(outcome: Outcome) -> str:
    """The first values that are missing, each with its reason."""
    return ", ".join(f"“{shown(missing.value)}” ({missing.reason})" for missing in outcome.missing[:NAMED])
