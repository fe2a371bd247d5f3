"""The command line: `python -m sandbox serve`, `run` and `demo`."""

import argparse
import signal
import sys
from types import FrameType

from sandbox.demo import demo
from sandbox.playbooks.playbook import PlaybookError
from sandbox.run_command import add_run, run_playbook
from sandbox.serve_command import UsageError, add_serve, serve_sandbox

__all__ = ["main"]

API_KEY = "sandbox-key"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m sandbox",
        description="A Sekoia on your laptop: IOC collections over REST, LiveAPI, and a runner for playbooks.",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    add_serve(commands, API_KEY)
    add_run(commands, API_KEY)

    commands.add_parser(
        "demo",
        help="import a few thousand example indicators and watch",
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
                return serve_sandbox(options)
            case "run":
                return run_playbook(options)
            case _:
                return demo()
    except (PlaybookError, UsageError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


def _interrupted(signum: int, _frame: FrameType | None) -> None:
    sys.exit(128 + signum)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _interrupted)  # so that a node's process is ended with its runner
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)
