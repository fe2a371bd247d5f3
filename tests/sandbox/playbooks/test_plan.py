"""Which node comes next: told by the graph alone, with every way it can go written out."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest

from sandbox.playbooks.plan import LoopEnd, Plan
from sandbox.playbooks.playbook import Playbook


def graph(text: str) -> Playbook:
    """A playbook from lines such as `1 foreach: loop=2,3 default=4`; node 0 is the trigger and leads to node 1."""
    nodes: dict[str, Any] = {"0": {"name": "Start", "type": "trigger", "outputs": {"default": ["1"]}}}
    for line in filter(None, (line.strip() for line in text.splitlines())):
        head, _, ways = line.partition(":")
        key, *subtype = head.split()
        outputs = {name: keys.split(",") for name, _, keys in (way.partition("=") for way in ways.split())}
        nodes[key] = {"name": f"Node {key}", "type": "operator", "subtype": subtype[0] if subtype else "store"}
        nodes[key]["outputs"] = outputs
    return Playbook.model_validate({"name": "Graph", "nodes": nodes})


def walk(playbook: Playbook, items: dict[str, int], fail: frozenset[str] = frozenset()) -> Iterator[str]:
    """What runs, in order: `2` or `2[0,1]` with the turns around it, `2/` where a loop ends; every way is taken."""
    plan = Plan(playbook.nodes, "0", playbook.reached("0"))
    while (step := plan.next()) is not None:
        turns = ",".join(str(turn.index) for turn in step.loop)
        named = f"{step.key}[{turns}]" if turns else step.key
        node = playbook.nodes[step.key]
        if isinstance(step, LoopEnd):
            yield f"{named}/" + (f"{step.failed} failed" if step.failed else "")
            if not step.failed:
                plan.took(step.key, node.following("default"))
            continue
        yield named
        if named in fail or step.key in fail:
            plan.failed()
        elif node.operator == "foreach":
            plan.repeat(step.key, list(range(items[step.key])))
        else:
            plan.took(step.key, node.followers)
    for key in playbook.nodes:
        if waiting := plan.waits_for(key):
            yield f"{key} waits for {','.join(waiting)}"


LOOP = "1 foreach: loop=2 default=4\n2: default=3\n3:\n4:"
NESTED = "1 foreach: loop=2 default=5\n2 foreach: loop=3 default=4\n3:\n4:\n5:"


@pytest.mark.parametrize(
    ("nodes", "items", "fail", "expected"),
    [
        ("1: default=2\n2:", {}, "", "1, 2"),
        # each once, however many ways lead there
        ("1: default=2,3\n2: default=4\n3: default=4\n4:", {}, "", "1, 2, 3, 4"),
        ("1: default=2,3\n2: default=4\n3: default=4\n4 any: default=5\n5:", {}, "", "1, 2, 3, 4, 5"),
        # `all` waits for every node that leads to it
        ("1: default=2,4\n2: default=3\n3: default=4\n4 all: default=5\n5:", {}, "", "1, 2, 3, 4, 5"),
        ("1: default=2,3\n2: default=4\n3: default=4\n4 all: default=5\n5:", {}, "2", "1, 2, 3, 4 waits for 2"),
        ("1: a=4 b=4 c=4\n4 all:", {}, "", "1, 4"),
        # a loop, with nothing, once and more often
        (LOOP, {"1": 0}, "", "1, 1/, 4"),
        (LOOP, {"1": 1}, "", "1, 2[0], 3[0], 1/, 4"),
        (LOOP, {"1": 2}, "", "1, 2[0], 3[0], 2[1], 3[1], 1/, 4"),
        (
            NESTED,
            {"1": 2, "2": 2},
            "",
            "1, 2[0], 3[0,0], 3[0,1], 2[0]/, 4[0], 2[1], 3[1,0], 3[1,1], 2[1]/, 4[1], 1/, 5",
        ),
        # the body may lead back to its loop, where the next item begins
        ("1 foreach: loop=2 default=3\n2: default=1\n3:", {"1": 2}, "", "1, 2[0], 2[1], 1/, 3"),
        # a node after the loop that the body leads to as well runs in each turn, and once after it
        ("1 foreach: loop=2 default=3\n2: default=3\n3:", {"1": 2}, "", "1, 2[0], 3[0], 2[1], 3[1], 1/, 3"),
        # ways of a body meet within their turn
        (
            "1 foreach: loop=2,3\n2: default=4\n3: default=4\n4 all:",
            {"1": 2},
            "",
            "1, 2[0], 3[0], 4[0], 2[1], 3[1], 4[1], 1/",
        ),
        # a failure ends its turn, not the others; what comes after the loop does not run
        (LOOP, {"1": 3}, "2[1]", "1, 2[0], 3[0], 2[1], 2[2], 3[2], 1/1 failed"),
        (NESTED, {"1": 2, "2": 1}, "3[0,0]", "1, 2[0], 3[0,0], 2[0]/1 failed, 2[1], 3[1,0], 2[1]/, 4[1], 1/1 failed"),
    ],
)
def test_order(nodes: str, items: dict[str, int], fail: str, expected: str) -> None:
    """Nodes run in the order of their ways, loops item by item."""
    assert ", ".join(walk(graph(nodes), items, frozenset(fail.split()))) == expected


def test_ten_thousand_items_and_a_thousand_nodes() -> None:
    """Long loops and long chains need no stack."""
    chain = "\n".join(f"{number}: default={number + 1}" for number in range(1, 2000)) + "\n2000:"
    playbook = graph(chain)
    assert playbook.circle("0") is None
    assert len(list(walk(playbook, {}))) == 2000
    assert sum(step.startswith("2") for step in walk(graph(LOOP), {"1": 10_000})) == 10_000


@pytest.mark.parametrize(
    ("nodes", "circle"),
    [
        (LOOP, None),
        (NESTED, None),
        ("1 foreach: loop=2\n2: default=3\n3: default=1", None),
        ("1 foreach: loop=2\n2 foreach: loop=3 default=1\n3: default=2", None),
        ("1: default=1", {"1"}),
        ("1: default=2\n2: default=3\n3: default=1", {"1", "2", "3"}),
        ("1: default=0", {"0", "1"}),
        ("1 foreach: loop=2 default=4\n2:\n4: default=1", {"1", "4"}),
        ("1 foreach: loop=2\n2: default=3\n3: default=2", {"2", "3"}),
    ],
)
def test_circle(nodes: str, circle: set[str] | None) -> None:
    """Nodes that lead in a circle are found; a body that leads back to its own loop is none."""
    found = graph(nodes).circle("0")
    assert (set(found) if found else None) == circle
    if found:
        assert found[0] == found[-1]
        assert all(after in graph(nodes).nodes[key].followers for key, after in pairwise(found))
