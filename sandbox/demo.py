"""What `make demo` shows: example indicators go into a collection and all arrive, and an alert's go onto a blocklist."""

import csv
import hashlib
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

from sandbox import Sandbox
from sandbox.playbooks.access import Platform
from sandbox.playbooks.module import Module
from sandbox.playbooks.playbook import Playbook, read_json_object
from sandbox.playbooks.report import ConsoleReporter
from sandbox.playbooks.runner import Runner
from sandbox.playbooks.stubs import load_stubs

__all__ = ["demo", "example_event", "example_file", "example_text"]

MODULE = Path(__file__).resolve().parent.parent
PLAYBOOK = MODULE / "playbooks" / "use_your_own_cti.json"
ALERT = MODULE / "playbooks" / "alert_to_blocklist.json"
# Indicators a second: slow enough to watch two imports, fast enough not to wait for them.
PACE = 800


def example_text() -> Iterator[str]:
    """Lines for the import from text: names and addresses that are reserved for examples, and hashes of nothing."""
    for number in range(1, 201):
        name = f"example file {number}".encode()
        yield f"update-{number}.example.com"
        yield f"cdn{number}.login.example.org"
        yield f"login-{number}.example"
        yield f"192.0.2.{number}"
        yield f"198.51.100.{number}"
        yield f"2001:db8::{number:x}"
        yield f"https://files.example.net/{number}/invoice.html?id={number}"
        yield hashlib.sha256(name).hexdigest()
        yield ",".join(hashlib.new(kind, name + b" (all hashes)").hexdigest() for kind in ("md5", "sha1", "sha256"))
        yield f"billing-{number}@mail.example.net"


def example_file() -> Iterator[tuple[str, str, str, str]]:
    """Rows for the import from a file: value, start and end of validity, description."""
    for number in range(1, 1801):
        value = f"203.0.113.{number // 9}" if number % 9 == 0 else f"http://host-{number}.example.org/gate"
        day = f"{number % 28 + 1:02}"
        yield value, f"2026-01-{day}T00:00:00Z", f"2031-01-{day}T00:00:00Z", f"Example row {number}"


def example_event(storage: Path) -> dict[str, str]:
    """What starts the playbook. Writes the example file, a CSV with a header, into the storage."""
    with (storage / "indicators.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("observable", "valid_from", "valid_until", "description"))
        writer.writerows(example_file())
    return {"text": "\n".join(example_text()), "file_path": "indicators.csv"}


def demo() -> int:
    """Runs both playbooks on a sandbox of its own. Returns 0 when all arrived as it was sent and no node failed, else 1."""
    reporter = ConsoleReporter()
    module = Module.load(MODULE)
    with Sandbox(pace=PACE) as sandbox:
        platform = Platform.of(sandbox)
        return _own_cti(module, platform, reporter) or _alert_to_blocklist(module, platform, reporter)


def _own_cti(module: Module, platform: Platform, reporter: ConsoleReporter) -> int:
    """Imports the example indicators as text and as a file, and compares what arrived with what was sent."""
    with tempfile.TemporaryDirectory(prefix="demo-") as folder:
        event = example_event(storage := Path(folder))
        run = Runner(Playbook.load(PLAYBOOK), module, platform, storage, event=event, reporter=reporter).run()
    arrived = {
        frozenset(re.findall(r"= '([^']+)'", indicator["pattern"])): str(indicator["valid_until"])
        for collection in run.collections
        for indicator in platform.indicators(collection.id)
    }
    # The end of validity where a row of the file tells it.
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
    return 0


def _alert_to_blocklist(module: Module, platform: Platform, reporter: ConsoleReporter) -> int:
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
    reporter.say("")
    for collection in run.collections:
        for indicator in platform.indicators(collection.id):
            reporter.say(f"{indicator['pattern']} until {indicator['valid_until'][:10]}", indent=4)
    reporter.say("Next: `make sandbox` serves it to you; `.venv/bin/python -m sandbox run --help` runs playbooks.")
    return 0 if run.succeeded else 1
