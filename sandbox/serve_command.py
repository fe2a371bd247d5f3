"""`python -m sandbox serve`: what it takes, what it prints, and how it ends."""

import argparse
import errno
import json
import shlex
import signal
import sqlite3
import sys
import uuid
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from pydantic import ValidationError

from sandbox.console.show import duration
from sandbox.playbooks.module import Module
from sandbox.playbooks.playbook import PlaybookError
from sandbox.sekoia.faults import Faults, named_value, said
from sandbox.sekoia.guard import TOKEN_HEADER
from sandbox.sekoia.request_log import Recorded
from sandbox.server import Sandbox

__all__ = ["UsageError", "add_serve", "line_of", "serve", "serve_sandbox"]

READ_ONLY_KEY = "sandbox-read-only-key"
LAST_PORT = 65535
# Slow enough to watch an import of some thousand indicators, fast enough not to wait for it.
PACE = 1000
# Seconds before an import begins: the vendor's samples submit it first, and connect to LiveAPI then.
DELAY = 1.0


class UsageError(ValueError):
    """What is wrong with an argument of the command line, as a sentence."""


def add_serve(commands: Any, api_key: str) -> None:
    """Adds `serve` to argparse's commands."""
    serving = commands.add_parser(
        "serve",
        help="serve REST, LiveAPI and the playbook callback until interrupted",
        description="Serves REST, LiveAPI and the playbook callback on the loopback until interrupted. "
        "Its own documentation is at /docs.",
    )
    serving.add_argument("--port", type=_port, default=8000, help="0 takes a free one (default: %(default)s)")
    serving.add_argument("--db", type=Path, metavar="FILE", help="keep the state in this file (default: in memory)")
    serving.add_argument("--api-key", default=api_key, help="the key that may do all (default: %(default)s)")
    serving.add_argument("--read-only-key", default=READ_ONLY_KEY, help="the key that may read (default: %(default)s)")
    serving.add_argument(
        "--pace",
        type=_pace,
        default=PACE,
        metavar="N",
        help="indicators a second that an import takes in, so that progress can be watched, after a "
        f"wait of {DELAY:g} s; 0: no limit, and no wait (default: %(default)s; it can be changed on the page of imports)",
    )
    serving.add_argument(
        "--fault",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a fault in force from the start, such as tasks=unknown; VALUE is JSON or text; as often as wanted",
    )
    serving.add_argument("--token", help="what changes through /sandbox need (default: made up and printed)")
    serving.add_argument(
        "--allow-host",
        action="append",
        default=[],
        metavar="NAME",
        help="a name under which the pages may be opened besides this machine's own, as a container needs it",
    )

    serving.add_argument(
        "--module-dir", type=Path, metavar="DIR", help="the module whose actions the pages run (default: this one)"
    )
    serving.add_argument(
        "--storage", type=Path, metavar="DIR", help="the storage of what the pages run (default: an empty folder)"
    )
    serving.add_argument("--quiet", action="store_true", help="no line for each request")


def serve_sandbox(options: argparse.Namespace) -> int:
    """Does what the command line asks for; raises UsageError when nothing can be served."""
    if options.storage is not None and not options.storage.is_dir():
        raise UsageError(f"The storage {options.storage} is not a folder: create it, or omit --storage.")
    if options.module_dir is not None:
        try:
            Module.load(options.module_dir)  # now, and not when a page is opened
        except PlaybookError as error:
            raise UsageError(f"{error} Give --module-dir the folder that holds a module's manifest.json.") from error
    try:
        serve(
            Sandbox(
                options.port,
                options.db,
                options.api_key,
                options.read_only_key,
                options.pace,
                delay=DELAY if options.pace else 0,
                faults=_faults(options.fault),
                token=options.token,
                allowed_hosts=options.allow_host,
                module=options.module_dir,
                storage=options.storage,
                told=None if options.quiet else line_of,
            )
        )
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise UsageError(f"The sandbox cannot start: {error}.") from error
        raise UsageError(
            f"Port {options.port} is in use, perhaps by another sandbox: end that, or choose another with --port."
        ) from error
    except sqlite3.Error as error:
        raise UsageError(
            f"The sandbox cannot keep its state in {options.db}: {error}. Give --db another file, or a new one."
        ) from error
    return 0


def line_of(call: Recorded) -> None:
    """Prints a request that is done with; those of nodes to the platform are marked."""
    query = f"?{urlencode(call.query)}" if call.query else ""
    status, took, came = call.status or "none", duration(call.seconds), f"{len(call.body):,} B"
    when = f"{call.at.astimezone():%H:%M:%S}"
    side = "  (platform)" if call.is_callback else ""
    print(f"{when}  {status:<4}  {took:>8}  {came:>11}  {call.method:<6} {call.path}{query}{side}", flush=True)


def serve(sandbox: Sandbox) -> None:
    """Serves until SIGINT or SIGTERM comes, and prints how to use what is served. To be called in the main thread."""
    stops = {signal.SIGINT, signal.SIGTERM}
    # Blocked from here on, in the server's thread too, they wait to be taken.
    previous = signal.pthread_sigmask(signal.SIG_BLOCK, stops)
    try:
        with sandbox:
            print(_usage(sandbox), flush=True)
            signal.sigwait(stops)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, previous)


def _usage(sandbox: Sandbox) -> str:
    settings = {
        "MODULE_CONFIGURATION": json.dumps({"base_url": sandbox.url}),
        "ARGUMENTS": json.dumps({"name": "Blocklist"}),
        "TOKEN": sandbox.api_key,
        "URL_CALLBACK": f"{sandbox.url}/callback/{uuid.uuid4()}",
    }
    python = Path(sys.executable)
    if python.is_relative_to(Path.cwd()):
        python = python.relative_to(Path.cwd())  # short, and right where the sandbox was started
    variables = " \\\n  ".join(f"{name}={shlex.quote(value)}" for name, value in settings.items())
    return f"""\
The sandbox is at {sandbox.url}/ – open it in a browser.

REST           {sandbox.url}/v2/inthreat (and {sandbox.url}/api/v2/inthreat)
LiveAPI        {sandbox.live_url}
API key        {sandbox.api_key}
Read-only key  {sandbox.read_only_key}
Documentation  {sandbox.url}/docs
Faults         {sandbox.url}/faults, or PUT {sandbox.url}/sandbox/faults with {TOKEN_HEADER}: {sandbox.token}

To run an action by hand:

  {variables} \\
  SUB_FOLDER="$(mktemp -d)" {shlex.quote(str(python))} main.py CreateIOCCollection

What it reports is shown at its URL_CALLBACK, with its TOKEN. Ctrl+C ends the sandbox. What comes in:
"""


def _port(text: str) -> int:
    """A port on the command line. Raises an error of argparse for anything else."""
    if text.isascii() and text.isdigit() and int(text) <= LAST_PORT:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text} is not a port: choose one from 1 to {LAST_PORT}, or 0 for a free one")


def _pace(text: str) -> float:
    """A pace on the command line. Raises an error of argparse for anything else."""
    try:
        if (pace := float(text)) >= 0:
            return pace
    except ValueError:
        pass
    raise argparse.ArgumentTypeError(f"{text} is not a pace: give indicators a second, or 0 for no limit")


def _faults(given: list[str]) -> Faults:
    """The faults that were given as NAME=VALUE. Raises UsageError for anything else."""
    try:
        return Faults.model_validate(dict(named_value(each) for each in given))
    except ValidationError as error:
        names = ", ".join(Faults.model_fields)
        raise UsageError(f"--fault: {said(error)}. The faults are {names}.") from error
    except ValueError as error:
        raise UsageError(f"--fault: {error}.") from error
