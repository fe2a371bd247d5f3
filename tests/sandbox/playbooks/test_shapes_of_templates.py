"""Playbooks of the shapes that the vendor's public templates have run to their end with the stubs that are written."""

from pathlib import Path

import pytest

from sandbox import Sandbox
from sandbox.playbooks.access import Platform
from sandbox.playbooks.example_stubs import example_stubs
from sandbox.playbooks.module import Module
from sandbox.playbooks.playbook import Playbook
from sandbox.playbooks.runner import Runner
from sandbox.playbooks.stubs import load_stubs

TEMPLATES = Path(__file__).resolve().parents[2] / "data" / "playbooks"


@pytest.mark.parametrize(
    ("name", "start", "ran", "undefined"),
    [
        ("enrich_each_address", None, ["1", "2", "3", "4", "5", "6", "7", "8"], []),
        ("several_triggers", "By the clock", ["29", "30"], ["node.28"]),
        ("several_triggers", "By hand", ["29", "30"], []),
        ("text_holds_json", None, ["1", "2", "3"], ["node.9"]),
        ("branches_of_an_action", None, ["2", "4"], []),
    ],
)
def test_templates_run_to_their_end(
    name: str,
    start: str | None,
    ran: list[str],
    undefined: list[str],
    sandbox: Sandbox,
    module: Module,
    storage: Path,
) -> None:
    """What a template reads of a node that is not there is a warning, and everything else has an example."""
    playbook = Playbook.load(TEMPLATES / f"{name}.json")
    stubs = storage.with_name("stubs.yaml")
    stubs.write_text(example_stubs(playbook, module))
    answers = load_stubs(stubs, playbook)
    key = playbook.start(start)
    run = Runner(
        playbook, module, Platform.of(sandbox), storage, start=key, event=answers[key].results, stubs=answers
    ).run()
    assert run.succeeded
    assert [outcome.key for outcome in run.outcomes] == ran
    assert [name.name for outcome in run.outcomes for name in outcome.undefined] == undefined
