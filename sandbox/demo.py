"""What `make demo` shows: example indicators go into a collection and all arrive, and an alert's go onto a blocklist."""

import re
import tempfile
from pathlib import Path

from sandbox import Sandbox
from sandbox.example_data import example_event, example_file, example_text
from sandbox.playbooks.access import Platform
from sandbox.playbooks.module import Module
from sandbox.playbooks.playbook import Playbook, read_json_object
from sandbox.playbooks.runner import Runner
from sandbox.playbooks.stubs import load_stubs
from sandbox.playbooks.terminal import TerminalReporter

__all__ = ["demo"]

MODULE = Path(__file__).resolve().parent.parent
PLAYBOOK = MODULE / "playbooks" / "use_your_own_cti.json"
ALERT = MODULE / "playbooks" / "alert_to_blocklist.json"
# Indicators a second: slow enough to watch two imports, fast enough not to wait for them.
PACE = 800


def demo() -> int:
    """Runs both playbooks on a sandbox of its own. Returns 0 if all arrived as sent and no node failed, otherwise 1."""
    reporter = TerminalReporter()
    reporter.say("Two playbooks on a local Sekoia, with indicators that are reserved for examples.")
    reporter.say("")
    module = Module.load(MODULE)
    with Sandbox(pace=PACE) as sandbox:
        platform = Platform.of(sandbox)
        return _own_cti(module, platform, reporter) or _alert_to_blocklist(module, platform, reporter)


def _own_cti(module: Module, platform: Platform, reporter: TerminalReporter) -> int:
    """Imports the example indicators as text and as a file, and compares what arrived with what was sent."""
    with tempfile.TemporaryDirectory(prefix="demo-") as folder:
        event = example_event(storage := Path(folder))
        run = Runner(Playbook.load(PLAYBOOK), module, platform, storage, event=event, reporter=reporter).run()
    arrived = {
        frozenset(re.findall(r"= '([^']+)'", indicator["pattern"])): str(indicator["valid_until"])
        for collection in run.collections
        for indicator in platform.indicators(collection.id)
    }
    # The end of validity, if a row of the file gives it.
    sent = {frozenset(line.split(",")): "" for line in example_text()}
    sent |= {frozenset(row[:1]): row[2].removesuffix("Z") for row in example_file()}
    missing, foreign = len(sent.keys() - arrived.keys()), len(arrived.keys() - sent.keys())
    altered = sum(not arrived.get(values, until).startswith(until) for values, until in sent.items())
    reporter.say("")
    if not run.succeeded or missing or foreign or altered:
        reporter.say(
            f"Sent {len(sent):,} indicators: {missing:,} are missing, {foreign:,} were not sent, "
            f"{altered:,} have another end of validity.",
            style="bold red",
        )
        return 1
    reporter.say(f"Sent {len(sent):,} indicators as text and as a file: exactly these are in the collection.")
    reporter.say("The warnings are right: names and addresses that are reserved for examples should never be blocked.")
    return 0


def _alert_to_blocklist(module: Module, platform: Platform, reporter: TerminalReporter) -> int:
    """Answers what the playbook does on the example alert beside it, and shows what the blocklist holds then."""
    trigger, stubs = ALERT.with_suffix(".trigger.json"), ALERT.with_suffix(".stubs.yaml")
    playbook = Playbook.load(ALERT)
    reporter.say("")
    with tempfile.TemporaryDirectory(prefix="demo-") as folder:
        run = Runner(
            playbook,
            module,
            platform,
            Path(folder),
            event=read_json_object(trigger),
            stubs=load_stubs(stubs, playbook),
            inputs={kind: str(path.relative_to(MODULE)) for kind, path in (("trigger", trigger), ("stubs", stubs))},
            reporter=reporter,
        ).run()
    for collection in run.collections:
        reporter.say("")
        reporter.say(f'What "{collection.name}" holds, with the end of each validity:')
        for indicator in platform.indicators(collection.id):
            reporter.say(f"{indicator['valid_until'][:10]}  {indicator['name']}", indent=4)
    reporter.say("")
    reporter.say(
        "Next: run `make sandbox` and open http://127.0.0.1:8000/ in a browser. There you can watch imports, fill in the "
        "forms of the actions, and run playbooks. In a terminal, `.venv/bin/python -m sandbox run` runs a playbook."
    )
    return 0 if run.succeeded else 1
