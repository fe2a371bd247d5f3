"""`python -m sandbox demo`, and the indicators that it imports."""

import json
import re
from pathlib import Path

import pytest

from sandbox.demo import demo
from sandbox.example_data import example_event, example_file, example_text


def test_examples_are_distinct_and_the_same_each_time(tmp_path: Path) -> None:
    """The demo's indicators are deterministic, none is there twice, and the text fits into an argument."""
    values = [*example_text(), *(row[0] for row in example_file())]
    assert len(set(values)) == len(values) > 3000
    assert values == [*example_text(), *(row[0] for row in example_file())]
    assert len(json.dumps(example_event(tmp_path))) < 120 * 1024
    assert len((tmp_path / "indicators.csv").read_text().splitlines()) == 1 + len(list(example_file()))


def test_demo(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The demo runs this module for real, finds every indicator again, and shows what it does on an alert."""
    monkeypatch.setattr("sandbox.demo.PACE", 0)
    status = demo()
    output = capsys.readouterr().out
    assert status == 0, output
    own, alert = output.split('Playbook "Alert to blocklist"')
    assert own.count("100 %  ") == 2
    assert "status: completed" in own
    assert 'Collection "Our own CTI" holds 3,800 indicators' in own
    assert "content: Imported into the IOC collection" in alert
    assert 'Collection "Alert blocklist" holds 5 indicators' in alert
    assert re.search(r"^    20\d\d-\d\d-\d\d  203\.0\.113\.7$", alert, re.MULTILINE)
    assert "[8] Comment that there is nothing: not run, its branch was not taken" in alert
    assert all(len(line) < 100 for line in output.splitlines())


def test_demo_notices_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The demo fails when indicators did not arrive, here because nothing imports them."""
    nodes = {"0": {"name": "Start", "type": "trigger", "outputs": {}}}
    (path := tmp_path / "playbook.json").write_text(json.dumps({"name": "Nothing", "nodes": nodes}))
    monkeypatch.setattr("sandbox.demo.PLAYBOOK", path)
    monkeypatch.setattr("sandbox.demo.PACE", 0)
    assert demo() == 1
    assert "Sent 3,800 indicators: 3,800 are missing, 0 were not sent" in capsys.readouterr().out
