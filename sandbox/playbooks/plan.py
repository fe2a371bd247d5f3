"""Which node comes next: a state machine over the graph, without a process, a socket or a clock.

Nodes run one after another, each once: once in the playbook, and in the body of a loop once for each item. The
runner asks `next` and reports how it went: `took` these ways, `repeat` for these items, or `failed`.
"""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.playbooks.playbook import Node

__all__ = ["LoopEnd", "Plan", "Step", "Turn"]


@dataclass(frozen=True, slots=True)
class Turn:
    """The item of a loop that is at hand: which foreach, which item, its index (from 0), and how many there are."""

    foreach: str
    value: Any
    index: int
    total: int


@dataclass(frozen=True, slots=True)
class Step:
    """A node to run, and the items of the loops around it, the outermost first."""

    key: str
    loop: tuple[Turn, ...] = ()


@dataclass(frozen=True, slots=True)
class LoopEnd:
    """A foreach has finished its items, some of which may have failed; to be answered with `took` or `failed` like a step."""

    key: str
    loop: tuple[Turn, ...]
    failed: int


@dataclass(slots=True)
class _Level:
    """The playbook itself, or the body of a loop with its items: what waits there, and what ran in this turn."""

    foreach: str | None = None
    items: list[Any] = field(default_factory=list)
    index: int = -1
    waiting: deque[str] = field(default_factory=deque)
    ran: set[str] = field(default_factory=set)
    arrived: dict[str, set[str]] = field(default_factory=dict)
    failures: set[int] = field(default_factory=set)


class Plan:
    """The way through a playbook from one of its triggers.

    An operator `any` runs when the first way to it was taken, as other nodes do; an operator `all` runs when a way was
    taken from each of the nodes that lead to it.
    """

    def __init__(self, nodes: Mapping[str, Node], trigger: str, reached: Iterable[str]) -> None:
        self._nodes = nodes
        self._sources = dict[str, set[str]]()
        for key in reached:
            for target in nodes[key].followers:
                self._sources.setdefault(target, set()).add(key)
        self._levels = [_Level(ran={trigger})]
        self._ran = {trigger}
        self._arrived = dict[str, set[str]]()
        self._go(trigger, nodes[trigger].following("default"))

    def next(self) -> Step | LoopEnd | None:
        """The node to run now, the loop that ended, or None when there is nothing more."""
        while True:
            level = self._levels[-1]
            while level.waiting:
                if self._is_due(key := level.waiting.popleft(), level):
                    level.ran.add(key)
                    self._ran.add(key)
                    return Step(key, self._loop)
            if level.foreach is None:
                return None
            if level.index + 1 == len(level.items):
                self._levels.pop()
                return LoopEnd(level.foreach, self._loop, len(level.failures))
            level.index += 1
            level.ran, level.arrived = {level.foreach}, {}
            self._go(level.foreach, self._nodes[level.foreach].following("loop"))

    def took(self, key: str, following: Iterable[str]) -> None:
        """The node went well, or its failure is answered, and leads to these."""
        self._go(key, following)

    def repeat(self, key: str, items: list[Any]) -> None:
        """The node is a foreach, whose body runs for each of these items; its end comes from `next`."""
        self._levels.append(_Level(key, items))

    def failed(self) -> None:
        """A node failed, and with it the item at hand of each loop around it; the other items go on."""
        for level in self._levels:
            level.failures.add(level.index)

    def ran(self, key: str) -> bool:
        """Whether the node ran at least once."""
        return key in self._ran

    def waits_for(self, key: str) -> list[str]:
        """For an operator `all` that some way led to: the nodes from which none did."""
        if self._nodes[key].operator != "all" or key not in self._arrived:
            return []
        return sorted(self._sources[key] - self._arrived[key])

    @property
    def _loop(self) -> tuple[Turn, ...]:
        return tuple(
            Turn(level.foreach, level.items[level.index], level.index, len(level.items))
            for level in self._levels
            if level.foreach is not None
        )

    def _go(self, source: str, following: Iterable[str]) -> None:
        level = self._levels[-1]
        for key in following:
            level.waiting.append(key)
            for arrived in (level.arrived, self._arrived):
                arrived.setdefault(key, set()).add(source)

    def _is_due(self, key: str, level: _Level) -> bool:
        if key in level.ran:
            return False
        return self._nodes[key].operator != "all" or level.arrived[key] == self._sources[key]
