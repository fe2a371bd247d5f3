"""Where the nodes of a playbook are drawn, from left to right, and the ways between them."""

import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sandbox.playbooks.playbook import JSONObject

__all__ = ["Box", "Drawing", "Way", "draw"]

WIDTH, HEIGHT = 172, 66
APART, BELOW = 66, 18
MARGIN = 8
# Characters of a name on one line, and lines of it.
LINE, LINES = 16, 2


@dataclass(frozen=True, slots=True)
class Box:
    """A node: its place, and its name in lines."""

    key: str
    x: int
    y: int
    lines: list[str]


@dataclass(frozen=True, slots=True)
class Way:
    """From one node to another: an SVG path, and the name of the output where it has one; back: to an earlier node."""

    source: str
    target: str
    path: str
    label: str
    x: int
    y: int
    back: bool


@dataclass(frozen=True, slots=True)
class Drawing:
    """All of it, with its size."""

    width: int
    height: int
    boxes: list[Box]
    ways: list[Way]


def draw(nodes: list[JSONObject]) -> Drawing:
    """Draws nodes, each with `key`, `name` and `outputs`; ways lead to the right, except those that lead back."""
    outputs = {node["key"]: node["outputs"] for node in nodes}
    followers = {key: list(dict.fromkeys(_followers(each))) for key, each in outputs.items()}
    ranks, back = _ranks(followers)
    places, tallest = _places(followers, ranks, back)
    at = {
        key: (MARGIN + rank * (WIDTH + APART), MARGIN + places[key] * (HEIGHT + BELOW)) for key, rank in ranks.items()
    }
    bottom = 2 * MARGIN + tallest * (HEIGHT + BELOW) - BELOW
    boxes = [Box(node["key"], *at[node["key"]], _lines(node["name"])) for node in nodes]
    ways = [
        _way(key, target, "" if output == "default" else output, at, (key, target) in back, bottom)
        for key, each in outputs.items()
        for output, targets in each.items()
        for target in targets
    ]
    width = 2 * MARGIN + (max(ranks.values(), default=0) + 1) * (WIDTH + APART) - APART
    return Drawing(width, bottom + (3 * MARGIN if back else 0), boxes, ways)


def _lines(name: str) -> list[str]:
    """A name in lines: the first is shorter, since the key stands before it."""
    lines = textwrap.wrap(name, LINE + 1, initial_indent="  ", max_lines=LINES, placeholder="…")
    return [line.strip() for line in lines]


def _followers(outputs: Mapping[str, list[str]]) -> Iterator[str]:
    for targets in outputs.values():
        yield from targets


def _ranks(followers: dict[str, list[str]]) -> tuple[dict[str, int], set[tuple[str, str]]]:
    """How far to the right each node is, by the longest way to it; and the ways that lead back."""
    back, done, order = set[tuple[str, str]](), set[str](), list[str]()

    def visit(key: str, above: tuple[str, ...]) -> None:
        done.add(key)
        for target in followers[key]:
            if target in above or target == key:
                back.add((key, target))
            elif target not in done:
                visit(target, (*above, key))
        order.append(key)

    for key in followers:
        if key not in done:
            visit(key, ())
    ranks = dict.fromkeys(followers, 0)
    for key in reversed(order):
        for target in followers[key]:
            if (key, target) not in back:
                ranks[target] = max(ranks[target], ranks[key] + 1)
    return ranks, back


def _places(
    followers: dict[str, list[str]], ranks: dict[str, int], back: set[tuple[str, str]]
) -> tuple[dict[str, int], int]:
    """How far down each node is: near the nodes that lead to it, none on another; and how many there are below another."""
    places = dict[str, int]()
    sources = {
        key: [source for source in followers if key in followers[source] and (source, key) not in back]
        for key in ranks
    }
    for rank in range(max(ranks.values(), default=-1) + 1):
        column = [key for key in ranks if ranks[key] == rank]
        wanted = {key: sum(places[each] for each in sources[key]) / max(1, len(sources[key])) for key in column}
        lowest = -1
        for key in sorted(column, key=lambda key: wanted[key]):
            places[key] = lowest = max(lowest + 1, int(wanted[key]))
    return places, max(places.values(), default=0) + 1


def _way(source: str, target: str, label: str, at: dict[str, tuple[int, int]], back: bool, bottom: int) -> Way:
    (left, top), (x, y) = at[source], at[target]
    left, top, y = left + WIDTH, top + HEIGHT // 2, y + HEIGHT // 2
    if back:
        left, x = left - WIDTH // 2, x + WIDTH // 2
        path = f"M{left} {top + HEIGHT // 2} C{left} {bottom + 20} {x} {bottom + 20} {x} {y + HEIGHT // 2}"
        return Way(source, target, path, label, left + 6, top + HEIGHT // 2 + 14, back)
    middle = APART // 2
    path = f"M{left} {top} C{left + middle} {top} {x - middle} {y} {x} {y}"
    # Beside the end of the way, where no other way of the same node is.
    return Way(source, target, path, label, x - 8, y - 6, back)
