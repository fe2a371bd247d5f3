"""The command line: `python -m sandbox serve`, `run` and `demo`."""

import argparse
import errno
import signal
import sqlite3
import sys
from pathlib import Path
from types import FrameType

from pydantic import ValidationError

from sandbox import Faults, Sandbox
from sandbox.demo import demo
from sandbox.playbooks.command import add_command, run_playbook
from sandbox.playbooks.module import Module
from sandbox.playbooks.playbook import PlaybookError
from sandbox.sekoia.faults import named_value, said
from sandbox.serve_command import line_of, serve

__all__ = ["main"]

API_KEY = "sandbox-key"
READ_ONLY_KEY = "sandbox-read-only-key"
LAST_PORT = 65535
# Slow enough to watch an import of some thousand indicators, fast enough not to wait for it.
PACE = 1000
# Seconds before an import begins: the vendor's samples submit it first, and connect to LiveAPI then.
DELAY = 1.0
PACE_HELP = "indicators a second that an import takes in, so that progress can be watched (default: no limit)"


def _port(text: str) -> int:
    """A port on the command line. Raises an error of argparse for anything else."""
    if text.isascii() and text.isdigit() and int(text) <= LAST_PORT:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text} is not a port: choose one from 1 to {LAST_PORT}, or 0 for a free one")


class UsageError(ValueError):
    """What is wrong with an argument of the command line, as a sentence."""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m sandbox",
        description="A Sekoia on your laptop: IOC collections over REST, LiveAPI, and a runner for playbooks.",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    serving = commands.add_parser(
        "serve",
        help="serve REST, LiveAPI and the playbook callback until interrupted",
        description="Serves REST, LiveAPI and the playbook callback on the loopback until interrupted. "
        "Its own documentation is at /docs.",
    )
    serving.add_argument("--port", type=_port, default=8000, help="0 takes a free one (default: %(default)s)")
    serving.add_argument("--db", type=Path, metavar="FILE", help="keep the state in this file (default: in memory)")
    serving.add_argument("--api-key", default=API_KEY, help="the key that may do all (default: %(default)s)")
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

    add_command(commands, API_KEY, PACE_HELP)

    commands.add_parser(
        "demo",
        help="import some thousand example indicators and watch",
        description="Runs playbooks/use_your_own_cti.json with example indicators on a sandbox of its own, "
        "checks that all of them arrived, and runs playbooks/alert_to_blocklist.json on an example alert.",
    )
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Runs a command, and returns its exit status: 0 when all went well, 1 for a failure, 2 for unusable input."""
    options = _parser().parse_args(arguments)
    try:
        match options.command:
            case "serve":
                return _serve_until_stopped(options)
            case "run":
                return run_playbook(options)
            case _:
                return demo()
    except (PlaybookError, UsageError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


def _pace(text: str) -> float:
    """A pace on the command line. Raises an error of argparse for anything else."""
    try:
        if (pace := float(text)) >= 0:
            return pace
    except ValueError:
        pass
    raise argparse.ArgumentTypeError(f"{text} is not a pace: give indicators a second, or 0 for no limit")


def _serve_until_stopped(options: argparse.Namespace) -> int:
    if options.storage is not None and not options.storage.is_dir():
        raise UsageError(f"The storage {options.storage} is not a folder: make it, or leave --storage out.")
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


def _faults(given: list[str]) -> Faults:
    """The faults that were given as NAME=VALUE. Raises UsageError for anything else."""
    try:
        return Faults.model_validate(dict(named_value(each) for each in given))
    except ValidationError as error:
        names = ", ".join(Faults.model_fields)
        raise UsageError(f"--fault: {said(error)}. The faults are {names}.") from error
    except ValueError as error:
        raise UsageError(f"--fault: {error}.") from error


def _interrupted(signum: int, _frame: FrameType | None) -> None:
    sys.exit(128 + signum)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _interrupted)  # so that a node's process is ended with its runner
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)
