"""Runs an action as the platform does: a process of main.py, which reports to its callback."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

from sandbox.playbooks.access import Platform
from sandbox.playbooks.module import Action
from sandbox.playbooks.playbook import JSONObject, NodeError

__all__ = ["NodeProcess", "run_action"]

# Linux's MAX_ARG_STRLEN: the longest "NAME=value" that execve takes, its closing zero included.
MAX_ENVIRONMENT_STRING = 128 * 1024
# What an action has to end by itself after SIGTERM.
GRACE_SECONDS = 8.0
# On the platform everything comes in files, which the SDK looks for in this folder: longer arguments come so here, too.
WITH_FILES = """
import runpy, sys
from sekoia_automation.configuration.filesystem import FileSystemConfiguration
FileSystemConfiguration.VOLUME_PATH = sys.argv.pop(1)
sys.argv[0] = "main.py"
runpy.run_path("main.py", run_name="__main__")
"""
# What the SDK would read from the shell that the playbook is run in, and would lead the node elsewhere.
FOREIGN_SETTINGS = {"ARGUMENTS", "FILE_BACKEND", "SENTRY_DSN", "SYMPHONY_RUNTIME"}


class NodeProcess:
    """The process of the node that runs, so that another thread can stop the run."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._killing: threading.Timer | None = None
        self._lock = threading.Lock()
        self.stopped = False

    def begin(self, process: subprocess.Popen[bytes]) -> None:
        """A node's process runs; it is ended at once when the run is stopped already."""
        with self._lock:
            self._process = process
            if self.stopped:
                self._end()

    def over(self) -> None:
        """The process has ended, so that nothing needs to see to it."""
        with self._lock:
            self._let_live()

    def stop(self) -> None:
        """Ends the process, and lets no other begin."""
        with self._lock:
            self.stopped = True
            self._end()

    def _end(self) -> None:
        """Asks the process to end, and sees to it that it does."""
        if self._process is not None and self._process.poll() is None:
            self._let_live()
            self._process.terminate()
            self._killing = threading.Timer(GRACE_SECONDS, self._process.kill)
            self._killing.daemon = True
            self._killing.start()

    def _let_live(self) -> None:
        if self._killing is not None:
            self._killing.cancel()
            self._killing.join()
            self._killing = None


def run_action(
    folder: Path,
    action: Action,
    arguments: JSONObject,
    *,
    platform: Platform,
    storage: Path,
    timeout: float,
    running: NodeProcess,
) -> JSONObject:
    """Runs an action of the module in this folder, and returns what it sent to its callback, in the SDK's words.

    Raises NodeError when it reported nothing.
    """
    node_run = platform.open_run()
    settings = {
        "MODULE_CONFIGURATION": json.dumps({"base_url": platform.url}),
        "ARGUMENTS": json.dumps(arguments),
        "TOKEN": node_run.token,
        "URL_CALLBACK": node_run.url,
        "SUB_FOLDER": str(storage.resolve()),
    }
    with tempfile.TemporaryDirectory(prefix="arguments-") as files:
        program = ["main.py"]
        if len(f"ARGUMENTS={settings['ARGUMENTS']}") >= MAX_ENVIRONMENT_STRING:
            (Path(files) / "arguments").write_text(settings.pop("ARGUMENTS"))
            program = ["-c", WITH_FILES, files]
        ending = _run_process(folder, [*program, action.command], settings, timeout, running)
    reports = [report for report in node_run.received if report.get("status") == "finished"]
    if ending is None and reports:
        return reports[-1]
    if reports:
        return reports[-1] | {"error": f"{ending} {reports[-1].get('error') or ''}".strip()}
    raise NodeError(ending or f"main.py {action.command} ended well without reporting its results.")


def _run_process(
    folder: Path, program: list[str], settings: dict[str, str], timeout: float, running: NodeProcess
) -> str | None:
    """Runs Python with this program; returns None when it ended well, else a sentence that says how it ended."""
    inherited = {name: value for name, value in os.environ.items() if name.upper() not in FOREIGN_SETTINGS}
    loopback = ",".join(filter(None, [os.environ.get("NO_PROXY") or os.environ.get("no_proxy"), "127.0.0.1"]))
    environment = inherited | {"NO_PROXY": loopback, "no_proxy": loopback} | settings
    with tempfile.TemporaryFile() as output:  # a file, for a pipe stays open as long as a grandchild has it
        # Who serves has these blocked, to wait for them; the process has to heed them.
        blocked = signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT, signal.SIGTERM})
        try:
            process = subprocess.Popen(
                [sys.executable, *program],
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
        running.begin(process)
        try:
            status = process.wait(timeout)
        except subprocess.TimeoutExpired:
            return f"It was ended because it ran for more than {timeout:g} s."
        finally:
            _end(process)
            running.over()
        if running.stopped:
            return "The run was stopped."
        if status == 0:
            return None
        output.seek(0)
        lines = output.read().decode(errors="replace").split("\n")
    last = next((line.strip() for line in reversed(lines) if line.strip()), "nothing")
    return f"main.py {program[-1]} ended with exit status {status}; the last it said was: {last[:300]}"


def _end(process: subprocess.Popen[bytes]) -> None:
    """Sees to it that a process is over."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
