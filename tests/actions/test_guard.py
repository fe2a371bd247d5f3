"""What must not be blocked is told, or kept out of the collection, against the sandbox."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox import Sandbox
from sekoia_cti.actions.import_text import ImportIndicatorsFromText
from tests.conftest import Platform, run_as_process

EMPTY = "d41d8cd98f00b204e9800998ecf8427e"
BENIGN = ["127.0.0.1", "10.0.0.1", "8.8.8.8", ".".join("0000"), "google.com", EMPTY]
EVIL = ["evil.example", "0123456789abcdef0123456789abcdef"]


def patterns(sandbox: Sandbox, collection_id: str) -> str:
    """All that the collection holds, as one text."""
    return "\n".join(str(indicator["pattern"]) for indicator in sandbox.indicators(collection_id))


def test_warns_by_default(sandbox: Sandbox, platform: Platform, collection_id: str) -> None:
    """What is known to be good goes in, the log names each value, and the results say who names it."""
    run = platform.run(ImportIndicatorsFromText, collection_id=collection_id, text="\n".join(BENIGN + EVIL))

    assert run.error is None
    assert run.results and run.results["known_good_count"] == len(BENIGN)
    assert [found["line"] for found in run.results["known_good"]] == [1, 2, 3, 4, 5, 6]
    assert run.results["known_good"][2]["lists"] == ["List of known IPv4 public DNS resolvers"]
    assert run.results["left_out"] == []
    (warning,) = [line for line in run.logs.splitlines() if "Known to be good" in line]
    assert all(value in warning for value in BENIGN)
    assert not any(value in warning for value in EVIL)
    assert len(sandbox.indicators(collection_id)) == len(BENIGN) + len(EVIL)


def test_leaves_out_what_is_known_to_be_good(sandbox: Sandbox, platform: Platform, collection_id: str) -> None:
    """With leave_out none of it is sent, and it is accounted for."""
    run = platform.run(
        ImportIndicatorsFromText, collection_id=collection_id, text="\n".join(BENIGN + EVIL), known_good="leave_out"
    )

    assert run.error is None
    assert run.results and run.results["left_out"] == BENIGN
    assert (run.results["left_out_count"], run.results["submitted"]) == (len(BENIGN), len(EVIL))
    assert len(sandbox.indicators(collection_id)) == len(EVIL)


def test_does_not_look_when_told_not_to(platform: Platform, collection_id: str) -> None:
    """With import nothing is told."""
    run = platform.run(
        ImportIndicatorsFromText, collection_id=collection_id, text="\n".join(BENIGN), known_good="import"
    )

    assert run.results and run.results["known_good_count"] == 0
    assert "Known to be good" not in run.logs


@pytest.mark.parametrize("way", ["exclude", "exclude_path"])
def test_excludes(sandbox: Sandbox, platform: Platform, collection_id: str, way: str) -> None:
    """What users exclude is never sent, be it in the argument or in a file."""
    rules = ["# ours", ".corp.test", "10.0.0.0/8", EMPTY]
    (platform.storage / "rules.txt").write_text("\n".join(rules))
    run = platform.run(
        ImportIndicatorsFromText,
        collection_id=collection_id,
        text=f"mail.corp.test\n10.1.2.3\nhttps://corp.test/x\n{EMPTY}\nevil.example",
        **{way: rules if way == "exclude" else "rules.txt"},
    )

    assert run.error is None
    assert run.results and run.results["excluded"] == ["mail.corp.test", "10.1.2.3", "https://corp.test/x", EMPTY]
    assert (run.results["excluded_count"], run.results["known_good_count"]) == (4, 0)
    assert patterns(sandbox, collection_id) == "[domain-name:value = 'evil.example']"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"exclude": "10.0.0.0/33"}, "exclude, line 1: “10.0.0.0/33”"),
        ({"exclude": "['a.example', 'our mail server']"}, "exclude, line 2: “our mail server”"),
        ({"exclude_path": "missing.txt"}, "exclude_path names “missing.txt”"),
        ({"exclude": ".example"}, "all indicators are kept out (excluded: evil.example)"),
    ],
)
def test_refuses_before_anything_is_sent(
    sandbox: Sandbox, platform: Platform, collection_id: str, arguments: dict[str, str], said: str
) -> None:
    """A rule that cannot be read could let through what was meant to stay out."""
    run = platform.run(ImportIndicatorsFromText, collection_id=collection_id, text="evil.example", **arguments)

    assert run.error and said in run.error
    assert run.results is None
    assert not sandbox.indicators(collection_id)


def test_in_a_process_of_its_own(sandbox: Sandbox, collection_id: str, tmp_path: Path) -> None:
    """The platform runs it as a command of `main.py`."""
    told = run_as_process(
        sandbox,
        "ImportIndicatorsFromText",
        tmp_path,
        collection_id=collection_id,
        text="8.8.8.8\nevil.example",
        known_good="leave_out",
    )

    assert told["results"]["left_out"] == ["8.8.8.8"]
