"""What a run of a playbook is expected to do: a YAML file that makes the playbook a test."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from sandbox.playbooks.access import HeldValues, Platform
from sandbox.playbooks.documents import read_yaml_object
from sandbox.playbooks.events import NodeOutcome, PlaybookRun, counted
from sandbox.playbooks.playbook import JSONObject, Playbook, PlaybookError, first_reason

__all__ = ["Expectations"]

# How many values a difference names, of each kind.
MOST_NAMED = 5


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ExpectedNode(_Entry):
    """How a node is to end. A word alone is its status, and nothing at all says that it runs, however it ends.

    `times` is how often it runs (in a loop, once an item), `results` what is to be among its results each time, `error`
    a part of its error, and `outputs` the branches that are taken.
    """

    status: Literal["succeeded", "handled", "failed", "not run"] | None = None
    times: int | None = None
    results: JSONObject | None = None
    error: str | None = None
    outputs: list[str] | None = None

    @model_validator(mode="before")
    @classmethod
    def _is_a_word(cls, value: Any) -> Any:
        return {} if value is None else {"status": value} if isinstance(value, str) else value

    def differences(self, outcomes: list[NodeOutcome]) -> Iterator[str]:
        """What differs, to be read after the node's name."""
        if self.status == "not run":
            if outcomes:
                yield "was run, which was not expected"
            return
        if not outcomes:
            yield "was not run"
            return
        if self.times is not None and len(outcomes) != self.times:
            yield f"was run {_times(len(outcomes))}, expected: {_times(self.times)}"
        for turn, outcome in enumerate(outcomes, 1):
            of = f", run {turn} of {len(outcomes)}" if len(outcomes) > 1 else ""
            yield from (f"{difference}{of}" for difference in self._of(outcome))

    def _of(self, outcome: NodeOutcome) -> Iterator[str]:
        if self.status not in (None, outcome.status):
            why = f" ({outcome.error})" if outcome.error else ""
            yield f"{outcome.status}{why}, expected: {self.status}"
        if self.error is not None and self.error not in (outcome.error or ""):
            yield f"error: {outcome.error!r}, expected to contain {self.error!r}"
        if self.results is not None:
            yield from _compared("results", outcome.results or {}, self.results)
        if self.outputs is not None and sorted(self.outputs) != sorted(outcome.taken):
            yield f"outputs: {sorted(outcome.taken)}, expected: {sorted(self.outputs)}"


class ExpectedCollection(_Entry):
    """What a collection is to hold: `indicators` are all that are not revoked, in any order, `count` their number."""

    count: int | None = None
    indicators: list[str] | None = None
    revoked: list[str] | None = None

    @model_validator(mode="before")
    @classmethod
    def _is_a_list(cls, value: Any) -> Any:
        return {"indicators": value} if isinstance(value, list) else {} if value is None else value

    def differences(self, content: HeldValues) -> Iterator[str]:
        """What differs, to be read after the collection's name."""
        if self.count is not None and len(content.active) != self.count:
            yield f"holds {counted(len(content.active))}, expected: {self.count:,}"
        for what, seen, expected in (
            ("indicators", content.active, self.indicators),
            ("revoked", content.revoked, self.revoked),
        ):
            if expected is not None:
                for kind, values in (("missing", set(expected) - seen), ("not expected", seen - set(expected))):
                    if values:
                        yield f"{what} {kind}: {_named(values)}"


class Expectations(_Entry):
    """What a run is expected to do. What is not mentioned does not matter.

    `status` is that of the whole run, `nodes` names nodes by their key or name, `collections` the collections that the
    sandbox is to hold afterward; a collection that is `absent` must not be there.
    """

    status: Literal["succeeded", "failed"] | None = None
    nodes: dict[str, ExpectedNode] = {}
    collections: dict[str, ExpectedCollection | Literal["absent"]] = {}

    @classmethod
    def load(cls, path: Path, playbook: Playbook) -> Self:
        """Reads a file; raises PlaybookError, which names it, when it cannot be read or names no node of the playbook."""
        content = read_yaml_object(path, "holds no expectations: it must have status, nodes or collections")
        try:
            expected = cls.model_validate(content)
            keys = {playbook.key(name): node for name, node in expected.nodes.items()}
        except ValidationError as error:
            raise PlaybookError(f"{path} cannot be used: {first_reason(error)}.") from error
        except PlaybookError as error:
            raise PlaybookError(f"{path} cannot be used: {error}") from error
        if len(keys) < len(expected.nodes):
            raise PlaybookError(f"{path} says twice what one node is to do, once by its key and once by its name.")
        return expected.model_copy(update={"nodes": keys})

    def differences(self, run: PlaybookRun, platform: Platform) -> list[str]:
        """How a run differs, a line each; nothing when it is as expected. Raises PlaybookError without a sandbox."""
        return [*self._run(run), *self._nodes(run), *self._collections(platform)]

    def _run(self, run: PlaybookRun) -> Iterator[str]:
        if self.status not in (None, run.status):
            yield f"the run {run.status}, expected: {self.status}"

    def _nodes(self, run: PlaybookRun) -> Iterator[str]:
        for key, node in self.nodes.items():
            outcomes = [outcome for outcome in run.outcomes if outcome.key == key]
            for difference in node.differences(outcomes):
                yield f"node {key} ({run.names[key]}): {difference}"

    def _collections(self, platform: Platform) -> Iterator[str]:
        for name, expected in self.collections.items():
            found = platform.contents(name)
            if isinstance(expected, str):
                if found:
                    yield f"collection {name!r}: is there, expected: {expected}"
            elif len(found) != 1:
                yield f"collection {name!r}: {f'there are {len(found)}' if found else 'is not there'}"
            else:
                yield from (f"collection {name!r}: {difference}" for difference in expected.differences(found[0]))


def _compared(where: str, seen: Any, expected: Any) -> Iterator[str]:
    """How a value differs: of an object only the fields that are expected count, all else must be equal."""
    if isinstance(expected, dict) and isinstance(seen, dict):
        for name, value in expected.items():
            if name in seen:
                yield from _compared(f"{where}.{name}", seen[name], value)
            else:
                yield f"{where}.{name}: not there, expected: {value!r}"
    elif seen != expected:
        yield f"{where}: {seen!r}, expected: {expected!r}"


def _named(values: set[str]) -> str:
    """The first values of a set, and how many more there are."""
    more = f" and {len(values) - MOST_NAMED:,} more" if len(values) > MOST_NAMED else ""
    return ", ".join(sorted(values)[:MOST_NAMED]) + more


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count:,} times"
