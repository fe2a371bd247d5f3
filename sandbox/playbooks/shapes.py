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

# A file that examples name, with one indicator in it.
EXAMPLE_FILE = "example.csv"
# What a value may be by the end of its name, in the singular; reserved names and addresses only.
EXAMPLES: dict[str, Any] = {
    "uuid": "00000000-0000-4000-8000-000000000000",
    "ip": "192.0.2.1",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "url": "https://www.example.com/",
    "domain": "host.example",
    "fqdn": "host.example",
    "host": "host.example",
    "hostname": "host.example",
    "email": "someone@example.com",
    "hash": "1a79a4d60de6718e8e5b326e338ae533",
    "md5": "1a79a4d60de6718e8e5b326e338ae533",
    "sha1": "c3499c2729730a7f807efb8676a92dcb6f8a3f8f",
    "sha256": "50d858e0985ecc7f60418aaf0cc5ab587f42c2570a884095a9e8ccacd0f6545c",
    "path": EXAMPLE_FILE,
    "at": "2026-01-05T08:12:44Z",
    "date": "2026-01-05T08:12:44Z",
    "timestamp": "2026-01-05T08:12:44Z",
    "port": 443,
    "count": 1,
}
# The same for what its own name says nothing of, by the end of the argument that it is given to.
USES: dict[str, Any] = EXAMPLES | {"indicator": "host.example", "text": "host.example"}


@dataclass(eq=False, slots=True)
class Shape:
    """A value that something reads: its keys when it is an object, its items when it is a list.

    `wanted` are the values that somebody compares it with, the first of them the one that an example has; `inner` is
    what it holds when it is read as JSON that a text holds. `parts` are values that it is joined of, and `use` is the
    argument of an action that takes it.
    """

    name: str = ""
    keys: dict[str, "Shape"] = field(default_factory=dict)
    items: "Shape | None" = None
    wanted: list[Any] = field(default_factory=list)
    inner: "Shape | None" = None
    parts: "list[Shape]" = field(default_factory=list)
    use: str = ""

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

    def used_as(self, argument: str) -> None:
        """Notes which argument takes it, or all that it consists of."""
        self.use = argument
        for shape in (*self.parts, *([self.items] if self.items else [])):
            shape.used_as(argument)

    def find(self, path: str) -> "Shape":
        """The list that a JSON path finds in it; a list of its own when the path is not valid."""
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
        for name, examples in ((self.name, EXAMPLES), (self.use, USES)):
            last = name.replace(".", "_").lower().rpartition("_")[2]
            if (example := examples.get(last, examples.get(last.removesuffix("s")))) is not None:
                return example
        return f"example {self.name}".strip()
