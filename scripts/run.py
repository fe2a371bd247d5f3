"""Run a command in the project's environment, which is created first if it is missing or the lock has changed.

``python -m scripts.run dev -- python -m sandbox demo``; without a command, it only creates the environment.

Each environment is in ``.venvs``, named after what determines its content: the locked requirements, the version of
Python, and its own path. It never changes once it is complete. When the lock changes, another one is created, and the
link ``.venv`` is moved. A command holds a lock on the environment that it runs in, so an old one is removed only when
nothing uses it. Another lock is held while an environment is created, so a second ``make`` waits for it.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from scripts import index
from scripts.ending import failing_as

__all__ = ["ENVIRONMENTS", "ROOT", "environment", "main"]

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENTS = ROOT / ".venvs"
LINK = ROOT / ".venv"
KINDS = {
    "dev": ["dev", "browser"],  # if the larger one exists, the smaller one is not needed
    "browser": ["browser"],
    "poetry": ["poetry"],
    "uv": ["uv"],
}
LINKED = ("dev", "browser")
PIP = ("--quiet", "--disable-pip-version-check", "--root-user-action=ignore", "--require-hashes")


def main(arguments: list[str]) -> None:
    """Create the environment of the kind that the first argument names, and become the command after ``--``."""
    kind, *command = arguments
    lock, path = environment(kind)
    if command[1:]:
        os.set_inheritable(lock, True)
        binaries = path / "bin"
        os.environ["PATH"] = f"{binaries}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
        os.environ["VIRTUAL_ENV"] = str(path)
        # uv leaves compiling to the first import, and the commands start Python dozens of times.
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        program = binaries / command[1]
        os.execv(program, [str(program), *command[2:]])


def environment(kind: str) -> tuple[int, Path]:
    """A complete environment, and a descriptor that prevents its removal while it is open."""
    ENVIRONMENTS.mkdir(exist_ok=True)
    with _locked(ENVIRONMENTS / "lock", fcntl.LOCK_EX):
        names = [_name(larger) for larger in KINDS[kind]]
        complete = [name for name in names if _is_complete(ENVIRONMENTS / name)]
        path = ENVIRONMENTS / (complete[0] if complete else names[0])
        if not complete:
            _make(kind, path)
        if kind in LINKED:
            _point_at(path)
        lock = os.open(ENVIRONMENTS / f"{path.name}.lock", os.O_RDWR | os.O_CREAT)
        fcntl.flock(lock, fcntl.LOCK_SH)
        _remove_unused({path.name, *(_name(kept) for kept in ("browser", "poetry", "uv"))})
        return lock, path


def _name(kind: str) -> str:
    """The name of the environment of a kind: two with the same name have the same content."""
    content = hashlib.sha256(_requirements(kind).read_bytes())
    content.update(f"{sys.version_info[:3]} {ENVIRONMENTS}".encode())
    return f"{kind}-{content.hexdigest()[:12]}"


def _is_complete(path: Path) -> bool:
    """Whether an environment was filled to the end, and the Python that it was made with is still installed."""
    return (path / "complete").exists() and (path / "bin/python").exists()


def _requirements(kind: str) -> Path:
    return ROOT / f"requirements-{kind}.txt"


def _make(kind: str, path: Path) -> None:
    """Fill an environment with exactly what is locked."""
    python = path / "bin/python"
    if kind == "uv":  # by pip, which is there before uv
        _call(sys.executable, "-m", "venv", "--clear", path)
        _call(python, "-m", "pip", "install", *PIP, "-r", _requirements(kind))
    else:
        print(f"Setting up an environment with Python {sys.version.split()[0]} …", file=sys.stderr, flush=True)
        tools = ENVIRONMENTS / _name("uv")
        if not _is_complete(tools):
            _make("uv", tools)
        _call(sys.executable, "-m", "venv", "--without-pip", "--clear", path)
        _fill(tools / "bin", python, _requirements(kind))
    (path / "complete").touch()


def _fill(tools: Path, python: Path, requirements: Path) -> None:
    """Install with uv, or with pip if uv cannot reach the index."""
    command = (tools / "uv", "pip", "sync", "--quiet", "--require-hashes", "--python", python, requirements)
    if subprocess.run(command, env=index.variables(tools / "python"), check=False).returncode:
        print("uv failed; trying pip, which takes longer …", file=sys.stderr, flush=True)
        _call(tools / "python", "-m", "pip", "--python", python, "install", *PIP, "-r", requirements)


def _call(*command: str | Path) -> None:
    subprocess.run(command, check=True)


def _point_at(path: Path) -> None:
    """Move the link in one step, so that there is always an environment."""
    if LINK.is_symlink() and LINK.resolve() == path.resolve():
        return
    if LINK.is_dir() and not LINK.is_symlink():  # as it was created before the environments had names
        LINK.rename(ENVIRONMENTS / "unnamed")
    new = LINK.with_name(f"{LINK.name}.new")
    new.unlink(missing_ok=True)
    new.symlink_to(path.relative_to(ROOT))
    new.replace(LINK)


def _remove_unused(needed: set[str]) -> None:
    """Remove the environments of earlier locks that no command runs in."""
    for path in ENVIRONMENTS.iterdir():
        if path.is_dir() and path.name not in needed:
            lock = ENVIRONMENTS / f"{path.name}.lock"
            with suppress(BlockingIOError), _locked(lock, fcntl.LOCK_EX | fcntl.LOCK_NB):
                (path / "complete").unlink(missing_ok=True)  # what is removed in part is not one any more
                shutil.rmtree(path)
                lock.unlink()


@contextmanager
def _locked(path: Path, how: int) -> Iterator[None]:
    with path.open("a") as file:
        fcntl.flock(file, how)
        yield


if __name__ == "__main__":
    with failing_as("The environment was not set up"):
        main(sys.argv[1:])
