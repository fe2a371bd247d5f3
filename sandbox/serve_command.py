"""`python -m sandbox serve`: what it prints, and how it ends."""

import json
import shlex
import signal
import sys
import uuid
from pathlib import Path
from urllib.parse import urlencode

from sandbox.console.show import duration
from sandbox.sekoia.gate import Recorded
from sandbox.sekoia.guard import TOKEN_HEADER
from sandbox.sekoia.server import Sandbox

__all__ = ["line_of", "serve"]


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
