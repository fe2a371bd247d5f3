"""The environment that make's commands run in: when it is made, and for how long it stays. uv is played by a script."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import ROOT

UV = """#!/bin/sh
echo called >> uv.log
while [ -e uv.wait ]; do sleep 0.01; done
"""


class Project:
    """A folder with the script and requirements of its own, where uv is there and installs nothing."""

    def __init__(self, root: Path) -> None:
        self.root = root
        shutil.copytree(ROOT / "scripts", root / "scripts", ignore=shutil.ignore_patterns("__pycache__"))
        for kind in ("dev", "browser", "poetry", "uv"):
            (root / f"requirements-{kind}.txt").write_text("example==1.0\n")
        code = "from scripts import run; print(run._name('uv'))"
        name = subprocess.run(
            [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True
        ).stdout.strip()
        tools = root / ".venvs" / name
        (tools / "bin").mkdir(parents=True)
        (tools / "complete").touch()
        for program, text in (("uv", UV), ("python", "#!/bin/sh\n")):
            (tools / "bin" / program).write_text(text)
            (tools / "bin" / program).chmod(0o755)

    def start(self, *command: str) -> subprocess.Popen[str]:
        """Run a command in the environment, as make does."""
        return subprocess.Popen(
            [sys.executable, "-m", "scripts.run", "dev", "--", *command],
            cwd=self.root,
            env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *command: str) -> str:
        """The same to its end; what it prints."""
        output, errors = self.start(*command).communicate(timeout=50)
        assert "Traceback" not in errors
        return output.strip()

    def made(self) -> int:
        """How often an environment was filled."""
        log = self.root / "uv.log"
        return len(log.read_text().splitlines()) if log.exists() else 0

    def lock(self, text: str) -> None:
        """Change what is locked."""
        (self.root / "requirements-dev.txt").write_text(text)

    def linked(self) -> Path:
        """The environment that `.venv` is."""
        return (self.root / ".venv").resolve()


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project."""
    return Project(tmp_path)


WHICH = ("python", "-c", "import sys; print(sys.prefix)")


def eventually(holds: Callable[[], bool]) -> None:
    """Wait until something holds."""
    end = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_it_is_made_once(project: Project) -> None:
    """Commands run in it, and the link shows it to editors."""
    assert project.run(*WHICH) == project.run(*WHICH) == str(project.linked())
    assert project.made() == 1


def test_the_content_of_the_lock_decides(project: Project) -> None:
    """A different date is no reason to recreate it; different content is, and the previous one is removed."""
    first = project.run(*WHICH)
    os.utime(project.root / "requirements-dev.txt", (0, 0))
    assert project.run(*WHICH) == first
    project.lock("example==2.0\n")
    second = project.run(*WHICH)
    assert second == str(project.linked()) != first
    assert project.made() == 2
    assert not Path(first).exists()


def test_what_runs_keeps_its_environment(project: Project) -> None:
    """A new lock leaves the old environment to whoever runs in it, and removes it afterward."""
    with project.start("python", "-c", "import sys; print(sys.prefix, flush=True); input()") as running:
        assert running.stdout
        old = Path(running.stdout.readline().strip())
        project.lock("example==2.0\n")
        assert project.run(*WHICH) != str(old)
        assert (old / "bin/python").exists()
        running.communicate("\n", timeout=30)
    project.run(*WHICH)
    assert not old.exists()


def test_two_at_once(project: Project) -> None:
    """The second waits for what the first creates, and creates nothing itself."""
    (wait := project.root / "uv.wait").touch()
    with project.start(*WHICH) as first, project.start(*WHICH) as second:
        eventually(lambda: project.made() == 1)
        wait.unlink()
        said = {process.communicate(timeout=50)[0].strip() for process in (first, second)}
    assert said == {str(project.linked())}
    assert project.made() == 1


def test_one_that_was_not_finished(project: Project) -> None:
    """An incomplete environment is created again."""
    project.run(*WHICH)
    (project.linked() / "complete").unlink()
    assert project.run(*WHICH) == str(project.linked())
    assert project.made() == 2


def test_a_python_that_is_gone(project: Project) -> None:
    """An environment whose Python was removed is created again."""
    project.run(*WHICH)
    python = project.linked() / "bin/python"
    python.unlink()
    python.symlink_to(project.root / "gone")
    assert project.run(*WHICH) == str(project.linked())
    assert project.made() == 2


def test_a_folder_that_cannot_be_written(project: Project) -> None:
    """A sentence says so, without a traceback."""
    shutil.rmtree(project.root / ".venvs")
    (project.root / ".venvs").touch()
    _, errors = (running := project.start(*WHICH)).communicate(timeout=50)
    assert running.returncode == 1
    told = f"File exists ({project.root}/.venvs). It needs a folder that can be written"
    assert errors == f"The environment was not set up: {told}, with 1 GB free.\n"


def test_one_that_was_removed_in_part(project: Project) -> None:
    """Removing takes a while, and who interrupts it leaves an environment that is made anew."""
    first = project.run(*WHICH)
    project.lock("example==2.0\n")
    code = "import shutil; shutil.rmtree = lambda path: exit(1); from scripts import run; run.main(['dev', '--', 'python'])"
    subprocess.run([sys.executable, "-c", code], cwd=project.root, check=False)
    project.lock("example==1.0\n")
    assert project.run(*WHICH) == first
    assert project.made() == 3


def test_interrupted(project: Project) -> None:
    """Ctrl+C ends it without a traceback."""
    (project.root / "uv.wait").touch()
    running = project.start(*WHICH)
    eventually(lambda: project.made() == 1)
    running.send_signal(signal.SIGINT)
    (project.root / "uv.wait").unlink()
    _, errors = running.communicate(timeout=50)
    assert running.returncode == 130
    assert "Traceback" not in errors


def test_compiling_is_done_once(project: Project) -> None:
    """Commands start Python dozens of times: whatever the caller's environment says, they keep what they compiled."""
    assert project.run("python", "-c", "import sys; print(sys.dont_write_bytecode)") == "False"
