"""What happened to each value and id to be changed, for people and for the playbook."""

from collections.abc import Mapping, Sequence
from typing import Any

from sekoia_cti.actions.common.bounds import IDS, REASONED, whole_outcomes
from sekoia_cti.client.errors import SekoiaError
from sekoia_cti.platform.action import SekoiaAction

__all__ = ["conclude"]


def conclude(
    action: SekoiaAction,
    collection_id: str,
    lists: Mapping[str, Sequence[str]],
    failed: Sequence[Mapping[str, str]],
    *,
    words: Mapping[str, str],
    done: str,
    doubtful: Sequence[str],
    failure: SekoiaError | None,
    keep: bool,
) -> dict[str, Any]:
    """Report what happened to everything, and return the results.

    Args:
        action: The action whose outcomes they are. Whatever ended it early, or failed, becomes its error.
        collection_id: The collection of the indicators.
        lists: Values by outcome, as results name them.
        failed: Those that failed, each with value and reason.
        words: The words for each outcome, in the order of the sentence.
        done: What should have been done to all of them.
        doubtful: Outcomes that turn the report into a warning.
        failure: What ended the action early.
        keep: Whether lists that are too long for the results are written to the storage.
    """
    counts = {name: len(values) for name, values in lists.items()} | {"failed": len(failed)}
    told = ", ".join(f"{counts[name]:,} {what}" for name, what in words.items() if counts[name])
    if failure:
        action.error(f"The action ended early, and running it again is harmless: {told}. {failure}")
    elif failed:
        action.error(f"Not everything could be {done}: {told}. {failed[0]['reason']}")
    else:
        is_doubtful = any(counts[name] for name in doubtful)
        action.tell(f"Indicators in {collection_id}: {told}", "warning" if is_doubtful else "info")
    return {
        "collection_id": collection_id,
        **{name: values[:IDS] for name, values in lists.items()},
        **{f"{name}_count": count for name, count in counts.items()},
        "failed": failed[:REASONED],
        "outcomes_path": whole_outcomes(action, lists, failed) if keep else None,
    }
