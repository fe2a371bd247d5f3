"""What people see of a playbook's run: bars on a terminal, plain lines elsewhere."""

import json
import os
import sys
import textwrap
from typing import Any, TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeElapsedColumn

from sandbox.playbooks.documents import as_yaml
from sandbox.playbooks.events import NodeOutcome, NodeProgress, NodeStarted, PlaybookRun, RunStarted, counted
from sandbox.playbooks.playbook import JSONObject
from sandbox.playbooks.reporters import Reporter

__all__ = ["TerminalReporter"]

WIDTH = 99
# Results longer than this say more in the JSON report than on a line.
LONGEST_VALUE = 72
# What a stubbed node was given is what its user wants to read; beyond this the JSON report has it.
LONGEST_ARGUMENT = 2000
# Two lines of a warning say what it is about; the rest, such as a list of values, is for `--show`.
LONGEST_WARNING = 170


class TerminalReporter(Reporter):
    """Writes a run to a stream. Progress is a bar on a terminal, and a line every 10 % anywhere else.

    With `show` it writes each node's arguments, results and log in full.
    """

    def __init__(self, stream: TextIO | None = None, *, show: bool = False) -> None:
        stream = stream or sys.stdout
        terminal = stream.isatty() and os.environ.get("TERM") != "dumb"
        self._console = Console(file=stream, force_terminal=terminal, highlight=False)
        self._width = min(self._console.width, WIDTH) if terminal else WIDTH
        self._show = show
        self._bar: Progress | None = None
        self._task = TaskID(0)
        self._tenths = -1
        self._begun = ""
        self._ids: set[tuple[str, str]] = set()

    def run_started(self, run: RunStarted) -> None:
        """Says what runs where, and on which files."""
        self.say(f'Playbook "{run.playbook}" on the sandbox at {run.url}', style="bold")
        for kind, path in run.inputs.items():
            self.say(f"{kind}: {path}", indent=4)
        for warning in run.warnings:
            self.say(f"warning: {warning}", indent=4, style="yellow")
        if "trigger" in run.inputs and (shown := self._shown(run.event)):
            name = next(node.name for node in run.nodes if node.key == run.trigger)
            self.say("")
            self.say(f"[{run.trigger}] {name}", style="bold")
            self._say_values(shown)

    def node_started(self, node: NodeStarted) -> None:
        """Opens the paragraph of a node."""
        self._tenths, self._begun = -1, node.key
        self.say("")
        turns = "".join(f", item {turn.index + 1:,} of {turn.total:,}" for turn in node.loop)
        self.say(f"[{node.key}] {node.name}{turns}", style="bold")
        if self._show:
            self._say_document("arguments", node.arguments)

    def node_progressed(self, progress: NodeProgress) -> None:
        """Moves the bar, or writes a line when the next 10 % are reached."""
        imported, total = progress.imported, progress.total
        if total <= 0:
            return
        if self._console.is_terminal:
            if self._bar is None:
                self._bar = Progress(
                    TextColumn("   "),
                    BarColumn(40),
                    TaskProgressColumn(),
                    TextColumn(f"{{task.completed:,.0f}} of {counted(total)}"),
                    TimeElapsedColumn(),
                    console=self._console,
                )
                self._bar.start()
                self._task = self._bar.add_task("", total=total)
            self._bar.update(self._task, completed=imported, total=total)
        elif (tenths := min(imported, total) * 10 // total) > self._tenths:
            self._tenths = tenths
            self.say(f"{imported * 100 // total:>3} %  {imported:,} of {counted(total)}", indent=4)

    def node_finished(self, outcome: NodeOutcome) -> None:
        """Closes the bar and says how the node ended."""
        self.close()
        if outcome.key != self._begun:
            self.say("")
            self.say(f"[{outcome.key}] {outcome.name}: through with its items", style="bold")
        for warning in (*map(str, outcome.undefined), *outcome.warnings):
            shown = warning if self._show else _shortened(warning)
            self.say(f"warning: {shown}", indent=4, style="yellow")
        if outcome.stub and not self._show:
            self.say("stub: this node is not run, and would get", indent=4, style="cyan")
            for name, value in outcome.arguments.items():
                text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
                cut = f"... ({len(text):,} characters)" if len(text) > LONGEST_ARGUMENT else ""
                self.say(f"{name}: {text[:LONGEST_ARGUMENT]}{cut}", indent=6)
        for case in outcome.cases:
            self.say(f"{case.name}: {'yes' if case.holds else 'no'}, {case}", indent=4)
        if outcome.error is not None:
            self.say(f"failed after {outcome.seconds:.1f} s: {outcome.error}", indent=4, style="bold red")
        elif not (outcome.stub or outcome.cases):
            self.say(f"done in {outcome.seconds:.1f} s", indent=4, style="green")
        if self._show:
            self._say_document("answers" if outcome.stub else "results", outcome.results or {})
            self._say_document("log", outcome.logs)
        else:
            self._say_values(self._shown(outcome.results or {}), "answers " if outcome.stub else "")
        for output, keys in outcome.taken.items():
            if output != "default":
                following = f"node {' and '.join(keys)}" if keys else "no node"
                self.say(f'branch "{output}" is taken, followed by {following}', indent=4, style="green")

    def run_finished(self, run: PlaybookRun) -> None:
        """Says what was left out and why, and what the collections hold now."""
        if run.not_run:
            self.say("")
        for node in run.not_run:
            why = "its branch was not taken" if node.after is None else f"node {node.after} failed before"
            if node.waits_for:
                why = f"it waits for node {' and '.join(node.waits_for)}"
            self.say(
                f"[{node.key}] {node.name}: not run, {why}", style="yellow" if node.after or node.waits_for else "dim"
            )
        self.say("")
        for collection in run.collections:
            revoked = f", {collection.revoked:,} of them revoked" if collection.revoked else ""
            self.say(f'Collection "{collection.name}" holds {counted(collection.total)}{revoked}', style="bold")
            for kind, count in collection.by_type.items():
                self.say(f"    {kind:<16}{count:>9,}")
        if run.succeeded:
            self.say(f"Finished in {run.seconds:.1f} s.", style="green")
        else:
            failed = ", ".join(dict.fromkeys(outcome.key for outcome in run.outcomes if outcome.status == "failed"))
            self.say(f"Failed after {run.seconds:.1f} s: see node {failed}.", style="bold red")

    def close(self) -> None:
        """Gives the terminal its cursor back."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def say(self, text: str, *, indent: int = 0, style: str | None = None) -> None:
        """Writes text, wrapped; what it holds is data, so no markup and no control character takes effect."""
        for line in text.split("\n"):
            clean = "".join(character if character.isprintable() else " " for character in line)
            wrapped = textwrap.fill(
                " " * indent + clean,
                self._width,
                subsequent_indent=" " * indent,
                break_long_words=False,
                break_on_hyphens=False,
            )
            self._console.print(wrapped, style=style, markup=False, soft_wrap=True)

    def _say_document(self, title: str, value: Any) -> None:
        """Writes a whole value, as YAML has it; nothing when there is none."""
        if value:
            self.say(title, indent=4, style="cyan")
            text = value if isinstance(value, str) else as_yaml(value)
            for line in text.rstrip().split("\n"):
                self.say(line.strip(), indent=6 + len(line) - len(line.lstrip()))

    def _say_values(self, values: dict[str, str], before: str = "") -> None:
        if values:
            self.say(before + "; ".join(f"{name}: {value}" for name, value in values.items()), indent=4)

    def _shown(self, results: JSONObject) -> dict[str, str]:
        """The results that fit on a line, as people write them.

        An id that was shown before says nothing new, nor does a count that is 0 of a list that is not shown either.
        """
        shown = {}
        for name, value in results.items():
            match value:
                case bool():
                    shown[name] = "yes" if value else "no"
                case 0 if name.endswith("_count"):
                    continue
                case int() | float():
                    shown[name] = f"{value:,}"
                case [str() | None, *_] if not name.endswith("_ids"):
                    shown[name] = _listed(value)
                case str() if 0 < len(value) <= LONGEST_VALUE and (name, value) not in self._ids:
                    shown[name] = value
                    if name.endswith("_id"):
                        self._ids.add((name, value))
        return shown


def _shortened(warning: str) -> str:
    """A warning that fits on two lines."""
    if len(warning) <= LONGEST_WARNING:
        return warning
    cut = warning[:LONGEST_WARNING]
    return f"{cut.rpartition(', ')[0] or cut.rpartition(' ')[0]}, ..."


def _listed(values: list[Any]) -> str:
    """A list as people write it, as far as it fits."""
    listed = str(values[0])
    for value in values[1:]:
        if len(listed) + len(str(value)) > LONGEST_VALUE:
            return f"{listed}, ... ({len(values):,})"
        listed += f", {value}"
    return listed
