"""What people see of a run in a terminal, and where there is none."""

import io
import re

import pytest

from sandbox.playbooks.access import HeldCollection
from sandbox.playbooks.events import NodeOutcome, NodeProgress, PlaybookRun
from sandbox.playbooks.terminal import TerminalReporter


def test_progress_in_plain_lines() -> None:
    """Progress is a line each 10 %, whatever the number of events, and 100 % is told once."""
    stream = io.StringIO()
    reporter = TerminalReporter(stream)
    for imported in (*range(0, 2001, 7), 2000, 2000):
        reporter.node_progressed(NodeProgress("1", imported, 2000))
    lines = stream.getvalue().splitlines()
    assert len(lines) == 11
    assert lines[0] == "      0 %  0 of 2,000 indicators"
    assert lines[-1] == "    100 %  2,000 of 2,000 indicators"


def test_one_indicator_is_one() -> None:
    """Its progress, and the collection that holds it."""
    reporter = TerminalReporter(stream := io.StringIO())
    reporter.node_progressed(NodeProgress("1", 1, 1))
    reporter.run_finished(PlaybookRun("Test", {}, {}, 1, [], [], [HeldCollection("1", "Feed", 1, 0, {"url": 1})]))
    assert stream.getvalue().splitlines()[::2] == [
        "    100 %  1 of 1 indicator",
        'Collection "Feed" holds 1 indicator',
        "Finished in 1.0 s.",
    ]


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        """Yes."""
        return True


def test_progress_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal there is a bar, which ends at 100 %, and the error is red."""
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    reporter = TerminalReporter(stream := Terminal())
    reporter.node_progressed(NodeProgress("1", 500, 1000))
    reporter.node_progressed(NodeProgress("1", 1000, 1000))
    reporter.node_finished(NodeOutcome("2", "Import", results={"status": "completed"}))
    reporter.node_finished(NodeOutcome("3", "Import", error="No."))
    assert "100%" in stream.getvalue()
    assert "1,000 of 1,000 indicators" in stream.getvalue()
    assert re.search(r"\x1b\[1;31m.*No\.", stream.getvalue())


def test_long_warnings_and_empty_counts() -> None:
    """A warning takes two lines, unless all is to be shown; a count of 0 beside a list says nothing."""
    warning = "Imported, although known to be good: " + ", ".join(f"host-{n}.example" for n in range(50))
    outcome = NodeOutcome(
        "1", "Import", results={"imported": 0, "missing_count": 0, "known_good_count": 50}, warnings=[warning]
    )
    for show, lines in ((False, 2), (True, 11)):
        reporter = TerminalReporter(stream := io.StringIO(), show=show)
        reporter.node_finished(outcome)
        said = stream.getvalue().partition("warning: ")[2].partition("    done in")
        assert len(said[0].splitlines()) == lines
        assert said[0].endswith("example, ...\n" if not show else "host-49.example\n")
        assert ("missing_count" in said[2]) == show
    assert "    imported: 0; known_good_count: 50\n" in _told(outcome)


def _told(outcome: NodeOutcome) -> str:
    """What is written at the end of a node."""
    TerminalReporter(stream := io.StringIO()).node_finished(outcome)
    return stream.getvalue()
