"""How an import ended, or would end, in words for people."""

from __future__ import annotations

from sekoia_cti.client.errors import DeadlinePassed
from sekoia_cti.client.importing.outcome import Outcome
from sekoia_cti.client.importing.rehearsal import Rehearsal
from sekoia_cti.indicators.display import counted, shown

__all__ = ["completion", "incompletion", "named_missing", "partial", "rehearsal", "rejection"]

NAMED = 3
"""How many missing values an error or a warning names."""


def rehearsal(found: Rehearsal, collection_id: str) -> str:
    """What an import would do."""
    said = f"Dry run: nothing was imported; {counted(found.count)} would go into {collection_id}"
    if found.active is None:
        unknown = "how many of them are already there is not known, since the collection could not be read to its end"
        return f"{said}; {unknown}"
    there = f"{said}, of which {_are(found.active)} already there"
    return f"{there}, and {_are(found.inactive)} there but revoked or expired" if found.inactive else there


def _are(count: int) -> str:
    return "1 is" if count == 1 else f"{count:,} are"


def completion(outcome: Outcome) -> str:
    """The sentence for a completed import."""
    parts = [
        f"{count:,} {what}"
        for what in ("created", "updated", "ignored")
        if (count := getattr(outcome, what)) is not None
    ]
    counts = f" ({', '.join(parts)})" if parts else ""
    by = ", as confirmed by the REST API" if outcome.confirmed_by == "api" else ""
    if outcome.progress.total is None:
        return f"The import is complete{by}{counts}"
    imported = f"Imported {outcome.progress.imported:,} of {counted(outcome.progress.total)}"
    return f"{imported}; the import is complete{by}{counts}"


def partial(outcome: Outcome) -> str:
    """The sentence for an import of which some indicators are not in."""
    if outcome.missing_count is None and not outcome.missing:
        return (
            "The import ended, but some of the indicators may not be in the collection: check the collection before "
            "relying on it"
        )
    if outcome.missing_count == 0:
        return (
            "The indicators are in the collection, but more values were left out than imported: check the result "
            "“unrecognized”"
        )
    count = "some" if outcome.missing_count is None else f"{outcome.missing_count:,}"
    are = "indicator is" if outcome.missing_count == 1 else "indicators are"
    return f"The import ended, but {count} {are} not in the collection: {named_missing(outcome)}"


def rejection(outcome: Outcome) -> str:
    """The sentence for an import of which no indicator is in."""
    which = f": {named_missing(outcome)}" if outcome.missing else ""
    return f"The import ended, but none of the indicators are in the collection{which}.{_told_of_failures(outcome)}"


def incompletion(outcome: Outcome, timeout: int) -> str:
    """The sentence for an import that could not be followed to its end, with its timeout in seconds."""
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
            f"The import was not confirmed within the timeout of {timeout:,} seconds: {so_far}; the import may "
            "continue in Sekoia, so check the collection before running the action again with a longer timeout."
        )
    progress = outcome.progress
    if outcome.submitted and progress.imported == progress.total == outcome.submitted:
        return f"Not everything could be submitted: {so_far.replace(' so far', '', 1)}. {outcome.failure}"
    return (
        f"The import could not be followed to its end: {so_far}; what was submitted may still be imported by Sekoia, "
        f"so check the collection before running the action again. {outcome.failure}"
    )


def _told_of_failures(outcome: Outcome) -> str:
    """What tasks that failed said, as sentences; empty if none failed."""
    return "".join(f" {warning}." for warning in outcome.warnings if "failed" in warning)


def named_missing(outcome: Outcome) -> str:
    """The first missing values, each with its reason."""
    return ", ".join(f"“{shown(missing.value)}” ({missing.reason})" for missing in outcome.missing[:NAMED])
