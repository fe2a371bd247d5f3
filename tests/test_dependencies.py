"""The undocumented names of dependencies that the module uses: each one is documented here, and exists."""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from sekoia_automation.module import Module

from tests.conftest import ROOT

_SECTION = (
    (ROOT / "docs/architecture.md").read_text().partition("## Beyond the documented API\n")[2].partition("\n## ")[0]
)
TABLE = [
    name for cell in re.findall(r"^\| (`.*?) \|", _SECTION, re.MULTILINE) for name in re.findall(r"`([\w.]+)`", cell)
]
"""The names that docs/architecture.md lists."""


def resolved(name: str) -> object:
    """The object that a dotted name refers to."""
    module, *attributes = name.split(".")
    found: object = importlib.import_module(module)
    for attribute in attributes:
        if not hasattr(found, attribute):
            importlib.import_module(f"{getattr(found, '__name__', '')}.{attribute}")
        found = getattr(found, attribute)
    return found


def test_the_table_lists_names() -> None:
    """Each name is listed only once."""
    assert len(TABLE) > 10
    assert len(set(TABLE)) == len(TABLE)


@pytest.mark.parametrize("name", TABLE)
def test_a_name_without_a_promise_is_still_there(name: str) -> None:
    """If a dependency drops one, a renewal of the lock shows it before a playbook does."""
    resolved(name)


def test_the_lists_of_what_is_good_lie_where_they_are_read() -> None:
    """Their package is not imported, so that only its folders say whether they are there."""
    spec = find_spec("pymispwarninglists")
    assert spec and spec.submodule_search_locations
    lists = Path(spec.submodule_search_locations[0], "data", "misp-warninglists", "lists")
    assert (lists / "public-dns-v4" / "list.json").is_file()


DOCUMENTED = {"_asdict", "_exit", "_replace"}
"""Of os, and of named tuples."""


def foreign_privates(code: str) -> list[str]:
    """Private names that code takes from elsewhere: imported ones, and attributes that no class of this code has itself."""
    tree = ast.parse(code)
    own = DOCUMENTED | {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in ("self", "cls")
    }
    imported = [alias.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for alias in node.names]
    used = [node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute) and node.attr not in own]
    return sorted(name for name in imported + used if name.startswith("_") and not name.endswith("__"))


SEPARATE = "workbook.py"
"""It runs in an interpreter of its own, where there is no SDK."""

OWN = {
    path.relative_to(ROOT).as_posix(): path.read_text()
    for path in [*sorted((ROOT / "sekoia_cti").rglob("*.py")), ROOT / "main.py"]
}


DOCUMENTED_BY_SDK = {
    "Action": {"", "error", "log", "run", "set_output"},
    "DATA_STORAGE": {""},
    "Module": {"", "configuration", "register", "run"},
    "ModuleItem": {"description", "log", "name", "results_model"},
}
"""What the SDK's README names: classes, and what of them; an empty text for a class or a constant itself."""


def of_sdk(path: str, code: str) -> Iterator[str]:
    """What a file takes from the SDK: imported names, and what a class of it overrides or uses of a class of the SDK."""
    module = importlib.import_module(path.removesuffix(".py").replace("/", "."))
    for node in ast.walk(ast.parse(code)):
        match node:
            case ast.ImportFrom(module=str(source), names=names) if source.startswith("sekoia_automation."):
                yield from (f"{source}.{alias.name}" for alias in names)
            case ast.Attribute(value=ast.Name(id="module") | ast.Attribute(attr="module"), attr=name):
                if name in dir(Module):
                    yield f"{Module.__module__}.Module.{name}"
            case ast.ClassDef(name=class_name, body=body):
                ours = getattr(module, class_name)
                used = {
                    inner.attr
                    for part in body
                    for inner in ast.walk(part)
                    if isinstance(inner, ast.Attribute)
                    and (
                        inner.value.id == "self"
                        if isinstance(inner.value, ast.Name)
                        else isinstance(inner.value, ast.Call) and ast.unparse(inner.value.func) == "super"
                    )
                }
                for theirs in ours.__mro__:
                    if theirs.__module__.startswith("sekoia_automation."):
                        shared = (used | set(vars(ours))) & set(vars(theirs))
                        yield from (f"{theirs.__module__}.{theirs.__name__}.{name}" for name in shared)


def is_documented(name: str) -> bool:
    """Whether a name of the SDK is in its README, or is Python's own."""
    top, _, rest = re.sub(r"^sekoia_automation(?:\.[a-z_]+)+\.", "", name).partition(".")
    return rest in DOCUMENTED_BY_SDK.get(top, ()) or rest.startswith("__") or rest == "_abc_impl"


def test_all_that_is_used_of_the_sdk_is_in_the_table() -> None:
    """What the SDK does not document is in the table, with its reason."""
    used = {name for path, code in OWN.items() if not path.endswith(SEPARATE) for name in of_sdk(path, code)}
    missing = sorted(name for name in used if not is_documented(name) and name not in TABLE)
    assert (
        not missing
    ), f"“Beyond the documented API” of docs/architecture.md lacks {', '.join(missing)}: add why each is used."


def test_nothing_private_of_others_is_used() -> None:
    """A name with an underscore belongs to the file that it is used in."""
    assert {path: found for path, code in OWN.items() if (found := foreign_privates(code))} == {}


def test_what_is_private_is_found() -> None:
    """The rule above can fail."""
    code = "from a import _b\na._c.d\nself._e._f\nother._e\nos._exit(1)\na.__class__"
    assert foreign_privates(code) == ["_b", "_c", "_f"]
