"""Names that a reader could take for one another: two of a package do not differ by a letter, by capitals, or by an ending.

Nor do two modules or public classes of a whole program, wherever they are: who looks for one would open the other's file.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import combinations, product
from pathlib import Path

import pytest

from tests.conftest import ROOT

PROGRAMS = ("sekoia_cti", "sandbox")
FOLDERS = sorted(
    {path.parent for top in ("sekoia_cti", "sandbox", "benchmarks", "scripts") for path in (ROOT / top).rglob("*.py")}
)

ALLOWED = {
    ("ipv4", "ipv6"),  # their own names
    ("main", "main"),  # every command has one
    ("Run", "Runner"),  # what a runner makes
    ("router", "router"),  # every page of the console has one, and is imported as a module
    ("read", "read"),  # every shape of objects has one, and is imported as a module
    ("import_text", "import_text"),  # what is compared has the same name on both sides of a benchmark
    ("export", "export"),
    ("look", "look"),
    ("synchronize", "synchronize"),
    ("upload", "upload"),
    ("witness", "witness"),
}

ENDINGS = re.compile(r"(?<=\w{3})(?:ings|ing|ers|er|ed|es|s|e)$")


@cache
def stem(name: str) -> list[str]:
    """The words of a name, in lowercase, without what makes a plural, a participle or a doer of them."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower().strip("_").split("_")
    return [re.sub(r"([^aeiou])\1$", r"\1", ENDINGS.sub("", word)) for word in words]


def near(one: str, other: str) -> bool:
    """Whether two names are the same but for capitals, underscores around them, a letter, or an ending."""
    a, b = one.lower().strip("_"), other.lower().strip("_")
    if stem(one) == stem(other) or a == b:
        return True
    if min(len(a), len(b)) < 4:  # three letters differ in one: `get` and `set`
        return False
    if len(a) == len(b):
        return sum(x != y for x, y in zip(a, b, strict=True)) == 1
    short, long = sorted((a, b), key=len)
    return len(long) == len(short) + 1 and any(long[:at] + long[at + 1 :] == short for at in range(len(long)))


def classes_of(body: Sequence[ast.stmt]) -> Iterator[str]:
    """Classes of a file, and what its aliases call types."""
    for node in body:
        match node:
            case ast.ClassDef(name=name):
                yield name
            case ast.AnnAssign(target=ast.Name(id=name), annotation=ast.Name(id="TypeAlias")):
                yield name


def names(folder: Path) -> Iterator[tuple[Sequence[str], Sequence[str]]]:
    """Groups of names that stand beside each other: each of the first with each of the second."""
    files = {path: ast.parse(path.read_text("utf-8")).body for path in sorted(folder.glob("*.py"))}
    modules = [path.stem for path in files]
    yield modules, modules
    classes = [name for body in files.values() for name in classes_of(body)]
    yield classes, classes
    public: list[str] = []
    for body in files.values():
        functions = [node.name for node in body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
        private = [name for name in functions if name.startswith("_")]  # seen in its own file alone
        yield private, private
        yield private, [name for name in functions if name not in private]
        yield functions, [name for name in imported(body) if name.islower()]
        public += [name for name in functions if name not in private]
    yield public, public


def imported(body: Sequence[ast.stmt]) -> Iterator[str]:
    """What a file imports by name from the project."""
    for node in body:
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] in (*PROGRAMS, "benchmarks"):
            yield from (alias.asname or alias.name for alias in node.names)


def pairs_of(ones: Sequence[str], others: Sequence[str]) -> set[tuple[str, str]]:
    """Names that are close to each other: within one list, or between two lists."""
    both = combinations(ones, 2) if ones is others else product(ones, others)
    return {(min(one, other), max(one, other)) for one, other in both if near(one, other)}


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: str(folder.relative_to(ROOT)))
def test_no_two_names_are_nearly_the_same(folder: Path) -> None:
    """Modules with modules, classes with classes, functions with functions."""
    found = set().union(*(pairs_of(ones, others) for ones, others in names(folder)))
    pairs = ", ".join(f"{one} and {other}" for one, other in sorted(found - ALLOWED))
    assert not pairs, f"{folder.name} has {pairs}: rename one of each pair, or tell in ALLOWED why both are needed."


@pytest.mark.parametrize("program", PROGRAMS)
def test_no_two_files_and_classes_of_a_program_are_nearly_the_same(program: str) -> None:
    """Modules with modules, public classes with public classes, in whatever package they are."""
    files = [path for path in sorted((ROOT / program).rglob("*.py")) if not path.stem.startswith("_")]
    modules = [path.stem for path in files]
    classes = [name for path in files for name in classes_of(ast.parse(path.read_text("utf-8")).body)]
    public = [name for name in classes if not name.startswith("_")]
    pairs = (pairs_of(modules, modules) | pairs_of(public, public)) - ALLOWED
    near_ones = ", ".join(f"{one} and {other}" for one, other in sorted(pairs))
    assert (
        not near_ones
    ), f"{program} has {near_ones}: rename one of each pair, or tell in ALLOWED why both are needed."


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Import", "Imports"),
        ("Update", "Updater"),
        ("_List", "_Lists"),
        ("Run", "_run"),
        ("Unrecognised", "Unrecognized"),
        ("prepare", "prepared"),
        ("Stop", "stopping"),
        ("find", "find"),
    ],
)
def test_what_is_nearly_the_same(one: str, other: str) -> None:
    """Pairs of similar names are found."""
    assert near(one, other)


@pytest.mark.parametrize(
    ("one", "other"), [("get", "set"), ("Listed", "Match"), ("read", "write"), ("is_name", "names")]
)
def test_what_differs(one: str, other: str) -> None:
    """Names that differ by more are accepted."""
    assert not near(one, other)
