"""The scripts in examples/ run against the sandbox, and the client needs nothing from the SDK."""

from __future__ import annotations

import runpy
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from sandbox import Sandbox
from sekoia_cti.client import Sekoia
from sekoia_cti.client.waiting import Patience

ROOT = Path(__file__).resolve().parents[1]


Run = Callable[..., str]


@pytest.fixture
def run(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs an example, and returns what it prints."""
    monkeypatch.setenv("SEKOIA_URL", sandbox.url)
    monkeypatch.setenv("SEKOIA_API_KEY", sandbox.api_key)

    def run(name: str, *arguments: str) -> str:
        monkeypatch.setattr(sys, "argv", [name, *arguments])
        runpy.run_module(f"examples.{name}", run_name="__main__")
        return capsys.readouterr().out

    return run


def test_the_examples_run_one_after_the_other(run: Run, sandbox: Sandbox, tmp_path: Path) -> None:
    """A text and a file are imported into one collection, and the searched value is revoked."""
    feed = tmp_path / "feed.txt"
    feed.write_text("evil.example\n192.0.2.1\n")
    assert run("import_text").endswith("3 of 3 indicators\ncompleted\n")
    assert run("import_file", str(feed)).endswith("completed\n")
    with Sekoia(sandbox.api_key, base_url=sandbox.url, patience=Patience.none()) as sekoia:
        (collection,) = sekoia.find_collections("Our feed")
    assert len(sandbox.indicators(collection.id)) == 5
    for outcome in ("revoked", "already_revoked"):
        told = run("search_and_revoke", "evil[.]example", "good.example")
        assert told == f"{outcome}: evil.example\nnot_found: good.example\n"
    assert sum(bool(indicator["revoked"]) for indicator in sandbox.indicators(collection.id)) == 1


@pytest.mark.parametrize("name", ["import_file", "search_and_revoke"])
def test_an_example_says_what_it_needs(run: Run, name: str) -> None:
    """Started without its argument, it shows how to start it."""
    with pytest.raises(SystemExit, match=f"-m examples.{name} "):
        run(name)


@pytest.mark.parametrize(
    ("environment", "content", "said"),
    [
        ({"SEKOIA_API_KEY": "wrong-key"}, "evil.example\n", "Sekoia refused the API key .HTTP 401."),
        ({"SEKOIA_API_KEY": ""}, "evil.example\n", "api_key: it is empty$"),
        (
            {"SEKOIA_API_KEY": "two\nlines"},
            "evil.example\n",
            "api_key: it contains characters that no API key has: copy it",
        ),
        ({"SEKOIA_URL": "nonsense"}, "evil.example\n", "base_url: it must be a URL that begins with https://"),
        ({"SEKOIA_URL": "http://127.0.0.1:1"}, "evil.example\n", "Sekoia could not be reached at 127.0.0.1:1 while"),
        ({}, "", "no line contains an indicator$"),
        (
            {},
            "<html><title>Sign in</title>",
            "The file feed.txt cannot be used: it is an HTML page with the title “Sign in”",
        ),
        ({}, None, r"\[Errno 2\] No such file or directory: '.*feed.txt'"),
    ],
)
def test_an_example_ends_with_a_sentence(
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    environment: dict[str, str],
    content: str | None,
    said: str,
) -> None:
    """Every error is reported without a traceback; all examples say the same, with or without a file."""
    monkeypatch.setattr("sekoia_cti.client.connection.Patience", Patience.none)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    path = tmp_path / "feed.txt"
    if content is not None:
        path.write_text(content)
    examples = [("import_file", str(path))]
    if environment:
        examples += [("import_text", ""), ("search_and_revoke", "evil.example")]
    for name, argument in examples:
        with pytest.raises(SystemExit, match=f"^{said}"):
            run(name, argument)


def test_what_an_example_prints_can_be_read(run: Run, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Progress, and what is not in the collection."""
    monkeypatch.setattr("sekoia_cti.client.connection.Patience", Patience.none)
    sandbox.faults.refused_values = ["198.51.100.7"]
    told = run("import_text").splitlines()
    assert "3 of 3 indicators" in told
    assert told[-1] == "partial 198.51.100.7 (it is not in the collection)"


@pytest.mark.parametrize("name", ["import_text", "import_file", "search_and_revoke"])
def test_an_example_is_short(name: str) -> None:
    """Each example has at most ten lines below the imports."""
    code = (ROOT / "examples" / f"{name}.py").read_text().partition("import Sekoia, SekoiaError\n")[2]
    assert len([line for line in code.splitlines() if line.strip()]) <= 10


def test_the_client_knows_no_sdk() -> None:
    """A script that imports the client loads nothing from the SDK."""
    code = "import sys; from sekoia_cti.client import Sekoia; print('sekoia_automation' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=50, check=True
    )
    assert done.stdout == "False\n", done.stderr


def test_a_script_is_told_what_is_not_in(sandbox: Sandbox) -> None:
    """The outcome names what Sekoia ignored."""
    sandbox.faults.refused_values = ["b.example"]
    with Sekoia(sandbox.api_key, base_url=sandbox.url, patience=Patience.none()) as sekoia:
        collection = sekoia.create_collection("Feed", reuse_existing=True)
        again = sekoia.create_collection("Feed", reuse_existing=True)
        outcome = sekoia.import_text(collection.id, "a.example\nb.example", kill_chain_phases=["delivery"])
        found = [indicator.value for indicator in sekoia.search(collection.id)]
        with pytest.raises(ValueError, match="no line contains an indicator"):
            sekoia.import_text(collection.id, "nothing")
    assert again.id == collection.id
    assert (outcome.status, [missing.value for missing in outcome.missing], found) == (
        "partial",
        ["b.example"],
        ["a.example"],
    )
