"""What values look like, as far as the templates that read them tell."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from jsonpath_ng import Child, Descendants, Fields, JSONPath, Root, This
from jsonpath_ng.exceptions import JSONPathError
from jsonpath_ng.ext.filter import Filter
from jsonpath_ng.ext.parser import parse

__all__ = ["Shape"]

# What a text may be by the end of its name; reserved names and addresses only.
EXAMPLES = {
    "uuid": "00000000-0000-4000-8000-000000000000",
    "ip": "192.0.2.1",
    "url": "https://www.example.com/",
    "domain": "www.example.com",
    "hostname": "host.example",
    "email": "someone@example.com",
    "hash": "44d88612fea8a8f36de82e1278abb02f",
    "path": "example.json",
    "at": "2026-01-05T08:12:44Z",
}


@dataclass(eq=False, slots=True)
class Shape:
    """A value that something reads: its keys when it is an object, its items when it is a list.

    `wanted` are the values that somebody compares it with, the first of them the one that an example has; `inner` is
    what it holds when it is read as JSON that a text holds.
    """

    name: str = ""
    keys: dict[str, "Shape"] = field(default_factory=dict)
    items: "Shape | None" = None
    wanted: list[Any] = field(default_factory=list)
    inner: "Shape | None" = None

    def key(self, name: str) -> "Shape":
        """What the object has under a key."""
        return self.keys.setdefault(name, Shape(name))

    @property
    def item(self) -> "Shape":
        """An item of the list."""
        if self.items is None:
            self.items = Shape(self.name)
        return self.items

    @property
    def from_json(self) -> "Shape":
        """What the JSON stands for that the text holds."""
        if self.inner is None:
            self.inner = Shape(self.name)
        return self.inner

    def find(self, path: str) -> "Shape":
        """The list that a JSON path finds in it; a list of its own when the path is none."""
        try:
            found = next(self._find(parse(path)), None)
        except JSONPathError:
            found = None
        return Shape(items=found or Shape())

    def _find(self, path: JSONPath) -> Iterator["Shape"]:
        match path:
            case Root() | This():
                yield self
            case Child() | Descendants():
                for found in self._find(path.left):
                    yield from found._find(path.right)
            case Fields() if path.fields != ("*",):
                yield from (self.key(name) for name in path.fields)
            case Filter():
                for expression in path.expressions:
                    for read in self.item._find(expression.target):
                        read.wanted += [] if expression.value is None else [expression.value]
                yield self.item
            case _:  # a number, a slice, a star
                yield self.item

    def example(self) -> Any:
        """A value of this shape."""
        if self.inner is not None:
            return json.dumps(self.inner.example() if self.inner.keys or self.inner.items else {})
        if self.keys:
            return {name: shape.example() for name, shape in self.keys.items()}
        if self.items is not None:
            return [self.items.example()]
        if self.wanted:
            return self.wanted[0]
        last = self.name.replace(".", "_").lower().rpartition("_")[2]
        return next((text for end, text in EXAMPLES.items() if last == end), f"example {self.name}".strip())
