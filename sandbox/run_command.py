"""`python -m sandbox run`: runs a playbook, writes stubs for it, or tests it."""

import argparse
import json
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from sandbox import Sandbox
from sandbox.playbooks.access import Platform
from sandbox.playbooks.example_stubs import example_stubs
from sandbox.playbooks.expect import Expectations
from sandbox.playbooks.module import Module
from sandbox.playbooks.playbook import JSONObject, Playbook, PlaybookError, read_json_object
from sandbox.playbooks.reporters import Reporter
from sandbox.playbooks.runner import Runner
from sandbox.playbooks.stubs import Stub, load_stubs
from sandbox.playbooks.terminal import TerminalReporter

__all__ = ["add_run", "run_playbook"]

PACE_HELP = "indicators a second that an import takes in, so that progress can be watched (default: no limit)"


def add_run(commands: Any, api_key: str) -> None:
    """Adds `run` to argparse's commands."""
    running = commands.add_parser(
        "run",
        help="run a playbook in Sekoia's export format",
        description="Runs a playbook as the platform does: each action of the module is a process of its own. "
        "Nodes of other modules return what a YAML stubs file says. Without --trigger and --stubs the files "
        "PLAYBOOK.trigger.json and PLAYBOOK.stubs.yaml beside the playbook are used when they are there. What the "
        "trigger gives comes from --trigger, or the results of the trigger's stub in --stubs, or else from beside it. "
        "The exit status is 1 when a node failed, or with --expect when anything differs, and 2 when the playbook "
        "cannot be run at all.",
    )
    running.add_argument("playbook", type=Path, metavar="PLAYBOOK.json", help="a playbook as Sekoia exports it")
    running.add_argument(
        "--start", metavar="NODE", help="the trigger that starts it, by number or name, where it has several"
    )
    running.add_argument("--trigger", type=Path, metavar="FILE", help="JSON object that the trigger gives (node.0)")
    running.add_argument("--stubs", type=Path, metavar="FILE", help="YAML: what nodes answer that are not run here")
    running.add_argument(
        "--init-stubs",
        type=Path,
        metavar="FILE",
        help="write a file of stubs with examples for this playbook, which is not run",
    )
    running.add_argument(
        "--expect",
        type=Path,
        metavar="FILE",
        help="YAML: what the run is to do; the exit status says whether it did, whatever became of its nodes",
    )
    running.add_argument("--storage", type=Path, metavar="DIR", help="the nodes' storage (default: an empty folder)")
    running.add_argument("--module-dir", type=Path, default=Path(), metavar="DIR", help="the module (default: here)")
    running.add_argument(
        "--timeout", type=float, default=1000, metavar="S", help="seconds a node may take (%(default)s)"
    )
    running.add_argument(
        "--show", action="store_true", help="print each node's arguments, results, warnings and log in full"
    )
    running.add_argument("--json", action="store_true", help="print one JSON document at the end, and nothing else")
    target = running.add_argument_group("where to run it (default: a sandbox of its own)")
    target.add_argument("--pace", type=float, default=0, metavar="N", help=PACE_HELP)
    target.add_argument("--url", help="a sandbox that `serve` runs, such as http://127.0.0.1:8000")
    target.add_argument("--api-key", default=api_key, metavar="KEY", help="its key (default: %(default)s)")


def run_playbook(options: argparse.Namespace) -> int:
    """Does what the command line asks for.

    Returns 0 when all went well, or as it was expected, otherwise 1; raises PlaybookError when nothing can be run.
    """
    if options.storage is not None and not options.storage.is_dir():
        raise PlaybookError(f"The storage {options.storage} is not a folder: create it, or omit --storage.")
    playbook, module = Playbook.load(options.playbook), Module.load(options.module_dir)
    if options.init_stubs is not None:
        return _init_stubs(options.init_stubs, example_stubs(playbook, module))
    start = playbook.start(options.start)
    stubs = options.stubs or _beside(options.playbook, ".stubs.yaml")
    answers = load_stubs(stubs, playbook) if stubs else {}
    trigger = options.trigger
    # What was named on the command line goes before what only lies beside the playbook.
    if not (trigger or (options.stubs and _gives(answers, start))):
        trigger = _beside(options.playbook, ".trigger.json")
    expected = Expectations.load(options.expect, playbook) if options.expect else None
    event, warnings = _event(playbook, start, trigger, answers)
    with ExitStack() as stack:
        storage = options.storage or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="storage-")))
        if options.url:
            platform = Platform.at(options.url, options.api_key)
        else:
            platform = Platform.of(stack.enter_context(Sandbox(api_key=options.api_key, pace=options.pace)))
        run = Runner(
            playbook,
            module,
            platform,
            storage,
            start=start,
            event=event,
            stubs=answers,
            inputs={kind: str(path) for kind, path in (("trigger", trigger), ("stubs", stubs)) if path},
            warnings=warnings,
            reporter=Reporter() if options.json else TerminalReporter(show=options.show),
            timeout=options.timeout,
        ).run()
        differences = expected.differences(run, platform) if expected else []
    if options.json:
        print(json.dumps({**run.as_json(), "differences": differences}, indent=2))
    elif expected:
        _say_differences(options.expect, differences)
    return 1 if differences or not (expected or run.succeeded) else 0


def _say_differences(path: Path, differences: list[str]) -> None:
    """Says whether the run was as a file expects it."""
    if not differences:
        print(f"Everything is as {path} expects.")
        return
    print(f"Not as {path} expects:")
    for difference in differences:
        print(f"    {difference}")


def _init_stubs(path: Path, stubs: str) -> int:
    """Writes a file of stubs, which must not exist yet: somebody may have edited it."""
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(stubs)
    except FileExistsError as error:
        raise PlaybookError(f"{path} already exists: choose another file, or remove it.") from error
    except OSError as error:
        raise PlaybookError(f"{path} cannot be written: {error.strerror}.") from error
    print(f"The stubs are in {path}: look through the examples, then run the playbook with --stubs {path}")
    return 0


def _event(
    playbook: Playbook, start: str, trigger: Path | None, stubs: dict[str, Stub]
) -> tuple[JSONObject, list[str]]:
    """What the trigger gives: by its file, or else by its stub; and a warning if there is neither."""
    if trigger:
        return read_json_object(trigger), []
    if _gives(stubs, start):
        return stubs[start].results, []
    name = playbook.nodes[start].name
    return {}, [f"nothing says what the trigger gives, node {start} ({name}): --trigger FILE does, a JSON object"]


def _gives(stubs: dict[str, Stub], trigger: str) -> bool:
    """Whether the stubs say what the trigger gives."""
    return trigger in stubs and "results" in stubs[trigger].model_fields_set


def _beside(playbook: Path, suffix: str) -> Path | None:
    """The file of this kind that lies beside a playbook, if there is one."""
    path = playbook.with_suffix(suffix)
    return path if path.is_file() else None
